//! Which PLUMED library does GROMACS load?
//!
//! The environment variable PLUMED_KERNEL names it. Whether it can be loaded is known only when `mdrun` does; a file that is no shared
//! library is detected here.
use crate::journal::sha256_of_file;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

const VARIABLE: &str = "PLUMED_KERNEL";
/// Magic number of ELF files, and the type of those that are loaded at run time (ET_DYN).
const ELF: &[u8] = b"\x7fELF";
const SHARED: u16 = 3;

/// Why PLUMED_KERNEL does not name PLUMED's library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryFault {
    #[error("PLUMED_KERNEL does not name PLUMED's library: it is not set")]
    Unset,
    #[error("PLUMED_KERNEL is `{0}`, a relative path: mdrun runs in each replica's folder and will not find it there")]
    Relative(PathBuf),
    #[error("PLUMED_KERNEL does not name PLUMED's library: `{0}` was not found")]
    NotFound(PathBuf),
    #[error("PLUMED_KERNEL does not name PLUMED's library: cannot read `{path}` ({reason})")]
    Unreadable { path: PathBuf, reason: String },
    #[error("PLUMED_KERNEL does not name PLUMED's library: `{0}` is not a shared library (ELF)")]
    NotShared(PathBuf),
}

impl LibraryFault {
    /// What to do about it.
    pub const HELP: &str = "set PLUMED_KERNEL to the absolute path of libplumedKernel.so, on all nodes: `mpirun -x PLUMED_KERNEL` with Open MPI";
}

/// PLUMED's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlumedKernel {
    pub path: PathBuf,
    pub sha256: String,
}

impl PlumedKernel {
    /// The library named by PLUMED_KERNEL.
    ///
    /// # Errors
    /// The variable is not set, or does not name a shared library by its absolute path.
    pub fn from_environment() -> Result<Self, LibraryFault> {
        Self::from_variable(std::env::var_os(VARIABLE))
    }

    fn from_variable(value: Option<OsString>) -> Result<Self, LibraryFault> {
        let path = value.filter(|path| !path.is_empty()).map(PathBuf::from).ok_or(LibraryFault::Unset)?;
        if path.is_relative() {
            return Err(LibraryFault::Relative(path));
        }
        if !path.is_file() {
            return Err(LibraryFault::NotFound(path));
        }
        let unreadable =
            |error: &dyn std::fmt::Display| LibraryFault::Unreadable { path: path.clone(), reason: error.to_string() };
        if !is_shared_library(&path).map_err(|error| unreadable(&error))? {
            return Err(LibraryFault::NotShared(path));
        }
        let sha256 = sha256_of_file(&path).map_err(|error| unreadable(&error))?;
        Ok(Self { path, sha256 })
    }
}

fn is_shared_library(path: &Path) -> std::io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(18).read_to_end(&mut header)?;
    let [.., low, high] = header[..] else { return Ok(false) };
    let file_type = match header.get(5) {
        Some(2) => u16::from_be_bytes([low, high]),
        _ => u16::from_le_bytes([low, high]),
    };
    Ok(header.len() == 18 && header.starts_with(ELF) && file_type == SHARED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_a_shared_library_by_its_absolute_path_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libplumedKernel.so");
        let named = |path: &Path| PlumedKernel::from_variable(Some(path.into()));
        assert_eq!(PlumedKernel::from_variable(None), Err(LibraryFault::Unset));
        assert_eq!(PlumedKernel::from_variable(Some("".into())), Err(LibraryFault::Unset));
        assert!(matches!(named(Path::new("lib/libplumedKernel.so")), Err(LibraryFault::Relative(_))));
        for missing in [&*path, folder.path()] {
            assert_eq!(named(missing), Err(LibraryFault::NotFound(missing.to_owned())));
        }
        let mut header = [ELF, &[2, 1, 1], &[0; 9], &[3, 0]].concat();
        let not_shared = Err(LibraryFault::NotShared(path.clone()));
        for text in ["", "#!/bin/sh\nexec plumed kernel\n", "\u{7f}ELF"] {
            fs::write(&path, text).unwrap();
            assert_eq!(named(&path), not_shared, "{text}");
        }
        fs::write(&path, &header).unwrap();
        assert_eq!(named(&path).unwrap().sha256.len(), 64);
        // An object file.
        header[16] = 1;
        fs::write(&path, &header).unwrap();
        assert_eq!(named(&path), not_shared);
    }
}
