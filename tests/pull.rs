//! Umbrella windows along distances, angles and dihedrals, by the real GROMACS where it is installed.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::md::columns::{self, Column};
use simmpi::results::Reader;
use simmpi::science::free_energy::Axis;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::ala2::{
    campaign_of_ala2, expect_equal_pmf, expect_same_of_the_same_files, has_gromacs, numbers, pmf_of_files, rewrite,
    window_file,
};
use support::frames::{read, write_xtc};
use support::{Campaign, reference};

/// Carbons of both methyl groups at the ends.
const ENDS: &str = "groups = [\"resname ACE and name CH3\", \"resname NME and name CH3\"]";
/// The dihedral psi of the backbone.
const PSI: &str = "groups = [\"resname ALA and name N\", \"resname ALA and name CA\", \"resname ALA and name C\", \"resname NME and name N\"]";

/// A campaign along a coordinate; `keys` stand in `[umbrella]`.
fn campaign(kind: &str, groups: &str, keys: &str) -> Campaign {
    campaign_of_ala2(&format!("{keys}\n[umbrella.coordinate]\nkind = \"{kind}\"\n{groups}"))
}

/// The second column of what `mdrun` wrote.
fn column(path: &Path) -> Vec<f64> {
    columns::read(path, &[Column::Index(1)]).unwrap().values.remove(0)
}

/// Runs `gmx` in the folder of the first window.
fn gmx(campaign: &Campaign, args: &[&str]) {
    let mut command = Command::new("gmx");
    command.args(args).current_dir(campaign.path("results.windows/0")).env("GMX_MAXBACKUP", "-1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Moves every atom and puts those that are outside of the box into it, one by one, so that the molecule is broken.
fn wrap(campaign: &Campaign) {
    let mut frames = read(&campaign.path("ala2.xtc"));
    for frame in &mut frames {
        let side = frame.cell.unwrap()[0][0] as f32;
        frame.positions.iter_mut().flatten().for_each(|x| *x = (*x + 0.5 * side).rem_euclid(side));
    }
    write_xtc(&campaign.path("ala2.xtc"), &frames, 1e3);
}

#[test]
fn frames_have_the_coordinate_that_gromacs_tells_of_them() {
    if !has_gromacs() {
        return;
    }
    // Groups of one atom and of several, of unlike masses.
    let angle = "groups = [\"resname ACE\", \"resname ALA and name CA CB HA\", \"resname NME\"]";
    let dihedral = "groups = [\"resname ACE and name C O\", \"resname ALA and name N H\", \"resname ALA and name CB HB*\", \"name CH3 and resname NME\"]";
    for (kind, groups, is_wrapped) in
        [("distance", ENDS, true), ("angle", angle, true), ("dihedral", dihedral, false), ("dihedral", PSI, true)]
    {
        let campaign = campaign(kind, groups, "windows = 1\nsteps = 20\nsample_every_steps = 1");
        if is_wrapped {
            wrap(&campaign);
        }
        campaign.run(0, &[]).expect(0, &["0 failed"]);
        let own = numbers(&campaign, "coordinate/values");
        let args = ["mdrun", "-s", "window.tpr", "-rerun", "../../ala2.xtc", "-deffnm", "again", "-px", "again_x.xvg"];
        gmx(&campaign, &[&args[..], &["-pf", "again_f.xvg", "-ntmpi", "1", "-ntomp", "1"]].concat());
        let rerun = column(&window_file(&campaign, 0, "again_x.xvg"));
        assert_eq!((own.len(), rerun.len()), (501, 501));
        let axis = Axis { period: (kind == "dihedral").then_some(360.0) };
        let farthest = own.iter().zip(&rerun).map(|(a, b)| axis.displacement(*a, *b).abs()).fold(0.0, f64::max);
        println!("{kind}, wrapped {is_wrapped}: {farthest:.2e} apart at most");
        let limit = if kind == "distance" { 1e-5 } else { 2e-3 };
        assert!(farthest < limit, "{kind}: {farthest}");
        let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
        let items = reader.items().unwrap();
        let unit = if kind == "distance" { "nm" } else { "degree" };
        for name in ["coordinate/values", "windows/center", "windows/series/values", "pmf/coordinate"] {
            let item = items.iter().find(|item| item.path == format!("/results/{name}")).unwrap();
            assert_eq!(item.units.as_deref(), Some(unit), "{name}");
        }
    }
}

#[test]
fn windows_along_a_distance_give_the_free_energy_of_other_runs() {
    if !has_gromacs() {
        return;
    }
    let keys =
        "centers = [0.51, 0.58, 0.66, 0.74]\nforce_constant_kj_mol_nm2 = 1500.0\nsteps = 100000\ndiscard_ps = 10.0";
    let campaign = campaign("distance", ENDS, keys);
    campaign.run(2, &[]).expect(
        0,
        &[
            "coordinate: 2 tasks",
            "4 windows from 0.5100 to 0.7400 nm along the distance, restrained with 1500.0",
            "0 failed",
        ],
    );
    let distance = |x: &[[f32; 3]]| (0..3).map(|axis| f64::from(x[0][axis] - x[18][axis]).powi(2)).sum::<f64>().sqrt();
    let mut compared = 0;
    for window in 0..4 {
        let (x, f) =
            (window_file(&campaign, window, "window_pullx.xvg"), window_file(&campaign, window, "window_pullf.xvg"));
        let table = columns::read(&x, &[Column::Index(1)]).unwrap();
        let (times, values, forces) = (table.time_ps.unwrap(), &table.values[0], column(&f));
        assert_eq!((values.len(), forces.len()), (2001, 2001));
        let center = numbers(&campaign, "windows/center")[window];
        let right = |(x, force): (&f64, &f64)| (force + 1500.0 * (x - center)).abs() < 0.02;
        assert!(values.iter().zip(&forces).all(right), "window {window}");
        for frame in read(&window_file(&campaign, window, "window.xtc")) {
            let row = times.iter().position(|t| (t - frame.time_ps.unwrap()).abs() < 1e-4).unwrap();
            let own = distance(&frame.positions);
            assert!((values[row] - own).abs() < 1e-3, "window {window}: {} {own}", values[row]);
            compared += 1;
        }
    }
    assert_eq!(compared, 4 * 41);
    // Each starts from the frame that is closest to its centre.
    let along = numbers(&campaign, "coordinate/values");
    for (frame, center) in numbers(&campaign, "windows/start_frame").iter().zip(numbers(&campaign, "windows/center")) {
        let closest = along.iter().map(|x| (x - center).abs()).fold(f64::INFINITY, f64::min);
        assert_eq!((along[*frame as usize] - center).abs(), closest);
    }
    expect_equal_pmf(&campaign, &pmf_of_files(&campaign, "window_pullx.xvg", "discard_ps = 10.0", ""));
    compare_with_reference(&campaign);
    expect_same_of_the_same_files(&campaign, 4, &[1, 3]);
}

/// Compares with the windows of four runs of 500 ps made without simmpi, wherever both are below 3 kT.
fn compare_with_reference(campaign: &Campaign) {
    let coordinate = numbers(campaign, "pmf/coordinate");
    let half = 0.5 * (coordinate[1] - coordinate[0]);
    let (low, high) = (coordinate[0] - half, coordinate[coordinate.len() - 1] + half);
    let mut text = format!("temperature_k = 300.0\nbins = 30\nrange = [{low:?}, {high:?}]\ndiscard_ps = 10.0\n");
    for (window, center) in [0.50, 0.58, 0.66, 0.74].iter().enumerate() {
        let file = reference::file(&format!("md/umbrella/w{window}/win_pullx.xvg"));
        text += &format!("[[window]]\nfile = {file:?}\ncenter = {center}\nforce_constant = 1500.0\n");
    }
    fs::write(campaign.path("reference.toml"), text).unwrap();
    let pmf = ["pmf", "reference.toml", "-o", "reference.h5"];
    let output = Command::new(&campaign.program).args(pmf).current_dir(campaign.folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reader = Reader::open_results(&campaign.path("reference.h5")).unwrap();
    let other = |name: &str| -> Vec<f64> { reader.array(&format!("/results/pmf/{name}")).unwrap() };
    let own = |name: &str| numbers(campaign, &format!("pmf/{name}"));
    let ((f, error), (own_f, own_error)) =
        ((other("free_energy"), other("free_energy_stderr")), (own("free_energy"), own("free_energy_stderr")));
    let low = 3.0 * 2.494;
    let pairs: Vec<(f64, f64)> = (0..30)
        .filter(|bin| f[*bin] < low && own_f[*bin] < low)
        .map(|bin| (own_f[bin] - f[bin], error[bin].hypot(own_error[bin])))
        .collect();
    assert!(pairs.len() > 20, "{} bins", pairs.len());
    // Zeros differ: each has its own smallest bin.
    let weights: f64 = pairs.iter().map(|(_, error)| error.powi(-2)).sum();
    let shift = pairs.iter().map(|(difference, error)| difference / error.powi(2)).sum::<f64>() / weights;
    let largest = pairs.iter().map(|(difference, error)| (difference - shift).abs() / error).fold(0.0, f64::max);
    println!("{} bins, at most {largest:.2} standard errors", pairs.len());
    assert!(largest < 4.0, "{largest} standard errors");
}

#[test]
fn a_dihedral_goes_round_and_windows_are_added_on_its_circle() {
    if !has_gromacs() {
        return;
    }
    let keys = "centers = [120.0, 180.0]\nforce_constant_kj_mol_rad2 = 400.0\nsteps = 10000\nadaptive = true\nmax_windows = 12\ndiscard_ps = 2.0";
    let campaign = campaign("dihedral", PSI, keys);
    let ended = campaign.run(2, &[]).expect(
        0,
        &[
            "2 windows from 120.0000 to -180.0000 degree along the dihedral, restrained with 400.0 kJ/mol/rad^2",
            "a window is added at 150.0000 degree",
        ],
    );
    assert!(!ended.said.contains("overlap little"), "{}", ended.said);
    let centers = numbers(&campaign, "windows/center");
    assert!(
        centers.len() > 2 && centers.len() < 12 && centers.iter().all(|x| (-180.0..180.0).contains(x)),
        "{centers:?}"
    );
    // The window at the end of the circle has samples on both sides of it, and overlaps with its neighbour.
    let samples = column(&window_file(&campaign, 1, "window_pullx.xvg"));
    assert!(samples.iter().any(|x| *x > 165.0) && samples.iter().any(|x| *x < -165.0));
    assert_eq!(numbers(&campaign, "windows/piece"), vec![0.0; centers.len()]);
    let pmf = numbers(&campaign, "pmf/coordinate");
    assert!((pmf[0] + 174.0).abs() < 1e-9 && (pmf[29] - 174.0).abs() < 1e-9, "all around: {pmf:?}");
    let free_energy = numbers(&campaign, "pmf/free_energy");
    assert!(free_energy[0].is_finite() && free_energy[29].is_finite() && free_energy[10].is_nan(), "{free_energy:?}");
    let settings = "discard_ps = 2.0";
    let of_window = "unit = \"degree\"\nperiod = 360.0";
    expect_equal_pmf(&campaign, &pmf_of_files(&campaign, "window_pullx.xvg", settings, of_window));
}

#[test]
fn what_is_wrong_with_a_coordinate_is_found_by_check() {
    let keys = "windows = 4\nsteps = 5000";
    let with = |more: &str| campaign("distance", ENDS, &format!("{keys}\n{more}"));
    with("selection = \"name CA\"").expect_told(&["`selection` applies to principal components", "remove `selection`"]);
    with("align = \"backbone\"").expect_told(&["`align` applies to principal components"]);
    with("stop_after = \"pca\"").expect_told(&["`stop_after` applies to principal components"]);
    with("force_constant_kj_mol_rad2 = 5.0")
        .expect_told(&["has the wrong unit", "give `force_constant_kj_mol_nm2` instead"]);
    with("centers = [0.5]").expect_told(&["both set"]);
    with("bias = \"plumed\"")
        .expect_told(&["restrained by GROMACS itself, not by PLUMED", "the pull code along a distance"]);
    campaign("distance", ENDS, "windows = 4")
        .expect_told(&["`steps` is not set: windows require it", "as in steps = 50000"]);
    campaign("dihedral", PSI, "centers = [-180.0, 0.0, 180.0]\nsteps = 5000").expect_told(&["180 is listed twice"]);
    let other = |kind: &str, groups: &str, more: &str| campaign(kind, groups, &format!("{keys}\n{more}"));
    other("angle", ENDS, "")
        .expect_told(&["kind \"angle\" takes 3 groups, not 2", "an end, the vertex, the other end"]);
    other("dihedral", PSI, "force_constant_kj_mol_nm2 = 5.0")
        .expect_told(&["has the wrong unit", "give `force_constant_kj_mol_rad2` instead"]);
    other("distance", "groups = [\"name CA\", \"index 8\"]", "")
        .expect_told(&["group 1 has the same atoms as group 0", "config.toml:"]);
    other("distance", "groups = [\"name CA\", \"name XX\"]", "")
        .expect_told(&["selection \"name XX\"", "matches none"]);
    campaign_of_ala2(&format!("selection = \"not name H*\"\n{keys}\nforce_constant_kj_mol_rad2 = 5.0"))
        .expect_told(&["components are lengths"]);
    let pulls = with("");
    rewrite(&pulls, "ala2.mdp", "nstlog ", "pull-ncoords = 1\nnstlog ");
    pulls.expect_told(&["`pull-ncoords` in line 19 belongs to the pull code", "remove all pull keys"]);
    let slab = with("");
    rewrite(&slab, "ala2.mdp", "nstlog ", "pbc = xy\nnstlog ");
    slab.expect_told(&["`pbc = xy` is not supported", "set pbc = xyz"]);
    if !has_gromacs() {
        return;
    }
    // Groups of the run parameters are those of the index, and System.
    let grouped = with("");
    rewrite(&grouped, "ala2.mdp", "tc-grps            = System", "tc-grps = Solute");
    grouped.expect_told(&["Solute", "those of `index`", "gmx make_ndx"]);
    fs::write(grouped.path("own.ndx"), "[ Solute ]\n1 2 3 4 5 6 7 8 9 10 11\n12 13 14 15 16 17 18 19 20 21 22\n")
        .unwrap();
    rewrite(&grouped, "config.toml", "windows = 4", "windows = 2\nindex = \"own.ndx\"");
    grouped.run(0, &[]).expect(0, &["0 failed"]);
    let outside = campaign("distance", ENDS, "centers = [0.6, 0.9]\nsteps = 5000");
    let message = "umbrella.centers: 0.9 nm (entry 1) is outside the sampled range";
    outside.run(0, &[]).expect(65, &[message, "along the distance"]);
}
