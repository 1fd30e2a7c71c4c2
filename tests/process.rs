//! Does the guard lose no process, whatever programs do and whoever is killed?
//!
//! A program of its own instead of libtest: the guard forks before there are threads. Checks run one after another; an
//! argument selects those whose names contain it. The same binary is also the rank that some checks start and kill.
// Each function here is a test, which clippy knows only of libtest's.
#![allow(clippy::unwrap_used)]
#[macro_use]
#[path = "support/checks.rs"]
mod checks;

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use simmpi::process::{Command, Error, Exit, Finished, Guard, Output, Stdin, cores};
use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    process::{Child, Command as Program, ExitCode, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::{scope, sleep},
    time::{Duration, Instant},
};

/// Set for the binary when it is to be a rank.
const ROLE: &str = "SIMMPI_TEST_ROLE";

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(ROLE) {
        play(&role);
        return ExitCode::SUCCESS;
    }
    checks::run(&checks![
        exit_codes_signals_and_output_come_back_as_they_are
        bytes_that_are_no_text_come_back_as_they_are
        what_keeps_a_program_from_starting_is_said
        lack_of_descriptors_is_a_lack_of_resources
        input_of_any_length_and_files_reach_a_program
        a_program_that_ignores_term_is_killed_after_its_grace
        a_program_that_heeds_term_ends_before_its_grace
        descendants_in_the_background_in_own_sessions_and_double_forked_end_with_their_command
        all_descendants_end_when_the_rank_is_killed
        all_descendants_end_when_the_launcher_is_told_to_end
        a_launcher_does_not_wait_for_the_guard
        a_gigabyte_of_output_is_bounded_in_memory
        cancelling_ends_the_command_and_starts_no_other
        one_program_waits_for_another_and_begins_when_that_has_ended
        a_program_that_waits_can_be_withdrawn_and_may_come_too_late
        a_killed_guard_is_an_error_and_takes_its_programs_along
        all_descendants_end_whichever_of_rank_and_guard_are_killed_together
        the_launchers_variables_do_not_reach_a_program
        cores_are_handed_down
        the_guard_gives_way_to_programs_which_begin_as_always
        processor_time_and_memory_are_those_of_all_descendants
        nothing_inherited_stays_open
        signals_of_the_launcher_reach_neither_guard_nor_program
        many_commands_leave_nothing_behind
        a_dropped_guard_ends_at_once
        a_guard_is_refused_once_there_are_threads
    ])
}

/// What the binary does as a rank; its argument is the token.
fn play(role: &str) {
    let token = std::env::args().nth(1).unwrap();
    let guard = Guard::start().unwrap();
    match role {
        "runs a tree" => drop(guard.run(&tree(&token))),
        "runs a program" => drop(guard.run(&Command::new(["sleep", &token], "/"))),
        "exits without a word" => {
            assert!(guard.run(&sh(&format!("setsid sleep {token} &"))).unwrap().exit.is_success());
            std::process::exit(0);
        }
        _ => panic!("no such role"),
    }
}

fn rank(role: &str, token: &str, launcher: &[&str]) -> Child {
    let me = std::env::current_exe().unwrap();
    let mut argv: Vec<OsString> = launcher.iter().map(OsString::from).collect();
    argv.extend([me.into(), token.into()]);
    Program::new(&argv[0]).args(&argv[1..]).env(ROLE, role).stdin(Stdio::null()).spawn().unwrap()
}

/// The launchers of this machine; the guard must get on with each.
fn launchers() -> Vec<Vec<&'static str>> {
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

fn sh(script: &str) -> Command {
    Command::new(["sh", "-c", script], "/")
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn run(script: &str) -> Finished {
    Guard::start().unwrap().run(&sh(script)).unwrap()
}

/// A number of seconds to sleep that occurs in no other command line of this machine.
fn token() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1000);
    format!("86400.{}{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sleeps in the foreground, in the background, in a session of its own, and double forked out of sight.
fn tree(token: &str) -> Command {
    sh(&format!("sleep {token} & setsid sleep {token} & (setsid sh -c '(sleep {token} &) & exit' &); sleep {token}"))
}

/// How many processes have `token` in their command lines.
fn count(token: &str) -> usize {
    let holds = |pid: PathBuf| {
        fs::read(pid.join("cmdline")).is_ok_and(|line| line.windows(token.len()).any(|part| part == token.as_bytes()))
    };
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| holds(entry.path())).count()
}

/// Waits until that number satisfies `is_reached`.
fn wait_for(token: &str, is_reached: impl Fn(usize) -> bool, limit: f64) {
    let start = Instant::now();
    while !is_reached(count(token)) {
        assert!(start.elapsed() < seconds(limit), "{} processes after {limit} s", count(token));
        sleep(seconds(0.01));
    }
}

fn status_line(pid: i32, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_string()
}

fn peak_kb(pid: i32) -> i64 {
    status_line(pid, "VmHWM:").trim_end_matches(" kB").parse().unwrap()
}

fn open_files(pid: i32) -> Vec<PathBuf> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).collect()
}

fn exit_codes_signals_and_output_come_back_as_they_are() {
    let guard = Guard::start().unwrap();
    for code in [0, 1, 7, 255] {
        let finished = guard.run(&sh(&format!("echo out {code}; echo err >&2; exit {code}"))).unwrap();
        assert_eq!(finished.exit, Exit::Exited(code));
        assert_eq!(finished.stdout.text(), format!("out {code}\n"));
        assert_eq!((finished.stderr.text(), finished.survivors), ("err\n".into(), 0));
    }
    for signal in [9, 11, 40] {
        assert_eq!(guard.run(&sh(&format!("kill -{signal} $$"))).unwrap().exit, Exit::Signalled(signal));
    }
    let mut here = sh("pwd");
    here.directory = "/usr".into();
    assert_eq!(guard.run(&here).unwrap().stdout.text(), "/usr\n");
}

fn bytes_that_are_no_text_come_back_as_they_are() {
    let finished = run(r"printf 'a\000\377\033[31m' >&2; printf '\303'");
    assert_eq!(finished.stderr.head, b"a\0\xff\x1b[31m");
    assert_eq!(finished.stdout.text(), "\u{fffd}");
    let odd = OsString::from_vec(b"\xff\xfe".to_vec());
    let echo = Command::new([OsString::from("printf"), "%s".into(), odd], "/");
    assert_eq!(Guard::start().unwrap().run(&echo).unwrap().stdout.head, b"\xff\xfe");
}

fn what_keeps_a_program_from_starting_is_said() {
    let guard = Guard::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    let why = |command: &Command| guard.run(command).unwrap_err();
    let starting = |program: &Path| why(&Command::new([program], "/"));
    assert!(matches!(starting(Path::new("no-such-program")), Error::NotFound { .. }));
    assert!(matches!(starting(&folder.path().join("none")), Error::NotFound { .. }));
    assert!(matches!(starting(&at("plain", "#!/bin/sh\n", 0o644)), Error::NotExecutable { .. }));
    assert!(matches!(starting(folder.path()), Error::NotExecutable { .. }));
    assert!(matches!(starting(&at("script", "#!/no/such/python\n", 0o755)), Error::Interpreter { .. }));
    let mut found_in_path = Command::new(["script"], "/");
    found_in_path.set.push(("PATH".into(), folder.path().into()));
    assert!(matches!(why(&found_in_path), Error::Interpreter { .. }));
    assert!(matches!(why(&Command::new(["true"], "/no/such/folder")), Error::Directory { .. }));
    assert!(matches!(why(&Command::new(["true"], "/etc/passwd")), Error::Directory { .. }));
    assert!(matches!(why(&Command::new(["true\0"], "/")), Error::Nul { .. }));
    assert!(matches!(why(&Command::new(["true"], "/\0")), Error::Nul { .. }));
    assert!(matches!(why(&Command::new(Vec::<OsString>::new(), "/")), Error::Empty));
    assert!(matches!(why(&Command::new(["true", &"x".repeat(10_000_000)], "/")), Error::TooLong { .. }));
    let mut reading = sh("cat");
    reading.stdin = Stdin::File("no/input".into());
    assert!(matches!(why(&reading), Error::File { path, .. } if path == Path::new("/no/input")));
    let mut writing = sh("echo");
    writing.stderr = Output::File("/no/folder/err".into());
    assert!(matches!(why(&writing), Error::File { .. }));
    let error = starting(Path::new("no-such-program"));
    assert!(!error.is_worth_retrying());
    assert_eq!(error.to_string(), "`no-such-program` is not found; load its module, or give its full path");
    assert!(guard.run(&sh("true")).unwrap().exit.is_success(), "the guard goes on");
}

fn lack_of_descriptors_is_a_lack_of_resources() {
    let guard = Guard::start().unwrap();
    let limit = |files: &str| {
        let set =
            Program::new("prlimit").args(["--pid", &guard.pid().to_string(), &format!("--nofile={files}")]).status();
        assert!(set.unwrap().success());
    };
    limit("8:1024");
    let error = guard.run(&sh("true")).unwrap_err();
    assert!(matches!(error, Error::Resource { .. }) && error.is_worth_retrying());
    assert!(error.to_string().contains("ulimit -n"));
    limit("1024:1024");
    assert!(guard.run(&sh("true")).unwrap().exit.is_success());
}

fn input_of_any_length_and_files_reach_a_program() {
    let guard = Guard::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut copy = Command::new(["sh", "-c", "cat; echo end >&2"], folder.path());
    copy.stdin = Stdin::Bytes((0..=255).cycle().take(5_000_000).collect());
    copy.stdout = Output::File("copy".into());
    assert_eq!(guard.run(&copy).unwrap().stderr.text(), "end\n");
    assert!(matches!(&copy.stdin, Stdin::Bytes(sent) if *sent == fs::read(folder.path().join("copy")).unwrap()));

    let mut again = Command::new(["sh", "-c", "wc -c; echo both >&2; echo of them"], folder.path());
    again.stdin = Stdin::File("copy".into());
    (again.stdout, again.stderr) = (Output::File("log".into()), Output::File("log".into()));
    for _ in 0..2 {
        guard.run(&again).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "5000000\nboth\nof them\n");
    }
    assert_eq!(guard.run(&sh("cat; cat /dev/stdin")).unwrap().stdout.total, 0);
    let long = "x".repeat(100_000);
    let shown = guard.run(&Command::new(["printf", "%s%s%s", &long, &long, &long], "/")).unwrap();
    assert_eq!((shown.stdout.total, shown.stdout.is_whole()), (300_000, false));
}

fn a_program_that_ignores_term_is_killed_after_its_grace() {
    let token = token();
    let mut command = sh(&format!("trap '' TERM; echo begun; sleep {token}; sleep {token}"));
    (command.time_limit, command.grace) = (Some(seconds(0.3)), seconds(0.4));
    let finished = Guard::start().unwrap().run(&command).unwrap();
    assert_eq!((finished.exit, finished.stdout.text()), (Exit::TimedOut, "begun\n".into()));
    assert!((0.7..3.0).contains(&finished.elapsed.as_secs_f64()), "{:?}", finished.elapsed);
    assert_eq!(count(&token), 0);
}

fn a_program_that_heeds_term_ends_before_its_grace() {
    let token = token();
    let guard = Guard::start().unwrap();
    let told = format!("trap 'echo told; exit 3' TERM; sleep {token} & wait");
    for script in [told.as_str(), "kill -STOP $$; echo told"] {
        let mut command = sh(script);
        (command.time_limit, command.grace) = (Some(seconds(0.3)), seconds(60.0));
        let finished = guard.run(&command).unwrap();
        assert_eq!(finished.exit, Exit::TimedOut);
        assert!((0.3..5.0).contains(&finished.elapsed.as_secs_f64()), "{:?}", finished.elapsed);
        assert_eq!(finished.stdout.text() == "told\n", script == told);
    }
    assert_eq!(count(&token), 0);
}

fn descendants_in_the_background_in_own_sessions_and_double_forked_end_with_their_command() {
    let token = token();
    let guard = Guard::start().unwrap();
    let mut leaving = tree(&token);
    let script = leaving.argv[2].to_str().unwrap().replace(&format!("; sleep {token}"), "; sleep 0.5; echo left");
    leaving.argv[2] = format!("{script}; ps ax -o args= | grep -c '[s]leep {token}'").into();
    let finished = guard.run(&leaving).unwrap();
    let seen: usize = finished.stdout.last_lines(1).parse().unwrap();
    assert!(seen >= 3, "the tree has not grown: {}", finished.stdout.text());
    assert_eq!((finished.exit, finished.survivors, count(&token)), (Exit::Exited(0), 0, 0));
    assert!(finished.elapsed < seconds(5.0));
}

fn all_descendants_end_when_the_rank_is_killed() {
    let token = token();
    let mut rank = rank("runs a tree", &token, &[]);
    // Rank, its two processes, shell and four sleeps.
    wait_for(&token, |n| n >= 8, 10.0);
    rank.kill().unwrap();
    rank.wait().unwrap();
    wait_for(&token, |n| n == 0, 3.0);
}

fn all_descendants_end_when_the_launcher_is_told_to_end() {
    for launcher in launchers() {
        let token = token();
        let mut job = rank("runs a tree", &token, &launcher);
        wait_for(&token, |n| n >= 16, 20.0);
        kill(Pid::from_raw(job.id() as i32), Signal::SIGTERM).unwrap();
        job.wait().unwrap();
        wait_for(&token, |n| n == 0, 3.0);
    }
}

fn a_launcher_does_not_wait_for_the_guard() {
    for launcher in launchers() {
        let token = token();
        let start = Instant::now();
        let mut job = rank("exits without a word", &token, &launcher);
        assert!(job.wait().unwrap().success());
        assert!(start.elapsed() < seconds(15.0), "{:?}", start.elapsed());
        wait_for(&token, |n| n == 0, 3.0);
    }
}

fn a_gigabyte_of_output_is_bounded_in_memory() {
    let guard = Guard::start().unwrap();
    guard.run(&sh("echo")).unwrap();
    let me = std::process::id() as i32;
    let before = (peak_kb(me), peak_kb(guard.pid()));
    let script = "head -c 1000000000 /dev/zero & (yes | head -c 999999999; echo end) >&2; wait";
    let finished = guard.run(&sh(script)).unwrap();
    let grown = (peak_kb(me) - before.0, peak_kb(guard.pid()) - before.1);
    assert_eq!((finished.stdout.total, finished.stderr.total), (1_000_000_000, 1_000_000_003));
    assert!(finished.stdout.head.iter().all(|&byte| byte == 0));
    assert!(finished.stderr.head.starts_with(b"y\ny\n") && finished.stderr.tail.ends_with(b"\nyend\n"));
    assert!(grown.0 < 4096 && grown.1 < 4096, "grown by {grown:?} KiB");
    println!("(2 GB in {:.2} s; rank and guard grew by {grown:?} KiB)", finished.elapsed.as_secs_f64());
}

fn cancelling_ends_the_command_and_starts_no_other() {
    let token = token();
    let guard = Guard::start().unwrap();
    let mut command = sh(&format!("trap '' TERM; sleep {token}; sleep {token}"));
    (command.time_limit, command.grace) = (Some(seconds(20.0)), seconds(0.2));
    scope(|threads| {
        let running = threads.spawn(|| guard.run(&command).unwrap());
        wait_for(&token, |n| n >= 2, 5.0);
        let start = Instant::now();
        guard.cancel();
        assert!(start.elapsed() < seconds(1.0), "cancelling waits");
        assert_eq!(running.join().unwrap().exit, Exit::Cancelled);
        assert!(start.elapsed() < seconds(3.0));
    });
    assert_eq!(count(&token), 0);
    let next = guard.run(&sh("sleep 5")).unwrap();
    assert_eq!((next.exit, next.elapsed), (Exit::Cancelled, Duration::ZERO));
}

/// Runs `first`, and once it runs `second` beside it; both came to their ends after `meanwhile`, which is called when `second` waits.
fn beside(guard: &Guard, first: &Command, second: &Command, meanwhile: impl FnOnce()) -> [Finished; 2] {
    scope(|threads| {
        let running = threads.spawn(|| guard.run(first).unwrap());
        sleep(seconds(0.1));
        let waiting = threads.spawn(|| guard.run(second).unwrap());
        sleep(seconds(0.1));
        meanwhile();
        [running.join().unwrap(), waiting.join().unwrap()]
    })
}

fn one_program_waits_for_another_and_begins_when_that_has_ended() {
    let (guard, token) = (Guard::start().unwrap(), token());
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log").display().to_string();
    // What the first leaves behind is gone before the second begins.
    let first = sh(&format!("setsid sleep {token} & sleep 0.4; date +%s%N >> {log}; exit 3"));
    let second = sh(&format!("date +%s%N >> {log}; ps -eo args | grep -c '^sleep {token}'; sleep 0.1; exit 4"));
    let [one, two] = beside(&guard, &first, &second, || ());
    assert_eq!((one.exit, two.exit), (Exit::Exited(3), Exit::Exited(4)));
    assert_eq!(two.stdout.text().trim(), "0");
    // It is not charged for its wait, nor for what the other used.
    assert!(two.elapsed >= seconds(0.1) && two.elapsed < seconds(0.35), "{:?}", two.elapsed);
    let times: Vec<i64> = fs::read_to_string(&log).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert!(times[1] > times[0], "{times:?}");
    // What cannot begin is told when its turn has come.
    let missing = Command::new(["/no/such/program"], "/");
    scope(|threads| {
        let running = threads.spawn(|| guard.run(&sh("sleep 0.2")).unwrap());
        sleep(seconds(0.1));
        assert!(matches!(guard.run(&missing), Err(Error::NotFound { .. })));
        assert!(running.join().unwrap().exit.is_success());
    });
}

fn a_program_that_waits_can_be_withdrawn_and_may_come_too_late() {
    let (folder, slow) = (tempfile::tempdir().unwrap(), sh("sleep 0.5"));
    let trace = folder.path().join("it-ran");
    let touch = sh(&format!("touch {}", trace.display()));
    let guard = Guard::start().unwrap();
    let late = Command { begin_within: Some(seconds(0.2)), ..touch.clone() };
    let [one, two] = beside(&guard, &slow, &late, || ());
    assert_eq!((one.exit, two.exit), (Exit::Exited(0), Exit::Cancelled));
    let [one, two] = beside(&guard, &slow, &touch, || guard.withdraw());
    assert_eq!((one.exit, two.exit), (Exit::Exited(0), Exit::Cancelled));
    assert!(!trace.exists());
    // Nothing waits any more; what need not wait is run.
    assert_eq!(beside(&guard, &slow, &touch, || ())[1].exit, Exit::Cancelled);
    assert!(guard.run(&late).unwrap().exit.is_success() && trace.exists());
    let other = Guard::start().unwrap();
    let [one, two] = beside(&other, &slow, &touch, || other.cancel());
    assert_eq!((one.exit, two.exit), (Exit::Cancelled, Exit::Cancelled));
}

fn a_killed_guard_is_an_error_and_takes_its_programs_along() {
    let token = token();
    let guard = Guard::start().unwrap();
    let script = format!("(sleep {token} &); set -m; sleep {token} & sleep {token}");
    scope(|threads| {
        let running = threads.spawn(|| guard.run(&sh(&script)));
        wait_for(&token, |n| n >= 4, 5.0);
        kill(Pid::from_raw(guard.pid()), Signal::SIGKILL).unwrap();
        let start = Instant::now();
        let error = running.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::GuardLost { signal: Some(9), .. }), "{error}");
        assert!(start.elapsed() < seconds(3.0));
    });
    assert_eq!(count(&token), 0);
    assert!(matches!(guard.run(&sh("true")), Err(Error::GuardLost { signal: Some(9), .. })));
    guard.cancel();
}

/// The child of a process that is named so.
fn child(parent: i32, name: &str) -> i32 {
    let children = Program::new("ps").args(["-o", "pid=,comm=", "--ppid", &parent.to_string()]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let found = children.lines().find(|line| line.ends_with(name)).unwrap_or_else(|| panic!("{name} in {children}"));
    found.split_whitespace().next().unwrap().parse().unwrap()
}

fn all_descendants_end_whichever_of_rank_and_guard_are_killed_together() {
    // The rank is stopped where it is not killed, so that it cannot help.
    for kills in [&["guard"][..], &["programs"], &["rank", "guard"], &["rank", "programs"]] {
        let token = token();
        let mut rank = rank("runs a tree", &token, &[]);
        // Rank, its two processes, shell and four sleeps.
        wait_for(&token, |n| n >= 8, 10.0);
        let guard = child(rank.id() as i32, "simmpi-guard");
        let programs = child(guard, "simmpi-programs");
        let pid = |name: &str| match name {
            "rank" => rank.id() as i32,
            "guard" => guard,
            _ => programs,
        };
        let send = |pid: i32, signal| kill(Pid::from_raw(pid), signal).unwrap();
        send(pid("rank"), Signal::SIGSTOP);
        kills.iter().for_each(|name| send(pid(name), Signal::SIGKILL));
        let left = usize::from(!kills.contains(&"rank"));
        wait_for(&token, |n| n == left, 5.0);
        let _ = rank.kill();
        rank.wait().unwrap();
    }
}

fn the_launchers_variables_do_not_reach_a_program() {
    let launched = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_FD", "MPI_LOCALRANKID", "SLURM_PROCID", "SLURM_STEP_ID"];
    let own = ["SLURM_JOB_ID", "OMP_NUM_THREADS", "SIMMPI_TEST_GONE"];
    for name in launched.iter().chain(&own) {
        // SAFETY: there is no other thread.
        unsafe { std::env::set_var(name, "3") };
    }
    let guard = Guard::start().unwrap();
    for name in launched.iter().chain(&own) {
        // SAFETY: there is no other thread.
        unsafe { std::env::remove_var(name) };
    }
    let mut command = sh("env");
    command.unset.push("SIMMPI_TEST_GONE".into());
    command.set.push(("OMP_NUM_THREADS".into(), "2".into()));
    let text = guard.run(&command).unwrap().stdout.text();
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    assert!(launched.iter().all(|name| value(name).is_none()), "{text}");
    let kept = own.map(value);
    assert_eq!(kept, [Some("3"), Some("2"), None]);
    assert!(value("PATH").is_some());
}

fn cores_are_handed_down() {
    let guard = Guard::start().unwrap();
    let allowed = cores::allowed().unwrap();
    let count =
        |cores| guard.run(&Command { cores, ..sh("nproc --ignore=0; grep -h Cpus_allowed_list /proc/self/status") });
    let last = *allowed.last().unwrap();
    let one = count(Some(vec![last])).unwrap().stdout.text();
    assert_eq!(one, format!("1\nCpus_allowed_list:\t{last}\n"));
    assert!(
        count(None).unwrap().stdout.text().starts_with(&format!("{}\n", allowed.len())),
        "the guard's own are back"
    );
    for absent in [1000, 1_000_000] {
        assert!(matches!(count(Some(vec![absent])), Err(Error::Cores { .. })));
    }
}

fn the_guard_gives_way_to_programs_which_begin_as_always() {
    /// The scheduling policy, field 41 of a process' stat; the name in brackets before may hold blanks.
    fn policy(stat: &str) -> i32 {
        stat.rsplit(')').next().unwrap().split_whitespace().nth(38).unwrap().parse().unwrap()
    }
    const BATCH: i32 = 3;
    let own = policy(&fs::read_to_string("/proc/self/stat").unwrap());
    let guard = Guard::start().unwrap();
    let guards = policy(&fs::read_to_string(format!("/proc/{}/stat", guard.pid())).unwrap());
    let program = guard.run(&Command::new(["cat", "/proc/self/stat"], "/")).unwrap().stdout.text();
    let childs = guard.run(&sh("sh -c 'cat /proc/self/stat'; true")).unwrap().stdout.text();
    assert_eq!([guards, policy(&program), policy(&childs)], [if own == 0 { BATCH } else { own }, own, own]);
}

fn processor_time_and_memory_are_those_of_all_descendants() {
    let guard = Guard::start().unwrap();
    let idle = guard.run(&sh("sleep 0.3")).unwrap();
    assert!(idle.cpu_s < 0.1 && idle.elapsed >= seconds(0.3), "{idle:?}");
    assert!(idle.peak_memory_kb < 50_000);
    // Each loop is ended by the kernel after about one second of processor time; `cat` waits for the one out of sight.
    let loops = "ulimit -c 0; ulimit -t 1; while :; do :; done";
    let busy = guard.run(&sh(&format!("{{ (setsid sh -c '{loops}' &) ; }} | cat; sh -c '{loops}'; exit 0"))).unwrap();
    assert!((1.5..2.6).contains(&busy.cpu_s), "{busy:?}");
    let large = guard.run(&sh("head -c 200000000 /dev/zero | tail -c 100000000 | wc -c")).unwrap();
    assert!((95_000..400_000).contains(&large.peak_memory_kb), "{large:?}");
}

fn nothing_inherited_stays_open() {
    // Without close-on-exec, as a launcher leaves its pipes.
    let (reader, writer) = nix::unistd::pipe().unwrap();
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let guard = Guard::start().unwrap();
    drop(writer);
    assert_eq!(nix::unistd::read(&reader, &mut [0]), Ok(0), "nobody else holds the writing end");
    let mut files = open_files(guard.pid());
    files.retain(|file| file != Path::new("/dev/null"));
    assert_eq!(files.len(), 3, "only the sockets and the signals: {files:?}");
    let listed = guard.run(&Command::new(["ls", "-l", "/proc/self/fd"], "/")).unwrap().stdout.text();
    assert_eq!(listed.matches(" -> ").count(), 4, "the standard three and the directory that is listed: {listed}");
}

fn signals_of_the_launcher_reach_neither_guard_nor_program() {
    let guard = Guard::start().unwrap();
    let signals = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGQUIT];
    scope(|threads| {
        let running = threads.spawn(|| guard.run(&sh("sleep 0.5; grep -E 'Sig(Blk|Ign)' /proc/self/status")).unwrap());
        sleep(seconds(0.2));
        for signal in signals {
            kill(Pid::from_raw(guard.pid()), signal).unwrap();
            // The guard leads its own group and session.
            kill(Pid::from_raw(-guard.pid()), signal).unwrap();
        }
        let finished = running.join().unwrap();
        assert_eq!(finished.exit, Exit::Exited(0));
        let text = finished.stdout.text();
        let mask = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            u64::from_str_radix(value.trim(), 16).unwrap()
        };
        assert_eq!(mask("SigBlk:"), 0, "programs have all signals unblocked");
        let mine = u64::from_str_radix(&status_line(std::process::id() as i32, "SigIgn:"), 16).unwrap();
        assert_eq!(mask("SigIgn:"), mine & !(1 << (Signal::SIGPIPE as i32 - 1)));
    });
}

fn many_commands_leave_nothing_behind() {
    let guard = Guard::start().unwrap();
    let before = (open_files(guard.pid()).len(), open_files(std::process::id() as i32).len());
    let start = Instant::now();
    for _ in 0..300 {
        assert!(guard.run(&Command::new(["true"], "/")).unwrap().exit.is_success());
    }
    println!("({:.2} ms a command)", start.elapsed().as_secs_f64() * 1e3 / 300.0);
    assert_eq!((open_files(guard.pid()).len(), open_files(std::process::id() as i32).len()), before);
    scope(|threads| {
        let turns: Vec<_> = (0..4)
            .map(|k| {
                (
                    k,
                    threads.spawn({
                        let guard = &guard;
                        move || guard.run(&sh(&format!("sleep 0.1; exit {k}")))
                    }),
                )
            })
            .collect();
        for (k, turn) in turns {
            assert_eq!(turn.join().unwrap().unwrap().exit, Exit::Exited(k));
        }
    });
}

fn a_dropped_guard_ends_at_once() {
    let guard = Guard::start().unwrap();
    let pid = guard.pid();
    let start = Instant::now();
    drop(guard);
    assert!(start.elapsed() < seconds(0.5));
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "ended and reaped");
}

fn a_guard_is_refused_once_there_are_threads() {
    scope(|threads| {
        threads.spawn(|| sleep(seconds(0.3)));
        assert!(matches!(Guard::start(), Err(Error::Threaded { threads: 2 })));
    });
    // A joined thread may still be on its way out.
    sleep(seconds(0.1));
    assert!(Guard::start().is_ok());
}
