//! Which processes are there, and which descend from which?
//!
//! Read from `/proc/*/stat`: the kernel's own list of children is an option that many kernels are built without.
use nix::unistd::Pid;
use std::{collections::HashMap, fs};

/// One process of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub pid: Pid,
    pub parent: Pid,
    pub session: Pid,
    /// Whether it has ended and only waits to be reaped.
    pub is_zombie: bool,
}

/// Every process that this one may see. One that ends meanwhile may be missing.
pub fn read() -> Vec<Entry> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)).collect()
}

/// The processes below `ancestor`, which itself is not among them.
pub fn descendants(table: &[Entry], ancestor: Pid) -> Vec<Entry> {
    let mut children: HashMap<Pid, Vec<Entry>> = HashMap::new();
    for entry in table {
        children.entry(entry.parent).or_default().push(*entry);
    }
    let mut found = children.remove(&ancestor).unwrap_or_default();
    let mut next = 0;
    while let Some(entry) = found.get(next) {
        found.extend(children.remove(&entry.pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// A line of `stat`, see proc(5): `pid (name) state ppid pgrp session ...`, where the name may hold anything.
fn parse(line: &[u8]) -> Option<Entry> {
    let after_name = line.iter().rposition(|&byte| byte == b')')?;
    let pid = std::str::from_utf8(line.split(|&byte| byte == b' ').next()?).ok()?;
    let mut rest = std::str::from_utf8(&line[after_name + 1..]).ok()?.split_whitespace();
    let state = rest.next()?;
    let mut number = || Some(Pid::from_raw(rest.next()?.parse().ok()?));
    let (parent, _group, session) = (number()?, number()?, number()?);
    Some(Entry { pid: Pid::from_raw(pid.parse().ok()?), parent, session, is_zombie: matches!(state, "Z" | "X") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: i32, parent: i32) -> Entry {
        Entry { pid: Pid::from_raw(pid), parent: Pid::from_raw(parent), session: Pid::from_raw(1), is_zombie: false }
    }

    #[test]
    fn a_name_of_brackets_blanks_and_odd_bytes_confuses_nothing() {
        let line = b"12 (a) R 1 (\xff b)) Z 7 8 9 0 -1 4194304";
        let expected =
            Entry { pid: Pid::from_raw(12), parent: Pid::from_raw(7), session: Pid::from_raw(9), is_zombie: true };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse(b"12 (a) R"), None);
    }

    #[test]
    fn descendants_are_found_at_any_depth_and_others_are_not() {
        let table = [entry(9, 1), entry(5, 4), entry(4, 2), entry(2, 1), entry(3, 2), entry(7, 9)];
        let mut found: Vec<i32> = descendants(&table, Pid::from_raw(2)).iter().map(|e| e.pid.as_raw()).collect();
        found.sort();
        assert_eq!(found, [3, 4, 5]);
    }

    #[test]
    fn this_process_is_in_the_table_below_its_parent() {
        let table = read();
        let me = table.iter().find(|entry| entry.pid == Pid::this()).unwrap();
        assert_eq!(me.parent, Pid::parent());
        assert!(descendants(&table, Pid::parent()).contains(me));
    }
}
