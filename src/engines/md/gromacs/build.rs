//! How is a GROMACS asked for its version and its MPI library, and which ranks can it run?
use super::mpi_library::MpiLibrary;
use super::program::{Gromacs, HELP};
use crate::engines::locate;
use crate::problem::Problem;
use crate::process::Supervisor;
use std::path::Path;

impl Gromacs {
    /// The version of the program at `path`, and its MPI library.
    pub(super) fn query_build(&self, supervisor: &Supervisor, path: &Path) -> Result<(String, MpiLibrary), Problem> {
        let argv = vec![path.into(), "--version".into()];
        locate::query_version(supervisor, argv, "", HELP, |text| {
            Some((locate::word_after(text, "GROMACS version:")?, MpiLibrary::parse(text)))
        })
    }

    /// The MPI library of the program, which is asked once on each rank.
    pub(super) fn mpi_library(&self, supervisor: &Supervisor) -> Result<MpiLibrary, Problem> {
        if let Some(known) = self.mpi_library.get() {
            return Ok(*known);
        }
        let path = locate::locate(&self.binary, HELP)?;
        let (_, library) = self.query_build(supervisor, &path)?;
        Ok(*self.mpi_library.get_or_init(|| library))
    }

    /// Checks that a GROMACS with this library can run as many ranks as are wanted.
    pub(super) fn check_ranks(&self, library: MpiLibrary) -> Result<(), Problem> {
        let binary = self.binary.display();
        match library {
            MpiLibrary::Mpi | MpiLibrary::None if self.thread_mpi_ranks > 1 => {
                let message = format!("`{binary}` is not built with thread-MPI: it has no thread-MPI ranks");
                let help = match library {
                    MpiLibrary::Mpi => "remove `thread_mpi_ranks` and raise `threads`, or set `ranks` and a `launcher`",
                    _ => "remove `thread_mpi_ranks` and raise `threads`",
                };
                Err(Problem::at_key("thread_mpi_ranks", message, help))
            }
            MpiLibrary::ThreadMpi | MpiLibrary::None if self.ranks > 1 => {
                let count = self.ranks;
                let message = format!(
                    "`{binary}` is not built with an MPI library: the launcher would start {count} copies of the same simulation"
                );
                let help =
                    "set ranks = 1 with thread_mpi_ranks and threads, or set `binary` to an MPI build such as gmx_mpi";
                Err(Problem::at_key("ranks", message, help))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_that_a_build_cannot_run_are_refused() {
        let refused = |thread_mpi_ranks: usize, ranks: usize, library| {
            let keys = serde_json::json!({ "thread_mpi_ranks": thread_mpi_ranks, "ranks": ranks });
            let gromacs: Gromacs = serde_json::from_value(keys).unwrap();
            gromacs.check_ranks(library).err().map(|problem| problem.key)
        };
        assert_eq!(refused(2, 1, MpiLibrary::Mpi).as_deref(), Some("thread_mpi_ranks"));
        assert_eq!(refused(1, 2, MpiLibrary::ThreadMpi).as_deref(), Some("ranks"));
        assert_eq!(refused(1, 2, MpiLibrary::None).as_deref(), Some("ranks"));
        assert_eq!([refused(1, 2, MpiLibrary::Mpi), refused(2, 1, MpiLibrary::ThreadMpi)], [None, None]);
    }
}
