//! The guard: nothing that a task has started outlives it, whatever it does.
#![allow(clippy::unwrap_used)]
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, fork};
use simmpi::process::{Command, Error, Exit, Finished, Guard, cores};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

fn sh(script: &str) -> Command {
    Command::new(["sh", "-c", script])
}

fn run(guard: &Guard, script: &str) -> Finished {
    guard.run(&sh(script)).unwrap()
}

fn limited(script: &str, limit_ms: u64, grace_ms: u64) -> Command {
    let (limit, grace) = (Duration::from_millis(limit_ms), Duration::from_millis(grace_ms));
    Command { time_limit: Some(limit), grace, ..sh(script) }
}

/// Processes whose command line holds `token`.
fn alive(token: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).replace('\0', " ").contains(token)).count()
}

fn gone_within(token: &str, limit: Duration) -> bool {
    let since = Instant::now();
    while since.elapsed() < limit {
        if alive(token) == 0 {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// A script that leaves a child, one in a session of its own, and one forked twice, all sleeping for `token` seconds.
fn family(token: &str) -> String {
    format!("sleep {token} & setsid sleep {token} & (setsid sh -c 'sleep {token} & sleep {token}' &) ; sleep 0.2")
}

fn exit_codes_and_signals_are_told(guard: &Guard) {
    assert_eq!(run(guard, "exit 0").exit, Exit::Code(0));
    assert_eq!(run(guard, "exit 7").exit, Exit::Code(7));
    assert_eq!(run(guard, "kill -SEGV $$").exit, Exit::Signal(11));
}

fn output_and_input_are_kept_apart(guard: &Guard) {
    let command = Command { input: b"from the task".to_vec(), ..sh("cat; echo problem >&2; printf '\\377\\000' >&2") };
    let finished = guard.run(&command).unwrap();
    assert_eq!(finished.stdout.text(), "from the task");
    assert_eq!(finished.stderr.head, b"problem\n\xff\0");
    let command = Command { input: vec![b'x'; 3 << 20], ..sh("wc -c") };
    assert_eq!(guard.run(&command).unwrap().stdout.text().trim(), (3 << 20).to_string());
    let command = Command { input: vec![b'x'; 3 << 20], ..sh("exit 3") };
    assert_eq!(guard.run(&command).unwrap().exit, Exit::Code(3));
}

fn what_cannot_be_started_is_told(guard: &Guard) {
    let program = "no-such-program".to_owned();
    assert_eq!(guard.run(&Command::new([&program])).unwrap_err(), Error::NotFound { program });
    assert!(matches!(guard.run(&Command::new(["/etc/passwd"])), Err(Error::NotExecutable { .. })));
    let command = Command { directory: Some("/no/such/folder".into()), ..sh("true") };
    assert!(matches!(guard.run(&command), Err(Error::NoDirectory { .. })));
    assert_eq!(guard.run(&Command::default()).unwrap_err(), Error::Empty);
}

fn a_program_is_ended_at_its_time_limit(guard: &Guard) {
    let since = Instant::now();
    let finished = guard.run(&limited("sleep 100", 300, 2000)).unwrap();
    assert_eq!(finished.exit, Exit::TimedOut);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

fn one_that_ignores_the_request_is_killed(guard: &Guard) {
    let finished = guard.run(&limited("trap '' TERM; while :; do sleep 1; done", 300, 500)).unwrap();
    assert_eq!(finished.exit, Exit::TimedOut);
    assert!((800..3000).contains(&finished.elapsed.as_millis()), "{:?}", finished.elapsed);
}

fn no_descendant_outlives_its_command(guard: &Guard) {
    assert_eq!(run(guard, &family("7101.25")).exit, Exit::Code(0));
    assert_eq!(alive("sleep 7101.25"), 0);
    guard.run(&limited(&format!("{}; sleep 7102.25", family("7102.25")), 600, 100)).unwrap();
    assert_eq!(alive("sleep 7102.25"), 0);
}

fn a_gigabyte_of_output_is_bounded_in_memory(guard: &Guard) {
    let finished = run(guard, "yes 0123456789 | head -c 1000000000 >&2; echo done");
    assert_eq!((finished.exit, finished.stderr.total), (Exit::Code(0), 1_000_000_000));
    assert_eq!(finished.stdout.text(), "done\n");
    assert!(finished.stderr.head.len() + finished.stderr.tail.len() <= 128 << 10);
    let peaks = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let is_ours = status.starts_with("Name:\tsimmpi-guard");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
        is_ours.then(|| peak.trim().parse::<u64>().unwrap())
    });
    let peaks: Vec<u64> = peaks.collect();
    assert!(!peaks.is_empty() && peaks.iter().all(|&kb| kb < 50_000), "{peaks:?}");
}

fn another_thread_can_cancel(guard: &Guard) {
    let since = Instant::now();
    let finished = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            guard.cancel();
        });
        run(guard, "sleep 7103.25 & sleep 7103.25")
    });
    assert_eq!(finished.exit, Exit::Cancelled);
    assert!(since.elapsed() < Duration::from_secs(3));
    assert_eq!(alive("sleep 7103.25"), 0);
    guard.cancel();
    assert_eq!(run(guard, "exit 4").exit, Exit::Code(4), "a cancellation that comes late cancels nothing");
}

fn the_launchers_variables_are_not_inherited(guard: &Guard) {
    let said = run(guard, "env").stdout.text();
    assert!(!said.contains("OMPI_COMM_WORLD_RANK") && !said.contains("SLURM_PROCID"), "{said}");
    assert!(said.contains("SLURM_JOB_ID=77") && said.contains("PATH="));
    let command = Command { environment: vec![("OMP_NUM_THREADS".into(), "3".into())], ..sh("echo $OMP_NUM_THREADS") };
    assert_eq!(guard.run(&command).unwrap().stdout.text(), "3\n");
}

fn cores_are_handed_down(guard: &Guard) {
    let core = *cores::allowed().last().unwrap();
    let command = Command { cores: Some(vec![core]), ..sh("grep Cpus_allowed_list /proc/self/status") };
    let said = guard.run(&command).unwrap().stdout.text();
    assert_eq!(said.split_whitespace().last(), Some(&*core.to_string()));
}

fn cpu_time_and_memory_are_measured(guard: &Guard) {
    let finished = run(guard, "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done");
    assert!(finished.cpu_s > 0.05 && finished.cpu_s < 30.0, "{}", finished.cpu_s);
    assert!(finished.peak_memory_kb > 100);
}

fn nothing_of_the_rank_is_open_in_a_program(guard: &Guard) {
    let said = run(guard, "ls -l /proc/self/fd | grep -c -v pipe").stdout.text();
    // The line `total`, and the folder that ls reads.
    assert_eq!(said.trim(), "2");
}

/// Forks a rank that starts a guard and a command, and gives its process.
fn forked_rank(script: &str) -> Pid {
    // SAFETY: this program has one thread whenever it forks.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let guard = Guard::start().unwrap();
            let code = i32::from(guard.run(&sh(script)).is_err());
            std::process::exit(code)
        }
    }
}

fn wait_for(token: &str, count: usize) {
    let since = Instant::now();
    while alive(token) < count {
        assert!(since.elapsed() < Duration::from_secs(10), "{token} did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn nothing_survives_a_rank_that_is_killed(_: &Guard) {
    let rank = forked_rank(&format!("{}; sleep 7104.25", family("7104.25")));
    wait_for("sleep 7104.25", 4);
    kill(rank, Signal::SIGKILL).unwrap();
    nix::sys::wait::waitpid(rank, None).unwrap();
    assert!(gone_within("sleep 7104.25", Duration::from_secs(3)));
}

fn a_guard_that_is_killed_is_an_error_and_no_hang(_: &Guard) {
    let rank = forked_rank("exec sleep 7105.25");
    wait_for("sleep 7105.25", 1);
    let children = std::fs::read_to_string(format!("/proc/{rank}/task/{rank}/children")).unwrap();
    kill(Pid::from_raw(children.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
    let status = nix::sys::wait::waitpid(rank, None).unwrap();
    assert!(matches!(status, nix::sys::wait::WaitStatus::Exited(_, 1)), "{status:?}");
    assert!(gone_within("sleep 7105.25", Duration::from_secs(3)));
}

type Check = fn(&Guard);

fn main() {
    // SAFETY: there is one thread.
    unsafe {
        std::env::set_var("OMPI_COMM_WORLD_RANK", "1");
        std::env::set_var("SLURM_PROCID", "1");
        std::env::set_var("SLURM_JOB_ID", "77");
    }
    let checks: &[(&str, Check)] = &[
        // These two fork, so they come while there is one thread.
        ("nothing_survives_a_rank_that_is_killed", nothing_survives_a_rank_that_is_killed),
        ("a_guard_that_is_killed_is_an_error_and_no_hang", a_guard_that_is_killed_is_an_error_and_no_hang),
        ("exit_codes_and_signals_are_told", exit_codes_and_signals_are_told),
        ("output_and_input_are_kept_apart", output_and_input_are_kept_apart),
        ("what_cannot_be_started_is_told", what_cannot_be_started_is_told),
        ("a_program_is_ended_at_its_time_limit", a_program_is_ended_at_its_time_limit),
        ("one_that_ignores_the_request_is_killed", one_that_ignores_the_request_is_killed),
        ("no_descendant_outlives_its_command", no_descendant_outlives_its_command),
        ("a_gigabyte_of_output_is_bounded_in_memory", a_gigabyte_of_output_is_bounded_in_memory),
        ("another_thread_can_cancel", another_thread_can_cancel),
        ("the_launchers_variables_are_not_inherited", the_launchers_variables_are_not_inherited),
        ("cores_are_handed_down", cores_are_handed_down),
        ("cpu_time_and_memory_are_measured", cpu_time_and_memory_are_measured),
        ("nothing_of_the_rank_is_open_in_a_program", nothing_of_the_rank_is_open_in_a_program),
    ];
    let guard = Guard::start().unwrap();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let (mut passed, mut failed) = (0, 0);
    for (name, check) in checks.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| name.contains(w)))
    {
        let ok = catch_unwind(AssertUnwindSafe(|| check(&guard))).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        *if ok { &mut passed } else { &mut failed } += 1;
    }
    println!("{passed} passed, {failed} failed");
    std::process::exit(i32::from(failed > 0));
}
