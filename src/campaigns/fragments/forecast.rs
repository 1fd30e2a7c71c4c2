//! How long will the embedded engine's tasks take, and with how much memory?
use super::{Frame, Level, Setup, Solver, Unit, estimated_cost};
use crate::campaigns::campaign::MemoryNeed;
use crate::engines::qc::{Embedded, Forecast};
use crate::science::scf::{Footprint, MAX_TASKS_PER_PASS};
use crate::task::TaskId;
use std::collections::BTreeMap;
use std::time::Duration;

/// Tasks of each level and kind that are measured; others lie between them.
const MEASURED: usize = 3;
/// What a recorded task takes, s.
const RECORDED_S: f64 = 1e-5;

/// How long each task will take on one of `ranks` ranks, measured within about `limit`; nothing where programs run.
pub fn tasks(setup: &Setup, ranks: u64, memory_mb: Option<u64>, limit: Duration) -> Option<Vec<f64>> {
    if setup.levels.iter().any(Level::is_program) {
        return None;
    }
    // Tasks that are alike, by level, kind and estimated cost, each with one of them.
    let mut classes = BTreeMap::<(u16, u64, u64), TaskId>::new();
    let class_of = |(id, unit): (usize, &Unit)| {
        let (driver, cost) = (setup.driver_of(&unit.task), estimated_cost(setup, id as TaskId));
        (unit.task.level, driver as u64, cost.to_bits())
    };
    let of_units: Vec<_> = setup.units.iter().enumerate().map(class_of).collect();
    of_units.iter().enumerate().for_each(|(id, class)| {
        classes.entry(*class).or_insert(id as TaskId);
    });
    let curves = measure(setup, &classes, memory_mb.map(|mb| mb as usize), limit)?;
    let shared = sharing(setup);
    let seconds = of_units.iter().zip(shared).map(|((level, driver, cost), tasks)| {
        let Some(curve) = curves.get(&(*level, *driver)) else { return RECORDED_S };
        let forecast = between(curve, f64::from_bits(*cost));
        // Every rank computes the integrals that its tasks share once.
        forecast.task_s + forecast.integrals_s * ranks.min(tasks) as f64 / tasks as f64
    });
    Some(seconds.collect())
}

/// What was measured at some costs, ascending.
type Curve = Vec<(f64, Forecast)>;

/// Measures tasks of each level and kind: the cheapest, the dearest and some between.
fn measure(
    setup: &Setup,
    classes: &BTreeMap<(u16, u64, u64), TaskId>,
    memory_mb: Option<usize>,
    limit: Duration,
) -> Option<BTreeMap<(u16, u64), Curve>> {
    // Positive costs are in the order of their bits.
    let mut of_kinds = BTreeMap::<(u16, u64), Vec<(f64, TaskId)>>::new();
    for (&(level, driver, cost), &id) in classes {
        of_kinds.entry((level, driver)).or_default().push((f64::from_bits(cost), id));
    }
    let chosen = |tasks: &[(f64, TaskId)]| -> Vec<(f64, TaskId)> {
        let count = tasks.len().min(MEASURED);
        (0..count).map(|k| tasks[k * (tasks.len() - 1) / (count - 1).max(1)]).collect()
    };
    let of_kinds: Vec<_> = of_kinds.iter().map(|(kind, tasks)| (*kind, chosen(tasks))).collect();
    let count: usize = of_kinds.iter().map(|(_, tasks)| tasks.len()).sum();
    let mut curves = BTreeMap::new();
    for (kind, tasks) in of_kinds {
        for (cost, id) in tasks {
            let unit = &setup.units[id as usize];
            let Solver::Embedded(engine) = &setup.level(unit).solver else { continue };
            let driver = setup.driver_of(&unit.task);
            let forecast = engine.forecast(&setup.molecule(unit), driver, memory_mb, limit / count as u32)?;
            curves.entry(kind).or_insert_with(Curve::new).push((cost, forecast));
        }
    }
    Some(curves)
}

/// What a task of a cost takes: a power of the cost between measured ones.
fn between(curve: &Curve, cost: f64) -> Forecast {
    let at = curve.partition_point(|(measured, _)| *measured < cost).clamp(1, curve.len().max(2) - 1);
    let Some((right, high)) = curve.get(at) else { return curve.first().map_or(Forecast::default(), |(_, f)| *f) };
    let (left, low) = &curve[at - 1];
    let share = if right > left { (cost / left).ln() / (right / left).ln() } else { 0.0 };
    let mean = |a: f64, b: f64| if a > 0.0 && b > 0.0 { a * (b / a).powf(share) } else { a.max(b) };
    Forecast { integrals_s: mean(low.integrals_s, high.integrals_s), task_s: mean(low.task_s, high.task_s) }
}

/// With how many tasks, itself too, each task shares its integrals.
fn sharing(setup: &Setup) -> Vec<u64> {
    let basis_of = |unit: &Unit| setup.frames[unit.frame].expansion.basis_of(&unit.task).to_vec();
    let is_same = |a: &Unit, b: &Unit| {
        let place = |unit: &Unit| (unit.frame, unit.task.level);
        place(a) == place(b) && a.displacement == b.displacement && basis_of(a) == basis_of(b)
    };
    setup.units.chunk_by(is_same).flat_map(|alike| vec![alike.len() as u64; alike.len()]).collect()
}

/// The memory of a rank: that of the task with the most functions.
pub fn memory(setup: &Setup, limit_mb: Option<u64>) -> Option<MemoryNeed> {
    let needs = (0..setup.levels.len()).filter_map(|level| memory_of_level(setup, level, limit_mb));
    needs.max_by(|a, b| a.peak_mb.total_cmp(&b.peak_mb))
}

fn memory_of_level(setup: &Setup, level: usize, limit_mb: Option<u64>) -> Option<MemoryNeed> {
    let Solver::Embedded(engine) = &setup.levels[level].solver else { return None };
    let units = || setup.units.iter().filter(|unit| usize::from(unit.task.level) == level);
    let size = |unit: &Unit| (functions(setup, engine, unit), unit.task.real.len());
    let largest = units().max_by_key(|unit| size(unit))?;
    let alike = units().filter(|unit| size(unit).0 == size(largest).0).take(MAX_TASKS_PER_PASS).count();
    let footprint = engine.footprint(&setup.molecule(largest))?;
    let ample_mb = footprint.ample_mb() as u64;
    let used = footprint.memory_use(limit_mb.unwrap_or(ample_mb) as usize, alike);
    let about = about(&footprint, limit_mb, used.is_stored, used.batches);
    Some(MemoryNeed { peak_mb: used.peak_mb, ample_mb, about })
}

fn functions(setup: &Setup, engine: &Embedded, unit: &Unit) -> usize {
    let Frame { system, expansion } = &setup.frames[unit.frame];
    let basis = expansion.basis_of(&unit.task);
    let atoms = basis.iter().flat_map(|&fragment| &system.fragments[usize::from(fragment)].atoms);
    engine.functions(atoms.map(|&atom| system.elements[atom]))
}

/// What the memory is for, and what a limit means for it.
fn about(footprint: &Footprint, limit_mb: Option<u64>, is_kept: bool, batches: usize) -> String {
    let Footprint { functions, .. } = footprint;
    let (integrals, ample, least) = (footprint.integrals_mb(), footprint.ample_mb(), footprint.least_mb());
    let size = format!("{functions} basis functions, {integrals:.0} MB of integrals");
    match limit_mb {
        Some(limit) if limit < least as u64 => {
            format!(" ({size}); limits.memory_mb = {limit} is too little for that: give {least} at least, or {ample}")
        }
        Some(limit) if !is_kept => format!(
            " ({size}, which do not fit into limits.memory_mb = {limit} and are computed anew in every SCF pass; \
             {ample} keeps them)"
        ),
        Some(limit) if batches > 1 => {
            format!(
                " ({size}; within limits.memory_mb = {limit} MP2 transforms them {batches} times, {ample} does it once)"
            )
        }
        Some(_) => format!(" ({size}, kept)"),
        None => format!(" ({size}, kept; with limits.memory_mb below {ample} some are computed again)"),
    }
}
