//! What do `check` and `plan` report of windows?
use super::setup::{Placing, WindowSetup};
use crate::campaigns::window_analysis::Discard;
use crate::engines::InstalledProgram;

/// What was configured, for `check`: (name, value with units).
pub fn summary(setup: &WindowSetup, program: Option<&InstalledProgram>) -> Vec<(String, String)> {
    let along = &setup.along;
    let windows = match &setup.placing {
        Placing::Even(count) => format!("{count} along {along}, evenly over its range"),
        Placing::Quantiles(count) => format!("{count} along {along}, with as many frames between each two"),
        Placing::Given(centers) => format!("{} along {along}, at given centres", centers.len()),
    };
    let more = if setup.section.adaptive {
        format!("; more where neighbours overlap too little, {} at most", setup.max_windows)
    } else {
        String::new()
    };
    let restraint = match setup.force_constant {
        Some(constant) => {
            let (given, unit) = (setup.scale.to_gromacs_constant(constant), setup.scale.gromacs_constant_unit());
            format!("{given} {unit}")
        }
        None => "chosen so that windows spread over two thirds of their distances".to_owned(),
    };
    let (steps, step_ps) = (setup.steps(), setup.mdp.time_step_ps());
    let every_ps = setup.section.sample_every_steps as f64 * step_ps;
    let length = format!("{steps} steps, {:.1} ps, a sample every {every_ps:.4} ps", steps as f64 * step_ps);
    let discarded = match setup.section.discard_ps {
        Discard::Until(until) => format!("before {until} ps"),
        Discard::Auto(_) => "before equilibration".to_owned(),
    };
    let threads = setup.gromacs.describe_resources();
    let program = program.map_or_else(
        || format!("GROMACS, {threads}"),
        |InstalledProgram { path, version }| format!("GROMACS {version}, {}, {threads}", path.display()),
    );
    let free_energy = format!(
        "kT = {:.4} kJ/mol, {} bins, {} replicates for errors",
        setup.thermal_energy(),
        setup.section.bins,
        setup.section.bootstrap
    );
    let lines = [
        ("windows", windows + &more),
        ("restraint", restraint),
        ("length of a window", length),
        ("discarded", discarded),
        ("folders", setup.folder(0).display().to_string() + ", ..."),
        ("program", program),
        ("free energy", free_energy),
    ];
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Further lines for `plan`.
pub fn plan_notes(setup: &WindowSetup) -> Vec<String> {
    let steps = setup.steps();
    let mut lines = vec![format!(
        "then {} windows of {steps} steps each, a task each: their speed is known when the first are done",
        setup.placing.count()
    )];
    if setup.section.adaptive {
        lines.push(format!(
            "then windows between neighbours that overlap too little, up to {} in all",
            setup.max_windows
        ));
    }
    if setup.section.bootstrap > 0 {
        lines.push(format!("then {} bootstrap replicates, which take seconds", setup.section.bootstrap));
    }
    lines
}
