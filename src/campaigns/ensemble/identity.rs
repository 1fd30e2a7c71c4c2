//! Which keys of a configuration determine the results of an ensemble, and at which point?
use super::engine::{Engine, GromacsSetup};
use super::section::{EngineName, Section};
use super::setup::Setup;
use crate::engines::md::gromacs::Input;
use crate::journal::Fingerprint;

/// Everything that determines the results of a replica, except for its seed and the version of the program. Files are identified by their
/// digests. `digests` are those of the inputs of GROMACS, by key.
pub fn identity(setup: &Setup, digests: &[(String, String)]) -> serde_json::Value {
    let section = &setup.section;
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
        Engine::Gromacs(gromacs) => {
            let GromacsSetup { section, simulations } = &**gromacs;
            let grompp_args = |input: &Input| match input {
                Input::Parameters { args, .. } => args.clone(),
                Input::Tpr(_) => Vec::new(),
            };
            let stages: Vec<_> = simulations.iter().map(|one| (&one.name, grompp_args(&one.input))).collect();
            let inputs: serde_json::Map<String, serde_json::Value> =
                digests.iter().map(|(key, digest)| (key.clone(), digest.clone().into())).collect();
            identity["gromacs"] = serde_json::json!({
                "stages": stages, "inputs": inputs, "plumed": section.plumed, "mdrun_args": section.gromacs.identity_args(),
                "unstable_time_step_factor": section.unstable_time_step_factor,
            });
            let biased =
                section.stage.iter().filter_map(|stage| Some((stage.name.clone(), stage.plumed.clone()?.into())));
            let biased: serde_json::Map<String, serde_json::Value> = biased.collect();
            if !biased.is_empty() {
                identity["gromacs"]["plumed_stages"] = biased.into();
            }
        }
    }
    identity
}

/// Digest of what is read from the files of programs; none where no program runs.
pub fn reading(section: &Section) -> Option<String> {
    if section.engine == EngineName::Model {
        return None;
    }
    let produces = section.command.as_ref().map(|command| &command.produces);
    let read = serde_json::json!({ "collect": section.collect, "produces": produces });
    Some(Fingerprint::of_text(&read.to_string()).to_string())
}

/// What is computed from the collected columns when results are written.
pub fn post_processing(section: &Section) -> serde_json::Value {
    match section.engine {
        // All columns of the model are in the journal, so their selection belongs here.
        EngineName::Model => serde_json::json!({ "free_energy": section.free_energy, "collect": section.collect }),
        EngineName::Command | EngineName::Gromacs => serde_json::json!({ "free_energy": section.free_energy }),
    }
}
