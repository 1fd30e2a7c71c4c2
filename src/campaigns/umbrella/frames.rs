//! Which frames and atoms does a campaign analyse?
use crate::md::{Error, Frame, ReadBuffer, Trajectory, gro};
use crate::problem::error_chain;
use crate::science::pca::CHUNK;
use crate::science::selection::Atom;
use crate::task::{Cause, TaskId};
use std::ops::Range;

/// A trajectory and its atoms.
pub struct Frames {
    pub trajectory: Trajectory,
    /// The atoms, from the structure file.
    pub names: Vec<Atom>,
}

impl Frames {
    /// Number of frames.
    pub fn count(&self) -> usize {
        self.trajectory.frames()
    }

    /// Number of chunks of frames, each of which is a task.
    pub fn chunks(&self) -> u64 {
        self.count().div_ceil(CHUNK) as u64
    }

    /// The frames of a chunk.
    pub fn chunk_range(&self, chunk: TaskId) -> Range<usize> {
        let first = chunk as usize * CHUNK;
        first..(first + CHUNK).min(self.count())
    }

    /// A frame with all atoms.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn frame(&self, number: usize) -> Result<Frame, Error> {
        let mut frame = Frame::default();
        self.trajectory.read(number, self.trajectory.atoms, &mut ReadBuffer::default(), &mut frame)?;
        Ok(frame)
    }

    /// A frame as a structure file (.gro).
    ///
    /// # Errors
    /// It cannot be read.
    pub fn structure(&self, number: usize) -> Result<String, Cause> {
        let frame = self.frame(number).map_err(|error| Cause::Resource(error_chain(&error)))?;
        Ok(gro::text(&format!("frame {number}"), &self.names, &frame))
    }

    /// Times of all frames, ps; none where the file does not contain them.
    pub fn times(&self) -> Vec<Option<f64>> {
        (0..self.count()).map(|frame| self.trajectory.time_ps(frame)).collect()
    }

    /// Label and values of the x axis of charts: times where the file contains them, otherwise frame numbers.
    pub fn chart_axis(&self) -> (&'static str, Vec<f64>) {
        match self.times().into_iter().collect() {
            Some(times) => ("time / ps", times),
            None => ("frame", (0..self.count()).map(|frame| frame as f64).collect()),
        }
    }

    /// Their number and times, for `check`.
    pub fn summary(&self) -> String {
        let times = match (self.trajectory.time_ps(0), self.trajectory.time_ps(self.count() - 1)) {
            (Some(first), Some(last)) => format!(", {first} to {last} ps"),
            _ => String::new(),
        };
        format!("{} of {} atoms{times}", self.count(), self.trajectory.atoms)
    }

    /// A short description of atoms.
    pub fn describe_atoms(&self, atoms: &[usize]) -> String {
        let label = |atom: usize| format!("{} of {}", self.names[atom].name, self.names[atom].residue_label());
        match atoms {
            [] => "no atom".to_owned(),
            [one] => label(*one),
            [first, .., last] => format!("{} atoms, {} to {}", atoms.len(), label(*first), label(*last)),
        }
    }
}

/// The first of two faults in the order of frames; each is (frame or chunk of frames, text).
pub fn earlier(a: Option<(u64, String)>, b: Option<(u64, String)>) -> Option<(u64, String)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
