//! Builds a campaign of trajectories from its section, and checks that its values make sense together.
use super::campaign::TrajectoryCampaign;
use super::initial::{self, InitialFile};
use super::rounds::{Point, Target};
use super::section::{
    AlgorithmSection, Basis, CorrelationName, InitialSection, Keep, ModelSection, SamplingName, Section, TimeUnit,
};
use super::setup::{Setup, Units};
use super::timing::{check_step, clock_of, step_sizes};
use crate::config::{Checker, Config, Faults};
use crate::science::dynamics::models::{Fmo, UnitSystem};
use crate::science::dynamics::{Correlations, InitialState, Model};
use crate::units;
use std::sync::Arc;

/// Keys that cannot be swept, since all points share them.
const FIXED: [&str; 4] =
    ["trajectories.count", "trajectories.target_stderr", "trajectories.max_count", "trajectories.keep"];

/// The campaign that the configuration describes.
///
/// # Errors
/// All faults in the physics of the section, which its schema cannot express.
pub fn load(config: &Config) -> Result<TrajectoryCampaign, Faults> {
    let (mut faults, mut warnings) = (Faults::default(), Faults::default());
    let (mut points, mut sections) = (Vec::new(), Vec::new());
    for point in config.points(&FIXED)? {
        if let Some((section, setup)) = faults.collect(load_point(&point, &mut warnings)) {
            let (name, values) = (point.point_name(), point.swept());
            points.push(Point { name, values, setup: Arc::new(setup), target: target_of(&section) });
            sections.push(section);
        }
    }
    faults.into_result(())?;
    warnings.sort();
    let mut summary = summarize(&sections[0], &points[0].setup);
    if points.len() > 1 {
        let names: Vec<&str> = points.iter().filter_map(|point| point.name.as_deref()).collect();
        summary.insert(0, ("points of the sweep".to_owned(), format!("{}: {}", names.len(), names.join(", "))));
        summary.insert(1, ("first point".to_owned(), String::new()));
    }
    let identities: Result<Vec<_>, _> =
        points.iter().zip(&sections).map(|(point, section)| identity(config, point, section)).collect();
    let mut identities = identities?;
    let identity = if identities.len() == 1 { identities.remove(0) } else { identities.into() };
    Ok(TrajectoryCampaign::new(identity, points, summary, warnings))
}

/// The part of a section that determines results, for the fingerprint. A new key must be sorted here.
///
/// # Errors
/// The initial file cannot be read.
fn identity(config: &Config, point: &Point, section: &Section) -> Result<serde_json::Value, Faults> {
    #[rustfmt::skip]
    let Section {
        // What determines results.
        duration: _, time_step: _, sample_every: _, time_unit: _, integrator: _, keep: _, correlations: _, algorithm: _, model: _,
        // The contents of the file count, not its path.
        initial: InitialSection { state: _, amplitudes: _, basis: _, file: _ },
        // What may grow; with a target the count is that of the first round.
        count, target_stderr: _, max_count: _,
    } = section;
    let mut identity = serde_json::to_value(section).unwrap_or_default();
    identity["count"] = count.filter(|_| point.target.is_some()).into();
    identity["target_stderr"] = serde_json::Value::Null;
    identity["max_count"] = serde_json::Value::Null;
    if let Some(file) = &point.setup.file {
        let digest = config.inputs.digest(&file.path).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", file.path.display());
            config.fault(initial::KEY, message, "check that the file can be read")
        })?;
        identity["initial"]["file"] = digest.into();
    }
    Ok(identity)
}

fn target_of(section: &Section) -> Option<Target> {
    Some(Target { stderr: section.target_stderr?, max_count: section.max_count? })
}

fn load_point(config: &Config, warnings: &mut Faults) -> Result<(Section, Setup), Faults> {
    let mut section: Section = config.section("trajectories")?;
    let mut check = Checker::new(config, "trajectories");
    let own_constant = section.model.decoherence_constant();
    section.algorithm.spell_out(own_constant);
    let algorithm = section.algorithm.build();
    let algorithm = algorithm.map_err(|problem| config.fault_of("trajectories.algorithm", problem));
    let algorithm = check.faults.collect(algorithm);
    let model = section.model.spell_out(config).and_then(|()| section.model.build(config));
    let model = check.faults.collect(model);
    let units = units_of(&section, model.as_deref().map(Model::units), &mut check);
    let clock = clock_of(&section, &units, &mut check);
    check_counts(&section, &mut check);
    let (Some(model), Some(algorithm)) = (model, algorithm) else { return Err(check.faults) };
    spell_out(&mut section, model.as_ref());
    let state = state_of(&section, model.as_ref(), &mut check);
    check_method(&section, model.as_ref(), &mut check);
    check_temperature(&section, &mut check);
    check_step(&section, model.as_ref(), &clock, &mut check);
    let file = InitialFile::open(config, &section, model.as_ref(), clock.steps());
    let file = check.faults.collect(file).flatten();
    let count = section.count.or(file.as_ref().map(|file| file.rows));
    warnings.extend(check.warnings);
    check.faults.into_result(())?;
    let given_scale = file.as_ref().map_or(0.0, |file| file.energy_scale);
    let energy_scale = model.energy_scale().max(given_scale + model.spectral_radius());
    let is_requested = |name| section.correlations.contains(&name);
    let correlations = Correlations {
        populations: is_requested(CorrelationName::Populations),
        coordinates: is_requested(CorrelationName::Coordinates),
    };
    let setup = Setup {
        // A scale of zero (no motion, no coupling) would leave the exact sums without a resolution.
        energy_scale: if energy_scale > 0.0 { energy_scale } else { 1.0 },
        position_scale: position_scale(model.as_ref(), energy_scale),
        count: count.unwrap_or(0),
        model,
        algorithm,
        clock,
        correlations,
        state,
        file,
        keep_all: section.keep == Keep::All,
        units,
    };
    Ok((section, setup))
}

/// A bound that squared positions of oscillators of this energy rarely exceed; for free particles a large constant.
fn position_scale(model: &dyn Model, energy: f64) -> f64 {
    let bath = model.bath();
    let bound = |j: usize| {
        let (m, w) = (bath.masses[j], bath.frequencies[j]);
        if w > 0.0 { 2.0 * energy / (m * w * w) } else { 1e6 }
    };
    (0..bath.coordinates()).map(bound).fold(f64::MIN_POSITIVE, f64::max).clamp(1e-200, 1e200)
}

/// Checks the numbers of trajectories.
fn check_counts(section: &Section, check: &mut Checker) {
    if section.count.is_none() && section.initial.file.is_none() {
        check.refuse("count", "`trajectories.count` is not set", "set the number of trajectories");
    }
    match (section.target_stderr, section.max_count) {
        (None, None) => {}
        (None, Some(_)) => {
            check.refuse(
                "max_count",
                "`max_count` only applies with `target_stderr`",
                "remove it, or set `target_stderr`",
            );
        }
        (Some(_), None) => {
            check.refuse(
                "target_stderr",
                "`max_count` is not set",
                "set the maximum number of trajectories to run to reach `target_stderr`",
            );
        }
        (Some(_), Some(most)) => {
            if section.initial.file.is_some() {
                let help = "remove `target_stderr`, or remove the initial file so that initial conditions are drawn";
                check.refuse(
                    "target_stderr",
                    "an initial file has a fixed number of initial conditions, so no trajectories can be added",
                    help,
                );
            }
            if section.count.is_some_and(|count| count < 2) {
                check.refuse(
                    "count",
                    "one trajectory has no standard error",
                    "set `count`, the number of the first round, to at least 2",
                );
            }
            if section.count.is_some_and(|count| count > most) {
                check.refuse(
                    "max_count",
                    "`max_count` is less than `count`",
                    "raise it: `count` is the number of trajectories in the first round",
                );
            }
        }
    }
}

/// Checks that model and method are compatible.
fn check_method(section: &Section, model: &dyn Model, check: &mut Checker) {
    let is_mean_field = matches!(section.algorithm, AlgorithmSection::MeanField {});
    if model.has_berry_force() && is_mean_field {
        let message = "a Berry force acts on an adiabatic surface, and mean-field has no active surface";
        let help = "remove `berry_force`, or use fssh or ms-mash";
        check.refuse("model.berry_force", message, help);
    }
    let is_superposed = section
        .initial
        .amplitudes
        .as_ref()
        .is_some_and(|amplitudes| amplitudes.iter().filter(|amplitude| **amplitude != [0.0; 2]).count() > 1);
    if matches!(section.algorithm, AlgorithmSection::MsMash { .. }) && is_superposed {
        let message = "ms-mash starts from one state of the basis, not from a superposition";
        let help = "set `state` instead; focused sampling is only defined for populations of 0 and 1";
        check.refuse("initial.amplitudes", message, help);
    }
}

/// Checks that the initial coordinates have a distribution of finite width.
fn check_temperature(section: &Section, check: &mut Checker) {
    let Some((key, SamplingName::Boltzmann)) = section.model.zero_temperature() else { return };
    if section.initial.file.is_some() {
        return;
    }
    let message = format!("`{key} = 0` with Boltzmann sampling starts every trajectory at rest in the minimum");
    let help = "use sampling = \"wigner\", which has zero-point motion, or read initial conditions from a file";
    check.refuse(&format!("model.{key}"), message, help);
}

/// Fills in defaults that depend on other keys, so that equivalent configurations have the same fingerprint.
fn spell_out(section: &mut Section, model: &dyn Model) {
    // Scattering starts where diabatic and adiabatic states coincide.
    let basis = if model.scattering_range().is_some() { Basis::Adiabatic } else { Basis::Diabatic };
    section.initial.basis.get_or_insert(basis);
    if section.initial.amplitudes.is_none() {
        section.initial.state.get_or_insert(0);
    }
    if matches!(section.model, ModelSection::Fmo { .. }) {
        section.time_unit.get_or_insert(TimeUnit::Fs);
    }
}

/// The units of a model.
fn units_of(section: &Section, system: Option<UnitSystem>, check: &mut Checker) -> Units {
    let position_square = if system == Some(UnitSystem::Atomic) { "bohr^2" } else { "hbar/(mass x frequency)" };
    let own = |time, energy| Units { time, time_factor: 1.0, energy, energy_factor: 1.0, position_square };
    match (&section.model, section.time_unit) {
        (ModelSection::Fmo { temperature_k, .. }, Some(TimeUnit::Fs) | None) => {
            let unit = Fmo::unit_temperature_k(*temperature_k);
            Units {
                time: "fs",
                time_factor: units::thermal_time_fs(unit),
                energy: "cm^-1",
                energy_factor: units::thermal_energy_per_cm(unit),
                position_square,
            }
        }
        (ModelSection::Fmo { temperature_k, .. }, Some(TimeUnit::Thermal)) => {
            if *temperature_k == 0.0 {
                let message = "time_unit = \"thermal\" is undefined at 0 K: the unit is hbar/(k_B T)";
                check.refuse("time_unit", message, "use time_unit = \"fs\"");
            }
            own("hbar/(k_B T)", "k_B T")
        }
        (_, unit) => {
            if unit.is_some() {
                let message = "`trajectories.time_unit` only applies to the model fmo";
                check.refuse("time_unit", message, "remove it: times of this model are in its own units");
            }
            match system {
                Some(UnitSystem::Atomic) => own("hbar/Eh", "Eh"),
                Some(UnitSystem::Reduced) | None => own("hbar/energy unit", "energy unit"),
            }
        }
    }
}

fn state_of(section: &Section, model: &dyn Model, check: &mut Checker) -> InitialState {
    let (initial, states) = (&section.initial, model.states());
    let mut amplitudes = vec![[0.0; 2]; states];
    match (&initial.amplitudes, initial.state) {
        (Some(_), Some(_)) => {
            check.refuse("initial.amplitudes", "both `state` and `amplitudes` are set", "set only one of them")
        }
        (Some(given), None) => {
            let norm: f64 = given.iter().map(|[re, im]| re * re + im * im).sum();
            if given.len() != states {
                check.refuse(
                    "initial.amplitudes",
                    format!("{} amplitudes are set, but the model has {states} states", given.len()),
                    "set one pair [re, im] for each state",
                );
            } else if (norm - 1.0).abs() > 1e-6 {
                check.refuse(
                    "initial.amplitudes",
                    format!("the squares of the amplitudes add up to {norm}, not 1"),
                    "normalize the amplitudes",
                );
            } else {
                amplitudes = given.iter().map(|[re, im]| [re / norm.sqrt(), im / norm.sqrt()]).collect();
            }
        }
        (None, state) => match amplitudes.get_mut(state.unwrap_or(0)) {
            Some(amplitude) => *amplitude = [1.0, 0.0],
            None => check.refuse(
                "initial.state",
                format!(
                    "state {} is out of range: the model has {states} states, 0 to {}",
                    state.unwrap_or(0),
                    states - 1
                ),
                "states are counted from 0",
            ),
        },
    }
    match initial.basis {
        Some(Basis::Adiabatic) => InitialState::Adiabatic(amplitudes),
        _ => InitialState::Diabatic(amplitudes),
    }
}

fn summarize(section: &Section, setup: &Setup) -> Vec<(String, String)> {
    let (classical, quantum) = step_sizes(section, setup.model.as_ref(), &setup.clock);
    let name = |value: serde_json::Value| value["kind"].as_str().unwrap_or("").to_owned();
    let kind = |value: Result<serde_json::Value, _>| value.map_or(String::new(), name);
    let target = target_of(section).map(|Target { stderr, max_count }| {
        (
            "until".to_owned(),
            format!("the largest standard error of a population is {stderr}, or {max_count} trajectories are done"),
        )
    });
    let clock = &setup.clock;
    let memory =
        setup.model.bath().coordinates() * 16 * 16 * 4 + (clock.samples + 1) * setup.layout().size() * (128 + 64);
    let lines = [
        ("trajectories", setup.count.to_string()),
        (
            "model",
            format!(
                "{}, {} states, {} coordinates",
                kind(serde_json::to_value(&section.model)),
                setup.model.states(),
                setup.model.bath().coordinates()
            ),
        ),
        (
            "algorithm",
            format!("{}, integrator {:?}", kind(serde_json::to_value(&section.algorithm)), section.integrator)
                .to_lowercase(),
        ),
        ("steps", format!("{} of {} {}", clock.steps(), section.time_step, setup.units.time)),
        ("samples", format!("{}, one every {} steps", clock.samples + 1, clock.steps_per_sample)),
        ("largest frequency x step", format!("{classical:.4}")),
        ("largest quantum energy x step", format!("{quantum:.4}")),
        ("memory of a rank", format!("about {:.0} MB", 10.0 + memory as f64 / 1e6)),
    ];
    let mut lines = lines.map(|(name, value)| (name.to_owned(), value)).to_vec();
    target.into_iter().for_each(|line| lines.insert(1, line));
    lines
}
