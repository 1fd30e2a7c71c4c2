//! What do all windows of a campaign share?
use crate::campaigns::replicas::RunRules;
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::restraint::{Restraint, RestraintParameters};
use crate::campaigns::umbrella::scale::Scale;
use crate::campaigns::umbrella::section::Section;
use crate::engines::md::gromacs::{Gromacs, Input, Mdp, Trial};
use crate::task::Cause;
use std::path::PathBuf;

/// Name of the initial structure in the folder of a window.
pub const START: &str = "start.gro";

/// What all windows share, whatever their centres are.
pub struct WindowSetup {
    /// What is configured; keys that need more than a default are resolved below.
    pub section: Section,
    pub gromacs: Gromacs,
    /// Run parameters with the number of steps, without seeds.
    pub mdp: Mdp,
    pub topology: PathBuf,
    pub index: Option<PathBuf>,
    /// Whether simmpi writes `index` into the folder of the window.
    pub index_is_own: bool,
    /// The name of the coordinate in messages, as in `component 1`.
    pub along: String,
    pub scale: Scale,
    pub placing: Placing,
    /// kJ/mol per square of the unit of the coordinate; none where it is chosen from the spacing of windows.
    pub force_constant: Option<f64>,
    /// Largest number of windows, added ones included.
    pub max_windows: usize,
    pub temperature_k: f64,
    /// Seeds of velocities and random forces, by window.
    pub seeds: Vec<u64>,
    /// Folder of the folders of windows.
    pub directory: PathBuf,
    pub rules: RunRules,
    /// Digests of all input files of windows except for the trajectory.
    pub contents: String,
}

/// Centres of the first windows.
#[derive(Clone, Debug, PartialEq)]
pub enum Placing {
    Even(usize),
    Quantiles(usize),
    /// In the unit of the coordinate.
    Given(Vec<f64>),
}

impl Placing {
    /// Number of windows.
    pub fn count(&self) -> usize {
        match self {
            Self::Even(count) | Self::Quantiles(count) => *count,
            Self::Given(centers) => centers.len(),
        }
    }
}

impl WindowSetup {
    /// kT, kJ/mol.
    pub fn thermal_energy(&self) -> f64 {
        crate::units::thermal_energy_kj_mol(self.temperature_k)
    }

    /// The folder of a window.
    pub fn folder(&self, window: usize) -> PathBuf {
        self.directory.join(window.to_string())
    }

    /// The input of `grompp` for the structure [`START`], and further files that it reads: (name, text).
    pub fn input(
        &self,
        seed: u64,
        restraint: Option<(&dyn Restraint, &RestraintParameters)>,
    ) -> (Input, Vec<(String, String)>) {
        let seed = seed.to_string();
        let mdp = self.mdp.with(&[("gen-seed", seed.clone()), ("ld-seed", seed)]);
        let (more, files) = restraint.map_or_else(Default::default, |(restraint, parameters)| {
            (restraint.parameters(parameters), restraint.files(parameters))
        });
        let input = Input::Parameters {
            mdp: mdp.with(&more),
            structure: Some(START.into()),
            topology: self.topology.clone(),
            index: self.index.clone(),
            args: self.section.gromacs.grompp_args.clone(),
        };
        (input, files)
    }

    /// The input of a trial of `grompp` with the first frame, restrained at the largest of the given centres, or at 0.
    ///
    /// # Errors
    /// The frame cannot be read.
    pub fn trial(&self, frames: &Frames, restraint: Option<&dyn Restraint>) -> Result<Trial, Cause> {
        let center = match &self.placing {
            Placing::Given(centers) => centers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Placing::Even(_) | Placing::Quantiles(_) => 0.0,
        };
        let force_constant = self.force_constant.unwrap_or(1.0);
        let parameters = RestraintParameters { center, force_constant, output_every: self.section.sample_every_steps };
        let (input, mut files) = self.input(1, restraint.map(|restraint| (restraint, &parameters)));
        files.push((START.to_owned(), frames.structure(0)?));
        Ok(Trial { input, files })
    }

    /// Estimated size of samples and errors in the result file, bytes.
    pub fn output_bytes(&self) -> u64 {
        let samples = self.steps() / self.section.sample_every_steps + 1;
        16 * samples * self.placing.count() as u64 + 8 * u64::from(self.section.bins).pow(2)
    }

    /// Number of steps of a window.
    pub fn steps(&self) -> u64 {
        self.mdp.value("nsteps").and_then(|steps| steps.parse().ok()).unwrap_or(0)
    }
}
