//! What does a campaign know?
//!
//! It declares what the engine (`crate::run`) needs of it, hands out one stage after another, each of which may follow from the results of
//! those before, and writes the results.
use super::stage::{Error, Stage, StageResult, StageSpec};
use crate::config::Faults;
use crate::figure::Chart;
use crate::journal::codec;
use crate::process::Supervisor;
use crate::results;
use crate::task::{Failure, Tasks};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A campaign: which stage comes next, and what is written in the end.
pub trait Campaign: Send {
    /// Finds the programs that tasks need. Called once on rank 0, before [`declare`](Campaign::declare).
    ///
    /// # Errors
    /// A program is not found.
    fn find_programs(&mut self, _supervisor: &StartSupervisor) -> Result<(), Faults> {
        Ok(())
    }

    /// What the engine must know before the first stage. Reads input files for their digests, so call it once, on rank 0.
    ///
    /// # Errors
    /// An input file cannot be read.
    fn declare(&self) -> Result<Declaration, Faults>;

    /// What `check` and `plan` report, within `memory_mb` of memory for each rank if there is such a limit.
    ///
    /// # Errors
    /// A stage cannot be described.
    fn outlook(&self, memory_mb: Option<u64>) -> Result<Outlook, Error>;

    /// How long each task of a planned stage will take on one of `ranks` ranks, s: by a model that is calibrated within about `limit`,
    /// where there is one. `plan` then runs no sample.
    fn model_times(
        &self,
        _stage: &StageSpec,
        _ranks: u64,
        _memory_mb: Option<u64>,
        _limit: Duration,
    ) -> Option<Vec<f64>> {
        None
    }

    /// Checks that so many ranks can run on one node, as far as the configuration tells.
    ///
    /// # Errors
    /// They need more than the node is configured to have.
    fn check_node(&self, _ranks: usize) -> Result<(), Faults> {
        Ok(())
    }

    /// Checks that the folders of tasks are unused or this campaign's own, and empties them for a `fresh` start: what a program has finished
    /// is renamed, not removed. Called once on rank 0 when the output is locked; returns a line for everything that was renamed.
    ///
    /// # Errors
    /// A folder holds something else, or cannot be emptied.
    fn claim_folders(&self, _declared: &Declaration, _fresh: bool) -> Result<Vec<String>, Faults> {
        Ok(Vec::new())
    }

    /// Accepts the result of the stage that was run last (none at the start) and returns what comes next. Every rank calls it with
    /// the same results; a campaign that is resumed gets its recorded results again.
    ///
    /// # Errors
    /// A result cannot be used.
    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error>;

    /// Writes `/results` once all stages are complete.
    ///
    /// # Errors
    /// The file cannot be written, or a recorded value cannot be read.
    fn write(&self, values: &mut dyn RecordedValues, out: &mut results::Writer) -> Result<Report, Error>;
}

/// Starts the process supervisor when it is first called; none where it cannot be started, which has been reported then.
pub type StartSupervisor<'a> = dyn Fn() -> Option<&'a Supervisor> + 'a;

/// What comes after a stage.
pub enum Next {
    Run(Stage),
    Complete,
}

/// What the engine must know of a campaign before its first stage.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// Everything of the kind's own section that determines results, defaults included, as JSON by key, with digests of input files. What
    /// may be extended is left out.
    pub identity: serde_json::Value,
    /// The key whose value may grow between runs, and its value: `("trajectories.count", 12000)`.
    pub extensible: Option<(&'static str, u64)>,
    /// What else may change between runs though it may ask for more work: a complete campaign is resumed when it differs. A list may only
    /// get longer.
    pub requests: serde_json::Value,
    /// What is computed from recorded values when results are written, and no task depends on: it may change between runs, and a complete
    /// campaign is then written again without running anything.
    pub post_processing: serde_json::Value,
    /// Digest of what is read of the files that programs left ([`StageSpec::reading`]): it may change between runs, and the files of a
    /// complete campaign are then read again without running anything.
    pub reading: Option<String>,
    /// The most threads of a program that a task starts on the cores of its rank, 0 where launchers start all of them elsewhere; none where
    /// no task starts any.
    pub threads: Option<usize>,
    /// The most cores of the allocation that a program of a task takes, where a launcher starts it.
    pub launched_cores: Option<usize>,
    /// Whether programs may have more threads than there are cores.
    pub may_oversubscribe: bool,
    /// Whether [`Campaign::write`] reads values of single batches: the journal is then kept with the result file.
    pub needs_values: bool,
    pub reproducibility: Reproducibility,
    pub warnings: Faults,
}

/// What the same configuration gives again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reproducibility {
    /// The same bits.
    #[default]
    Bitwise,
    /// The same bits where programs leave the same files.
    GivenFiles,
}

impl Reproducibility {
    /// As the result file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bitwise => "bitwise",
            Self::GivenFiles => "given-files",
        }
    }

    /// Of a campaign whose tasks are programs, or are not.
    pub fn with_programs(has_programs: bool) -> Self {
        if has_programs { Self::GivenFiles } else { Self::Bitwise }
    }
}

/// What can be said of a campaign before it runs.
pub struct Outlook {
    /// What was configured, defaults included: (name, value with units).
    pub summary: Vec<(String, String)>,
    /// The stages that can be predicted; at most these where the number depends on results.
    pub stages: Vec<PlannedStage>,
    /// Further lines for `plan`.
    pub notes: Vec<String>,
    /// The memory of a rank, where it can be predicted.
    pub memory: Option<MemoryNeed>,
    /// Estimated size of the result file, bytes.
    pub output_bytes: u64,
}

/// A stage before the campaign runs.
pub enum PlannedStage {
    /// Some of its tasks may be run to learn how long they take.
    Runnable(Stage),
    /// Its tasks take too long or are not known yet.
    Described(Box<StageSpec>),
}

impl PlannedStage {
    /// Its description.
    pub fn spec(&self) -> &StageSpec {
        match self {
            Self::Runnable(stage) => &stage.spec,
            Self::Described(spec) => spec,
        }
    }
}

/// The memory of a rank.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryNeed {
    /// At the peak, MB.
    pub peak_mb: f64,
    /// The `limits.memory_mb` from which on more is of no use.
    pub ample_mb: u64,
    /// What the memory is for, and what less of it means.
    pub about: String,
}

impl std::fmt::Display for MemoryNeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "about {:.0} MB per rank{}", self.peak_mb, self.about)
    }
}

/// What accompanies the results.
#[derive(Default)]
pub struct Report {
    /// Charts, each with a name of one word: `results.NAME.svg` beside the result file.
    pub charts: Vec<(&'static str, Chart)>,
    /// Lines printed when the results are written.
    pub remarks: Vec<String>,
}

/// Access to the recorded values of batches while results are written.
pub trait RecordedValues {
    /// Hands every recorded batch of a stage to `visit`, in the order of its tasks. Stages are counted from 0.
    ///
    /// # Errors
    /// A value cannot be read, or `visit` fails.
    fn for_each(&mut self, stage: usize, visit: &mut Visit) -> Result<(), Error>;
}

/// What is done with a batch.
pub type Visit<'a> = dyn FnMut(RecordedBatch) -> Result<(), Error> + 'a;

/// A batch as the journal has it.
#[derive(Clone, Copy, Debug)]
pub struct RecordedBatch<'a> {
    pub tasks: Tasks,
    /// Tasks that have no value.
    pub failed: &'a [Failure],
    /// The encoded value of the others.
    pub bytes: &'a [u8],
}

impl RecordedBatch<'_> {
    /// The joint value of its tasks.
    ///
    /// # Errors
    /// It is of another type.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(codec::decode(self.bytes)?)
    }
}
