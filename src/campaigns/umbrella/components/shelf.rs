//! How does a rank come by the frames of a chunk?
use super::Setup;
use crate::md::{Error, Frame, Window};
use crate::science::pca::{Rows, Scratch, Superposition};
use crate::science::periodic::{Cell, find_jump, find_parted};
use crate::task::TaskId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is wrong with a frame.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    File(#[from] Error),
    #[error(
        "frame {frame} of `{file}` has a molecule that is broken across the periodic box, between atoms {atom} and {next}: make it whole by `{command}`, then name its output; or set check_whole = false where that is meant"
    )]
    Broken { file: String, frame: usize, atom: usize, next: usize, command: String },
}

/// Superposed frames that this rank has read before, as many as its memory holds: the same bits as if they were read again.
#[derive(Default)]
pub struct Shelf {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// Which superposition the rows are of.
    round: usize,
    rows: HashMap<TaskId, Arc<Rows>>,
    bytes: usize,
    window: Window,
    frame: Frame,
    before: Frame,
    scratch: Scratch,
}

impl Shelf {
    /// The deviations of the frames of `chunk`, superposed for the `round`-th time. Frames are examined when that is asked for.
    ///
    /// # Errors
    /// A frame cannot be read, or is not whole.
    pub fn rows(
        &self,
        setup: &Setup,
        (round, superposition): (usize, &Superposition),
        chunk: TaskId,
        is_examined: bool,
        memory_mb: u64,
    ) -> Result<Arc<Rows>, Fault> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.round != round {
            (inside.round, inside.bytes) = (round, 0);
            inside.rows.clear();
        }
        if let Some(rows) = inside.rows.get(&chunk) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(inside.read(setup, superposition, chunk, is_examined)?);
        // Half of the memory is for all else.
        if (inside.bytes + rows.bytes()) as u64 <= memory_mb * 1_000_000 / 2 {
            inside.bytes += rows.bytes();
            inside.rows.insert(chunk, Arc::clone(&rows));
        }
        Ok(rows)
    }
}

impl Inside {
    fn read(
        &mut self,
        setup: &Setup,
        superposition: &Superposition,
        chunk: TaskId,
        is_examined: bool,
    ) -> Result<Rows, Fault> {
        let frames = setup.frames.of_chunk(chunk);
        let mut rows = Rows::with_capacity(superposition.coordinates(), frames.len());
        let is_examined = is_examined && setup.check_whole;
        if is_examined && frames.start > 0 {
            setup.frames.trajectory.read(frames.start - 1, setup.reach, &mut self.window, &mut self.before)?;
        }
        for frame in frames {
            setup.frames.trajectory.read(frame, setup.reach, &mut self.window, &mut self.frame)?;
            if is_examined {
                let before = (frame > 0).then_some(&self.before);
                setup.examine(frame, &self.frame, before)?;
            }
            superposition.add(&self.frame.positions, &mut self.scratch, &mut rows);
            std::mem::swap(&mut self.frame, &mut self.before);
        }
        Ok(rows)
    }
}

impl Setup {
    /// Whether molecules are whole in a frame: in the first one by their neighbours, in others beside the frame `before`.
    ///
    /// # Errors
    /// They are not.
    pub fn examine(&self, number: usize, frame: &Frame, before: Option<&Frame>) -> Result<(), Fault> {
        let Some(cell) = frame.cell.as_ref().and_then(Cell::new) else { return Ok(()) };
        let (found, cure) = match before {
            None => (find_parted(&cell, &frame.positions, &self.atoms, &self.belong), "whole"),
            Some(before) => (find_jump(&cell, &before.positions, &frame.positions, &self.atoms), "nojump"),
        };
        let Some(atom) = found else { return Ok(()) };
        let place = self.atoms.binary_search(&atom).unwrap_or(0);
        let (path, number) = self.frames.trajectory.origin(number);
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let command = format!("gmx trjconv -s topol.tpr -f {file} -o {cure}.xtc -pbc {cure}");
        Err(Fault::Broken { file, frame: number, atom, next: self.atoms[place + 1], command })
    }
}
