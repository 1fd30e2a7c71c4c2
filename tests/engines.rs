//! Do the programs compute what they are asked, and does simmpi notice when they do not?
//!
//! A program of its own instead of libtest: the guard forks before there are threads. Checks run one after another; an
//! argument selects those whose names contain it. A program that is not installed is skipped, and said so.
// Each function here is a test, which clippy knows only of libtest's.
#![allow(clippy::unwrap_used)]
#[macro_use]
#[path = "support/checks.rs"]
mod checks;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::geteuid;
use serde_json::{Value, json};
use simmpi::engines::{Answer, Chemistry, Command, Driver, Engine, Job, Needs, NwChem, Psi4, QcEngine, Site, Xtb};
use simmpi::process::{self, Guard};
use simmpi::science::chemistry::{Atom, Element, Molecule, PointCharge};
use simmpi::task::Cause;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

fn main() -> ExitCode {
    checks::run(&checks![
        programs_are_found_with_their_versions
        an_absent_program_is_missed_with_the_way_to_install_it
        psi4_and_nwchem_give_the_same_energies
        psi4_and_nwchem_give_the_same_gradients_on_ghosts_too
        psi4_and_nwchem_give_the_same_hessian
        open_shells_are_unrestricted
        atoms_with_nothing_to_excite_have_no_correlation
        embedding_charges_act_in_energies_and_gradients
        options_in_effect_are_told
        psi4_gives_the_reference_energies
        xtb_gives_what_its_own_command_line_gives
        qcengine_gives_what_the_program_behind_it_gives
        qcengine_is_called_with_threads_memory_and_scratch
        scf_that_does_not_converge_is_told_as_such
        input_that_a_program_refuses_is_told_as_such
        molecules_that_cannot_be_are_refused_before_a_program_runs
        a_command_computes_by_qcschema
        a_command_that_fails_is_told_by_its_exit_and_last_words
        a_result_that_is_none_is_a_failed_task
        a_program_that_prints_nonsense_is_a_failed_task
        a_program_that_hangs_ends_at_its_time_limit
        grandchildren_end_with_their_program
        a_program_that_fills_its_disk_is_short_of_resources
        a_killed_guard_loses_the_task
        any_amount_of_output_is_read_in_bounded_memory
    ])
}

/// Whether all of `programs` are in PATH; says so where not.
fn are_installed(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap();
    let is_there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let absent: Vec<_> = programs.iter().filter(|name| !is_there(name)).collect();
    absent.iter().for_each(|name| println!("SKIPPED: {name} is not installed"));
    absent.is_empty()
}

/// Runs one job in a folder of its own.
fn run(engine: &dyn Engine, molecule: &Molecule, driver: Driver, chemistry: &Chemistry) -> Result<Answer, Cause> {
    let scratch = tempfile::tempdir().unwrap();
    run_in(scratch.path(), engine, molecule, driver, chemistry)
}

fn run_in(
    scratch: &Path,
    engine: &dyn Engine,
    molecule: &Molecule,
    driver: Driver,
    chemistry: &Chemistry,
) -> Result<Answer, Cause> {
    let guard = Guard::start().unwrap();
    let time_limit = Some(Duration::from_secs(if engine.name() == "command" { 3 } else { 120 }));
    let site = Site { guard: &guard, scratch, threads: 1, cores: None, memory_mb: 800, time_limit };
    engine.run(&Job { label: "2@1,2", molecule, driver, chemistry }, &site)
}

fn molecule(symbols: &[&str], positions: &[[f64; 3]], charge: i32, multiplicity: u32) -> Molecule {
    let atom = |(symbol, &position): (&&str, &[f64; 3])| Atom {
        element: Element::of_symbol(symbol.trim_start_matches('*')).unwrap(),
        position,
        is_ghost: symbol.starts_with('*'),
    };
    let atoms = symbols.iter().zip(positions).map(atom).collect();
    Molecule { atoms, charge, multiplicity, point_charges: Vec::new() }
}

const WATERS: [[f64; 3]; 6] = [
    [-2.76373224, -1.24377706, -0.15444566],
    [-1.12357791, -2.0622797, -0.05243799],
    [-3.80792362, -2.08705525, 1.06090407],
    [2.46924614, -1.75437739, -0.17092884],
    [3.7636826, -2.21425403, 1.00846104],
    [2.3059833, 0.07098445, -0.03942473],
];

fn water() -> Molecule {
    molecule(&["O", "H", "H"], &WATERS, 0, 1)
}

/// A water molecule in the basis of two.
fn water_with_ghosts() -> Molecule {
    molecule(&["*O", "*H", "*H", "O", "H", "H"], &WATERS, 0, 1)
}

fn hydroxyl() -> Molecule {
    molecule(&["O", "H"], &[[0.0, 0.1, 0.2], [0.0, 1.2, 1.6]], 0, 2)
}

fn level(method: &str, basis: &str) -> Chemistry {
    Chemistry { method: method.into(), basis: Some(basis.into()), ..Chemistry::default() }
}

fn with_keywords(chemistry: Chemistry, keywords: Value) -> Chemistry {
    Chemistry { keywords: keywords.as_object().unwrap().clone(), ..chemistry }
}

fn largest_difference(a: &Option<Vec<f64>>, b: &Option<Vec<f64>>) -> f64 {
    let (a, b) = (a.as_ref().unwrap(), b.as_ref().unwrap());
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn assert_close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() < tolerance, "{a} and {b} differ by {:e}", a - b);
}

fn programs_are_found_with_their_versions() {
    let guard = Guard::start().unwrap();
    let engines: [(&str, Box<dyn Engine>); 3] =
        [("psi4", Box::new(Psi4::new())), ("nwchem", Box::new(NwChem::new())), ("xtb", Box::new(Xtb::new()))];
    for (name, engine) in engines {
        if are_installed(&[name]) {
            let found = engine.find(&guard).unwrap().unwrap();
            assert!(found.path.is_absolute() && found.path.ends_with(name), "{found:?}");
            assert!(
                found.version.starts_with(|c: char| c.is_ascii_digit()) && found.version.contains('.'),
                "{found:?}"
            );
        }
    }
    let found = Command::new(["sh", "{input}", "{output}"], Path::new("/")).find(&guard).unwrap().unwrap();
    assert!(found.version.starts_with("sha256 ") && found.version.len() == 7 + 64, "{found:?}");
}

fn an_absent_program_is_missed_with_the_way_to_install_it() {
    let guard = Guard::start().unwrap();
    let engines: [(Box<dyn Engine>, &str); 5] = [
        (Box::new(Psi4::at("no-psi4")), "apt-get install psi4"),
        (Box::new(NwChem::at("/no/nwchem")), "apt-get install nwchem"),
        (Box::new(Xtb::at("no-xtb")), "conda"),
        (Box::new(QcEngine::at("no-qcengine", "psi4")), "pip install qcengine"),
        (Box::new(Command::new(["no-program", "{input}", "{output}"], Path::new("/"))), "command"),
    ];
    for (engine, help) in engines {
        let missing = engine.find(&guard).unwrap_err();
        assert!(missing.message.contains("/no") || missing.message.contains("`no-"), "{missing:?}");
        assert!(missing.help.contains(help), "{missing:?}");
        // It may be there on another node.
        let method = if engine.name() == "xtb" { "gfn2-xtb" } else { "hf" };
        let cause = run(engine.as_ref(), &water(), Driver::Energy, &level(method, "sto-3g")).unwrap_err();
        assert!(matches!(&cause, Cause::Failed(text) if text.contains("is not found")), "{cause}");
    }
    // One that is there and says nothing of its version.
    let mute = Psi4::at("/bin/true").find(&guard).unwrap_err();
    assert!(mute.message.contains("does not tell its version"), "{mute:?}");
}

fn psi4_and_nwchem_give_the_same_energies() {
    if !are_installed(&["psi4", "nwchem"]) {
        return;
    }
    let frozen = Chemistry { frozen_core: Some(true), ..level("mp2", "6-31g*") };
    for (chemistry, molecule) in
        [(level("hf", "6-31g*"), water()), (level("MP2", "cc-pVDZ"), water()), (frozen, water_with_ghosts())]
    {
        let [psi4, nwchem] = [&Psi4::new() as &dyn Engine, &NwChem::new()]
            .map(|engine| run(engine, &molecule, Driver::Energy, &chemistry).unwrap());
        assert_close(psi4.energy, nwchem.energy, 1e-7);
        assert_eq!(psi4.effective["spherical"], nwchem.effective["spherical"]);
        assert_eq!(psi4.effective["basis_functions"], nwchem.effective["basis_functions"]);
    }
}

fn psi4_and_nwchem_give_the_same_gradients_on_ghosts_too() {
    if !are_installed(&["psi4", "nwchem"]) {
        return;
    }
    let chemistry = level("mp2", "6-31g*");
    let [psi4, nwchem] = [&Psi4::new() as &dyn Engine, &NwChem::new()]
        .map(|engine| run(engine, &water_with_ghosts(), Driver::Gradient, &chemistry).unwrap());
    assert_close(psi4.energy, nwchem.energy, 1e-7);
    assert!(largest_difference(&psi4.gradient, &nwchem.gradient) < 1e-6);
    let on_a_ghost = psi4.gradient.unwrap()[0];
    assert!(on_a_ghost.abs() > 1e-6, "{on_a_ghost}");
}

fn psi4_and_nwchem_give_the_same_hessian() {
    if !are_installed(&["psi4", "nwchem"]) {
        return;
    }
    let [psi4, nwchem] = [&Psi4::new() as &dyn Engine, &NwChem::new()]
        .map(|engine| run(engine, &water(), Driver::Hessian, &level("hf", "6-31g*")).unwrap());
    assert_close(psi4.energy, nwchem.energy, 1e-7);
    assert!(largest_difference(&psi4.hessian, &nwchem.hessian) < 1e-6);
}

fn open_shells_are_unrestricted() {
    if !are_installed(&["psi4", "nwchem"]) {
        return;
    }
    for (method, driver) in [("hf", Driver::Gradient), ("mp2", Driver::Energy)] {
        let [psi4, nwchem] = [&Psi4::new() as &dyn Engine, &NwChem::new()]
            .map(|engine| run(engine, &hydroxyl(), driver, &level(method, "6-31g*")).unwrap());
        assert_close(psi4.energy, nwchem.energy, 1e-7);
        assert_eq!((psi4.effective["reference"].as_str(), nwchem.effective["reference"].as_str()), ("uhf", "uhf"));
        if driver == Driver::Gradient {
            assert!(largest_difference(&psi4.gradient, &nwchem.gradient) < 1e-6);
        }
    }
}

fn embedding_charges_act_in_energies_and_gradients() {
    if !are_installed(&["psi4", "nwchem"]) {
        return;
    }
    let mut embedded = water();
    embedded.point_charges =
        [(3, -0.8), (4, 0.4), (5, 0.4)].map(|(place, charge)| PointCharge { charge, position: WATERS[place] }).to_vec();
    for (method, driver) in [("mp2", Driver::Energy), ("hf", Driver::Gradient)] {
        let [psi4, nwchem] = [&Psi4::new() as &dyn Engine, &NwChem::new()]
            .map(|engine| run(engine, &embedded, driver, &level(method, "6-31g*")).unwrap());
        assert_close(psi4.energy, nwchem.energy, 1e-7);
        if driver == Driver::Gradient {
            assert!(largest_difference(&psi4.gradient, &nwchem.gradient) < 1e-6);
            assert_eq!(psi4.gradient.unwrap().len(), 9);
        }
    }
}

fn options_in_effect_are_told() {
    if !are_installed(&["psi4"]) {
        return;
    }
    let fitted = Chemistry { density_fitting: Some(true), scf_convergence: Some(1e-9), ..level("hf", "6-31g*") };
    let fitted = with_keywords(fitted, json!({"guess": "core"}));
    let answer = run(&Psi4::new(), &water(), Driver::Energy, &fitted).unwrap();
    for (name, value) in [
        ("scf_type", "df"),
        ("scf_algorithm", "DF"),
        ("spherical", "false"),
        ("guess", "core"),
        ("e_convergence", "1e-9"),
        ("freeze_core", "false"),
        ("creator", "Psi4"),
    ] {
        assert!(answer.effective[name].eq_ignore_ascii_case(value), "{name}: {:?}", answer.effective);
    }
}

fn psi4_gives_the_reference_energies() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/qcmanybody");
    if !folder.is_dir() {
        println!("SKIPPED: there are no references at {}", folder.display());
        return;
    }
    if !are_installed(&["psi4"]) {
        return;
    }
    for (file, real, basis, method) in [
        ("ref_h2o3__6-31gs__nocp-cp-vmfc__3b.json", json!([1]), json!([1, 2]), "mp2"),
        ("ref_h2o3__6-31gs__nocp-cp-vmfc__3b.json", json!([1, 3]), json!([1, 3]), "rhf"),
        ("ref_h2o3__sto-3g__nocp-cp-vmfc__3b__grad.json", json!([2]), json!([1, 2, 3]), "mp2"),
        ("ref_fhfhhhe_charged__sto-3g__nocp-cp-vmfc__4b.json", json!([1, 2]), json!([1, 2, 4]), "mp2"),
        ("ref_he4__6-31g__nocp-cp-vmfc__4b__grad.json", json!([2, 3]), json!([1, 2, 3, 4]), "rhf"),
    ] {
        let reference: Value = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
        let mut tasks = reference["tasks"].as_array().unwrap().iter();
        let task = tasks.find(|t| t["real_fragments"] == real && t["basis_fragments"] == basis).unwrap();
        let molecule = referred(&reference["molecule"], task);
        let driver = if task[format!("{method}_gradient")].is_null() { Driver::Energy } else { Driver::Gradient };
        let name = if method == "rhf" { "hf" } else { "mp2" };
        let chemistry = level(name, reference["basis"].as_str().unwrap());
        let answer = run(&Psi4::new(), &molecule, driver, &chemistry).unwrap();
        assert_close(answer.energy, task[format!("{method}_energy")].as_f64().unwrap(), 1e-7);
        if driver == Driver::Gradient {
            let rows = task[format!("{method}_gradient")].as_array().unwrap().iter();
            let expected = rows.flat_map(|row| row.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect();
            assert!(largest_difference(&answer.gradient, &Some(expected)) < 1e-6, "{file} {real} {basis}");
        }
    }
}

/// The molecule of a reference's task, atoms in the order of its gradient.
fn referred(supersystem: &Value, task: &Value) -> Molecule {
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect::<Vec<_>>();
    let ghosts = numbers(&task["ghost_atoms"]);
    let order = numbers(&task["result_atom_order"]);
    let atom = |&place: &u64| {
        let row = supersystem["geometry"][place as usize].as_array().unwrap();
        Atom {
            element: Element::of_symbol(supersystem["symbols"][place as usize].as_str().unwrap()).unwrap(),
            position: std::array::from_fn(|k| row[k].as_f64().unwrap()),
            is_ghost: ghosts.contains(&place),
        }
    };
    Molecule {
        atoms: order.iter().map(atom).collect(),
        charge: task["charge"].as_i64().unwrap() as i32,
        multiplicity: task["multiplicity"].as_u64().unwrap() as u32,
        point_charges: Vec::new(),
    }
}

fn xtb_gives_what_its_own_command_line_gives() {
    if !are_installed(&["xtb"]) {
        return;
    }
    for (method, gfn, molecule, uhf) in [("gfn2-xtb", "2", water(), "0"), ("GFN1-xTB", "1", hydroxyl(), "1")] {
        let chemistry = Chemistry { method: method.into(), ..Chemistry::default() };
        let [energy, gradient] =
            [Driver::Energy, Driver::Gradient].map(|driver| run(&Xtb::new(), &molecule, driver, &chemistry).unwrap());
        let folder = tempfile::tempdir().unwrap();
        // An xyz file in angstrom, as a user has it.
        let line = |atom: &Atom| {
            let [x, y, z] = atom.position.map(|x| x * simmpi::units::BOHR_ANGSTROM);
            format!("{} {x:.12} {y:.12} {z:.12}\n", atom.element)
        };
        let lines: String = molecule.atoms.iter().map(line).collect();
        fs::write(folder.path().join("water.xyz"), format!("{}\n\n{lines}", molecule.atoms.len())).unwrap();
        let argv = ["xtb", "water.xyz", "--gfn", gfn, "--grad", "--uhf", uhf];
        assert!(Guard::start().unwrap().run(&process::Command::new(argv, folder.path())).unwrap().exit.is_success());
        let file = fs::read_to_string(folder.path().join("energy")).unwrap();
        let own: f64 = file.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
        assert_close(energy.energy, own, 1e-8);
        assert_close(gradient.energy, own, 1e-8);
        let file = fs::read_to_string(folder.path().join("gradient")).unwrap();
        let rows = file.lines().skip(2 + molecule.atoms.len()).take(molecule.atoms.len());
        let own = rows.flat_map(|row| row.split_whitespace().map(|x| x.parse().unwrap()).collect::<Vec<f64>>());
        assert!(largest_difference(&gradient.gradient, &Some(own.collect())) < 1e-7);
    }
}

fn qcengine_gives_what_the_program_behind_it_gives() {
    if !are_installed(&["qcengine", "nwchem"]) {
        return;
    }
    let chemistry = with_keywords(level("hf", "6-31g*"), json!({"basis__cartesian": true, "scf__thresh": 1e-8}));
    let engine = QcEngine::new("nwchem");
    let found = engine.find(&Guard::start().unwrap()).unwrap().unwrap();
    assert!(found.version.contains("nwchem v"), "{found:?}");
    let through = run(&engine, &water_with_ghosts(), Driver::Gradient, &chemistry).unwrap();
    let direct = run(&NwChem::new(), &water_with_ghosts(), Driver::Gradient, &chemistry).unwrap();
    assert_close(through.energy, direct.energy, 1e-7);
    assert!(largest_difference(&through.gradient, &direct.gradient) < 1e-6);
    // A QCEngine of the versions that understand the installed psi4.
    let psi4 = QcEngine::new("psi4");
    if found.version.starts_with("0.26") && are_installed(&["psi4"]) {
        let chemistry = with_keywords(level("hf", "6-31g*"), json!({"scf_type": "pk", "e_convergence": 1e-10}));
        let answer = run(&psi4, &water_with_ghosts(), Driver::Energy, &chemistry).unwrap();
        assert_close(answer.energy, direct.energy, 1e-7);
    }
    let cause = run(&engine, &water(), Driver::Energy, &level("hf", "6-99g")).unwrap_err();
    assert!(matches!(cause, Cause::Input(_)), "{cause}");
}

fn qcengine_is_called_with_threads_memory_and_scratch() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(
        folder.path(),
        r#"[ "$*" = "run any input.json" ] && [ "$DQM_CONFIG_PATH" = "$PWD" ] || exit 8
        grep '"memory":0.745' qcengine.yaml | grep '"ncores":1' | grep -qF "\"scratch_directory\":\"$PWD\"" || exit 9
        echo 'a warning'
        echo '{"success": true, "return_result": -2.5}'"#,
    );
    let engine = QcEngine::at(&path, "any");
    assert_eq!(run(&engine, &water(), Driver::Energy, &level("hf", "sto-3g")).unwrap().energy, -2.5);
    let path = script(
        folder.path(),
        r#"echo '{"success": false, "error": {"error_type": "random_error", "error_message": "PSIO Error"}}'"#,
    );
    let cause = run(&QcEngine::at(&path, "any"), &water(), Driver::Energy, &level("hf", "sto-3g")).unwrap_err();
    assert!(
        matches!(&cause, Cause::Failed(text) if text.contains("qcengine (any) for 2@1,2: random_error")),
        "{cause}"
    );
}

fn scf_that_does_not_converge_is_told_as_such() {
    let cases: [(&str, Box<dyn Engine>, Chemistry); 4] = [
        ("psi4", Box::new(Psi4::new()), with_keywords(level("hf", "6-31g*"), json!({"maxiter": 2}))),
        ("nwchem", Box::new(NwChem::new()), with_keywords(level("hf", "6-31g*"), json!({"scf__maxiter": 2}))),
        ("nwchem", Box::new(NwChem::new()), with_keywords(level("mp2", "6-31g*"), json!({"scf__maxiter": 2}))),
        (
            "xtb",
            Box::new(Xtb::new()),
            with_keywords(Chemistry { method: "gfn2".into(), ..Chemistry::default() }, json!({"iterations": 1})),
        ),
    ];
    for (name, engine, chemistry) in cases {
        if are_installed(&[name]) {
            let cause = run(engine.as_ref(), &water(), Driver::Energy, &chemistry).unwrap_err();
            assert!(matches!(&cause, Cause::Convergence(text) if text.contains(name)), "{cause:?}");
        }
    }
}

fn input_that_a_program_refuses_is_told_as_such() {
    let gfn2 = Chemistry { method: "gfn2".into(), ..Chemistry::default() };
    let restricted = with_keywords(level("hf", "sto-3g"), json!({"reference": "rhf"}));
    let cases: [(&str, Box<dyn Engine>, Molecule, Chemistry); 9] = [
        ("psi4", Box::new(Psi4::new()), water(), level("hf", "6-99g")),
        ("psi4", Box::new(Psi4::new()), hydroxyl(), restricted),
        ("psi4", Box::new(Psi4::new()), water(), with_keywords(level("hf", "sto-3g"), json!({"nonsense": 1}))),
        ("psi4", Box::new(Psi4::new()), water(), level("no-such-method", "sto-3g")),
        ("nwchem", Box::new(NwChem::new()), water(), level("mp2", "6-99g")),
        ("nwchem", Box::new(NwChem::new()), water(), with_keywords(level("hf", "sto-3g"), json!({"scf__nonsense": 1}))),
        ("nwchem", Box::new(NwChem::new()), water(), with_keywords(level("hf", "sto-3g"), json!({"scf__nopen": 1}))),
        ("xtb", Box::new(Xtb::new()), molecule(&["O", "H", "H"], &WATERS, 9, 2), gfn2.clone()),
        ("xtb", Box::new(Xtb::new()), water(), with_keywords(gfn2, json!({"nonsense": 1}))),
    ];
    for (name, engine, molecule, chemistry) in cases {
        if are_installed(&[name]) {
            let cause = run(engine.as_ref(), &molecule, Driver::Energy, &chemistry).unwrap_err();
            assert!(matches!(&cause, Cause::Input(text) if text.contains(name)), "{cause:?}");
        }
    }
}

fn molecules_that_cannot_be_are_refused_before_a_program_runs() {
    let twice = molecule(&["O", "H", "H"], &[WATERS[0], WATERS[1], WATERS[1]], 0, 1);
    for wrong in [molecule(&["O", "H", "H"], &WATERS, 0, 2), molecule(&["O", "H", "H"], &WATERS, 20, 1), twice] {
        let engines: [&dyn Engine; 5] = [
            &Psi4::at("/no/psi4"),
            &NwChem::at("/no/nwchem"),
            &Xtb::at("/no/xtb"),
            &QcEngine::at("/no/qcengine", "psi4"),
            &Command::new(["/no/program", "{input}", "{output}"], Path::new("/")),
        ];
        for engine in engines {
            let cause = run(engine, &wrong, Driver::Energy, &level("hf", "sto-3g")).unwrap_err();
            assert!(matches!(cause, Cause::Input(_)), "{cause:?}");
        }
    }
}

/// A program in the shell's language in a folder: its path.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What the engine `command` makes of a program in the shell's language, `$1` its input, `$2` its output, for a water
/// molecule's gradient.
fn command(text: &str) -> Result<Answer, Cause> {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), text);
    let engine = Command::new(["./program", "{input}", "{output}", "{threads}", "{memory_mb}"], folder.path());
    let chemistry = level("hf", "sto-3g");
    assert!(engine.refusals(Driver::Gradient, &chemistry, Needs::default()).is_empty());
    run(&engine, &water(), Driver::Gradient, &chemistry)
}

/// A result of three atoms, with the gradient and the energy given.
fn result(gradient: &str, energy: &str) -> String {
    format!(
        r#"echo '{{"success": true, "return_result": {gradient}, "properties": {{"return_energy": {energy}}}}}' >"$2""#
    )
}

fn a_command_computes_by_qcschema() {
    let good = result("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]", "-1.5");
    let checks = r#"[ "$3 $4" = "1 800" ] && grep -q '"driver":"gradient"' "$1" && grep -q 'fix_com":true' "$1" || exit 7
        [ "$OMP_NUM_THREADS" = 1 ] && [ "$TMPDIR" = "$PWD" ] || exit 8
        "#;
    let answer = command(&format!("{checks}{good}")).unwrap();
    assert_eq!(answer.energy, -1.5);
    assert_eq!(answer.gradient.unwrap(), [1., 2., 3., 4., 5., 6., 7., 8., 9.]);
}

fn a_command_that_fails_is_told_by_its_exit_and_last_words() {
    let text = |cause: &Cause| cause.to_string();
    let cause = command("for k in $(seq 100); do echo line $k >&2; done; exit 3").unwrap_err();
    assert!(matches!(cause, Cause::Failed(_)) && cause.is_worth_retrying());
    assert!(text(&cause).contains("exit code 3") && text(&cause).ends_with("line 99 | line 100"), "{cause}");
    assert!(text(&cause).contains("program") && text(&cause).contains("2@1,2"), "{cause}");
    let cause = command("kill -SEGV $$").unwrap_err();
    assert!(matches!(&cause, Cause::Failed(text) if text.contains("SIGSEGV")), "{cause:?}");
    let cause = command("kill -KILL $$").unwrap_err();
    assert!(matches!(&cause, Cause::Resource(text) if text.contains("SIGKILL")), "{cause:?}");
    let cause = command("echo 'std::bad_alloc' >&2; exit 1").unwrap_err();
    assert!(matches!(cause, Cause::Resource(_)), "{cause:?}");
    let said =
        r#"echo '{"success": false, "error": {"error_type": "input_error", "error_message": "no such basis"}}' >"$2""#;
    for exit in [0, 1] {
        let cause = command(&format!("{said}; exit {exit}")).unwrap_err();
        assert!(matches!(&cause, Cause::Input(text) if text.contains("no such basis")), "{cause:?}");
    }
}

fn a_result_that_is_none_is_a_failed_task() {
    let zeros = "[0, 0, 0, 0, 0, 0, 0, 0, 0]";
    for (text, word) in [
        ("true".to_owned(), "no file `output.json`"),
        (r#"printf '\377\376garbage\000' >"$2""#.to_owned(), "no JSON"),
        (r#"head -c 1000 /dev/urandom >"$2""#.to_owned(), "no JSON"),
        (r#"echo '{"success": true, "return_result": [0, 0' >"$2""#.to_owned(), "no JSON"),
        (result("[0, 0, 0, 0, 0, 0]", "-1"), "6 numbers instead of the 9 of 3 atoms"),
        (result("[]", "-1"), "0 numbers"),
        (result(zeros, "null"), "energy is NaN"),
        (result(zeros, "NaN"), "energy is NaN"),
        (result("[0, 0, 0, 0, Infinity, 0, 0, 0, 0]", "-1"), "not finite"),
        (r#"echo '{"success": true, "return_result": [0]}' >"$2""#.to_owned(), "return_energy"),
        (r#"echo '{}' >"$2""#.to_owned(), "success"),
    ] {
        let cause = command(&text).unwrap_err();
        assert!(matches!(cause, Cause::Failed(_) | Cause::NotFinite(_)), "{cause:?}");
        assert!(cause.to_string().contains(word) && cause.to_string().contains("program"), "{cause}");
    }
}

fn a_program_that_prints_nonsense_is_a_failed_task() {
    let folder = tempfile::tempdir().unwrap();
    let gfn2 = Chemistry { method: "gfn2".into(), ..Chemistry::default() };
    let hf = level("hf", "sto-3g");
    let program = |text: &str| script(folder.path(), text);
    let cause =
        |engine: &dyn Engine, chemistry: &Chemistry| run(engine, &water(), Driver::Gradient, chemistry).unwrap_err();
    for text in
        ["true", "head -c 100000 /dev/urandom", "echo garbage >psi4.json", "echo '{\"success\": true}' >psi4.json"]
    {
        let path = program(text);
        for (engine, chemistry) in [
            (&Psi4::at(&path) as &dyn Engine, &hf),
            (&NwChem::at(&path), &hf),
            (&Xtb::at(&path), &gfn2),
            (&QcEngine::at(&path, "psi4"), &hf),
        ] {
            let cause = cause(engine, chemistry);
            assert!(
                matches!(cause, Cause::Failed(_) | Cause::Convergence(_) | Cause::NotFinite(_)),
                "{text}: {cause:?}"
            );
            assert!(cause.to_string().contains(engine.name()), "{text}: {cause}");
        }
    }
    let path = program(
        "echo '  | TOTAL ENERGY   NaN Eh  |'; printf '$grad\n c\n\n\n\n 0 0 0\n 0 0 0\n 0 0 0\n$end\n' >gradient",
    );
    assert!(matches!(cause(&Xtb::at(&path), &gfn2), Cause::NotFinite(_)));
    let path =
        program("echo '  | TOTAL ENERGY   -1.0 Eh  |'; printf '$grad\n c\n\n\n\n 0 0 0\n 0 0 0\n$end\n' >gradient");
    assert!(cause(&Xtb::at(&path), &gfn2).to_string().contains("6 numbers instead of the 9"));
    let database = "printf 'scf:converged logical[1] d\nt\nscf:energy double[1] d\nnan\nscf:gradient double[9] d\n0 0 0 0 0 0 0 0 0\n'";
    assert!(matches!(cause(&NwChem::at(program(database)), &hf), Cause::NotFinite(_)));
}

fn a_program_that_hangs_ends_at_its_time_limit() {
    let start = Instant::now();
    assert_eq!(command("sleep 1000"), Err(Cause::TimedOut { limit_ms: 3000 }));
    assert!(start.elapsed() < Duration::from_secs(10));
}

fn grandchildren_end_with_their_program() {
    let token = format!("86400.77{}", std::process::id());
    let count = || {
        let holds = |entry: fs::DirEntry| {
            fs::read(entry.path().join("cmdline"))
                .is_ok_and(|line| line.windows(token.len()).any(|part| part == token.as_bytes()))
        };
        fs::read_dir("/proc").unwrap().flatten().map(holds).filter(|holds| *holds).count()
    };
    let leave = format!("sleep {token} & setsid sleep {token} & (setsid sh -c 'sleep {token} &' &)");
    let good = result("[1, 2, 3, 4, 5, 6, 7, 8, 9]", "-1.5");
    assert!(command(&format!("{leave}\n{good}")).is_ok());
    assert_eq!(count(), 0);
}

fn a_program_that_fills_its_disk_is_short_of_resources() {
    if !geteuid().is_root() {
        println!("SKIPPED: only root can mount a small disk");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let size = Some("size=700k,mode=0755");
    if let Err(errno) = mount(Some("tmpfs"), folder.path(), Some("tmpfs"), MsFlags::empty(), size) {
        println!("SKIPPED: a small disk cannot be mounted here: {errno}");
        return;
    }
    let scripts = tempfile::tempdir().unwrap();
    // As NWChem does, it takes the full disk for something else.
    let text = "cat /dev/zero >zeros 2>/dev/null || { echo 'There is an error in the input file' >&2; exit 1; }";
    let path = script(scripts.path(), text);
    let on_it = |engine: &dyn Engine, driver, method| {
        let cause = run_in(folder.path(), engine, &water_with_ghosts(), driver, &level(method, "6-31g*"));
        fs::read_dir(folder.path()).unwrap().for_each(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        });
        cause
    };
    let mut causes =
        vec![on_it(&NwChem::at(&path), Driver::Energy, "hf"), on_it(&Psi4::at(&path), Driver::Energy, "hf")];
    if are_installed(&["nwchem", "psi4"]) {
        causes.push(on_it(&NwChem::new(), Driver::Gradient, "mp2"));
        causes.push(on_it(&Psi4::new(), Driver::Gradient, "mp2"));
    }
    umount2(folder.path(), MntFlags::MNT_DETACH).unwrap();
    for cause in causes {
        assert!(matches!(cause, Err(Cause::Resource(_))), "{cause:?}");
    }
}

fn a_killed_guard_loses_the_task() {
    let cause = command("kill -KILL $PPID; sleep 10").unwrap_err();
    assert!(matches!(cause, Cause::Lost(_)) && cause.is_worth_retrying(), "{cause:?}");
}

fn atoms_with_nothing_to_excite_have_no_correlation() {
    let helium = molecule(&["He"], &[[0.1, 0.2, 0.3]], 0, 1);
    let hydrogen = molecule(&["H"], &[[0.1, 0.2, 0.3]], 0, 2);
    for (name, engine) in [("psi4", &Psi4::new() as &dyn Engine), ("nwchem", &NwChem::new())] {
        if are_installed(&[name]) {
            for (atom, basis, energy) in [(&helium, "sto-3g", -2.80778395754), (&hydrogen, "6-31g", -0.49823291073)] {
                let answer = run(engine, atom, Driver::Gradient, &level("mp2", basis)).unwrap();
                assert_close(answer.energy, energy, 1e-9);
                assert!(answer.effective["correlation"].starts_with("none"));
            }
        }
    }
}

fn any_amount_of_output_is_read_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(
        folder.path(),
        "head -c 100000000 /dev/zero | tr '\\0' x; yes line | head -c 20000000; echo 'some noise' >&2\n\
         yes noise | head -c 20000000 >&2\n\
         printf '\nscf:converged logical[1] d\nt\nscf:energy double[1] d\n-1.5\n'",
    );
    let before = peak_memory_kb();
    let answer = run(&NwChem::at(&path), &water(), Driver::Energy, &level("hf", "sto-3g")).unwrap();
    assert_eq!(answer.energy, -1.5);
    let grown = peak_memory_kb() - before;
    assert!(grown < 20_000, "{grown} KiB more");
}

fn peak_memory_kb() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
