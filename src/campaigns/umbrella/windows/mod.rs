//! Which windows are sampled along a component, and what comes of them?
//!
//! ```text
//! windows -> [windows-2, -3, ... while neighbours overlap too little] -> bootstrap
//! ```
//!
//! What comes next is a function of the projections and of what windows have given ([`way`]); a window is a simulation of GROMACS in a
//! folder of its own ([`stage`]), and its samples are what `simmpi pmf` would read from there ([`series`]).
mod bootstrap;
mod load;
mod place;
mod round;
mod series;
mod stage;
mod told;
mod way;
mod write;

pub use load::load;
pub use place::{Refused as PlaceRefused, claim, refuse_strangers};
pub use stage::WindowStage;
pub use told::{Foreseen, foretold, understood};
pub use way::{Next, Way};
pub use write::{charts, write};

use round::Round;

use crate::campaigns::pmf::{Discard, Estimator};
use crate::engines::gromacs::{Gromacs, Mdp};
use std::path::PathBuf;
use std::time::Duration;

/// What all windows need, whatever their centres are.
pub struct Recipe {
    pub gromacs: Gromacs,
    /// With the number of steps, before seeds are filled in.
    pub mdp: Mdp,
    pub topology: PathBuf,
    pub index: Option<PathBuf>,
    pub grompp_args: Vec<String>,
    /// Steps between samples.
    pub sample_every: u64,
    /// Counted from 0.
    pub component: usize,
    pub placing: Placing,
    /// kJ/mol/nm^2; none where it follows from the distances of windows.
    pub force_constant: Option<f64>,
    /// The most windows in all.
    pub most: usize,
    pub adaptive: bool,
    pub temperature_k: f64,
    pub discard: Discard,
    pub estimator: Estimator,
    pub bins: usize,
    pub bootstrap: u32,
    /// By window, for velocities and random forces.
    pub seeds: Vec<u64>,
    /// Where the windows' folders are.
    pub directory: PathBuf,
    pub stall: Option<Duration>,
    /// Of all files that windows start from, but for the trajectory.
    pub contents: String,
}

/// Where windows stand at the beginning.
#[derive(Clone, Debug, PartialEq)]
pub enum Placing {
    Even(usize),
    Quantiles(usize),
    /// nm.
    Given(Vec<f64>),
}

impl Placing {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Even(count) | Self::Quantiles(count) => *count,
            Self::Given(centers) => centers.len(),
        }
    }
}

impl Recipe {
    /// kJ/mol.
    pub fn thermal_energy(&self) -> f64 {
        crate::units::thermal_energy_kj_mol(self.temperature_k)
    }

    /// The folder of a window.
    pub fn folder(&self, window: usize) -> PathBuf {
        self.directory.join(window.to_string())
    }

    /// What samples and errors take in the result file.
    pub fn output_bytes(&self) -> u64 {
        let samples = self.steps() / self.sample_every + 1;
        16 * samples * self.placing.count() as u64 + 8 * (self.bins * self.bins) as u64
    }

    /// Steps of a window.
    pub fn steps(&self) -> u64 {
        self.mdp.value("nsteps").and_then(|steps| steps.parse().ok()).unwrap_or(0)
    }
}
