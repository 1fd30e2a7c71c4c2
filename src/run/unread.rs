//! Reports files that tasks left and that cannot be read: one message for a fault that many tasks share.
use super::failures::FailedTask;
use crate::campaigns::stage::StageSpec;
use crate::task::{Cause, Failure};
use std::collections::HashSet;

/// What to do where files stay where programs left them.
const HELP: &str = "nothing is lost: correct the configuration, or the file, and run the same command again; the files are then \
                        read again and no program runs again (to rerun one, remove its folder and add --retry-failed)";
/// What to do where they do not.
const HELP_WITHOUT_FILES: &str = "correct the program, then run the same command with --retry-failed";
/// The most kinds of faults that are reported in full.
const MAX_REPORTED: usize = 5;

/// Kinds of faults that have been found, to report each of them once.
#[derive(Debug, Default)]
pub struct Unread {
    kinds: HashSet<String>,
}

impl Unread {
    /// Accepts a failure while the stage runs; the message where it is the first of its kind.
    pub fn first_of_kind(&mut self, spec: &StageSpec, failure: &Failure) -> Option<String> {
        let Cause::Unread(text) = &failure.cause else { return None };
        let label = spec.full_task_name(failure.task);
        if !self.kinds.insert(FailedTask::new(label.clone(), &failure.cause).kind()) || self.kinds.len() > MAX_REPORTED
        {
            return None;
        }
        let help = if spec.reading.is_some() { HELP } else { HELP_WITHOUT_FILES };
        Some(format!("{label} ran, but its files cannot be read: {text}\n  {help}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::stage::PerTask;
    use crate::task::TaskId;

    fn failure(task: TaskId, text: &str) -> Failure {
        Failure { task, cause: Cause::Unread(text.into()), attempts: 1 }
    }

    fn replicas() -> StageSpec {
        let labels = PerTask::computed(|task| Some(format!("seed {task}")));
        StageSpec { labels, reading: Some(String::new()), ..StageSpec::new("replicas", 100) }
    }

    #[test]
    fn a_fault_that_many_share_is_reported_once_and_counted() {
        let (stage, mut unread) = (replicas(), Unread::default());
        let fault = |task: u64| failure(task, &format!("replicas/{task}/COLVAR:{}: no column `x`", 7 * task));
        let first = unread.first_of_kind(&stage, &fault(9)).unwrap();
        assert!(first.starts_with("seed 9 ran") && first.contains("COLVAR:63") && first.contains("same command"));
        assert_eq!(unread.first_of_kind(&stage, &fault(10)), None);
        assert!(unread.first_of_kind(&stage, &failure(3, "replicas/3/COLVAR has no rows")).is_some());
    }

    #[test]
    fn other_failures_are_none_of_reading() {
        let crashed = Failure { task: 1, cause: Cause::Failed("exit code 3".into()), attempts: 3 };
        assert_eq!(Unread::default().first_of_kind(&replicas(), &crashed), None);
    }
}
