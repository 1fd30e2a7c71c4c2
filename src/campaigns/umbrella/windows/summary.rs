//! What do `check` and `plan` report of windows?
use super::{Placing, Recipe};
use crate::campaigns::pmf::Discard;
use crate::engines::InstalledProgram;

/// What was configured, for `check`: (name, value with units).
pub fn summary(recipe: &Recipe, program: Option<&InstalledProgram>) -> Vec<(String, String)> {
    let along = &recipe.along;
    let windows = match &recipe.placing {
        Placing::Even(count) => format!("{count} along {along}, evenly over its range"),
        Placing::Quantiles(count) => format!("{count} along {along}, with as many frames between each two"),
        Placing::Given(centers) => format!("{} along {along}, at given centres", centers.len()),
    };
    let more = if recipe.adaptive {
        format!("; more where neighbours overlap too little, {} at most", recipe.most)
    } else {
        String::new()
    };
    let restraint = match recipe.force_constant {
        Some(constant) => {
            let (given, unit) = (recipe.scale.given_constant(constant), recipe.scale.constant_unit());
            format!("{given} {unit}")
        }
        None => "chosen so that windows spread over two thirds of their distances".to_owned(),
    };
    let (steps, step_ps) = (recipe.steps(), recipe.mdp.time_step_ps());
    let every_ps = recipe.sample_every as f64 * step_ps;
    let length = format!("{steps} steps, {:.1} ps, a sample every {every_ps:.4} ps", steps as f64 * step_ps);
    let discarded = match recipe.discard {
        Discard::Until(until) => format!("before {until} ps"),
        Discard::Auto(_) => "before equilibration".to_owned(),
    };
    let threads = match recipe.gromacs.cores() {
        1 => "1 thread each".to_owned(),
        threads => format!("{threads} threads each"),
    };
    let program = program.map_or_else(
        || format!("GROMACS, {threads}"),
        |InstalledProgram { path, version }| format!("GROMACS {version}, {}, {threads}", path.display()),
    );
    let free_energy = format!(
        "kT = {:.4} kJ/mol, {} bins, {} replicates for errors",
        recipe.thermal_energy(),
        recipe.bins,
        recipe.bootstrap
    );
    let lines = [
        ("windows", windows + &more),
        ("restraint", restraint),
        ("length of a window", length),
        ("discarded", discarded),
        ("folders", recipe.folder(0).display().to_string() + ", ..."),
        ("program", program),
        ("free energy", free_energy),
    ];
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Further lines for `plan`.
pub fn plan_notes(recipe: &Recipe) -> Vec<String> {
    let steps = recipe.steps();
    let mut lines = vec![format!(
        "then {} windows of {steps} steps each, a task each: their speed is known when the first are done",
        recipe.placing.count()
    )];
    if recipe.adaptive {
        lines.push(format!("then windows between neighbours that overlap too little, up to {} in all", recipe.most));
    }
    if recipe.bootstrap > 0 {
        lines.push(format!("then {} bootstrap replicates, which take seconds", recipe.bootstrap));
    }
    lines
}
