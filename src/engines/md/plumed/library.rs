//! Which PLUMED library does GROMACS load?
//!
//! The environment variable PLUMED_KERNEL names it. Whether it can be loaded is known only when `mdrun` does; a file that is no shared
//! library is detected here.
use crate::journal::sha256_of_file;
use crate::problem::Problem;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

const VARIABLE: &str = "PLUMED_KERNEL";
/// Magic number of ELF files, and the type of those that are loaded at run time (ET_DYN).
const ELF: &[u8] = b"\x7fELF";
const SHARED: u16 = 3;

const HELP: &str = "set PLUMED_KERNEL to the absolute path of libplumedKernel.so, on all nodes: `mpirun -x PLUMED_KERNEL` with Open MPI";

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
    pub fn from_environment() -> Result<Self, Problem> {
        Self::from_variable(std::env::var_os(VARIABLE))
    }

    fn from_variable(value: Option<OsString>) -> Result<Self, Problem> {
        let other = |why: &str| Problem::new(format!("PLUMED_KERNEL does not name PLUMED's library: {why}"), HELP);
        let path = value.filter(|path| !path.is_empty()).map(PathBuf::from).ok_or_else(|| other("it is not set"))?;
        let name = path.display();
        if path.is_relative() {
            let why = "a relative path: mdrun runs in each replica's folder and will not find it there";
            return Err(Problem::new(format!("PLUMED_KERNEL is `{name}`, {why}"), HELP));
        }
        if !path.is_file() {
            return Err(other(&format!("`{name}` was not found")));
        }
        let unreadable = |error: &dyn std::fmt::Display| other(&format!("cannot read `{name}` ({error})"));
        if !is_shared_library(&path).map_err(|error| unreadable(&error))? {
            return Err(other(&format!("`{name}` is not a shared library (ELF)")));
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
        let refused = |value: Option<OsString>| PlumedKernel::from_variable(value).unwrap_err().message;
        assert!(refused(None).ends_with("it is not set") && refused(Some("".into())).ends_with("it is not set"));
        assert!(refused(Some("lib/libplumedKernel.so".into())).contains("a relative path"));
        for missing in [&*path, folder.path()] {
            assert!(refused(Some(missing.into())).ends_with(&format!("`{}` was not found", missing.display())));
        }
        let mut header = [ELF, &[2, 1, 1], &[0; 9], &[3, 0]].concat();
        let is_not_shared = || refused(Some(path.clone().into())).ends_with("is not a shared library (ELF)");
        for text in ["", "#!/bin/sh\nexec plumed kernel\n", "\u{7f}ELF"] {
            fs::write(&path, text).unwrap();
            assert!(is_not_shared(), "{text}");
        }
        fs::write(&path, &header).unwrap();
        assert_eq!(named(&path).unwrap().sha256.len(), 64);
        // An object file.
        header[16] = 1;
        fs::write(&path, &header).unwrap();
        assert!(is_not_shared());
    }
}
