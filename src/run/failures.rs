//! Lists failures grouped by cause: there may be thousands with few causes.
use crate::task::{Cause, UNREAD};
use std::collections::HashMap;

/// The most labels that are listed for one cause.
const MAX_LABELS: usize = 8;

/// A task that failed.
#[derive(Clone, Debug)]
pub struct FailedTask {
    pub label: String,
    pub error: String,
}

impl FailedTask {
    pub fn new(label: String, cause: &Cause) -> Self {
        Self { label, error: cause.to_string() }
    }

    /// What errors with the same cause share: all but the task's own label and, where files cannot be read, numbers (of lines, columns,
    /// seeds in paths).
    pub fn kind(&self) -> String {
        let named = !self.label.is_empty();
        let error = if named { self.error.replace(&self.label, "\u{0}") } else { self.error.clone() };
        if error.starts_with(UNREAD) { without_digits(&error) } else { error }
    }
}

/// `text` with one `#` for each row of digits.
fn without_digits(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' if short.ends_with('#') => {}
            '0'..='9' => short.push('#'),
            c => short.push(c),
        }
    }
    short
}

/// A line for each kind of cause with the tasks that have it, `most` lines at most.
pub fn grouped(failures: &[FailedTask], most: usize) -> Vec<String> {
    let (mut groups, mut indices) = (Vec::<Vec<&FailedTask>>::new(), HashMap::new());
    for failed in failures {
        let index = *indices.entry(failed.kind()).or_insert(groups.len());
        if index == groups.len() {
            groups.push(Vec::new());
        }
        groups[index].push(failed);
    }
    let mut lines: Vec<String> = groups.iter().take(most).filter_map(|group| line(group)).collect();
    if groups.len() > most {
        let rest: usize = groups[most..].iter().map(Vec::len).sum();
        lines.push(format!("... and {rest} more: `simmpi inspect --json` lists all"));
    }
    lines
}

fn line(group: &[&FailedTask]) -> Option<String> {
    let (first, others) = group.split_first()?;
    let alike = match others.len() {
        0 => String::new(),
        count => {
            let named: Vec<&str> = others.iter().take(MAX_LABELS).map(|failed| failed.label.as_str()).collect();
            let more = if count > MAX_LABELS { ", ..." } else { "" };
            format!(" and {count} more like it ({}{more})", named.join(", "))
        }
    };
    Some(format!("{}{alike}: {}", first.label, first.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_with_one_cause_share_a_line() {
        let failed = |label: &str, error: &str| FailedTask { label: label.into(), error: error.into() };
        let of_seed = |seed: u64| failed(&format!("seed {seed}"), &format!("sh of seed {seed} ended: no licence"));
        let mut failures: Vec<FailedTask> = (1..=30).map(of_seed).collect();
        failures.push(failed("seed 40", "ran past its limit of 3 s"));
        let lines = grouped(&failures, 20);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("seed 1 and 29 more like it (seed 2, seed 3, "), "{lines:?}");
        assert!(lines[0].ends_with(", ...): sh of seed 1 ended: no licence"), "{lines:?}");
        assert_eq!(lines[1], "seed 40: ran past its limit of 3 s");
        let many: Vec<FailedTask> = (0..25).map(|k| failed("", &format!("cause {k}"))).collect();
        assert_eq!(grouped(&many, 20).last().unwrap(), "... and 5 more: `simmpi inspect --json` lists all");
    }

    #[test]
    fn files_that_cannot_be_read_differ_in_numbers_alone() {
        let unread = |seed: u64| {
            let cause = Cause::Unread(format!("replicas/{seed}/COLVAR:{}: no column `x`", 7 * seed));
            FailedTask::new(format!("seed {seed}"), &cause)
        };
        let crashed = |code: u64| FailedTask::new(format!("seed {code}"), &Cause::Failed(format!("exit code {code}")));
        let lines = grouped(&[unread(9), unread(10), crashed(3), crashed(4)], 20);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("seed 9 and 1 more like it (seed 10): ran, but cannot be read"), "{lines:?}");
    }
}
