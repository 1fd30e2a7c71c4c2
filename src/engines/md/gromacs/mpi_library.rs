//! Which MPI library is a GROMACS built with?
//!
//! `gmx` has threads as ranks (thread-MPI, `-ntmpi`); `gmx_mpi` is a program of an MPI library: without a launcher it is one rank, and it
//! refuses `-ntmpi`.
use crate::engines::locate;

/// The MPI library that a GROMACS is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MpiLibrary {
    ThreadMpi,
    /// One of those that a launcher starts.
    Mpi,
    None,
}

impl MpiLibrary {
    /// From what `gmx --version` prints: `MPI library:        thread_mpi`, `MPI`, `MPI (CUDA-aware)` or `none`.
    pub fn parse(printed: &str) -> Self {
        match locate::word_after(printed, "MPI library:").as_deref() {
            Some("MPI") => Self::Mpi,
            Some("none") => Self::None,
            _ => Self::ThreadMpi,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_read_from_the_printed_version() {
        let printed =
            |library: &str| format!("GROMACS version:    2022.5\nPrecision: mixed\nMPI library:        {library}\n");
        let parsed = |library: &str| MpiLibrary::parse(&printed(library));
        assert_eq!(
            ["thread_mpi", "MPI", "none"].map(parsed),
            [MpiLibrary::ThreadMpi, MpiLibrary::Mpi, MpiLibrary::None]
        );
        assert_eq!(parsed("MPI (CUDA-aware)"), MpiLibrary::Mpi);
        assert_eq!(MpiLibrary::parse("GROMACS version: 4.6"), MpiLibrary::ThreadMpi);
    }
}
