//! Writes means and standard errors over trajectories.
use super::rounds::{PointResult, Sweep};
use super::setup::Setup;
use super::single;
use super::sums::Sums;
use crate::campaigns::campaign::RecordedValues;
use crate::campaigns::stage::Error;
use crate::results::{Complex, Writer, or_nan};
use crate::science::sum::Moments;

/// Writes `/results` of a campaign of trajectories, with one group for each point of a sweep.
///
/// # Errors
/// The file cannot be written, or a recorded trajectory cannot be read.
pub fn write(sweep: &Sweep, values: &mut dyn RecordedValues, out: &mut Writer) -> Result<(), Error> {
    for (index, (point, done)) in sweep.points().iter().zip(sweep.results()).enumerate() {
        let group = point.name.as_ref().map_or("/results".to_owned(), |name| format!("/results/{name}"));
        PointWriter { group: &group, setup: &point.setup, out }.write(done, values)?;
        if point.name.is_some() {
            out.attribute(&group, "point", index as u64)?;
        }
        for (key, value) in &point.values {
            out.text_attribute(&group, key, value)?;
        }
        if let Some(target) = point.target {
            out.attribute(&group, "target_stderr", target.stderr)?;
            out.attribute(&group, "largest_stderr", done.worst_error.unwrap_or(f64::NAN))?;
        }
    }
    Ok(())
}

/// Means over `n` trajectories and their standard errors.
fn statistics(moments: &Moments, n: u64) -> (Vec<f64>, Vec<f64>) {
    (or_nan(moments.means(n)), or_nan(moments.standard_errors(n)))
}

/// Writes the datasets of one point.
struct PointWriter<'a> {
    group: &'a str,
    setup: &'a Setup,
    out: &'a mut Writer,
}

impl PointWriter<'_> {
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.group)
    }

    fn samples(&self) -> usize {
        self.setup.clock.samples + 1
    }

    fn write(&mut self, done: &PointResult, values: &mut dyn RecordedValues) -> Result<(), Error> {
        let (setup, sums, layout) = (self.setup, &done.sums, self.setup.layout());
        let times: Vec<f64> = setup.clock.times().iter().map(|t| t * setup.units.time_factor).collect();
        self.out.array(&self.path("time"), &[self.samples()], &times, setup.units.time, "time of each sample")?;
        self.out.attribute(self.group, "trajectories_used", sums.used)?;
        let (means, errors) = statistics(&sums.quantum, sums.used);
        let quantum = (&means[..], &errors[..]);
        self.write_density(quantum)?;
        let adiabatic = (layout.adiabatic(), &[layout.states][..]);
        self.write_states("populations_adiabatic", adiabatic, quantum, "populations of the adiabatic states")?;
        if layout.has_surfaces {
            let surfaces = (layout.surfaces(), &[layout.states][..]);
            let about = "fraction of trajectories on each adiabatic surface";
            self.write_states("surface_fractions", surfaces, quantum, about)?;
        }
        if layout.correlations.populations {
            let pairs = (layout.population_correlations(), &[layout.states, layout.states][..]);
            let about = "correlation functions <P_i(t) P_j(0)> of the diabatic populations";
            self.write_states("correlation_populations", pairs, quantum, about)?;
        }
        if layout.correlations.coordinates {
            self.write_positions(sums)?;
        }
        self.write_energies(sums)?;
        self.write_scattering(sums)?;
        if setup.keep_all {
            single::write(self.group, setup, done, values, self.out)?;
        }
        Ok(())
    }

    /// A quantity with its standard error.
    fn write_pair(
        &mut self,
        name: &str,
        shape: &[usize],
        (values, errors): (&[f64], &[f64]),
        units: &str,
        about: &str,
    ) -> Result<(), Error> {
        self.out.array(&self.path(name), shape, values, units, about)?;
        let about = format!("standard error of {name}");
        Ok(self.out.array(&self.path(&format!("{name}_stderr")), shape, errors, units, &about)?)
    }

    /// Columns `first..first + count` of every sample.
    fn columns(&self, all: &[f64], first: usize, count: usize) -> Vec<f64> {
        let row = self.setup.layout().energies();
        all.chunks(row).flat_map(|row| row[first..first + count].to_vec()).collect()
    }

    fn write_states(
        &mut self,
        name: &str,
        (first, shape): (usize, &[usize]),
        (means, errors): (&[f64], &[f64]),
        about: &str,
    ) -> Result<(), Error> {
        let count = shape.iter().product();
        let full_shape: Vec<usize> = std::iter::once(self.samples()).chain(shape.iter().copied()).collect();
        let (means, errors) = (self.columns(means, first, count), self.columns(errors, first, count));
        self.write_pair(name, &full_shape, (&means, &errors), "none", about)
    }

    fn write_density(&mut self, quantum: (&[f64], &[f64])) -> Result<(), Error> {
        let layout = self.setup.layout();
        let n = layout.states;
        self.write_states("populations", (0, &[n]), quantum, "populations of the diabatic states")?;
        let shape = [self.samples(), n, n];
        let full = |numbers: Vec<f64>, are_errors: bool| -> Vec<Complex> {
            let unpacked = numbers.chunks(n * n).flat_map(|row| layout.unpack_density(row));
            // The lower triangle is the complex conjugate, but errors have no sign.
            unpacked.map(|[r, i]| Complex { r, i: if are_errors { i.abs() } else { i } }).collect()
        };
        let columns = |all| self.columns(all, 0, n * n);
        let (mean, error) = (full(columns(quantum.0), false), full(columns(quantum.1), true));
        self.out.array(&self.path("density_matrix"), &shape, &mean, "none", "density matrix in the diabatic basis")?;
        let about = "standard errors of the real and imaginary part of density_matrix";
        Ok(self.out.array(&self.path("density_matrix_stderr"), &shape, &error, "none", about)?)
    }

    fn write_positions(&mut self, sums: &Sums) -> Result<(), Error> {
        let shape = [self.samples(), self.setup.layout().coordinates];
        let (means, errors) = statistics(&sums.positions, sums.used);
        let about = "correlation functions <q_j(t) q_j(0)> of the classical positions";
        self.write_pair("correlation_coordinates", &shape, (&means, &errors), self.setup.units.position_square, about)
    }

    fn write_energies(&mut self, sums: &Sums) -> Result<(), Error> {
        let (samples, units) = (self.samples(), self.setup.units);
        let (means, errors) = statistics(&sums.energies, sums.used);
        let column = |all: &[f64], k: usize| {
            all.iter().skip(k).step_by(3).map(|e| e * units.energy_factor).collect::<Vec<f64>>()
        };
        let quantum = if self.setup.layout().has_surfaces {
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
            let pair = (&column(&means, k)[..], &column(&errors, k)[..]);
            self.write_pair(&format!("energy_{name}"), &[samples], pair, units.energy, about)?;
        }
        // Without trajectories there is no largest drift.
        let largest = (sums.used > 0).then_some(sums.largest_drift);
        let drift = or_nan([sums.drift.means(sums.used)[0], largest]);
        let drift: Vec<f64> = drift.iter().map(|energy| energy * units.energy_factor).collect();
        let about = "largest |E(t) - E(0)| of a trajectory: mean over trajectories, and the largest of all";
        Ok(self.out.array(&self.path("energy_drift"), &[2], &drift, units.energy, about)?)
    }

    fn write_scattering(&mut self, sums: &Sums) -> Result<(), Error> {
        let (means, errors) = statistics(&sums.hops, sums.used);
        self.write_pair("hops", &[2], (&means, &errors), "none", "accepted and frustrated hops per trajectory")?;
        if self.setup.model.scattering_range().is_none() {
            return Ok(());
        }
        let shape = [3, self.setup.layout().states];
        let (means, errors) = statistics(&sums.channels, sums.used);
        let about = "transmitted, reflected, undecided x adiabatic states, at the end";
        self.write_pair("surface_channels", &shape, (&means, &errors), "none", about)
    }
}
