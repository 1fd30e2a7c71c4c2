//! How does a rank get the frames of a chunk?
use super::alignment::Alignment;
use super::frame_check::{FrameFault, check_whole};
use super::setup::Setup;
use crate::md::{Frame, ReadBuffer};
use crate::science::pca::{Rows, Scratch, Superposition};
use crate::task::TaskId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Superposed frames that this rank has read before, as many as its memory holds: the same bits as if they were read again.
#[derive(Default)]
pub struct FrameCache {
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    /// The round of the alignment that the rows are superposed by.
    round: usize,
    rows: HashMap<TaskId, Arc<Rows>>,
    bytes: usize,
    buffer: ReadBuffer,
    frame: Frame,
    before: Frame,
    scratch: Scratch,
}

impl FrameCache {
    /// The deviations of the superposed frames of `chunk`, `[frames, coordinates]` in nm. Where `checks` is set, frames are checked first.
    ///
    /// # Errors
    /// A frame cannot be read, or has a broken molecule.
    pub fn rows(
        &self,
        setup: &Setup,
        alignment: &Alignment,
        chunk: TaskId,
        checks: bool,
        memory_mb: u64,
    ) -> Result<Arc<Rows>, FrameFault> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        if contents.round != alignment.round {
            (contents.round, contents.bytes) = (alignment.round, 0);
            contents.rows.clear();
        }
        if let Some(rows) = contents.rows.get(&chunk) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(contents.read(setup, &alignment.superposition, chunk, checks)?);
        // Half of the memory is for all else.
        if (contents.bytes + rows.bytes()) as u64 <= memory_mb * 1_000_000 / 2 {
            contents.bytes += rows.bytes();
            contents.rows.insert(chunk, Arc::clone(&rows));
        }
        Ok(rows)
    }
}

impl Contents {
    fn read(
        &mut self,
        setup: &Setup,
        superposition: &Superposition,
        chunk: TaskId,
        checks: bool,
    ) -> Result<Rows, FrameFault> {
        let frames = setup.frames.chunk_range(chunk);
        let mut rows = Rows::with_capacity(superposition.coordinates(), frames.len());
        let checks = checks && setup.check_whole;
        if checks && frames.start > 0 {
            setup.frames.trajectory.read(frames.start - 1, setup.atoms_read, &mut self.buffer, &mut self.before)?;
        }
        for frame in frames {
            setup.frames.trajectory.read(frame, setup.atoms_read, &mut self.buffer, &mut self.frame)?;
            if checks {
                let before = (frame > 0).then_some(&self.before);
                check_whole(setup, frame, &self.frame, before).map_err(FrameFault::Broken)?;
            }
            superposition.add(&self.frame.positions, &mut self.scratch, &mut rows);
            std::mem::swap(&mut self.frame, &mut self.before);
        }
        Ok(rows)
    }
}
