//! How is a replica run?
use super::ended::Ended;
use super::engine::{Engine, Ran as Simulated};
use super::folder;
use super::inputs::{Inputs, Setup};
use super::periods::Period;
use super::read::{self, Odd, Read};
use super::section::{Again, ColumnName};
use crate::campaigns::stage::{Computed, Context, Error, PerTask, RecordedFiles, Stage, StageSpec, Workload};
use crate::engines::md::model::Model;
use crate::engines::md::{LaunchContext, Usage};
use crate::journal::Fingerprint;
use crate::process::Programs;
use crate::task::{Cause, TaskId, Tasks};
use serde::{Deserialize, Serialize};
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

/// What came of some replicas, by task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Values {
    pub replicas: Vec<Replica>,
}

/// What came of one replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replica {
    pub task: TaskId,
    pub usage: Usage,
    pub ns_per_day: f64,
    /// kJ/mol.
    pub potential: f64,
    pub step: f64,
    pub notes: Vec<String>,
    /// Rows of each collected file.
    pub rows: Vec<u64>,
    /// `[collected file][column][row]`, of the model all columns that it has; dropped in totals, where only their lengths are kept.
    pub series: Vec<Vec<Vec<f64>>>,
    /// `[collected file][column]`; empty for the model, none of whose variables is periodic.
    pub periods: Vec<Vec<Period>>,
    /// Values of them that are not finite.
    pub odd: Odd,
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
            is_resumable: engine.goes_on(),
            may_overlap: may_overlap(setup),
            ..StageSpec::new("replicas", setup.seeds.len() as u64)
        };
        Stage::new(spec, Self { setup: Arc::clone(setup), created: Instant::now() })
    }

    fn replica(&self, task: TaskId, context: &Context) -> Result<Replica, Cause> {
        match &self.setup.engine {
            Engine::Model(model) => self.walk(model, task, context),
            Engine::Command(_) | Engine::Gromacs(_) => self.run_programs(task, context),
        }
    }

    /// A replica of the built-in model, whose streams are those of its seed.
    fn walk(&self, model: &Model, task: TaskId, context: &Context) -> Result<Replica, Cause> {
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
        let none = f64::NAN;
        Ok(Replica {
            task,
            usage,
            ns_per_day: none,
            potential: none,
            step: none,
            notes: Vec::new(),
            rows: rows_of(&series),
            periods: Vec::new(),
            series,
            odd: Odd::default(),
        })
    }

    fn run_programs(&self, task: TaskId, context: &Context) -> Result<Replica, Cause> {
        let inputs = self.setup.inputs(task as usize).map_err(|unfit| Cause::Input(unfit.message))?;
        let Ended { usage, ran, .. } = match self.ended(&inputs, context.campaign) {
            Some(ended) => ended,
            None => self.run_to_end(task, &inputs, context)?,
        };
        let Simulated { ns_per_day, potential, step, mut notes } = ran;
        let read = read::replica(&self.setup, task as usize, &inputs.folder).map_err(Cause::Unread)?;
        notes.extend(read.notes.iter().cloned());
        let Read { series, periods, odd, .. } = read;
        let rows = rows_of(&series);
        Ok(Replica { task, usage, ns_per_day, potential, step, notes, rows, series, periods, odd })
    }

    /// Runs a replica's programs, and records that they ended well.
    fn run_to_end(&self, task: TaskId, inputs: &Inputs, context: &Context) -> Result<Ended, Cause> {
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let label = self.setup.label(task as usize);
        self.wait_for_turn(programs, context);
        let is_own = self.setup.directory.is_some();
        if is_own {
            let again = if self.setup.engine.goes_on() { Again::Continue } else { Again::Fresh };
            folder::prepare(inputs, &self.setup.files, again)?;
        }
        let berth = LaunchContext {
            label: &label,
            programs,
            folder: &inputs.folder,
            is_own,
            threads: self.setup.engine.threads(),
            limit: context.task_timeout.and_then(|limit| Some((context.started.checked_add(limit)?, limit))),
            deadline: context.deadline,
            begin_by: context.begin_by.filter(|_| may_overlap(&self.setup)),
            watchdog_timeout: self.setup.stall,
            grace: if self.setup.engine.goes_on() { LONG_GRACE } else { GRACE },
            progress: &context.progress,
        };
        let mut usage = Usage::default();
        let ran = self.setup.engine.run(inputs, &berth, &mut usage)?;
        self.record(inputs, context.campaign, usage, ran).map_err(|error| {
            let text = format!("cannot record in `{}` that {label} ended: {error}", inputs.folder.display());
            berth.or_full_disk(Cause::Failed(text))
        })
    }

    /// Whether ends are recorded beside the files: not where programs share a folder and nothing is read there; they may be many and short,
    /// and the journal says all.
    fn keeps_records(&self) -> bool {
        let setup = &self.setup;
        setup.directory.is_some() || !setup.collect.is_empty() || setup.engine.must_leave_files()
    }

    fn ended(&self, inputs: &Inputs, campaign: Fingerprint) -> Option<Ended> {
        if self.keeps_records() { Ended::read(inputs, campaign) } else { None }
    }

    fn record(&self, inputs: &Inputs, campaign: Fingerprint, usage: Usage, ran: Simulated) -> io::Result<Ended> {
        match self.keeps_records() {
            true => Ended::record(inputs, campaign, usage, ran),
            false => Ok(Ended::unrecorded(inputs, campaign, usage, ran)),
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

impl Replica {
    /// The columns that are collected of a file, in their order `[column][row]`.
    pub fn columns(&self, setup: &Setup, file: usize) -> Vec<&[f64]> {
        let all = &self.series[file];
        let Engine::Model(model) = &setup.engine else { return all.iter().map(Vec::as_slice).collect() };
        let names = model.columns();
        let place = |name: &ColumnName| match name {
            ColumnName::Name(name) => names.iter().position(|known| known == name),
            ColumnName::Place(place) => Some(*place as usize),
        };
        // That the model has them was seen when the campaign was loaded.
        let of = |name: &ColumnName| place(name).and_then(|place| all.get(place)).map_or(&[][..], Vec::as_slice);
        setup.collect[file].columns.iter().map(of).collect()
    }
}

/// Rows of each collected file.
fn rows_of(series: &[Vec<Vec<f64>>]) -> Vec<u64> {
    series.iter().map(|columns| columns.first().map_or(0, Vec::len) as u64).collect()
}

impl Workload for ReplicaWorkload {
    type Value = Values;

    fn empty(&self) -> Values {
        Values::default()
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Values> {
        let mut computed = Computed { value: Values::default(), failed: Vec::new() };
        for task in tasks.iter() {
            match self.replica(task, context) {
                Ok(replica) => computed.value.replicas.push(replica),
                Err(cause) => computed.failed.push((task, cause)),
            }
        }
        computed
    }

    fn merge(&self, into: &mut Values, from: Values) -> Result<(), Error> {
        into.replicas.extend(from.replicas);
        into.replicas.sort_by_key(|replica| replica.task);
        Ok(())
    }

    fn reduce(&self, total: &mut Values, mut from: Values) -> Result<(), Error> {
        from.replicas.iter_mut().for_each(|replica| replica.series = Vec::new());
        self.merge(total, from)
    }

    fn recorded_files(&self, task: TaskId, campaign: Fingerprint) -> Option<RecordedFiles> {
        if !self.keeps_records() {
            return None;
        }
        let inputs = self.setup.inputs(task as usize).ok()?;
        self.ended(&inputs, campaign)?;
        Some(match read::lacks_files(&self.setup, task as usize, &inputs.folder) {
            true => RecordedFiles::Incomplete,
            false => RecordedFiles::Complete,
        })
    }
}
