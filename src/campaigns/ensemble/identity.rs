//! Which keys of a configuration determine the results of an ensemble, and at which point?
use super::engine::{Engine, GromacsSetup};
use super::section::{CommandSection, EngineName, GromacsSection, Section, StageSection};
use super::setup::Setup;
use crate::campaigns::campaign::Declaration;
use crate::engines::md::gromacs::{Gromacs, Input};
use crate::journal::Fingerprint;
use serde_json::{Map, Value, json};

/// What determines the results of a replica, except for its seed and the version of the program, and what affects them later. Files are
/// identified by their digests; `digests` are those of the inputs of GROMACS, by key. A new key must be sorted here.
pub fn declaration(setup: &Setup, digests: &[(String, String)]) -> Declaration {
    #[rustfmt::skip]
    let Section {
        // What determines the results of a replica.
        engine, directory, variables, files: _, gromacs: _, command, model,
        // What may grow: `setup.seeds`.
        seeds, count: _,
        // What is read of its files, and what is computed of that.
        collect, free_energy,
        // What only affects how results are reached.
        stagger_s: _, watchdog_timeout_s: _,
    } = &setup.section;
    let files: Map<String, Value> =
        setup.files.iter().map(|file| (file.target.clone(), file.digest.clone().into())).collect();
    let mut identity = json!({
        "engine": engine, "directory": directory, "files": files, "variables": variables, "derived_seeds": seeds.is_none(),
    });
    let mut produces = None;
    match &setup.engine {
        Engine::Command(_) => {
            if let Some(command) = command {
                #[rustfmt::skip]
                let CommandSection { argv, environment, produces: read, threads: _, oversubscribe: _, again: _, launcher: _, ranks: _ } = command;
                identity["command"] = json!({ "argv": argv, "environment": environment });
                produces = Some(read);
            }
        }
        Engine::Model(_) => identity["model"] = json!(model),
        Engine::Gromacs(gromacs) => identity["gromacs"] = identity_of_gromacs(gromacs, digests),
    }
    let is_model = *engine == EngineName::Model;
    let reading = json!({ "collect": collect, "produces": produces });
    let mut post_processing = json!({ "free_energy": free_energy });
    if is_model {
        // All columns of the model are in the journal, so their selection belongs here.
        post_processing["collect"] = json!(collect);
    }
    Declaration {
        identity,
        extensible: Some(("ensemble.seeds", setup.seeds.len() as u64)),
        requests: setup.seeds.clone().into(),
        post_processing,
        reading: (!is_model).then(|| Fingerprint::of_text(&reading.to_string()).to_string()),
        ..Declaration::default()
    }
}

fn identity_of_gromacs(GromacsSetup { section, simulations }: &GromacsSetup, digests: &[(String, String)]) -> Value {
    #[rustfmt::skip]
    let GromacsSection {
        // What determines results; arguments of grompp are in `simulations`.
        stage, plumed, unstable_time_step_factor,
        gromacs: Gromacs {
            mdrun_args: _, grompp_args: _, unstable_factor: _,
            // What only affects how results are reached.
            binary: _, launcher: _, ranks: _, thread_mpi_ranks: _, threads: _, oversubscribe: _, gpus: _, replicas_per_gpu: _,
            mpi_library: _,
        },
        // By their digests.
        mdp: _, tpr: _, structure: _, topology: _, index: _,
    } = section;
    let grompp_args = |input: &Input| match input {
        Input::Parameters { args, .. } => args.clone(),
        Input::Tpr(_) => Vec::new(),
    };
    let stages: Vec<_> = simulations.iter().map(|one| (&one.name, grompp_args(&one.input))).collect();
    let inputs: Map<String, Value> = digests.iter().map(|(key, digest)| (key.clone(), digest.clone().into())).collect();
    let mut identity = json!({
        "stages": stages, "inputs": inputs, "plumed": plumed, "mdrun_args": section.gromacs.identity_args(),
        "unstable_time_step_factor": unstable_time_step_factor,
    });
    let plumed_of = |StageSection { name, plumed, mdp: _, grompp_args: _ }: &StageSection| {
        Some((name.clone(), plumed.clone()?.into()))
    };
    let biased: Map<String, Value> = stage.iter().filter_map(plumed_of).collect();
    if !biased.is_empty() {
        identity["plumed_stages"] = biased.into();
    }
    identity
}
