//! Which atoms does a system have, and where are they?
use super::text::{extension, io_error};
use super::{Error, Frame, gro, pdb};
use crate::science::selection::Atom;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

/// The atoms of a system in the order of its trajectories, with one set of positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    pub atoms: Vec<Atom>,
    pub frame: Frame,
}

impl Structure {
    /// Reads the first frame or model of a .gro or .pdb file.
    ///
    /// # Errors
    /// The file is not found, has another format or is invalid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::read_by(path, |path| fs::read(path).map(Arc::new))
    }

    /// The same of a file whose contents `read` knows.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_by(path: &Path, read: impl FnOnce(&Path) -> io::Result<Arc<Vec<u8>>>) -> Result<Self, Error> {
        let parse = match extension(path).as_str() {
            "gro" => gro::structure,
            "pdb" | "ent" => pdb::structure,
            _ => return Err(Error::UnknownExtension { path: path.to_owned(), known: ".gro or .pdb" }),
        };
        let bytes = read(path).map_err(|source| io_error(path, source))?;
        let (atoms, frame) = parse(path, &bytes)?;
        Ok(Self { atoms, frame })
    }
}
