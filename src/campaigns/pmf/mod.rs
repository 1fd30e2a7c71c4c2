//! Which potential of mean force follows from umbrella windows that are there already?
//!
//! [`load()`] reads a file of windows and the samples that it names, [`Umbrella::analyze`] finds free energies and errors, and an
//! [`Analysis`] is written as HDF5, drawn, and told in a table. `simmpi pmf` is these in a row.
mod doubts;
mod draw;
mod legends;
mod load;
mod samples;
mod section;
mod told;
mod write;

pub use load::{Refusal, load};
pub use section::{Auto, Discard, Estimator, Quantity, Section, Unit, WindowSection};
pub use write::{Refused, check_output};

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
    /// Whether simmpi itself restrained the windows, so that their parameters are known.
    pub is_own: bool,
    pub unit: Unit,
    pub bootstrap: u32,
    pub seed: CampaignSeed,
    /// SHA-256 of all that determines the result.
    pub fingerprint: String,
    /// The file of windows as given.
    pub config: String,
    pub warnings: Faults,
}

/// A window of an [`Umbrella`].
pub struct UmbrellaWindow {
    /// What messages call it.
    pub name: String,
    /// kJ/mol/unit^2.
    pub force_constant: f64,
    pub window: Window,
    /// Samples that were left out as before equilibrium.
    pub discarded: usize,
    /// Time of the first sample that was kept, where times are known.
    pub from_ps: Option<f64>,
}

impl UmbrellaWindow {
    /// The centre to four decimals, for messages and legends.
    pub fn short_center(&self) -> f64 {
        (self.window.center * 1e4).round() / 1e4
    }
}

impl Umbrella {
    /// kJ/mol.
    pub fn thermal_energy(&self) -> f64 {
        crate::units::GAS_CONSTANT_KJ_PER_MOL_K * self.temperature_k
    }

    /// Free energies of the windows and along the coordinate, with errors.
    ///
    /// # Errors
    /// The equations have no solution that can be found.
    pub fn analyze(&self) -> Result<Analysis<'_>, Error> {
        let windows = self.windows.iter().map(|window| window.window.clone()).collect();
        let problem = Problem::new(windows, self.bins, self.estimator.into())?;
        let drawn = (0..u64::from(self.bootstrap)).filter_map(|index| problem.replicate(index, self.seed));
        let replicates: Vec<Replicate> = drawn.collect();
        let profile = problem.profile(&replicates);
        Ok(Analysis { umbrella: self, problem: Arc::new(problem), profile, replicates: replicates.len() })
    }
}

/// What umbrella windows say.
pub struct Analysis<'a> {
    pub umbrella: &'a Umbrella,
    pub problem: Arc<Problem>,
    pub profile: Profile,
    /// How many replicates the errors are from.
    pub replicates: usize,
}

impl Analysis<'_> {
    /// Whether there is one free energy over all windows.
    pub fn is_whole(&self) -> bool {
        self.problem.gaps().is_empty()
    }
}
