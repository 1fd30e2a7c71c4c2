//! What can be said in `[fragments]`?
use crate::engines::{Driver, Reference};
use crate::science::expansion::Bsse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A many-body expansion: energies and their derivatives of a cluster from those of its fragments
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The cluster: xyz (angstrom, several frames give an expansion each) or a QCSchema molecule (bohr). A periodic frame in extended xyz
    /// (Lattice, pbc) has its molecules made whole and clusters at nearest images
    pub molecule: Option<PathBuf>,
    /// The cluster itself, instead of a file: lines of element and position (angstrom)
    pub atoms: Option<String>,
    /// The unit of the molecule's positions, where the file's kind does not tell
    pub units: Option<LengthUnit>,
    /// Atoms of each fragment, counted from 0; by default those that are bonded to one another
    pub fragments: Option<Vec<Vec<usize>>>,
    /// Charge of each fragment; by default those of the molecule's file, or 0
    pub charges: Option<Vec<i32>>,
    /// Multiplicity 2S + 1 of each fragment; by default those of the molecule's file, or the lowest that its electrons allow
    pub multiplicities: Option<Vec<u32>>,
    /// The highest derivative asked for
    pub driver: Option<Driver>,
    /// Treatments of basis-set superposition error; the first one's result is the returned one. By default cp
    #[schemars(length(min = 1))]
    pub bsse: Option<Vec<Bsse>>,
    /// The largest number of fragments that are computed together
    #[schemars(range(min = 1))]
    pub max_order: Option<usize>,
    /// Whether totals are returned, not interactions: by default false for energies, true for derivatives
    pub total: Option<bool>,
    /// Only single fragments and the whole cluster: its interaction energy
    pub supersystem_interaction_only: Option<bool>,
    /// Largest distance within pairs, triples, ..., angstrom: a cluster of fragments is left out when two of them have no atoms so
    /// close, or when one of its sub-clusters is left out. Orders beyond the list are not cut
    pub cutoffs_angstrom: Option<Vec<f64>>,
    /// Point charges of each fragment's atoms, felt by the tasks whose basis the fragment has no part in
    pub embedding_charges: Option<Vec<Vec<f64>>>,
    /// A QCManyBody ManyBodyInput file (JSON) with its own defaults, instead of all of the above and of [[fragments.level]]
    pub input: Option<PathBuf>,
    /// Model chemistries
    #[serde(default)]
    pub level: Vec<LevelSection>,
}

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LengthUnit {
    Angstrom,
    Bohr,
}

/// A model chemistry and the orders of the expansion that it is for
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelSection {
    /// Covers this order and every lower one that no other level covers; by default max_order
    pub order: Option<Order>,
    /// What it is called; by default method/basis
    pub name: Option<String>,
    /// The program
    pub engine: EngineName,
    /// hf, mp2, ...; for xtb gfn2-xtb, gfn1-xtb, gfn0-xtb
    pub method: Option<String>,
    /// The basis set
    pub basis: Option<String>,
    /// For engine embedded: a basis set in Gaussian94 or Basis Set Exchange JSON form, instead of one that is built in
    pub basis_file: Option<PathBuf>,
    /// auto: restricted for singlets, unrestricted for others
    #[serde(default)]
    pub reference: Reference,
    /// Whether core electrons are left out of correlation: of each real atom the orbitals of the noble gas before it, without those that a core
    /// potential replaces
    pub frozen_core: Option<bool>,
    /// Whether densities are fitted
    pub density_fitting: Option<bool>,
    /// Convergence of the energy of self-consistent orbitals, Eh
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scf_convergence: Option<f64>,
    /// Threads of one task
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Handed to the program as they are
    #[serde(default)]
    pub keywords: serde_json::Map<String, serde_json::Value>,
    /// For engine command: the program and its arguments, with {input} and {output}
    pub command: Option<Vec<String>>,
    /// For engine qcengine: the program that QCEngine is to run
    pub program: Option<String>,
    /// For engine recorded: a JSON list of tasks that were computed before
    pub file: Option<PathBuf>,
    /// Keywords to try in turn where a task does not converge
    #[serde(default)]
    pub retry: Vec<RetrySection>,
}

/// What is tried where a task does not converge
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrySection {
    /// Added to the level's own keywords, in place of those of the same name
    pub keywords: serde_json::Map<String, serde_json::Value>,
}

/// The highest order that a level covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Order {
    /// Of so many fragments
    Of(#[schemars(range(min = 1))] usize),
    /// The whole cluster
    Supersystem(SupersystemWord),
}

/// The word for the whole cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SupersystemWord {
    Supersystem,
}

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    Embedded,
    Psi4,
    Nwchem,
    Xtb,
    Qcengine,
    Command,
    Recorded,
}

fn one() -> usize {
    1
}
