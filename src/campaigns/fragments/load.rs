//! Does the section describe an expansion that can be run?
use super::campaign::FragmentCampaign;
use super::input::Input;
use super::summary::summarize;
use super::write::InputNotes;
use super::{
    ExpansionOptions, Frame, Level, LevelSection, Section, Setup, Solver, Unit, config_name, frozen_core, images,
    input, options,
};
use crate::config::{Checker, Config, Faults};
use crate::engines::qc::Needs;
use crate::science::expansion::{Basis, ClusterSet, Expansion, Supersystem};
use std::sync::Arc;

/// The campaign that the configuration describes, or all faults that its schema does not find.
pub fn load(config: &Config) -> Result<FragmentCampaign, Faults> {
    let section: Section = config.section("fragments")?;
    let input = input::read(config, section)?;
    let locations = input.locations.clone();
    campaign(config, input).map_err(|faults| locations.relocate(config, faults))
}

/// The campaign of an input; faults of levels are those of the section's keys, even where a file specifies them.
fn campaign(config: &Config, input: Input) -> Result<FragmentCampaign, Faults> {
    let mut summary = input.summary();
    let Input { supersystems, section, locations, mut warnings, digest, periodic, many_body, differences, .. } = input;
    let mut check = Checker::new(config, "fragments");
    let options = options::resolve(&section, &supersystems[0], &mut check);
    let mut levels = Vec::new();
    for (index, level) in section.level.iter().enumerate() {
        levels.extend(check.faults.collect(Level::new(config, index, level)));
    }
    check.faults.into_result(())?;
    let frames = frames_of(config, &options, supersystems)?;
    let images = images::find(config, &frames, &options, &periodic)?;
    warnings.extend(images::warning(config, &images, &periodic));
    levels.sort_by_key(|level| options.coverage.levels.iter().position(|&index| index == level.index));
    let setup = Setup::new(frames, levels, options.driver, options.embedding.clone());
    if !config.inputs.is_checked() {
        check_levels(config, &setup)?;
        warn_of_missing_records(config, &setup, &mut warnings);
        warnings.extend(locations.relocate(config, frozen_core::warnings(config, &setup)));
    }
    let identity = identity(&options, &section, &setup, &digest);
    summary.extend(summarize(&options, &setup, &locations));
    summary.extend(images::summary(&images));
    let (config, programs) = (config.clone(), setup.levels.iter().map(|_| None).collect());
    let setup = Arc::new(setup);
    let input = InputNotes { many_body, differences };
    Ok(FragmentCampaign { config, setup, locations, programs, identity, summary, warnings, input, result: None })
}

fn frames_of(
    config: &Config,
    options: &ExpansionOptions,
    supersystems: Vec<Supersystem>,
) -> Result<Vec<Frame>, Faults> {
    let frame = |system: Supersystem| {
        let fragments = system.fragments.len();
        let kept = match (options.is_interaction_only, options.cutoffs.is_empty()) {
            (true, _) => Ok(ClusterSet::ends(fragments)),
            (false, true) => ClusterSet::all(fragments, options.max_order),
            (false, false) => ClusterSet::within(&system, options.max_order, &options.cutoffs),
        };
        let expansion = Expansion {
            clusters: kept?,
            bsse: options.bsse.clone(),
            level_of: options.coverage.level_of_order.clone(),
            supersystem: options.coverage.supersystem,
            total: options.total,
            is_interaction_only: options.is_interaction_only,
        };
        Ok(Frame { system, expansion })
    };
    let frames: Result<Vec<Frame>, crate::science::expansion::TooMany> = supersystems.into_iter().map(frame).collect();
    let help = "lower it: the number of clusters grows as this power of the number of fragments";
    frames.map_err(|error| config.fault("fragments.max_order", error.to_string(), help).into())
}

/// Faults where a level's engine does not support what its tasks need.
fn check_levels(config: &Config, setup: &Setup) -> Result<(), Faults> {
    let mut faults = Faults::default();
    let is_open = |frame: usize, real: &[u16]| {
        let fragments = &setup.frames[frame].system.fragments;
        real.iter().any(|&fragment| fragments[usize::from(fragment)].multiplicity != 1)
    };
    let mut elements = setup.frames[0].system.elements.clone();
    elements.sort_unstable();
    elements.dedup();
    for (k, level) in setup.levels.iter().enumerate() {
        let units = || setup.units.iter().filter(move |unit| usize::from(unit.task.level) == k);
        let needs = Needs {
            elements: &elements,
            ghosts: units().any(|unit| unit.task.basis != Basis::Own),
            point_charges: setup.embedding.is_some(),
            open_shells: units().any(|unit| is_open(unit.frame, &unit.task.real)),
        };
        level.refusals(config, setup.driver, needs, &mut faults);
        if let Solver::Embedded(engine) = &level.solver {
            let lacking = engine.elements_without_functions(&setup.frames[0].system.elements);
            let names: Vec<&str> = lacking.iter().map(|element| element.symbol()).collect();
            if !names.is_empty() {
                let message = format!("the basis set has no functions for {}", names.join(", "));
                let help = "choose another basis set, or read one with `basis_file`";
                let key = if level.chemistry.basis.is_some() { "basis" } else { "basis_file" };
                faults.push(config.fault(&format!("fragments.level.{}.{key}", level.index), message, help));
            }
        }
    }
    faults.into_result(())
}

/// Warns of tasks without a record, which will fail.
fn warn_of_missing_records(config: &Config, setup: &Setup, warnings: &mut Faults) {
    for (k, level) in setup.levels.iter().enumerate() {
        let Solver::Recorded(recorded) = &level.solver else { continue };
        let of_level: Vec<usize> =
            (0..setup.units.len()).filter(|&id| usize::from(setup.units[id].task.level) == k).collect();
        let has_record = |id: usize| {
            let Unit { frame, task, .. } = &setup.units[id];
            recorded.has((*frame, &task.real, &setup.frames[*frame].expansion.basis_of(task)))
        };
        let missing: Vec<usize> = of_level.iter().copied().filter(|&id| !has_record(id)).collect();
        if let Some(&first) = missing.first() {
            let (count, all, label) = (missing.len(), of_level.len(), setup.label(first));
            let message = format!("{count} of {all} tasks have no record, the first of them {label}");
            let help = "results that need them will be NaN";
            warnings.push(config.fault(&format!("fragments.level.{}.file", level.index), message, help).warning());
        }
    }
}

/// Everything that determines results except the versions of programs. A new key must be sorted here.
fn identity(options: &ExpansionOptions, section: &Section, setup: &Setup, digest: &str) -> serde_json::Value {
    #[rustfmt::skip]
    let Section {
        // What determines results, some of it in `options`; the `digest` of the molecule stands for its files.
        molecule: _, atoms: _, format: _, units: _, periodic: _, input: _, fragments, fragmentation: _, charges, multiplicities, driver: _,
        bsse: _, total: _, supersystem_interaction_only: _, cutoffs_angstrom, embedding_charges: _, level: levels,
        // What may grow, and with it the order that the last level covers.
        max_order: _,
    } = section;
    let levels = setup.levels.iter().enumerate().map(|(k, level)| {
        #[rustfmt::skip]
        let LevelSection {
            // What determines results: names by `level`, files by their digests, orders by the lowest one.
            name: _, engine: _, order: _, method, basis, basis_file: _, reference, frozen_core, density_fitting, scf_convergence,
            keywords, command, program, file: _,
            // What only affects how a result is reached.
            threads: _, retry: _, launcher: _, ranks: _,
        } = &levels[level.index];
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
            "command": command, "program": program,
        })
    });
    serde_json::json!({
        "molecule": digest, "fragments": fragments, "charges": charges,
        "multiplicities": multiplicities, "driver": config_name(&options.driver), "bsse": options.bsse, "total": options.total,
        "supersystem_interaction_only": options.is_interaction_only, "cutoffs_angstrom": cutoffs_angstrom,
        "embedding_charges": options.embedding, "level": levels.collect::<Vec<_>>(),
    })
}
