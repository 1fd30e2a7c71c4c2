//! Measures the coordinate in every frame; a task is a chunk of frames.
use crate::campaigns::stage::{Computed, Context, Error, Stage, StageResult, StageSpec, Workload};
use crate::campaigns::umbrella::frames::{Frames, earlier};
use crate::journal::Fingerprint;
use crate::md::{self, Frame, ReadBuffer};
use crate::problem::error_chain;
use crate::science::geometry::Geometry;
use crate::science::periodic::Cell;
use crate::task::{Cause, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The pass over all frames.
#[derive(Clone)]
pub struct Pass {
    pub frames: Arc<Frames>,
    pub geometry: Geometry,
    /// Whether atoms have periodic images.
    pub is_periodic: bool,
}

/// The joint value of some chunks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Values {
    /// The coordinate in the frames of each chunk.
    along: BTreeMap<TaskId, Vec<f64>>,
    /// The first frame that cannot be used, and why.
    fault: Option<(TaskId, String)>,
}

/// The coordinate of all frames, from the result of the stage.
///
/// # Errors
/// A frame could not be read, or cannot be used.
pub fn along(result: &StageResult) -> Result<Vec<f64>, Error> {
    if let Some(failure) = result.failed.first() {
        let (failed, all) = (result.failed.len(), result.tasks);
        return Err(Error::Unread(format!("{failed} of {all} chunks of frames could not be read: {}", failure.cause)));
    }
    let values: Values = result.value()?;
    match values.fault {
        Some((_, fault)) => Err(Error::Unusable(fault)),
        None => Ok(values.along.into_values().flatten().collect()),
    }
}

impl Pass {
    /// The stage of this pass.
    pub fn into_stage(self) -> Stage {
        let masses = self.geometry.groups.iter().flat_map(|group| &group.masses);
        let masses: Vec<u8> = masses.flat_map(|mass| mass.to_le_bytes()).collect();
        let depends_on = Fingerprint::of_bytes(&masses).to_string();
        Stage::new(StageSpec { depends_on, chunk: 1, ..StageSpec::new("coordinate", self.frames.chunks()) }, self)
    }

    /// The coordinate in every frame of a chunk.
    fn chunk(&self, chunk: TaskId) -> Result<Vec<f64>, md::Error> {
        let last = self.geometry.groups.iter().filter_map(|group| group.atoms.last()).max();
        let atoms_read = last.map_or(0, |last| last + 1);
        let (mut buffer, mut frame) = (ReadBuffer::default(), Frame::default());
        let mut value = |number: usize| {
            self.frames.trajectory.read(number, atoms_read, &mut buffer, &mut frame)?;
            let cell = frame.cell.as_ref().filter(|_| self.is_periodic).and_then(Cell::new);
            Ok(self.geometry.value(&frame.positions, cell.as_ref()))
        };
        self.frames.chunk_range(chunk).map(&mut value).collect()
    }
}

impl Workload for Pass {
    type Value = Values;

    fn empty(&self) -> Values {
        Values::default()
    }

    fn run(&mut self, tasks: Tasks, _: &Context) -> Computed<Values> {
        let mut computed = Computed { value: Values::default(), failed: Vec::new() };
        let Computed { value, failed } = &mut computed;
        for chunk in tasks.iter() {
            match self.chunk(chunk) {
                Ok(along) => drop(value.along.insert(chunk, along)),
                Err(error) if error.is_io() => failed.push((chunk, Cause::Resource(error_chain(&error)))),
                Err(error) => value.fault = earlier(value.fault.take(), Some((chunk, error_chain(&error)))),
            }
        }
        computed
    }

    fn merge(&self, into: &mut Values, from: Values) -> Result<(), Error> {
        into.along.extend(from.along);
        into.fault = earlier(into.fault.take(), from.fault);
        Ok(())
    }
}
