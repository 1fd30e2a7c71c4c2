//! Which processes run on the node, and which descend from which?
//!
//! Read from `/proc/*/stat`: the kernel's own lists of children (CONFIG_PROC_CHILDREN) are missing from some kernels, and incomplete while
//! processes end. Where that does no harm they are faster than the table of a node with thousands of processes.
use nix::unistd::Pid;
use std::{collections::HashMap, ffi::CStr, fs};

/// One process of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: Pid,
    pub parent: Pid,
    pub session: Pid,
    /// Whether it has ended and waits to be reaped.
    pub is_zombie: bool,
    /// Whether it supervises the programs of a rank.
    pub is_supervisor: bool,
}

/// The name of a supervisor process, as long as the kernel keeps.
pub const SUPERVISOR: &CStr = c"simmpi-programs";

/// All processes that this one may see. One that ends meanwhile may be missing.
pub fn read() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)).collect()
}

/// The processes that descend from `ancestor`, without itself.
pub fn descendants(table: &[Process], ancestor: Pid) -> Vec<Process> {
    let mut children: HashMap<Pid, Vec<Process>> = HashMap::new();
    for process in table {
        children.entry(process.parent).or_default().push(*process);
    }
    let mut found = children.remove(&ancestor).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(&process.pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// The processes that descend from `ancestor` without itself, as the kernel lists children. One may be missing while others end.
pub fn listed_descendants(ancestor: Pid) -> Vec<Pid> {
    if fs::metadata("/proc/thread-self/children").is_err() {
        return descendants(&read(), ancestor).iter().map(|process| process.pid).collect();
    }
    let mut found = children(ancestor);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// The children of all threads of a process.
fn children(pid: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .map(Pid::from_raw)
        .collect()
}

/// Parses a line of `stat`, see proc(5): `pid (name) state ppid pgrp session ...`, where the name may contain any bytes.
fn parse(line: &[u8]) -> Option<Process> {
    let after_name = line.iter().rposition(|&byte| byte == b')')?;
    let before_name = line.iter().position(|&byte| byte == b'(')?;
    let pid = std::str::from_utf8(&line[..before_name]).ok()?.trim_end();
    let is_supervisor = line.get(before_name + 1..after_name)? == SUPERVISOR.to_bytes();
    let mut rest = std::str::from_utf8(&line[after_name + 1..]).ok()?.split_whitespace();
    let state = rest.next()?;
    let mut number = || Some(Pid::from_raw(rest.next()?.parse().ok()?));
    let (parent, _group, session) = (number()?, number()?, number()?);
    let (pid, is_zombie) = (Pid::from_raw(pid.parse().ok()?), matches!(state, "Z" | "X"));
    Some(Process { pid, parent, session, is_zombie, is_supervisor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Process {
        let [pid, parent, session] = [pid, parent, 1].map(Pid::from_raw);
        Process { pid, parent, session, is_zombie: false, is_supervisor: false }
    }

    #[test]
    fn names_with_brackets_blanks_and_invalid_bytes_are_skipped() {
        let line = b"12 (a) R 1 (\xff b)) Z 7 8 9 0 -1 4194304";
        let expected = Process { session: Pid::from_raw(9), is_zombie: true, ..process(12, 7) };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse(b"12 (a) R"), None);
        assert!(parse(b"12 (simmpi-programs) S 7 8 9 0 -1 4194304").unwrap().is_supervisor);
    }

    #[test]
    fn descendants_of_any_depth_are_found_and_no_others() {
        let table = [process(9, 1), process(5, 4), process(4, 2), process(2, 1), process(3, 2), process(7, 9)];
        let mut found: Vec<i32> = descendants(&table, Pid::from_raw(2)).iter().map(|e| e.pid.as_raw()).collect();
        found.sort();
        assert_eq!(found, [3, 4, 5]);
    }

    #[test]
    fn this_process_is_in_the_table_below_its_parent() {
        let table = read();
        let me = table.iter().find(|process| process.pid == Pid::this()).unwrap();
        assert_eq!(me.parent, Pid::parent());
        assert!(descendants(&table, Pid::parent()).contains(me));
        assert!(listed_descendants(Pid::parent()).contains(&Pid::this()));
    }
}
