//! What are umbrella windows with their samples, and what is their analysis?
use super::section::{Estimator, Unit};
use crate::config::Faults;
use crate::science::free_energy::{Bins, Error, Problem, Profile, Replicate, Window};
use crate::seed::CampaignSeed;
use std::sync::Arc;

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
    pub seed: CampaignSeed,
    /// SHA-256 of everything that determines the result.
    pub fingerprint: String,
    /// The text of the file of windows.
    pub config: String,
    pub warnings: Faults,
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

    /// Free energies of the windows and along the coordinate, with errors.
    ///
    /// # Errors
    /// The equations do not converge.
    pub fn analyze(&self) -> Result<Analysis<'_>, Error> {
        let windows = self.windows.iter().map(|window| window.window.clone()).collect();
        let problem = Problem::new(windows, self.bins, self.estimator.into())?;
        let drawn = (0..u64::from(self.bootstrap)).filter_map(|index| problem.replicate(index, self.seed));
        let replicates: Vec<Replicate> = drawn.collect();
        let profile = problem.profile(&replicates);
        Ok(Analysis { umbrella: self, problem: Arc::new(problem), profile, replicates: replicates.len() })
    }
}

/// The free energies of umbrella windows.
pub struct Analysis<'a> {
    pub umbrella: &'a Umbrella,
    pub problem: Arc<Problem>,
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
