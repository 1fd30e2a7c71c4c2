//! What does a campaign of expansions tell of itself: its identity, what was understood, what is to be expected?
use super::cores::without_correlation;
use super::input::LevelPlaces;
use super::levels::{Solver, word};
use super::load::Wanted;
use super::section::{LevelSection, Section};
use super::{Frame, Setup};
use crate::science::expansion::assembly;
use crate::task::TaskId;

/// Everything that determines results, but for versions of programs. The order that the last level covers may grow with max_order.
pub fn identity(wanted: &Wanted, section: &Section, setup: &Setup, digest: &str) -> serde_json::Value {
    let levels = setup.levels.iter().enumerate().map(|(k, level)| {
        let LevelSection { method, basis, reference, frozen_core, density_fitting, scf_convergence, keywords, .. } =
            &section.level[level.place];
        let first = wanted.orders.level_of.iter().position(|&of| of == k).map(|order| order + 1);
        let file = match &level.solver {
            Solver::Recorded(recorded) => recorded.digest().into(),
            Solver::Embedded(engine) => engine.digest().into(),
            Solver::Program(_) => serde_json::Value::Null,
        };
        serde_json::json!({
            "name": level.name, "first_order": first, "engine": level.engine_name(), "method": method, "basis": basis,
            "reference": word(reference), "frozen_core": frozen_core, "density_fitting": density_fitting,
            "scf_convergence": scf_convergence, "keywords": keywords, "file": file,
            "command": section.level[level.place].command, "program": section.level[level.place].program,
        })
    });
    serde_json::json!({
        "molecule": digest, "fragments": section.fragments, "charges": section.charges,
        "multiplicities": section.multiplicities, "driver": word(&wanted.driver), "bsse": wanted.bsse, "total": wanted.total,
        "supersystem_interaction_only": wanted.is_interaction_only, "cutoffs_angstrom": section.cutoffs_angstrom,
        "embedding_charges": wanted.embedding, "level": levels.collect::<Vec<_>>(),
    })
}

/// What was understood of the section, behind what was understood of the cluster.
pub fn understood_of(
    wanted: &Wanted,
    setup: &Setup,
    places: &LevelPlaces,
    of_input: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let mut lines = of_input;
    let treatments: Vec<&str> = wanted.bsse.iter().map(|bsse| bsse.name()).collect();
    let returned = if wanted.total { "total" } else { "interaction" };
    lines.push(("returned".into(), format!("{returned} {}, {}", word(&wanted.driver), treatments[0])));
    lines.push(("superposition error".into(), treatments.join(", ")));
    lines.push(("orders".into(), format!("1 to {}", wanted.max_order)));
    for (k, level) in setup.levels.iter().enumerate() {
        let orders: Vec<String> = (1..=wanted.max_order)
            .filter(|&order| wanted.orders.level_of.get(order - 1) == Some(&k))
            .map(|order| order.to_string())
            .collect();
        let orders = if orders.is_empty() { "the supersystem".into() } else { format!("order {}", orders.join(", ")) };
        let units = || setup.units.iter().filter(|unit| usize::from(unit.task.level) == k);
        let (all, displaced) = (units().count(), units().filter(|unit| !unit.displacement.is_none()).count());
        let differences = match displaced {
            0 => String::new(),
            _ => format!(", {displaced} of them with displaced atoms: derivatives by central differences"),
        };
        let threads = if level.is_program() { format!(", {} threads each", level.threads) } else { String::new() };
        let text = format!("{} for {orders}: {all} tasks{differences}{threads}", level.engine_name());
        lines.push((format!("level {}", level.name), text));
        lines.extend(places.reason(level.place).map(|reason| (String::new(), format!("by QCEngine: {reason}"))));
        lines.extend(without_correlation(setup, k));
    }
    lines
}

/// What `plan` tells of the first frame.
pub fn foretold_of(setup: &Setup) -> Vec<String> {
    let Frame { expansion, .. } = &setup.frames[0];
    let tasks = expansion.tasks();
    let times = assembly::amplification(expansion, &tasks);
    let mut lines = vec![format!(
        "errors of tasks are magnified up to {times:.0} times in the result: for 1e-6 Eh converge tasks to {:.0e} Eh",
        1e-6 / times.max(1.0)
    )];
    if expansion.kept.is_cut() {
        if let Some(all) = expansion.uncut() {
            let saved = if setup.frames.len() == 1 { String::new() } else { " of the first frame".into() };
            lines.push(format!("cutoffs save {} of {all} tasks{saved}", all - tasks.len() as i64));
        }
        lines.push(
            "under cutoffs, cp clusters keep the basis of all fragments, vmfc clusters those of the kept ones".into(),
        );
    }
    lines
}

/// Notes that are told one by one when results are written.
const TOLD: usize = 5;

/// What is told of single tasks' solutions when results are written.
pub fn remarks_of(setup: &Setup, notes: &[(TaskId, String)]) -> Vec<String> {
    let of_task = |(task, note): &(TaskId, String)| format!("note: task {}: {note}", setup.label(*task as usize));
    let mut lines: Vec<String> = notes.iter().take(TOLD).map(of_task).collect();
    if notes.len() > TOLD {
        lines.push(format!("note: {} more tasks have such notes, see /run/notes", notes.len() - TOLD));
    }
    lines
}
