//! Expansions by real programs, and by a fake one that fails in every way: through configuration, supervisor, ranks and journal. Tests of a
//! program that is not installed are skipped; `ci/setup.sh --tests` installs psi4, NWChem and xtb.
#![allow(clippy::unwrap_used)]
mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use simmpi::results::Reader;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use support::replicas::wait_until;
use support::skip::are_installed;
use support::{Campaign, flat, reference, simmpi};

/// A campaign on the molecule of a reference, all treatments, all orders.
fn of_reference(reference: &Value, level: &str, driver: &str) -> Campaign {
    let molecule = &reference["molecule"];
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[limits]\ntask_timeout_s = 60.0\n[fragments]\nmolecule = \"molecule.json\"\ndriver = \"{driver}\"\n\
         bsse = [\"nocp\", \"cp\", \"vmfc\"]\nmax_order = {}\ntotal = true\n[[fragments.level]]\n{level}\n",
        reference["max_nbody"]
    );
    let campaign = Campaign::with(simmpi(), &config);
    fs::write(campaign.path("molecule.json"), molecule.to_string()).unwrap();
    campaign
}

fn energies(campaign: &Campaign, bsse: &str) -> Vec<f64> {
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    file.array::<f64>(&format!("/results/{bsse}/total_energy")).unwrap()
}

/// Checks total energies, and gradients where there are, against those of `expected`.
fn compare(campaign: &Campaign, expected: &Value, tolerance: f64) {
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    for bsse in ["nocp", "cp", "vmfc"] {
        for (k, found) in energies(campaign, bsse).into_iter().enumerate() {
            let name = format!("{bsse}_corrected_total_energy_through_{}_body", k + 1);
            let expected = expected[&name].as_f64().unwrap();
            assert!((found - expected).abs() < tolerance, "{name}: {found} and not {expected}");
        }
        if let Ok(found) = file.array::<f64>(&format!("/results/{bsse}/total_gradient")) {
            // Where single fragments have no gradient QCManyBody tells interactions alone.
            let gradients = ["total", "interaction"].map(|what| &expected[format!("{bsse}_corrected_{what}_gradient")]);
            let expected = flat(gradients.into_iter().find(|gradient| !gradient.is_null()).unwrap());
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{bsse} gradient: {found} and not {expected}");
            }
        }
    }
}

#[test]
fn psi4_and_nwchem_give_the_same_expansion_of_the_water_trimer() {
    let reference = reference::json("qcmanybody/ref_h2o3__6-31gs__nocp-cp-vmfc__3b.json");
    for engine in ["psi4", "nwchem"].into_iter().filter(|engine| are_installed(&[engine])) {
        let campaign =
            of_reference(&reference, &format!("engine = \"{engine}\"\nmethod = \"hf\"\nbasis = \"6-31g*\""), "energy");
        campaign.run(2, &[]).expect(0, &["19 of 19 tasks done"]);
        compare(&campaign, &reference["expected"]["rhf"], 5e-8);
    }
}

#[test]
fn references_of_pyscf_hold_through_psi4() {
    if !are_installed(&["psi4"]) {
        return;
    }
    for (name, basis, method, driver) in [
        ("ref_fhfhhhe_charged__sto-3g__nocp-cp-vmfc__4b.json", "sto-3g", "mp2", "energy"),
        ("ref_h2o3__sto-3g__nocp-cp-vmfc__3b__grad.json", "sto-3g", "hf", "gradient"),
        ("ref_he4__6-31g__nocp-cp-vmfc__4b__grad.json", "6-31g", "hf", "gradient"),
    ] {
        let reference = reference::json(&format!("qcmanybody/{name}"));
        let level = format!("engine = \"psi4\"\nmethod = \"{method}\"\nbasis = \"{basis}\"");
        let campaign = of_reference(&reference, &level, driver);
        campaign.run(2, &["--progress", "none"]).expect(0, &[]);
        let set = if method == "hf" { "rhf" } else { method };
        compare(&campaign, &reference["expected"][set], 1e-7);
    }
}

/// Atoms of an xyz file in angstrom, three molecules of water.
fn waters() -> Vec<String> {
    let text = include_str!("fragments/water3.xyz");
    text.lines().skip(2).filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

#[test]
fn xtb_gives_what_its_own_command_line_gives() {
    if !are_installed(&["xtb"]) {
        return;
    }
    let atoms = waters();
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"\"\"\n{}\n\"\"\"\nbsse = [\"nocp\"]\nmax_order = 3\ntotal = true\n\
         [[fragments.level]]\nengine = \"xtb\"\nmethod = \"gfn2-xtb\"\n",
        atoms.join("\n")
    );
    let campaign = Campaign::with(simmpi(), &config);
    campaign.run(2, &[]).expect(0, &["7 of 7 tasks done"]);
    let by_hand = |atoms: &[String]| -> f64 {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.xyz"), format!("{}\n\n{}\n", atoms.len(), atoms.join("\n"))).unwrap();
        let run = Command::new("xtb").args(["x.xyz", "--gfn", "2"]).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        let line = said.lines().find(|line| line.contains("TOTAL ENERGY")).unwrap();
        line.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
    };
    let found = energies(&campaign, "nocp");
    let alone: f64 = atoms.chunks(3).map(by_hand).sum();
    assert!((found[0] - alone).abs() < 1e-8, "{} and not {alone}", found[0]);
    let whole = by_hand(&atoms);
    assert!((found[2] - whole).abs() < 1e-8, "{} and not {whole}", found[2]);
}

/// A program that reads and writes QCSchema. Its energy is made up; how it fails is read from the file `mood` next to it: a word for each task of
/// so many real atoms.
const FAKE: &str = r#"
import json, os, signal, subprocess, sys, time
task = json.load(open(sys.argv[1]))
molecule = task["molecule"]
real = [k for k, is_real in enumerate(molecule["real"]) if is_real]
folder = os.path.dirname(os.path.abspath(__file__))
mood = json.load(open(os.path.join(folder, "mood"))).get(str(len(real)), "well")
energy = -1.0 * len(real) - 0.01 * len(real) ** 2 - 0.001 * len(molecule["real"])
result = {"success": True, "return_result": energy, "properties": {"return_energy": energy}}
def error(kind, text):
    return {"success": False, "error": {"error_type": kind, "error_message": text}}
if mood == "slow":
    time.sleep(0.3)
elif mood == "hang":
    subprocess.Popen(["sleep", "4321"], start_new_session=True)
    time.sleep(4321)
elif mood == "once":
    try:
        os.mkdir(os.path.join(folder, "once-" + "-".join(str(x) for x in molecule["geometry"][3 * real[0]:][:3])))
        os.kill(os.getpid(), signal.SIGSEGV)
    except FileExistsError:
        pass
elif mood == "late":
    time.sleep(1)
    name = os.path.join(folder, "late-" + "-".join(str(x) for x in molecule["geometry"][3 * real[0]:][:3]))
    if not os.path.exists(name):
        os.mkdir(name)
        result = error("convergence_error", "50 iterations")
elif mood == "shift" and not task["keywords"].get("shift"):
    result = error("convergence_error", "50 iterations")
elif mood == "input":
    open(os.path.join(folder, "asked"), "a").write("x")
    result = error("input_error", "no such basis")
elif mood == "nan":
    result["return_result"] = float("nan")
json.dump(result, open(sys.argv[2], "w"))
"#;

/// Four helium atoms, pairs, by the fake program.
fn fake(moods: &str, more: &str) -> Campaign {
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[limits]\ntask_timeout_s = 2.0\n[fragments]\natoms = \"\"\"\nHe 0 0 0\nHe 3 0 0\nHe 0 3 0\nHe 0 0 3\n\"\"\"\n\
         bsse = [\"nocp\"]\nmax_order = 2\ntotal = true\n[[fragments.level]]\nengine = \"command\"\nmethod = \"any\"\n\
         command = [\"python3\", \"fake.py\", \"{{input}}\", \"{{output}}\"]\n{more}\n"
    );
    let campaign = Campaign::with(simmpi(), &config);
    fs::write(campaign.path("fake.py"), FAKE).unwrap();
    campaign.set_mood(moods);
    campaign
}

trait Moody {
    fn set_mood(&self, moods: &str);
    fn errors(&self) -> Vec<String>;
}

impl Moody for Campaign {
    fn set_mood(&self, moods: &str) {
        fs::write(self.path("mood"), moods).unwrap();
    }

    fn errors(&self) -> Vec<String> {
        let file = Reader::open_results(&self.path("results.h5")).unwrap();
        file.strings("/run/tasks/error").unwrap().into_iter().filter(|error| !error.is_empty()).collect()
    }
}

/// What the fake gives through pairs: four atoms and six pairs.
fn pairs() -> f64 {
    let energy = |n: f64| -n - 0.01 * n * n - 0.001 * n;
    4.0 * energy(1.0) + 6.0 * (energy(2.0) - 2.0 * energy(1.0))
}

#[test]
fn a_program_that_crashes_once_is_tried_again() {
    let campaign = fake(r#"{"2": "once"}"#, "");
    campaign.run(2, &[]).expect(0, &["10 of 10 tasks done"]);
    assert!((energies(&campaign, "nocp")[1] - pairs()).abs() < 1e-12);
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let attempts = file.array::<u64>("/run/tasks/attempts").unwrap();
    assert_eq!(attempts.iter().filter(|&&attempts| attempts == 2).count(), 3, "{attempts:?}");
}

#[test]
fn a_program_that_a_launcher_starts_finds_its_files_on_every_node() {
    let campaign = fake("{}", "ranks = 2\nthreads = 300\nlauncher = [\"./launch\", \"{ranks}\", \"{threads}\"]");
    let launch = "#!/bin/sh\necho $1 $2 $PWD >>\"$(dirname \"$0\")/launches\"\nshift 2\nexec \"$@\"\n";
    fs::write(campaign.path("launch"), launch).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(campaign.path("launch"), executable).unwrap();
    campaign.run(2, &[]).expect(0, &["10 of 10 tasks done, 0 failed"]);
    assert!((energies(&campaign, "nocp")[1] - pairs()).abs() < 1e-12);
    let launches = fs::read_to_string(campaign.path("launches")).unwrap();
    let scratch = format!("2 300 {}/scratch/simmpi-", campaign.path("results.h5.journal").display());
    assert!(launches.lines().count() == 10 && launches.lines().all(|line| line.starts_with(&scratch)), "{launches}");
    assert!(!campaign.path("results.h5.journal").exists());
}

#[test]
fn a_program_that_fails_while_the_run_is_stopping_is_tried_again_later() {
    let campaign = fake(r#"{"1": "late"}"#, "");
    let running = campaign.start(0, &[]);
    wait_until(|| runs(&format!("python3 {}", campaign.path("fake.py").display())));
    kill(Pid::from_raw(running.child.id() as i32), Signal::SIGUSR1).unwrap();
    running.end().expect(75, &["0 failed, 10 are left", "failed while the run was stopping", "not converged"]);
    // What does not converge is no more tried again than without a stop, but by then it has been.
    let tried = fs::read_dir(campaign.folder.path()).unwrap().flatten();
    assert_eq!(tried.filter(|entry| entry.file_name().to_string_lossy().starts_with("late-")).count(), 1);
    campaign.set_mood("{}");
    campaign.run(2, &[]).expect(0, &["10 of 10 tasks done, 0 failed"]);
    assert!((energies(&campaign, "nocp")[1] - pairs()).abs() < 1e-12);
}

#[test]
fn what_does_not_converge_is_tried_with_other_keywords() {
    let retry = "[[fragments.level.retry]]\nkeywords = { shift = false }\n[[fragments.level.retry]]\nkeywords = { shift = true }";
    let campaign = fake(r#"{"2": "shift"}"#, retry);
    campaign.run(2, &[]).expect(0, &[]);
    assert!((energies(&campaign, "nocp")[1] - pairs()).abs() < 1e-12);
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    assert_eq!(file.array::<u64>("/run/retried/retry").unwrap(), [2; 6]);
    let without = fake(r#"{"2": "shift"}"#, "");
    without.run(2, &[]).expect(2, &["6 failed"]);
    assert!(without.errors()[0].contains("not converged"), "{:?}", without.errors());
}

#[test]
fn failed_tasks_leave_the_rest_and_can_be_mended() {
    let campaign = fake(r#"{"2": "input"}"#, "");
    campaign.run(2, &[]).expect(2, &["6 failed"]);
    assert_eq!(fs::read_to_string(campaign.path("asked")).unwrap().len(), 6, "a refused input is not tried again");
    assert!(campaign.errors()[0].contains("no such basis"), "{:?}", campaign.errors());
    let found = energies(&campaign, "nocp");
    assert!(found[0].is_finite() && found[1].is_nan());
    campaign.set_mood("{}");
    campaign.run(3, &["--retry-failed"]).expect(0, &["6 tasks in", "4 done before"]);
    assert!((energies(&campaign, "nocp")[1] - pairs()).abs() < 1e-12);
    campaign.set_mood(r#"{"2": "nan"}"#);
    campaign.run(1, &["--fresh"]).expect(2, &["6 failed"]);
}

/// Whether a process of this command line runs.
fn runs(line: &str) -> bool {
    let text = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).ok();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(text)
        .any(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " ").contains(line))
}

#[test]
fn a_program_that_hangs_is_ended_with_all_it_started() {
    let campaign = fake(r#"{"2": "hang"}"#, "");
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("task_timeout_s = 2.0", "task_timeout_s = 2.0\nmax_retries = 0"));
    campaign.run(2, &[]).expect(2, &["6 failed"]);
    assert!(campaign.errors()[0].contains("limit of 2 s"), "{:?}", campaign.errors());
    assert!(!runs("sleep 4321 "));
}

#[test]
fn a_rank_that_is_killed_loses_its_running_task_alone() {
    let whole = fake("{}", "");
    whole.run(1, &[]).expect(0, &[]);
    let campaign = fake(r#"{"1": "slow", "2": "slow"}"#, "");
    let running = campaign.start(2, &[]);
    campaign.wait_for_records(1);
    campaign.kill(1);
    running.end();
    let since = Instant::now();
    let fake = campaign.path("fake.py").display().to_string();
    while runs(&fake) {
        assert!(since.elapsed() < Duration::from_secs(20), "a program outlives its rank");
        std::thread::sleep(Duration::from_millis(50));
    }
    campaign.set_mood("{}");
    campaign.run(3, &[]).expect(0, &["done before"]);
    assert_eq!(energies(&campaign, "nocp"), energies(&whole, "nocp"));
}

#[test]
fn a_program_that_is_not_there_is_found_by_check() {
    let campaign = fake("{}", "");
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("\"python3\", \"fake.py\"", "\"no-such-program\""));
    campaign.run(0, &[]).expect(78, &["no-such-program", "PATH", "config.toml:"]);
    campaign.write(
        &config.replace("engine = \"command\"", "engine = \"psi4\"").replace("command = ", "basis = \"6-31g\" # "),
    );
    let check =
        Command::new(simmpi()).arg("check").arg(campaign.path("config.toml")).env("PATH", "/nowhere").output().unwrap();
    let said = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    assert_eq!(check.status.code(), Some(78), "{said}");
    assert!(said.contains("psi4") && said.contains("apt-get install psi4"), "{said}");
}

#[test]
fn all_first_tasks_failing_alike_stop_the_campaign() {
    let campaign = fake(r#"{"1": "input", "2": "input"}"#, "");
    campaign.run(2, &[]).expect(75, &["the first task of every rank failed alike", "no such basis"]);
}

#[test]
fn a_changed_program_is_another_campaign() {
    let campaign = fake("{}", "");
    campaign.run(1, &[]).expect(0, &[]);
    let path: PathBuf = campaign.path("fake.py");
    fs::write(&path, FAKE.replace("0.01", "0.02")).unwrap();
    campaign.run(1, &[]).expect(73, &["fragments.level.0.version"]);
}

/// A ManyBodyInput whose first level has a method that the engine nwchem does not translate.
const COUPLED_CLUSTER: &str = r#"{"schema_name": "qcschema_manybodyinput",
 "molecule": {"symbols": ["Ne", "Ne"], "geometry": [0, 0, 0, 0, 0, 4], "fragments": [[0], [1]]},
 "specification": {"driver": "energy",
  "keywords": {"levels": {"1": "big", "2": "small"}},
  "specification": {
   "big": {"program": "nwchem", "model": {"method": "ccsd", "basis": "cc-pvtz"}},
   "small": {"program": "psi4", "model": {"method": "mp2", "basis": "cc-pvdz"}}}}}"#;

#[test]
fn a_level_of_a_file_that_needs_qcengine_is_reported_with_its_position_and_a_remedy() {
    let campaign = Campaign::with(simmpi(), "[campaign]\nkind = \"fragments\"\n[fragments]\ninput = \"m.json\"\n");
    fs::write(campaign.path("m.json"), COUPLED_CLUSTER).unwrap();
    let check =
        Command::new(simmpi()).arg("check").arg(campaign.path("config.toml")).env("PATH", "/nowhere").output().unwrap();
    let said = String::from_utf8_lossy(&check.stderr).into_owned() + &String::from_utf8_lossy(&check.stdout);
    assert_eq!(check.status.code(), Some(78), "{said}");
    for text in [
        "m.json:6:23: specification.specification.big.program: `qcengine` was not found in PATH",
        "QCEngine is used because the engine nwchem does not support `ccsd`",
        "pip install qcengine",
        "hf or mp2 as \"method\", or another \"program\"",
        "m.json:7:25: specification.specification.small.program: `psi4` was not found in PATH",
        "input = \"m.json\"",
    ] {
        assert!(said.contains(text), "`{text}` is missing in:\n{said}");
    }
}

#[test]
fn fragments_whose_electrons_are_all_frozen_cause_a_warning() {
    let config = |level: &str| {
        format!(
            "[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"\"\"\nNa 0 0 2.3\nO 0 0 0\nH 0 0.757 -0.587\nH 0 -0.757 -0.587\n\"\"\"\n\
             fragments = [[0], [1, 2, 3]]\ncharges = [1, 0]\nmax_order = 2\n[[fragments.level]]\n{level}\n"
        )
    };
    let warning = "fragment 0 (Na) has no correlation energy: the frozen core leaves no electrons to correlate";
    let mut levels = vec![("embedded", "method = \"mp2\"\nfrozen_core = true"), ("embedded", "method = \"mp2\"")];
    for engine in ["psi4", "nwchem"].into_iter().filter(|engine| are_installed(&[engine])) {
        levels.push((engine, "method = \"mp2\"\nfrozen_core = true"));
        levels.push((engine, "method = \"hf\"\nfrozen_core = true"));
    }
    for (engine, keys) in levels {
        let text = config(&format!("engine = \"{engine}\"\nbasis = \"def2-svp\"\n{keys}"));
        let said = Campaign::with(simmpi(), &text).tell("check", &[]).expect(0, &["no errors found"]).said;
        assert_eq!(said.contains(warning), keys.contains("mp2\"\nfrozen"), "{engine}, {keys}:\n{said}");
    }
}

#[test]
fn a_core_above_valence_orbitals_of_a_neighbour_is_warned_of() {
    let config = |metal: &str, frozen: bool| {
        format!(
            "[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"\"\"\n{metal} 0 0 0\nF 0 0 2.1\nH 0 0 3.02\n\"\"\"\n\
             fragments = [[0], [1, 2]]\ncharges = [1, 0]\nmax_order = 2\n[[fragments.level]]\nengine = \"embedded\"\nmethod = \"mp2\"\n\
             basis = \"def2-svp\"\nfrozen_core = {frozen}\n"
        )
    };
    for (metal, frozen, is_warned) in [("Na", true, true), ("Na", false, false), ("Li", true, false)] {
        let said =
            Campaign::with(simmpi(), &config(metal, frozen)).tell("check", &[]).expect(0, &["no errors found"]).said;
        assert_eq!(said.contains("in Na and F valence orbitals of the second element"), is_warned, "{metal}:\n{said}");
    }
}
