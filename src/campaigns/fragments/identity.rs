//! What determines the results of a campaign?
use super::levels::{Solver, config_name};
use super::options::ExpansionOptions;
use super::section::{LevelSection, Section};
use super::setup::Setup;

/// Everything that determines results except the versions of programs. The order that the last level covers may grow with max_order.
pub fn identity(options: &ExpansionOptions, section: &Section, setup: &Setup, digest: &str) -> serde_json::Value {
    let levels = setup.levels.iter().enumerate().map(|(k, level)| {
        let LevelSection { method, basis, reference, frozen_core, density_fitting, scf_convergence, keywords, .. } =
            &section.level[level.index];
        let first = options.coverage.level_of_order.iter().position(|&level| level == k).map(|order| order + 1);
        let file = match &level.solver {
            Solver::Recorded(recorded) => recorded.digest().into(),
            Solver::Embedded(engine) => engine.digest().into(),
            Solver::Program(_) => serde_json::Value::Null,
        };
        serde_json::json!({
            "name": level.name, "first_order": first, "engine": level.engine_name(), "method": method, "basis": basis,
            "reference": config_name(reference), "frozen_core": frozen_core, "density_fitting": density_fitting,
            "scf_convergence": scf_convergence, "keywords": keywords, "file": file,
            "command": section.level[level.index].command, "program": section.level[level.index].program,
        })
    });
    serde_json::json!({
        "molecule": digest, "fragments": section.fragments, "charges": section.charges,
        "multiplicities": section.multiplicities, "driver": config_name(&options.driver), "bsse": options.bsse, "total": options.total,
        "supersystem_interaction_only": options.is_interaction_only, "cutoffs_angstrom": section.cutoffs_angstrom,
        "embedding_charges": options.embedding, "level": levels.collect::<Vec<_>>(),
    })
}
