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

/// Name, variable with the number of processes, variable with this one's number. SLURM's variables come last: in a batch job `mpirun` sets
/// its own, and SLURM_PROCID is then the number of the launcher's daemon.
const LAUNCHERS: [(&str, &str, &str); 3] = [
    ("Open MPI's mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("MPICH's mpirun", "PMI_SIZE", "PMI_RANK"),
    ("srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
];

/// Prefixes of variables that launchers of any kind set: process managers of MPI, batch systems, vendors.
const PREFIXES: [&str; 14] = [
    "OMPI_COMM",
    "OMPI_UNIVERSE",
    "PMI_",
    "PMIX_",
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
        // The batch script itself is a step of one task, whatever the job's size.
        let in_batch_step = get("SLURM_STEP_ID").is_none_or(|id| id == "batch" || id == "4294967291");
        LAUNCHERS.iter().find_map(|&(name, variable, rank)| {
            if name == "srun" && in_batch_step {
                return None;
            }
            Some(Self { name, variable, size: number(variable)?, rank: number(rank).unwrap_or(0) })
        })
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
        assert_eq!(detect(&[("SLURM_STEP_NUM_TASKS", "1"), ("SLURM_STEP_ID", "batch")]), None);
    }
}
