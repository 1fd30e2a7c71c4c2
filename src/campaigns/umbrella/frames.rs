//! Which frames is a campaign about?
use crate::campaigns::stage::error_chain;
use crate::md::{Error, Frame, Trajectory, Window, gro};
use crate::science::pca::CHUNK;
use crate::science::selection::Atom;
use crate::task::{Cause, TaskId};
use std::ops::Range;

/// A trajectory, and whose positions it has.
pub struct Frames {
    pub trajectory: Trajectory,
    /// Those of the structure.
    pub names: Vec<Atom>,
}

impl Frames {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.trajectory.frames()
    }

    /// The number of chunks of frames, each of which is a task.
    pub fn chunks(&self) -> u64 {
        self.count().div_ceil(CHUNK) as u64
    }

    /// The frames of a chunk.
    pub fn of_chunk(&self, chunk: TaskId) -> Range<usize> {
        let first = chunk as usize * CHUNK;
        first..(first + CHUNK).min(self.count())
    }

    /// All atoms of a frame.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn whole(&self, number: usize) -> Result<Frame, Error> {
        let mut frame = Frame::default();
        self.trajectory.read(number, self.trajectory.atoms, &mut Window::default(), &mut frame)?;
        Ok(frame)
    }

    /// A frame as a structure file (.gro).
    ///
    /// # Errors
    /// It cannot be read.
    pub fn structure(&self, number: usize) -> Result<String, Cause> {
        let frame = self.whole(number).map_err(|error| Cause::Resource(error_chain(&error)))?;
        Ok(gro::text(&format!("frame {number}"), &self.names, &frame))
    }

    /// Times of all frames, ps; NaN where the file does not tell them.
    pub fn times(&self) -> Vec<f64> {
        (0..self.count()).map(|frame| self.trajectory.time_ps(frame).unwrap_or(f64::NAN)).collect()
    }

    /// What frames are drawn against: times where the file has them, else their numbers.
    pub fn drawn_against(&self) -> (&'static str, Vec<f64>) {
        let times = self.times();
        match times.iter().any(|time| time.is_nan()) {
            true => ("frame", (0..times.len()).map(|frame| frame as f64).collect()),
            false => ("time / ps", times),
        }
    }

    /// How many there are, for `check`.
    pub fn understood(&self) -> String {
        let times = match (self.trajectory.time_ps(0), self.trajectory.time_ps(self.count() - 1)) {
            (Some(first), Some(last)) => format!(", {first} to {last} ps"),
            _ => String::new(),
        };
        format!("{} of {} atoms{times}", self.count(), self.trajectory.atoms)
    }

    /// Some atoms in a few words.
    pub fn named(&self, atoms: &[usize]) -> String {
        let tell = |atom: usize| format!("{} of {}", self.names[atom].name, self.names[atom].residue_label());
        match atoms {
            [] => "no atom".to_owned(),
            [one] => tell(*one),
            [first, .., last] => format!("{} atoms, {} to {}", atoms.len(), tell(*first), tell(*last)),
        }
    }
}

/// Of two faults, each with the frame or chunk of frames that has it, the one that comes first in the file.
pub fn earlier(a: Option<(u64, String)>, b: Option<(u64, String)>) -> Option<(u64, String)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
