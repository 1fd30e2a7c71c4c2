//! How is a task computed?
use super::sums::{FragmentValues, TaskDerivatives};
use super::{Launched, Level, Setup, Solver, Unit, estimated_cost};
use crate::campaigns::stage::{Computed, Context, Error, PerTask, Stage, StageSpec, Workload};
use crate::engines::qc::{Driver, Engine, QcResult, Recorded, Resources, SOLUTION};
use crate::science::chemistry::Differences;
use crate::science::scf::{Integrals, MAX_TASKS_PER_PASS};
use crate::task::{Cause, TaskId, Tasks};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs tasks of all frames.
pub struct FragmentWorkload {
    setup: Arc<Setup>,
    /// Integrals of the last embedded task: the next one often has the same atoms.
    integrals: Option<Integrals>,
}

impl Clone for FragmentWorkload {
    /// The same work with an empty cache.
    fn clone(&self) -> Self {
        Self { setup: Arc::clone(&self.setup), integrals: None }
    }
}

/// The most tasks of one call.
fn chunk(setup: &Setup) -> u64 {
    let all = |is: fn(&Level) -> bool| setup.levels.iter().all(is);
    if all(Level::is_recorded) {
        64
    } else if all(|level| !level.is_program()) {
        MAX_TASKS_PER_PASS as u64
    } else {
        1
    }
}

impl FragmentWorkload {
    /// The stage of a campaign.
    pub fn stage(setup: &Arc<Setup>) -> Stage {
        let (of_costs, of_urgencies, of_labels) = (Arc::clone(setup), Arc::clone(setup), Arc::clone(setup));
        let spec = StageSpec {
            costs: PerTask::computed(move |id| estimated_cost(&of_costs, id)),
            // Low orders first: an expansion that is not finished is of use already.
            urgencies: PerTask::computed(move |id| of_urgencies.units[id as usize].task.generation.into()),
            labels: PerTask::computed(move |id| Some(of_labels.label(id as usize))),
            // Programs take so long that each task is handed out by itself.
            largest_batch: if setup.levels.iter().any(Level::is_program) { 1 } else { u64::MAX },
            chunk: chunk(setup),
            ..StageSpec::new("tasks", setup.units.len() as u64)
        };
        Stage::new(spec, Self { setup: Arc::clone(setup), integrals: None })
    }

    /// The energies and derivatives of tasks of one level and kind, and how many other sets of keywords each took.
    fn compute(&mut self, ids: &[TaskId], context: &Context) -> Vec<Result<(QcResult, usize), Cause>> {
        let (level, driver) = level_and_driver(&self.setup, ids[0]);
        match &level.solver {
            Solver::Recorded(recorded) => ids.iter().map(|&id| self.recorded_result(id, recorded, driver)).collect(),
            Solver::Embedded(engine) => {
                let molecules: Vec<_> = ids.iter().map(|&id| self.setup.molecule(self.unit(id))).collect();
                level.embedded(engine, &molecules, (driver, context.room()), &mut self.integrals)
            }
            Solver::Program(engine) => {
                ids.iter().map(|&id| self.run_program(id, (level, engine.as_ref()), driver, context)).collect()
            }
        }
    }

    fn recorded_result(&self, id: TaskId, recorded: &Recorded, driver: Driver) -> Result<(QcResult, usize), Cause> {
        let unit = self.unit(id);
        let basis = self.setup.frames[unit.frame].expansion.basis_of(&unit.task);
        let key = (unit.frame, &*unit.task.real, &*basis);
        Ok((recorded.result(key, self.setup.molecule(unit).atoms.len(), driver)?, 0))
    }

    fn unit(&self, id: TaskId) -> &Unit {
        &self.setup.units[id as usize]
    }

    fn run_program(
        &self,
        id: TaskId,
        (level, engine): (&Level, &dyn Engine),
        driver: Driver,
        context: &Context,
    ) -> Result<(QcResult, usize), Cause> {
        let molecule = self.setup.molecule(self.unit(id));
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let launcher = level.launched.as_ref().map(|launched| &launched.launcher);
        let scratch = match &level.launched {
            // Other nodes see it. The name is that of the rank's own folder: its process.
            Some(Launched { scratch, .. }) => {
                let process = programs.scratch.file_name().unwrap_or_default().to_string_lossy();
                scratch.join(format!("{process}-rank-{}", programs.placement.rank))
            }
            None => programs.scratch.clone(),
        };
        let scratch = scratch.join(format!("task-{id}"));
        let made = std::fs::create_dir_all(&scratch);
        made.map_err(|error| Cause::Resource(format!("cannot make `{}`: {error}", scratch.display())))?;
        let resources = Resources {
            supervisor: &programs.supervisor,
            scratch: &scratch,
            threads: level.threads,
            launcher,
            cores: (launcher.is_none() && !programs.cores.is_empty()).then_some(&programs.cores),
            memory_mb: context.memory_mb / launcher.map_or(1, |launcher| launcher.ranks as u64),
            time_limit: context.task_timeout,
        };
        let outcome = level.compute(engine, (&self.setup.label(id as usize), &molecule, driver), &resources);
        // What is left there is the program's; a folder that cannot be removed now goes with the rank's own.
        let _ = std::fs::remove_dir_all(&scratch);
        outcome
    }

    fn value(&self, id: TaskId, (mut result, retries): (QcResult, usize)) -> Result<FragmentValues, Cause> {
        let unit = self.unit(id);
        let is_finite = |values: &Option<Vec<f64>>| values.iter().flatten().all(|value| value.is_finite());
        if !result.energy.is_finite() || !is_finite(&result.gradient) || !is_finite(&result.hessian) {
            return Err(Cause::NotFinite("the energy or one of its derivatives".into()));
        }
        let level = usize::from(unit.task.level);
        let note = result.effective.remove(SOLUTION);
        let effective = result.effective.into_iter().map(|(name, value)| ((level, name), BTreeSet::from([value])));
        let mut values = FragmentValues {
            energies: vec![(id, result.energy)],
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
                values.lacks_gradients = result.gradient.is_none();
                let hessian = result.hessian.filter(|_| self.setup.driver == Driver::Hessian);
                values.rows.push(TaskDerivatives {
                    task: id,
                    gradient: result.gradient.unwrap_or_default(),
                    hessian: hessian.unwrap_or_default(),
                });
            }
        }
        Ok(values)
    }
}

/// The level of a task, and the derivative that it gives.
fn level_and_driver(setup: &Setup, id: TaskId) -> (&Level, Driver) {
    let unit = &setup.units[id as usize];
    (setup.level(unit), setup.driver_of(&unit.task))
}

impl Workload for FragmentWorkload {
    type Value = FragmentValues;

    fn empty(&self) -> FragmentValues {
        FragmentValues::default()
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<FragmentValues> {
        let mut computed = Computed { value: FragmentValues::default(), failed: Vec::new() };
        let ids: Vec<TaskId> = tasks.iter().collect();
        let setup = Arc::clone(&self.setup);
        let is_alike = |a: &TaskId, b: &TaskId| {
            let ((level, driver), (other, its)) = (level_and_driver(&setup, *a), level_and_driver(&setup, *b));
            std::ptr::eq(level, other) && driver == its
        };
        for alike in ids.chunk_by(is_alike) {
            for (&id, result) in alike.iter().zip(self.compute(alike, context)) {
                let value = result.and_then(|result| self.value(id, result));
                // Without derivatives in the sums there is nothing that could overflow.
                let merged =
                    value.and_then(|value| computed.value.merge(value).map_err(|e| Cause::Failed(e.to_string())));
                computed.failed.extend(merged.err().map(|cause| (id, cause)));
            }
        }
        computed
    }

    fn merge(&self, into: &mut FragmentValues, from: FragmentValues) -> Result<(), Error> {
        Ok(into.merge(from)?)
    }

    fn reduce(&self, total: &mut FragmentValues, from: FragmentValues) -> Result<(), Error> {
        Ok(total.fold(&self.setup, from)?)
    }
}
