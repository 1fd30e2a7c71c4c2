//! What is computed in one calculation, at which level of theory, with which resources, and what does it give?
use crate::engines::task_launcher::TaskLauncher;
use crate::process::Supervisor;
use crate::science::chemistry::{Element, Molecule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// One molecule to compute.
#[derive(Clone, Copy, Debug)]
pub struct Calculation<'a> {
    /// Its name in messages.
    pub label: &'a str,
    pub molecule: &'a Molecule,
    pub driver: Driver,
    pub chemistry: &'a Chemistry,
}

/// Where a calculation runs, and its share of the node.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    pub supervisor: &'a Supervisor,
    /// An empty folder for this calculation alone; the caller removes it afterwards.
    pub scratch: &'a Path,
    pub threads: usize,
    /// What starts the program, on other cores than the rank's.
    pub launcher: Option<&'a TaskLauncher>,
    /// The cores to run on; by default those of the rank.
    pub cores: Option<&'a [usize]>,
    /// Of each process.
    pub memory_mb: u64,
    pub time_limit: Option<Duration>,
}

/// The highest derivative of the energy with respect to the positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Energy only.
    Energy,
    /// Energy and gradient.
    Gradient,
    /// Energy and Hessian, with the gradient if the engine provides it.
    Hessian,
}

/// Whether both spins share their orbitals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// Restricted for singlets, unrestricted otherwise.
    #[default]
    Auto,
    /// Restricted.
    Rhf,
    /// Unrestricted.
    Uhf,
}

/// A model chemistry. Options that are not set take the documented default of the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chemistry {
    /// `hf`, `mp2`, ... in any case; `gfn2-xtb` and the like for xtb.
    pub method: String,
    pub basis: Option<String>,
    pub reference: Reference,
    pub frozen_core: Option<bool>,
    pub density_fitting: Option<bool>,
    /// Convergence threshold of the SCF energy, Eh.
    pub scf_convergence: Option<f64>,
    /// Program options, passed on unchanged.
    pub keywords: serde_json::Map<String, serde_json::Value>,
}

/// Features that tasks need and that not every engine supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs<'a> {
    /// The elements of all tasks, each once.
    pub elements: &'a [Element],
    pub ghosts: bool,
    pub point_charges: bool,
    pub open_shells: bool,
}

/// The result of a calculation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QcResult {
    /// Eh.
    pub energy: f64,
    /// Eh/bohr, `[atoms * 3]` in the order of the molecule's atoms, ghosts included; none unless requested.
    pub gradient: Option<Vec<f64>>,
    /// Eh/bohr^2, `[3 atoms * 3 atoms]`; none unless requested.
    pub hessian: Option<Vec<f64>>,
    /// Options in effect as reported by the program (density fitting, Cartesian or spherical functions, ...), by name.
    pub effective: BTreeMap<String, String>,
}
