//! What ran is never run again because reading it failed, or because something else is to be read of it.
#![allow(clippy::unwrap_used)]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use support::replicas::reader;
use support::{Campaign, simmpi};

/// A walk with a diagnostic column that is not finite in its first rows; `ran` counts the starts.
const SCRIPT: &str = "echo $1 >> ../../ran; printf '#! FIELDS time phi bias rct neff\\n0 0.1 1 -inf 1\\n1 0.%s 2 3 -nan\\n2 0.3 1 4 5\\n' $1 > COLVAR; echo 7 > more.dat";
/// A short run of the built-in model.
const MODEL: &str = "[ensemble.model]\nsurface = { kind = \"mueller-brown\" }\nintegrator = { kind = \"underdamped\", friction = 5.0 }\n\
    thermal_energy = 15.0\ntime_step = 0.01\nsteps = 2000\nsample_every = 20\n[ensemble.model.opes]\ncoordinates = [\"x\", \"y\"]\n\
    barrier = 120.0\npace = 200\nsigma = [0.1, 0.1]\n";
const FREE_ENERGY: &str =
    "[[ensemble.free_energy]]\ncvs = [\"phi\"]\nbias = \"bias\"\ntemperature_k = 300.0\ngrid = 4\n";

fn config(keys: &str, sections: &str) -> String {
    format!(
        "[campaign]\nkind = \"ensemble\"\nseed = 7\n[ensemble]\nengine = \"command\"\nseeds = \"1-4\"\n\
         directory = \"replicas/{{seed}}\"\n[ensemble.command]\nargv = [\"sh\", \"-c\", '''{SCRIPT}''', \"sh\", \"{{seed}}\"]\n{keys}\n{sections}"
    )
}

/// Collects columns of COLVAR.
fn columns(names: &[&str]) -> String {
    format!("[[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = {names:?}\n")
}

/// The replicas that were started, sorted.
fn ran(campaign: &Campaign) -> Vec<String> {
    let mut lines: Vec<String> = fs::read_to_string(campaign.path("ran")).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn assert_each_ran_once(campaign: &Campaign) {
    assert_eq!(ran(campaign), ["1", "2", "3", "4"], "each replica is started once");
}

#[test]
fn values_that_are_only_looked_at_are_stored_as_they_are_with_one_warning() {
    let text = config("", &format!("{}{FREE_ENERGY}", columns(&["time", "phi", "bias", "rct", "neff"])));
    let campaign = Campaign::with(simmpi(), &text);
    let output = campaign.run(2, &[]);
    let output = output.expect(
        0,
        &["4 of 4 tasks done, 0 failed", "8 collected values are not finite, in 4 of 4 replicas", "COLVAR:2"],
    );
    assert_eq!(output.said.matches("not finite").count(), 1, "{}", output.said);
    assert_each_ran_once(&campaign);
    let values = |name: &str| reader(&campaign).array::<f64>(name).unwrap();
    assert_eq!(values("/results/collected/COLVAR/rct/values")[0], f64::NEG_INFINITY);
    assert!(values("/results/collected/COLVAR/neff/values")[1].is_nan());
    assert!(values("/results/free_energy/phi/free_energy").iter().any(|value| value.is_finite()));
}

#[test]
fn a_misspelt_column_is_reported_once_and_when_it_is_corrected_nothing_runs_again() {
    let typo = config("", &columns(&["time", "phi", "bais"]));
    let campaign = Campaign::with(simmpi(), &typo);
    let output = campaign.run(2, &[]);
    output.expect(
        2,
        &["0 of 4 tasks done, 4 failed", "no column `bais`", "and 3 more like it", "the same command again"],
    );
    assert_each_ran_once(&campaign);
    campaign.run(0, &["--retry-failed"]).expect(2, &["no column `bais`"]);
    assert_each_ran_once(&campaign);
    campaign.write(&typo.replace("bais", "bias"));
    campaign.run(2, &[]).expect(0, &["4 of 4 tasks done, 0 failed", "nothing of them runs again"]);
    assert_each_ran_once(&campaign);
    campaign.run(0, &[]).expect(0, &["is complete already"]);
    let straight = Campaign::with(simmpi(), &typo.replace("bais", "bias"));
    straight.run(0, &[]).expect(0, &[]);
    assert_eq!(campaign.results(), straight.results());
}

#[test]
fn a_value_that_is_computed_with_must_be_finite_and_the_files_are_read_again_after_the_correction() {
    let all = columns(&["time", "phi", "bias", "rct"]);
    let wrong = config("", &format!("{all}{}", FREE_ENERGY.replace("\"bias\"", "\"rct\"")));
    let campaign = Campaign::with(simmpi(), &wrong);
    campaign.run(0, &[]).expect(2, &["COLVAR:2: `rct` is -inf, and the free energy `phi` is computed with it"]);
    campaign.write(&wrong.replace("grid = 4", "grid = 4\ndiscard_ps = 1.0"));
    campaign.run(0, &[]).expect(0, &["4 of 4 tasks done, 0 failed"]);
    assert_each_ran_once(&campaign);
    campaign.write(&wrong);
    campaign.run(0, &[]).expect(0, &["4 of 4 replicas (seed 1 is the first) are left out of the free energy `phi`"]);
    campaign.write(&config("", &format!("{all}{FREE_ENERGY}")));
    campaign.run(0, &[]).expect(0, &["4 of 4"]);
    assert_each_ran_once(&campaign);
}

#[test]
fn what_is_read_of_a_complete_campaign_may_change_and_gives_what_it_would_have_given_from_the_start() {
    let more =
        format!("{}[[ensemble.collect]]\nfile = \"more.dat\"\ncolumns = [0]\n", columns(&["time", "phi", "rct"]));
    let steps = ["".to_owned(), columns(&["phi", "bias"]), columns(&["bias"]), more, columns(&["phi", "bias"])];
    let campaign = Campaign::with(simmpi(), &config("", &steps[0]));
    campaign.run(2, &[]).expect(0, &["4 of 4"]);
    for sections in &steps[1..] {
        campaign.write(&config("", sections));
        campaign.run(2, &[]).expect(0, &["4 of 4 tasks done, 0 failed"]);
        campaign.run(0, &[]).expect(0, &["is complete already"]);
        assert_each_ran_once(&campaign);
        let straight = Campaign::with(simmpi(), &config("", sections));
        straight.run(0, &[]).expect(0, &[]);
        assert_eq!(campaign.results(), straight.results(), "{sections}");
    }
    let seconds = reader(&campaign).array::<f64>("/run/replicas/seconds").unwrap();
    assert!(seconds.iter().all(|seconds| *seconds > 0.0), "what the runs took is still known: {seconds:?}");
}

#[test]
fn a_misspelt_product_or_a_faulty_row_is_corrected_without_running_anything() {
    let text = config("produces = [\"COLVR\"]", &columns(&["phi"]));
    let campaign = Campaign::with(simmpi(), &text);
    campaign.run(0, &[]).expect(2, &["ended with exit code 0, but left no `COLVR`"]);
    let broken = campaign.path("replicas/3/COLVAR");
    let whole = fs::read_to_string(&broken).unwrap();
    fs::write(&broken, whole.replace("2 3 -nan", "2 3")).unwrap();
    campaign.write(&text.replace("COLVR", "COLVAR"));
    campaign.run(0, &[]).expect(2, &["3 of 4 tasks done, 1 failed", "COLVAR:3: the row has 4 columns"]);
    fs::write(&broken, whole).unwrap();
    campaign.run(0, &[]).expect(0, &["4 of 4 tasks done, 0 failed"]);
    assert_each_ran_once(&campaign);
}

#[test]
fn where_the_folders_are_gone_the_old_result_is_kept() {
    let campaign = Campaign::with(simmpi(), &config("", &columns(&["phi"])));
    campaign.run(0, &[]).expect(0, &[]);
    let before = campaign.results();
    campaign.write(&config("", &columns(&["phi", "nothing_is_called_so"]).replace("COLVAR", "COLVA")));
    campaign.run(0, &[]).expect(78, &["in none of their folders"]);
    fs::remove_dir_all(campaign.path("replicas/2")).unwrap();
    campaign.write(&config("", &columns(&["phi", "bias"])));
    campaign.run(0, &[]).expect(78, &["the files of seed 2 are gone", "the result stays as it was"]);
    campaign.write(&config("", &columns(&["phi"])));
    campaign.run(0, &[]).expect(0, &["is complete already"]);
    assert_eq!(campaign.results(), before);
    assert_each_ran_once(&campaign);
}

#[test]
fn a_replica_that_failed_is_not_tried_again_because_something_else_is_read() {
    let text = config("", &columns(&["phi"])).replace("echo 7", "[ $1 = 2 ] && exit 3; echo 7");
    let text = format!("{text}[limits]\nmax_retries = 0\n");
    let campaign = Campaign::with(simmpi(), &text);
    campaign.run(0, &[]).expect(2, &["3 of 4 tasks done, 1 failed"]);
    campaign.write(&text.replace("[\"phi\"]", "[\"phi\", \"bias\"]"));
    campaign.run(2, &[]).expect(2, &["3 of 4 tasks done, 1 failed"]);
    assert_each_ran_once(&campaign);
    campaign.run(0, &["--retry-failed"]).expect(2, &["3 of 4"]);
    assert_eq!(ran(&campaign), ["1", "2", "2", "3", "4"]);
}

#[test]
fn a_fresh_start_sets_finished_folders_aside() {
    let campaign = Campaign::with(simmpi(), &config("", &columns(&["phi"])));
    campaign.run(0, &[]).expect(0, &[]);
    campaign
        .run(0, &["--fresh", "--force"])
        .expect(0, &["4 folders contain finished work and were renamed", "1.old-1"]);
    assert_eq!(ran(&campaign).len(), 8);
    assert!(campaign.path("replicas/4.old-1/COLVAR").is_file() && campaign.path("replicas/4/COLVAR").is_file());
}

#[test]
fn a_result_that_was_lost_comes_again_from_the_folders_of_the_same_programs_only() {
    let script = "echo $1 >> ../../ran; echo 1 > a.dat";
    let text =
        config("", "").replace("\"-c\", '''", "\"run.sh\", '''").replace(&format!("'''{SCRIPT}''', \"sh\", "), "");
    let campaign = Campaign::with(simmpi(), &text);
    fs::write(campaign.path("run.sh"), script).unwrap();
    campaign.run(0, &[]).expect(0, &[]);
    fs::remove_file(campaign.path("results.h5")).unwrap();
    campaign.run(0, &[]).expect(0, &["4 of these have run before"]);
    assert_each_ran_once(&campaign);
    fs::remove_file(campaign.path("results.h5")).unwrap();
    fs::write(campaign.path("run.sh"), format!("{script}; echo other > b.dat")).unwrap();
    campaign.run(0, &[]).expect(0, &["4 of 4"]);
    assert_eq!(ran(&campaign).len(), 8, "another program is run");
    assert!(campaign.path("replicas/1.old-1/a.dat").is_file());
}

#[test]
fn a_campaign_that_was_moved_goes_on() {
    let text = config("", &columns(&["phi"])).replace("seeds = \"1-4\"", "seeds = \"1-3\"");
    let text = text.replace(&format!("\"-c\", '''{SCRIPT}''', \"sh\""), "\"walk.sh\"");
    let campaign = Campaign::with(simmpi(), &text);
    fs::write(campaign.path("walk.sh"), SCRIPT).unwrap();
    campaign.run(0, &[]).expect(0, &["3 of 3"]);
    let moved = Campaign::with(simmpi(), &text.replace("1-3", "1-4"));
    let target = moved.path("");
    for name in ["replicas", "ran", "walk.sh", "results.h5", "results.h5.journal"] {
        fs::rename(campaign.path(name), target.join(name)).unwrap();
    }
    moved.run(0, &[]).expect(0, &["4 of 4 tasks done"]);
    moved.write(&text.replace("1-3", "1-4").replace("[\"phi\"]", "[\"phi\", \"bias\"]"));
    moved.run(0, &[]).expect(0, &["4 of 4 tasks done"]);
    assert_each_ran_once(&moved);
}

#[test]
fn replicas_without_folders_of_their_own_are_read_again_too() {
    let text = config("", "").replace("directory = \"replicas/{seed}\"\n", "");
    let text = text.replace(SCRIPT, "echo $1 >> ran; echo \"0 $1\" > out-$1.dat");
    let with = |column: u32| format!("{text}[[ensemble.collect]]\nfile = \"out-{{seed}}.dat\"\ncolumns = [{column}]\n");
    let campaign = Campaign::with(simmpi(), &with(2));
    campaign.run(2, &[]).expect(2, &["4 failed"]);
    campaign.write(&with(1));
    campaign.run(2, &[]).expect(0, &["4 of 4 tasks done"]);
    assert_each_ran_once(&campaign);
}

#[test]
fn a_finished_window_whose_output_cannot_be_read_is_not_simulated_again() {
    if !support::ala2::has_gromacs() {
        return;
    }
    let campaign = support::ala2::campaign_of_ala2(
        "selection = \"not name H*\"\nalign_to = \"average\"\ncomponents = 3\nwindows = 3\nsteps = 5000\nbinary = \"bin/gmx\"",
    );
    fs::create_dir(campaign.path("bin")).unwrap();
    // Cuts what the second window leaves, when it has ended well.
    let script = "#!/bin/sh\ngmx \"$@\" || exit\ncase \"$PWD $*\" in *results.windows/*mdrun*-deffnm*) pwd >> ../../ran;; esac\n\
        case \"$PWD $*\" in *results.windows/1*mdrun*-deffnm*) cp window.projection.xvg whole; head -n 40 whole > window.projection.xvg;; esac\n";
    fs::write(campaign.path("bin/gmx"), script).unwrap();
    fs::set_permissions(campaign.path("bin/gmx"), fs::Permissions::from_mode(0o755)).unwrap();
    campaign.run(2, &[]).expect(2, &["window 1 (", "its files cannot be read", "same command again"]);
    assert_eq!(ran(&campaign).len(), 3);
    let folder = campaign.path("results.windows/1");
    fs::rename(folder.join("whole"), folder.join("window.projection.xvg")).unwrap();
    campaign.run(2, &[]).expect(0, &["0 failed"]);
    assert_eq!(ran(&campaign).len(), 3, "no window is simulated again");
    campaign.run(0, &["--fresh", "--force"]).expect(2, &["results.windows.old-1"]);
    assert!(campaign.path("results.windows.old-1/2/window.gro").is_file());
}

#[test]
fn other_columns_of_the_model_come_from_the_journal() {
    let of = |columns: &str| {
        format!(
            "[campaign]\nkind = \"ensemble\"\nseed = 7\n[ensemble]\nengine = \"model\"\nseeds = \"0-2\"\n{}\n\
             [[ensemble.collect]]\nfile = \"COLVAR\"\ncolumns = [{columns}]\n",
            MODEL
        )
    };
    let campaign = Campaign::with(simmpi(), &of("\"x\""));
    campaign.run(2, &[]).expect(0, &["3 of 3"]);
    campaign.write(&of("\"time\", \"opes.bias\""));
    let output = campaign.run(0, &[]).expect(0, &["3 of 3 tasks done"]);
    assert!(!output.said.contains("tasks in"), "nothing runs: {}", output.said);
    let straight = Campaign::with(simmpi(), &of("\"time\", \"opes.bias\""));
    straight.run(0, &[]).expect(0, &[]);
    assert_eq!(campaign.results(), straight.results());
}
