//! Does simmpi notice when programs do not compute what they are asked?
//!
//! Checks of a program that is not installed are skipped (`support/skip.rs`). They run one after another (`support/checks.rs`).
// Each function here is a test, which clippy knows only of libtest's.
#![allow(clippy::unwrap_used)]
#[macro_use]
#[path = "support/checks.rs"]
mod checks;
#[path = "support/jobs.rs"]
mod jobs;
#[path = "support/skip.rs"]
mod skip;

use jobs::*;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::geteuid;
use serde_json::json;
use simmpi::engines::qc::{Chemistry, Command, Driver, Engine, Needs, NwChem, Psi4, QcEngine, QcResult, Xtb};
use simmpi::science::chemistry::Molecule;
use simmpi::task::Cause;
use skip::{are_installed, skip};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    checks::run(&checks![
        scf_that_does_not_converge_is_told_as_such
        input_that_a_program_refuses_is_told_as_such
        valence_functions_without_a_core_potential_are_refused_by_element
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

fn scf_that_does_not_converge_is_told_as_such() {
    let cases: [(&str, Box<dyn Engine>, Chemistry); 4] = [
        ("psi4", Box::new(Psi4::new("psi4")), with_keywords(level("hf", "6-31g*"), json!({"maxiter": 2}))),
        ("nwchem", Box::new(NwChem::new("nwchem")), with_keywords(level("hf", "6-31g*"), json!({"scf__maxiter": 2}))),
        ("nwchem", Box::new(NwChem::new("nwchem")), with_keywords(level("mp2", "6-31g*"), json!({"scf__maxiter": 2}))),
        (
            "xtb",
            Box::new(Xtb::new("xtb")),
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
        ("psi4", Box::new(Psi4::new("psi4")), water(), level("hf", "6-99g")),
        ("psi4", Box::new(Psi4::new("psi4")), hydroxyl(), restricted),
        ("psi4", Box::new(Psi4::new("psi4")), water(), with_keywords(level("hf", "sto-3g"), json!({"nonsense": 1}))),
        ("psi4", Box::new(Psi4::new("psi4")), water(), level("no-such-method", "sto-3g")),
        ("nwchem", Box::new(NwChem::new("nwchem")), water(), level("mp2", "6-99g")),
        (
            "nwchem",
            Box::new(NwChem::new("nwchem")),
            water(),
            with_keywords(level("hf", "sto-3g"), json!({"scf__nonsense": 1})),
        ),
        (
            "nwchem",
            Box::new(NwChem::new("nwchem")),
            water(),
            with_keywords(level("hf", "sto-3g"), json!({"scf__nopen": 1})),
        ),
        ("xtb", Box::new(Xtb::new("xtb")), molecule(&["O", "H", "H"], &WATERS, 9, 2), gfn2.clone()),
        ("xtb", Box::new(Xtb::new("xtb")), water(), with_keywords(gfn2, json!({"nonsense": 1}))),
    ];
    for (name, engine, molecule, chemistry) in cases {
        if are_installed(&[name]) {
            let cause = run(engine.as_ref(), &molecule, Driver::Energy, &chemistry).unwrap_err();
            assert!(matches!(&cause, Cause::Input(text) if text.contains(name)), "{cause:?}");
        }
    }
}

fn valence_functions_without_a_core_potential_are_refused_by_element() {
    if !are_installed(&["nwchem"]) {
        return;
    }
    let without = with_keywords(level("hf", "def2-svp"), json!({"ecp__I": false}));
    for (symbol, charge, chemistry) in [("Ag", 1, level("hf", "dzq")), ("I", -1, without)] {
        let ion = molecule(&[symbol], &[[0.0; 3]], charge, 1);
        let cause = run(&NwChem::new("nwchem"), &ion, Driver::Energy, &chemistry).unwrap_err();
        let wanted = format!("only valence functions for {symbol}");
        assert!(
            matches!(&cause, Cause::Input(text) if text.contains(&wanted) && text.contains(&format!("ecp__{symbol}"))),
            "{cause}"
        );
    }
}

fn molecules_that_cannot_be_are_refused_before_a_program_runs() {
    let twice = molecule(&["O", "H", "H"], &[WATERS[0], WATERS[1], WATERS[1]], 0, 1);
    for wrong in [molecule(&["O", "H", "H"], &WATERS, 0, 2), molecule(&["O", "H", "H"], &WATERS, 20, 1), twice] {
        let engines: [&dyn Engine; 5] = [
            &Psi4::new("/no/psi4"),
            &NwChem::new("/no/nwchem"),
            &Xtb::new("/no/xtb"),
            &QcEngine::new("/no/qcengine", "psi4"),
            &Command::new(["/no/program", "{input}", "{output}"], Path::new("/")),
        ];
        for engine in engines {
            let cause = run(engine, &wrong, Driver::Energy, &level("hf", "sto-3g")).unwrap_err();
            assert!(matches!(cause, Cause::Input(_)), "{cause:?}");
        }
    }
}

/// What the engine `command` makes of a program in the shell's language, `$1` its input, `$2` its output, for a water
/// molecule's gradient.
fn command(text: &str) -> Result<QcResult, Cause> {
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
        ("true".to_owned(), "`output.json` was not found"),
        (r#"printf '\377\376garbage\000' >"$2""#.to_owned(), "not valid JSON"),
        (r#"head -c 1000 /dev/urandom >"$2""#.to_owned(), "not valid JSON"),
        (r#"echo '{"success": true, "return_result": [0, 0' >"$2""#.to_owned(), "not valid JSON"),
        (result("[0, 0, 0, 0, 0, 0]", "-1"), "6 numbers instead of the 9 of 3 atoms"),
        (result("[]", "-1"), "0 numbers"),
        (result(zeros, "null"), "energy is NaN"),
        (result(zeros, "NaN"), "energy is NaN"),
        (result("[0, 0, 0, 0, Infinity, 0, 0, 0, 0]", "-1"), "not finite"),
        (r#"echo '{"success": true, "return_result": [0]}' >"$2""#.to_owned(), "return_energy"),
        (r#"echo '{}' >"$2""#.to_owned(), "success"),
    ] {
        let cause = command(&text).unwrap_err();
        assert!(matches!(cause, Cause::Unread(_) | Cause::NotFinite(_)), "{cause:?}");
        assert!(!cause.is_worth_retrying(), "it ended with exit code 0 and would write the same again");
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
            (&Psi4::new(&path) as &dyn Engine, &hf),
            (&NwChem::new(&path), &hf),
            (&Xtb::new(&path), &gfn2),
            (&QcEngine::new(&path, "psi4"), &hf),
        ] {
            let cause = cause(engine, chemistry);
            assert!(
                matches!(cause, Cause::Unread(_) | Cause::Convergence(_) | Cause::NotFinite(_)),
                "{text}: {cause:?}"
            );
            assert!(cause.to_string().contains(engine.name()), "{text}: {cause}");
        }
    }
    let path = program(
        "echo '  | TOTAL ENERGY   NaN Eh  |'; printf '$grad\n c\n\n\n\n 0 0 0\n 0 0 0\n 0 0 0\n$end\n' >gradient",
    );
    assert!(matches!(cause(&Xtb::new(&path), &gfn2), Cause::NotFinite(_)));
    let path =
        program("echo '  | TOTAL ENERGY   -1.0 Eh  |'; printf '$grad\n c\n\n\n\n 0 0 0\n 0 0 0\n$end\n' >gradient");
    assert!(cause(&Xtb::new(&path), &gfn2).to_string().contains("6 numbers instead of the 9"));
    let database = "printf 'scf:converged logical[1] d\nt\nscf:energy double[1] d\nnan\nscf:gradient double[9] d\n0 0 0 0 0 0 0 0 0\n'";
    assert!(matches!(cause(&NwChem::new(program(database)), &hf), Cause::NotFinite(_)));
}

fn a_program_that_hangs_ends_at_its_time_limit() {
    assert_eq!(command("sleep 1000"), Err(Cause::TimedOut { limit_ms: 3000 }));
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
        skip("only root can mount a small disk");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let size = Some("size=700k,mode=0755");
    if let Err(errno) = mount(Some("tmpfs"), folder.path(), Some("tmpfs"), MsFlags::empty(), size) {
        skip(&format!("a small disk cannot be mounted here: {errno}"));
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
        vec![on_it(&NwChem::new(&path), Driver::Energy, "hf"), on_it(&Psi4::new(&path), Driver::Energy, "hf")];
    if are_installed(&["nwchem", "psi4"]) {
        causes.push(on_it(&NwChem::new("nwchem"), Driver::Gradient, "mp2"));
        causes.push(on_it(&Psi4::new("psi4"), Driver::Gradient, "mp2"));
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

fn any_amount_of_output_is_read_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = script(
        folder.path(),
        "head -c 100000000 /dev/zero | tr '\\0' x; yes line | head -c 20000000; echo 'some noise' >&2\n\
         yes noise | head -c 20000000 >&2\n\
         printf '\nscf:converged logical[1] d\nt\nscf:energy double[1] d\n-1.5\n'",
    );
    let before = peak_memory_kb();
    let answer = run(&NwChem::new(&path), &water(), Driver::Energy, &level("hf", "sto-3g")).unwrap();
    assert_eq!(answer.energy, -1.5);
    let grown = peak_memory_kb() - before;
    assert!(grown < 20_000, "{grown} KiB more");
}

fn peak_memory_kb() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
