//! Ensembles that PLUMED biases, by stand-ins for GROMACS and PLUMED: what a kill, a drain and short time slots leave goes on as it was.
#![allow(clippy::unwrap_used)]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use support::replicas::strings;
use support::standing::{MDP, Standing, option};
use support::{Ended, simmpi};

const OPES: &str = "phi: TORSION ATOMS=5,7,9,15\nopes: OPES_METAD ARG=phi PACE=20 BARRIER=20 SIGMA=0.3 STATE_WFILE=STATE STATE_RFILE=STATE\n\
     PRINT ARG=phi,opes.* FILE=COLVAR STRIDE=1\n";
const STEPS: usize = 600;

/// A campaign of `count` replicas of 600 steps with a checkpoint every 200; a crash comes at step 305.
struct Biased {
    standing: Standing,
    kernel: String,
    /// The first replica that crashes.
    first: usize,
}

impl Biased {
    fn new(count: usize, plumed: &str) -> Self {
        Self::with(count, plumed, "plumed = \"plumed.dat\"", "")
    }

    fn with(count: usize, plumed: &str, keys: &str, limits: &str) -> Self {
        let retries = if limits.contains("max_retries") { "" } else { "max_retries = 0\n" };
        let others = format!("[ensemble.files]\n\"plumed.dat\" = \"plumed.dat\"\n[limits]\n{retries}{limits}");
        let mdp = MDP.replace("nsteps = 40", &format!("nsteps = {STEPS}\ncheckpoint-every = 200"));
        let standing = Standing::with(count, keys, &others, &mdp);
        fs::write(standing.campaign.path("plumed.dat"), plumed).unwrap();
        // The head of a shared library.
        let head = [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], &[3, 0], &[0; 46]].concat();
        fs::write(standing.campaign.path("libplumedKernel.so"), head).unwrap();
        let kernel = standing.campaign.path("libplumedKernel.so").display().to_string();
        let biased = Self { standing, kernel, first: count.min(2) };
        biased.moods(&[]);
        biased
    }

    fn moods(&self, moods: &[(&str, &str)]) {
        self.standing.moods(&[&[("plumed", "yes")], moods].concat());
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.standing.campaign.start_with(0, arguments, &[("PLUMED_KERNEL", &self.kernel)]).end()
    }

    /// The first run, in which all replicas crash (but the first of several, so that the campaign goes on), and the next one, in which they
    /// come to their end.
    fn crash_and_go_on(&self, meanwhile: impl FnOnce(&Self)) {
        let crashing: Vec<(String, &str)> = (self.first..=9).map(|seed| (seed.to_string(), "crash")).collect();
        self.moods(&crashing.iter().map(|(seed, mood)| (seed.as_str(), *mood)).collect::<Vec<_>>());
        self.run(&["--keep-journal"]);
        meanwhile(self);
        self.run(&["--retry-failed"]).expect(0, &[", 0 failed"]);
    }

    fn read(&self, place: &str, name: &str) -> String {
        fs::read_to_string(self.standing.file(place, name)).unwrap()
    }

    /// The rows of a file, without headers.
    fn rows(&self, place: &str, name: &str) -> Vec<Vec<f64>> {
        let text = self.read(place, name);
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.map(|row| row.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect()
    }

    /// Which checkpoint the second start went on from.
    fn went_on_from(&self, place: &str) -> Option<String> {
        option(&self.standing.calls(place, "mdrun")[1], "-cpi").map(str::to_owned)
    }

    /// Checks that a replica's rows are those of a whole run: every time once, every kernel or hill once, and as many of them in the bias.
    fn check_whole(&self, place: &str, kernels: &str) {
        let steps: Vec<usize> = self.rows(place, kernels).iter().map(|row| (row[0] / 0.002).round() as usize).collect();
        assert_eq!(steps, (1..=STEPS / 20).map(|k| 20 * k).collect::<Vec<_>>(), "{kernels} of {place}");
        let colvar = self.rows(place, "COLVAR");
        let steps: Vec<usize> = colvar.iter().map(|row| (row[0] / 0.002).round() as usize).collect();
        assert!(
            colvar.iter().zip(&steps).all(|(row, step)| row[3] == (step / 20) as f64),
            "kernels in the bias of {place}"
        );
        assert_eq!(steps, (0..=STEPS).collect::<Vec<_>>(), "COLVAR of {place}");
        assert!(self.read(place, "COLVAR").lines().all(|line| !line[1..].contains("#!")));
    }

    fn note(&self, replica: usize) -> String {
        strings(&self.standing.campaign, "/run/replicas/notes")[replica].clone()
    }
}

/// The bias of an undisturbed run at its end.
fn undisturbed(plumed: &str) -> Vec<f64> {
    let biased = Biased::new(1, plumed);
    biased.run(&[]).expect(0, &["1 of 1 tasks done"]);
    biased.check_whole("1", if plumed.contains("OPES") { "KERNELS" } else { "HILLS" });
    biased.rows("1", "COLVAR").iter().map(|row| row[2]).collect()
}

#[test]
fn what_a_kill_leaves_is_cut_to_whole_rows_of_the_checkpoint() {
    let biased = Biased::new(1, OPES);
    biased.crash_and_go_on(|biased| {
        // It has been started often before.
        (0..101).for_each(|k| fs::write(biased.standing.file("1", &format!("bck.{k}.PLUMED.OUT")), "").unwrap());
        let left = biased.read("1", "COLVAR");
        assert!(!left.ends_with('\n'), "the stand-in loses what is in its buffer");
        assert_eq!(biased.rows("1", "KERNELS").len(), 15);
    });
    assert_eq!(biased.went_on_from("1").as_deref(), Some("run.cpt"));
    biased.check_whole("1", "KERNELS");
    let bias: Vec<f64> = biased.rows("1", "COLVAR").iter().map(|row| row[2]).collect();
    assert_eq!(bias, undisturbed(OPES), "the bias goes on to the last printed digit");
    assert_eq!(biased.note(0), "", "nothing happened that has to be said");
}

#[test]
fn hills_and_kernels_of_a_discarded_piece_do_not_count_twice() {
    let metad = "phi: TORSION ATOMS=5,7,9,15\nMETAD ARG=phi PACE=20 HEIGHT=1 SIGMA=0.3\nPRINT FILE=COLVAR STRIDE=1\n";
    let stateless = OPES.replace(" STATE_WFILE=STATE STATE_RFILE=STATE", "");
    for (plumed, file) in [(metad, "HILLS"), (stateless.as_str(), "KERNELS")] {
        let biased = Biased::new(1, plumed);
        biased.crash_and_go_on(|_| {});
        biased.check_whole("1", file);
        let bias = biased.rows("1", "COLVAR").last().unwrap()[2];
        assert!((bias - undisturbed(plumed)[STEPS]).abs() < 2e-6, "{file}: {bias}");
    }
}

#[test]
fn a_state_that_is_missing_empty_cut_or_of_another_step_is_rebuilt() {
    let biased = Biased::new(7, OPES);
    biased.crash_and_go_on(|biased| {
        let state = biased.standing.file("2", "STATE");
        let text = fs::read_to_string(&state).unwrap();
        fs::remove_file(&state).unwrap();
        fs::write(biased.standing.file("3", "STATE"), "").unwrap();
        // Whole rows, but not all of them; then a row that is cut.
        let rows: Vec<&str> = text.lines().collect();
        fs::write(biased.standing.file("4", "STATE"), rows[..rows.len() - 3].join("\n") + "\n").unwrap();
        fs::write(biased.standing.file("5", "STATE"), &text[..text.len() - 9]).unwrap();
        // That of a later step, in whose place PLUMED left the right one.
        fs::rename(biased.standing.file("6", "STATE"), biased.standing.file("6", "bck.last.STATE")).unwrap();
        fs::write(biased.standing.file("6", "STATE"), text.replace(" 0.402 ", " 0.582 ")).unwrap();
    });
    for place in ["2", "3", "4", "5", "6", "7"] {
        biased.check_whole(place, "KERNELS");
        assert_eq!(biased.went_on_from(place).as_deref(), Some("run.cpt"), "{place}");
        assert_eq!(biased.rows(place, "COLVAR").last(), biased.rows("7", "COLVAR").last(), "{place}");
    }
    for replica in 1..5 {
        assert_eq!(biased.note(replica), "PLUMED's state at step 200 was rebuilt from all 10 kernels of KERNELS");
    }
    assert_eq!(biased.note(5), "PLUMED's state was restored from bck.last.STATE");
}

#[test]
fn a_run_that_is_stopped_goes_on_from_its_last_step_though_plumed_wrote_no_state_there() {
    // It stops at step 305 with a checkpoint: STATE is of step 201, and of none at all where it stops before.
    let biased = Biased::new(1, OPES);
    biased.moods(&[("1", "partial")]);
    biased.run(&["--keep-journal"]).expect(2, &["1 failed"]);
    biased.run(&["--retry-failed"]).expect(0, &["1 of 1 tasks done"]);
    assert_eq!(biased.note(0), "PLUMED's state at step 305 was rebuilt from STATE of step 201 and 5 kernels since");
    biased.check_whole("1", "KERNELS");
    assert_eq!(biased.rows("1", "COLVAR").last().unwrap()[2], undisturbed(OPES)[STEPS]);
    assert!(biased.standing.steps("1") == (1..=STEPS as u64).collect::<Vec<_>>(), "no step was run twice");
}

#[test]
fn widths_that_are_measured_go_on_from_the_checkpoint_before_or_begin_again() {
    let adaptive = OPES.replace(" SIGMA=0.3", "");
    let biased = Biased::new(3, &adaptive);
    // At the end there is a checkpoint of step 305 without a state, and before it that of step 200.
    biased.moods(&[("2", "partial"), ("3", "partial")]);
    biased.run(&["--keep-journal"]).expect(2, &["2 failed"]);
    fs::remove_file(biased.standing.file("3", "STATE")).unwrap();
    biased.run(&["--retry-failed"]).expect(0, &["3 of 3 tasks done"]);
    let calls = [biased.went_on_from("2"), biased.went_on_from("3")];
    assert_eq!(calls, [Some("run_prev.cpt".to_owned()), None]);
    assert!(
        biased.note(1).contains("run.cpt is from 0.61 ps (step 305) and PLUMED's STATE is from 0.402 ps, step 201")
    );
    assert!(biased.note(1).ends_with("it continues from run_prev.cpt at step 200"), "{}", biased.note(1));
    assert!(biased.note(2).contains("PLUMED's STATE is missing") && biased.note(2).ends_with("starts again"));
    biased.check_whole("2", "KERNELS");
    biased.check_whole("3", "KERNELS");
    // What could not be used is not taken for the checkpoint before the next one.
    assert!(biased.standing.file("2", "run.unused.cpt").is_file());
}

#[test]
fn a_state_without_some_of_its_kernels_is_doubted() {
    // Nothing but STATE tells of adaptive widths: the checkpoint before is better, and this one better than none.
    let biased = Biased::new(1, &OPES.replace(" SIGMA=0.3", ""));
    biased.crash_and_go_on(|biased| {
        let text = biased.read("1", "STATE");
        let rows: Vec<&str> = text.lines().collect();
        fs::write(biased.standing.file("1", "STATE"), rows[..rows.len() - 3].join("\n") + "\n").unwrap();
        fs::remove_file(biased.standing.file("1", "KERNELS")).unwrap();
    });
    assert_eq!(biased.went_on_from("1").as_deref(), Some("run.cpt"));
    assert!(biased.note(0).contains("kernels seem to be missing in PLUMED's STATE"), "{}", biased.note(0));
}

#[test]
fn states_of_neighbouring_steps_alone_are_taken() {
    // Off by 3 steps of 200, 0.006 ps; adaptive widths cannot be rebuilt.
    let biased = Biased::new(1, &OPES.replace(" SIGMA=0.3", ""));
    biased.crash_and_go_on(|biased| {
        let text = biased.read("1", "STATE");
        fs::write(biased.standing.file("1", "STATE"), text.replace(" 0.402 ", " 0.396 ")).unwrap();
    });
    assert_eq!(biased.went_on_from("1"), None);
    assert!(biased.note(0).contains("PLUMED's STATE is from 0.396 ps, step 198"), "{}", biased.note(0));
    biased.check_whole("1", "KERNELS");
}

#[test]
fn checkpoints_come_often_enough_for_the_time_that_is_left() {
    let interval = |keys: &str, limits: &str| -> f64 {
        let biased = Biased::with(1, OPES, &format!("plumed = \"plumed.dat\"\n{keys}"), limits);
        biased.run(&[]).expect(0, &["1 of 1 tasks done"]);
        let call = &biased.standing.calls("1", "mdrun")[0];
        let given = call["args"].as_array().unwrap().iter().filter(|word| *word == "-cpt").count();
        assert_eq!(given, 1);
        option(call, "-cpt").unwrap().parse().unwrap()
    };
    assert_eq!(interval("", ""), 5.0);
    assert_eq!(interval("", "walltime_s = 86400.0"), 5.0);
    let minutes = interval("", "walltime_s = 600.0");
    assert!((0.9..=1.0).contains(&minutes), "{minutes}");
    assert_eq!(interval("mdrun_args = [\"-cpt\", \"7\"]", "walltime_s = 600.0"), 7.0);
    let unbiased = Standing::new(1, "");
    unbiased.campaign.run(0, &[]).expect(0, &[]);
    assert_eq!(option(&unbiased.calls("1", "mdrun")[0], "-cpt"), None);
}

#[test]
fn plumeds_own_words_are_told_and_its_errors_are_not_tried_again() {
    let biased = Biased::with(2, OPES, "plumed = \"plumed.dat\"", "max_retries = 2");
    let campaign = &biased.standing.campaign;
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("\"plumed.dat\" = \"plumed.dat\"", "\"plumed.dat\" = \"plumed.dat.j2\""));
    let misspelt = OPES.replace("OPES_METAD", "{% if seed == 2 %}OPSE{% else %}OPES{% endif %}_METAD");
    fs::write(campaign.path("plumed.dat.j2"), misspelt).unwrap();
    biased.run(&[]).expect(2, &["1 of 2 tasks done, 1 failed"]);
    assert_eq!(biased.standing.calls("2", "mdrun").len(), 1);
    let error = &strings(campaign, "/run/tasks/error")[1];
    assert!(error.starts_with("input refused: mdrun of seed 2 ended with exit code 1: An error occurred"), "{error}");
    assert!(error.contains("Action \"OPSE_METAD\" is not known. | (check the spelling"), "{error}");
}

#[test]
fn the_example_has_no_fault_and_its_files_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let biased = Biased::new(1, OPES);
    let campaign = &biased.standing.campaign;
    fs::create_dir(campaign.path("opes")).unwrap();
    for name in ["ala2.gro", "ala2.top", "opes/md.mdp.j2", "opes/plumed.dat"] {
        fs::copy(root.join(name), campaign.path(name)).unwrap();
    }
    let config = fs::read_to_string(root.join("opes/opes.toml")).unwrap();
    let program = campaign.path("bin/gmx").display().to_string();
    let config = config.replace("[ensemble.gromacs]", &format!("[ensemble.gromacs]\nbinary = \"{program}\""));
    fs::write(campaign.path("opes/opes.toml"), config).unwrap();
    let checked = Command::new(simmpi())
        .args(["check", "opes/opes.toml"])
        .current_dir(campaign.path(""))
        .env("PLUMED_KERNEL", &biased.kernel)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(said.contains("no errors found") && !said.contains("warning"), "{said}");
    assert!(said.contains("by PLUMED in run"), "{said}");
}

#[test]
fn an_input_that_would_not_go_on_is_warned_of() {
    let biased = Biased::new(1, &OPES.replace("STATE_RFILE=STATE", "STATE_RFILE=OTHER"));
    biased.run(&[]).expect(0, &["warning: OPES restarts from OTHER (STATE_RFILE) but writes STATE (STATE_WFILE)"]);
}

#[test]
fn only_the_stage_that_names_it_is_biased() {
    let stage = |em: &str, run: &str| {
        let em = format!("{{ name = \"em\", mdp = \"em.mdp\"{em} }}");
        format!("stage = [{em}, {{ name = \"run\", mdp = \"run.mdp.j2\"{run} }}]")
    };
    let biased = Biased::with(1, OPES, &stage("", ", plumed = \"plumed.dat\""), "");
    fs::write(biased.standing.campaign.path("em.mdp"), "integrator = steep\nnsteps = 4\n").unwrap();
    biased.run(&[]).expect(0, &["1 of 1 tasks done"]);
    let given: Vec<Option<String>> =
        biased.standing.calls("1", "mdrun").iter().map(|call| option(call, "-plumed").map(str::to_owned)).collect();
    assert_eq!(given, [None, Some("plumed.dat".into())]);
    let biased = Biased::with(1, OPES, &format!("plumed = \"plumed.dat\"\n{}", stage("", "")), "");
    biased.run(&[]).expect(
        78,
        &["with several stages `plumed` must be set in the one that PLUMED biases", "plumed = \"plumed.dat\" }"],
    );
    let biased = Biased::with(1, OPES, &stage("", ", plumed = \"other.dat\""), "");
    biased.run(&[]).expect(78, &["`other.dat` is not a file in the folder of the replica"]);
}

#[test]
fn plumeds_library_is_looked_at_before_anything_runs() {
    let biased = Biased::new(1, OPES);
    let campaign = &biased.standing.campaign;
    let refused = |kernel: &str, said: &[&str]| {
        campaign.start_with(0, &[], &[("PLUMED_KERNEL", kernel)]).end().expect(78, said);
        assert!(!campaign.path("replicas").exists());
    };
    let script = campaign.path("plumed").display().to_string();
    fs::write(&script, "#!/bin/sh\n").unwrap();
    refused("", &["PLUMED_KERNEL does not name PLUMED's library: it is not set", "mpirun -x PLUMED_KERNEL"]);
    refused("libplumedKernel.so", &["`libplumedKernel.so`, a relative path", "absolute path"]);
    refused(&format!("{script}.so"), &["PLUMED_KERNEL does not name PLUMED's library: `", "was not found"]);
    refused(&script, &["not a shared library (ELF)"]);
    biased.standing.moods(&[]);
    refused(&biased.kernel, &["this mdrun has no option -plumed"]);
}

#[test]
fn version_and_library_of_plumed_are_recorded_and_old_ones_are_warned_of() {
    let biased = Biased::new(2, OPES);
    biased.moods(&[("plumed-version", "2.9.2")]);
    biased.run(&[]).expect(0, &["2 of 2 tasks done"]);
    let attributes = support::replicas::reader(&biased.standing.campaign).attributes("/run/replicas").unwrap();
    for name in ["plumed_version", "plumed_kernel", "plumed_kernel_sha256"] {
        assert!(attributes.contains_key(name), "{name}: {:?}", attributes.keys());
    }
    assert!(format!("{:?}", attributes["plumed_version"]).contains("2.9.2"));
    assert!(
        biased.note(0).contains("PLUMED 2.9.2 writes STATE at every step, which slows mdrun down"),
        "{}",
        biased.note(0)
    );
    let biased = Biased::new(1, OPES);
    biased.run(&[]).expect(0, &["1 of 1 tasks done"]);
    assert_eq!(biased.note(0), "");
}
