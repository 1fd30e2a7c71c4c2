//! Can a frame be used: are its molecules whole?
use super::setup::Setup;
use crate::md::{Error, Frame};
use crate::problem::Problem;
use crate::science::periodic::{Cell, find_jump, find_parted};

/// What is wrong with a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameFault {
    #[error(transparent)]
    File(#[from] Error),
    /// A molecule that lies on both sides of the periodic box.
    #[error(transparent)]
    Broken(Problem),
}

/// Checks that molecules are whole in frame `number`: in the first one by neighbouring atoms, in others against the frame `before`.
///
/// # Errors
/// One is broken across the periodic box.
pub fn check_whole(setup: &Setup, number: usize, frame: &Frame, before: Option<&Frame>) -> Result<(), Problem> {
    let Some(cell) = frame.cell.as_ref().and_then(Cell::new) else { return Ok(()) };
    let (broken, option) = match before {
        None => (find_parted(&cell, &frame.positions, &setup.atoms, &setup.same_molecule_as_next), "whole"),
        Some(before) => (find_jump(&cell, &before.positions, &frame.positions, &setup.atoms), "nojump"),
    };
    let Some(atom) = broken else { return Ok(()) };
    let index = setup.atoms.binary_search(&atom).unwrap_or(0);
    let (path, number) = setup.frames.trajectory.origin(number);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let next = setup.atoms[index + 1];
    let message = format!(
        "frame {number} of `{file}` has a molecule that is broken across the periodic box, between atoms {atom} and {next}"
    );
    let help = format!(
        "make it whole by `gmx trjconv -s topol.tpr -f {file} -o {option}.xtc -pbc {option}`, then name its output; \
         or set check_whole = false where that is meant"
    );
    Err(Problem::at_key("trajectory", message, help))
}
