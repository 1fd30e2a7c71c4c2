//! How is a task computed?
use super::levels::{Level, Solver};
use super::setup::{Setup, Unit};
use super::sums::{FragmentValues, TaskDerivatives};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::engines::qc::{Driver, Engine, QcResult, Recorded, Resources, SOLUTION};
use crate::science::chemistry::{Differences, Molecule};
use crate::science::scf::{Integrals, TOGETHER};
use crate::task::{Cause, Failure, TaskId, Tasks};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// All tasks of all frames.
pub struct FragmentStage {
    setup: Arc<Setup>,
    /// Integrals of the last embedded task: the next one often has the same atoms.
    integrals: Mutex<Option<Integrals>>,
}

impl FragmentStage {
    /// The stage of a campaign.
    pub fn new(setup: Arc<Setup>) -> Self {
        Self { setup, integrals: Mutex::new(None) }
    }

    /// What the campaign consists of.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The estimated cost of a task, s.
    pub fn estimate(&self, id: TaskId) -> f64 {
        let unit = self.unit(id);
        let driver = self.setup.driver_of(&unit.task);
        super::cost::estimate_s(&self.setup.frames[unit.frame], &unit.task, self.level(unit), driver)
    }

    /// The level of a task.
    pub fn level(&self, unit: &Unit) -> &Level {
        self.setup.level(unit)
    }

    /// The molecule of a task.
    pub fn molecule(&self, unit: &Unit) -> Molecule {
        self.setup.molecule(unit)
    }

    /// The energies and derivatives of tasks of one level and kind, and how many other sets of keywords each took.
    fn compute(&self, ids: &[TaskId], context: &Context) -> Vec<Result<(QcResult, usize), Cause>> {
        let (level, driver) = self.way(ids[0]);
        match &level.solver {
            Solver::Recorded(recorded) => ids.iter().map(|&id| self.recall(id, recorded, driver)).collect(),
            Solver::Embedded(engine) => {
                let molecules: Vec<_> = ids.iter().map(|&id| self.molecule(self.unit(id))).collect();
                let mut integrals = self.integrals.lock().unwrap_or_else(PoisonError::into_inner);
                level.embedded(engine, &molecules, (driver, context.room()), &mut integrals)
            }
            Solver::Program(engine) => {
                ids.iter().map(|&id| self.run_program(id, (level, engine.as_ref()), driver, context)).collect()
            }
        }
    }

    fn recall(&self, id: TaskId, recorded: &Recorded, driver: Driver) -> Result<(QcResult, usize), Cause> {
        let unit = self.unit(id);
        let basis = self.setup.frames[unit.frame].expansion.basis_of(&unit.task);
        let key = (unit.frame, &*unit.task.real, &*basis);
        Ok((recorded.result(key, self.molecule(unit).atoms.len(), driver)?, 0))
    }

    fn unit(&self, id: TaskId) -> &Unit {
        &self.setup.units[id as usize]
    }

    /// How a task is computed, and what of it.
    fn way(&self, id: TaskId) -> (&Level, Driver) {
        let unit = self.unit(id);
        (self.level(unit), self.setup.driver_of(&unit.task))
    }

    fn run_program(
        &self,
        id: TaskId,
        (level, engine): (&Level, &dyn Engine),
        driver: Driver,
        context: &Context,
    ) -> Result<(QcResult, usize), Cause> {
        let molecule = self.molecule(self.unit(id));
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let scratch = programs.scratch.join(format!("task-{id}"));
        let made = std::fs::create_dir_all(&scratch);
        made.map_err(|error| Cause::Resource(format!("cannot make `{}`: {error}", scratch.display())))?;
        let site = Resources {
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

    fn value(&self, id: TaskId, (mut answer, retries): (QcResult, usize)) -> Result<FragmentValues, Cause> {
        let unit = self.unit(id);
        let is_finite = |values: &Option<Vec<f64>>| values.iter().flatten().all(|value| value.is_finite());
        if !answer.energy.is_finite() || !is_finite(&answer.gradient) || !is_finite(&answer.hessian) {
            return Err(Cause::NotFinite("the energy or one of its derivatives".into()));
        }
        let level = usize::from(unit.task.level);
        let note = answer.effective.remove(SOLUTION);
        let effective = answer.effective.into_iter().map(|(name, value)| ((level, name), BTreeSet::from([value])));
        let mut values = FragmentValues {
            energies: vec![(id, answer.energy)],
            effective: effective.collect(),
            notes: note.into_iter().map(|note| (id, note)).collect(),
            retried: if retries > 0 { vec![(id, retries as u32)] } else { Vec::new() },
            ..FragmentValues::default()
        };
        match self.setup.differences(&unit.task) {
            // Energies say everything.
            Differences::GradientFromEnergies => {}
            Differences::HessianFromEnergies => values.lacks_gradients = true,
            _ if self.setup.driver == Driver::Energy => {}
            _ => {
                values.lacks_gradients = answer.gradient.is_none();
                let hessian = answer.hessian.filter(|_| self.setup.driver == Driver::Hessian);
                values.rows.push(TaskDerivatives {
                    task: id,
                    gradient: answer.gradient.unwrap_or_default(),
                    hessian: hessian.unwrap_or_default(),
                });
            }
        }
        Ok(values)
    }
}

impl Stage for FragmentStage {
    type Value = FragmentValues;

    fn name(&self) -> &str {
        "tasks"
    }

    fn tasks(&self) -> u64 {
        self.setup.units.len() as u64
    }

    fn cost(&self, id: TaskId) -> f64 {
        self.estimate(id)
    }

    /// Low orders first: an expansion that is not finished is of use already.
    fn urgency(&self, id: TaskId) -> u32 {
        self.setup.units[id as usize].task.generation.into()
    }

    /// Programs take so long that each task is handed out by itself.
    fn largest_batch(&self) -> u64 {
        if self.setup.levels.iter().any(Level::is_program) { 1 } else { u64::MAX }
    }

    fn label(&self, id: TaskId) -> Option<String> {
        Some(self.setup.label(id as usize))
    }

    fn grain(&self) -> u64 {
        let all = |is: fn(&Level) -> bool| self.setup.levels.iter().all(is);
        if all(Level::is_recorded) {
            64
        } else if all(|level| !level.is_program()) {
            TOGETHER as u64
        } else {
            1
        }
    }

    fn forecast(&self, ranks: u64, memory_mb: Option<u64>, limit: Duration) -> Option<Vec<f64>> {
        super::forecast::tasks(self, ranks, memory_mb, limit)
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<FragmentValues> {
        let mut ran = Ran { value: FragmentValues::default(), failed: Vec::new() };
        let ids: Vec<TaskId> = tasks.iter().collect();
        let is_alike = |a: &TaskId, b: &TaskId| {
            let ((level, driver), (other, its)) = (self.way(*a), self.way(*b));
            std::ptr::eq(level, other) && driver == its
        };
        for alike in ids.chunk_by(is_alike) {
            for (&id, answer) in alike.iter().zip(self.compute(alike, context)) {
                let value = answer.and_then(|answer| self.value(id, answer));
                // Without derivatives in the sums there is nothing that could overflow.
                let joined = value.and_then(|value| ran.value.merge(value).map_err(|e| Cause::Failed(e.to_string())));
                ran.failed.extend(joined.err().map(|cause| (id, cause)));
            }
        }
        ran
    }

    fn empty(&self) -> FragmentValues {
        FragmentValues::default()
    }

    fn merge(&self, into: &mut FragmentValues, from: FragmentValues) -> Result<(), Error> {
        Ok(into.merge(from)?)
    }

    fn fold(&self, total: &mut FragmentValues, from: FragmentValues) -> Result<(), Error> {
        Ok(total.fold(&self.setup, from)?)
    }

    fn finish(&self, total: &FragmentValues, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
