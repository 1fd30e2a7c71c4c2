//! Which windows are sampled along a coordinate, and what comes of them?
//!
//! ```text
//! windows -> [windows-2, -3, ... while neighbours overlap too little] -> bootstrap
//! ```
//!
//! What comes next is a function of the coordinate of all frames and of what windows have given ([`way`]); a window is a simulation of
//! GROMACS in a folder of its own ([`stage`]), and its samples are what `simmpi pmf` would read from there.
mod bootstrap;
mod load;
mod place;
mod round;
mod stage;
mod summary;
mod way;
mod write;

pub use load::{absolute, load};
pub use place::{Refused as PlaceRefused, claim, refuse_strangers};
pub use stage::{SIMULATION, WindowWorkload};
pub use summary::{plan_notes, summary};
pub use way::{Next, Way};
pub use write::{charts, write};

use round::Round;

use crate::campaigns::pmf::{Discard, Estimator};
use crate::campaigns::umbrella::coordinate::Scale;
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::restraint::{Hold, Restraint};
use crate::engines::md::gromacs::{Gromacs, Input, Mdp, Trial};
use crate::task::Cause;
use std::path::PathBuf;
use std::time::Duration;

/// What a window's first structure is called.
const START: &str = "start.gro";

/// What all windows need, whatever their centres are.
pub struct Recipe {
    pub gromacs: Gromacs,
    /// With the number of steps, before seeds are filled in.
    pub mdp: Mdp,
    pub topology: PathBuf,
    pub index: Option<PathBuf>,
    /// Whether that is written by simmpi into the window's folder.
    pub index_is_own: bool,
    pub grompp_args: Vec<String>,
    /// Steps between samples.
    pub sample_every: u64,
    /// What messages call the coordinate, as in `component 1`.
    pub along: String,
    pub scale: Scale,
    pub placing: Placing,
    /// kJ/mol per square of the coordinate's unit; none where it follows from the distances of windows.
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
    /// In the coordinate's unit.
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

    /// What `grompp` makes a run input file of, from the structure file [`START`], and the further files that it reads.
    pub fn input(&self, seed: u64, held: Option<(&dyn Restraint, &Hold)>) -> (Input, Vec<(String, String)>) {
        let seed = seed.to_string();
        let mdp = self.mdp.with(&[("gen-seed", seed.clone()), ("ld-seed", seed)]);
        let (more, files) = held.map_or_else(Default::default, |(by, at)| (by.parameters(at), by.files(at)));
        let input = Input::Parameters {
            mdp: mdp.with(&more),
            structure: Some(START.into()),
            topology: self.topology.clone(),
            index: self.index.clone(),
            args: self.grompp_args.clone(),
        };
        (input, files)
    }

    /// What `grompp` is tried with on the first frame, which stands for all: a restraint at the farthest of the given centres, or at 0.
    ///
    /// # Errors
    /// The frame cannot be read.
    pub fn trial(&self, frames: &Frames, restraint: Option<&dyn Restraint>) -> Result<Trial, Cause> {
        let center = match &self.placing {
            Placing::Given(centers) => centers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Placing::Even(_) | Placing::Quantiles(_) => 0.0,
        };
        let hold = Hold { center, force_constant: self.force_constant.unwrap_or(1.0), every: self.sample_every };
        let (input, mut files) = self.input(1, restraint.map(|restraint| (restraint, &hold)));
        files.push((START.to_owned(), frames.structure(0)?));
        Ok(Trial { input, files })
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
