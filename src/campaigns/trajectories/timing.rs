//! Are the times commensurate, and is the time step short enough?
use super::section::{AlgorithmSection, IntegratorName, Section};
use super::setup::Units;
use crate::config::Checker;
use crate::science::dynamics::{Clock, Integrator, Model, NORM_TOLERANCE};

/// Relative deviation up to which a time counts as a whole multiple of another.
const ROUNDING: f64 = 1e-9;
/// Maximum number of steps: more indicate wrong units.
const MOST_STEPS: f64 = 1e12;
/// Stability limit of the fourth-order Runge-Kutta method on the imaginary axis, 2 sqrt 2.
const RUNGE_KUTTA_LIMIT: f64 = 2.8284;
/// A kicked oscillator resonates with its kicks at half a period per step.
const KICK_LIMIT: f64 = std::f64::consts::PI;
/// Frequency (or energy) x step above which the fastest mode (or the oscillation between states) is poorly resolved.
const POOR: f64 = 0.2;

/// a / b, if it is a whole number to rounding.
fn whole_ratio(a: f64, b: f64) -> Option<usize> {
    let (ratio, nearest) = (a / b, (a / b).round());
    ((ratio - nearest).abs() <= ROUNDING * nearest && (1.0..MOST_STEPS).contains(&nearest)).then_some(nearest as usize)
}

/// The times of the trajectories, converted to the model's unit. Reports times that are not commensurate.
pub fn clock_of(section: &Section, units: &Units, check: &mut Checker) -> Clock {
    let (step, every, duration) = (section.time_step, section.sample_every, section.duration);
    let mut refuse = |key: &str, total: (&str, f64), unit: (&str, f64)| {
        let ratio = total.1 / unit.1;
        let (below, above) = (ratio.floor().max(1.0) * unit.1, ratio.ceil().max(1.0) * unit.1);
        let message = format!("{} = {} is not a whole multiple of {} = {}", total.0, total.1, unit.0, unit.1);
        // Twelve digits, so that 0.1 x 101 is not printed as 10.100000000000001.
        let rounded = |time: f64| format!("{time:.11e}").parse().unwrap_or(time);
        let help = if ratio < MOST_STEPS {
            format!("use {} or {}", rounded(below), rounded(above))
        } else {
            "check the units".into()
        };
        check.refuse(key, message, help);
    };
    let steps_per_sample = whole_ratio(every, step);
    if steps_per_sample.is_none() {
        refuse("sample_every", ("sample_every", every), ("time_step", step));
    }
    let samples = whole_ratio(duration, every);
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

/// The largest frequency of the bath times the step, and the largest adiabatic energy times the step, both dimensionless. If the amplitudes are
/// propagated exactly, energies are relative to the middle of the spectrum, since a common shift has no effect.
pub fn step_sizes(section: &Section, model: &dyn Model, clock: &Clock) -> (f64, f64) {
    let fastest = model.bath().frequencies.iter().copied().fold(0.0, f64::max);
    let [lowest, highest] = model.spectral_range();
    let energy = if is_series(section, clock) { model.spectral_radius() } else { 0.5 * (highest - lowest) };
    (fastest * clock.time_step, energy * clock.time_step)
}

/// Whether the amplitudes are propagated by a fourth-order series, which does not conserve the norm, as in mean field of QC Lab.
fn is_series(section: &Section, clock: &Clock) -> bool {
    clock.integrator == Integrator::Sequential && is_mean_field(section)
}

fn is_mean_field(section: &Section) -> bool {
    matches!(section.algorithm, AlgorithmSection::MeanField {})
}

/// The time step with which the fourth-order series conserves the norm to a tenth of the tolerance, in the model's unit. A step multiplies the
/// norm of a state of energy E by 1 - (E dt)^6/72.
pub fn step_that_keeps_the_norm(model: &dyn Model, clock: &Clock) -> f64 {
    let (energy, duration) = (model.spectral_radius(), clock.time_step * clock.steps() as f64);
    libm::pow(72.0 * 0.1 * NORM_TOLERANCE / (duration * libm::pow(energy, 6.0)), 0.2)
}

/// Reports an unstable time step as an error, and one that poorly resolves the fastest mode or the oscillation between states as a warning.
pub fn check_step(section: &Section, model: &dyn Model, clock: &Clock, check: &mut Checker) {
    let (classical, quantum) = step_sizes(section, model, clock);
    let classical_limit = if clock.integrator == Integrator::Strang { KICK_LIMIT } else { RUNGE_KUTTA_LIMIT };
    let is_series = is_series(section, clock);
    let excess = (classical / classical_limit).max(if is_series { quantum / RUNGE_KUTTA_LIMIT } else { 0.0 });
    let (key, step) = ("time_step", section.time_step);
    if excess >= 1.0 {
        let quantum_limit = if is_series { format!("limit {RUNGE_KUTTA_LIMIT:.3}") } else { "no limit".to_owned() };
        let message = format!(
            "a step of {step} is unstable: largest frequency x step is {classical:.3} (limit {classical_limit:.3}), largest quantum energy x step {quantum:.3} ({quantum_limit})"
        );
        let help = if is_series {
            let keeping = step_that_keeps_the_norm(model, clock) / clock.time_step;
            format!(
                "use a step below {:.1e}, which is stable and conserves the norm, or integrator = \"strang\", which conserves it at any step",
                step * keeping.min(1.0 / excess)
            )
        } else {
            format!("use a step below {:.3e}", step / excess)
        };
        check.refuse(key, message, help);
        return;
    }
    if classical > POOR {
        let message =
            format!("largest frequency x step is {classical:.3}, above {POOR}: the fastest modes are poorly resolved");
        let help = format!("a step of {:.3e} resolves them; they often have little effect", step * POOR / classical);
        check.warn(key, message, help);
    }
    if quantum >= POOR && is_series {
        let message = format!(
            "largest quantum energy x step is {quantum:.3}, above {POOR}: the series of integrator = \"sequential\" loses the norm"
        );
        let keeping = step * step_that_keeps_the_norm(model, clock) / clock.time_step;
        let help =
            format!("use a step of {keeping:.1e}, or integrator = \"strang\", which conserves the norm at any step");
        check.warn(key, message, help);
    } else if quantum >= POOR && is_mean_field(section) {
        let message = format!(
            "largest quantum energy x step is {quantum:.3}, above {POOR}: the oscillations between states are poorly resolved"
        );
        let help = format!("a step of {:.3e} resolves them", step * POOR / quantum);
        check.warn(key, message, help);
    }
}
