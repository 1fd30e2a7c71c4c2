//! Which programs compute a molecule's energy, and how is each asked?
//!
//! An engine is one file here. It is asked for one molecule at a time ([`Job`]) at a place that is
//! its own ([`Site`]); what it cannot do at all is known before anything runs ([`Engine::refusals`]).
//!
//! ```text
//! Job -> verify::question -> input files -> call -> ending -> output files -> verify::answer -> Answer
//! ```
//!
//! [`Psi4`], [`NwChem`] and [`Xtb`] write the program's own input; [`QcEngine`] and [`Command`] speak QCSchema.
//! What they share, a file each: `find` where a program is, `call` it, tell its `ending`, read its `text` within bounds,
//! `verify` what goes in and comes out, `refuse` by name,
//! and which core electrons effective core `potentials` replace or a frozen core has.
//!
//! Replicas of a simulation are another thing: a program runs for them in a folder that stays ([`replica`]), and [`gromacs`] goes on from its
//! checkpoints there.
//! [`model`] computes no molecule: it runs replicas of an ensemble without any program.
mod basis;
mod call;
mod command;
mod embedded;
mod ending;
mod find;
mod forecast;
pub mod gromacs;
pub mod model;
mod nwchem;
mod potentials;
mod psi4;
mod qcengine;
mod qcschema;
mod recorded;
mod refuse;
pub mod replica;
mod text;
mod verify;
mod xtb;

pub use basis::is_cartesian;
pub use command::{Command, in_folder};
pub use embedded::{Embedded, SOLUTION};
pub use find::{locate, locate_with_scripts};
pub use forecast::Forecast;
pub use nwchem::NwChem;
pub use psi4::Psi4;
pub use qcengine::QcEngine;
pub use recorded::Recorded;
pub use xtb::Xtb;

use crate::process::Guard;
use crate::science::chemistry::{Element, Molecule};
use crate::task::Cause;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is asked of a molecule: the highest derivative of its energy with respect to the positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// The energy alone.
    Energy,
    /// Also the first derivatives.
    Gradient,
    /// Also the second derivatives.
    Hessian,
}

/// Whether the orbitals of both spins are the same.
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

/// A model chemistry. What is not given is the engine's own, documented choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chemistry {
    /// `hf`, `mp2`, ... in any case; for xtb `gfn2-xtb` and the like.
    pub method: String,
    pub basis: Option<String>,
    pub reference: Reference,
    pub frozen_core: Option<bool>,
    pub density_fitting: Option<bool>,
    /// Of the energy, Eh.
    pub scf_convergence: Option<f64>,
    /// Handed to the program as they are.
    pub keywords: serde_json::Map<String, serde_json::Value>,
}

/// What tasks need that not every engine can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs<'a> {
    /// Those of all tasks, each once.
    pub elements: &'a [Element],
    pub ghosts: bool,
    pub point_charges: bool,
    pub open_shells: bool,
}

/// Something that an engine cannot do: a key of its level (`method`, `basis`, ...), `engine` for the engine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub key: &'static str,
    pub message: String,
    pub help: String,
}

/// A program that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub path: PathBuf,
    pub version: String,
}

/// A program that is not there, or does not tell its version: what was tried, and how to install it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub message: String,
    pub help: String,
}

/// One molecule to compute.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What it is called in messages.
    pub label: &'a str,
    pub molecule: &'a Molecule,
    pub driver: Driver,
    pub chemistry: &'a Chemistry,
}

/// Where and with what a job runs.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    pub guard: &'a Guard,
    /// An empty folder of the job's own; it is removed afterwards.
    pub scratch: &'a Path,
    pub threads: usize,
    /// The cores to run on; those of the rank where there are none given.
    pub cores: Option<&'a [usize]>,
    pub memory_mb: u64,
    pub time_limit: Option<Duration>,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Eh.
    pub energy: f64,
    /// Eh/bohr, `[atoms * 3]`, ghosts included, in the order of the molecule's atoms; there where it was asked for.
    pub gradient: Option<Vec<f64>>,
    /// Eh/bohr^2, `[3 atoms * 3 atoms]`; there where it was asked for.
    pub hessian: Option<Vec<f64>>,
    /// Options that were in effect as the program tells them (density fitting, Cartesian or spherical functions, ...), by name.
    pub effective: BTreeMap<String, String>,
}

/// A program or library that computes molecules.
pub trait Engine: Send + Sync {
    /// Its name in the configuration.
    fn name(&self) -> &'static str;

    /// What it cannot do of what is asked.
    fn refusals(&self, driver: Driver, chemistry: &Chemistry, needs: Needs) -> Vec<Refusal>;

    /// Where the program is and which version; none for what is built in.
    ///
    /// # Errors
    /// It is not there, or cannot be run.
    fn find(&self, guard: &Guard) -> Result<Option<Found>, Missing>;

    /// Whether a frozen core leaves no electrons of a molecule to correlate, as far as the level's own keys and keywords tell.
    fn is_all_frozen(&self, _: &Molecule, _: &Chemistry) -> bool {
        false
    }

    /// Time that it takes to start, s of CPU: for estimates of cost.
    fn start_s(&self) -> f64;

    /// Computes one molecule.
    ///
    /// # Errors
    /// It has no energy; the cause says whether another attempt may end differently.
    fn run(&self, job: &Job, site: &Site) -> Result<Answer, Cause>;
}
