//! Does a section describe trajectories that can be run?
use super::section::{
    AlgorithmSection, Basis, FrustratedName, GaugeName, IntegratorName, Keep, ModelSection, SamplingName, Section,
    TimeUnit,
};
use super::{InitialFile, Setup, TrajectoryCampaign, Units};
use crate::config::{Config, Faults};
use crate::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, MeanField};
use crate::science::dynamics::models::{Fmo, SpinBoson, TullyOne, UnitSystem};
use crate::science::dynamics::{Algorithm, Clock, InitialState, Integrator, Model, Sampling};
use crate::units;
use std::sync::Arc;

/// Times that differ by less than this part of a step fit together.
const ROUNDING: f64 = 1e-9;
/// More steps than this are a mistake of units.
const MOST_STEPS: f64 = 1e12;
/// The method of Runge and Kutta is stable on the imaginary axis up to 2 sqrt 2.
const RUNGE_KUTTA_LIMIT: f64 = 2.8284;
/// A kicked oscillator resonates with its kicks at half a turn per step.
const KICK_LIMIT: f64 = std::f64::consts::PI;
/// Above this a step resolves the fastest mode poorly.
const POOR: f64 = 0.2;

/// The campaign that the configuration describes.
///
/// # Errors
/// Every fault that only the science can see.
pub fn load(config: &Config) -> Result<TrajectoryCampaign, Faults> {
    let mut section: Section = config.section("trajectories")?;
    let mut faults = Faults::default();
    let model = model_of(&section.model);
    spell_out(&mut section, model.as_ref());
    let algorithm = algorithm_of(&section.algorithm);
    let units = units_of(config, &section, model.as_ref(), &mut faults);
    let clock = clock_of(config, &section, &units, &mut faults);
    let state = state_of(config, &section, model.as_ref(), &mut faults);
    let mut warnings = Faults::default();
    check_step(config, &section, model.as_ref(), &clock, &mut faults, &mut warnings);
    let file = match InitialFile::open(config, &section, model.as_ref(), clock.steps()) {
        Ok(file) => file,
        Err(more) => {
            faults.extend(more);
            None
        }
    };
    let count = section.count.or(file.as_ref().map(|file| file.rows));
    if count.is_none() && section.initial.file.is_none() {
        faults.push(config.fault(
            "trajectories.count",
            "`trajectories.count` is missing",
            "give the number of trajectories",
        ));
    }
    faults.into_result(())?;
    let given_scale = file.as_ref().map_or(0.0, |file| file.energy_scale);
    let energy_scale = model.energy_scale().max(given_scale + model.spectral_radius());
    let setup = Setup {
        // A scale of zero (nothing moves, nothing is coupled) would make a quantum of zero.
        energy_scale: if energy_scale > 0.0 { energy_scale } else { 1.0 },
        count: count.unwrap_or(0),
        model,
        algorithm,
        clock,
        state,
        file,
        keep_all: section.keep == Keep::All,
        units,
    };
    let understood = understood(&section, &setup);
    Ok(TrajectoryCampaign { section, setup: Arc::new(setup), understood, warnings })
}

/// Fills in what another key decides where it is not given: two ways to say the same are then the same campaign.
fn spell_out(section: &mut Section, model: &dyn Model) {
    // What is scattered starts where the states are adiabatic.
    let basis = if model.scattering_range().is_some() { Basis::Adiabatic } else { Basis::Diabatic };
    section.initial.basis.get_or_insert(basis);
    if section.initial.amplitudes.is_none() {
        section.initial.state.get_or_insert(0);
    }
    if matches!(section.model, ModelSection::Fmo { .. }) {
        section.time_unit.get_or_insert(TimeUnit::Fs);
    }
}

fn sampling_of(name: SamplingName) -> Sampling {
    match name {
        SamplingName::Boltzmann => Sampling::Boltzmann,
        SamplingName::Wigner => Sampling::Wigner,
    }
}

/// A model is one arm here, one variant in the section and one file in `science::dynamics::models`.
fn model_of(section: &ModelSection) -> Box<dyn Model> {
    match *section {
        ModelSection::SpinBoson {
            thermal_energy,
            bias,
            coupling,
            modes,
            characteristic_frequency,
            reorganization_energy,
            mass,
            sampling,
        } => {
            let sampling = sampling_of(sampling);
            let model = SpinBoson {
                thermal_energy,
                bias,
                coupling,
                modes,
                characteristic_frequency,
                reorganization_energy,
                mass,
                sampling,
            };
            Box::new(model.build())
        }
        ModelSection::Fmo {
            temperature_k,
            modes_per_site,
            characteristic_frequency_per_cm,
            reorganization_energy_per_cm,
            mass,
            sampling,
        } => {
            let sampling = sampling_of(sampling);
            let model = Fmo {
                temperature_k,
                modes_per_site,
                characteristic_frequency_per_cm,
                reorganization_energy_per_cm,
                mass,
                sampling,
            };
            Box::new(model.build())
        }
        ModelSection::TullyOne { mass, position, momentum, stop_beyond } => {
            Box::new(TullyOne::new(mass, position, momentum, stop_beyond))
        }
    }
}

/// An algorithm is one arm here, one variant in the section and one file in `science::dynamics::algorithms`.
fn algorithm_of(section: &AlgorithmSection) -> Box<dyn Algorithm> {
    match *section {
        AlgorithmSection::MeanField {} => Box::new(MeanField),
        AlgorithmSection::Fssh { initial_surface: _, frustrated, gauge } => Box::new(Fssh {
            frustrated: match frustrated {
                FrustratedName::Keep => Frustrated::Keep,
                FrustratedName::Reverse => Frustrated::Reverse,
            },
            gauge: match gauge {
                GaugeName::PhaseOverlap => Gauge::PhaseOverlap,
                GaugeName::SignOverlap => Gauge::SignOverlap,
            },
        }),
    }
}

fn units_of(config: &Config, section: &Section, model: &dyn Model, faults: &mut Faults) -> Units {
    let own = |time, energy| Units { time, time_factor: 1.0, energy, energy_factor: 1.0 };
    match (&section.model, section.time_unit) {
        (ModelSection::Fmo { temperature_k, .. }, Some(TimeUnit::Fs) | None) => Units {
            time: "fs",
            time_factor: units::thermal_time_fs(*temperature_k),
            energy: "cm^-1",
            energy_factor: units::thermal_energy_per_cm(*temperature_k),
        },
        (ModelSection::Fmo { .. }, Some(TimeUnit::Thermal)) => own("hbar/(k_B T)", "k_B T"),
        (_, unit) => {
            if unit.is_some() {
                let message = "`trajectories.time_unit` has a meaning for the model fmo only";
                faults.push(config.fault(
                    "trajectories.time_unit",
                    message,
                    "remove it: this model's times are in its own units",
                ));
            }
            match model.units() {
                UnitSystem::Atomic => own("hbar/Eh", "Eh"),
                UnitSystem::Reduced => own("hbar/energy unit", "energy unit"),
            }
        }
    }
}

/// The nearest whole number to a / b, where a / b is one to rounding.
fn whole(a: f64, b: f64) -> Option<usize> {
    let (ratio, nearest) = (a / b, (a / b).round());
    ((ratio - nearest).abs() <= ROUNDING * nearest && (1.0..MOST_STEPS).contains(&nearest)).then_some(nearest as usize)
}

fn clock_of(config: &Config, section: &Section, units: &Units, faults: &mut Faults) -> Clock {
    let (step, every, duration) = (section.time_step, section.sample_every, section.duration);
    let mut refuse = |key: &str, of: (&str, f64), by: (&str, f64)| {
        let ratio = of.1 / by.1;
        let (below, above) = (ratio.floor().max(1.0) * by.1, ratio.ceil().max(1.0) * by.1);
        let message = format!("{} = {} is not a whole multiple of {} = {}", of.0, of.1, by.0, by.1);
        // Twelve digits, so that 0.1 x 101 does not read 10.100000000000001.
        let tidy = |time: f64| format!("{time:.11e}").parse().unwrap_or(time);
        let help = if ratio < MOST_STEPS {
            format!("{} or {} would be", tidy(below), tidy(above))
        } else {
            "check the units".into()
        };
        faults.push(config.fault(&format!("trajectories.{key}"), message, help));
    };
    let steps_per_sample = whole(every, step);
    if steps_per_sample.is_none() {
        refuse("sample_every", ("sample_every", every), ("time_step", step));
    }
    let samples = whole(duration, every);
    if samples.is_none() {
        refuse("duration", ("duration", duration), ("sample_every", every));
    }
    Clock {
        time_step: step / units.time_factor,
        steps_per_sample: steps_per_sample.unwrap_or(1),
        samples: samples.unwrap_or(1),
        integrator: match section.integrator {
            IntegratorName::Strang => Integrator::Strang,
            IntegratorName::Sequential => Integrator::Sequential,
        },
    }
}

fn state_of(config: &Config, section: &Section, model: &dyn Model, faults: &mut Faults) -> InitialState {
    let (initial, states) = (&section.initial, model.states());
    let mut refuse = |key: &str, message: String, help: &str| {
        faults.push(config.fault(&format!("trajectories.initial.{key}"), message, help))
    };
    let mut amplitudes = vec![[0.0; 2]; states];
    match (&initial.amplitudes, initial.state) {
        (Some(_), Some(_)) => refuse("amplitudes", "state and amplitudes are both given".into(), "give one of them"),
        (Some(given), None) => {
            let norm: f64 = given.iter().map(|[re, im]| re * re + im * im).sum();
            if given.len() != states {
                refuse(
                    "amplitudes",
                    format!("{} amplitudes are given, but the model has {states} states", given.len()),
                    "give one pair [re, im] for each state",
                );
            } else if (norm - 1.0).abs() > 1e-6 {
                refuse(
                    "amplitudes",
                    format!("the squares of the amplitudes add up to {norm}, not 1"),
                    "normalize them",
                );
            } else {
                amplitudes = given.iter().map(|[re, im]| [re / norm.sqrt(), im / norm.sqrt()]).collect();
            }
        }
        (None, state) => match amplitudes.get_mut(state.unwrap_or(0)) {
            Some(amplitude) => *amplitude = [1.0, 0.0],
            None => refuse(
                "state",
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

/// The largest frequency of the bath times the step, and the largest adiabatic energy times the step.
fn step_sizes(model: &dyn Model, clock: &Clock) -> (f64, f64) {
    let fastest = model.bath().frequencies.iter().copied().fold(0.0, f64::max);
    (fastest * clock.time_step, model.spectral_radius() * clock.time_step)
}

fn check_step(
    config: &Config,
    section: &Section,
    model: &dyn Model,
    clock: &Clock,
    faults: &mut Faults,
    warnings: &mut Faults,
) {
    let (classical, quantum) = step_sizes(model, clock);
    let (classical_limit, quantum_limit) = match clock.integrator {
        Integrator::Strang => (KICK_LIMIT, 2.0 * RUNGE_KUTTA_LIMIT),
        Integrator::Sequential => (RUNGE_KUTTA_LIMIT, RUNGE_KUTTA_LIMIT),
    };
    // Only the mean field propagates amplitudes by Runge-Kutta steps; surface hopping does it exactly.
    let is_quantum_limited = matches!(section.algorithm, AlgorithmSection::MeanField {});
    let excess = (classical / classical_limit).max(if is_quantum_limited { quantum / quantum_limit } else { 0.0 });
    let key = "trajectories.time_step";
    if excess >= 1.0 {
        let quantum_note =
            if is_quantum_limited { format!(" (limit {quantum_limit:.3})") } else { " (no limit)".to_owned() };
        let message = format!(
            "a step of {} is unstable: largest frequency x step is {classical:.3} (limit {classical_limit:.3}), largest quantum energy x step {quantum:.3}{quantum_note}",
            section.time_step
        );
        faults.push(config.fault(key, message, format!("a step below {:.3e} is stable", section.time_step / excess)));
    } else if classical > POOR {
        let message =
            format!("largest frequency x step is {classical:.3}, above {POOR}: the fastest modes are poorly resolved");
        let help = format!(
            "a step of {:.3e} would resolve them; they often matter little",
            section.time_step * POOR / classical
        );
        warnings.push(config.fault(key, message, help).warning());
    }
}

fn understood(section: &Section, setup: &Setup) -> Vec<(String, String)> {
    let (classical, quantum) = step_sizes(setup.model.as_ref(), &setup.clock);
    let name = |value: serde_json::Value| value["kind"].as_str().unwrap_or("").to_owned();
    let kind = |value: Result<serde_json::Value, _>| value.map_or(String::new(), name);
    let clock = &setup.clock;
    let memory =
        setup.model.bath().coordinates() * 16 * 16 * 4 + (clock.samples + 1) * setup.layout().len() * (128 + 64);
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
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
