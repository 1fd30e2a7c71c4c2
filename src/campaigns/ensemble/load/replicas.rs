//! Can the inputs of every replica be prepared, and do they differ?
use crate::campaigns::ensemble::engine::{Engine, rendered_path};
use crate::campaigns::ensemble::setup::Setup;
use crate::campaigns::replicas::Inputs;
use crate::config::{Config, Faults};
use crate::engines::md::plumed::plumed_obstacles;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// Renders the inputs of every replica, and checks that no two share a folder or all of their inputs. Returns those of programs without files.
pub(super) fn check(config: &Config, setup: &Setup) -> Result<Vec<Inputs>, Faults> {
    let mut claims = Vec::new();
    if !setup.engine.is_program() {
        return Ok(claims);
    }
    let (mut folders, mut digests) = (HashMap::<PathBuf, usize>::new(), HashMap::<String, usize>::new());
    let both = |first: usize, second: usize| {
        format!("replicas {first} and {second} (seeds {} and {})", setup.seeds[first], setup.seeds[second])
    };
    for replica in 0..setup.seeds.len() {
        let (inputs, _) = setup.inputs(replica).map_err(|problem| config.fault_of("ensemble", problem))?;
        if setup.section.directory.is_some() {
            check_folder(config, setup, &inputs.folder)?;
            if let Some(first) = folders.insert(inputs.folder.clone(), replica) {
                let message = format!("{} have the same folder `{}`", both(first, replica), inputs.folder.display());
                let help = "add {seed} to it, as in directory = \"replicas/{seed}\"";
                return Err(config.fault("ensemble.directory", message, help).into());
            }
        }
        if let Some(first) = digests.insert(inputs.digest.clone(), replica) {
            let message =
                format!("{} would compute the same: none of their inputs depends on the seed", both(first, replica));
            let (key, help) = match setup.engine {
                Engine::Model(_) => ("ensemble.seeds", "set a different seed for each"),
                Engine::Command(_) => {
                    ("ensemble.command.argv", "use {seed} in argv or environment, or {{ seed }} in a file")
                }
                Engine::Gromacs(_) => (
                    "ensemble.gromacs",
                    "write gen-seed and ld-seed = {{ seed }} into an mdp file whose name ends in .j2",
                ),
            };
            return Err(config.fault(key, message, help).into());
        }
        claims.push(Inputs { rendered: Vec::new(), copied: Vec::new(), ..inputs });
    }
    check_inputs(config, setup)?;
    Ok(claims)
}

/// Rejects a folder that contains the configuration or is outside its folder.
fn check_folder(config: &Config, setup: &Setup, folder: &Path) -> Result<(), Faults> {
    let plain = |path: &Path| path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>();
    let is_outside = folder.components().any(|part| part == Component::ParentDir);
    if plain(&setup.base).starts_with(plain(folder)) || is_outside {
        let message = format!("`{}` cannot be the folder of a replica", folder.display());
        let help = "set a different folder for each, without `..`, as in directory = \"replicas/{seed}\"";
        return Err(config.fault("ensemble.directory", message, help).into());
    }
    Ok(())
}

/// Checks that input files with names in braces exist for every replica.
fn check_inputs(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let Engine::Gromacs(gromacs) = &setup.engine else { return Ok(()) };
    let section = &gromacs.section;
    let named = [("tpr", &section.tpr), ("structure", &section.structure), ("index", &section.index)];
    for (key, path) in named.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?))) {
        let key = format!("gromacs.{key}");
        for replica in 0..setup.seeds.len() {
            let file = rendered_path(&setup.renderer, &setup.base, &key, path, &setup.names(replica));
            let file = file.map_err(|problem| config.fault_of("ensemble", problem))?;
            if !file.is_file() {
                let message = format!("`{}` not found for {}", file.display(), setup.label(replica));
                let help = "set a file that exists for every replica";
                return Err(config.fault(&format!("ensemble.{key}"), message, help).into());
            }
        }
    }
    Ok(())
}

/// Warnings about configurations that can run all the same.
pub(super) fn warnings(config: &Config, setup: &Setup) -> Faults {
    let mut warnings = Faults::default();
    if setup.engine.is_program()
        && setup.section.directory.is_none()
        && !setup.collect.is_empty()
        && setup.seeds.len() > 1
    {
        let is_shared = setup.collect.iter().find(|collect| !collect.file.contains('{'));
        if let Some(collect) = is_shared {
            let message = format!("all replicas write `{}` into the same folder", collect.file);
            let help = "set `directory` so that each has its own folder, or add {seed} to the file name";
            warnings.push(config.fault("ensemble.collect.0.file", message, help).warning());
        }
    }
    if let Engine::Gromacs(gromacs) = &setup.engine {
        for (stage, simulation) in gromacs.simulations.iter().enumerate() {
            let key = format!("ensemble.gromacs.{}", gromacs.section.plumed_key(stage));
            let text = simulation.plumed.as_ref().and_then(|input| text_of(config, setup, input)).unwrap_or_default();
            warnings
                .extend(plumed_obstacles(&text).into_iter().map(|problem| config.fault_of(&key, problem).warning()));
        }
    }
    warnings
}

/// The text of a file in the folder of the first replica.
fn text_of(config: &Config, setup: &Setup, target: &str) -> Option<String> {
    let file = setup.files.iter().find(|file| file.target == target)?;
    match &file.template {
        Some(template) => setup.renderer.file(template, &setup.names(0)).ok(),
        None => Some(String::from_utf8_lossy(&config.inputs.bytes(&file.path).ok()?).into_owned()),
    }
}
