//! Do the processes that a launcher started beside this one still run?
use super::identity::ProcessIdentity;
use super::process_table;
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

/// The processes of the same program and parent as this one, as far as it can see them.
#[derive(Debug, Default)]
pub struct Siblings {
    seen: HashMap<i32, ProcessIdentity>,
    ended: Vec<ProcessIdentity>,
}

impl Siblings {
    /// Looks for them; whether one had ended before the last look.
    pub fn look(&mut self) -> bool {
        let had_ended = !self.ended.is_empty();
        let program = |pid: i32| fs::read_link(format!("/proc/{pid}/exe")).ok();
        let own: Option<PathBuf> = program(Pid::this().as_raw());
        let beside = process_table::read().into_iter().filter(|process| process.parent == Pid::parent());
        for pid in beside.map(|process| process.pid.as_raw()) {
            if pid != Pid::this().as_raw() && !self.seen.contains_key(&pid) && own.is_some() && program(pid) == own {
                self.seen.extend(ProcessIdentity::with_id(pid as u32).map(|process| (pid, process)));
            }
        }
        self.ended = self.seen.values().copied().filter(|process| !process.is_running()).collect();
        had_ended
    }
}
