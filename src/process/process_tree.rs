//! How is a program terminated together with all of its descendants?
//!
//! The supervisor is a subreaper: a descendant that loses its parent becomes its child. So it has descendants exactly if it has children,
//! which one system call tells; the process table is read only if some are left.
use super::{command::Exit, process_table};
use nix::{
    libc,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// How long killed processes may take to end after a command; only those blocked in the kernel need more than milliseconds.
pub const KILL_LIMIT: Duration = Duration::from_secs(5);

/// A program, its descendants, and what those that have ended used.
#[derive(Debug)]
pub struct ProcessTree {
    /// The program, leader of its process group.
    program: Pid,
    /// How and when the program ended; none while it runs.
    pub ended: Option<(Exit, Instant)>,
    /// User and system time of all processes that have ended.
    pub cpu: Duration,
    /// Largest resident memory of one of them, KiB.
    pub peak_memory_kb: u64,
}

impl ProcessTree {
    /// The tree of `program`, which has just started.
    pub fn new(program: Pid) -> Self {
        Self { program, ended: None, cpu: Duration::ZERO, peak_memory_kb: 0 }
    }

    /// Reaps all processes that have ended since the last call.
    pub fn reap(&mut self) {
        while let WaitResult::Ended(child) = wait_any() {
            self.record(&child);
        }
    }

    /// Sends a signal that asks to end, if the program still runs: SIGTERM to its process group, SIGINT to a launcher alone, which
    /// passes it on.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_some() {
            return;
        }
        // Not reaped yet: the group still belongs to the program.
        if signal == Signal::SIGINT {
            let _ = kill(self.program, signal);
        } else {
            // A stopped process acts on SIGTERM only after SIGCONT.
            let _ = (killpg(self.program, signal), killpg(self.program, Signal::SIGCONT));
        }
    }

    /// Asks a launcher to end its processes, on other nodes too, and waits until it has ended, at most for `limit`.
    pub fn end_launcher(&mut self, limit: Duration) {
        self.signal(Signal::SIGTERM);
        let start = Instant::now();
        while self.ended.is_none() && start.elapsed() < limit {
            sleep(Duration::from_millis(10));
            self.reap();
        }
    }

    /// Waits until no descendant is left, at most for `limit`: a killed `srun` leaves a process that ends the step.
    pub fn wait_for_descendants(&mut self, limit: Duration) {
        wait_for_descendants(limit, |child| self.record(child));
    }

    /// Kills the program and all of its descendants; returns the number of those that still exist after `limit`.
    pub fn kill(&mut self, limit: Duration) -> u32 {
        kill_all(limit, |child| self.record(child))
    }

    fn record(&mut self, child: &EndedChild) {
        // The usage of a process includes that of the children that it waited for: nothing is counted twice.
        self.cpu += child.cpu;
        self.peak_memory_kb = self.peak_memory_kb.max(child.peak_memory_kb);
        if child.pid == self.program {
            self.ended = Some((child.exit, Instant::now()));
        }
    }
}

/// A child that has ended, and what it used.
pub struct EndedChild {
    pid: Pid,
    exit: Exit,
    cpu: Duration,
    peak_memory_kb: u64,
}

/// Waits until no descendant of this process is left, at most for `limit`, and passes each that ends to `record`.
pub fn wait_for_descendants(limit: Duration, mut record: impl FnMut(&EndedChild)) {
    let start = Instant::now();
    while start.elapsed() < limit {
        match wait_any() {
            WaitResult::Ended(child) => record(&child),
            WaitResult::Running => sleep(Duration::from_millis(10)),
            WaitResult::NoChildren => return,
        }
    }
}

/// Kills all descendants of this process and passes each that ends to `record`; returns the number of those that still exist after `limit`.
pub fn kill_all(limit: Duration, mut record: impl FnMut(&EndedChild)) -> u32 {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        loop {
            match wait_any() {
                WaitResult::Ended(child) => record(&child),
                WaitResult::Running => break,
                WaitResult::NoChildren => return 0,
            }
        }
        let left = process_table::descendants(&process_table::read(), Pid::this());
        if start.elapsed() > limit {
            return left.iter().filter(|process| !process.is_zombie).count() as u32;
        }
        for process in left.iter().filter(|process| !process.is_zombie) {
            let _ = kill(process.pid, Signal::SIGKILL);
        }
        sleep(pause);
        pause = (2 * pause).min(Duration::from_millis(50));
    }
}

enum WaitResult {
    Ended(EndedChild),
    Running,
    NoChildren,
}

/// Reaps the next child that has ended. Unlike waitpid, wait4 returns what it used.
fn wait_any() -> WaitResult {
    let mut status = 0;
    // SAFETY: all zeros are a valid rusage; both pointers are to live memory of the right type.
    let (pid, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(-1, &mut status, libc::WNOHANG, &mut usage), usage)
    };
    match pid {
        0 => WaitResult::Running,
        pid if pid > 0 => WaitResult::Ended(EndedChild {
            pid: Pid::from_raw(pid),
            exit: exit(status),
            cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
            peak_memory_kb: usage.ru_maxrss.max(0) as u64,
        }),
        // Only ECHILD is possible: a call that does not wait is not interrupted.
        _ => WaitResult::NoChildren,
    }
}

/// From a wait status; nix's own type refuses real-time signals.
fn exit(status: i32) -> Exit {
    match libc::WIFEXITED(status) {
        true => Exit::Exited(libc::WEXITSTATUS(status)),
        false => Exit::Signalled(libc::WTERMSIG(status)),
    }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec.max(0) as u64) + Duration::from_micros(time.tv_usec.max(0) as u64)
}
