//! Can every replica begin, and is each another one?
use crate::campaigns::ensemble::engine::{Engine, Source};
use crate::campaigns::ensemble::inputs::{Setup, Unfit};
use crate::campaigns::ensemble::render::Names;
use crate::config::{Config, Fault, Faults};
use crate::engines::md::plumed::plumed_obstacles;
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Renders everything for every replica: what is asked for and not there, folders and inputs that two share.
pub(super) fn check(config: &Config, setup: &Setup) -> Result<(), Faults> {
    if !setup.engine.is_program() {
        return Ok(());
    }
    let (mut folders, mut digests) = (HashMap::<PathBuf, usize>::new(), HashMap::<String, usize>::new());
    let both = |first: usize, second: usize| {
        format!("replicas {first} and {second} (seeds {} and {})", setup.seeds[first], setup.seeds[second])
    };
    for replica in 0..setup.seeds.len() {
        let inputs = setup.inputs(replica).map_err(|unfit| Faults::from(told_unfit(config, unfit, setup, replica)))?;
        if setup.directory.is_some() {
            check_folder(config, setup, &inputs.folder)?;
            if let Some(first) = folders.insert(inputs.folder.clone(), replica) {
                let message = format!("{} have the same folder `{}`", both(first, replica), inputs.folder.display());
                let help = "put {seed} into it, as in directory = \"replicas/{seed}\"";
                return Err(config.fault("ensemble.directory", message, help).into());
            }
        }
        if let Some(first) = digests.insert(inputs.digest, replica) {
            let message =
                format!("{} would do the same: nothing that they start from names the seed", both(first, replica));
            let (key, help) = match setup.engine {
                Engine::Model(_) => ("ensemble.seeds", "give each another seed"),
                Engine::Command(_) => {
                    ("ensemble.command.argv", "name {seed} in argv or environment, or {{ seed }} in a file")
                }
                Engine::Gromacs(_) => (
                    "ensemble.gromacs",
                    "write gen-seed and ld-seed = {{ seed }} into an mdp file whose name ends in .j2",
                ),
            };
            return Err(config.fault(key, message, help).into());
        }
    }
    check_inputs(config, setup)
}

/// A folder that holds the configuration is no replica's.
fn check_folder(config: &Config, setup: &Setup, folder: &Path) -> Result<(), Faults> {
    let plain = |path: &Path| path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>();
    let is_outside = folder.components().any(|part| part == Component::ParentDir);
    if plain(&setup.base).starts_with(plain(folder)) || is_outside {
        let message = format!("`{}` cannot be a replica's folder", folder.display());
        let help = "name a folder of its own for each, without `..`, as in directory = \"replicas/{seed}\"";
        return Err(config.fault("ensemble.directory", message, help).into());
    }
    Ok(())
}

/// Files whose names hold names must be there for every replica.
fn check_inputs(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let Engine::Gromacs(recipe) = &setup.engine else { return Ok(()) };
    let tpr = recipe.stages.iter().find_map(|stage| match &stage.source {
        Source::Tpr(path) => Some(path),
        Source::Mdp { .. } => None,
    });
    let named = [("tpr", tpr), ("structure", recipe.structure.as_ref()), ("index", recipe.index.as_ref())];
    for (key, path) in named.into_iter().filter_map(|(key, path)| Some((key, path?))) {
        let key = format!("ensemble.gromacs.{key}");
        for replica in 0..setup.seeds.len() {
            let file = setup.path(&key, path, &setup.names(replica));
            let file = file.map_err(|unfit| Faults::from(told_unfit(config, unfit, setup, replica)))?;
            if !file.is_file() {
                let message = format!("there is no file `{}` for {}", file.display(), setup.label(replica));
                return Err(config.fault(&key, message, "name a file that is there for every replica").into());
            }
        }
    }
    Ok(())
}

fn told_unfit(config: &Config, unfit: Unfit, setup: &Setup, replica: usize) -> Fault {
    let names: Names = setup.names(replica);
    let names: Vec<&str> = names.keys().map(String::as_str).collect();
    let help = match unfit.message.contains("from the clock") {
        true => "write {{ seed }} there, in a file whose name ends in .j2".to_owned(),
        false => format!("define it in [ensemble.variables]; there are {}", names.join(", ")),
    };
    config.fault(&unfit.key, unfit.message, help)
}

/// What deserves a warning though it can be run.
pub(super) fn warnings(config: &Config, setup: &Setup) -> Faults {
    let mut warnings = Faults::default();
    if setup.engine.is_program() && setup.directory.is_none() && !setup.collect.is_empty() && setup.seeds.len() > 1 {
        let is_shared = setup.collect.iter().find(|collect| !collect.file.contains('{'));
        if let Some(collect) = is_shared {
            let message = format!("all replicas leave `{}` in one folder", collect.file);
            let help = "give each a folder by `directory`, or put {seed} into the file's name";
            warnings.push(config.fault("ensemble.collect.0.file", message, help).warning());
        }
    }
    if let Engine::Gromacs(recipe) = &setup.engine {
        for (place, stage) in recipe.stages.iter().enumerate() {
            let key = if recipe.is_staged { format!("stage.{place}.plumed") } else { "plumed".to_owned() };
            let text = stage.plumed.as_ref().map_or(String::new(), |input| text_of(setup, input));
            for (message, help) in plumed_obstacles(&text) {
                warnings.push(config.fault(&format!("ensemble.gromacs.{key}"), message, help).warning());
            }
        }
    }
    warnings
}

/// The text of a file of the first replica's folder.
fn text_of(setup: &Setup, target: &str) -> String {
    let rendered = setup.inputs(0).ok().and_then(|inputs| inputs.rendered.into_iter().find(|(name, _)| name == target));
    let copied = || setup.files.iter().find(|file| file.target == target).and_then(|file| fs::read(&file.path).ok());
    rendered
        .map(|(_, text)| text)
        .unwrap_or_else(|| String::from_utf8_lossy(&copied().unwrap_or_default()).into_owned())
}
