//! What can be said in `[ensemble]`?
use crate::engines::md::model::ModelSection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Many replicas of one simulation, each with a seed of its own
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The replicas' seeds, one each: a range like "0-15", several like "0-7,100-107", or a list. May grow at its end
    pub seeds: Option<Seeds>,
    /// The number of replicas, instead of their seeds: these then derive from the campaign's, 31 bits each. May grow
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// The folder of a replica, as in "replicas/{seed}"; made where it is missing. By default programs run in the configuration's
    /// folder and nothing they print is kept
    #[schemars(length(min = 1))]
    pub directory: Option<String>,
    /// What runs a replica
    pub engine: EngineName,
    /// Time between the first starts of two ranks, s
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub stagger_s: f64,
    /// A replica whose program neither prints nor writes anything for so long is ended and tried again, s
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub stall_timeout_s: Option<f64>,
    /// Files of a replica's folder and where they come from; sources that end in .j2 are rendered, others copied
    #[serde(default)]
    pub files: BTreeMap<String, PathBuf>,
    /// What templates may name besides seed and replica
    #[serde(default)]
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// For engine gromacs
    pub gromacs: Option<GromacsSection>,
    /// For engine command
    pub command: Option<CommandSection>,
    /// For engine model
    pub model: Option<ModelSection>,
    /// Columns that are gathered from every replica
    #[serde(default)]
    pub collect: Vec<CollectSection>,
    /// Free energies from biased replicas
    #[serde(default)]
    pub free_energy: Vec<FreeEnergySection>,
}

/// The seeds of all replicas.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Seeds {
    /// A range, or several
    Range(String),
    /// One by one
    List(Vec<u64>),
}

/// What runs a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    Gromacs,
    Command,
    Model,
}

/// Replicas by any program
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSection {
    /// The program and its arguments. {seed}, {replica}, {directory}, {threads} and every key of [ensemble.variables] are filled in; {{
    /// is a brace
    #[schemars(length(min = 1))]
    pub argv: Vec<String>,
    /// Threads of one replica; never more than the rank has cores, unless oversubscribe says so
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Run with more threads than the rank has cores, where there are too few: slowly, and without binding them to cores
    #[serde(default)]
    pub oversubscribe: bool,
    /// Variables of its environment, filled in as arguments are
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Files that it leaves where it has come to its end. Without one the replica is reported as failed, though its program is not started
    /// again after exit code 0
    #[serde(default)]
    pub produces: Vec<String>,
    /// What a replica that was not finished begins with when it is tried again
    #[serde(default)]
    pub again: Again,
}

/// What a replica that was not finished begins with when it is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Again {
    /// An empty folder
    #[default]
    Fresh,
    /// All that the attempt before left: the program goes on by itself
    Continue,
}

/// Replicas by GROMACS, with PLUMED where it is installed
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GromacsSection {
    /// Parameters of the only stage; a name that ends in .j2 is rendered
    pub mdp: Option<PathBuf>,
    /// A run input file, instead of mdp, structure and topology
    pub tpr: Option<PathBuf>,
    /// Stages in their order, such as em, nvt and run: each begins with the structure that the one before ended with
    #[serde(default)]
    pub stage: Vec<StageSection>,
    /// Structure that the first stage begins with
    pub structure: Option<PathBuf>,
    /// Topology
    pub topology: Option<PathBuf>,
    /// Index of groups
    pub index: Option<PathBuf>,
    /// Further arguments of grompp
    #[serde(default)]
    pub grompp_args: Vec<String>,
    /// The program
    #[serde(default = "gmx")]
    pub binary: PathBuf,
    /// Thread-MPI ranks of a replica (-ntmpi)
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
    /// Replicas that run on a GPU at once
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub replicas_per_gpu: usize,
    /// Input of PLUMED, a file of the replica's folder (see [ensemble.files]); with stages each names its own
    pub plumed: Option<String>,
    /// Further arguments of mdrun
    #[serde(default)]
    pub mdrun_args: Vec<String>,
    /// Where a simulation blows up (LINCS, SETTLE), it is tried once more from its beginning with its time step multiplied by this
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub unstable_time_step_factor: Option<f64>,
}

/// One of several simulations that follow each other
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSection {
    /// What its files are called
    #[schemars(length(min = 1))]
    pub name: String,
    /// Parameters; a name that ends in .j2 is rendered
    pub mdp: PathBuf,
    /// Further arguments of grompp for this stage
    #[serde(default)]
    pub grompp_args: Vec<String>,
    /// Input of PLUMED, a file of the replica's folder (see [ensemble.files]), where PLUMED biases this stage
    pub plumed: Option<String>,
}

/// Columns that are gathered from a file of every replica
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectSection {
    /// The file, in the replica's folder: COLVAR, xvg or plain columns. That of the model is called COLVAR
    #[schemars(length(min = 1))]
    pub file: String,
    /// Columns by the names of the file's header, or by their places, counted from 0. They may be changed when replicas are done: the files
    /// are then read again and nothing runs. Values that are not finite are stored as they are
    #[schemars(length(min = 1))]
    pub columns: Vec<ColumnName>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnName {
    /// By its name
    Name(String),
    /// By its place
    Place(u32),
}

/// A free energy from biased replicas, each normalised by itself
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreeEnergySection {
    /// What its group is called; by default as the variables
    pub name: Option<String>,
    /// One or two columns of a file that is collected
    #[schemars(length(min = 1, max = 2))]
    pub cvs: Vec<String>,
    /// The column of the bias, as opes.bias or metad.rbias
    pub bias: String,
    /// Temperature, K; the model has its own
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature_k: Option<f64>,
    /// What is left out at the beginning, ps, or the model's own time
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub discard_ps: f64,
    /// Bins of each variable
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = 10_000))]
    pub grid: usize,
    /// Lower and upper end of each variable; by default all samples, or a whole period around 0
    pub range: Option<Vec<[f64; 2]>>,
    /// The period of each variable, 0 for one that has none; by default what `#! SET min_...` and `max_...` of the replicas' files say
    pub period: Option<Vec<f64>>,
    /// Width of the gaussian that each sample is smeared by, of each variable; by default samples are counted in bins
    pub bandwidth: Option<Vec<f64>>,
    /// Two boxes within one period, each the lower and upper end of each variable: the free energy of the first less that of the second is computed
    #[schemars(length(min = 2, max = 2))]
    pub regions: Option<Vec<Vec<[f64; 2]>>>,
}

fn one() -> usize {
    1
}

fn sixty() -> usize {
    60
}

fn gmx() -> PathBuf {
    "gmx".into()
}
