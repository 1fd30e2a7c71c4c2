//! Can this GROMACS be biased by PLUMED?
//!
//! It can where `mdrun` knows `-plumed` (2025 and later, or a patched one) and the variable PLUMED_KERNEL names PLUMED's library. PLUMED
//! works with one thread-MPI rank only. Whether the library can be loaded is only known when it is; what cannot be one is seen before.
use super::super::Gromacs;
use crate::journal::sha256_of_file;
use crate::process::{Command, Guard};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variable that names PLUMED's library.
const VARIABLE: &str = "PLUMED_KERNEL";
/// How a library of this system begins, and the kind of file that is loaded while a program runs (ET_DYN).
const ELF: &[u8] = b"\x7fELF";
const SHARED: u16 = 3;

/// Why PLUMED cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("this mdrun has no option -plumed")]
    Unknown,
    #[error("PLUMED_KERNEL does not name PLUMED's library: it is not set")]
    Unset,
    #[error("PLUMED_KERNEL is `{0}`, a relative path: mdrun runs in each replica's folder and will not find it there")]
    Relative(PathBuf),
    #[error("PLUMED_KERNEL does not name PLUMED's library: {problem} `{path}`", path = .path.display())]
    Kernel { path: PathBuf, problem: Problem },
    #[error("PLUMED works with one thread-MPI rank only")]
    Ranks,
    #[error("mdrun does not tell its options")]
    Silent,
}

/// What is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("there is no file")]
    Missing,
    #[error("cannot read ({0})")]
    Unreadable(String),
    #[error("not a shared library (ELF):")]
    NotShared,
}

/// PLUMED's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    pub path: PathBuf,
    pub sha256: String,
}

impl Fault {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unknown => "use GROMACS 2025 or later, or one that PLUMED's patch was applied to",
            Self::Unset | Self::Relative(_) | Self::Kernel { .. } => {
                "set PLUMED_KERNEL to the absolute path of libplumedKernel.so, on all nodes: `mpirun -x PLUMED_KERNEL` with Open MPI"
            }
            Self::Ranks => "set thread_mpi_ranks = 1 and give it more threads",
            Self::Silent => "see what `gmx mdrun -h` says",
        }
    }
}

impl Gromacs {
    /// Whether PLUMED can be used, and which.
    ///
    /// # Errors
    /// Something that it needs is missing.
    pub fn check_plumed(&self, guard: &Guard) -> Result<Kernel, Fault> {
        if self.thread_mpi_ranks != 1 {
            return Err(Fault::Ranks);
        }
        let command = Command {
            time_limit: Some(Duration::from_secs(60)),
            set: self.environment(),
            ..Command::new(self.argv(&["mdrun", "-h"]), "/")
        };
        let told = guard.run(&command).map_err(|_| Fault::Silent)?;
        if !told.stdout.text().contains("-plumed") && !told.stderr.text().contains("-plumed") {
            return Err(Fault::Unknown);
        }
        named(std::env::var_os(VARIABLE))
    }
}

/// The library that the variable names.
fn named(value: Option<OsString>) -> Result<Kernel, Fault> {
    let path = value.filter(|path| !path.is_empty()).map(PathBuf::from).ok_or(Fault::Unset)?;
    if path.is_relative() {
        return Err(Fault::Relative(path));
    }
    let fault = |problem| Fault::Kernel { path: path.clone(), problem };
    if !path.is_file() {
        return Err(fault(Problem::Missing));
    }
    let unreadable = |error: &dyn std::fmt::Display| fault(Problem::Unreadable(error.to_string()));
    if !is_shared_library(&path).map_err(|error| unreadable(&error))? {
        return Err(fault(Problem::NotShared));
    }
    let sha256 = sha256_of_file(&path).map_err(|error| unreadable(&error))?;
    Ok(Kernel { path, sha256 })
}

fn is_shared_library(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(18).read_to_end(&mut head)?;
    let [.., low, high] = head[..] else { return Ok(false) };
    let kind = match head.get(5) {
        Some(2) => u16::from_be_bytes([low, high]),
        _ => u16::from_le_bytes([low, high]),
    };
    Ok(head.len() == 18 && head.starts_with(ELF) && kind == SHARED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_a_shared_library_by_its_absolute_path_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libplumedKernel.so");
        let of = |path: &Path| named(Some(path.into()));
        assert_eq!(named(None), Err(Fault::Unset));
        assert_eq!(named(Some("".into())), Err(Fault::Unset));
        assert!(matches!(of(Path::new("lib/libplumedKernel.so")), Err(Fault::Relative(_))));
        let problem = |path: &Path| match of(path) {
            Err(Fault::Kernel { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
        assert_eq!((problem(&path), problem(folder.path())), (Problem::Missing, Problem::Missing));
        let mut head = [ELF, &[2, 1, 1], &[0; 9], &[3, 0]].concat();
        for text in ["", "#!/bin/sh\nexec plumed kernel\n", "\u{7f}ELF"] {
            fs::write(&path, text).unwrap();
            assert_eq!(problem(&path), Problem::NotShared, "{text}");
        }
        fs::write(&path, &head).unwrap();
        assert_eq!(of(&path).unwrap().sha256.len(), 64);
        // An object file.
        head[16] = 1;
        fs::write(&path, &head).unwrap();
        assert_eq!(problem(&path), Problem::NotShared);
    }
}
