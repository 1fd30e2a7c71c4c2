//! The supervisor loses no process, whatever programs do and whichever process is killed.
//!
//! A program of its own instead of libtest: the supervisor must be forked before there are threads. Checks run one after another; an
//! argument selects those whose names contain it. The same binary is also the rank that some checks start and kill.
// Each function here is a test, which clippy knows only of libtest's.
#![allow(clippy::unwrap_used)]
#[macro_use]
#[path = "support/checks.rs"]
mod checks;
#[path = "process/killed.rs"]
mod killed;
#[path = "process/programs.rs"]
mod programs;
#[path = "support/skip.rs"]
mod skip;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use simmpi::process::{Command, Error, Exit, Finished, Output, Stdin, Supervisor, cores};
use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt,
    path::Path,
    process::{Command as Program, ExitCode},
    thread::{scope, sleep},
    time::Duration,
};

use killed::*;
use programs::*;

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(ROLE) {
        play(&role);
        return ExitCode::SUCCESS;
    }
    checks::run(&checks![
        exit_codes_signals_and_output_come_back_as_they_are
        bytes_that_are_no_text_come_back_as_they_are
        the_reason_why_a_program_does_not_start_is_reported
        lack_of_descriptors_is_a_lack_of_resources
        input_of_any_length_and_files_reach_a_program
        a_program_that_ignores_term_is_killed_after_its_grace
        a_program_that_heeds_term_ends_before_its_grace
        descendants_in_the_background_in_own_sessions_and_double_forked_end_with_their_command
        all_descendants_end_when_the_rank_is_killed
        all_descendants_end_when_the_launcher_is_told_to_end
        a_launcher_does_not_wait_for_the_supervisor
        a_gigabyte_of_output_is_bounded_in_memory
        cancelling_ends_the_command_and_starts_no_other
        one_program_waits_for_another_and_begins_when_that_has_ended
        a_program_that_waits_can_be_withdrawn_and_may_come_too_late
        a_killed_supervisor_is_an_error_and_its_programs_end_with_it
        all_descendants_end_whichever_of_rank_reaper_and_supervisor_are_killed_together
        the_launchers_variables_do_not_reach_a_program
        cores_are_handed_down
        the_supervisor_yields_to_programs_which_start_with_the_default_policy
        processor_time_and_memory_are_those_of_all_descendants
        memory_is_sampled_over_all_processes_and_all_of_the_time
        usage_is_that_of_the_programs_of_a_thread
        sampling_takes_less_than_a_thousandth_of_a_core
        nothing_inherited_stays_open
        signals_of_the_launcher_reach_neither_supervisor_nor_program
        many_commands_leave_nothing_behind
        a_dropped_supervisor_ends_at_once
        a_supervisor_is_refused_once_there_are_threads
    ])
}

fn exit_codes_signals_and_output_come_back_as_they_are() {
    let supervisor = Supervisor::start().unwrap();
    for code in [0, 1, 7, 255] {
        let finished = supervisor.run(&sh(&format!("echo out {code}; echo err >&2; exit {code}"))).unwrap();
        assert_eq!(finished.exit, Exit::Exited(code));
        assert_eq!(finished.stdout.text(), format!("out {code}\n"));
        assert_eq!((finished.stderr.text(), finished.survivors), ("err\n".into(), 0));
    }
    for signal in [9, 11, 40] {
        assert_eq!(supervisor.run(&sh(&format!("kill -{signal} $$"))).unwrap().exit, Exit::Signalled(signal));
    }
    let mut here = sh("pwd");
    here.directory = "/usr".into();
    assert_eq!(supervisor.run(&here).unwrap().stdout.text(), "/usr\n");
}

fn bytes_that_are_no_text_come_back_as_they_are() {
    let finished = run(r"printf 'a\000\377\033[31m' >&2; printf '\303'");
    assert_eq!(finished.stderr.head, b"a\0\xff\x1b[31m");
    assert_eq!(finished.stdout.text(), "\u{fffd}");
    let odd = OsString::from_vec(b"\xff\xfe".to_vec());
    let echo = Command::new([OsString::from("printf"), "%s".into(), odd], "/");
    assert_eq!(Supervisor::start().unwrap().run(&echo).unwrap().stdout.head, b"\xff\xfe");
}

fn the_reason_why_a_program_does_not_start_is_reported() {
    let supervisor = Supervisor::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    let why = |command: &Command| supervisor.run(command).unwrap_err();
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
    assert_eq!(error.to_string(), "`no-such-program` not found; load its module, or give its full path");
    assert!(supervisor.run(&sh("true")).unwrap().exit.is_success(), "the supervisor goes on");
}

fn lack_of_descriptors_is_a_lack_of_resources() {
    let supervisor = Supervisor::start().unwrap();
    let limit = |files: &str| {
        let set = Program::new("prlimit")
            .args(["--pid", &supervisor.pid().to_string(), &format!("--nofile={files}")])
            .status();
        assert!(set.unwrap().success());
    };
    limit("8:1024");
    let error = supervisor.run(&sh("true")).unwrap_err();
    assert!(matches!(error, Error::Resource { .. }) && error.is_worth_retrying());
    assert!(error.to_string().contains("ulimit -n"));
    limit("1024:1024");
    assert!(supervisor.run(&sh("true")).unwrap().exit.is_success());
}

fn input_of_any_length_and_files_reach_a_program() {
    let supervisor = Supervisor::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut copy = Command::new(["sh", "-c", "cat; echo end >&2"], folder.path());
    copy.stdin = Stdin::Bytes((0..=255).cycle().take(5_000_000).collect());
    copy.stdout = Output::File("copy".into());
    assert_eq!(supervisor.run(&copy).unwrap().stderr.text(), "end\n");
    assert!(matches!(&copy.stdin, Stdin::Bytes(sent) if *sent == fs::read(folder.path().join("copy")).unwrap()));

    let mut again = Command::new(["sh", "-c", "wc -c; echo both >&2; echo of them"], folder.path());
    again.stdin = Stdin::File("copy".into());
    (again.stdout, again.stderr) = (Output::File("log".into()), Output::File("log".into()));
    for _ in 0..2 {
        supervisor.run(&again).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "5000000\nboth\nof them\n");
    }
    assert_eq!(supervisor.run(&sh("cat; cat /dev/stdin")).unwrap().stdout.total, 0);
    let long = "x".repeat(100_000);
    let shown = supervisor.run(&Command::new(["printf", "%s%s%s", &long, &long, &long], "/")).unwrap();
    assert_eq!((shown.stdout.total, shown.stdout.is_whole()), (300_000, false));
}

fn a_program_that_ignores_term_is_killed_after_its_grace() {
    let token = token();
    let mut command = sh(&format!("trap '' TERM; echo begun; sleep {token}; sleep {token}"));
    (command.time_limit, command.grace) = (Some(seconds(0.3)), seconds(0.4));
    let finished = Supervisor::start().unwrap().run(&command).unwrap();
    assert_eq!((finished.exit, finished.stdout.text()), (Exit::TimedOut, "begun\n".into()));
    assert!((0.7..3.0).contains(&finished.elapsed.as_secs_f64()), "{:?}", finished.elapsed);
    assert_eq!(count(&token), 0);
}

fn a_program_that_heeds_term_ends_before_its_grace() {
    let token = token();
    let supervisor = Supervisor::start().unwrap();
    let told = format!("trap 'echo told; exit 3' TERM; sleep {token} & wait");
    for script in [told.as_str(), "kill -STOP $$; echo told"] {
        let mut command = sh(script);
        (command.time_limit, command.grace) = (Some(seconds(0.3)), seconds(60.0));
        let finished = supervisor.run(&command).unwrap();
        assert_eq!(finished.exit, Exit::TimedOut);
        assert!((0.3..5.0).contains(&finished.elapsed.as_secs_f64()), "{:?}", finished.elapsed);
        assert_eq!(finished.stdout.text() == "told\n", script == told);
    }
    assert_eq!(count(&token), 0);
}

fn a_gigabyte_of_output_is_bounded_in_memory() {
    let supervisor = Supervisor::start().unwrap();
    supervisor.run(&sh("echo")).unwrap();
    let me = std::process::id() as i32;
    let before = (peak_kb(me), peak_kb(supervisor.pid()));
    let script = "head -c 1000000000 /dev/zero & (yes | head -c 999999999; echo end) >&2; wait";
    let finished = supervisor.run(&sh(script)).unwrap();
    let grown = (peak_kb(me) - before.0, peak_kb(supervisor.pid()) - before.1);
    assert_eq!((finished.stdout.total, finished.stderr.total), (1_000_000_000, 1_000_000_003));
    assert!(finished.stdout.head.iter().all(|&byte| byte == 0));
    assert!(finished.stderr.head.starts_with(b"y\ny\n") && finished.stderr.tail.ends_with(b"\nyend\n"));
    assert!(grown.0 < 4096 && grown.1 < 4096, "grown by {grown:?} KiB");
    println!("(2 GB in {:.2} s; rank and supervisor grew by {grown:?} KiB)", finished.elapsed.as_secs_f64());
}

fn cancelling_ends_the_command_and_starts_no_other() {
    let token = token();
    let supervisor = Supervisor::start().unwrap();
    let mut command = sh(&format!("trap '' TERM; sleep {token}; sleep {token}"));
    (command.time_limit, command.grace) = (Some(seconds(20.0)), seconds(0.2));
    scope(|threads| {
        let running = threads.spawn(|| supervisor.run(&command).unwrap());
        wait_for(&token, |n| n >= 2, 5.0);
        supervisor.cancel();
        assert_eq!(running.join().unwrap().exit, Exit::Cancelled);
    });
    assert_eq!(count(&token), 0);
    let next = supervisor.run(&sh("sleep 5")).unwrap();
    assert_eq!((next.exit, next.elapsed), (Exit::Cancelled, Duration::ZERO));
}

/// Runs `first`, and once it runs `second` beside it; both came to their ends after `meanwhile`, which is called when `second` waits.
fn beside(supervisor: &Supervisor, first: &Command, second: &Command, meanwhile: impl FnOnce()) -> [Finished; 2] {
    scope(|threads| {
        let running = threads.spawn(|| supervisor.run(first).unwrap());
        sleep(seconds(0.1));
        let waiting = threads.spawn(|| supervisor.run(second).unwrap());
        sleep(seconds(0.1));
        meanwhile();
        [running.join().unwrap(), waiting.join().unwrap()]
    })
}

fn one_program_waits_for_another_and_begins_when_that_has_ended() {
    let (supervisor, token) = (Supervisor::start().unwrap(), token());
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log").display().to_string();
    // What the first leaves behind is gone before the second begins.
    let first = sh(&format!("setsid sleep {token} & sleep 0.4; date +%s%N >> {log}; exit 3"));
    let second = sh(&format!("date +%s%N >> {log}; ps -eo args | grep -c '^sleep {token}'; sleep 0.1; exit 4"));
    let [one, two] = beside(&supervisor, &first, &second, || ());
    assert_eq!((one.exit, two.exit), (Exit::Exited(3), Exit::Exited(4)));
    assert_eq!(two.stdout.text().trim(), "0");
    // It is not charged for its wait, nor for what the other used.
    assert!(two.elapsed >= seconds(0.1) && two.elapsed < seconds(0.35), "{:?}", two.elapsed);
    let times: Vec<i64> = fs::read_to_string(&log).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert!(times[1] > times[0], "{times:?}");
    // What cannot begin is told when its turn has come.
    let missing = Command::new(["/no/such/program"], "/");
    scope(|threads| {
        let running = threads.spawn(|| supervisor.run(&sh("sleep 0.2")).unwrap());
        sleep(seconds(0.1));
        assert!(matches!(supervisor.run(&missing), Err(Error::NotFound { .. })));
        assert!(running.join().unwrap().exit.is_success());
    });
}

fn a_program_that_waits_can_be_withdrawn_and_may_come_too_late() {
    let (folder, slow) = (tempfile::tempdir().unwrap(), sh("sleep 0.5"));
    let trace = folder.path().join("it-ran");
    let touch = sh(&format!("touch {}", trace.display()));
    let supervisor = Supervisor::start().unwrap();
    let late = Command { begin_within: Some(seconds(0.2)), ..touch.clone() };
    let [one, two] = beside(&supervisor, &slow, &late, || ());
    assert_eq!((one.exit, two.exit), (Exit::Exited(0), Exit::Cancelled));
    let [one, two] = beside(&supervisor, &slow, &touch, || supervisor.withdraw());
    assert_eq!((one.exit, two.exit), (Exit::Exited(0), Exit::Cancelled));
    assert!(!trace.exists());
    // Nothing waits any more; what need not wait is run.
    assert_eq!(beside(&supervisor, &slow, &touch, || ())[1].exit, Exit::Cancelled);
    assert!(supervisor.run(&late).unwrap().exit.is_success() && trace.exists());
    let other = Supervisor::start().unwrap();
    let [one, two] = beside(&other, &slow, &touch, || other.cancel());
    assert_eq!((one.exit, two.exit), (Exit::Cancelled, Exit::Cancelled));
}

fn the_launchers_variables_do_not_reach_a_program() {
    let launched = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_FD", "MPI_LOCALRANKID", "SLURM_PROCID", "SLURM_STEP_ID"];
    let own = ["SLURM_JOB_ID", "OMP_NUM_THREADS", "SIMMPI_TEST_GONE"];
    for name in launched.iter().chain(&own) {
        // SAFETY: there is no other thread.
        unsafe { std::env::set_var(name, "3") };
    }
    let supervisor = Supervisor::start().unwrap();
    for name in launched.iter().chain(&own) {
        // SAFETY: there is no other thread.
        unsafe { std::env::remove_var(name) };
    }
    let mut command = sh("env");
    command.unset.push("SIMMPI_TEST_GONE".into());
    command.set.push(("OMP_NUM_THREADS".into(), "2".into()));
    let text = supervisor.run(&command).unwrap().stdout.text();
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    assert!(launched.iter().all(|name| value(name).is_none()), "{text}");
    let kept = own.map(value);
    assert_eq!(kept, [Some("3"), Some("2"), None]);
    assert!(value("PATH").is_some());
}

fn cores_are_handed_down() {
    let supervisor = Supervisor::start().unwrap();
    let allowed = cores::allowed().unwrap();
    let count = |cores| {
        supervisor.run(&Command { cores, ..sh("nproc --ignore=0; grep -h Cpus_allowed_list /proc/self/status") })
    };
    let last = *allowed.last().unwrap();
    let one = count(Some(vec![last])).unwrap().stdout.text();
    assert_eq!(one, format!("1\nCpus_allowed_list:\t{last}\n"));
    assert!(
        count(None).unwrap().stdout.text().starts_with(&format!("{}\n", allowed.len())),
        "the supervisor's own are back"
    );
    for absent in [1000, 1_000_000] {
        assert!(matches!(count(Some(vec![absent])), Err(Error::Cores { .. })));
    }
}

fn the_supervisor_yields_to_programs_which_start_with_the_default_policy() {
    /// The scheduling policy, field 41 of a process' stat; the name in brackets before may hold blanks.
    fn policy(stat: &str) -> i32 {
        stat.rsplit(')').next().unwrap().split_whitespace().nth(38).unwrap().parse().unwrap()
    }
    const BATCH: i32 = 3;
    let own = policy(&fs::read_to_string("/proc/self/stat").unwrap());
    let supervisor = Supervisor::start().unwrap();
    let supervisors = policy(&fs::read_to_string(format!("/proc/{}/stat", supervisor.pid())).unwrap());
    let program = supervisor.run(&Command::new(["cat", "/proc/self/stat"], "/")).unwrap().stdout.text();
    let childs = supervisor.run(&sh("sh -c 'cat /proc/self/stat'; true")).unwrap().stdout.text();
    assert_eq!([supervisors, policy(&program), policy(&childs)], [if own == 0 { BATCH } else { own }, own, own]);
}

fn processor_time_and_memory_are_those_of_all_descendants() {
    let supervisor = Supervisor::start().unwrap();
    let idle = supervisor.run(&sh("sleep 0.3")).unwrap();
    assert!(idle.cpu_s < 0.1 && idle.elapsed >= seconds(0.3), "{idle:?}");
    assert!(idle.peak_memory_kb < 50_000);
    // Each loop is ended by the kernel after about one second of processor time; `cat` waits for the one out of sight.
    let loops = "ulimit -c 0; ulimit -t 1; while :; do :; done";
    let busy =
        supervisor.run(&sh(&format!("{{ (setsid sh -c '{loops}' &) ; }} | cat; sh -c '{loops}'; exit 0"))).unwrap();
    assert!((1.5..2.6).contains(&busy.cpu_s), "{busy:?}");
    let large = supervisor.run(&sh("head -c 200000000 /dev/zero | tail -c 100000000 | wc -c")).unwrap();
    assert!((95_000..400_000).contains(&large.peak_memory_kb), "{large:?}");
}

fn memory_is_sampled_over_all_processes_and_all_of_the_time() {
    // Two processes of 60 MB each until the pipe is closed after three seconds, then nothing for one.
    let large = "{ head -c 80000000 /dev/zero; sleep 3; } | tail -c 60000000 > /dev/null";
    let finished = run(&format!("({large}) & ({large}) & wait; sleep 1.5"));
    let usage = finished.usage();
    let largest_mb = finished.peak_memory_kb as f32 / 1024.0;
    assert!((56.0..90.0).contains(&largest_mb), "{finished:?}");
    assert!((112.0..190.0).contains(&usage.memory_peak_mb), "{finished:?}");
    let mean_mb = usage.memory_mean_mb.unwrap();
    assert!((50.0..usage.memory_peak_mb).contains(&mean_mb), "{finished:?}");
    assert_eq!(usage.gpu, None);
    let short = run("true").usage();
    assert!(short.memory_mean_mb.is_none() && short.memory_peak_mb > 0.0, "{short:?}");
}

fn usage_is_that_of_the_programs_of_a_thread() {
    let supervisor = Supervisor::start().unwrap();
    assert_eq!(supervisor.take_usage(), None);
    supervisor.run(&sh("sleep 0.2")).unwrap();
    supervisor.run(&sh("sleep 0.3; exit 3")).unwrap();
    scope(|threads| {
        let other = threads.spawn(|| supervisor.take_usage());
        assert_eq!(other.join().unwrap(), None, "that thread ran nothing");
    });
    let usage = supervisor.take_usage().unwrap();
    assert!((0.5..5.0).contains(&usage.seconds), "{usage:?}");
    assert_eq!(supervisor.take_usage(), None, "it was taken");
}

fn sampling_takes_less_than_a_thousandth_of_a_core() {
    let supervisor = Supervisor::start().unwrap();
    let processor_s = || {
        let stat = fs::read_to_string(format!("/proc/{}/schedstat", supervisor.pid())).unwrap();
        stat.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1e-9
    };
    // A tree of thirty processes: the first samples are close to one another, and any program has its start and its end.
    let tree = |time: f64| sh(&format!("for i in $(seq 30); do sleep {time} & done; wait"));
    supervisor.run(&tree(0.1)).unwrap();
    let before = processor_s();
    supervisor.run(&tree(0.1)).unwrap();
    let between = processor_s();
    supervisor.run(&tree(8.0)).unwrap();
    let sampling = (processor_s() - between) - (between - before);
    assert!(sampling < 0.001 * 8.0 + 0.004, "{sampling} s of processor time");
}

fn nothing_inherited_stays_open() {
    // Without close-on-exec, as a launcher leaves its pipes.
    let (reader, writer) = nix::unistd::pipe().unwrap();
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let supervisor = Supervisor::start().unwrap();
    drop(writer);
    assert_eq!(nix::unistd::read(&reader, &mut [0]), Ok(0), "nobody else holds the writing end");
    let mut files = open_files(supervisor.pid());
    files.retain(|file| file != Path::new("/dev/null"));
    assert_eq!(files.len(), 4, "only the sockets, the signals and the mark of a launcher: {files:?}");
    let listed = supervisor.run(&Command::new(["ls", "-l", "/proc/self/fd"], "/")).unwrap().stdout.text();
    assert_eq!(listed.matches(" -> ").count(), 4, "the standard three and the directory that is listed: {listed}");
}

fn a_supervisor_is_refused_once_there_are_threads() {
    scope(|threads| {
        threads.spawn(|| sleep(seconds(0.3)));
        assert!(matches!(Supervisor::start(), Err(Error::Threaded { threads: 2 })));
    });
    // A joined thread may still be on its way out.
    sleep(seconds(0.1));
    assert!(Supervisor::start().is_ok());
}
