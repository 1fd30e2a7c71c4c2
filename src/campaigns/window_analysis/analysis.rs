//! What are umbrella windows with their samples, and what is their analysis?
use super::settings::{Estimator, OutputUnits};
use crate::science::free_energy::{Bins, Error, Problem, Profile, Replicate, Window};
use crate::units::{CoordinateUnit, ForceConstantUnit};

/// Windows with their samples, ready for analysis.
pub struct Umbrella {
    pub windows: Vec<UmbrellaWindow>,
    pub bins: Bins,
    pub estimator: Estimator,
    pub temperature_k: f64,
    /// Whether simmpi itself applied the restraints, so that their parameters are certain.
    pub is_own: bool,
    /// Of centers, samples and bins.
    pub unit: CoordinateUnit,
    /// Of what is written, printed and drawn.
    pub output: OutputUnits,
    /// Number of bootstrap replicates.
    pub bootstrap: u32,
}

/// A window of an [`Umbrella`].
pub struct UmbrellaWindow {
    /// Its name in messages.
    pub name: String,
    /// kJ/mol/unit^2.
    pub force_constant: f64,
    pub window: Window,
    /// Number of samples that were discarded as equilibration.
    pub discarded: usize,
    /// Time of the first sample that is used, if times are known.
    pub from_ps: Option<f64>,
}

impl UmbrellaWindow {
    /// The center to four decimals, for messages.
    pub fn short_center(&self) -> f64 {
        to_four_decimals(self.window.center)
    }
}

impl Umbrella {
    /// kT, kJ/mol.
    pub fn thermal_energy(&self) -> f64 {
        crate::units::thermal_energy_kj_mol(self.temperature_k)
    }

    /// kT in the unit of energy of the output.
    pub fn thermal_energy_in_output(&self) -> f64 {
        self.output.energy.of_thermal_energy(self.temperature_k)
    }

    /// The value of the coordinate's unit in that of the output.
    pub fn coordinate_factor(&self) -> f64 {
        self.unit.in_units_of(self.output.coordinate).unwrap_or(1.0)
    }

    /// A force constant in kJ/mol/unit^2 in the units of the output, with their name.
    pub fn force_constant_in_output(&self, constant: f64) -> (f64, String) {
        let OutputUnits { energy, coordinate } = self.output;
        let factor = self.coordinate_factor();
        let constant = constant / energy.in_kj_mol(self.temperature_k) / (factor * factor);
        (constant, ForceConstantUnit { energy, coordinate }.name())
    }

    /// The equations for the free energies of the windows and along the coordinate.
    ///
    /// # Errors
    /// They do not converge.
    pub fn problem(&self) -> Result<Problem, Error> {
        let windows = self.windows.iter().map(|window| window.window.clone()).collect();
        Problem::new(windows, self.bins, self.estimator.into())
    }

    /// The analysis by a solved `problem`, with errors from the `replicates` of its bootstrap.
    pub fn analysis<'a>(&'a self, problem: &'a Problem, replicates: &[Replicate]) -> Analysis<'a> {
        Analysis { umbrella: self, problem, profile: problem.profile(replicates), replicates: replicates.len() }
    }
}

/// The free energies of umbrella windows.
pub struct Analysis<'a> {
    pub umbrella: &'a Umbrella,
    pub problem: &'a Problem,
    pub profile: Profile,
    /// Number of bootstrap replicates that converged.
    pub replicates: usize,
}

impl Analysis<'_> {
    /// Whether all windows are connected by overlap, so that one free energy extends over all of them.
    pub fn is_connected(&self) -> bool {
        self.problem.gaps().is_empty()
    }
}

/// `x` to four decimals.
pub fn to_four_decimals(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}
