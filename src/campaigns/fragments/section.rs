//! Which keys does `[fragments]` have?
use crate::engines::qc::{Driver, Reference};
use crate::science::expansion::Bsse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A many-body expansion: energies and their derivatives of a cluster from those of its fragments
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// File of the cluster: xyz, PDB (angstrom) or GRO (nm), whose frames give an expansion each; input of psi4 or Q-Chem; a QCSchema molecule
    /// (bohr). In a periodic frame molecules are made whole, and clusters use nearest images
    #[schemars(length(min = 1))]
    pub molecule: Option<PathBuf>,
    /// The cluster itself, instead of a file: lines of element symbol, x, y, z (angstrom), or a molecule block of psi4 or Q-Chem
    pub atoms: Option<String>,
    /// Format of the molecule; by default it is recognized by content and extension
    pub format: Option<MoleculeFormat>,
    /// Unit of length of the molecule; by default that of the file, else angstrom, for QCSchema bohr
    pub units: Option<LengthUnit>,
    /// false: frames are clusters of whole molecules, whatever cell the file has. By default frames with a cell are periodic
    pub periodic: Option<bool>,
    /// Atoms of each fragment, counted from 0; by default those of the molecule file, or what `fragmentation` says
    pub fragments: Option<Vec<Vec<usize>>>,
    /// What the fragments are: molecules (atoms connected by bonds) or residues (of a PDB or GRO file). By default fragments of the molecule
    /// file, or molecules
    pub fragmentation: Option<Fragmentation>,
    /// Charge of each fragment, elementary charges, or charges by formula or residue, as in { HCO2 = -1, Na = 1 }; by default those of the
    /// molecule file, or 0
    pub charges: Option<PerFragment<i32>>,
    /// Multiplicity 2S + 1 of each fragment, or multiplicities by formula or residue, as in { O2 = 3 }; by default those of the molecule file,
    /// or the lowest that its electrons allow
    pub multiplicities: Option<PerFragment<u32>>,
    /// Highest derivative of the energy; by default energy
    pub driver: Option<Driver>,
    /// Treatments of the basis-set superposition error; the results of the first are returned. By default cp
    #[schemars(length(min = 1))]
    pub bsse: Option<Vec<Bsse>>,
    /// Largest number of fragments that are computed together
    #[schemars(range(min = 1))]
    pub max_order: Option<usize>,
    /// Return totals instead of interactions; by default false for energies, true for derivatives
    pub total: Option<bool>,
    /// Compute only single fragments and the whole cluster, which gives its interaction energy
    pub supersystem_interaction_only: Option<bool>,
    /// Largest distance within pairs, triples, ..., angstrom: a cluster of fragments is left out if the nearest atoms of two of them are
    /// farther apart, or if one of its sub-clusters is left out. Orders beyond the list have no cutoff
    pub cutoffs_angstrom: Option<Vec<f64>>,
    /// Point charges of each fragment's atoms, elementary charges; they act in the tasks whose basis does not contain the fragment
    pub embedding_charges: Option<Vec<Vec<f64>>>,
    /// A QCManyBody ManyBodyInput file (JSON) with its own defaults, instead of all of the above and of [[fragments.level]]
    pub input: Option<PathBuf>,
    /// Model chemistries and the orders that they cover
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub level: Vec<LevelSection>,
}

/// A unit of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LengthUnit {
    Angstrom,
    Bohr,
}

/// A format of molecules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MoleculeFormat {
    Xyz,
    Psi4,
    Qchem,
    Pdb,
    Gro,
    Qcschema,
}

/// How a cluster is divided into fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fragmentation {
    Molecules,
    Residues,
}

/// Values of fragments: a list of one for each, or some by formula or residue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PerFragment<T> {
    /// In the order of the fragments
    List(Vec<T>),
    /// By formula (H2O) or name of a residue (SOL)
    ByName(BTreeMap<String, T>),
}

/// A model chemistry and the orders of the expansion that it covers
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelSection {
    /// Covers this order and every lower one that no other level covers; by default max_order
    pub order: Option<Order>,
    /// Name; by default method/basis
    pub name: Option<String>,
    /// What computes the tasks
    pub engine: EngineName,
    /// Method: hf, mp2, ...; for xtb gfn2-xtb, gfn1-xtb, gfn0-xtb
    pub method: Option<String>,
    /// Basis set
    pub basis: Option<String>,
    /// For engine embedded: file of a basis set in Gaussian94 or Basis Set Exchange JSON format, instead of a built-in one
    pub basis_file: Option<PathBuf>,
    /// Reference of the SCF; auto: restricted for singlets, unrestricted for others
    #[serde(default)]
    pub reference: Reference,
    /// Leave core electrons out of the correlation: of each real atom the orbitals of the preceding noble gas, without those that a core
    /// potential replaces
    pub frozen_core: Option<bool>,
    /// Use density fitting
    pub density_fitting: Option<bool>,
    /// Convergence threshold of the SCF energy, Eh
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub scf_convergence: Option<f64>,
    /// Threads of each task, or of each of its ranks
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Launcher of the batch system that starts the program, as in ["srun", "--exact", "--nodes=1", "--ntasks={ranks}",
    /// "--cpus-per-task={threads}"], with the keys ranks and threads. Its cores are not those of the rank, and scratch files lie beside the
    /// output. By default the program runs on the cores of the rank
    #[schemars(length(min = 1))]
    pub launcher: Option<Vec<String>>,
    /// Processes of each task, which the launcher starts: for engine nwchem and command
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub ranks: usize,
    /// Keywords of the program, passed unchanged
    #[serde(default)]
    pub keywords: serde_json::Map<String, serde_json::Value>,
    /// For engine command: the program and its arguments, with {input} and {output} for the files
    pub command: Option<Vec<String>>,
    /// For engine qcengine: the program that QCEngine runs
    pub program: Option<String>,
    /// For engine recorded: JSON file with a list of computed tasks
    pub file: Option<PathBuf>,
    /// Keywords to try in turn where a task does not converge
    #[serde(default)]
    pub retry: Vec<RetrySection>,
}

/// Another attempt where a task does not converge
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrySection {
    /// Keywords added to those of the level; they replace those of the same name
    pub keywords: serde_json::Map<String, serde_json::Value>,
}

/// The highest order that a level covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Order {
    /// A number of fragments
    Of(#[schemars(range(min = 1))] usize),
    /// The whole cluster
    Supersystem(SupersystemWord),
}

/// The name of the whole cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SupersystemWord {
    Supersystem,
}

/// What computes tasks.
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
