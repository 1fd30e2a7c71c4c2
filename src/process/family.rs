//! How does a program end together with everything that descends from it?
//!
//! The guard is the subreaper: whoever loses its parent below it becomes its own child. So it has no descendants exactly
//! when it has no children, which costs one system call to ask; the process table is read only when some are left.
use super::{command::Exit, table};
use nix::{
    libc,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// A program started by the guard and what has become of it and its descendants.
#[derive(Debug)]
pub struct Family {
    /// The program itself, the leader of its process group.
    program: Pid,
    /// How and when the program ended; none while it runs.
    pub ended: Option<(Exit, Instant)>,
    /// User and system time of all that have ended.
    pub cpu: Duration,
    /// Largest resident memory of one of them, KiB.
    pub peak_memory_kb: u64,
}

impl Family {
    /// The family of `program`, which has just been started.
    pub fn of(program: Pid) -> Self {
        Self { program, ended: None, cpu: Duration::ZERO, peak_memory_kb: 0 }
    }

    /// Notes all that have ended since.
    pub fn reap(&mut self) {
        while let Waited::Ended(end) = wait_any() {
            self.note(&end);
        }
    }

    /// Asks the program and its process group to end.
    pub fn tell_to_end(&self) {
        if self.ended.is_some() {
            return;
        }
        // Not reaped yet, so that the group is still this one's. A stopped process acts on TERM only after CONT.
        for signal in [Signal::SIGTERM, Signal::SIGCONT] {
            let _ = killpg(self.program, signal);
        }
    }

    /// Kills the program and all descendants, and says how many were still there after `limit`.
    pub fn kill(&mut self, limit: Duration) -> u32 {
        kill_all(limit, |end| self.note(end))
    }

    fn note(&mut self, end: &End) {
        // A process's own usage and that of its children that it waited for: nobody is counted twice.
        self.cpu += end.cpu;
        self.peak_memory_kb = self.peak_memory_kb.max(end.peak_memory_kb);
        if end.pid == self.program {
            self.ended = Some((end.exit, Instant::now()));
        }
    }
}

/// A child that has ended.
pub struct End {
    pid: Pid,
    exit: Exit,
    cpu: Duration,
    peak_memory_kb: u64,
}

/// Kills every descendant of this process, hands each end to `note`, and says how many were still there after `limit`.
pub fn kill_all(limit: Duration, mut note: impl FnMut(&End)) -> u32 {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        loop {
            match wait_any() {
                Waited::Ended(end) => note(&end),
                Waited::Running => break,
                Waited::Childless => return 0,
            }
        }
        let left = table::descendants(&table::read(), Pid::this());
        if start.elapsed() > limit {
            return left.iter().filter(|entry| !entry.is_zombie).count() as u32;
        }
        for entry in left.iter().filter(|entry| !entry.is_zombie) {
            let _ = kill(entry.pid, Signal::SIGKILL);
        }
        sleep(pause);
        pause = (2 * pause).min(Duration::from_millis(50));
    }
}

enum Waited {
    Ended(End),
    Running,
    Childless,
}

/// Takes the next child that has ended; unlike waitpid, wait4 says what it used.
fn wait_any() -> Waited {
    let mut status = 0;
    // SAFETY: all zeros are a valid rusage; both pointers are to live memory of the right type.
    let (pid, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(-1, &mut status, libc::WNOHANG, &mut usage), usage)
    };
    match pid {
        0 => Waited::Running,
        pid if pid > 0 => Waited::Ended(End {
            pid: Pid::from_raw(pid),
            exit: exit(status),
            cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
            peak_memory_kb: usage.ru_maxrss.max(0) as u64,
        }),
        // Only ECHILD is left: nothing interrupts a call that does not wait.
        _ => Waited::Childless,
    }
}

/// nix's own type refuses real-time signals.
fn exit(status: i32) -> Exit {
    match libc::WIFEXITED(status) {
        true => Exit::Exited(libc::WEXITSTATUS(status)),
        false => Exit::Signalled(libc::WTERMSIG(status)),
    }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec.max(0) as u64) + Duration::from_micros(time.tv_usec.max(0) as u64)
}
