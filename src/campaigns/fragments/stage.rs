//! How is a task computed?
use super::Setup;
use super::levels::{Level, Solver};
use super::sums::{Row, Values};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::engines::{Answer, Driver, Site};
use crate::science::expansion::Task;
use crate::task::{Cause, Failure, TaskId, Tasks};
use std::collections::BTreeSet;
use std::sync::Arc;

/// All tasks of all frames.
pub struct FragmentStage {
    pub setup: Arc<Setup>,
}

impl FragmentStage {
    fn task(&self, id: TaskId) -> (usize, &Task, &Level) {
        let (frame, task) = &self.setup.tasks[id as usize];
        (*frame, task, &self.setup.levels[task.level as usize])
    }

    /// The task's energy and derivatives, and how many other sets of keywords it took.
    fn compute(&self, id: TaskId, context: &Context) -> Result<(Answer, usize), Cause> {
        let (frame, task, level) = self.task(id);
        let of = &self.setup.frames[frame];
        let basis = of.expansion.basis_of(task);
        let wide = |fragments: &[u16]| fragments.iter().map(|&fragment| fragment.into()).collect::<Vec<usize>>();
        let mut molecule = of.system.molecule(&wide(&task.real), &wide(&basis));
        if let Some(charges) = &self.setup.embedding {
            molecule.point_charges = of.system.embedding(&wide(&basis), charges);
        }
        let driver = self.setup.driver;
        let engine = match &level.solver {
            Solver::Recorded(recorded) => {
                let answer = recorded.answer((frame, &task.real, &basis), molecule.atoms.len(), driver)?;
                return Ok((answer, 0));
            }
            Solver::Program(engine) => engine.as_ref(),
        };
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let scratch = programs.scratch.join(format!("task-{id}"));
        let made = std::fs::create_dir_all(&scratch);
        made.map_err(|error| Cause::Resource(format!("cannot make `{}`: {error}", scratch.display())))?;
        let site = Site {
            guard: &programs.guard,
            scratch: &scratch,
            threads: level.threads,
            cores: (!programs.cores.is_empty()).then_some(&programs.cores),
            memory_mb: context.memory_mb,
            time_limit: context.task_timeout,
        };
        let outcome = level.compute(engine, (&self.setup.label(id as usize), &molecule, driver), &site);
        // What is left there is the program's; a folder that cannot be removed now goes with the rank's own.
        let _ = std::fs::remove_dir_all(&scratch);
        outcome
    }

    fn value(&self, id: TaskId, context: &Context) -> Result<Values, Cause> {
        let (answer, retries) = self.compute(id, context)?;
        let (.., task, _) = self.task(id);
        let is_finite = |values: &Option<Vec<f64>>| values.iter().flatten().all(|value| value.is_finite());
        if !answer.energy.is_finite() || !is_finite(&answer.gradient) || !is_finite(&answer.hessian) {
            return Err(Cause::NotFinite("the energy or one of its derivatives".into()));
        }
        let level = usize::from(task.level);
        let effective = answer.effective.into_iter().map(|(name, value)| ((level, name), BTreeSet::from([value])));
        let driver = self.setup.driver;
        let mut values = Values {
            energies: vec![(id, answer.energy)],
            effective: effective.collect(),
            retried: if retries > 0 { vec![(id, retries as u32)] } else { Vec::new() },
            ..Values::default()
        };
        if driver != Driver::Energy {
            values.lacks_gradients = answer.gradient.is_none();
            let hessian = answer.hessian.filter(|_| driver == Driver::Hessian);
            values.rows.push(Row {
                task: id,
                gradient: answer.gradient.unwrap_or_default(),
                hessian: hessian.unwrap_or_default(),
            });
        }
        Ok(values)
    }
}

impl Stage for FragmentStage {
    type Value = Values;

    fn name(&self) -> &str {
        "tasks"
    }

    fn tasks(&self) -> u64 {
        self.setup.tasks.len() as u64
    }

    fn cost(&self, id: TaskId) -> f64 {
        let (frame, task, level) = self.task(id);
        super::cost::of(&self.setup.frames[frame], task, level, self.setup.driver)
    }

    /// Low orders first: an expansion that is not finished is of use already.
    fn urgency(&self, id: TaskId) -> u32 {
        self.setup.tasks[id as usize].1.generation.into()
    }

    /// Programs take so long that each task is handed out by itself.
    fn largest_batch(&self) -> u64 {
        if self.setup.levels.iter().any(Level::is_program) { 1 } else { u64::MAX }
    }

    fn label(&self, id: TaskId) -> Option<String> {
        Some(self.setup.label(id as usize))
    }

    fn grain(&self) -> u64 {
        if self.setup.levels.iter().any(Level::is_program) { 1 } else { 64 }
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Values> {
        let mut ran = Ran { value: Values::default(), failed: Vec::new() };
        for id in tasks.iter() {
            let value = self.value(id, context);
            // Without derivatives in the sums there is nothing that could overflow.
            let joined = value.and_then(|value| ran.value.merge(value).map_err(|e| Cause::Failed(e.to_string())));
            ran.failed.extend(joined.err().map(|cause| (id, cause)));
        }
        ran
    }

    fn empty(&self) -> Values {
        Values::default()
    }

    fn merge(&self, into: &mut Values, from: Values) -> Result<(), Error> {
        Ok(into.merge(from)?)
    }

    fn fold(&self, total: &mut Values, from: Values) -> Result<(), Error> {
        Ok(total.fold(&self.setup, from)?)
    }

    fn finish(&self, total: &Values, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
