//! What is done with the frames of a chunk?
use super::alignment::Alignment;
use super::frame_cache::FrameCache;
use super::frame_check::FrameFault;
use super::setup::Setup;
use crate::campaigns::stage::{Computed, Context, Error, Stage, StageSpec, Workload};
use crate::campaigns::umbrella::frames::earlier;
use crate::journal::Fingerprint;
use crate::problem::error_chain;
use crate::science::pca::{FixedSums, Rows, VectorBlock};
use crate::task::{Cause, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deviations from the reference are below this, nm.
const MAX_DEVIATION: f64 = 16384.0;

/// One pass over all frames; a task is a chunk of them.
#[derive(Clone)]
pub struct Pass {
    pub name: String,
    pub setup: Arc<Setup>,
    pub frame_cache: Arc<FrameCache>,
    pub alignment: Alignment,
    pub operation: Operation,
}

/// Mean and extent of the deviations from the reference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Average {
    /// `[3n]`, nm.
    pub mean: Vec<f64>,
    /// Upper bound of a frame's distance from the mean, nm.
    pub radius: f64,
}

/// What is computed of every chunk.
#[derive(Clone)]
pub enum Operation {
    /// The sum of deviations.
    Average,
    /// The product of the covariance with vectors `[vectors, 3n]`; with the first ones the total variance too.
    Product { average: Average, vectors: Vec<f64>, is_first: bool },
    /// Components of the deviations along vectors `[vectors, 3n]`.
    Projection { average: Average, vectors: Vec<f64> },
}

/// The joint value of some chunks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PassSums {
    /// Deviations, or elements of the covariance's product with vectors.
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

impl PassSums {
    /// Projections of all frames, `[frames, components]`, nm.
    pub fn projected(&self) -> Vec<f64> {
        self.projections.values().map(Vec::as_slice).collect::<Vec<_>>().concat()
    }
}

/// An operation with what is prepared once for all chunks of a call.
enum Prepared<'a> {
    Average,
    /// With the mean for squared distances, where these are wanted.
    Product(VectorBlock<'a>, Option<&'a Average>),
    Projection(VectorBlock<'a>),
}

impl Operation {
    fn prepare(&self) -> Prepared<'_> {
        match self {
            Self::Average => Prepared::Average,
            Self::Product { average, vectors, is_first } => {
                Prepared::Product(VectorBlock::new(&average.mean, vectors), is_first.then_some(average))
            }
            Self::Projection { average, vectors } => Prepared::Projection(VectorBlock::new(&average.mean, vectors)),
        }
    }
}

impl Prepared<'_> {
    fn add(&self, chunk: TaskId, rows: &Rows, value: &mut PassSums) -> Result<(), Error> {
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
    /// The stage of this pass. Frames that were read for one pass are kept for the next, on the same ranks.
    pub fn into_stage(self) -> Stage {
        let spec = StageSpec {
            depends_on: self.digest(),
            has_rank_affinity: true,
            chunk: 1,
            ..StageSpec::new(&*self.name, self.chunks())
        };
        Stage::new(spec, self)
    }

    /// The number of tasks.
    pub fn chunks(&self) -> u64 {
        self.setup.frames.chunks()
    }

    /// Digest of the reference and of what earlier passes gave.
    fn digest(&self) -> String {
        let mut bytes = Vec::new();
        let mut push = |numbers: &[f64]| numbers.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        let n = self.alignment.superposition.fitted();
        push(self.alignment.superposition.moved_target(&vec![0.0; 3 * n]).as_flattened());
        match &self.operation {
            Operation::Average => {}
            Operation::Product { average, vectors, .. } | Operation::Projection { average, vectors } => {
                [&average.mean, vectors].into_iter().for_each(|x| push(x));
            }
        }
        Fingerprint::of_bytes(&bytes).to_string()
    }
}

impl Workload for Pass {
    type Value = PassSums;

    fn empty(&self) -> PassSums {
        let frames = self.setup.frames.count() as f64;
        let coordinates = self.alignment.superposition.coordinates();
        let bound = |average: &Average| frames * average.radius * average.radius;
        let (count, bound) = match &self.operation {
            Operation::Average => (coordinates, frames * MAX_DEVIATION),
            Operation::Product { average, vectors, .. } => (vectors.len(), bound(average)),
            Operation::Projection { .. } => (0, 1.0),
        };
        PassSums {
            sums: FixedSums::new(count, bound),
            squares: FixedSums::new(1, bound),
            largest: 0.0,
            fault: None,
            projections: BTreeMap::new(),
        }
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<PassSums> {
        let mut computed = Computed { value: self.empty(), failed: Vec::new() };
        let prepared = self.operation.prepare();
        // Later passes read what the first one has checked.
        let checks = self.alignment.round == 0 && matches!(self.operation, Operation::Average);
        for chunk in tasks.iter() {
            let rows = self.frame_cache.rows(&self.setup, &self.alignment, chunk, checks, context.memory_mb);
            match rows {
                Ok(rows) => {
                    if let Err(error) = prepared.add(chunk, &rows, &mut computed.value) {
                        let frames = self.setup.frames.chunk_range(chunk);
                        let text = format!("cannot sum frames {} to {}: {error}", frames.start, frames.end - 1);
                        computed.failed.push((chunk, Cause::NotFinite(text)));
                    }
                }
                Err(FrameFault::File(error)) if error.is_io() => {
                    computed.failed.push((chunk, Cause::Resource(error_chain(&error))));
                }
                Err(fault) => {
                    let first = self.setup.frames.chunk_range(chunk).start as u64;
                    computed.value.fault = earlier(computed.value.fault.take(), Some((first, fault.to_string())));
                }
            }
        }
        computed
    }

    fn merge(&self, into: &mut PassSums, from: PassSums) -> Result<(), Error> {
        into.sums.merge(&from.sums)?;
        into.squares.merge(&from.squares)?;
        into.largest = into.largest.max(from.largest);
        into.fault = earlier(into.fault.take(), from.fault);
        into.projections.extend(from.projections);
        Ok(())
    }
}
