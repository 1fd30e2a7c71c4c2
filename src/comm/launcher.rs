//! Which launcher started this process, according to its environment?

/// What a launcher says about the job, before MPI starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Launcher {
    pub name: &'static str,
    /// The variable that contains the number of processes.
    pub variable: &'static str,
    pub size: usize,
    pub rank: usize,
}

/// Name, variable with the number of processes, variable with this one's number. `jsrun` sets Open MPI's variables too. SLURM's come last:
/// in a batch job `mpirun` sets its own, and SLURM_PROCID is then the number of the launcher's daemon.
const LAUNCHERS: [(&str, &str, &str); 6] = [
    ("jsrun", "JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_RANK"),
    ("Open MPI's mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("mpirun_rsh", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    ("Flux", "FLUX_JOB_SIZE", "FLUX_TASK_RANK"),
    ("PALS", "PMI_SIZE", "PALS_RANKID"),
    ("srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
];

/// MPICH's launcher, Hydra. Others that offer the interface PMI set the same variables, besides their own.
const HYDRA: (&str, &str, &str) = ("MPICH's mpirun", "PMI_SIZE", "PMI_RANK");
/// What only Hydra sets.
const HYDRA_ONLY: &str = "MPI_LOCALNRANKS";

/// Prefixes of variables that launchers of any kind set: process managers of MPI, batch systems, vendors.
const PREFIXES: [&str; 15] = [
    "OMPI_COMM",
    "OMPI_UNIVERSE",
    "PMI_",
    "PMIX_",
    "MV2_COMM",
    "PRTE_",
    "HYDRA_",
    "MPI_",
    "MPIRUN",
    "SLURM_",
    "ALPS_",
    "PALS_",
    "FLUX_",
    "JSM_",
    "LSB_",
];

impl Launcher {
    /// Whether any variable suggests a launcher, including those that [`detect`](Self::detect) does not know.
    pub fn is_likely() -> bool {
        std::env::vars_os().any(|(name, _)| is_launcher_variable(&name.to_string_lossy()))
    }

    /// The launcher that started this process, if it is a known one.
    pub fn detect() -> Option<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |variable: &str| get(variable)?.trim().parse().ok();
        let read = |(name, variable, rank): (&'static str, &'static str, &str)| {
            Some(Self { name, variable, size: number(variable)?, rank: number(rank)? })
        };
        // The batch script itself is a step of one task, whatever the job's size, and so is the shell that salloc starts on a node.
        let in_batch_step = get("SLURM_STEP_ID")
            .is_none_or(|id| ["batch", "4294967291", "interactive", "4294967290"].contains(&id.as_str()));
        let known = LAUNCHERS.into_iter().filter(|&(name, ..)| name != "srun" || !in_batch_step).find_map(read);
        match (known, read(HYDRA)) {
            (Some(known), _) if known.variable.contains("_COMM_WORLD_") => Some(known),
            (Some(known), Some(hydra)) => {
                let is_same = (known.size, known.rank) == (hydra.size, hydra.rank);
                Some(if is_same && get(HYDRA_ONLY).is_none() { known } else { hydra })
            }
            (known, hydra) => known.or(hydra),
        }
    }

    /// How processes are started so that a library of this name finds the others.
    pub fn remedy(&self, library: &str) -> String {
        let own = "that library's mpirun";
        match (self.name, library.starts_with("Open MPI")) {
            ("srun", true) => format!("start it with `srun --mpi=pmix`, or with {own} in the job"),
            ("srun", false) => format!("start it with `srun --mpi=pmi2`, or with {own} in the job"),
            ("Flux", is_open_mpi) => {
                let interface = if is_open_mpi { "pmix` (plugin flux-pmix)" } else { "simple`" };
                format!("start it with `flux run -o pmi={interface}, or with {own} under `flux alloc` or `flux batch`")
            }
            ("PALS", true) => format!("start it with `mpiexec --pmi=pmix` of PALS, or with {own}"),
            ("jsrun", _) => {
                format!("start it with {own} in the job, or rebuild it with MPICC set to Spectrum MPI's mpicc")
            }
            (name, _) => {
                let name = name.trim_end_matches("'s mpirun");
                format!("start it with {own}, or rebuild it with MPICC set to {name}'s compiler")
            }
        }
    }
}

/// Whether launchers set the variable.
fn is_launcher_variable(variable: &str) -> bool {
    PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Option<(&'static str, usize, usize)> {
        let get = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string());
        Launcher::from_variables(get).map(|l| (l.name, l.size, l.rank))
    }

    #[test]
    fn each_launcher_is_detected_by_its_variables() {
        assert_eq!(detect(&[]), None);
        let ompi = [("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "2"), ("SLURM_PROCID", "1")];
        assert_eq!(detect(&ompi), Some(("Open MPI's mpirun", 4, 2)));
        assert_eq!(detect(&[("PMI_SIZE", "3"), ("PMI_RANK", "1")]), Some(("MPICH's mpirun", 3, 1)));
        let srun = [("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "5")];
        assert_eq!(detect(&srun), Some(("srun", 8, 5)));
    }

    #[test]
    fn launchers_that_set_the_variables_of_others_have_their_own_names() {
        let flux = [("FLUX_JOB_SIZE", "4"), ("FLUX_TASK_RANK", "2"), ("PMI_SIZE", "4"), ("PMI_RANK", "2")];
        assert_eq!(detect(&flux), Some(("Flux", 4, 2)));
        assert_eq!(detect(&flux[..2]), Some(("Flux", 4, 2)));
        let pals = [("PALS_RANKID", "1"), ("PMI_SIZE", "3"), ("PMI_RANK", "1")];
        assert_eq!(detect(&pals), Some(("PALS", 3, 1)));
        let jsrun = ["JSM_NAMESPACE_SIZE", "OMPI_COMM_WORLD_SIZE"].map(|name| (name, "6"));
        let ranks = ["JSM_NAMESPACE_RANK", "OMPI_COMM_WORLD_RANK"].map(|name| (name, "5"));
        assert_eq!(detect(&[jsrun, ranks].concat()), Some(("jsrun", 6, 5)));
        let pmi2 = [("SLURM_STEP_NUM_TASKS", "2"), ("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "1")];
        let pmi2 = [&pmi2[..], &[("PMI_SIZE", "2"), ("PMI_RANK", "1")]].concat();
        assert_eq!(detect(&pmi2), Some(("srun", 2, 1)));
        // Hydra's daemons were started by srun.
        assert_eq!(detect(&[&pmi2[..], &[("MPI_LOCALNRANKS", "1")]].concat()), Some(("MPICH's mpirun", 2, 1)));
        // mpirun in a job of one Flux task.
        let inside = [("FLUX_JOB_SIZE", "1"), ("FLUX_TASK_RANK", "0"), ("PMI_SIZE", "3"), ("PMI_RANK", "0")];
        assert_eq!(detect(&inside), Some(("MPICH's mpirun", 3, 0)));
    }

    #[test]
    fn every_remedy_names_a_way_to_start() {
        for (name, variable, _) in LAUNCHERS {
            let launcher = Launcher { name, variable, size: 2, rank: 0 };
            for library in ["Open MPI v4.1.4", "MPICH 4.0.2"] {
                assert!(launcher.remedy(library).contains("start it with"), "{name}, {library}");
            }
        }
    }

    #[test]
    fn unknown_launchers_are_likely_and_settings_suggest_none() {
        assert!(["PMIX_RANK", "PALS_RANKID", "OMPI_COMM_WORLD_SIZE"].into_iter().all(is_launcher_variable));
        assert!(
            ["PATH", "OMPI_ALLOW_RUN_AS_ROOT", "OMP_NUM_THREADS", "MPICC"]
                .into_iter()
                .all(|name| !is_launcher_variable(name))
        );
    }

    #[test]
    fn a_batch_script_is_no_launcher() {
        assert_eq!(detect(&[("SLURM_NTASKS", "100"), ("SLURM_PROCID", "0")]), None);
        for id in ["batch", "4294967291", "4294967290"] {
            let script = [("SLURM_STEP_NUM_TASKS", "1"), ("SLURM_STEP_ID", id), ("SLURM_PROCID", "0")];
            assert_eq!(detect(&script), None, "{id}");
        }
    }
}
