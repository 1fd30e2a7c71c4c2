//! Does any process outlive those that it belongs to, whoever is killed?
use super::programs::*;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use simmpi::process::{Command, Error, Exit, Supervisor};
use std::{
    path::Path,
    process::Command as Program,
    thread::{scope, sleep},
    time::Instant,
};

pub fn descendants_in_the_background_in_own_sessions_and_double_forked_end_with_their_command() {
    let token = token();
    let supervisor = Supervisor::start().unwrap();
    let mut leaving = tree(&token);
    let script = leaving.argv[2].to_str().unwrap().replace(&format!("; sleep {token}"), "; sleep 0.5; echo left");
    leaving.argv[2] = format!("{script}; ps ax -o args= | grep -c '[s]leep {token}'").into();
    let finished = supervisor.run(&leaving).unwrap();
    let seen: usize = finished.stdout.last_lines(1).parse().unwrap();
    assert!(seen >= 3, "the tree has not grown: {}", finished.stdout.text());
    assert_eq!((finished.exit, finished.survivors, count(&token)), (Exit::Exited(0), 0, 0));
    assert!(finished.elapsed < seconds(5.0));
}

pub fn all_descendants_end_when_the_rank_is_killed() {
    let token = token();
    let mut rank = rank("runs a tree", &token, &[]);
    // Rank, its two processes, shell and four sleeps.
    wait_for(&token, |n| n >= 8, 10.0);
    rank.kill().unwrap();
    rank.wait().unwrap();
    wait_for(&token, |n| n == 0, 3.0);
}

pub fn all_descendants_end_when_the_launcher_is_told_to_end() {
    for launcher in launchers() {
        let token = token();
        let mut job = rank("runs a tree", &token, &launcher);
        wait_for(&token, |n| n >= 16, 20.0);
        kill(Pid::from_raw(job.id() as i32), Signal::SIGTERM).unwrap();
        job.wait().unwrap();
        wait_for(&token, |n| n == 0, 3.0);
    }
}

pub fn a_launcher_does_not_wait_for_the_supervisor() {
    for launcher in launchers() {
        let token = token();
        let start = Instant::now();
        let mut job = rank("exits without a word", &token, &launcher);
        assert!(job.wait().unwrap().success());
        assert!(start.elapsed() < seconds(15.0), "{:?}", start.elapsed());
        wait_for(&token, |n| n == 0, 3.0);
    }
}

pub fn a_killed_supervisor_is_an_error_and_its_programs_end_with_it() {
    let token = token();
    let supervisor = Supervisor::start().unwrap();
    let script = format!("(sleep {token} &); set -m; sleep {token} & sleep {token}");
    scope(|threads| {
        let running = threads.spawn(|| supervisor.run(&sh(&script)));
        wait_for(&token, |n| n >= 4, 5.0);
        kill(Pid::from_raw(supervisor.pid()), Signal::SIGKILL).unwrap();
        let start = Instant::now();
        let error = running.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::SupervisorLost { signal: Some(9), .. }), "{error}");
        assert!(start.elapsed() < seconds(3.0));
    });
    assert_eq!(count(&token), 0);
    assert!(matches!(supervisor.run(&sh("true")), Err(Error::SupervisorLost { signal: Some(9), .. })));
    supervisor.cancel();
}

/// The child of a process that is named so.
pub fn child(parent: i32, name: &str) -> i32 {
    let children = Program::new("ps").args(["-o", "pid=,comm=", "--ppid", &parent.to_string()]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let found = children.lines().find(|line| line.ends_with(name)).unwrap_or_else(|| panic!("{name} in {children}"));
    found.split_whitespace().next().unwrap().parse().unwrap()
}

pub fn all_descendants_end_whichever_of_rank_reaper_and_supervisor_are_killed_together() {
    // The rank is stopped where it is not killed, so that it cannot help.
    for kills in [&["reaper"][..], &["supervisor"], &["rank", "reaper"], &["rank", "supervisor"]] {
        let token = token();
        let mut rank = rank("runs a tree", &token, &[]);
        // Rank, its two processes, shell and four sleeps.
        wait_for(&token, |n| n >= 8, 10.0);
        let reaper = child(rank.id() as i32, "simmpi-guard");
        let supervisor = child(reaper, "simmpi-programs");
        let pid = |name: &str| match name {
            "rank" => rank.id() as i32,
            "reaper" => reaper,
            _ => supervisor,
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

pub fn signals_of_the_launcher_reach_neither_supervisor_nor_program() {
    let supervisor = Supervisor::start().unwrap();
    let signals = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGQUIT];
    scope(|threads| {
        let running =
            threads.spawn(|| supervisor.run(&sh("sleep 0.5; grep -E 'Sig(Blk|Ign)' /proc/self/status")).unwrap());
        sleep(seconds(0.2));
        for signal in signals {
            kill(Pid::from_raw(supervisor.pid()), signal).unwrap();
            // The supervisor leads its own group and session.
            kill(Pid::from_raw(-supervisor.pid()), signal).unwrap();
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

pub fn many_commands_leave_nothing_behind() {
    let supervisor = Supervisor::start().unwrap();
    let before = (open_files(supervisor.pid()).len(), open_files(std::process::id() as i32).len());
    let start = Instant::now();
    for _ in 0..300 {
        assert!(supervisor.run(&Command::new(["true"], "/")).unwrap().exit.is_success());
    }
    println!("({:.2} ms a command)", start.elapsed().as_secs_f64() * 1e3 / 300.0);
    assert_eq!((open_files(supervisor.pid()).len(), open_files(std::process::id() as i32).len()), before);
    scope(|threads| {
        let turns: Vec<_> = (0..4)
            .map(|k| {
                (
                    k,
                    threads.spawn({
                        let supervisor = &supervisor;
                        move || supervisor.run(&sh(&format!("sleep 0.1; exit {k}")))
                    }),
                )
            })
            .collect();
        for (k, turn) in turns {
            assert_eq!(turn.join().unwrap().unwrap().exit, Exit::Exited(k));
        }
    });
}

pub fn a_dropped_supervisor_ends_at_once() {
    let supervisor = Supervisor::start().unwrap();
    let pid = supervisor.pid();
    let start = Instant::now();
    drop(supervisor);
    assert!(start.elapsed() < seconds(0.5));
    assert!(!Path::new(&format!("/proc/{pid}")).exists(), "ended and reaped");
}
