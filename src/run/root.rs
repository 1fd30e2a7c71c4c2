//! What does rank 0 do besides its own tasks: who runs what, what is recorded, what is in the total?
use super::batch::{Cut, UndoneTask};
use super::console;
use super::current_stage::CurrentStage;
use super::earlier::EarlierRecords;
use super::exit::{Exit, Stop};
use super::failures::FailedTask;
use super::join::OutputLock;
use super::ledger::Ledger;
use super::live::LiveFile;
use super::message::{FirstBatches, RecordSummary, ToRoot, ToWorker};
use super::progress::ProgressReporter;
use super::rank::{Rank, Report};
use super::resource_usage::FullGpus;
use super::settings::RunSettings;
use super::signals::{self, DrainReason, SignalRequest};
use super::stage_run::StageRun;
use super::state::StateFile;
use crate::campaigns::stage::StageResult;
use crate::journal::codec;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The interval of a lock's heartbeat, well within the two minutes after which it counts as dead.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Rank 0's part of a run.
pub struct Root {
    pub settings: RunSettings,
    pub lock: OutputLock,
    /// What earlier runs left of stages that have not started yet.
    pub earlier: EarlierRecords,
    /// The accounts of stages that are complete.
    pub closed: Vec<Ledger>,
    /// Ranks that accept no more batches.
    pub retired: BTreeSet<usize>,
    /// Ranks that are excluded, and why.
    pub excluded: BTreeMap<usize, String>,
    /// The host of each rank.
    pub hosts: Vec<String>,
    /// Why no further task starts, where the stage before was completed in spite of it.
    pub stopping: Option<Stop>,
    pub state: StateFile,
    pub last_heartbeat: Instant,
    pub full_gpus: FullGpus,
}

impl Root {
    /// Runs a stage on all ranks, this one too. `is_first` says that the workers wait for their first batches in a scatter.
    ///
    /// # Errors
    /// The stage was stopped early, or cannot be run.
    pub fn run(&mut self, rank: &mut Rank, current: &CurrentStage, is_first: bool) -> Result<StageResult, Stop> {
        let ranks = rank.comm.size();
        let started = self.start(current, ranks);
        if is_first && started.is_err() {
            let refusal = codec::encode(&FirstBatches::Refused)?;
            rank.comm.scatter(vec![refusal; ranks])?;
        }
        let (ledger, mut assignments, retries) = started?;
        self.state.begin(current, &ledger.failures());
        Self::send_first_batches(rank, current, &mut assignments, is_first)?;
        let spec = current.spec();
        let progress = ProgressReporter::new(self.settings.progress, &spec.name, spec.tasks, ledger.counts(), ranks);
        let mut live = match &self.lock {
            OutputLock::Exclusive(_) => LiveFile::for_output(&self.settings.output),
            OutputLock::Joined(job) => LiveFile::new(job.progress_path()),
        };
        let mut stage = StageRun::new(ledger, (assignments, retries), progress, ranks);
        rank.comm.lost().for_each(|lost| stage.lose(lost));
        if let Some(stop) = self.stopping.take() {
            stage.stop(rank, stop)?;
        } else if stage.assignments.active().next().is_none() {
            stage.stop_without_ranks(rank)?;
        }
        stage.joined = self.join_stage(current)?;
        stage.deal_to_idle(rank)?;
        loop {
            self.poll(rank, &mut stage)?;
            self.follow_joined(rank, &mut stage)?;
            stage.progress.update();
            self.state.refresh();
            live.update(|| stage.progress.snapshot());
            if stage.is_over() {
                stage.progress.close();
                return self.close(rank, stage);
            }
        }
    }

    /// The tasks that failed in the stages that are complete.
    pub fn failed_tasks(&self) -> Vec<FailedTask> {
        let of_stage = |ledger: &Ledger| {
            let failures = ledger.failures();
            let failed = failures.iter();
            failed
                .map(|failure| FailedTask::new(ledger.current.spec().full_task_name(failure.task), &failure.cause))
                .collect::<Vec<_>>()
        };
        self.closed.iter().flat_map(of_stage).collect()
    }

    /// One round of the loop: signals, messages, own reports, the next values to reduce, the lock.
    fn poll(&mut self, rank: &mut Rank, stage: &mut StageRun) -> Result<(), Stop> {
        if signals::strongest() == SignalRequest::Terminate {
            let text = "ended at once by SIGTERM, or by Ctrl-C twice";
            self.state.set_ended(&Stop::new(Exit::Resumable, text));
        }
        if rank.signal_request() == SignalRequest::Drain {
            stage.stop(rank, self.stop_for(signals::request().unwrap_or(DrainReason::Usr1)))?;
        }
        self.receive_messages(rank, stage)?;
        rank.keep_contact()?;
        self.follow_losses(rank, stage)?;
        self.accept_reports(rank, stage)?;
        if stage.stopping.is_some() && rank.workers.pending == 0 {
            stage.drained[0] = true;
        }
        if let Some(progress) = rank.changed_progress() {
            stage.progress.set_rank(0, progress);
        }
        stage.reduce_some(rank)?;
        self.beat().map(drop)
    }

    /// Advances the heartbeat of the lock, if it is time to; returns whether it was.
    ///
    /// # Errors
    /// Another run has taken over the lock.
    pub fn beat(&mut self) -> Result<bool, Stop> {
        let is_time = self.last_heartbeat.elapsed() > HEARTBEAT;
        if is_time {
            self.last_heartbeat = Instant::now();
            self.lock.beat()?;
        }
        Ok(is_time)
    }

    /// Follows the messages of workers that have arrived.
    fn receive_messages(&mut self, rank: &mut Rank, stage: &mut StageRun) -> Result<(), Stop> {
        while let Some((from, message)) = rank.receive()? {
            match message {
                ToRoot::Recorded(summaries) => {
                    summaries.into_iter().try_for_each(|summary| self.accept_record(rank, stage, from, summary))?;
                }
                ToRoot::Values(values) => stage.reduce(from, &values)?,
                ToRoot::Others { records, is_last } => self.accept_others(stage, from, records, is_last),
                ToRoot::Progress(progress) => stage.progress.set_rank(from, progress),
                ToRoot::Drained => stage.drained[from] = true,
                ToRoot::DrainWanted(reason) => stage.stop(rank, self.stop_for(reason))?,
                ToRoot::Undone(undone) => stage.undone.extend(undone),
                ToRoot::Retired(reason) => self.retire(rank, stage, from, &reason)?,
                ToRoot::Broken { exit, message } => stage.stop(rank, Stop::new(exit, message))?,
                // No rank has been asked to leave yet.
                ToRoot::Bye => {}
            }
        }
        Ok(())
    }

    /// Accepts what the worker threads of this rank have reported.
    fn accept_reports(&mut self, rank: &mut Rank, stage: &mut StageRun) -> Result<(), Stop> {
        let reports = match rank.reports() {
            Ok(reports) => reports,
            Err(stop) => {
                stage.stop(rank, stop)?;
                stage.drained[0] = true;
                return Ok(());
            }
        };
        for Report { summary, cut, undone } in reports {
            if let Some(summary) = summary {
                self.accept_record(rank, stage, 0, summary)?;
            }
            stage.undone.extend(undone);
            if cut == Some(Cut::TimeLimit) {
                stage.stop(rank, self.stop_for(DrainReason::TimeLimit))?;
            }
        }
        match rank.retirement().filter(|_| !stage.assignments.is_retired(0)) {
            Some(reason) => self.retire(rank, stage, 0, &reason),
            None => Ok(()),
        }
    }

    /// Accepts a record of `from` and gives that rank more to do. One of another stage is late and changes nothing.
    fn accept_record(
        &mut self,
        rank: &mut Rank,
        stage: &mut StageRun,
        from: usize,
        summary: RecordSummary,
    ) -> Result<(), Stop> {
        if summary.head.stage != stage.ledger.current.key {
            return Ok(());
        }
        self.state.add_labels(&stage.ledger.current, &summary.head.failed);
        self.full_gpus.warnings(&summary.head).iter().for_each(|warning| console::warning(warning));
        stage.accept(from, summary);
        self.exclude_bad_ranks(rank, stage)?;
        let (_, failed) = stage.ledger.counts();
        if self.settings.max_failures > 0 && failed >= self.settings.max_failures {
            let text = format!("as many tasks failed as limits.max_failures allows ({failed})");
            let remedy =
                "fix this, then rerun with --retry-failed; or raise limits.max_failures to continue without them";
            stage.stop(rank, Stop::new(Exit::Resumable, text).with_remedy(remedy))?;
        }
        if let Some(text) = stage.common_cause() {
            let remedy = "fix this, then rerun with --retry-failed";
            stage.stop(rank, Stop::new(Exit::Resumable, text).with_remedy(remedy))?;
        }
        stage.deal(rank, from)?;
        stage.deal_to_idle(rank)
    }

    /// Whether the journal stays when the campaign is complete.
    pub fn keeps_journal(&self) -> bool {
        self.settings.keep_journal || self.settings.needs_values
    }

    /// Lets the other ranks run what `from` would have run, which accepts no more batches.
    fn retire(&mut self, rank: &mut Rank, stage: &mut StageRun, from: usize, reason: &str) -> Result<(), Stop> {
        if !self.retired.insert(from) {
            return Ok(());
        }
        stage.assignments.retire(from);
        stage.retries.retire(from);
        let others: Vec<usize> = stage.assignments.active().collect();
        if others.is_empty() {
            console::warning(&format!(
                "warning: {reason}; it accepts no more tasks, and the task it was running is left"
            ));
            return stage.stop_without_ranks(rank);
        }
        console::warning(&format!(
            "warning: {reason}; it accepts no more tasks, and the task it was running is run by another rank"
        ));
        others.into_iter().try_for_each(|other| stage.deal(rank, other))
    }

    fn stop_for(&self, reason: DrainReason) -> Stop {
        Stop::new(Exit::Resumable, reason.describe(self.settings.walltime_s))
    }

    fn close(&mut self, rank: &mut Rank, stage: StageRun) -> Result<StageResult, Stop> {
        let left = stage.ledger.left().count();
        if let Some(stop) = &stage.stopping
            && (left > 0 || stop.exit != Exit::Resumable)
        {
            let message = stopped_message(&stage, &stop.message, left);
            return Err(Stop { exit: stop.exit, message, remedy: stop.remedy.clone() });
        }
        if left > 0 {
            return Err(Stop::new(Exit::Resumable, format!("{left} tasks are left; run again without --only")));
        }
        let result = stage.ledger.result()?;
        for to in 1..rank.comm.size() {
            rank.send(to, &ToWorker::StageDone(result.clone()))?;
        }
        self.closed.push(stage.ledger);
        self.stopping = stage.stopping;
        Ok(result)
    }
}

/// Why a stage stopped, with what is done and left.
fn stopped_message(stage: &StageRun, reason: &str, left: u64) -> String {
    let ((done, failed), spec) = (stage.ledger.counts(), stage.ledger.current.spec());
    let mut message = format!("{reason}; {done} of {} tasks are done, {failed} failed, {left} are left", spec.tasks);
    if let Some(UndoneTask { task, reason }) = stage.undone.first() {
        message += &format!(
            "\n{} of these failed while the run was stopping and will be retried: {}: {reason}",
            stage.undone.len(),
            spec.task_name(*task)
        );
    }
    message
}
