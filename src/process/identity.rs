//! Is a process of this node still the one that it was?
use serde::{Deserialize, Serialize};
use std::fs;

/// A process of a node: its ID, and its start time, which distinguishes it from a later process with the same ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    pid: u32,
    /// Clock ticks since boot.
    started_ticks: u64,
}

impl ProcessIdentity {
    /// This process; none where `/proc` does not show it.
    pub fn this() -> Option<Self> {
        Self::with_id(std::process::id())
    }

    /// The process with this ID, if there is one.
    pub fn with_id(pid: u32) -> Option<Self> {
        Some(Self { pid, started_ticks: started_ticks(pid)? })
    }

    /// Whether the process runs, as this one sees it. One of another process namespace is never seen.
    pub fn is_running(self) -> bool {
        started_ticks(self.pid) == Some(self.started_ticks)
    }
}

/// Field 22 of `/proc/PID/stat`, counted after the process name, which may contain anything; none for a process that has ended, whether it
/// was reaped or not.
fn started_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(&stat[after_name + 1..]).ok()?.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_runs_until_it_ends_and_a_later_one_with_its_id_is_another() {
        let this = ProcessIdentity::this().unwrap();
        assert!(this.is_running());
        assert!(!ProcessIdentity { started_ticks: this.started_ticks + 1, ..this }.is_running());
        assert!(!ProcessIdentity { pid: u32::MAX, ..this }.is_running());
    }
}
