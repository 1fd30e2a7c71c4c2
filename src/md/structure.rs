//! Which atoms are there, and where?
use super::{Error, Frame, gro, pdb};
use crate::science::selection::Atom;
use std::path::Path;

/// The atoms of a system in the order of its trajectories, and one arrangement of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    pub atoms: Vec<Atom>,
    pub frame: Frame,
}

impl Structure {
    /// Reads a .gro or .pdb file: of several frames or models the first.
    ///
    /// # Errors
    /// The file is missing, of another format or faulty.
    pub fn read(path: &Path) -> Result<Self, Error> {
        match super::trajectory::extension(path).as_str() {
            "gro" => gro::structure(path),
            "pdb" | "ent" => pdb::structure(path),
            _ => Err(Error::Extension { path: path.to_owned(), known: ".gro or .pdb" }),
        }
    }
}
