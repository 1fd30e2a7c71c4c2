//! What are umbrella windows with their samples, and what is their analysis?
use super::settings::{Estimator, Unit};
use crate::science::free_energy::{Bins, Error, Problem, Profile, Replicate, Window};

/// Windows with their samples, ready for analysis.
pub struct Umbrella {
    pub windows: Vec<UmbrellaWindow>,
    pub bins: Bins,
    pub estimator: Estimator,
    pub temperature_k: f64,
    /// Whether simmpi itself applied the restraints, so that their parameters are certain.
    pub is_own: bool,
    pub unit: Unit,
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
    /// The center to four decimals, for messages and legends.
    pub fn short_center(&self) -> f64 {
        (self.window.center * 1e4).round() / 1e4
    }
}

impl Umbrella {
    /// kT, kJ/mol.
    pub fn thermal_energy(&self) -> f64 {
        crate::units::GAS_CONSTANT_KJ_PER_MOL_K * self.temperature_k
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
