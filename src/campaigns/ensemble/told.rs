//! What does a campaign of replicas tell of itself?
use super::engine::{Engine, Source};
use super::inputs::Setup;
use super::section::{CollectSection, EngineName, Section};
use super::stage::Values;
use crate::campaigns::stage::{Error, StageResult};
use crate::engines::InstalledProgram;
use crate::engines::md::plumed::PlumedKernel;
use crate::journal::Fingerprint;

/// Everything that determines results, but for the seeds, which may grow, and the program's version. Digests of files stand in place of
/// their paths.
pub fn identity(section: &Section, setup: &Setup, digests: &[(String, String)]) -> serde_json::Value {
    let files: serde_json::Map<String, serde_json::Value> =
        setup.files.iter().map(|file| (file.target.clone(), file.digest.clone().into())).collect();
    let mut identity = serde_json::json!({
        "engine": setup.engine.name(), "directory": section.directory, "files": files, "variables": section.variables,
        "derived_seeds": section.seeds.is_none(),
    });
    match &setup.engine {
        Engine::Command(_) => {
            let command = section.command.as_ref();
            identity["command"] = serde_json::json!({
                "argv": command.map(|command| &command.argv), "environment": command.map(|command| &command.environment),
            });
        }
        Engine::Model(_) => {
            identity["model"] = serde_json::json!(section.model);
        }
        Engine::Gromacs(recipe) => {
            let gromacs = section.gromacs.as_ref();
            let stages = recipe.stages.iter().map(|stage| (&stage.name, &stage.grompp_args)).collect::<Vec<_>>();
            let inputs: serde_json::Map<String, serde_json::Value> =
                digests.iter().map(|(key, digest)| (key.clone(), digest.clone().into())).collect();
            identity["gromacs"] = serde_json::json!({
                "stages": stages, "inputs": inputs, "plumed": gromacs.and_then(|gromacs| gromacs.plumed.as_ref()),
                "mdrun_args": recipe.gromacs.identity_args(), "unstable_time_step_factor": recipe.gromacs.unstable_factor,
            });
            let biased = gromacs.iter().flat_map(|gromacs| &gromacs.stage);
            let biased: serde_json::Map<String, serde_json::Value> =
                biased.filter_map(|stage| Some((stage.name.clone(), stage.plumed.clone()?.into()))).collect();
            if !biased.is_empty() {
                identity["gromacs"]["plumed_stages"] = biased.into();
            }
        }
    }
    identity
}

fn collected(section: &Section) -> serde_json::Value {
    let one =
        |CollectSection { file, columns }: &CollectSection| serde_json::json!({ "file": file, "columns": columns });
    section.collect.iter().map(one).collect()
}

/// What is read of the files that a replica's programs leave, as a digest; none where no program runs.
pub fn reading(section: &Section) -> Option<String> {
    if section.engine == EngineName::Model {
        return None;
    }
    let produces = section.command.as_ref().map(|command| &command.produces);
    let read = serde_json::json!({ "collect": collected(section), "produces": produces });
    Some(Fingerprint::of_text(&read.to_string()).to_string())
}

/// What is computed from the columns that were collected.
pub fn afterwards(section: &Section) -> serde_json::Value {
    match section.engine {
        // Its columns are all in the journal.
        EngineName::Model => serde_json::json!({ "free_energy": section.free_energy, "collect": collected(section) }),
        EngineName::Command | EngineName::Gromacs => serde_json::json!({ "free_energy": section.free_energy }),
    }
}

/// A warning where collected values are not finite: one for the campaign, with the first place.
///
/// # Errors
/// The result is of another stage.
pub fn not_finite(done: &StageResult) -> Result<Option<String>, Error> {
    let total: Values = done.value()?;
    let mut odd = total.replicas.iter().filter(|replica| replica.odd.count > 0).peekable();
    let Some(first) = odd.peek().map(|replica| replica.odd.first.clone()) else { return Ok(None) };
    let (replicas, values) = odd.fold((0, 0), |(replicas, values), one| (replicas + 1, values + one.odd.count));
    let (are, of) = if values == 1 { ("value is", "is") } else { ("values are", "are") };
    let count = total.replicas.len();
    Ok(Some(format!(
        "warning: {values} collected {are} not finite, in {replicas} of {count} replicas, and {of} stored as the files have them; \
         the first: {first}"
    )))
}

/// What was understood, for `check`.
pub fn understood(
    setup: &Setup,
    found: Option<&InstalledProgram>,
    kernel: Option<&PlumedKernel>,
) -> Vec<(String, String)> {
    let mut lines = vec![("replicas".to_owned(), format!("{}, seeds {}", setup.seeds.len(), told_seeds(&setup.seeds)))];
    if !setup.engine.is_program() {
        lines.push(("program".into(), "none: the built-in model".into()));
    } else if let Ok(first) = setup.inputs(0) {
        let place = match setup.directory {
            Some(_) => format!("{}, ...", first.folder.display()),
            None => format!("none: they run in {}, and nothing they print is kept", first.folder.display()),
        };
        lines.push(("folders".into(), place));
    }
    if setup.engine.is_program() {
        lines.push(told_program(setup, found));
    }
    for wanted in &setup.free_energies {
        let text = format!("kT = {:.4} {}, {} bins of each variable", wanted.thermal_energy, wanted.units, wanted.grid);
        lines.push((format!("free energy {}", wanted.name), text));
    }
    if let Engine::Gromacs(recipe) = &setup.engine {
        for stage in &recipe.stages {
            let from = match &stage.source {
                Source::Tpr(path) => path.display().to_string(),
                Source::Mdp { path, .. } => path.display().to_string(),
            };
            lines.push((format!("simulation {}", stage.name), from));
        }
        let biased: Vec<&str> =
            recipe.stages.iter().filter(|stage| stage.plumed.is_some()).map(|stage| stage.name.as_str()).collect();
        if !biased.is_empty() {
            let kernel = kernel.map_or(String::new(), |kernel| format!(", {}", kernel.path.display()));
            lines.push(("bias".into(), format!("by PLUMED in {}{kernel}", biased.join(", "))));
        }
    }
    for collect in &setup.collect {
        let columns: Vec<String> = collect.columns.iter().map(super::write::name_of).collect();
        lines.push((format!("columns of {}", collect.file), columns.join(", ")));
    }
    lines
}

fn told_program(setup: &Setup, found: Option<&InstalledProgram>) -> (String, String) {
    let threads = setup.engine.threads();
    let threads = if threads == 1 { "1 thread each".to_owned() } else { format!("{threads} threads each") };
    let more = if setup.oversubscribe { ", more than there are cores if need be" } else { "" };
    let program = match (&setup.engine, found) {
        (_, Some(InstalledProgram { path, version })) if version.starts_with("sha256") => path.display().to_string(),
        (_, Some(InstalledProgram { path, version })) => format!("GROMACS {version}, {}", path.display()),
        (engine, None) => engine.name().to_owned(),
    };
    ("program".into(), format!("{program}, {threads}{more}"))
}

/// What `plan` tells.
pub fn foretold(setup: &Setup) -> Vec<String> {
    match setup.engine.goes_on() {
        _ if !setup.engine.is_program() => Vec::new(),
        true => vec!["a replica that the end of the time slot stops goes on from its checkpoint in the next".into()],
        false => vec![
            "a replica that does not end within the time slot begins again in the next: give it time enough".into(),
        ],
    }
}

/// Seeds in few words: ranges where they follow each other.
fn told_seeds(seeds: &[u64]) -> String {
    let follows = seeds.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match seeds {
        [only] => only.to_string(),
        [first, .., last] if follows => format!("{first}-{last}"),
        [first, second, .., last] => format!("{first}, {second}, ..., {last}"),
        _ => String::new(),
    }
}
