//! What can be said in `[umbrella]`?
use crate::campaigns::pmf::{Auto, Discard, Estimator};
use crate::science::geometry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Principal components of a trajectory, and windows along one of them or along a distance or angle
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The frames: .xtc, .trr, .gro or .pdb, or a list of such files that follow each other in time; for windows all atoms of the topology
    pub trajectory: TrajectoryFiles,
    /// The atoms' names, in the trajectory's order: .gro or .pdb
    pub structure: PathBuf,
    /// GROMACS' topology, for windows
    pub topology: Option<PathBuf>,
    /// GROMACS' run parameters, for windows: seeds and the number of steps in them are replaced
    pub mdp: Option<PathBuf>,
    /// Atoms of the components, in MDAnalysis' words
    #[serde(default = "alpha_carbons")]
    pub selection: String,
    /// Atoms that are superposed first; by default those of selection
    pub align: Option<String>,
    /// What they are superposed on: first (the first frame), average (iterated until it stays), or a structure file
    #[serde(default = "first")]
    pub align_to: String,
    /// Whether molecules that are broken across the periodic box, or jump by half of it, are refused
    #[serde(default = "yes")]
    pub check_whole: bool,
    /// How many components to keep; by default 10, or as many as there are
    #[schemars(range(min = 1))]
    pub components: Option<usize>,
    /// The component to bias, counted from 1; by default 1
    #[schemars(range(min = 1))]
    pub component: Option<usize>,
    /// A distance or angle to bias instead of a principal component
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<CoordinateSection>,
    /// How many windows, over the sampled range: from the 1st to the 99th percentile of the frames
    #[schemars(range(min = 1, max = 100_000))]
    pub windows: Option<usize>,
    /// Their distances over the range: even, or with as many frames between each two
    #[serde(default)]
    pub spacing: Spacing,
    /// Centres of windows, nm or degrees, instead of their number
    #[schemars(length(min = 1))]
    pub centers: Option<Vec<f64>>,
    /// Whether windows are added where neighbours overlap too little
    #[serde(default)]
    pub adaptive: bool,
    /// The most windows in all where they are added; by default four times as many as at the beginning
    #[schemars(range(min = 1))]
    pub max_windows: Option<usize>,
    /// Of every window's restraint, kJ/mol/nm^2; "auto" lets each spread over two thirds of the distance to its neighbours
    #[serde(default)]
    pub force_constant_kj_mol_nm2: ForceConstant,
    /// The same along an angle or dihedral, kJ/mol/rad^2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_constant_kj_mol_rad2: Option<ForceConstant>,
    /// Who restrains windows: gromacs itself, or plumed, which is refused
    #[serde(default, skip_serializing_if = "Bias::is_own")]
    pub bias: Bias,
    /// Steps of every window
    #[schemars(range(min = 1))]
    pub steps: Option<u64>,
    /// Steps between samples of the coordinate
    #[serde(default = "fifty")]
    #[schemars(range(min = 1))]
    pub sample_every_steps: u64,
    /// Temperature, K: that of the run parameters
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature_k: Option<f64>,
    /// Samples of each window before this time (ps) are left out; "auto" finds where its equilibrium begins
    #[serde(default = "found")]
    pub discard_ps: Discard,
    /// How free energies are estimated
    #[serde(default)]
    pub estimator: Estimator,
    /// Into how many bins the coordinate is divided
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 100_000))]
    pub bins: u32,
    /// How many times the blocks of samples are weighted anew for errors; 0 for no errors
    #[serde(default = "hundred")]
    #[schemars(range(max = 1_000_000))]
    pub bootstrap: u32,
    /// Where the windows' folders are; by default beside the output, as `umbrella.windows` of `umbrella.h5`
    pub directory: Option<PathBuf>,
    /// GROMACS' index of groups
    pub index: Option<PathBuf>,
    /// Further arguments of grompp
    #[serde(default)]
    pub grompp_args: Vec<String>,
    /// The program
    #[serde(default = "gmx")]
    pub binary: PathBuf,
    /// Thread-MPI ranks of a window (-ntmpi)
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub thread_mpi_ranks: usize,
    /// OpenMP threads of each of them (-ntomp); with them never more in all than the rank has cores, unless oversubscribe says so
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Run with more threads than the rank has cores, where there are too few: slowly, and without pinning them
    #[serde(default)]
    pub oversubscribe: bool,
    /// Numbers of GPUs, shared out by the ranks' places on their node
    #[serde(default)]
    pub gpus: Vec<u32>,
    /// Windows that run on a GPU at once
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub replicas_per_gpu: usize,
    /// Further arguments of mdrun
    #[serde(default)]
    pub mdrun_args: Vec<String>,
    /// A window whose program neither prints nor writes anything for so long is ended and tried again, s
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub stall_timeout_s: Option<f64>,
    /// The last part that is run
    pub stop_after: Option<Part>,
}

/// One file, or parts of one run in the order of their times
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TrajectoryFiles {
    One(PathBuf),
    Several(#[schemars(length(min = 1))] Vec<PathBuf>),
}

impl TrajectoryFiles {
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Several(paths) => paths,
        }
    }
}

/// Keys that say where and by which means, but not what.
const MEANS: &[&str] = &[
    "directory",
    "binary",
    "gpus",
    "replicas_per_gpu",
    "stall_timeout_s",
    "index",
    "threads",
    "thread_mpi_ranks",
    "oversubscribe",
];
/// Keys that only matter to windows.
const OF_WINDOWS: &[&str] = &[
    "topology",
    "mdp",
    "component",
    "windows",
    "spacing",
    "centers",
    "adaptive",
    "max_windows",
    "force_constant_kj_mol_nm2",
    "steps",
    "sample_every_steps",
    "temperature_k",
    "discard_ps",
    "estimator",
    "bins",
    "bootstrap",
    "grompp_args",
    "mdrun_args",
];

impl Section {
    /// What determines the results, by key; files are named by their paths.
    pub fn identity(&self) -> serde_json::Value {
        let mut identity = serde_json::to_value(self).unwrap_or_default();
        if let Some(keys) = identity.as_object_mut() {
            let is_only_pca = self.stop_after == Some(Part::Pca);
            let is_left_out = |key: &str| MEANS.contains(&key) || is_only_pca && OF_WINDOWS.contains(&key);
            keys.retain(|key, _| !is_left_out(key));
        }
        identity
    }
}

/// What is biased instead of a principal component
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoordinateSection {
    /// distance (two groups), angle (three, the second at its vertex) or dihedral (four)
    pub kind: CoordinateKind,
    /// Atoms in MDAnalysis' words; a group stands at its centre of mass
    #[schemars(length(min = 2, max = 4))]
    pub groups: Vec<String>,
}

/// What is measured between groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CoordinateKind {
    Distance,
    Angle,
    Dihedral,
}

impl From<CoordinateKind> for geometry::Kind {
    fn from(kind: CoordinateKind) -> Self {
        match kind {
            CoordinateKind::Distance => Self::Distance,
            CoordinateKind::Angle => Self::Angle,
            CoordinateKind::Dihedral => Self::Dihedral,
        }
    }
}

/// A part of the campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The components and projections
    Pca,
}

/// How windows lie over the sampled range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    #[default]
    Even,
    Quantile,
}

/// Who restrains windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bias {
    #[default]
    Gromacs,
    Plumed,
}

impl Bias {
    fn is_own(&self) -> bool {
        *self == Self::Gromacs
    }
}

/// How stiff restraints are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ForceConstant {
    Given(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    Found(Auto),
}

impl ForceConstant {
    /// The number, where it is one.
    pub fn given(self) -> Option<f64> {
        match self {
            Self::Given(constant) => Some(constant),
            Self::Found(_) => None,
        }
    }
}

impl Default for ForceConstant {
    fn default() -> Self {
        Self::Found(Auto::Auto)
    }
}

fn alpha_carbons() -> String {
    "name CA".into()
}

fn first() -> String {
    "first".into()
}

fn yes() -> bool {
    true
}

fn found() -> Discard {
    Discard::Auto(Auto::Auto)
}

fn one() -> usize {
    1
}

fn fifty() -> u64 {
    50
}

fn hundred() -> u32 {
    100
}

fn gmx() -> PathBuf {
    "gmx".into()
}
