//! Which keys does `[umbrella]` have?
use crate::campaigns::part_files::PartFiles;
use crate::campaigns::window_analysis::{Auto, Discard, Estimator};
use crate::engines::md::gromacs::Gromacs;
use crate::science::geometry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Principal components of a trajectory, and umbrella windows along one of them or along a distance or angle
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Trajectory: an .xtc, .trr, .gro or .pdb file, or a list of files in the order of their times. For windows it must contain all atoms
    /// of the topology
    pub trajectory: PartFiles,
    /// Structure (.gro or .pdb) with the names of the atoms, in the order of the trajectory
    pub structure: PathBuf,
    /// GROMACS topology (.top), for windows
    pub topology: Option<PathBuf>,
    /// GROMACS run parameters (.mdp), for windows; their seeds and number of steps are replaced
    pub mdp: Option<PathBuf>,
    /// Atoms of the principal components, in the selection language of MDAnalysis
    #[serde(default = "alpha_carbons")]
    pub selection: String,
    /// Atoms to superpose; by default those of selection
    pub align: Option<String>,
    /// Reference of the superposition: first (the first frame), average (iterated to convergence), or a structure file
    #[serde(default = "first")]
    pub align_to: String,
    /// Reject molecules that are broken across the periodic box or jump by half of it
    #[serde(default = "yes")]
    pub check_whole: bool,
    /// Number of components to compute; by default 10, or all if there are fewer
    #[schemars(range(min = 1))]
    pub components: Option<usize>,
    /// Component to bias, counted from 1; by default 1
    #[schemars(range(min = 1))]
    pub component: Option<usize>,
    /// Distance or angle to bias instead of a principal component
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<CoordinateSection>,
    /// Number of windows over the sampled range, from the 1st to the 99th percentile of the frames
    #[schemars(range(min = 1, max = 100_000))]
    pub windows: Option<usize>,
    /// Spacing of windows: even, or quantile for equal numbers of frames between neighbours
    #[serde(default)]
    pub spacing: Spacing,
    /// Centres of windows, nm or degrees, instead of windows
    #[schemars(length(min = 1))]
    pub centers: Option<Vec<f64>>,
    /// Add windows where neighbours overlap too little
    #[serde(default)]
    pub adaptive: bool,
    /// Largest number of windows with adaptive = true; by default four times the initial number
    #[schemars(range(min = 1))]
    pub max_windows: Option<usize>,
    /// Force constant of restraints, kJ/mol/nm^2; "auto" lets each window spread over two thirds of the distance to its neighbours
    #[serde(default)]
    pub force_constant_kj_mol_nm2: ForceConstant,
    /// Force constant of restraints of an angle or dihedral, kJ/mol/rad^2
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_constant_kj_mol_rad2: Option<ForceConstant>,
    /// Program that restrains windows: gromacs; plumed is not supported
    #[serde(default, skip_serializing_if = "Bias::is_default")]
    pub bias: Bias,
    /// Number of steps of every window
    #[schemars(range(min = 1))]
    pub steps: Option<u64>,
    /// Steps between samples of the coordinate
    #[serde(default = "fifty")]
    #[schemars(range(min = 1))]
    pub sample_every_steps: u64,
    /// Temperature, K; must agree with ref-t in the run parameters
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub temperature_k: Option<f64>,
    /// Time to discard at the beginning of each window, ps; "auto" detects its equilibration
    #[serde(default = "auto_discard")]
    pub discard_ps: Discard,
    /// Estimator of free energies
    #[serde(default)]
    pub estimator: Estimator,
    /// Number of bins along the coordinate
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 100_000))]
    pub bins: u32,
    /// Number of bootstrap replicates for errors; 0 for no errors
    #[serde(default = "hundred")]
    #[schemars(range(max = 1_000_000))]
    pub bootstrap: u32,
    /// Folder of the windows; by default beside the output: `umbrella.windows` for `umbrella.h5`
    pub directory: Option<PathBuf>,
    /// GROMACS index file (.ndx)
    pub index: Option<PathBuf>,
    #[serde(flatten)]
    pub gromacs: Gromacs,
    /// A window whose program neither prints nor writes anything for this time is stopped and retried, s
    #[serde(rename = "stall_timeout_s")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub watchdog_timeout_s: Option<f64>,
    /// Last part to run
    pub stop_after: Option<LastPart>,
}

/// Groups of keys, which are all fields of a type: one that is in no group is a compile error.
macro_rules! groups {
    ($section:expr, $type:ident { $($($key:ident)*;)* }) => {{
        let $type { $($($key: _,)*)* } = $section;
        [$(&[$(stringify!($key)),*][..]),*]
    }};
}

impl Section {
    /// Everything that determines the results, by key, with files as paths. A new key must be sorted here.
    pub fn identity(&self) -> serde_json::Value {
        // What determines the results; what does so if windows are sampled; and what only affects how they are reached, or is identified
        // elsewhere: the contents of the index file with those of the topology.
        let [always, of_windows, _] = groups!(self, Section {
            trajectory structure selection align align_to check_whole components coordinate force_constant_kj_mol_rad2 bias stop_after;
            topology mdp component windows spacing centers adaptive max_windows force_constant_kj_mol_nm2 steps sample_every_steps
                temperature_k discard_ps estimator bins bootstrap;
            index directory gromacs watchdog_timeout_s;
        });
        let [args, _] = groups!(&self.gromacs, Gromacs {
            grompp_args mdrun_args;
            binary launcher ranks thread_mpi_ranks threads oversubscribe gpus replicas_per_gpu unstable_factor
                mpi_library;
        });
        let mut identity = serde_json::to_value(self).unwrap_or_default();
        if let Some(keys) = identity.as_object_mut() {
            let has_windows = self.stop_after != Some(LastPart::Pca);
            let is_of_windows = |key: &str| of_windows.contains(&key) || args.contains(&key);
            keys.retain(|key, _| always.contains(&&**key) || has_windows && is_of_windows(key));
            if let Some(args) = keys.get_mut("mdrun_args") {
                *args = self.gromacs.identity_args().into();
            }
        }
        identity
    }
}

/// Distance or angle to bias instead of a principal component
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoordinateSection {
    /// distance (two groups), angle (three, the second at its vertex) or dihedral (four)
    pub kind: CoordinateKind,
    /// Atoms of each group, in the selection language of MDAnalysis; the position of a group is its centre of mass
    #[schemars(length(min = 2, max = 4))]
    pub groups: Vec<String>,
}

/// Coordinate between groups
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

/// Last part of a campaign to run
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LastPart {
    /// Principal components and projections
    Pca,
}

/// Spacing of windows over the sampled range
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    #[default]
    Even,
    Quantile,
}

/// Program that restrains windows
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bias {
    #[default]
    Gromacs,
    Plumed,
}

impl Bias {
    fn is_default(&self) -> bool {
        *self == Self::Gromacs
    }
}

/// Force constant of restraints
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ForceConstant {
    Value(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    Auto(Auto),
}

impl ForceConstant {
    /// The value; none where it is chosen automatically.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Value(constant) => Some(constant),
            Self::Auto(_) => None,
        }
    }
}

impl Default for ForceConstant {
    fn default() -> Self {
        Self::Auto(Auto::Auto)
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

fn auto_discard() -> Discard {
    Discard::Auto(Auto::Auto)
}

fn fifty() -> u64 {
    50
}

fn hundred() -> u32 {
    100
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identity(mdrun_args: &[&str]) -> serde_json::Value {
        let section = json!({ "trajectory": "a.xtc", "structure": "a.gro", "steps": 10, "mdrun_args": mdrun_args });
        serde_json::from_value::<Section>(section).unwrap().identity()
    }

    #[test]
    fn arguments_that_do_not_affect_results_are_not_part_of_the_identity() {
        assert_eq!(identity(&["-reprod", "-v", "-nb", "cpu"]), identity(&["-reprod"]));
        assert_ne!(identity(&["-awh", "a.xvg"]), identity(&[]));
    }

    /// Fingerprints depend on the order of keys.
    #[test]
    fn the_identity_has_the_keys_of_version_0_4_in_their_order() {
        let keys = "trajectory structure topology mdp selection align align_to check_whole components component windows spacing centers \
                    adaptive max_windows force_constant_kj_mol_nm2 steps sample_every_steps temperature_k discard_ps estimator bins \
                    bootstrap grompp_args mdrun_args stop_after";
        let found = identity(&[]);
        let found: Vec<&String> = found.as_object().unwrap().keys().collect();
        assert_eq!(found, keys.split_whitespace().collect::<Vec<_>>());
    }
}
