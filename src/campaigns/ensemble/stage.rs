//! How is a replica run?
use super::engine::{Engine, RunSummary};
use super::finish_record::FinishRecord;
use super::folder;
use super::inputs::{Inputs, Setup};
use super::read::{self, CollectedColumns};
use super::replica::{NonFiniteValues, ReplicaResult, ReplicaResults};
use super::section::Again;
use crate::campaigns::stage::{Computed, Context, Error, PerTask, RecordedFiles, Stage, StageSpec, Workload};
use crate::engines::md::model::Model;
use crate::engines::md::{LaunchContext, Usage};
use crate::journal::Fingerprint;
use crate::process::Programs;
use crate::task::{Cause, TaskId, Tasks};
use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time that a program has to end by itself when it is told to; one that goes on later writes a checkpoint then.
const GRACE: Duration = Duration::from_secs(5);
const LONG_GRACE: Duration = Duration::from_secs(60);

/// Runs replicas of a campaign, a task each.
#[derive(Clone)]
pub struct ReplicaWorkload {
    setup: Arc<Setup>,
    /// When the stage was made: ranks are staggered from then on.
    created: Instant,
}

impl ReplicaWorkload {
    /// The stage of a campaign.
    pub fn stage(setup: &Arc<Setup>) -> Stage {
        let (own, engine) = (Arc::clone(setup), &setup.engine);
        let spec = StageSpec {
            reading: setup.reading.clone(),
            labels: PerTask::computed(move |task| Some(own.label(task as usize))),
            // A replica takes so long that each is handed out by itself.
            largest_batch: 1,
            chunk: 1,
            is_resumable: engine.is_resumable(),
            may_overlap: may_overlap(setup),
            ..StageSpec::new("replicas", setup.seeds.len() as u64)
        };
        Stage::new(spec, Self { setup: Arc::clone(setup), created: Instant::now() })
    }

    fn replica(&self, task: TaskId, context: &Context) -> Result<ReplicaResult, Cause> {
        match &self.setup.engine {
            Engine::Model(model) => self.walk(model, task, context),
            Engine::Command(_) | Engine::Gromacs(_) => self.run_programs(task, context),
        }
    }

    /// A replica of the built-in model, whose streams are those of its seed.
    fn walk(&self, model: &Model, task: TaskId, context: &Context) -> Result<ReplicaResult, Cause> {
        let started = Instant::now();
        let mut expired = None;
        let mut may_go_on = || {
            expired = context.expired();
            expired.is_none() && !context.is_halted()
        };
        let columns = model.run(context.seed, self.setup.seeds[task as usize], &mut may_go_on)?;
        let columns = columns.ok_or_else(|| expired.unwrap_or_else(|| Cause::Lost("the run was ended".into())))?;
        // All of them are kept, since no file holds those that are not collected now: others may be asked for later.
        let series = vec![columns];
        let usage = Usage { seconds: started.elapsed().as_secs_f64(), ..Usage::default() };
        Ok(ReplicaResult {
            task,
            usage,
            ns_per_day: None,
            potential: None,
            step: None,
            notes: Vec::new(),
            rows: rows_of(&series),
            periods: Vec::new(),
            series,
            not_finite: NonFiniteValues::default(),
        })
    }

    fn run_programs(&self, task: TaskId, context: &Context) -> Result<ReplicaResult, Cause> {
        let inputs = self.setup.inputs(task as usize).map_err(|problem| Cause::Input(problem.message))?;
        let FinishRecord { usage, summary, .. } = match self.finish_record(&inputs, context.campaign) {
            Some(record) => record,
            None => self.run_to_end(task, &inputs, context)?,
        };
        let RunSummary { ns_per_day, potential, step, mut notes } = summary;
        let read = read::collected_columns(&self.setup, task as usize, &inputs.folder).map_err(Cause::Unread)?;
        notes.extend(read.notes.iter().cloned());
        let CollectedColumns { series, periods, not_finite, .. } = read;
        let rows = rows_of(&series);
        Ok(ReplicaResult { task, usage, ns_per_day, potential, step, notes, rows, series, periods, not_finite })
    }

    /// Runs a replica's programs, and records that they ended well.
    fn run_to_end(&self, task: TaskId, inputs: &Inputs, context: &Context) -> Result<FinishRecord, Cause> {
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let label = self.setup.label(task as usize);
        self.wait_for_turn(programs, context);
        let is_own = self.setup.directory.is_some();
        if is_own {
            let again = if self.setup.engine.is_resumable() { Again::Continue } else { Again::Fresh };
            folder::prepare(inputs, &self.setup.files, again)?;
        }
        let launch = LaunchContext {
            label: &label,
            programs,
            folder: &inputs.folder,
            is_own,
            threads: self.setup.engine.threads(),
            limit: context.task_timeout.and_then(|limit| Some((context.started.checked_add(limit)?, limit))),
            deadline: context.deadline,
            begin_by: context.begin_by.filter(|_| may_overlap(&self.setup)),
            watchdog_timeout: self.setup.watchdog_timeout,
            grace: if self.setup.engine.is_resumable() { LONG_GRACE } else { GRACE },
            progress: &context.progress,
        };
        let mut usage = Usage::default();
        let summary = self.setup.engine.run(&inputs.engine_input, &launch, &mut usage)?;
        self.record(inputs, context.campaign, usage, summary).map_err(|error| {
            let text = format!("cannot record in `{}` that {label} ended: {error}", inputs.folder.display());
            launch.or_full_disk(Cause::Failed(text))
        })
    }

    /// Whether ends are recorded beside the files: not where programs share a folder and nothing is read there; they may be many and short,
    /// and the journal says all.
    fn keeps_records(&self) -> bool {
        let setup = &self.setup;
        setup.directory.is_some() || !setup.collect.is_empty() || setup.engine.requires_files()
    }

    fn finish_record(&self, inputs: &Inputs, campaign: Fingerprint) -> Option<FinishRecord> {
        if self.keeps_records() { FinishRecord::read(inputs, campaign) } else { None }
    }

    fn record(
        &self,
        inputs: &Inputs,
        campaign: Fingerprint,
        usage: Usage,
        summary: RunSummary,
    ) -> io::Result<FinishRecord> {
        match self.keeps_records() {
            true => FinishRecord::write(inputs, campaign, usage, summary),
            false => Ok(FinishRecord::new(inputs, campaign, usage, summary)),
        }
    }

    /// Waits until the start of this rank is due, where ranks start one after another.
    fn wait_for_turn(&self, programs: &Programs, context: &Context) {
        let delay = self.setup.stagger * programs.placement.rank as u32;
        while self.created.elapsed() < delay && !context.is_halted() {
            sleep((delay - self.created.elapsed().min(delay)).min(Duration::from_millis(50)));
        }
    }
}

/// Whether the next replica's program may be made ready while one runs: programs that share a folder might find each other's files there.
fn may_overlap(setup: &Setup) -> bool {
    match &setup.engine {
        Engine::Command(program) => {
            setup.directory.is_some() || (program.produces.is_empty() && setup.collect.is_empty())
        }
        Engine::Gromacs(_) | Engine::Model(_) => false,
    }
}

/// Rows of each collected file.
fn rows_of(series: &[Vec<Vec<f64>>]) -> Vec<u64> {
    series.iter().map(|columns| columns.first().map_or(0, Vec::len) as u64).collect()
}

impl Workload for ReplicaWorkload {
    type Value = ReplicaResults;

    fn empty(&self) -> ReplicaResults {
        ReplicaResults::default()
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<ReplicaResults> {
        let mut computed = Computed { value: ReplicaResults::default(), failed: Vec::new() };
        for task in tasks.iter() {
            match self.replica(task, context) {
                Ok(replica) => computed.value.replicas.push(replica),
                Err(cause) => computed.failed.push((task, cause)),
            }
        }
        computed
    }

    fn merge(&self, into: &mut ReplicaResults, from: ReplicaResults) -> Result<(), Error> {
        into.replicas.extend(from.replicas);
        into.replicas.sort_by_key(|replica| replica.task);
        Ok(())
    }

    fn reduce(&self, total: &mut ReplicaResults, mut from: ReplicaResults) -> Result<(), Error> {
        from.replicas.iter_mut().for_each(|replica| replica.series = Vec::new());
        self.merge(total, from)
    }

    fn recorded_files(&self, task: TaskId, campaign: Fingerprint) -> Option<RecordedFiles> {
        if !self.keeps_records() {
            return None;
        }
        let inputs = self.setup.inputs(task as usize).ok()?;
        self.finish_record(&inputs, campaign)?;
        Some(match read::lacks_files(&self.setup, task as usize, &inputs.folder) {
            true => RecordedFiles::Incomplete,
            false => RecordedFiles::Complete,
        })
    }
}
