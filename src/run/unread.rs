//! Which tasks ran and left files that cannot be read? One message for a fault that many of them share.
use super::failures::{Failed, label_of};
use crate::campaigns::stage::AnyStage;
use crate::task::{Cause, Failure};
use std::collections::HashSet;

/// What to do where files lie where programs left them.
const HELP: &str = "nothing is lost: correct the configuration, or the file, and give the same command again; the files are then \
                        read again and no program runs again (to run one again, remove its folder and add --retry-failed)";
/// Where they do not.
const HELP_WITHOUT_FILES: &str = "correct the program, then give the same command with --retry-failed";
/// Kinds of faults that are reported in full.
const MOST: usize = 5;

/// Kinds of faults of reading that were met, to report each of them once.
#[derive(Debug, Default)]
pub struct Unread {
    kinds: HashSet<String>,
}

impl Unread {
    /// Takes in a failure while the stage runs; the message where it is the first of its kind.
    pub fn first_of_kind(&mut self, stage: &dyn AnyStage, failure: &Failure) -> Option<String> {
        let Cause::Unread(text) = &failure.cause else { return None };
        let label = label_of(stage, failure.task);
        if !self.kinds.insert(Failed::new(label.clone(), &failure.cause).kind()) || self.kinds.len() > MOST {
            return None;
        }
        let help = if stage.reading().is_some() { HELP } else { HELP_WITHOUT_FILES };
        Some(format!("{label} ran, and what it left cannot be read: {text}\n  {help}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult, share};
    use crate::task::{TaskId, Tasks};

    struct Replicas;

    impl Stage for Replicas {
        type Value = ();
        fn name(&self) -> &str {
            "replicas"
        }
        fn tasks(&self) -> u64 {
            100
        }
        fn label(&self, task: TaskId) -> Option<String> {
            Some(format!("seed {task}"))
        }
        fn reading(&self) -> Option<String> {
            Some(String::new())
        }
        fn run(&self, _: Tasks, _: &Context) -> Ran<()> {
            Ran { value: (), failed: Vec::new() }
        }
        fn empty(&self) {}
        fn merge(&self, (): &mut (), (): ()) -> Result<(), Error> {
            Ok(())
        }
        fn finish(&self, total: &(), failed: &[Failure]) -> Result<StageResult, Error> {
            StageResult::new(self, failed, total)
        }
    }

    fn failure(task: TaskId, text: &str) -> Failure {
        Failure { task, cause: Cause::Unread(text.into()), attempts: 1 }
    }

    #[test]
    fn a_fault_that_many_share_is_reported_once_and_counted() {
        let (stage, mut unread) = (share(Replicas), Unread::default());
        let fault = |task: u64| failure(task, &format!("replicas/{task}/COLVAR:{}: no column `x`", 7 * task));
        let first = unread.first_of_kind(stage.as_ref(), &fault(9)).unwrap();
        assert!(first.starts_with("seed 9 ran") && first.contains("COLVAR:63") && first.contains("same command"));
        assert_eq!(unread.first_of_kind(stage.as_ref(), &fault(10)), None);
        assert!(unread.first_of_kind(stage.as_ref(), &failure(3, "replicas/3/COLVAR has no rows")).is_some());
    }

    #[test]
    fn other_failures_are_none_of_reading() {
        let crashed = Failure { task: 1, cause: Cause::Failed("exit code 3".into()), attempts: 3 };
        assert_eq!(Unread::default().first_of_kind(share(Replicas).as_ref(), &crashed), None);
    }
}
