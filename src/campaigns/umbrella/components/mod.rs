//! Along which principal component do windows stand?
//!
//! ```text
//! [alignment-1, -2, ... until the average stays] -> average -> covariance, or components-1, -2, ... -> projection
//! ```
mod charts;
mod course;
mod load;
mod pass;
mod restraint;
mod shelf;
mod step;
mod whole;
mod write;

pub use load::{is_word, load};
pub use restraint::manner;

use super::coordinate::{Coordinate, Known};
use super::frames::Frames;
use super::restraint::Restraint;
use crate::campaigns::stage::{Error, Shared, StageResult};
use crate::figure::Chart;
use crate::results::Writer;
use crate::science::pca::{CHUNK, Superposition};
use crate::seed::CampaignSeed;
use course::Course;
use std::sync::Arc;

/// More frames are worth more ranks; so are more coordinates in all, which take a twentieth of a second or so.
const FEW_FRAMES: usize = 4 * CHUNK;
const FEW_COORDINATES: usize = 1 << 20;

/// Components of a trajectory, one of which windows may stand along.
pub struct Components {
    setup: Arc<Setup>,
    course: Course,
    /// The one that is biased, counted from 0.
    component: usize,
    understood: Vec<(String, String)>,
}

/// What every pass over the frames needs.
pub struct Setup {
    pub frames: Arc<Frames>,
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
    /// Whether the frames are so few that one task goes through all of them.
    pub fn is_small(&self) -> bool {
        let frames = self.frames.count();
        frames <= FEW_FRAMES && frames * 3 * self.reach <= FEW_COORDINATES
    }

    /// Where the chosen atoms are in the first frame, nm.
    pub fn superposition_origin(&self) -> Vec<[f64; 3]> {
        self.chosen.iter().map(|&atom| self.first[atom].map(f64::from)).collect()
    }
}

impl Coordinate for Components {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        self.course.next(&self.setup, done)
    }

    fn known<'d>(&self, done: &'d [StageResult]) -> Result<(Known, &'d [StageResult]), Error> {
        let (outcome, rest) = self.course.outcome(&self.setup, done)?;
        let along = outcome.along(self.component);
        let (setup, component) = (Arc::clone(&self.setup), self.component);
        let restraint = restraint::Restraint { setup, found: outcome.found, component };
        Ok((Known { along, restraint: Arc::new(restraint) }, rest))
    }

    /// It is no input of `grompp`.
    fn foreseen_restraint(&self) -> Option<Arc<dyn Restraint>> {
        None
    }

    fn foreseen(&self) -> Vec<Shared> {
        self.course.foreseen(&self.setup)
    }

    fn foretold(&self) -> Vec<String> {
        self.course.foretold(&self.setup)
    }

    fn understood(&self) -> Vec<(String, String)> {
        self.understood.clone()
    }

    fn write(&self, done: &[StageResult], out: &mut Writer) -> Result<(), Error> {
        write::write(&self.setup, &self.course.outcome(&self.setup, done)?.0, out)
    }

    fn charts(&self, done: &[StageResult]) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(charts::charts(&self.setup, &self.course.outcome(&self.setup, done)?.0))
    }

    fn output_bytes(&self) -> u64 {
        let (frames, atoms) = (self.setup.frames.count() as u64, self.setup.chosen.len() as u64);
        let components = self.setup.components as u64;
        8 * (components * (frames + 3 * atoms + 2) + 3 * atoms + frames) + 60 * atoms
    }
}
