//! Which keys does `[ensemble]` have?
use crate::campaigns::replicas::seeds::Seeds;
use crate::engines::md::gromacs::Gromacs;
use crate::engines::md::model::ModelSection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Many replicas of one simulation, each with its own seed
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Seeds of the replicas: a range like "0-15", several ranges like "0-7,100-107", or a list. Seeds may be appended later
    pub seeds: Option<Seeds>,
    /// Number of replicas, instead of `seeds`: 31-bit seeds are derived from campaign.seed. May be increased later
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// Folder of a replica, as in "replicas/{seed}"; created if necessary. By default programs run in the folder of the configuration,
    /// and their output is not kept
    #[schemars(length(min = 1))]
    pub directory: Option<String>,
    /// Program that runs a replica
    pub engine: EngineName,
    /// Delay between the first starts of consecutive ranks, s
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub stagger_s: f64,
    /// A replica whose program neither prints nor writes anything for this time is stopped and retried, s
    #[serde(rename = "stall_timeout_s")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub watchdog_timeout_s: Option<f64>,
    /// Files in the folder of a replica and their sources; sources that end in .j2 are rendered, others copied
    #[serde(default)]
    pub files: BTreeMap<String, PathBuf>,
    /// Values that templates may use besides seed and replica
    #[serde(default)]
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// For engine gromacs
    pub gromacs: Option<GromacsSection>,
    /// For engine command
    pub command: Option<CommandSection>,
    /// For engine model
    pub model: Option<ModelSection>,
    /// Columns to collect from the files of every replica
    #[serde(default)]
    pub collect: Vec<CollectSection>,
    /// Free energies from biased replicas
    #[serde(default)]
    pub free_energy: Vec<FreeEnergySection>,
}

/// Program that runs a replica
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    Gromacs,
    Command,
    Model,
}

/// Replicas run by any program
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSection {
    /// Program and arguments. {seed}, {replica}, {directory}, {threads} and every key of [ensemble.variables] are replaced; {{ is a
    /// literal brace
    #[schemars(length(min = 1))]
    pub argv: Vec<String>,
    /// Launcher of the batch system that starts the program, as in ["srun", "--exact", "--nodes=1", "--ntasks={ranks}",
    /// "--cpus-per-task={threads}"], with the keys ranks and threads. Its cores are not those of the rank. By default the program runs on
    /// the cores of the rank
    #[schemars(length(min = 1))]
    pub launcher: Option<Vec<String>>,
    /// Processes of one replica, which the launcher starts
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub ranks: usize,
    /// Threads of one replica, or of each of its ranks; without a launcher at most the cores of a rank, unless oversubscribe is set
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub threads: usize,
    /// Allow more threads than the rank has cores: slower, and not bound to cores
    #[serde(default)]
    pub oversubscribe: bool,
    /// Environment variables; names in braces are replaced as in argv
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Files that a finished program leaves. Without one of them the replica counts as failed, but after exit code 0 the program is not
    /// started again
    #[serde(default)]
    pub produces: Vec<String>,
    /// What an unfinished replica starts from when it is retried
    #[serde(default)]
    pub again: Again,
}

/// What an unfinished replica starts from when it is retried
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Again {
    /// An empty folder
    #[default]
    Fresh,
    /// The files of the previous attempt, from which the program continues by itself
    Continue,
}

/// Replicas run by GROMACS, with PLUMED if it is installed
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GromacsSection {
    /// Run parameters (.mdp) of a single simulation; a file that ends in .j2 is rendered
    pub mdp: Option<PathBuf>,
    /// Run input file (.tpr), instead of mdp, structure and topology
    pub tpr: Option<PathBuf>,
    /// Consecutive simulations, such as em, nvt and run: each starts from the final structure of the previous one
    #[serde(default)]
    pub stage: Vec<StageSection>,
    /// Initial structure of the first simulation
    pub structure: Option<PathBuf>,
    /// Topology (.top)
    pub topology: Option<PathBuf>,
    /// Index file (.ndx)
    pub index: Option<PathBuf>,
    #[serde(flatten)]
    pub gromacs: Gromacs,
    /// PLUMED input, a file in the folder of the replica (see [ensemble.files]); with stages a key of the stage
    pub plumed: Option<String>,
    /// A simulation that blows up (LINCS, SETTLE) is restarted once with its time step multiplied by this factor
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub unstable_time_step_factor: Option<f64>,
}

impl GromacsSection {
    /// The run parameters of a stage, and their key in `[ensemble]`; none with a run input file.
    pub fn mdp(&self, stage: usize) -> Option<(String, PathBuf)> {
        match &self.mdp {
            Some(mdp) => Some(("gromacs.mdp".to_owned(), mdp.clone())),
            None => self.stage.get(stage).map(|one| (format!("gromacs.stage.{stage}.mdp"), one.mdp.clone())),
        }
    }

    /// The key of PLUMED's input of a stage, in `[ensemble.gromacs]`.
    pub fn plumed_key(&self, stage: usize) -> String {
        if self.stage.is_empty() { "plumed".to_owned() } else { format!("stage.{stage}.plumed") }
    }
}

/// One of several consecutive simulations
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageSection {
    /// Base name of its files
    #[schemars(length(min = 1))]
    pub name: String,
    /// Run parameters (.mdp); a file that ends in .j2 is rendered
    pub mdp: PathBuf,
    /// Additional arguments of grompp for this stage
    #[serde(default)]
    pub grompp_args: Vec<String>,
    /// PLUMED input of a biased stage, a file in the folder of the replica (see [ensemble.files])
    pub plumed: Option<String>,
}

/// Columns to collect from a file of every replica
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectSection {
    /// File in the folder of the replica: COLVAR, xvg or plain columns. The model writes COLVAR
    #[schemars(length(min = 1))]
    pub file: String,
    /// Columns by their names in the header, or by their indices, counted from 0. May be changed when replicas are done: the files are
    /// read again and nothing runs. Values that are not finite are stored as they are
    #[schemars(length(min = 1))]
    pub columns: Vec<ColumnName>,
}

/// A column
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnName {
    /// By its name
    Name(String),
    /// By its index, counted from 0
    Index(u32),
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

/// A free energy from biased replicas, each normalised separately
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreeEnergySection {
    /// Name of its group in the result file; by default the names of the variables
    pub name: Option<String>,
    /// Collective variables: one or two columns of a collected file
    #[schemars(length(min = 1, max = 2))]
    pub cvs: Vec<String>,
    /// Column of the bias, as opes.bias or metad.rbias
    pub bias: String,
    /// Temperature, K; not for the model, which sets its own
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature_k: Option<f64>,
    /// Time to discard at the beginning, ps (for the model in its own unit)
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub discard_ps: f64,
    /// Number of bins of each variable
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = 10_000))]
    pub grid: usize,
    /// Lower and upper end of each variable, in its unit; by default all samples, or a whole period around 0
    pub range: Option<Vec<[f64; 2]>>,
    /// Period of each variable in its unit, 0 for none; by default from `#! SET min_...` and `max_...` in the files of the replicas
    pub period: Option<Vec<f64>>,
    /// Width of a Gaussian kernel for each variable, in its unit; by default samples are counted in bins
    pub bandwidth: Option<Vec<f64>>,
    /// Two boxes within one period, each the lower and upper end of each variable: the free energy of the first minus that of the second
    /// is computed
    #[schemars(length(min = 2, max = 2))]
    pub regions: Option<Vec<Vec<[f64; 2]>>>,
}

fn one() -> usize {
    1
}

fn sixty() -> usize {
    60
}
