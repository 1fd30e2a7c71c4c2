//! Which variables does a program not inherit?

/// Variables by which MPI's launchers tell a process that it is a rank: a program built with MPI that inherits them joins its parent's
/// job, and dies or hangs it.
const PREFIXES: [&str; 10] =
    ["OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_", "OPAL_", "HYDRA_", "MPIR_", "MPI_LOCAL", "SLURM_STEP"];
/// Of SLURM's, those that describe a task of a step rather than the job.
const NAMES: [&str; 12] = [
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_NODEID",
    "SLURM_GTIDS",
    "SLURM_TASK_PID",
    "SLURM_MPI_TYPE",
    "SLURM_LAUNCH_NODE_IPADDR",
    "SLURM_SRUN_COMM_HOST",
    "SLURM_SRUN_COMM_PORT",
    "SLURM_CPU_BIND",
    "SLURM_UMASK",
    "HYDI_CONTROL_FD",
];

/// Whether `name` is a launcher's word to a rank. Settings of users that have such a prefix (`OMPI_MCA_...`, `OMPI_ALLOW_...`) stay.
pub fn is_launchers(name: &str) -> bool {
    let is_setting = name.starts_with("OMPI_ALLOW_RUN_AS_ROOT")
        || (name.starts_with("OMPI_MCA_") && !name.starts_with("OMPI_MCA_orte") && !name.starts_with("OMPI_MCA_ess"));
    !is_setting && (PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::is_launchers;

    #[test]
    fn a_ranks_variables_go_and_the_users_stay() {
        for name in [
            "OMPI_COMM_WORLD_RANK",
            "PMIX_RANK",
            "PMI_FD",
            "OMPI_MCA_orte_ess_num_procs",
            "SLURM_PROCID",
            "SLURM_STEP_ID",
        ] {
            assert!(is_launchers(name), "{name}");
        }
        for name in
            ["PATH", "OMP_NUM_THREADS", "SLURM_JOB_ID", "SLURM_MEM_PER_NODE", "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_MCA_btl"]
        {
            assert!(!is_launchers(name), "{name}");
        }
    }
}
