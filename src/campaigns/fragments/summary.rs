//! How are a campaign, its plan and its solutions summarized?
use super::frozen_core::without_correlation;
use super::{ExpansionOptions, Frame, LevelLocations, Setup, config_name};
use crate::science::expansion::assembly;
use crate::task::TaskId;

/// Named lines for `check` on the expansion and its levels.
pub fn summarize(options: &ExpansionOptions, setup: &Setup, locations: &LevelLocations) -> Vec<(String, String)> {
    let treatments: Vec<&str> = options.bsse.iter().map(|bsse| bsse.name()).collect();
    let returned = if options.total { "total" } else { "interaction" };
    let mut lines = vec![
        ("returned".into(), format!("{returned} {}, {}", config_name(&options.driver), treatments[0])),
        ("superposition error".into(), treatments.join(", ")),
        ("orders".into(), format!("1 to {}", options.max_order)),
    ];
    for (k, level) in setup.levels.iter().enumerate() {
        let covered: Vec<String> = (1..=options.max_order)
            .filter(|&order| options.coverage.level_of_order.get(order - 1) == Some(&k))
            .map(|order| order.to_string())
            .collect();
        let covered =
            if covered.is_empty() { "the supersystem".into() } else { format!("order {}", covered.join(", ")) };
        let units = || setup.units.iter().filter(|unit| usize::from(unit.task.level) == k);
        let (all, displaced) = (units().count(), units().filter(|unit| !unit.displacement.is_none()).count());
        let differences = match displaced {
            0 => String::new(),
            _ => format!(", {displaced} of them with displaced atoms: derivatives by central differences"),
        };
        let threads = match &level.launched {
            Some(launched) => format!(", {}", launched.launcher.describe()),
            None if level.is_program() => format!(", {} threads each", level.threads),
            None => String::new(),
        };
        let text = format!("{} for {covered}: {all} tasks{differences}{threads}", level.engine_name());
        lines.push((format!("level {}", level.name), text));
        lines.extend(locations.reason(level.index).map(|reason| (String::new(), format!("by QCEngine: {reason}"))));
        lines.extend(without_correlation(setup, k));
    }
    lines
}

/// Lines of `plan` about the first frame: the amplification of errors, and what cutoffs save.
pub fn plan_lines(setup: &Setup) -> Vec<String> {
    let Frame { expansion, .. } = &setup.frames[0];
    let tasks = expansion.tasks();
    let times = assembly::amplification(expansion, &tasks);
    let mut lines = vec![format!(
        "errors of tasks are amplified up to {times:.0} times in the result: for 1e-6 Eh converge tasks to {:.0e} Eh",
        1e-6 / times.max(1.0)
    )];
    if expansion.clusters.is_cut() {
        if let Some(all) = expansion.uncut_count() {
            let saved = if setup.frames.len() == 1 { String::new() } else { " of the first frame".into() };
            lines.push(format!("cutoffs save {} of {all} tasks{saved}", all - tasks.len() as i64));
        }
        lines.push(
            "with cutoffs, cp clusters keep the basis of all fragments, vmfc clusters that of the kept ones".into(),
        );
    }
    lines
}

/// Notes that are printed one by one.
const MAX_NOTES: usize = 5;

/// Lines on the solutions of single tasks, printed when results are written.
pub fn note_lines(setup: &Setup, notes: &[(TaskId, String)]) -> Vec<String> {
    let of_task = |(task, note): &(TaskId, String)| format!("note: task {}: {note}", setup.label(*task as usize));
    let mut lines: Vec<String> = notes.iter().take(MAX_NOTES).map(of_task).collect();
    if notes.len() > MAX_NOTES {
        lines.push(format!("note: {} more tasks have notes, see /run/notes", notes.len() - MAX_NOTES));
    }
    lines
}
