//! What tests of umbrella windows of alanine dipeptide need: the example's files, GROMACS, and what windows leave.
#![allow(dead_code, clippy::unwrap_used)]
use super::skip::are_installed;
use super::{Campaign, results_of, simmpi};
use simmpi::results::Reader;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const FILES: [&str; 4] = ["ala2.gro", "ala2.xtc", "ala2.top", "ala2.mdp"];

pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether GROMACS is installed; otherwise the test is skipped.
pub fn has_gromacs() -> bool {
    are_installed(&["gmx"])
}

/// An ensemble of eight replicas of alanine dipeptide by GROMACS itself, where it is installed.
pub fn replicas_of_gromacs(steps: u64, keys: &str) -> Option<Campaign> {
    if !has_gromacs() {
        return None;
    }
    let systems = root("tests/gromacs");
    let mdp = fs::read_to_string(systems.join("md.mdp")).unwrap();
    let config = format!(
        "[campaign]\nkind = \"ensemble\"\n[ensemble]\nseeds = \"101-108\"\ndirectory = \"replicas/{{seed}}\"\nengine = \"gromacs\"\n\
         stall_timeout_s = 60.0\n[ensemble.gromacs]\nmdp = \"run.mdp.j2\"\nstructure = \"em.gro\"\ntopology = \"topol.top\"\n{keys}\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    let mdp = mdp.replace("2024", "{{ seed }}").replace("nsteps          = 500000", &format!("nsteps = {steps}"));
    assert!(mdp.contains("{{ seed }}") && mdp.contains(&format!("nsteps = {steps}\n")));
    fs::write(campaign.path("run.mdp.j2"), mdp).unwrap();
    for name in ["em.gro", "topol.top", "posre.itp"] {
        fs::copy(systems.join(name), campaign.path(name)).unwrap();
    }
    Some(campaign)
}

pub fn rewrite(campaign: &Campaign, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(campaign.path(file)).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    fs::write(campaign.path(file), text.replace(from, to)).unwrap();
}

pub fn numbers(campaign: &Campaign, name: &str) -> Vec<f64> {
    Reader::open_results(&campaign.path("results.h5")).unwrap().array(&format!("/results/{name}")).unwrap()
}

/// When the simulation of a window was done.
pub fn made(campaign: &Campaign, window: usize) -> SystemTime {
    fs::metadata(window_file(campaign, window, "window.gro")).unwrap().modified().unwrap()
}

/// Runs a complete campaign of `windows` once more from its files, on other numbers of ranks: no simulation is run again, and the bits
/// are the same.
pub fn expect_same_of_the_same_files(campaign: &Campaign, windows: usize, ranks: &[usize]) {
    let reference = campaign.results();
    let times = || (0..windows).map(|window| made(campaign, window)).collect::<Vec<_>>();
    let before = times();
    for &ranks in ranks {
        fs::remove_file(campaign.path("results.h5")).unwrap();
        campaign.run(ranks, &[]).expect(0, &["0 failed"]);
        assert_eq!(campaign.results(), reference, "{ranks} ranks");
    }
    assert_eq!(times(), before);
}

pub fn window_file(campaign: &Campaign, window: usize, name: &str) -> PathBuf {
    campaign.path(&format!("results.windows/{window}/{name}"))
}

/// A file of windows for `simmpi pmf` of what a campaign left, and the numbers that follow from it.
///
/// `settings` are of the whole file, those `of_window` (a column, a unit) of each; windows left their coordinate in files called `name`.
pub fn pmf_of_files(campaign: &Campaign, name: &str, settings: &str, of_window: &str) -> BTreeMap<String, Vec<u64>> {
    let (centers, constants) = (numbers(campaign, "windows/center"), numbers(campaign, "windows/force_constant"));
    let reader = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let indices: Vec<u64> = reader.array("/results/windows/index").unwrap();
    let mut text = format!("temperature_k = 300.0\nseed = 5\nbins = 30\nbootstrap = 20\n{settings}\n");
    for ((index, center), constant) in indices.iter().zip(&centers).zip(&constants) {
        let bytes = fs::read(window_file(campaign, *index as usize, name)).unwrap();
        fs::write(campaign.path(&format!("w{index}.xvg")), [&bytes[..], b"\n"].concat()).unwrap();
        text += &format!(
            "[[window]]\nfile = \"w{index}.xvg\"\n{of_window}\ncenter = {center:?}\nforce_constant = {constant:?}\n"
        );
    }
    fs::write(campaign.path("windows.toml"), text).unwrap();
    let output = Command::new(simmpi())
        .args(["pmf", "windows.toml", "-o", "pmf.h5", "--force"])
        .current_dir(campaign.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    results_of(&campaign.path("pmf.h5"))
}

/// Compares everything of a campaign's `/results/pmf` with the same of another result, bit by bit.
pub fn expect_equal_pmf(campaign: &Campaign, other: &BTreeMap<String, Vec<u64>>) {
    let own = campaign.results();
    let names: Vec<&String> = own.keys().filter(|name| name.starts_with("/results/pmf")).collect();
    assert!(names.len() >= 5);
    names.iter().for_each(|name| assert_eq!(own[*name], other[*name], "{name}"));
}

/// A campaign of alanine dipeptide with the example's files; `keys` stand in `[umbrella]`.
pub fn campaign_of_ala2(keys: &str) -> Campaign {
    let config = format!(
        "[campaign]\nkind = \"umbrella\"\nseed = 5\noutput = \"results.h5\"\n[umbrella]\ntrajectory = \"ala2.xtc\"\nstructure = \"ala2.gro\"\n\
         topology = \"ala2.top\"\nmdp = \"ala2.mdp\"\ntemperature_k = 300.0\nbins = 30\nbootstrap = 20\n{keys}\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    for name in FILES {
        fs::copy(root("examples").join(name), campaign.path(name)).unwrap();
    }
    campaign
}
