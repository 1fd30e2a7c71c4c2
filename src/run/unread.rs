//! Which tasks ran and left files that cannot be read? One message for a fault that many of them share.
use crate::campaigns::stage::AnyStage;
use crate::task::{Cause, Failure};

/// What to do where files lie where programs left them.
pub const HELP: &str = "nothing is lost: correct the configuration, or the file, and give the same command again; the files are then \
                        read again and no program runs again (to run one again, remove its folder and add --retry-failed)";
/// Where they do not.
const HELP_WITHOUT_FILES: &str = "correct the program, then give the same command with --retry-failed";
/// Kinds of faults that are reported in full.
const MOST: usize = 5;

/// A fault, and the tasks that share it.
#[derive(Debug, PartialEq)]
pub struct Kind {
    pattern: String,
    /// The first task's name, and its fault.
    pub label: String,
    pub text: String,
    pub count: u64,
}

/// Faults of reading, by kind, in the order in which they were met.
#[derive(Debug, Default)]
pub struct Unread {
    kinds: Vec<Kind>,
}

impl Unread {
    /// Those among the failures that stand in the end.
    pub fn of(stage: &dyn AnyStage, failures: &[Failure]) -> Self {
        let mut all = Self::default();
        failures.iter().for_each(|failure| _ = all.add(stage, failure));
        all
    }

    /// Takes in a failure; says whether it is the first of its kind.
    fn add(&mut self, stage: &dyn AnyStage, failure: &Failure) -> bool {
        let Cause::Unread(text) = &failure.cause else { return false };
        let label = stage.label(failure.task).unwrap_or_else(|| format!("task {}", failure.task));
        let pattern = pattern_of(text, &label);
        if let Some(kind) = self.kinds.iter_mut().find(|kind| kind.pattern == pattern) {
            kind.count += 1;
            return false;
        }
        self.kinds.push(Kind { pattern, label, text: text.clone(), count: 1 });
        true
    }

    /// Takes in a failure while the stage runs; the message where it is the first of its kind.
    pub fn first_of_kind(&mut self, stage: &dyn AnyStage, failure: &Failure) -> Option<String> {
        if !self.add(stage, failure) || self.kinds.len() > MOST {
            return None;
        }
        let Kind { label, text, .. } = self.kinds.last()?;
        let help = if stage.reading().is_some() { HELP } else { HELP_WITHOUT_FILES };
        Some(format!("{label} ran, and what it left cannot be read: {text}\n  {help}"))
    }

    /// The faults in a line each, the most frequent first.
    pub fn lines(&self) -> Vec<String> {
        let mut kinds: Vec<&Kind> = self.kinds.iter().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        let line = |kind: &&Kind| match kind.count {
            1 => format!("{}: {}", kind.label, kind.text),
            count => format!("{} and {} more alike: {}", kind.label, count - 1, kind.text),
        };
        let mut lines: Vec<String> = kinds.iter().take(MOST).map(line).collect();
        if kinds.len() > MOST {
            let rest: u64 = kinds[MOST..].iter().map(|kind| kind.count).sum();
            lines.push(format!("{rest} more with other faults: see `simmpi inspect`"));
        }
        lines
    }
}

/// A fault without what differs from task to task: its name, and numbers (of lines, columns, seeds in paths).
fn pattern_of(text: &str, label: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.replace(label, "").chars() {
        match c {
            '0'..='9' if pattern.ends_with('#') => {}
            '0'..='9' => pattern.push('#'),
            c => pattern.push(c),
        }
    }
    pattern
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
        assert!(unread.lines()[0].starts_with("seed 9 and 1 more alike: replicas/9"), "{:?}", unread.lines());
    }

    #[test]
    fn other_failures_are_none_of_reading() {
        let crashed = Failure { task: 1, cause: Cause::Failed("exit code 3".into()), attempts: 3 };
        assert!(Unread::of(share(Replicas).as_ref(), &[crashed]).lines().is_empty());
    }
}
