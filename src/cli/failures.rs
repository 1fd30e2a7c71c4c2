//! How are failures listed, of which there may be thousands with a few causes?
use std::collections::HashMap;

/// Causes told in full; all of them are in the result and in `--json`.
const TOLD: usize = 20;
/// Tasks named of one cause.
const NAMED: usize = 8;

/// A task that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    pub label: String,
    pub error: String,
}

/// A line for each cause, with the tasks that failed by it: errors that differ in the task's own name alone are one.
pub fn grouped(failures: &[Failed]) -> Vec<String> {
    let (mut groups, mut places) = (Vec::<Vec<&Failed>>::new(), HashMap::new());
    for failed in failures {
        let cause = match failed.label.is_empty() {
            true => failed.error.clone(),
            false => failed.error.replace(&failed.label, "\u{0}"),
        };
        let place = *places.entry(cause).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(failed);
    }
    let mut lines: Vec<String> = groups.iter().take(TOLD).filter_map(|group| line(group)).collect();
    if groups.len() > TOLD {
        let rest: usize = groups[TOLD..].iter().map(Vec::len).sum();
        lines.push(format!("... and {rest} more; see /run/tasks or --json"));
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
        let lines = grouped(&failures);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("seed 1 and 29 more like it (seed 2, seed 3, "), "{lines:?}");
        assert!(lines[0].ends_with(", ...): sh of seed 1 ended: no licence"), "{lines:?}");
        assert_eq!(lines[1], "seed 40: ran past its limit of 3 s");
        let many: Vec<Failed> = (0..25).map(|k| failed("", &format!("cause {k}"))).collect();
        assert_eq!(grouped(&many).last().unwrap(), "... and 5 more; see /run/tasks or --json");
    }
}
