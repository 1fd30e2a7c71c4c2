//! What can be said in `[umbrella]`?
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Principal components of a trajectory, and windows along one of them
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The frames: .xtc, .trr, .gro or .pdb
    pub trajectory: PathBuf,
    /// The atoms' names, in the trajectory's order: .gro or .pdb
    pub structure: PathBuf,
    /// GROMACS' topology, for windows
    pub topology: Option<PathBuf>,
    /// GROMACS' run parameters, for windows
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
    /// The component to bias, counted from 1
    #[schemars(range(min = 1))]
    pub component: Option<usize>,
    /// The last part that is run
    pub stop_after: Option<Part>,
}

/// A part of the campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The components and projections
    Pca,
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
