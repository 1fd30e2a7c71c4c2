//! What does a simulation start from?
use super::mdp::Mdp;
use std::path::PathBuf;

/// One simulation of a replica.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The stem of its files' names.
    pub name: String,
    pub input: Input,
    /// PLUMED's input file in the replica's folder, if PLUMED biases this simulation.
    pub plumed: Option<String>,
}

/// What a simulation starts from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A run input file.
    Tpr(PathBuf),
    /// The input of `grompp`. The structure is the final one of the simulation before, or `structure` for the first.
    Parameters { mdp: Mdp, structure: Option<PathBuf>, topology: PathBuf, index: Option<PathBuf>, args: Vec<String> },
}

impl Simulation {
    /// The same simulation with a time step of `factor` times the length.
    pub fn with_time_step(&self, factor: f64) -> Self {
        let mut shorter = self.clone();
        if let Input::Parameters { mdp, .. } = &mut shorter.input {
            *mdp = mdp.with_time_step(factor);
        }
        shorter
    }
}
