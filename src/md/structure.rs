//! Which atoms does a system have, and where are they?
use super::text::extension;
use super::{Error, Frame, gro, pdb};
use crate::science::selection::Atom;
use std::path::Path;

/// The atoms of a system in the order of its trajectories, with one set of positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    pub atoms: Vec<Atom>,
    pub frame: Frame,
}

impl Structure {
    /// Reads the first frame or model of a .gro or .pdb file.
    /// Errors: the file is not found, has another format or is invalid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let (atoms, frame) = match extension(path).as_str() {
            "gro" => gro::structure(path)?,
            "pdb" | "ent" => pdb::structure(path)?,
            _ => return Err(Error::UnknownExtension { path: path.to_owned(), known: ".gro or .pdb" }),
        };
        Ok(Self { atoms, frame })
    }
}
