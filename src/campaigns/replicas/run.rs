//! How are the programs of a replica run to their end, or not at all because they have ended before?
use super::finish_record::FinishRecord;
use super::folder;
use super::inputs::Inputs;
use crate::campaigns::stage::Context;
use crate::engines::md::{LaunchContext, RunSummary};
use crate::journal::Fingerprint;
use crate::task::Cause;
use std::time::Duration;

/// Time that a program has to end by itself when it is asked to stop; one that is resumable writes a checkpoint then.
const GRACE: Duration = Duration::from_secs(5);
const LONG_GRACE: Duration = Duration::from_secs(60);

/// How the programs of replicas are run, whatever they are.
#[derive(Clone, Debug)]
pub struct RunRules {
    /// Threads of each program.
    pub threads: usize,
    /// Whether an interrupted replica continues from its files; otherwise it starts again in an empty folder.
    pub is_resumable: bool,
    /// Whether its program may be queued behind that of another replica.
    pub may_overlap: bool,
    /// Whether its end is recorded beside its files: not where the journal says all.
    pub keeps_record: bool,
    /// A program that neither prints nor writes anything for this time is stopped.
    pub watchdog_timeout: Option<Duration>,
}

impl RunRules {
    /// What the programs of a replica of this campaign reported in an earlier run; none where they have not finished.
    pub fn recorded(&self, inputs: &Inputs, campaign: Fingerprint) -> Option<RunSummary> {
        let record = if self.keeps_record { FinishRecord::read(inputs, campaign) } else { None };
        Some(record?.summary)
    }

    /// Runs the programs of a replica by `start`, from the files of an earlier attempt if it is resumable, and records that they ended well.
    ///
    /// # Errors
    /// Its folder belongs to another replica, or the programs did not finish.
    pub fn run(
        &self,
        inputs: &Inputs,
        context: &Context,
        start: impl FnOnce(&LaunchContext) -> Result<RunSummary, Cause>,
    ) -> Result<RunSummary, Cause> {
        let programs = context.programs()?;
        if inputs.is_own {
            folder::prepare(inputs, self.is_resumable)?;
        }
        let launch = LaunchContext {
            label: &inputs.label,
            programs,
            folder: &inputs.folder,
            is_own: inputs.is_own,
            threads: self.threads,
            limit: context.task_timeout.and_then(|limit| Some((context.started.checked_add(limit)?, limit))),
            deadline: context.deadline,
            begin_by: context.begin_by.filter(|_| self.may_overlap),
            watchdog_timeout: self.watchdog_timeout,
            grace: if self.is_resumable { LONG_GRACE } else { GRACE },
            progress: &context.progress,
        };
        let record = FinishRecord::new(inputs, context.campaign, start(&launch)?);
        if self.keeps_record {
            record.write(inputs).map_err(|error| {
                let (folder, label) = (inputs.folder.display(), &inputs.label);
                launch.or_full_disk(Cause::Failed(format!("cannot record in `{folder}` that {label} ended: {error}")))
            })?;
        }
        Ok(record.summary)
    }
}
