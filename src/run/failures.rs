//! How are failures listed, of which there may be thousands with a few causes?
use crate::campaigns::stage::AnyStage;
use crate::task::{Cause, TaskId, UNREAD};
use std::collections::HashMap;

/// Tasks named of one cause.
const NAMED: usize = 8;

/// A task that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    pub label: String,
    pub error: String,
}

impl Failed {
    pub fn new(label: String, cause: &Cause) -> Self {
        Self { label, error: cause.to_string() }
    }

    /// What errors with the same cause share: all but the task's own name, and where files cannot be read but numbers (of lines, columns,
    /// seeds in paths).
    pub fn kind(&self) -> String {
        let named = !self.label.is_empty();
        let error = if named { self.error.replace(&self.label, "\u{0}") } else { self.error.clone() };
        if error.starts_with(UNREAD) { without_digits(&error) } else { error }
    }
}

/// What a task is called.
pub fn label_of(stage: &dyn AnyStage, task: TaskId) -> String {
    stage.label(task).unwrap_or_else(|| format!("{} task {task}", stage.name()))
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

/// A line for each kind of cause, `most` at most, with the tasks that failed by it.
pub fn grouped(failures: &[Failed], most: usize) -> Vec<String> {
    let (mut groups, mut places) = (Vec::<Vec<&Failed>>::new(), HashMap::new());
    for failed in failures {
        let place = *places.entry(failed.kind()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(failed);
    }
    let mut lines: Vec<String> = groups.iter().take(most).filter_map(|group| line(group)).collect();
    if groups.len() > most {
        let rest: usize = groups[most..].iter().map(Vec::len).sum();
        lines.push(format!("... and {rest} more: `simmpi inspect --json` lists all"));
    }
    lines
}

fn line(group: &[&Failed]) -> Option<String> {
    let (first, others) = group.split_first()?;
    let alike = match others.len() {
        0 => String::new(),
        count => {
            let named: Vec<&str> = others.iter().take(NAMED).map(|failed| failed.label.as_str()).collect();
            let more = if count > NAMED { ", ..." } else { "" };
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
        let failed = |label: &str, error: &str| Failed { label: label.into(), error: error.into() };
        let of = |seed: u64| failed(&format!("seed {seed}"), &format!("sh of seed {seed} ended: no licence"));
        let mut failures: Vec<Failed> = (1..=30).map(of).collect();
        failures.push(failed("seed 40", "ran past its limit of 3 s"));
        let lines = grouped(&failures, 20);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("seed 1 and 29 more like it (seed 2, seed 3, "), "{lines:?}");
        assert!(lines[0].ends_with(", ...): sh of seed 1 ended: no licence"), "{lines:?}");
        assert_eq!(lines[1], "seed 40: ran past its limit of 3 s");
        let many: Vec<Failed> = (0..25).map(|k| failed("", &format!("cause {k}"))).collect();
        assert_eq!(grouped(&many, 20).last().unwrap(), "... and 5 more: `simmpi inspect --json` lists all");
    }

    #[test]
    fn files_that_cannot_be_read_differ_in_numbers_alone() {
        let unread = |seed: u64| {
            let cause = Cause::Unread(format!("replicas/{seed}/COLVAR:{}: no column `x`", 7 * seed));
            Failed::new(format!("seed {seed}"), &cause)
        };
        let crashed = |code: u64| Failed::new(format!("seed {code}"), &Cause::Failed(format!("exit code {code}")));
        let lines = grouped(&[unread(9), unread(10), crashed(3), crashed(4)], 20);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("seed 9 and 1 more like it (seed 10): ran, but cannot be read"), "{lines:?}");
    }
}
