//! Do the times fit together, and is the step stable?
use super::Units;
use super::section::{AlgorithmSection, IntegratorName, Section};
use crate::config::{Config, Faults};
use crate::science::dynamics::{Clock, Integrator, Model};

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

/// The largest frequency of the bath times the step, and the largest adiabatic energy times the step.
pub fn step_sizes(model: &dyn Model, clock: &Clock) -> (f64, f64) {
    let fastest = model.bath().frequencies.iter().copied().fold(0.0, f64::max);
    (fastest * clock.time_step, model.spectral_radius() * clock.time_step)
}

/// Refuses a step that is unstable, and warns of one that resolves the fastest mode poorly.
pub fn check_step(
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
