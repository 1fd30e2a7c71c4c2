//! How do sums over trajectories become datasets?
use super::Setup;
use super::stage::{Row, Sums};
use crate::campaigns::stage::{Error, Outcomes, StageResult};
use crate::results::{Complex, Rows, Writer};
use crate::science::dynamics::Layout;

/// Writes `/results` of a campaign of trajectories.
///
/// # Errors
/// The file cannot be written, or a kept trajectory not read.
pub fn write(setup: &Setup, done: &[StageResult], outcomes: &mut dyn Outcomes, out: &mut Writer) -> Result<(), Error> {
    let Some(result) = done.first() else { return Ok(()) };
    let sums: Sums = result.value()?;
    let layout = setup.layout();
    let samples = setup.clock.samples + 1;
    let times: Vec<f64> = setup.clock.times().iter().map(|t| t * setup.units.time_factor).collect();
    out.array("/results/time", &[samples], &times, setup.units.time, "time of each sample")?;
    out.attribute("/results", "trajectories_used", sums.used)?;
    let (means, errors) = (sums.quantum.means(sums.used), sums.quantum.standard_errors(sums.used));
    let mut table = Table { out, layout, samples };
    table.write_density(&means, &errors)?;
    let adiabatic = (layout.adiabatic(), layout.states);
    table.write_states("populations_adiabatic", adiabatic, (&means, &errors), "populations of the adiabatic states")?;
    if layout.has_surfaces {
        let surfaces = (layout.surfaces(), layout.states);
        table.write_states(
            "surface_fractions",
            surfaces,
            (&means, &errors),
            "fraction of trajectories on each adiabatic surface",
        )?;
    }
    write_energies(setup, &sums, samples, out)?;
    write_scattering(setup, &sums, out)?;
    if setup.keep_all {
        write_single(setup, outcomes, out)?;
    }
    Ok(())
}

/// Means and standard errors over trajectories, `[T * layout.energies()]`.
struct Table<'a> {
    out: &'a mut Writer,
    layout: Layout,
    samples: usize,
}

impl Table<'_> {
    /// Columns `first..first + count` of every sample.
    fn columns(&self, all: &[f64], (first, count): (usize, usize)) -> Vec<f64> {
        all.chunks(self.layout.energies()).flat_map(|row| row[first..first + count].to_vec()).collect()
    }

    fn write_states(
        &mut self,
        name: &str,
        place: (usize, usize),
        (means, errors): (&[f64], &[f64]),
        about: &str,
    ) -> Result<(), Error> {
        let shape = [self.samples, place.1];
        let (means, errors) = (self.columns(means, place), self.columns(errors, place));
        self.out.array(&format!("/results/{name}"), &shape, &means, "none", about)?;
        let about = format!("standard error of {name}");
        Ok(self.out.array(&format!("/results/{name}_stderr"), &shape, &errors, "none", &about)?)
    }

    fn write_density(&mut self, means: &[f64], errors: &[f64]) -> Result<(), Error> {
        let n = self.layout.states;
        self.write_states("populations", (0, n), (means, errors), "populations of the diabatic states")?;
        let shape = [self.samples, n, n];
        let place = (self.layout.density(), n * n);
        let full = |numbers: Vec<f64>, of_errors: bool| -> Vec<Complex> {
            let unpacked = numbers.chunks(n * n).flat_map(|row| self.layout.unpack_density(row));
            // The lower triangle is the complex conjugate, but an error has no sign.
            unpacked.map(|[r, i]| Complex { r, i: if of_errors { i.abs() } else { i } }).collect()
        };
        let (mean, error) = (full(self.columns(means, place), false), full(self.columns(errors, place), true));
        self.out.array("/results/density_matrix", &shape, &mean, "none", "density matrix in the diabatic basis")?;
        let about = "standard errors of the real and imaginary part of density_matrix";
        Ok(self.out.array("/results/density_matrix_stderr", &shape, &error, "none", about)?)
    }
}

fn write_energies(setup: &Setup, sums: &Sums, samples: usize, out: &mut Writer) -> Result<(), Error> {
    let factor = setup.units.energy_factor;
    let (means, errors) = (sums.energies.means(sums.used), sums.energies.standard_errors(sums.used));
    let column = |all: &[f64], k: usize| all.iter().skip(k).step_by(3).map(|e| e * factor).collect::<Vec<f64>>();
    let quantum = if setup.layout().has_surfaces {
        "energy of the active surface"
    } else {
        "expectation value of the quantum Hamiltonian"
    };
    let names = [
        ("classical", "energy of the classical coordinates"),
        ("quantum", quantum),
        ("total", "classical and quantum energy"),
    ];
    for (k, (name, about)) in names.into_iter().enumerate() {
        out.array(&format!("/results/energy_{name}"), &[samples], &column(&means, k), setup.units.energy, about)?;
        let about = format!("standard error of energy_{name}");
        out.array(
            &format!("/results/energy_{name}_stderr"),
            &[samples],
            &column(&errors, k),
            setup.units.energy,
            &about,
        )?;
    }
    // Of no trajectory there is no largest either.
    let largest = if sums.used == 0 { f64::NAN } else { sums.largest_drift };
    let drift = [sums.drift.means(sums.used)[0] * factor, largest * factor];
    let about = "largest |E(t) - E(0)| of a trajectory: mean over trajectories, and the largest of all";
    Ok(out.array("/results/energy_drift", &[2], &drift, setup.units.energy, about)?)
}

fn write_scattering(setup: &Setup, sums: &Sums, out: &mut Writer) -> Result<(), Error> {
    let (hops, errors) = (sums.hops.means(sums.used), sums.hops.standard_errors(sums.used));
    out.array("/results/hops", &[2], &hops, "none", "accepted and frustrated hops per trajectory")?;
    out.array("/results/hops_stderr", &[2], &errors, "none", "standard error of hops")?;
    if setup.model.scattering_range().is_some() {
        let shape = [3, setup.layout().states];
        let (channels, errors) = (sums.channels.means(sums.used), sums.channels.standard_errors(sums.used));
        let about = "transmitted, reflected, undecided x adiabatic states, at the end";
        out.array("/results/surface_channels", &shape, &channels, "none", about)?;
        out.array("/results/surface_channels_stderr", &shape, &errors, "none", "standard error of surface_channels")?;
    }
    Ok(())
}

/// The datasets of single trajectories.
struct Single {
    populations: Rows<f64>,
    density: Rows<Complex>,
    classical: Rows<f64>,
    quantum: Rows<f64>,
    surface: Option<Rows<i64>>,
}

fn write_single(setup: &Setup, outcomes: &mut dyn Outcomes, out: &mut Writer) -> Result<(), Error> {
    let (n, samples, states) = (setup.count as usize, setup.clock.samples + 1, setup.layout().states);
    let energy = setup.units.energy;
    let none = Complex { r: f64::NAN, i: f64::NAN };
    let at = |name: &str| format!("/results/trajectories/{name}");
    let single = Single {
        populations: out.rows(
            &at("populations"),
            &[n, samples, states],
            f64::NAN,
            "none",
            "populations of the diabatic states",
        )?,
        density: out.rows(
            &at("density_matrix"),
            &[n, samples, states, states],
            none,
            "none",
            "density matrix in the diabatic basis",
        )?,
        classical: out.rows(
            &at("energy_classical"),
            &[n, samples],
            f64::NAN,
            energy,
            "energy of the classical coordinates",
        )?,
        quantum: out.rows(&at("energy_quantum"), &[n, samples], f64::NAN, energy, "energy of the quantum states")?,
        surface: match setup.layout().has_surfaces {
            true => Some(out.rows(&at("active_surface"), &[n, samples], -1, "none", "active adiabatic surface")?),
            false => None,
        },
    };
    let mut missing = Vec::new();
    outcomes.each(0, &mut |_, failed, value| {
        missing.extend(failed.iter().map(|failure| failure.task));
        let sums = value.downcast::<Sums>().map_err(|_| Error::Outcome("the value is of another stage".into()))?;
        sums.rows.iter().try_for_each(|row| write_row(setup, &single, row, out))
    })?;
    let surface = single.surface.is_some().then_some("active_surface");
    let names = ["populations", "density_matrix", "energy_classical", "energy_quantum"].into_iter().chain(surface);
    for name in names.filter(|_| !missing.is_empty()) {
        out.list_attribute(&at(name), "missing", &missing)?;
    }
    Ok(())
}

fn write_row(setup: &Setup, single: &Single, row: &Row, out: &mut Writer) -> Result<(), Error> {
    let layout = setup.layout();
    let place = row.task as usize;
    let samples = || row.observables.chunks(layout.len());
    let populations: Vec<f64> = samples().flat_map(|s| s[..layout.states].to_vec()).collect();
    out.fill(&single.populations, place, &populations)?;
    let density: Vec<Complex> =
        samples().flat_map(|s| layout.unpack_density(&s[layout.density()..])).map(|[r, i]| Complex { r, i }).collect();
    out.fill(&single.density, place, &density)?;
    for (k, rows) in [&single.classical, &single.quantum].into_iter().enumerate() {
        let energies: Vec<f64> = samples().map(|s| s[layout.energies() + k] * setup.units.energy_factor).collect();
        out.fill(rows, place, &energies)?;
    }
    if let Some(rows) = &single.surface {
        let occupied =
            |s: &[f64]| s[layout.surfaces()..layout.energies()].iter().position(|&f| f > 0.5).map_or(-1, |k| k as i64);
        let surfaces: Vec<i64> = samples().map(occupied).collect();
        out.fill(rows, place, &surfaces)?;
    }
    Ok(())
}
