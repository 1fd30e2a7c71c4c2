//! How does the launcher of the MPI library start ranks on this machine?
use super::library;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The launcher of the MPI library that this binary is built for.
pub struct LocalLauncher {
    library: String,
    implementation: Implementation,
}

/// Libraries whose launchers have the same options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Implementation {
    /// With ORTE, which starts ranks itself.
    OpenMpi4,
    /// With PRRTE.
    OpenMpi5,
    /// MPICH and its relatives, with Hydra.
    Mpich,
}

impl LocalLauncher {
    /// The launcher of the loaded library.
    pub fn of_library() -> Self {
        Self::named(library::name())
    }

    fn named(library: String) -> Self {
        let implementation = match library.strip_prefix("Open MPI") {
            Some(version) if version.trim_start().trim_start_matches('v').starts_with(['1', '2', '3', '4']) => {
                Implementation::OpenMpi4
            }
            Some(_) => Implementation::OpenMpi5,
            None => Implementation::Mpich,
        };
        Self { library, implementation }
    }

    /// Name and version of the library.
    pub fn library(&self) -> &str {
        &self.library
    }

    /// Programs that may be it, the likeliest first: beside the library, then those on the PATH.
    pub fn candidates(&self) -> Vec<PathBuf> {
        let names: &[&str] = match self.implementation {
            Implementation::Mpich => &["mpirun.mpich", "mpiexec.hydra", "mpirun", "mpiexec"],
            _ => &["mpirun.openmpi", "mpirun", "mpiexec"],
        };
        let loaded = library::path();
        // As in PREFIX/lib/ARCHITECTURE; not below the root, where all programs of the system are.
        let above = loaded.iter().flat_map(|path| path.ancestors().skip(1).take(3));
        let beside = above.filter(|folder| folder.parent().is_some()).map(|folder| folder.join("bin"));
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = beside.chain(env::split_paths(&path)).collect();
        let programs = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
        programs.filter(|program| program.is_file()).collect()
    }

    /// Whether a program that prints this about its version belongs to the library.
    pub fn is_printed_by(&self, version: &str) -> bool {
        let number = self.library.split([' ', 'v']).find(|word| word.contains('.'));
        let is_open_mpi = version.contains("Open MPI") || version.contains("OpenRTE");
        let words = || version.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        // Relatives of MPICH have launchers with versions of their own.
        let has_number = self.implementation != Implementation::Mpich || self.library.starts_with("MPICH");
        let is_same = !has_number || number.is_some_and(|number| words().any(|word| word == number));
        is_same && is_open_mpi == (self.implementation != Implementation::Mpich)
    }

    /// Its arguments for so many ranks, before the program: all on this machine, also in a job that has several, and not bound to cores,
    /// which simmpi divides where ranks start programs.
    pub fn arguments(&self, ranks: usize) -> Vec<OsString> {
        let options = match self.implementation {
            Implementation::OpenMpi4 => {
                "--mca plm isolated --mca ras ^slurm,tm,lsf,gridengine,alps --oversubscribe --bind-to none --quiet"
            }
            Implementation::OpenMpi5 => "--map-by :OVERSUBSCRIBE --bind-to none",
            Implementation::Mpich => "-launcher fork",
        };
        options.split(' ').map(OsString::from).chain(["-n".into(), ranks.to_string().into()]).collect()
    }

    /// Variables that it needs for the same. In containers the user is often root.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let as_root = nix::unistd::geteuid().is_root();
        let own: &[(&str, &str)] = match self.implementation {
            Implementation::OpenMpi4 => &[],
            Implementation::OpenMpi5 => {
                &[("PRTE_MCA_ras", "^slurm,tm,pbs,lsf,gridengine,flux"), ("PRTE_MCA_plm", "ssh")]
            }
            Implementation::Mpich => &[("HYDRA_RMK", "user")],
        };
        let root = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"].map(|name| (name, "1"));
        let root = root.into_iter().filter(|_| as_root && self.implementation != Implementation::Mpich);
        own.iter().copied().chain(root).map(|(name, value)| (name.into(), value.into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(library: &str) -> LocalLauncher {
        LocalLauncher::named(library.into())
    }

    #[test]
    fn a_launcher_fits_the_library_of_its_own_version() {
        let open_mpi = of("Open MPI v4.1.4");
        assert!(open_mpi.is_printed_by("mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/\n"));
        assert!(!open_mpi.is_printed_by("mpirun (Open MPI) 5.0.3\n"));
        assert!(!open_mpi.is_printed_by("HYDRA build details:\n    Version:       4.1.4\n"));
        let mpich = of("MPICH 4.0.2");
        assert!(mpich.is_printed_by("HYDRA build details:\n    Version:                                 4.0.2\n"));
        assert!(!mpich.is_printed_by("HYDRA build details:\n    Version: 3.4\n"));
        assert!(!mpich.is_printed_by("mpirun (Open MPI) 4.0.2"));
        assert!(of("MVAPICH2 2.3.7").is_printed_by("HYDRA build details:\n    Version: 3.2.1\n"));
        assert!(of("Intel(R) MPI Library 2021.9 for Linux* OS").is_printed_by("Intel(R) MPI Library, Version 2021.11"));
    }

    #[test]
    fn options_are_those_of_the_library() {
        let implementations = ["Open MPI v4.1.4", "Open MPI v5.0.11", "MPICH 4.0.2", "MVAPICH2 2.3.7"]
            .map(|name| of(name).implementation);
        assert_eq!(
            implementations,
            [Implementation::OpenMpi4, Implementation::OpenMpi5, Implementation::Mpich, Implementation::Mpich]
        );
        for name in ["Open MPI v4.1.4", "Open MPI v5.0.11", "MPICH 4.0.2"] {
            let arguments = of(name).arguments(3);
            assert_eq!(arguments[arguments.len() - 2..], ["-n", "3"], "{name}");
        }
    }
}
