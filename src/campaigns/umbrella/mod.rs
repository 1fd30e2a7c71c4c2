//! Principal components of a trajectory, and windows along one of them: which were asked for?
mod charts;
mod course;
mod example;
mod frames;
mod load;
mod section;
mod stage;
mod write;

use super::Kind;
use super::stage::{Campaign, Error, Outcomes, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::figure::Chart;
use crate::md::Trajectory;
use crate::results;
use crate::science::pca::{CHUNK, Superposition};
use crate::science::selection::Atom;
use crate::seed::CampaignSeed;
use course::Course;
use section::Section;
use std::sync::Arc;

/// The kind of campaign.
pub struct Umbrella;

impl Kind for Umbrella {
    fn name(&self) -> &'static str {
        "umbrella"
    }

    fn about(&self) -> &'static str {
        "principal components of a trajectory (windows along one of them are to come)"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/umbrella.toml")
    }

    fn example_files(&self) -> &'static [(&'static str, &'static [u8])] {
        example::FILES
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }

    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }
}

/// A campaign, ready to run.
pub struct UmbrellaCampaign {
    setup: Arc<Setup>,
    course: Course,
    section: Section,
    understood: Vec<(String, String)>,
    /// Files that determine the results: key and path.
    inputs: Vec<(&'static str, std::path::PathBuf)>,
}

/// What every pass over the frames needs.
pub struct Setup {
    pub trajectory: Trajectory,
    /// Those of the structure.
    pub names: Vec<Atom>,
    /// Atoms that are superposed.
    pub fitted: Vec<usize>,
    /// Atoms of the components.
    pub chosen: Vec<usize>,
    /// Both, in ascending order.
    pub atoms: Vec<usize>,
    /// For each of `atoms` whether the next one is of the same molecule, as far as names tell.
    pub belong: Vec<bool>,
    /// So many atoms of a frame are read.
    pub reach: usize,
    pub check_whole: bool,
    /// Over the first frame or a structure.
    pub superposition: Arc<Superposition>,
    /// Whether that is only where the search for the average begins.
    pub to_average: bool,
    pub components: usize,
    /// Positions of the first frame, nm.
    pub first: Vec<[f32; 3]>,
    pub seed: CampaignSeed,
}

impl Setup {
    /// Where the chosen atoms are in the first frame, nm.
    pub fn superposition_origin(&self) -> Vec<[f64; 3]> {
        self.chosen.iter().map(|&atom| self.first[atom].map(f64::from)).collect()
    }

    /// The number of chunks of frames.
    pub fn chunks(&self) -> u64 {
        self.trajectory.frames().div_ceil(CHUNK) as u64
    }
}

impl Campaign for UmbrellaCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(self.course.next(&self.setup, done)?.map(share))
    }

    fn foreseen(&self) -> Result<Vec<Shared>, Error> {
        Ok(self.course.foreseen(&self.setup).into_iter().map(share).collect())
    }

    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        write::write(&self.setup, &self.course.outcome(&self.setup, done)?, out)
    }

    fn figures(&self, done: &[StageResult]) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(charts::charts(&self.setup, &self.course.outcome(&self.setup, done)?))
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = serde_json::to_value(&self.section).unwrap_or_default();
        for (key, path) in &self.inputs {
            // The file's contents count, not where it lies.
            identity[*key] = crate::journal::digest_of_file(path).map_or("unreadable".into(), Into::into);
        }
        identity
    }

    fn understood(&self) -> Vec<(String, String)> {
        self.understood.clone()
    }

    fn foretold(&self) -> Vec<String> {
        self.course.foretold(&self.setup)
    }

    fn output_bytes(&self) -> u64 {
        let (frames, atoms) = (self.setup.trajectory.frames() as u64, self.setup.chosen.len() as u64);
        let components = self.setup.components as u64;
        40_000 + 8 * (components * (frames + 3 * atoms + 2) + 3 * atoms + frames) + 60 * atoms
    }
}
