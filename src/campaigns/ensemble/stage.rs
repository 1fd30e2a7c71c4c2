//! How is a replica run?
use super::engine::Engine;
use super::read::{self, CollectedColumns};
use super::replica::{NonFiniteValues, ReplicaResult, ReplicaResults};
use super::setup::Setup;
use crate::campaigns::replicas::RunRules;
use crate::campaigns::stage::{Computed, Context, Error, PerTask, RecordedFiles, Stage, StageSpec, Workload};
use crate::engines::md::model::Model;
use crate::engines::md::{RunSummary, Usage};
use crate::journal::Fingerprint;
use crate::task::{Cause, TaskId, Tasks};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Runs replicas of a campaign, a task each.
#[derive(Clone)]
pub struct ReplicaWorkload {
    setup: Arc<Setup>,
    rules: RunRules,
    /// When the stage was made: ranks are staggered from then on.
    created: Instant,
}

impl ReplicaWorkload {
    /// The stage of a campaign.
    pub fn stage(setup: &Arc<Setup>) -> Stage {
        let own = Arc::clone(setup);
        let rules = rules(setup);
        let spec = StageSpec {
            reading: setup.reading.clone(),
            labels: PerTask::computed(move |task| Some(own.label(task as usize))),
            // A replica takes so long that each is handed out by itself.
            largest_batch: 1,
            chunk: 1,
            is_resumable: rules.is_resumable,
            may_overlap: rules.may_overlap,
            ..StageSpec::new("replicas", setup.seeds.len() as u64)
        };
        Stage::new(spec, Self { setup: Arc::clone(setup), rules, created: Instant::now() })
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
            summary: RunSummary { usage, ..RunSummary::default() },
            rows: rows_of(&series),
            periods: Vec::new(),
            series,
            not_finite: NonFiniteValues::default(),
        })
    }

    fn run_programs(&self, task: TaskId, context: &Context) -> Result<ReplicaResult, Cause> {
        let setup = &self.setup;
        let (inputs, engine_input) = setup.inputs(task as usize).map_err(|problem| Cause::Input(problem.message))?;
        let mut summary = match self.rules.recorded(&inputs, context.campaign) {
            Some(summary) => summary,
            None => {
                self.wait_for_turn(context);
                self.rules.run(&inputs, context, |launch| setup.engine.run(&engine_input, launch))?
            }
        };
        let CollectedColumns { series, periods, not_finite, notes } =
            read::collected_columns(setup, task as usize, &inputs.folder).map_err(Cause::Unread)?;
        summary.notes.extend(notes);
        let rows = rows_of(&series);
        Ok(ReplicaResult { task, summary, rows, series, periods, not_finite })
    }

    /// Waits until the start of this rank is due, where ranks start one after another.
    fn wait_for_turn(&self, context: &Context) {
        let Some(programs) = context.programs else { return };
        let delay = Duration::from_secs_f64(self.setup.section.stagger_s) * programs.placement.rank as u32;
        while self.created.elapsed() < delay && !context.is_halted() {
            sleep((delay - self.created.elapsed().min(delay)).min(Duration::from_millis(50)));
        }
    }
}

/// How replicas are run. Ends are not recorded where programs share a folder and nothing is read there: they may be many and short.
fn rules(setup: &Setup) -> RunRules {
    RunRules {
        threads: setup.engine.threads(),
        is_resumable: setup.engine.is_resumable(),
        may_overlap: may_overlap(setup),
        keeps_record: setup.section.directory.is_some() || !setup.collect.is_empty() || setup.engine.requires_files(),
        watchdog_timeout: setup.section.watchdog_timeout_s.map(Duration::from_secs_f64),
    }
}

/// Whether the next replica's program may be made ready while one runs: programs that share a folder might find each other's files there.
fn may_overlap(setup: &Setup) -> bool {
    match &setup.engine {
        Engine::Command(program) => {
            setup.section.directory.is_some() || (program.produces.is_empty() && setup.collect.is_empty())
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
        Computed::one_by_one(tasks, |all: &mut ReplicaResults, task| {
            all.replicas.push(self.replica(task, context)?);
            Ok(())
        })
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
        let inputs = self.setup.claims.get(task as usize)?;
        self.rules.recorded(inputs, campaign)?;
        Some(match read::lacks_files(&self.setup, task as usize, &inputs.folder) {
            true => RecordedFiles::Incomplete,
            false => RecordedFiles::Complete,
        })
    }
}
