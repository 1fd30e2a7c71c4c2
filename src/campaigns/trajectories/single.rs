//! Writes the observables of single trajectories, for `keep = "all"`.
use super::rounds::PointResult;
use super::setup::Setup;
use super::sums::{Row, Sums};
use crate::campaigns::campaign::RecordedValues;
use crate::campaigns::stage::Error;
use crate::results::{Complex, Rows, Writer};

/// The datasets of single trajectories.
struct Single {
    populations: Rows<f64>,
    density: Rows<Complex>,
    classical: Rows<f64>,
    quantum: Rows<f64>,
    /// None if every surface of an initial condition is propagated.
    surface: Option<Rows<i64>>,
}

/// Writes the datasets `trajectories/...` of a point into `group`.
///
/// # Errors
/// The file cannot be written, or a recorded trajectory cannot be read.
pub fn write(
    group: &str,
    setup: &Setup,
    done: &PointResult,
    values: &mut dyn RecordedValues,
    out: &mut Writer,
) -> Result<(), Error> {
    let (samples, states, energy) = (setup.clock.samples + 1, setup.layout().states, setup.units.energy);
    let n = done.rounds.last().map_or(0, |round| round.end) as usize;
    let none = Complex { r: f64::NAN, i: f64::NAN };
    let at = |name: &str| format!("{group}/trajectories/{name}");
    let has_surface = setup.layout().has_surfaces && setup.algorithm.branches(states) == 1;
    let about = "density matrix in the diabatic basis";
    let density = out.rows(&at("density_matrix"), &[n, samples, states, states], none, "none", about)?;
    let about = "populations of the diabatic states";
    let populations = out.rows(&at("populations"), &[n, samples, states], f64::NAN, "none", about)?;
    let about = "energy of the classical coordinates";
    let classical = out.rows(&at("energy_classical"), &[n, samples], f64::NAN, energy, about)?;
    let about = "energy of the quantum states";
    let quantum = out.rows(&at("energy_quantum"), &[n, samples], f64::NAN, energy, about)?;
    let surface = match has_surface {
        true => Some(out.rows(&at("active_surface"), &[n, samples], -1, "none", "active adiabatic surface")?),
        false => None,
    };
    let single = Single { populations, density, classical, quantum, surface };
    let mut missing = Vec::new();
    for (k, round) in done.rounds.iter().enumerate() {
        values.for_each(done.first_stage + k, &mut |batch| {
            missing.extend(batch.failed.iter().map(|failure| round.first + failure.task));
            let sums: Sums = batch.value()?;
            sums.rows.iter().try_for_each(|row| write_row(setup, &single, row, out))
        })?;
    }
    let surface = single.surface.is_some().then_some("active_surface");
    let names = ["populations", "density_matrix", "energy_classical", "energy_quantum"].into_iter().chain(surface);
    for name in names.filter(|_| !missing.is_empty()) {
        out.list_attribute(&at(name), "missing", &missing)?;
    }
    Ok(())
}

fn write_row(setup: &Setup, single: &Single, row: &Row, out: &mut Writer) -> Result<(), Error> {
    let layout = setup.layout();
    let index = row.task as usize;
    let samples = || row.observables.chunks(layout.size());
    let populations: Vec<f64> = samples().flat_map(|s| s[..layout.states].to_vec()).collect();
    out.fill(&single.populations, index, &populations)?;
    let density: Vec<Complex> =
        samples().flat_map(|s| layout.unpack_density(s)).map(|[r, i]| Complex { r, i }).collect();
    out.fill(&single.density, index, &density)?;
    for (k, rows) in [&single.classical, &single.quantum].into_iter().enumerate() {
        let energies: Vec<f64> = samples().map(|s| s[layout.energies() + k] * setup.units.energy_factor).collect();
        out.fill(rows, index, &energies)?;
    }
    if let Some(rows) = &single.surface {
        let occupied =
            |s: &[f64]| s[layout.surfaces()..][..layout.states].iter().position(|&f| f > 0.5).map_or(-1, |k| k as i64);
        let surfaces: Vec<i64> = samples().map(occupied).collect();
        out.fill(rows, index, &surfaces)?;
    }
    Ok(())
}
