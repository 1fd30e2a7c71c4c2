//! Principal components: those of MDAnalysis, the same bits everywhere, every fault told.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::Value;
use simmpi::md::Frame;
use simmpi::results::Reader;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::frames::{example, synthetic, write_gro, write_trr, write_xtc};
use support::{Campaign, flat, reference, simmpi};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A campaign of components of the example's atoms.
fn of_example(keys: &str) -> Campaign {
    let (trajectory, structure) = (root("examples/ala10.xtc"), root("examples/ala10.gro"));
    let files = format!("trajectory = \"{}\"\nstructure = \"{}\"", trajectory.display(), structure.display());
    with_files(&files, keys)
}

fn with_files(files: &str, keys: &str) -> Campaign {
    let head = "[campaign]\nkind = \"umbrella\"\nseed = 3\noutput = \"results.h5\"\n";
    Campaign::with(simmpi(), &format!("{head}[umbrella]\n{files}\nstop_after = \"pca\"\n{keys}\n"))
}

/// A campaign of frames that are written beside its configuration, of alpha carbons.
fn of_frames(frames: &[Frame], keys: &str) -> Campaign {
    let campaign = with_files("trajectory = \"t.trr\"\nstructure = \"t.gro\"", keys);
    write_trr(&campaign.path("t.trr"), frames);
    write_gro(&campaign.path("t.gro"), &frames[..1]);
    campaign
}

fn results(campaign: &Campaign, name: &str) -> Vec<f64> {
    Reader::open_results(&campaign.path("results.h5")).unwrap().array(&format!("/results/pca/{name}")).unwrap()
}

/// Whether eigenvalues, components and projections are those of a reference, in nm.
fn compare(campaign: &Campaign, reference: &Value) {
    let (values, vectors) = (results(campaign, "eigenvalues"), results(campaign, "eigenvectors"));
    let variances = flat(&reference["variance"]);
    for (k, (ours, theirs)) in values.iter().zip(&variances).enumerate() {
        assert!((ours / theirs - 1.0).abs() < 1e-5, "eigenvalue {k} of {}: {ours} {theirs}", reference["selection"]);
    }
    let total = reference["total"].as_f64().unwrap();
    let part = results(campaign, "variance_explained")[0];
    assert!((part * total / variances[0] - 1.0).abs() < 1e-5);
    let mean = results(campaign, "mean");
    assert!(mean.iter().zip(flat(&reference["mean"])).all(|(a, b)| (a - b).abs() < 2e-5));
    let numbers = mean.len();
    let mut signs = Vec::new();
    for (k, vector) in reference["components"].as_array().unwrap().iter().enumerate() {
        let cosine: f64 = flat(vector).iter().zip(&vectors[k * numbers..]).map(|(a, b)| a * b).sum();
        assert!(cosine.abs() > 0.99999, "component {k} of {}: {cosine}", reference["selection"]);
        signs.push(cosine.signum());
    }
    let projections = results(campaign, "projection");
    let k = values.len();
    for (row, theirs) in reference["projection"].as_array().unwrap().iter().enumerate() {
        let (ours, theirs) = (projections[20 * row * k], flat(theirs)[0]);
        assert!((ours - signs[0] * theirs).abs() < 1e-5, "frame {}: {ours} {theirs}", 20 * row);
    }
}

#[test]
fn components_are_those_of_mdanalysis() {
    let text = fs::read_to_string(root("tests/pca/mdanalysis.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let to = case["align_to"].as_str().unwrap();
        let to = if to.ends_with(".gro") { root("tests/pca").join(to).display().to_string() } else { to.to_owned() };
        let keys = format!("selection = {}\nalign = {}\nalign_to = \"{to}\"\n", case["selection"], case["align"]);
        let campaign = of_example(&keys);
        campaign.run(0, &[]).expect(0, &["complete"]);
        compare(&campaign, case);
    }
}

#[test]
fn components_of_long_trajectories_are_the_published_ones() {
    // Eigenvalues and the total variance, square angstrom.
    for (system, selection, variances, total) in [
        ("ala10", "name CA", [2.941696, 1.001667, 0.745125, 0.463114], 6.043229),
        ("ala10", "not name H*", [17.260011, 9.499843, 6.589409, 2.933467], 49.13757),
        ("ala2", "not name H*", [2.498070, 0.252526, 0.119159, 0.052711], 3.005508),
    ] {
        let path = |name: &str| reference::file(&format!("md/systems/{system}/{name}"));
        let files = format!("trajectory = {:?}\nstructure = {:?}", path("md.xtc"), path("em.gro"));
        let campaign = with_files(&files, &format!("selection = \"{selection}\""));
        campaign.run(2, &[]).expect(0, &["complete"]);
        let values = results(&campaign, "eigenvalues");
        for (ours, theirs) in values.iter().zip(variances) {
            assert!((100.0 * ours / theirs - 1.0).abs() < 1e-5, "{system} {selection}: {ours} {theirs}");
        }
        let part = results(&campaign, "variance_explained")[0];
        assert!((100.0 * values[0] / part / total - 1.0).abs() < 1e-6);
        if selection == "name CA" {
            let reference = reference::json("md/pca/ref_mda_ala10_ca.json");
            let vectors = results(&campaign, "eigenvectors");
            let cosine: f64 = flat(&reference["pc1"]).iter().zip(&vectors).map(|(a, b)| a * b).sum();
            assert!(cosine.abs() > 0.999999, "{cosine}");
            let mean = results(&campaign, "mean");
            assert!(mean.iter().zip(flat(&reference["mean"])).all(|(a, b)| (10.0 * a - b).abs() < 1e-4));
        }
    }
}

#[test]
fn results_are_equal_to_the_last_bit_for_any_ranks_and_any_memory() {
    // So many atoms that the covariance is never formed, and so many frames that not all of their chunks fit into a megabyte; then few
    // atoms, and the search for the average; then so few frames that one task takes all.
    let cases = [(150, 1400, "align_to = \"first\""), (20, 1400, "align_to = \"average\""), (150, 700, "")];
    for (atoms, count, keys) in cases {
        let frames = synthetic(atoms, count);
        let reference = of_frames(&frames, keys);
        reference.run(0, &[]).expect(0, &["complete"]);
        let reference = reference.results();
        for ranks in 1..=4 {
            let schedule = if ranks % 2 == 0 { "static" } else { "dynamic" };
            let memory = if ranks < 3 { 1 } else { 1000 };
            let limits = format!("[partition]\nschedule = \"{schedule}\"\n[limits]\nmemory_mb = {memory}");
            let campaign = of_frames(&frames, &format!("{keys}\n{limits}"));
            campaign.run(ranks, &[]).expect(0, &["complete"]);
            assert_eq!(campaign.results(), reference, "{ranks} ranks");
        }
    }
}

#[test]
fn a_run_that_was_killed_goes_on_and_gives_the_same_bits() {
    let frames = synthetic(150, 4000);
    let keys = "[limits]\nmemory_mb = 1";
    let reference = of_frames(&frames, keys);
    reference.run(0, &[]).expect(0, &["complete"]);
    let campaign = of_frames(&frames, keys);
    let running = campaign.start(2, &[]);
    // Some passes are done then.
    campaign.wait_for_records(100_000);
    for pid in campaign.ranks().values() {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::Signal::SIGKILL);
    }
    let ended = running.end();
    assert_ne!(ended.code, 0, "{}", ended.said);
    let ended = campaign.run(3, &[]).expect(0, &["complete"]);
    assert!(!ended.said.contains("average:"), "a pass that was done is done again:\n{}", ended.said);
    assert_eq!(campaign.results(), reference.results());
    campaign.run(1, &[]).expect(0, &["is complete already"]);
}

#[test]
fn the_example_runs_and_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |args: &[&str]| Command::new(simmpi()).args(args).current_dir(folder.path()).output().unwrap();
    for (name, copy) in [("components.toml", "my.toml"), ("ala10.gro", "ala10.gro"), ("ala10.xtc", "ala10.xtc")] {
        fs::copy(root("examples").join(name), folder.path().join(copy)).unwrap();
    }
    let checked = String::from_utf8(ask(&["check", "my.toml", "--ranks", "2"]).stdout).unwrap();
    for text in ["201 of 55 atoms, 0 to 1000 ps", "10 atoms, CA of ALA 2 to CA of ALA 11", "no errors found"] {
        assert!(checked.contains(text), "{checked}");
    }
    let planned = String::from_utf8(ask(&["plan", "my.toml", "--ranks", "2"]).stdout).unwrap();
    assert!(planned.contains("stage components: 1 tasks"), "{planned}");
    assert_eq!(ask(&["run", "my.toml"]).status.code(), Some(0));
    for figure in ["scree", "pc1", "pc1-pc2"] {
        let svg = fs::read_to_string(folder.path().join(format!("components.{figure}.svg"))).unwrap();
        assert!(svg.contains("<svg") && svg.contains("</svg>"), "{figure}");
    }
    let reader = Reader::open_results(&folder.path().join("components.h5")).unwrap();
    assert_eq!(reader.shape("/results/pca/eigenvectors"), Some(vec![10, 10, 3]));
    assert_eq!(reader.shape("/results/pca/projection"), Some(vec![201, 10]));
    assert_eq!(reader.strings("/results/pca/atoms/name").unwrap(), ["CA"; 10]);
    assert_eq!(reader.array::<f64>("/results/pca/time").unwrap()[200], 1000.0);
    let vectors: Vec<f64> = reader.array("/results/pca/eigenvectors").unwrap();
    for vector in vectors.chunks(30) {
        let largest = vector.iter().fold(0.0_f64, |best, x| if x.abs() > best.abs() { *x } else { best });
        assert!(largest > 0.0 && (vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-10);
    }
}

#[test]
fn what_can_be_found_before_a_run_is_found_by_check() {
    of_example("selection = \"name XX\"").expect_told(&["matches none of the 55 atoms", "C, CA, CB", "selection ="]);
    of_example("selection = \"nme CA\"").expect_told(&["`nme` (column 0)", "did you mean `name`?"]);
    of_example("components = 31").expect_told(&["at most 30 components, not 31", "set components = 30"]);
    of_example("component = 11").expect_told(&["only 10 components"]);
    of_example("align = \"resid 2 and name CA CB\"").expect_told(&["2 atoms do not determine a rotation", "align ="]);
    of_example("align_to = \"none.gro\"").expect_told(&["none.gro` not found", "or set align_to = \"first\""]);
    let trajectory = root("examples/ala10.xtc");
    let other = format!("trajectory = \"{}\"\nstructure = \"t.gro\"", trajectory.display());
    let campaign = with_files(&other, "");
    campaign.expect_told(&["t.gro` not found"]);
    write_gro(&campaign.path("t.gro"), &synthetic(22, 1));
    campaign.expect_told(&["the structure has 22 atoms, the trajectory 55", "trjconv -dump 0"]);
}

#[test]
fn faults_of_the_first_frames_are_found_by_check() {
    let frames = synthetic(20, 5);
    let one = of_frames(&frames[..1], "");
    one.expect_told(&["the trajectory has one frame", "at least two frames"]);
    let missing = of_frames(&frames, "");
    fs::remove_file(missing.path("t.trr")).unwrap();
    missing.expect_told(&["t.trr` not found", "trajectory ="]);
    let cut = of_frames(&frames, "");
    let bytes = fs::read(cut.path("t.trr")).unwrap();
    fs::write(cut.path("t.trr"), &bytes[..bytes.len() - 17]).unwrap();
    cut.expect_told(&["cut off in the middle of frame 4", "gmx trjconv -f t.trr -e 6"]);
    let named = with_files("trajectory = \"t.gro\"\nstructure = \"other.gro\"", "");
    write_gro(&named.path("t.gro"), &frames);
    let text = fs::read_to_string(named.path("t.gro")).unwrap();
    fs::write(named.path("other.gro"), text.replace("    4ALA     CA", "    4GLY     CA")).unwrap();
    named.expect_told(&["atom 3 is CA of GLY 4 in the structure and CA of ALA 4 in the trajectory"]);
    let mut wrong = frames.clone();
    wrong[0].positions[7][1] = f32::NAN;
    of_frames(&wrong, "").expect_told(&["atom 7 of frame 0", "NaN", "trjconv -e"]);
    // Half of the chain at the other side of the box.
    let mut broken = frames.clone();
    broken.iter_mut().for_each(|frame| frame.positions[10..].iter_mut().for_each(|x| x[2] -= 30.0));
    of_frames(&broken, "").expect_told(&["frame 0 of `t.trr`", "between atoms 9 and 10", "-pbc whole"]);
    of_frames(&broken, "check_whole = false").run(0, &[]).expect(0, &["complete"]);
}

#[test]
fn faults_of_later_frames_end_the_run_with_the_first_of_them() {
    // Of few frames, and of so many that each chunk is a task.
    let frames = synthetic(20, 1300);
    let mut wrong = frames.clone();
    wrong[600].positions[3][0] = f32::INFINITY;
    wrong[300].positions[7][1] = f32::NAN;
    for (frames, ranks) in [(700, 0), (700, 2), (1300, 0), (1300, 2)] {
        of_frames(&wrong[..frames], "").run(ranks, &[]).expect(65, &["atom 7 of frame 300", "NaN"]);
    }
    let mut broken = frames.clone();
    broken[512..].iter_mut().for_each(|frame| frame.positions[10..].iter_mut().for_each(|x| x[2] -= 30.0));
    let texts = ["frame 512 of `t.trr`", "between atoms 9 and 10", "-pbc nojump", "check_whole = false"];
    of_frames(&broken, "").run(2, &[]).expect(65, &texts);
    let still = vec![frames[0].clone(); 10];
    of_frames(&still, "").run(0, &[]).expect(65, &["do not move"]);
    let damaged = with_files("trajectory = \"t.xtc\"\nstructure = \"t.gro\"", "");
    let frames = &example()[..9];
    write_gro(&damaged.path("t.gro"), &frames[..1]);
    write_xtc(&damaged.path("t.xtc"), frames, 1e3);
    let mut bytes = fs::read(damaged.path("t.xtc")).unwrap();
    // The third of the frames that begin alike: a size that no cube has.
    let starts: Vec<usize> =
        bytes.windows(8).enumerate().filter(|(_, w)| w[..] == [0, 0, 7, 203, 0, 0, 0, 55]).map(|(at, _)| at).collect();
    bytes[starts[2] + 84..][..4].copy_from_slice(&72_i32.to_be_bytes());
    fs::write(damaged.path("t.xtc"), &bytes).unwrap();
    damaged.run(0, &[]).expect(65, &["frame 2 of", "is damaged"]);
}
