//! What do `check`, `plan` and warnings report about an ensemble?
use super::engine::Engine;
use super::replica::ReplicaResults;
use super::setup::Setup;
use crate::campaigns::stage::{Error, StageResult};
use crate::engines::InstalledProgram;
use crate::engines::md::plumed::PlumedKernel;

/// One warning about all collected values that are not finite, with the location of the first.
///
/// # Errors
/// The result is of another stage.
pub fn not_finite_warning(result: &StageResult) -> Result<Option<String>, Error> {
    let total: ReplicaResults = result.value()?;
    let mut found = total.replicas.iter().map(|replica| &replica.not_finite).filter(|found| found.count > 0).peekable();
    let Some(first) = found.peek().map(|found| found.first.clone()) else { return Ok(None) };
    let (replicas, values) = found.fold((0, 0), |(replicas, values), one| (replicas + 1, values + one.count));
    let (values_are, are) = if values == 1 { ("value is", "is") } else { ("values are", "are") };
    let count = total.replicas.len();
    Ok(Some(format!(
        "warning: {values} collected {values_are} not finite, in {replicas} of {count} replicas, and {are} stored as in the files; \
         the first: {first}"
    )))
}

/// The configured campaign, for `check`: (name, value with units).
pub fn summary(
    setup: &Setup,
    program: Option<&InstalledProgram>,
    kernel: Option<&PlumedKernel>,
) -> Vec<(String, String)> {
    let mut lines =
        vec![("replicas".to_owned(), format!("{}, seeds {}", setup.seeds.len(), seed_ranges(&setup.seeds)))];
    if !setup.engine.is_program() {
        lines.push(("program".into(), "none: the built-in model".into()));
    } else if let Ok((first, _)) = setup.inputs(0) {
        let folders = match setup.section.directory {
            Some(_) => format!("{}, ...", first.folder.display()),
            None => format!("none: programs run in {}, and their output is not kept", first.folder.display()),
        };
        lines.push(("folders".into(), folders));
    }
    if setup.engine.is_program() {
        lines.push(program_line(setup, program));
    }
    for wanted in &setup.free_energies {
        let text = format!(
            "kT = {:.4} {}, {} bins for each variable",
            wanted.thermal_energy, wanted.units, wanted.section.grid
        );
        lines.push((format!("free energy {}", wanted.name), text));
    }
    if let Engine::Gromacs(of_gromacs) = &setup.engine {
        let section = &of_gromacs.section;
        for (stage, simulation) in of_gromacs.simulations.iter().enumerate() {
            let mdp = section.mdp(stage).map(|(_, mdp)| mdp);
            let input = mdp.or_else(|| section.tpr.clone()).unwrap_or_default();
            lines.push((format!("simulation {}", simulation.name), input.display().to_string()));
        }
        let biased = of_gromacs.simulations.iter().filter(|one| one.plumed.is_some());
        let biased: Vec<&str> = biased.map(|one| one.name.as_str()).collect();
        if !biased.is_empty() {
            let kernel = kernel.map_or(String::new(), |kernel| format!(", {}", kernel.path.display()));
            lines.push(("bias".into(), format!("by PLUMED in {}{kernel}", biased.join(", "))));
        }
    }
    for collect in &setup.collect {
        let columns: Vec<String> = collect.columns.iter().map(ToString::to_string).collect();
        lines.push((format!("columns of {}", collect.file), columns.join(", ")));
    }
    lines
}

/// The program, its version and its threads.
fn program_line(setup: &Setup, program: Option<&InstalledProgram>) -> (String, String) {
    let threads = match (setup.engine.task_launcher(), setup.engine.threads()) {
        (Some(launcher), _) => launcher.describe(),
        (None, 1) => "1 thread each".to_owned(),
        (None, threads) => format!("{threads} threads each"),
    };
    let more = if setup.oversubscribe { ", more than there are cores if necessary" } else { "" };
    let program = match (&setup.engine, program) {
        (_, Some(InstalledProgram { path, version })) if version.starts_with("sha256") => path.display().to_string(),
        (_, Some(InstalledProgram { path, version })) => format!("GROMACS {version}, {}", path.display()),
        (engine, None) => engine.name().to_owned(),
    };
    ("program".into(), format!("{program}, {threads}{more}"))
}

/// Notes for `plan`.
pub fn plan_notes(setup: &Setup) -> Vec<String> {
    match setup.engine.is_resumable() {
        _ if !setup.engine.is_program() => Vec::new(),
        true => vec![
            "a replica that the end of the allocation interrupts continues from its checkpoint in the next run".into(),
        ],
        false => vec![
            "a replica that does not finish within the allocation starts again in the next run: request enough time"
                .into(),
        ],
    }
}

/// A short text for seeds: a range where they are consecutive.
fn seed_ranges(seeds: &[u64]) -> String {
    let follows = seeds.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match seeds {
        [only] => only.to_string(),
        [first, .., last] if follows => format!("{first}-{last}"),
        [first, second, .., last] => format!("{first}, {second}, ..., {last}"),
        _ => String::new(),
    }
}
