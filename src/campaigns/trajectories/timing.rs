//! Do the times fit together, and is the step short enough?
use super::Units;
use super::section::{AlgorithmSection, IntegratorName, Section};
use crate::config::{Config, Faults};
use crate::science::dynamics::{Clock, Integrator, Model, NORM_TOLERANCE};

/// Times that differ by less than this part of a step fit together.
const ROUNDING: f64 = 1e-9;
/// More steps than this are a mistake of units.
const MOST_STEPS: f64 = 1e12;
/// The method of Runge and Kutta is stable on the imaginary axis up to 2 sqrt 2.
const RUNGE_KUTTA_LIMIT: f64 = 2.8284;
/// A kicked oscillator resonates with its kicks at half a turn per step.
const KICK_LIMIT: f64 = std::f64::consts::PI;
/// Above this a step resolves the fastest mode, or the energies of the states, poorly.
const POOR: f64 = 0.2;

/// The nearest whole number to a / b, where a / b is one to rounding.
fn whole(a: f64, b: f64) -> Option<usize> {
    let (ratio, nearest) = (a / b, (a / b).round());
    ((ratio - nearest).abs() <= ROUNDING * nearest && (1.0..MOST_STEPS).contains(&nearest)).then_some(nearest as usize)
}

/// The times of the trajectories, in the model's own unit.
pub fn clock_of(config: &Config, section: &Section, units: &Units, faults: &mut Faults) -> Clock {
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

/// The largest frequency of the bath times the step, and the largest adiabatic energy times the step. Where amplitudes are advanced
/// exactly, energies count from the middle of the spectrum: what is common to all states changes nothing.
pub fn step_sizes(section: &Section, model: &dyn Model, clock: &Clock) -> (f64, f64) {
    let fastest = model.bath().frequencies.iter().copied().fold(0.0, f64::max);
    let [lowest, highest] = model.spectral_range();
    let energy = if is_series(section, clock) { model.spectral_radius() } else { 0.5 * (highest - lowest) };
    (fastest * clock.time_step, energy * clock.time_step)
}

/// Whether amplitudes are advanced by a series of fourth order, which loses the norm, as QC Lab does in mean field.
fn is_series(section: &Section, clock: &Clock) -> bool {
    clock.integrator == Integrator::Sequential && is_mean_field(section)
}

fn is_mean_field(section: &Section) -> bool {
    matches!(section.algorithm, AlgorithmSection::MeanField {})
}

/// The time step with which the series of fourth order keeps the norm to a tenth of the tolerance, in the model's own unit. For
/// a state of energy E a step multiplies the norm by 1 - (E dt)^6/72.
pub fn step_that_keeps_the_norm(model: &dyn Model, clock: &Clock) -> f64 {
    let (energy, duration) = (model.spectral_radius(), clock.time_step * clock.steps() as f64);
    libm::pow(72.0 * 0.1 * NORM_TOLERANCE / (duration * libm::pow(energy, 6.0)), 0.2)
}

/// Refuses a step that is unstable, and warns of one that resolves the fastest mode or the energies of states poorly.
pub fn check_step(
    config: &Config,
    section: &Section,
    model: &dyn Model,
    clock: &Clock,
    faults: &mut Faults,
    warnings: &mut Faults,
) {
    let (classical, quantum) = step_sizes(section, model, clock);
    let classical_limit = if clock.integrator == Integrator::Strang { KICK_LIMIT } else { RUNGE_KUTTA_LIMIT };
    let is_series = is_series(section, clock);
    let excess = (classical / classical_limit).max(if is_series { quantum / RUNGE_KUTTA_LIMIT } else { 0.0 });
    let (key, step) = ("trajectories.time_step", section.time_step);
    if excess >= 1.0 {
        let quantum_limit = if is_series { format!("limit {RUNGE_KUTTA_LIMIT:.3}") } else { "no limit".to_owned() };
        let message = format!(
            "a step of {step} is unstable: largest frequency x step is {classical:.3} (limit {classical_limit:.3}), largest quantum energy x step {quantum:.3} ({quantum_limit})"
        );
        let help = if is_series {
            let keeping = step_that_keeps_the_norm(model, clock) / clock.time_step;
            format!(
                "a step below {:.1e} is stable and keeps the norm; integrator = \"strang\" keeps it at any step",
                step * keeping.min(1.0 / excess)
            )
        } else {
            format!("a step below {:.3e} is stable", step / excess)
        };
        faults.push(config.fault(key, message, help));
        return;
    }
    if classical > POOR {
        let message =
            format!("largest frequency x step is {classical:.3}, above {POOR}: the fastest modes are poorly resolved");
        let help = format!("a step of {:.3e} would resolve them; they often matter little", step * POOR / classical);
        warnings.push(config.fault(key, message, help).warning());
    }
    if quantum >= POOR && is_series {
        let message = format!(
            "largest quantum energy x step is {quantum:.3}, above {POOR}: the series of integrator = \"sequential\" loses the norm"
        );
        let keeping = step * step_that_keeps_the_norm(model, clock) / clock.time_step;
        let help = format!("a step of {keeping:.1e} keeps it; integrator = \"strang\" keeps it at any step");
        warnings.push(config.fault(key, message, help).warning());
    } else if quantum >= POOR && is_mean_field(section) {
        let message = format!(
            "largest quantum energy x step is {quantum:.3}, above {POOR}: a step resolves the oscillations between states poorly"
        );
        let help = format!("a step of {:.3e} would resolve them", step * POOR / quantum);
        warnings.push(config.fault(key, message, help).warning());
    }
}
