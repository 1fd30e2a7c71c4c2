//! Expansions by the embedded engine against PySCF 2.14, through configuration, ranks, journal and HDF5.
#![allow(clippy::unwrap_used)]
mod support;

use serde_json::Value;
use simmpi::results::Reader;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Campaign, LIMIT, flat, reference, simmpi};

/// Energies of Hartree-Fock agree to this, Eh; those of MP2 to ten times as much, since PySCF's orbitals are converged less tightly.
const ENERGY: f64 = 1e-8;
/// Eh/bohr.
const GRADIENT: f64 = 1e-6;

/// A campaign on the molecule of a reference, all treatments, all orders.
fn of_reference(reference: &Value, method: &str, driver: &str) -> Campaign {
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[fragments]\nmolecule = \"molecule.json\"\ndriver = \"{driver}\"\n\
         bsse = [\"nocp\", \"cp\", \"vmfc\"]\nmax_order = {}\ntotal = true\n\
         [[fragments.level]]\nengine = \"embedded\"\nmethod = \"{method}\"\nbasis = {}\n",
        reference["max_nbody"], reference["basis"]
    );
    let campaign = Campaign::with(simmpi(), &config);
    fs::write(campaign.path("molecule.json"), reference["molecule"].to_string()).unwrap();
    campaign
}

fn read(campaign: &Campaign, item: &str) -> Vec<f64> {
    Reader::open_results(&campaign.path("results.h5")).unwrap().array(item).unwrap()
}

/// Fragments of a label, as JSON lists them.
fn list(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn compare(name: &str, campaign: &Campaign, reference: &Value, set: &str) {
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let strings = |item: &str| file.strings(item).unwrap();
    let (real, basis) = (strings("/results/tasks/real"), strings("/results/tasks/basis"));
    let energies = file.array::<f64>("/results/tasks/energy").unwrap();
    let tasks = reference["tasks"].as_array().unwrap();
    assert_eq!(energies.len(), tasks.len(), "{name}");
    for ((real, basis), energy) in real.iter().zip(&basis).zip(energies) {
        let is_it = |task: &&Value| task["real_fragments"] == list(real) && task["basis_fragments"] == list(basis);
        let expected = tasks.iter().find(is_it).unwrap()[format!("{set}_energy")].as_f64().unwrap();
        let tolerance = if set == "mp2" { 10.0 * ENERGY } else { ENERGY };
        assert!((energy - expected).abs() < tolerance, "{name} {set} {real}@{basis}: {energy} and not {expected}");
    }
    let expected = &reference["expected"][set];
    for bsse in ["nocp", "cp", "vmfc"] {
        for (k, found) in file.array::<f64>(&format!("/results/{bsse}/total_energy")).unwrap().into_iter().enumerate() {
            let property = format!("{bsse}_corrected_total_energy_through_{}_body", k + 1);
            let expected = expected[&property].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-7, "{name} {property}: {found} and not {expected}");
        }
        if let Ok(found) = file.array::<f64>(&format!("/results/{bsse}/total_gradient")) {
            // Where single fragments have no gradient QCManyBody tells interactions alone.
            let told = ["total", "interaction"].map(|what| &expected[format!("{bsse}_corrected_{what}_gradient")]);
            for (found, expected) in found.iter().zip(flat(told.into_iter().find(|told| !told.is_null()).unwrap())) {
                assert!((found - expected).abs() < GRADIENT, "{name} {bsse} gradient: {found} and not {expected}");
            }
        }
    }
}

#[test]
fn energies_are_those_of_pyscf() {
    for name in [
        "ref_fhfhhhe_charged__sto-3g__nocp-cp-vmfc__4b.json",
        "ref_h2o3__6-31gs__nocp-cp-vmfc__3b.json",
        "ref_h2o3__sto-3g__nocp-cp-vmfc__3b__grad.json",
        "ref_he4__6-31g__nocp-cp-vmfc__4b__grad.json",
    ] {
        let reference = reference::json(&format!("qcmanybody/{name}"));
        for (method, set) in [("hf", "rhf"), ("mp2", "mp2")] {
            let campaign = of_reference(&reference, method, "energy");
            campaign.run(2, &[]).expect(0, &[]);
            compare(name, &campaign, &reference, set);
        }
    }
}

#[test]
fn gradients_are_those_of_pyscf() {
    for (name, method, set) in [
        ("ref_h2o3__sto-3g__nocp-cp-vmfc__3b__grad.json", "hf", "rhf"),
        ("ref_he4__6-31g__nocp-cp-vmfc__4b__grad.json", "hf", "rhf"),
        // By differences of energies, 25 to 49 of them for each task.
        ("ref_he4__6-31g__nocp-cp-vmfc__4b__grad.json", "mp2", "mp2"),
    ] {
        let reference = reference::json(&format!("qcmanybody/{name}"));
        let campaign = of_reference(&reference, method, "gradient");
        campaign.run(2, &["--progress", "none"]).expect(0, &[]);
        compare(name, &campaign, &reference, set);
    }
}

/// Water, lithium and hydroxide: closed and open shells, MP2 in a small basis.
fn open_shells(more: &str) -> Campaign {
    let config = format!(
        "{more}\n[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"\"\"\nO 0 0 0.117\nH 0 0.757 -0.469\nH 0 -0.757 -0.469\n\
         Li 0 0 2.0\nO 2.9 0 0\nH 3.2 0.9 0\n\"\"\"\nfragments = [[0, 1, 2], [3], [4, 5]]\nmultiplicities = [1, 2, 1]\ncharges = [0, 0, -1]\n\
         bsse = [\"cp\", \"vmfc\"]\nmax_order = 3\ntotal = true\n\
         [[fragments.level]]\norder = 1\nengine = \"embedded\"\nmethod = \"mp2\"\nbasis = \"6-31g\"\n\
         [[fragments.level]]\norder = 3\nengine = \"embedded\"\nmethod = \"hf\"\nbasis = \"sto-3g\"\n"
    );
    Campaign::with(simmpi(), &config)
}

#[test]
fn results_are_equal_to_the_last_bit_on_any_number_of_ranks() {
    let one = open_shells("");
    one.run(0, &[]).expect(0, &[]);
    for (ranks, partition) in
        [(2, "[partition]\nbatch_size = 1"), (3, "[partition]\nschedule = \"static\""), (4, "[limits]\nmemory_mb = 40")]
    {
        let other = open_shells(partition);
        other.run(ranks, &[]).expect(0, &[]);
        assert!(other.results_of_numbers() == one.results_of_numbers(), "{ranks} ranks, {partition}");
    }
    let stopped = open_shells("");
    for task in ["3", "0"] {
        stopped.run(0, &["--only", task]).expect(75, &[]);
    }
    stopped.run(2, &[]).expect(0, &["2 done before"]);
    assert!(stopped.results_of_numbers() == one.results_of_numbers());
}

trait Numbers {
    fn results_of_numbers(&self) -> Vec<(String, Vec<u64>)>;
}

impl Numbers for Campaign {
    /// Everything below `/results` that is a number, bit by bit.
    fn results_of_numbers(&self) -> Vec<(String, Vec<u64>)> {
        let file = Reader::open_results(&self.path("results.h5")).unwrap();
        let items = file.items().unwrap().into_iter().filter(|item| item.path.starts_with("/results"));
        let numbers = items.filter_map(|item| {
            let values = file.array::<f64>(&item.path).ok()?;
            Some((item.path, values.into_iter().map(f64::to_bits).collect()))
        });
        numbers.collect()
    }
}

/// Two helium atoms and a configuration of one level.
fn helium(level: &str) -> Campaign {
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"He 0 0 0\\nHe 0 0 2\"\nmax_order = 2\n\
         [[fragments.level]]\nengine = \"embedded\"\n{level}\n"
    );
    Campaign::with(simmpi(), &config)
}

#[test]
fn what_the_engine_cannot_do_is_refused_by_its_key() {
    for (level, text) in [
        ("method = \"b3lyp\"\nbasis = \"sto-3g\"", "does not support the method `b3lyp`"),
        ("method = \"hf\"\nbasis = \"cc-pv9z\"", "`cc-pv9z` is not built in"),
        ("method = \"hf\"", "`basis` is not set"),
        ("method = \"hf\"\nbasis = \"sto-3g\"\ndensity_fitting = true", "does not support density fitting"),
        ("method = \"hf\"\nbasis = \"sto-3g\"\nthreads = 2", "one thread"),
        ("method = \"hf\"\nbasis = \"sto-3g\"\nkeywords = { damping = 1 }", "no keyword `damping`"),
        (
            "method = \"hf\"\nbasis = \"sto-3g\"\n[[fragments.level.retry]]\nkeywords = { guess = \"hcore\" }",
            "cannot be \"hcore\"",
        ),
        ("method = \"hf\"\nbasis_file = \"none.gbs\"", "none.gbs"),
    ] {
        helium(level).run(0, &[]).expect(78, &[text, "config.toml:"]);
    }
    let heavy = helium("method = \"hf\"\nbasis = \"sto-3g\"");
    let config = fs::read_to_string(heavy.path("config.toml")).unwrap();
    heavy.write(&config.replace("He 0 0 2", "Fe 0 0 4"));
    heavy.run(0, &[]).expect(78, &["no functions for Fe"]);
}

#[test]
fn a_basis_set_may_come_from_a_file() {
    let built_in = helium("method = \"mp2\"\nbasis = \"6-31g\"");
    built_in.run(0, &[]).expect(0, &[]);
    let read_in = helium("method = \"mp2\"\nbasis_file = \"own.gbs\"");
    fs::write(read_in.path("own.gbs"), include_str!("../data/basis/6-31g.gbs")).unwrap();
    read_in.run(0, &[]).expect(0, &[]);
    assert_eq!(read(&built_in, "/results/tasks/energy"), read(&read_in, "/results/tasks/energy"));
}

#[test]
fn what_does_not_converge_fails_with_its_history_and_may_be_tried_otherwise() {
    let level = "method = \"hf\"\nbasis = \"6-31g\"\nkeywords = { max_iterations = 2 }";
    let failed = helium(level);
    // Stopped after the first task, or done by then.
    let ended = failed.run(0, &[]);
    assert!([2, 75].contains(&ended.code), "{}", ended.said);
    assert!(["not converged", "2 iterations", "Eh"].iter().all(|text| ended.said.contains(text)), "{}", ended.said);
    let retried = helium(&format!("{level}\n[[fragments.level.retry]]\nkeywords = {{ max_iterations = 50 }}"));
    retried.run(0, &[]).expect(0, &[]);
    let file = Reader::open_results(&retried.path("results.h5")).unwrap();
    assert_eq!(file.array::<u64>("/run/retried/retry").unwrap(), [1, 1, 1]);
}

#[test]
fn too_little_memory_is_told_with_the_figures() {
    let atoms: Vec<&str> = include_str!("fragments/water3.xyz").lines().skip(2).collect();
    let config = format!(
        "[limits]\nmemory_mb = 1\nmax_retries = 0\n[partition]\nbatch_size = 6\n[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"\"\"\n{}\n\"\"\"\nmax_order = 2\n\
         [[fragments.level]]\nengine = \"embedded\"\nmethod = \"hf\"\nbasis = \"cc-pvtz\"\n",
        atoms.join("\n")
    );
    let campaign = Campaign::with(simmpi(), &config);
    // In one batch: when it is known that the first one failed all of them have.
    campaign.run(0, &[]).expect(2, &["6 failed"]);
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let errors = file.strings("/run/tasks/error").unwrap();
    assert!(errors[0].contains("174 basis functions need") && errors[0].contains("memory_mb is 1"), "{errors:?}");
}

#[test]
fn hessians_by_differences_of_gradients_are_those_of_psi4() {
    let Some(mut case) = reference::foreign_json("qcmanybody/case_h2o3_single_hessian_2b.json") else { return };
    case["molecule"]["geometry"] = case["molecule"]["geometry_bohr"].take();
    case["molecule"].as_object_mut().unwrap().remove("geometry_bohr");
    (case["max_nbody"], case["basis"]) = (2.into(), "sto-3g".into());
    let campaign = of_reference(&case, "hf", "hessian");
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("\"nocp\", \"cp\", \"vmfc\"", "\"nocp\", \"vmfc\""));
    campaign.run(2, &["--progress", "none"]).expect(0, &[]);
    for bsse in ["nocp", "vmfc"] {
        let expected = flat(&case["expected_from_qcmanybody_0_8_0"]["hessian_body_dict"][bsse]["2"]);
        let found = read(&campaign, &format!("/results/{bsse}/total_hessian"));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-4, "{bsse}: {found} and not {expected}");
        }
    }
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    let items = file.items().unwrap();
    let hessian = items.iter().find(|item| item.path == "/results/nocp/total_hessian").unwrap();
    assert!(hessian.description.as_ref().unwrap().contains("central differences of gradients"));
}

#[test]
fn an_mp2_hessian_is_symmetric_and_has_no_forces_of_translation() {
    let campaign = helium("method = \"mp2\"\nbasis = \"6-31g\"");
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    campaign.write(&config.replace("max_order", "driver = \"hessian\"\nbsse = [\"nocp\"]\nmax_order"));
    campaign.run(2, &[]).expect(0, &[]);
    let hessian = read(&campaign, "/results/nocp/total_hessian");
    for i in 0..6 {
        let sums: Vec<f64> = (0..3).map(|axis| hessian[6 * i + axis] + hessian[6 * i + axis + 3]).collect();
        assert!(sums.iter().all(|sum| sum.abs() < 1e-5), "{sums:?}");
        assert!((0..6).all(|j| hessian[6 * i + j] == hessian[6 * j + i]));
    }
    // Helium atoms 2 angstrom apart repel, more so when nearer.
    assert!(hessian[6 * 2 + 2] > 1e-3, "{hessian:?}");
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    assert!(file.array::<f64>("/results/nocp/total_gradient").is_err());
}

/// Four waters, all tasks but those of the first order in one basis: so many that ranks which are asked to end, and finish the tasks that
/// they are at, leave some.
fn waters() -> Campaign {
    let mut atoms: Vec<&str> = include_str!("fragments/water3.xyz").lines().skip(2).collect();
    atoms.extend(["O 0.0 0.0 4.0", "H 0.0 0.76 4.59", "H 0.0 -0.76 4.59"]);
    let config = format!(
        "[campaign]\nkind = \"fragments\"\n[partition]\nbatch_size = 1\n[fragments]\natoms = \"\"\"\n{}\n\"\"\"\n\
         bsse = [\"cp\"]\nmax_order = 3\ntotal = true\n\
         [[fragments.level]]\nengine = \"embedded\"\nmethod = \"mp2\"\nbasis = \"6-31g\"\n",
        atoms.join("\n")
    );
    Campaign::with(simmpi(), &config)
}

/// Waits until some ranks have mapped memory that they share.
fn wait_for_sharing(campaign: &Campaign) {
    let shares =
        |pid: &i32| fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| maps.contains("/memfd:simmpi-"));
    let since = Instant::now();
    while campaign.ranks().values().filter(|pid| shares(pid)).count() < 2 {
        assert!(since.elapsed() < LIMIT, "no ranks share memory");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A campaign of which a rank was killed in the middle. On a busy machine it may be whole before the signal comes: then another one.
fn killed(victim: usize, has_records: bool) -> Campaign {
    for _ in 0..5 {
        let campaign = waters();
        let running = campaign.start(4, &[]);
        wait_for_sharing(&campaign);
        if has_records {
            campaign.wait_for_records(1);
        }
        campaign.kill(victim);
        assert_ne!(running.end().code, 0);
        if !campaign.path("results.h5").exists() {
            return campaign;
        }
    }
    panic!("results are there although rank {victim} was killed");
}

#[test]
fn ranks_that_share_integrals_may_be_killed() {
    let alone = waters();
    alone.run(0, &[]).expect(0, &[]);
    // While integrals are computed, which the first rank has made memory for, and between tasks.
    for (victim, has_records) in [(0, false), (2, true)] {
        let campaign = killed(victim, has_records);
        let done = if has_records { "done before" } else { "complete" };
        campaign.run(4, &[]).expect(0, &[done]);
        assert!(campaign.results_of_numbers() == alone.results_of_numbers(), "rank {victim} killed");
    }
}

#[test]
fn a_plan_tells_time_and_memory_of_large_tasks_without_running_one() {
    // No task of that size ends within minutes.
    let atoms: String =
        (0..36).map(|k| format!("C {} {} {}\n", 1.5 * f64::from(k % 6), 4.0 * f64::from(k / 6), 0.0)).collect();
    let text = format!(
        "[campaign]\nkind = \"fragments\"\n[fragments]\natoms = \"\"\"\n{atoms}\"\"\"\nfragments = [{}]\nbsse = [\"cp\"]\nmax_order = 2\n\
         [[fragments.level]]\nengine = \"embedded\"\nmethod = \"mp2\"\nbasis = \"cc-pvdz\"\n",
        "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17], [18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35]"
    );
    let folder = tempfile::tempdir().unwrap();
    let ask = |verb: &str, limits: &str| {
        std::fs::write(folder.path().join("my.toml"), format!("{limits}\n{text}")).unwrap();
        let output = Command::new(simmpi()).args([verb, "my.toml", "--ranks", "1"]).current_dir(folder.path()).output();
        let output = output.unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let planned = ask("plan", "[limits]\nmemory_mb = 30000");
    for part in [
        "504 basis functions",
        "do not fit into limits.memory_mb = 30000",
        "anew in every SCF pass",
        "times predicted by a cost model",
    ] {
        assert!(planned.contains(part), "`{part}` is missing in:\n{planned}");
    }
    let checked = ask("check", "");
    assert!(checked.contains("504 basis functions") && checked.contains("MB of integrals, kept"), "{checked}");
    let little = ask("check", "[limits]\nmemory_mb = 100");
    assert!(little.contains("limits.memory_mb = 100 is too little"), "{little}");
}

#[test]
fn a_followed_instability_stands_in_the_task_and_in_the_summary() {
    let level = "method = \"hf\"\nbasis = \"6-31g\"\nkeywords = { guess = \"core\" }";
    let campaign = helium(level);
    let config = fs::read_to_string(campaign.path("config.toml")).unwrap();
    let water = "O 0 0 -0.119\\nH 0.769 0 0.476\\nH -0.769 0 0.476\\nHe 0 0 50";
    let keys = "charges = [1, 0]\nmultiplicities = [2, 1]\nbsse = [\"nocp\"]\nmax_order = 1\ntotal = true";
    campaign.write(&config.replace("He 0 0 0\\nHe 0 0 2", water).replace("max_order = 2", keys));
    campaign.run(0, &[]).expect(0, &["note: task [\"hf/6-31g\", [1], [1]]: the SCF first converged to a saddle point"]);
    let file = Reader::open_results(&campaign.path("results.h5")).unwrap();
    assert_eq!(file.array::<u64>("/run/notes/index").unwrap(), [0]);
    // From superposed atoms the same solution, and nothing to tell.
    let usual = fs::read_to_string(campaign.path("config.toml")).unwrap().replace("\"core\"", "\"sad\"");
    let other = Campaign::with(simmpi(), &usual);
    let ended = other.run(0, &[]);
    assert!(ended.code == 0 && !ended.said.contains("note:"), "{}", ended.said);
    let (lower, energies) = (read(&campaign, "/results/tasks/energy"), read(&other, "/results/tasks/energy"));
    assert!(lower.iter().zip(&energies).all(|(a, b)| (a - b).abs() < 1e-8), "{lower:?} and {energies:?}");
}
