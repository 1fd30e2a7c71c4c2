//! What the checks of the supervisor start, and what they see of it from outside.
use simmpi::process::{Command, Finished, Supervisor};
use std::{
    ffi::OsString,
    fs,
    path::PathBuf,
    process::{Child, Command as Program, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// Set for the binary when it is to be a rank.
pub const ROLE: &str = "SIMMPI_TEST_ROLE";

/// What the binary does as a rank; its argument is the token.
pub fn play(role: &str) {
    let token = std::env::args().nth(1).unwrap();
    let supervisor = Supervisor::start().unwrap();
    match role {
        "runs a tree" => drop(supervisor.run(&tree(&token))),
        "runs a program" => drop(supervisor.run(&Command::new(["sleep", &token], "/"))),
        "exits without a word" => {
            assert!(supervisor.run(&sh(&format!("setsid sleep {token} &"))).unwrap().exit.is_success());
            std::process::exit(0);
        }
        _ => panic!("no such role"),
    }
}

pub fn rank(role: &str, token: &str, launcher: &[&str]) -> Child {
    let me = std::env::current_exe().unwrap();
    let mut argv: Vec<OsString> = launcher.iter().map(OsString::from).collect();
    argv.extend([me.into(), token.into()]);
    Program::new(&argv[0]).args(&argv[1..]).env(ROLE, role).stdin(Stdio::null()).spawn().unwrap()
}

/// The launchers of this machine; the supervisor must work with each.
pub fn launchers() -> Vec<Vec<&'static str>> {
    let known =
        [vec!["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-n", "2"], vec!["mpirun.mpich", "-n", "2"]];
    let path = std::env::var_os("PATH").unwrap();
    let is_there = |name: &str| std::env::split_paths(&path).any(|directory| directory.join(name).exists());
    let found: Vec<_> = known.into_iter().filter(|launcher| is_there(launcher[0])).collect();
    if found.is_empty() {
        println!("(no launcher found, nothing checked)");
    }
    found
}

pub fn sh(script: &str) -> Command {
    Command::new(["sh", "-c", script], "/")
}

pub fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub fn run(script: &str) -> Finished {
    Supervisor::start().unwrap().run(&sh(script)).unwrap()
}

/// A number of seconds to sleep that occurs in no other command line of this machine.
pub fn token() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1000);
    format!("86400.{}{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sleeps in the foreground, in the background, in a session of its own, and double forked out of sight.
pub fn tree(token: &str) -> Command {
    sh(&format!("sleep {token} & setsid sleep {token} & (setsid sh -c '(sleep {token} &) & exit' &); sleep {token}"))
}

/// How many processes have `token` in their command lines.
pub fn count(token: &str) -> usize {
    let holds = |pid: PathBuf| {
        fs::read(pid.join("cmdline")).is_ok_and(|line| line.windows(token.len()).any(|part| part == token.as_bytes()))
    };
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| holds(entry.path())).count()
}

/// Waits until that number satisfies `is_reached`.
pub fn wait_for(token: &str, is_reached: impl Fn(usize) -> bool, limit: f64) {
    let start = Instant::now();
    while !is_reached(count(token)) {
        assert!(start.elapsed() < seconds(limit), "{} processes after {limit} s", count(token));
        sleep(seconds(0.01));
    }
}

pub fn status_line(pid: i32, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_string()
}

pub fn peak_kb(pid: i32) -> i64 {
    status_line(pid, "VmHWM:").trim_end_matches(" kB").parse().unwrap()
}

pub fn open_files(pid: i32) -> Vec<PathBuf> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).collect()
}
