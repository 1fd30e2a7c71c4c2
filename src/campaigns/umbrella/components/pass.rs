//! What is done with the frames of a chunk?
use super::Setup;
use super::shelf::{Fault, Shelf};
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::campaigns::umbrella::frames::earlier;
use crate::journal::Fingerprint;
use crate::science::pca::{FixedSums, Rows, Superposition, VectorBlock};
use crate::task::{Cause, Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deviations from the reference are below this, nm.
const FARTHEST: f64 = 16384.0;

/// One pass over all frames; a task is a chunk of them.
pub struct Pass {
    pub name: String,
    pub setup: Arc<Setup>,
    pub shelf: Arc<Shelf>,
    pub overlay: Overlay,
    pub work: Work,
}

/// How frames are superposed, and for the how-many-eth time another way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overlay {
    pub round: usize,
    pub superposition: Arc<Superposition>,
}

/// Mean and extent of the deviations from the reference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Average {
    /// `[3n]`, nm.
    pub mean: Vec<f64>,
    /// No frame is farther from the mean, nm.
    pub radius: f64,
}

/// What is computed of every chunk.
pub enum Work {
    /// The sum of deviations.
    Average,
    /// The product of the covariance with vectors `[vectors, 3n]`; with the first ones the total variance too.
    Product { average: Average, vectors: Vec<f64>, is_first: bool },
    /// Components of the deviations along vectors `[vectors, 3n]`.
    Projection { average: Average, vectors: Vec<f64> },
}

/// What chunks give.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sums {
    /// Deviations, elements of the covariance or of its product.
    pub sums: FixedSums,
    /// Of squared distances from the mean, nm^2.
    pub squares: FixedSums,
    /// The largest squared deviation of a frame, nm^2.
    pub largest: f64,
    /// The first frame that cannot be used, and why.
    pub fault: Option<(u64, String)>,
    /// Projections of each chunk, `[frames, components]`, nm.
    pub projections: BTreeMap<TaskId, Vec<f64>>,
}

impl Sums {
    /// Projections of all frames, `[frames, components]`, nm.
    pub fn projected(&self) -> Vec<f64> {
        self.projections.values().map(Vec::as_slice).collect::<Vec<_>>().concat()
    }
}

/// Work with what is made of it once for all chunks.
enum Ready<'a> {
    Average,
    /// Of the squares' mean, where these are asked for.
    Product(VectorBlock<'a>, Option<&'a Average>),
    Projection(VectorBlock<'a>),
}

impl Work {
    fn ready(&self) -> Ready<'_> {
        match self {
            Self::Average => Ready::Average,
            Self::Product { average, vectors, is_first } => {
                Ready::Product(VectorBlock::new(&average.mean, vectors), is_first.then_some(average))
            }
            Self::Projection { average, vectors } => Ready::Projection(VectorBlock::new(&average.mean, vectors)),
        }
    }
}

impl Ready<'_> {
    fn add(&self, chunk: TaskId, rows: &Rows, value: &mut Sums) -> Result<(), Error> {
        match self {
            Self::Average => {
                value.largest = value.largest.max(rows.largest_square());
                value.sums.add(&rows.sum())?;
            }
            Self::Product(block, squares) => {
                if let Some(average) = squares {
                    value.squares.add(&[rows.sum_of_squares(&average.mean)])?;
                }
                value.sums.add(&block.product(rows))?;
            }
            Self::Projection(block) => {
                value.projections.insert(chunk, block.projections(rows));
            }
        }
        Ok(())
    }
}

impl Pass {
    fn frames(&self) -> f64 {
        self.setup.frames.count() as f64
    }
}

impl Stage for Pass {
    type Value = Sums;

    fn name(&self) -> &str {
        &self.name
    }

    fn tasks(&self) -> u64 {
        self.setup.frames.chunks()
    }

    /// The reference, and what earlier passes gave.
    fn identity(&self) -> String {
        let mut bytes = Vec::new();
        let mut take = |numbers: &[f64]| numbers.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        let n = self.overlay.superposition.fitted();
        take(self.overlay.superposition.moved_target(&vec![0.0; 3 * n]).as_flattened());
        match &self.work {
            Work::Average => {}
            Work::Product { average, vectors, .. } | Work::Projection { average, vectors } => {
                [&average.mean, vectors].into_iter().for_each(|x| take(x));
            }
        }
        Fingerprint::of_bytes(&bytes).to_string()
    }

    /// Frames that were read for one pass are kept for the next.
    fn stays(&self) -> bool {
        true
    }

    fn grain(&self) -> u64 {
        1
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Sums> {
        let (mut value, mut failed) = (self.empty(), Vec::new());
        let Overlay { round, superposition } = &self.overlay;
        let ready = self.work.ready();
        // Later passes read what the first one has looked at.
        let is_examined = *round == 0 && matches!(self.work, Work::Average);
        for chunk in tasks.iter() {
            let rows = self.shelf.rows(&self.setup, (*round, superposition), chunk, is_examined, context.memory_mb);
            match rows {
                Ok(rows) => {
                    if let Err(error) = ready.add(chunk, &rows, &mut value) {
                        let frames = self.setup.frames.of_chunk(chunk);
                        let text = format!("frames {} to {} cannot be summed: {error}", frames.start, frames.end - 1);
                        failed.push((chunk, Cause::NotFinite(text)));
                    }
                }
                Err(Fault::File(error)) if error.is_about_reading() => {
                    failed.push((chunk, Cause::Resource(crate::campaigns::stage::told(&error))));
                }
                Err(fault) => {
                    let first = self.setup.frames.of_chunk(chunk).start as u64;
                    value.fault = earlier(value.fault.take(), Some((first, fault.to_string())));
                }
            }
        }
        Ran { value, failed }
    }

    fn empty(&self) -> Sums {
        let coordinates = self.overlay.superposition.coordinates();
        let bound = |average: &Average| self.frames() * average.radius * average.radius;
        let (count, bound) = match &self.work {
            Work::Average => (coordinates, self.frames() * FARTHEST),
            Work::Product { average, vectors, .. } => (vectors.len(), bound(average)),
            Work::Projection { .. } => (0, 1.0),
        };
        Sums {
            sums: FixedSums::new(count, bound),
            squares: FixedSums::new(1, bound),
            largest: 0.0,
            fault: None,
            projections: BTreeMap::new(),
        }
    }

    fn merge(&self, into: &mut Sums, from: Sums) -> Result<(), Error> {
        into.sums.merge(&from.sums)?;
        into.squares.merge(&from.squares)?;
        into.largest = into.largest.max(from.largest);
        into.fault = earlier(into.fault.take(), from.fault);
        into.projections.extend(from.projections);
        Ok(())
    }

    fn finish(&self, total: &Sums, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
