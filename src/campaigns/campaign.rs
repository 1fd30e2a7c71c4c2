//! What does a campaign know?
//!
//! It is a sequence of stages, of which each may follow from the results of those before it. The engine (`crate::run`) knows nothing else
//! about it.
use super::stage::{Error, Piece, Shared, StageResult};
use crate::config::Faults;
use crate::figure::Chart;
use crate::process::Guard;
use crate::results;
use crate::task::{Failure, Tasks};

/// A campaign: which stage comes next, and what is written in the end.
pub trait Campaign: Send + Sync {
    /// The stage after those `done`, or none: a pure function, replayed when a campaign is resumed.
    ///
    /// # Errors
    /// An earlier result cannot be read.
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error>;

    /// The stages that can be foreseen before anything has run, for `plan`: at most these, where what comes depends on results.
    ///
    /// # Errors
    /// As [`next`](Campaign::next).
    fn foreseen(&self) -> Result<Vec<Shared>, Error> {
        Ok(self.next(&[])?.into_iter().collect())
    }

    /// Finds the programs that tasks need. Called once on rank 0, before [`identity`](Campaign::identity).
    ///
    /// # Errors
    /// One is not there. There is no guard where none could be started.
    fn find_programs(&mut self, _guard: Option<&Guard>) -> Result<(), Faults> {
        Ok(())
    }

    /// Makes sure that the places where tasks leave files are free or this campaign's own, and makes room there for a `fresh` start: what a
    /// program has finished is set aside, not removed. Called once on rank 0 when the output is this run's; says what was moved, a line each.
    ///
    /// # Errors
    /// A place holds something else, or cannot be emptied.
    fn claim_places(&self, _fresh: bool) -> Result<Vec<String>, Faults> {
        Ok(Vec::new())
    }

    /// The most threads of a program that a task starts; none where no task starts any.
    fn threads(&self) -> Option<usize> {
        None
    }

    /// Writes `/results`.
    ///
    /// # Errors
    /// The file cannot be written, or an outcome cannot be read.
    fn write(&self, done: &[StageResult], outcomes: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error>;

    /// Charts of the results, each with a name of one word: they are written beside the result file, as `results.NAME.svg`.
    ///
    /// # Errors
    /// A result cannot be read.
    fn figures(&self, _done: &[StageResult]) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(Vec::new())
    }

    /// What deserves to be known of the results at once, a line each: told when they are written.
    ///
    /// # Errors
    /// A result cannot be read.
    fn remarks(&self, _done: &[StageResult]) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Everything of the kind's own section that determines results, defaults included, as JSON by key, digests of input
    /// files too. What may grow ([`grows`](Campaign::grows)) is left out.
    fn identity(&self) -> serde_json::Value;

    /// The key whose value may grow between runs, and its value: `("trajectories.count", 12000)`.
    fn grows(&self) -> Option<(&'static str, u64)> {
        None
    }

    /// What else may change between runs, though it may ask for more work: a complete campaign is taken up again when it differs. A list may
    /// only get longer.
    fn asks(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// What is made of outcomes when results are written, and no task depends on: it may change between runs, and a complete campaign is then
    /// written again without running anything.
    fn afterwards(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// What is read of the files that programs left ([`Stage::reading`](super::stage::Stage::reading)): it may change between runs, and the
    /// files of a complete campaign are then read again without running anything.
    fn reading(&self) -> Option<String> {
        None
    }

    /// Whether as many ranks may run on one node as far as the configuration goes.
    ///
    /// # Errors
    /// There is less on a node than they need.
    fn check_node(&self, _ranks: usize) -> Result<(), Faults> {
        Ok(())
    }

    /// Whether programs may have more threads than there are cores.
    fn may_oversubscribe(&self) -> bool {
        false
    }

    /// Whether [`write`](Campaign::write) reads single outcomes: their journal is then kept with the file.
    fn needs_outcomes(&self) -> bool {
        false
    }

    /// What was understood, for `check`: (name, value with units).
    fn understood(&self) -> Vec<(String, String)>;

    /// What `plan` tells besides numbers of tasks and times, a line each.
    fn foretold(&self) -> Vec<String> {
        Vec::new()
    }

    /// The memory that a rank will take, where that is known beforehand, within `limit_mb` if there is such a limit.
    fn memory(&self, _limit_mb: Option<u64>) -> Option<MemoryNeed> {
        None
    }

    /// What deserves a warning though it can be run.
    fn warnings(&self) -> Faults {
        Faults::default()
    }

    /// Whether the same configuration gives the same bits ("bitwise"), or only the same files do ("given-files").
    fn reproducibility(&self) -> &'static str {
        "bitwise"
    }

    /// Estimated size of the result file.
    fn output_bytes(&self) -> u64;
}

/// The memory of a rank.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryNeed {
    /// At the peak, MB.
    pub peak_mb: f64,
    /// The `limits.memory_mb` from which on more is of no use.
    pub ample_mb: u64,
    /// For what it is, and what less of it means.
    pub about: String,
}

impl std::fmt::Display for MemoryNeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "about {:.0} MB per rank{}", self.peak_mb, self.about)
    }
}

/// Access to single outcomes while results are written, one at a time and in the order of their tasks.
pub trait Outcomes {
    /// Hands the value of every recorded range of `stage` (its place among the stages) to `take`.
    ///
    /// # Errors
    /// An outcome cannot be read, or `take` fails.
    fn each(&mut self, stage: usize, take: &mut Take) -> Result<(), Error>;
}

/// What is done with an outcome: its tasks, those of them that failed, and the value of the others.
pub type Take<'a> = dyn FnMut(Tasks, &[Failure], Piece) -> Result<(), Error> + 'a;
