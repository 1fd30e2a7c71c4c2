//! Umbrella windows along a component, by the real GROMACS where it is installed: what they sample, what follows from it, what goes wrong.
#![allow(clippy::unwrap_used)]
mod support;

use simmpi::md::columns::{self, Column};
use simmpi::results::Reader;
use simmpi::science::pca::{Rows, Superposition};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};
use support::ala2::{
    campaign_of_ala2, expect_equal_pmf, expect_same_of_the_same_files, has_gromacs, made, numbers, pmf_of_files,
    rewrite, root, window_file,
};
use support::frames::read;
use support::replicas::working_in;
use support::{Campaign, simmpi};

/// A campaign along a component; `keys` stand in `[umbrella]`.
fn campaign(keys: &str) -> Campaign {
    campaign_of_ala2(&format!("selection = \"not name H*\"\nalign_to = \"average\"\ncomponents = 3\n{keys}"))
}

/// Where windows leave their projections.
const PROJECTIONS: &str = "window.projection.xvg";

/// Projection, energy and force of a window as `mdrun` wrote them, by row.
fn written(campaign: &Campaign, window: usize) -> Vec<Vec<f64>> {
    let mut bytes = fs::read(window_file(campaign, window, PROJECTIONS)).unwrap();
    bytes.push(b'\n');
    let wanted = [0, 2, 3, 4].map(Column::Index);
    columns::parse(Path::new(PROJECTIONS), &bytes, &wanted).unwrap().values
}

/// Frames of a window projected on the first component, with its own reader and superposition.
fn projected(campaign: &Campaign, window: usize) -> Vec<(f64, f64)> {
    let (mean, vectors) = (numbers(campaign, "pca/mean"), numbers(campaign, "pca/eigenvectors"));
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let atoms: Vec<u64> = reader.array("/results/pca/atoms/index").unwrap();
    let atoms: Vec<usize> = atoms.into_iter().map(|atom| atom as usize).collect();
    let mean: Vec<[f64; 3]> = mean.chunks(3).map(|x| [x[0], x[1], x[2]]).collect();
    // The average is what frames were superposed on.
    let superposition = Superposition::onto(atoms.clone(), atoms.clone(), &mean, &mean).unwrap();
    let n = atoms.len();
    read(&window_file(campaign, window, "window.xtc"))
        .iter()
        .map(|frame| {
            let mut rows = Rows::with_capacity(3 * n, 1);
            superposition.add(&frame.positions, &mut Default::default(), &mut rows);
            // The sum over one frame is the frame, all x, all y, all z.
            let deviations = rows.sum();
            let along = (0..n).map(|k| (0..3).map(|a| deviations[a * n + k] * vectors[3 * k + a]).sum::<f64>()).sum();
            (frame.time_ps.unwrap(), along)
        })
        .collect()
}

#[test]
fn windows_are_sampled_as_their_restraints_say_and_give_one_free_energy() {
    if !has_gromacs() {
        return;
    }
    let campaign = campaign("windows = 4\nsteps = 25000\nsample_every_steps = 25");
    rewrite(&campaign, "ala2.mdp", "nstxout-compressed = 2500", "nstxout-compressed = 250");
    campaign.run(2, &[]).expect(0, &["4 windows from", "windows: 4 tasks", "bootstrap: 20 tasks", "0 failed"]);
    let (centers, constants) = (numbers(&campaign, "windows/center"), numbers(&campaign, "windows/force_constant"));
    let mut compared = 0;
    for (window, (center, constant)) in centers.iter().zip(&constants).enumerate() {
        let [times, projections, energies, forces] = &written(&campaign, window)[..] else { panic!("four columns") };
        assert_eq!(times.len(), 1001);
        for ((x, energy), force) in projections.iter().zip(energies).zip(forces) {
            let dx = x - center;
            assert!(
                (energy - 0.5 * constant * dx * dx).abs() < 1e-3 * energy + 1e-4,
                "window {window}: {energy} at {x}"
            );
            assert!((force + constant * dx).abs() < 1e-3 * force.abs() + 1e-2, "window {window}: {force} at {x}");
        }
        for (time, along) in projected(&campaign, window) {
            let row = times.iter().position(|t| (t - time).abs() < 1e-4).unwrap();
            assert!(
                (projections[row] - along).abs() < 1e-3,
                "window {window}, {time} ps: {} {along}",
                projections[row]
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 4 * 101);
    // Each starts from the frame that is closest to its centre.
    let along: Vec<f64> = numbers(&campaign, "pca/projection").into_iter().step_by(3).collect();
    let frames = numbers(&campaign, "windows/start_frame");
    for (window, (frame, center)) in frames.iter().zip(&centers).enumerate() {
        let start = written(&campaign, window)[1][0];
        let closest = along.iter().map(|x| (x - center).abs()).fold(f64::INFINITY, f64::min);
        assert_eq!((along[*frame as usize] - center).abs(), closest);
        assert!((start - along[*frame as usize]).abs() < 2e-3, "window {window}: {start}");
    }
    let overlaps = numbers(&campaign, "windows/overlap");
    assert!(overlaps[..3].iter().all(|overlap| (0.1..1.0).contains(overlap)) && overlaps[3].is_nan(), "{overlaps:?}");
    expect_equal_pmf(&campaign, &pmf_of_files(&campaign, PROJECTIONS, "discard_ps = \"auto\"", "column = 2"));
    for figure in ["scree", "pmf", "histograms"] {
        assert!(fs::read_to_string(campaign.path(&format!("results.{figure}.svg"))).unwrap().contains("</svg>"));
    }
    expect_same_of_the_same_files(&campaign, 4, &[1, 3]);
    campaign.run(2, &[]).expect(0, &["is complete already"]);
}

#[test]
fn a_campaign_that_was_killed_twice_loses_no_window_and_runs_none_again() {
    if !has_gromacs() {
        return;
    }
    let keys = "windows = 8\nsteps = 60000\nmdrun_args = [\"-cpt\", \"0.005\"]\ndiscard_ps = 5.0";
    let campaign = campaign(keys);
    let finished = || -> Vec<usize> { (0..8).filter(|k| window_file(&campaign, *k, "window.gro").is_file()).collect() };
    let made = |window: usize| made(&campaign, window);
    // Begun, with a checkpoint to go on from.
    let is_in_its_middle = || {
        let has = |window: usize, name: &str| window_file(&campaign, window, name).is_file();
        (0..8).any(|window| has(window, "window.cpt") && !has(window, "window.gro"))
    };
    let mut kept: Vec<(usize, SystemTime)> = Vec::new();
    for (ranks, rank) in [(3, 1), (1, 0)] {
        let running = campaign.start(ranks, &[]);
        let since = Instant::now();
        while finished().len() <= kept.len() || !is_in_its_middle() {
            assert!(since.elapsed() < Duration::from_secs(80), "no window was finished");
            std::thread::sleep(Duration::from_millis(20));
        }
        campaign.kill(rank);
        assert_ne!(running.end().code, 0);
        while working_in(campaign.folder.path()) > 0 {
            assert!(since.elapsed() < Duration::from_secs(100), "something still runs");
            std::thread::sleep(Duration::from_millis(20));
        }
        kept = finished().into_iter().map(|window| (window, made(window))).collect();
    }
    assert!(kept.len() >= 2 && kept.len() < 8, "{kept:?}");
    campaign.run(2, &[]).expect(0, &["0 failed"]);
    kept.iter().for_each(|(window, time)| assert_eq!(made(*window), *time, "window {window} was run again"));
    assert_eq!(numbers(&campaign, "windows/index"), (0..8).map(f64::from).collect::<Vec<_>>());
    assert_eq!(numbers(&campaign, "windows/samples"), [1151.0; 8]);
    let went_on = (0..8).filter(|k| {
        let log = fs::read_to_string(window_file(&campaign, *k, "window.log")).unwrap();
        log.contains("Restarting from checkpoint, appending")
    });
    assert!(went_on.count() >= 1, "one of them was killed in its middle");
    expect_equal_pmf(&campaign, &pmf_of_files(&campaign, PROJECTIONS, "discard_ps = 5.0", "column = 2"));
}

/// Windows that are begun, with a checkpoint to go on from, and those that are finished.
fn begun_and_finished(campaign: &Campaign, count: usize) -> (Vec<usize>, Vec<usize>) {
    let has = |window: &usize, name: &str| window_file(campaign, *window, name).is_file();
    let (finished, others): (Vec<usize>, Vec<usize>) = (0..count).partition(|window| has(window, "window.gro"));
    (others.into_iter().filter(|window| has(window, "window.cpt")).collect(), finished)
}

#[test]
fn a_campaign_that_is_drained_or_out_of_time_goes_on_with_the_same_windows() {
    if !has_gromacs() {
        return;
    }
    let keys = "windows = 6\nsteps = 150000\nmdrun_args = [\"-cpt\", \"0.005\"]\ndiscard_ps = 5.0";
    let campaign = campaign(keys);
    let made = |window: usize| made(&campaign, window);
    // A signal while one window is finished and others run: their programs end with a checkpoint.
    let running = campaign.start(3, &[]);
    let since = Instant::now();
    loop {
        let (begun, finished) = begun_and_finished(&campaign, 6);
        if !begun.is_empty() && !finished.is_empty() {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "no window was finished");
        std::thread::sleep(Duration::from_millis(20));
    }
    campaign.ask_to_drain(&running);
    running.end().expect(75, &["run the same command again"]);
    assert_eq!(working_in(campaign.folder.path()), 0, "nothing runs on");
    assert!(!campaign.path("results.h5").exists());
    let (begun, kept) = begun_and_finished(&campaign, 6);
    assert!(!begun.is_empty() && !kept.is_empty(), "{begun:?} {kept:?}");
    let mut times: Vec<(usize, SystemTime)> = kept.into_iter().map(|window| (window, made(window))).collect();
    // A time slot that ends in the middle of a window, on another number of ranks.
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&format!("{config}[limits]\nwalltime_s = 6.5\n"));
    campaign.run(1, &[]).expect(75, &["run the same command again"]);
    let (_, kept) = begun_and_finished(&campaign, 6);
    assert!(kept.len() < 6, "{kept:?}");
    let is_known = |window: usize, times: &[(usize, SystemTime)]| times.iter().any(|(other, _)| *other == window);
    let more: Vec<usize> = kept.into_iter().filter(|window| !is_known(*window, &times)).collect();
    times.extend(more.into_iter().map(|window| (window, made(window))));
    campaign.write(&config);
    campaign.run(2, &[]).expect(0, &["0 failed"]);
    times.iter().for_each(|(window, time)| assert_eq!(made(*window), *time, "window {window} was run again"));
    assert_eq!(numbers(&campaign, "windows/samples"), [2951.0; 6]);
    let went_on = (0..6).filter(|window| {
        let log = fs::read_to_string(window_file(&campaign, *window, "window.log")).unwrap();
        log.contains("Restarting from checkpoint, appending")
    });
    assert!(went_on.count() >= 1, "some were stopped in their middle");
    expect_equal_pmf(&campaign, &pmf_of_files(&campaign, PROJECTIONS, "discard_ps = 5.0", "column = 2"));
    expect_same_of_the_same_files(&campaign, 6, &[3]);
}

#[test]
fn windows_are_added_until_neighbours_overlap() {
    if !has_gromacs() {
        return;
    }
    let keys = "centers = [-0.15, 0.05, 0.25]\nforce_constant_kj_mol_nm2 = 8000.0\nsteps = 5000\nsample_every_steps = 10\nadaptive = true\nmax_windows = 20\ndiscard_ps = 2.0";
    let campaign = campaign(keys);
    let ended = campaign.run(2, &[]);
    let ended = ended.expect(
        0,
        &[
            "3 windows from -0.1500 to 0.2500 nm",
            "a window is added at -0.0500 nm",
            "windows-2: 2 tasks",
            "windows-3: ",
        ],
    );
    assert!(!ended.said.contains("do not overlap"), "{}", ended.said);
    let overlaps = numbers(&campaign, "windows/overlap");
    assert!(overlaps.len() > 5 && overlaps.len() < 20, "{} windows", overlaps.len());
    assert!(overlaps.iter().filter(|overlap| !overlap.is_nan()).all(|overlap| *overlap >= 0.1), "{overlaps:?}");
    let rounds = numbers(&campaign, "windows/round");
    assert_eq!(rounds[..5], [1.0, 1.0, 1.0, 2.0, 2.0]);
    assert_eq!(numbers(&campaign, "windows/piece"), vec![0.0; overlaps.len()]);
    // As many as are allowed, and then the gap is told.
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("max_windows = 20", "max_windows = 4"));
    campaign.run(2, &["--fresh", "--force"]).expect(0, &["do not overlap", "umbrella.max_windows = 4 is reached"]);
    assert_eq!(numbers(&campaign, "windows/center").len(), 4);
    assert!(numbers(&campaign, "pmf/free_energy").iter().any(|f| f.is_nan()));
}

#[test]
fn a_window_that_fails_for_good_is_named_and_the_rest_counts() {
    if !has_gromacs() {
        return;
    }
    let keys = "windows = 4\nsteps = 5000\nbinary = \"bin/gmx\"\n[limits]\nmax_retries = 1";
    let campaign = campaign(keys);
    fs::create_dir(campaign.path("bin")).unwrap();
    let script = "#!/bin/sh\ncase \"$PWD $*\" in */windows/*|*results.windows/1*mdrun*-deffnm*) echo 'Fatal error:' >&2; echo 'it is broken' >&2; exit 1;; esac\nexec gmx \"$@\"\n";
    fs::write(campaign.path("bin/gmx"), script).unwrap();
    fs::set_permissions(campaign.path("bin/gmx"), fs::Permissions::from_mode(0o755)).unwrap();
    campaign
        .run(2, &[])
        .expect(2, &["window 1 (", "failed and is missing in the potential of mean force", "it is broken", "1 failed"]);
    assert_eq!(numbers(&campaign, "windows/index"), [0.0, 2.0, 3.0]);
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let told = reader.strings("/results/windows/remarks").unwrap();
    assert!(told[0].starts_with("window 1 (") && told[0].contains("it is broken"), "{told:?}");
    assert!(numbers(&campaign, "pmf/free_energy").iter().any(|f| f.is_finite()));
    // Mended, and tried again: the others are kept.
    fs::write(campaign.path("bin/gmx"), "#!/bin/sh\nexec gmx \"$@\"\n").unwrap();
    campaign.run(1, &["--retry-failed"]).expect(0, &["0 failed"]);
    assert_eq!(numbers(&campaign, "windows/index"), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn what_is_wrong_with_windows_is_found_by_check() {
    campaign("steps = 5000").expect_told(&["neither `windows` nor `centers` is set", "stop_after = \"pca\""]);
    campaign("windows = 4").expect_told(&["`steps` is not set: windows require it"]);
    campaign("windows = 4\ncenters = [0.1]\nsteps = 5000").expect_told(&["both set"]);
    campaign("windows = 4\nsteps = 5000\nmax_windows = 3\nadaptive = true")
        .expect_told(&["less than the 4 initial windows"]);
    campaign("windows = 4\nsteps = 100").expect_told(&["give 3 samples", "sample_every_steps"]);
    campaign("windows = 4\nsteps = 5000\ndiscard_ps = 10.0").expect_told(&["windows are 10 ps long"]);
    campaign("windows = 4\nsteps = 5000\nmdrun_args = [\"-ei\", \"a.edi\"]").expect_told(&["`-ei` is reserved"]);
    let other_fit = campaign("windows = 4\nsteps = 5000\nalign = \"backbone\"");
    other_fit.expect_told(&["the same atoms for the components and the superposition", "align ="]);
    let warm = campaign("windows = 4\nsteps = 5000");
    rewrite(&warm, "ala2.mdp", "ref-t              = 300", "ref-t = 310");
    warm.expect_told(&["temperature_k = 300 and `ref-t = 310` (ala2.mdp:7) differ", "set ref-t = 300 there"]);
    let going_on = campaign("windows = 4\nsteps = 5000");
    rewrite(&going_on, "ala2.mdp", "gen-vel            = yes", "continuation = yes\ngen-vel = no");
    going_on.expect_told(&["`continuation = yes` (ala2.mdp:9)", "set continuation = no and gen-vel = yes"]);
    let cold = campaign("windows = 4\nsteps = 5000");
    rewrite(&cold, "ala2.mdp", "integrator         = sd", "integrator = md");
    cold.expect_told(&["has no thermostat"]);
    if !has_gromacs() {
        return;
    }
    let other = campaign("windows = 4\nsteps = 5000");
    let config = fs::read_to_string(other.path("config.toml")).unwrap();
    let (gro, xtc) = (root("examples/ala10.gro"), root("examples/ala10.xtc"));
    other
        .write(&config.replace("ala2.gro", &gro.display().to_string()).replace("ala2.xtc", &xtc.display().to_string()));
    other.expect_told(&["the structure has 55 atoms, the topology 22", "use the topology of the system"]);
    // A trajectory of heavy atoms alone.
    let whole = campaign("windows = 4\nsteps = 5000");
    support::frames::write_xtc(&whole.path("few.xtc"), &heavy_frames(&whole), 1e3);
    write_heavy_structure(&whole);
    let config = fs::read_to_string(whole.path("config.toml")).unwrap();
    whole.write(&config.replace("ala2.gro", "few.gro").replace("ala2.xtc", "few.xtc"));
    whole.expect_told(&["the trajectory has 10 atoms, the topology 22", "compressed-x-grps = System", "trajectory ="]);
    let nonsense = campaign("windows = 4\nsteps = 5000");
    rewrite(&nonsense, "ala2.mdp", "cutoff-scheme      = Verlet", "cutoff-scheme = Perhaps");
    nonsense.expect_told(&["grompp ended with exit code 1", "Perhaps"]);
    // What depends on the number of ranks.
    let crowded = campaign("windows = 4\nsteps = 5000\ngpus = [0]");
    crowded.run(2, &[]).expect(78, &["2 ranks per node do not fit on 1 GPUs", "gpus = [0]"]);
}

/// Places of the atoms of a structure that are no hydrogens.
fn heavy_atoms(campaign: &Campaign) -> Vec<usize> {
    let text = fs::read_to_string(campaign.path("ala2.gro")).unwrap();
    let is_heavy = |line: &&str| !line[10..15].trim().starts_with('H');
    text.lines().skip(2).take(22).enumerate().filter(|(_, line)| is_heavy(line)).map(|(place, _)| place).collect()
}

fn heavy_frames(campaign: &Campaign) -> Vec<simmpi::md::Frame> {
    let atoms = heavy_atoms(campaign);
    let mut frames = read(&campaign.path("ala2.xtc"));
    frames.iter_mut().for_each(|frame| frame.positions = atoms.iter().map(|atom| frame.positions[*atom]).collect());
    frames
}

fn write_heavy_structure(campaign: &Campaign) {
    let atoms = heavy_atoms(campaign);
    let text = fs::read_to_string(campaign.path("ala2.gro")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let rows: Vec<&str> = atoms.iter().map(|atom| lines[2 + atom]).collect();
    fs::write(campaign.path("few.gro"), format!("few\n{}\n{}\n{}\n", rows.len(), rows.join("\n"), lines[24])).unwrap();
}

#[test]
fn centres_where_no_frame_is_and_broken_molecules_end_the_run() {
    if !has_gromacs() {
        return;
    }
    let outside = campaign("centers = [0.0, 5.0]\nsteps = 5000");
    outside
        .run(2, &[])
        .expect(65, &["umbrella.centers: 5 nm (entry 1) is outside the sampled range", "along component 1"]);
    assert!(!window_file(&outside, 0, "start.gro").exists());
    let broken = campaign("windows = 4\nsteps = 5000");
    let mut frames = read(&broken.path("ala2.xtc"));
    let side = frames[0].cell.unwrap()[0][0] as f32;
    frames[0].positions[10..].iter_mut().for_each(|x| x[0] -= side);
    support::frames::write_xtc(&broken.path("ala2.xtc"), &frames, 1e3);
    broken.expect_told(&["frame 0 of `ala2.xtc`", "broken across the periodic box", "-pbc whole"]);
}

#[test]
fn folders_of_others_are_refused_and_those_of_another_configuration_kept() {
    if !has_gromacs() {
        return;
    }
    let campaign = campaign("windows = 2\nsteps = 2500");
    fs::create_dir(campaign.path("results.windows")).unwrap();
    fs::write(campaign.path("results.windows/thesis.tex"), "").unwrap();
    campaign.expect_told(&["contains files that do not belong to umbrella windows", "--fresh"]);
    campaign.run(0, &["--fresh"]).expect(78, &["do not belong to umbrella windows"]);
    fs::remove_file(campaign.path("results.windows/thesis.tex")).unwrap();
    campaign.run(0, &[]).expect(0, &["0 failed"]);
    fs::remove_file(campaign.path("results.h5")).unwrap();
    rewrite(&campaign, "config.toml", "steps = 2500", "steps = 3000");
    campaign.run(0, &[]).expect(78, &["contains windows of another configuration"]);
    campaign.run(0, &["--fresh"]).expect(0, &["0 failed"]);
}

#[test]
fn the_example_of_sixteen_windows_runs_and_gives_the_unbiased_free_energy() {
    if !has_gromacs() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ask = |args: &[&str]| Command::new(simmpi()).args(args).current_dir(folder.path()).output().unwrap();
    let example = String::from_utf8(ask(&["init", "umbrella"]).stdout).unwrap();
    fs::write(folder.path().join("my.toml"), &example).unwrap();
    let checked = String::from_utf8(ask(&["check", "my.toml", "--ranks", "2"]).stdout).unwrap();
    for text in ["501 of 22 atoms", "16 along component 1, evenly", "25000 steps, 50.0 ps", "no errors found"] {
        assert!(checked.contains(text), "{checked}");
    }
    let planned = String::from_utf8(ask(&["plan", "my.toml", "--ranks", "2"]).stdout).unwrap();
    for text in
        ["stage windows: 16 tasks", "then 16 windows of 25000 steps each", "is known when the first tasks are done"]
    {
        assert!(planned.contains(text), "{planned}");
    }
    let run =
        Command::new("timeout").arg("300").arg(simmpi()).args(["run", "my.toml"]).current_dir(folder.path()).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let reader = Reader::open_results(&folder.path().join("umbrella.h5")).unwrap();
    assert_eq!(reader.shape("/results/windows/center"), Some(vec![16]));
    let array = |name: &str| -> Vec<f64> { reader.array(&format!("/results/pmf/{name}")).unwrap() };
    compare_with_unbiased(&array("coordinate"), &array("free_energy"), &array("free_energy_stderr"));
}

/// Compares a free energy with that of 20 ns without restraints along the same component (40,000 frames, GROMACS 2022.5; errors from 20
/// blocks), wherever it is below 3 kT.
fn compare_with_unbiased(coordinate: &[f64], free_energy: &[f64], stderr: &[f64]) {
    let text = fs::read_to_string(root("tests/umbrella/unbiased.json")).unwrap();
    // [coordinate nm, free energy kJ/mol, its standard error].
    let unbiased: Vec<[f64; 3]> = serde_json::from_str(&text).unwrap();
    let at = |values: &[f64], x: f64| {
        let above = coordinate.iter().position(|c| *c > x)?;
        let (low, high) = (above.checked_sub(1)?, above);
        let part = (x - coordinate[low]) / (coordinate[high] - coordinate[low]);
        Some(values[low] + part * (values[high] - values[low]))
    };
    let pairs: Vec<(f64, f64)> = unbiased
        .iter()
        .filter(|[_, f, _]| *f < 3.0 * 2.494)
        .map(|[x, f, error]| {
            let (own, own_error) = (at(free_energy, *x).unwrap(), at(stderr, *x).unwrap());
            (own - f, (own_error * own_error + error * error).sqrt())
        })
        .collect();
    assert!(pairs.len() > 40, "{} places", pairs.len());
    // Zeros differ: each has its own smallest bin.
    let weights: f64 = pairs.iter().map(|(_, error)| error.powi(-2)).sum();
    let shift = pairs.iter().map(|(difference, error)| difference / error.powi(2)).sum::<f64>() / weights;
    let deviations = || pairs.iter().map(|(difference, error)| ((difference - shift), (difference - shift) / error));
    let root_mean_square = (deviations().map(|(d, _)| d * d).sum::<f64>() / pairs.len() as f64).sqrt();
    let largest = deviations().map(|(_, z)| z.abs()).fold(0.0, f64::max);
    println!("{} places, {root_mean_square:.3} kJ/mol apart, at most {largest:.2} standard errors", pairs.len());
    assert!(root_mean_square < 0.8 && largest < 3.0, "{root_mean_square} kJ/mol, {largest} standard errors");
}
