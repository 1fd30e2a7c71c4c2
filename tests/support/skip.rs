//! Tests that cannot run here: each is reported, counted by `ci/check.sh`, and a failure under `SIMMPI_REQUIRE=all`.
#![allow(dead_code, clippy::unwrap_used)]
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Mutex;

/// The check that runs, in programs without libtest (`checks.rs`); libtest names its threads after tests.
pub static CHECK: Mutex<Option<&'static str>> = Mutex::new(None);

/// Reports that the test that calls this cannot run, or only in part.
///
/// The report goes to the standard error stream itself, which libtest does not capture, and to the file named by `SIMMPI_SKIPPED`.
///
/// # Panics
/// `SIMMPI_REQUIRE` is `all`.
pub fn skip(reason: &str) {
    let program = std::env::current_exe().unwrap();
    let program = program.file_stem().unwrap().to_string_lossy().into_owned();
    // Cargo appends a hash: `pmf-0123456789abcdef`.
    let program = program.rsplit_once('-').map_or(program.as_str(), |(name, _)| name);
    let thread = std::thread::current();
    let test = CHECK.lock().unwrap().or(thread.name()).unwrap_or("?").to_owned();
    let line = format!("SKIPPED {program}::{test}: {reason}");
    assert!(!std::env::var("SIMMPI_REQUIRE").is_ok_and(|value| value == "all"), "{line} (SIMMPI_REQUIRE is all)");
    if let Some(file) = std::env::var_os("SIMMPI_SKIPPED") {
        // One write, so that lines of tests that run at the same time do not mix.
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap()
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether all of `programs` are in PATH; otherwise the test is skipped.
pub fn are_installed(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_found = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing: Vec<_> = programs.iter().filter(|name| !is_found(name)).collect();
    missing.iter().for_each(|name| skip(&format!("{name} is not installed")));
    missing.is_empty()
}
