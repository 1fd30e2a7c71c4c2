//! How is everything ended that a program has started?
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::Duration;

/// What ended processes have used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub cpu_s: f64,
    pub peak_memory_kb: u64,
}

/// The children of this process. Descendants whose parents have ended are among them, since this process is their subreaper.
fn children() -> Vec<Pid> {
    let this = std::process::id();
    let parent_of = |pid: i32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|&pid| parent_of(pid) == Some(this)).map(Pid::from_raw).collect()
}

/// Takes in every child that has ended; gives the exit status of `watched` when it is among them.
pub fn reap(watched: Option<Pid>, usage: &mut Usage) -> Option<i32> {
    let mut found = None;
    loop {
        let mut status = 0;
        // SAFETY: a plain record of numbers, for which zero bits are valid.
        let mut used: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to live local variables.
        let pid = unsafe { libc::wait4(-1, &mut status, libc::WNOHANG, &mut used) };
        if pid <= 0 {
            return found;
        }
        let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
        usage.cpu_s += seconds(used.ru_utime) + seconds(used.ru_stime);
        usage.peak_memory_kb = usage.peak_memory_kb.max(used.ru_maxrss as u64);
        if watched.is_some_and(|watched| watched.as_raw() == pid) {
            found = Some(status);
        }
    }
}

/// Kills until no descendant is left: each one killed hands its own children over to this process. Gives the exit status of `watched`
/// when it was among them.
pub fn kill_all(watched: Option<Pid>, usage: &mut Usage) -> Option<i32> {
    let mut found = None;
    loop {
        let children = children();
        if children.is_empty() {
            return found;
        }
        for child in children {
            // One that has ended in between is no fault.
            let _ = kill(child, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(1));
        found = reap(watched, usage).or(found);
    }
}
