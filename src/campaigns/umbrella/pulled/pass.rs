//! What is the coordinate of every frame? A task is a chunk of frames.
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult, told};
use crate::campaigns::umbrella::frames::{Frames, earlier};
use crate::journal::Fingerprint;
use crate::md::{self, Frame, Window};
use crate::science::geometry::Geometry;
use crate::science::periodic::Cell;
use crate::task::{Cause, Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The one pass over all frames.
pub struct Pass {
    pub frames: Arc<Frames>,
    pub geometry: Geometry,
    /// Whether atoms have images.
    pub is_periodic: bool,
}

/// What chunks give.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Values {
    /// Of each chunk's frames.
    along: BTreeMap<TaskId, Vec<f64>>,
    /// The first frame that cannot be used, and why.
    fault: Option<(TaskId, String)>,
}

/// The coordinate of all frames, of a finished stage.
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
    fn chunk(&self, chunk: TaskId) -> Result<Vec<f64>, md::Error> {
        let last = self.geometry.groups.iter().filter_map(|group| group.atoms.last()).max();
        let reach = last.map_or(0, |last| last + 1);
        let (mut window, mut frame) = (Window::default(), Frame::default());
        let mut value = |number: usize| {
            self.frames.trajectory.read(number, reach, &mut window, &mut frame)?;
            let cell = frame.cell.as_ref().filter(|_| self.is_periodic).and_then(Cell::new);
            Ok(self.geometry.value(&frame.positions, cell.as_ref()))
        };
        self.frames.of_chunk(chunk).map(&mut value).collect()
    }
}

impl Stage for Pass {
    type Value = Values;

    fn name(&self) -> &str {
        "coordinate"
    }

    fn tasks(&self) -> u64 {
        self.frames.chunks()
    }

    /// The masses.
    fn identity(&self) -> String {
        let masses = self.geometry.groups.iter().flat_map(|group| &group.masses);
        Fingerprint::of_bytes(&masses.flat_map(|mass| mass.to_le_bytes()).collect::<Vec<u8>>()).to_string()
    }

    fn grain(&self) -> u64 {
        1
    }

    fn run(&self, tasks: Tasks, _: &Context) -> Ran<Values> {
        let (mut value, mut failed) = (Values::default(), Vec::new());
        for chunk in tasks.iter() {
            match self.chunk(chunk) {
                Ok(along) => drop(value.along.insert(chunk, along)),
                Err(error) if error.is_about_reading() => failed.push((chunk, Cause::Resource(told(&error)))),
                Err(error) => value.fault = earlier(value.fault.take(), Some((chunk, told(&error)))),
            }
        }
        Ran { value, failed }
    }

    fn empty(&self) -> Values {
        Values::default()
    }

    fn merge(&self, into: &mut Values, from: Values) -> Result<(), Error> {
        into.along.extend(from.along);
        into.fault = earlier(into.fault.take(), from.fault);
        Ok(())
    }

    fn finish(&self, total: &Values, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
