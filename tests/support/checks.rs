//! Runs checks one after another in a program of its own: the guard forks before there are threads, which libtest does not allow.
use super::skip::CHECK;
use std::process::ExitCode;
use std::time::Instant;

/// Checks by name, from the names of functions.
macro_rules! checks {
    ($($name:ident)*) => { [$((stringify!($name), $name as fn())),*] };
}

/// Runs the checks whose names contain an argument, all where there is none.
pub fn run(checks: &[(&'static str, fn())]) -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in checks {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        *CHECK.lock().expect("no check runs while another one does") = Some(name);
        let start = Instant::now();
        let is_good = std::panic::catch_unwind(check).is_ok();
        println!("{name} ... {} ({:.1} s)", if is_good { "ok" } else { "FAILED" }, start.elapsed().as_secs_f64());
        *if is_good { &mut passed } else { &mut failed } += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
