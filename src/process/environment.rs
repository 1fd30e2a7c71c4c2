//! Which environment variables does a program inherit?
//!
//! Those of the rank, without the variables by which a launcher tells a process that it is a rank: a program built with MPI would consider
//! itself one, and hang in `MPI_Init` or disturb the campaign's job. What users and modules set, and what SLURM sets for the job as a
//! whole, is kept.
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
};

/// Prefixes of variables that only launchers set.
const LAUNCHER_PREFIXES: &[&str] = &[
    // Open MPI 4 (orted) and 5 (PRRTE)
    "OMPI_",
    "ORTE_",
    "PRTE_",
    "PMIX_",
    // MPICH, Intel MPI, MVAPICH, Cray: hydra and PMI
    "PMI_",
    "PMI2_",
    "HYDRA_",
    "HYDI_",
    "MPIR_",
    "MPIRUN_",
    "MPISPAWN_",
    "MV2_COMM_WORLD_",
    "MVP_COMM_WORLD_",
    "PALS_",
    "ALPS_APP_",
    // SLURM: what srun sets for a step and its tasks
    "SLURM_STEP",
    "SLURM_SRUN_COMM_",
    "SLURM_PMI",
    "SLURM_CPU_BIND",
    "SLURM_MEM_BIND",
    // other schedulers' tasks
    "FLUX_TASK_",
    "JSM_NAMESPACE_",
];

/// Further variables that launchers set.
const LAUNCHER_NAMES: &[&str] = &[
    "MPI_LOCALNRANKS",
    "MPI_LOCALRANKID",
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_NODEID",
    "SLURM_GTIDS",
    "SLURM_TASK_PID",
    "SLURM_MPI_TYPE",
    "SLURM_LAUNCH_NODE_IPADDR",
    "SLURM_DISTRIBUTION",
    "SRUN_DEBUG",
];

/// Variables with a launcher's prefix that users set.
const USER_NAMES: &[&str] = &[
    "OMPI_ALLOW_RUN_AS_ROOT",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
    "OMPI_HOME",
    "OMPI_CC",
    "OMPI_CXX",
    "OMPI_FC",
    "PMIX_INSTALL_PREFIX",
];

/// Whether a launcher sets the variable `name` for its ranks: programs must not inherit it.
pub fn is_launcher_variable(name: &OsStr) -> bool {
    let equals = |other: &&str| name.as_bytes() == other.as_bytes();
    let has_prefix = |prefix: &&str| name.as_bytes().starts_with(prefix.as_bytes());
    (LAUNCHER_NAMES.iter().any(equals) || LAUNCHER_PREFIXES.iter().any(has_prefix)) && !USER_NAMES.iter().any(equals)
}

/// The variables of a program: the `inherited` ones without the launcher's and those in `unset`, then those in `set`.
pub fn for_child(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    unset: &[OsString],
    set: &[(OsString, OsString)],
) -> BTreeMap<OsString, OsString> {
    let is_kept = |name: &OsStr| !is_launcher_variable(name) && !unset.iter().any(|removed| removed == name);
    inherited.into_iter().filter(|(name, _)| is_kept(name)).chain(set.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `mpirun env`, `mpirun.mpich env` and `srun --mpi=... env` set (Open MPI 4.1.4, MPICH 4.0.2, SLURM 22.05),
    /// and what their manuals add.
    const LAUNCHED: &str = "OMPI_APP_CTX_NUM_PROCS OMPI_COMMAND OMPI_COMM_WORLD_LOCAL_RANK OMPI_COMM_WORLD_RANK \
        OMPI_COMM_WORLD_SIZE OMPI_FILE_LOCATION OMPI_MCA_ess OMPI_MCA_ess_base_vpid OMPI_MCA_orte_hnp_uri \
        OMPI_MCA_orte_bound_at_launch OMPI_MCA_pmix OMPI_UNIVERSE_SIZE ORTE_SCHIZO_DETECTION PRTE_LAUNCHED \
        PMIX_NAMESPACE PMIX_RANK PMIX_SERVER_URI4 PMIX_BFROP_BUFFER_TYPE PMIX_MCA_mca_base_component_show_load_errors \
        HYDI_CONTROL_FD HYDRA_CONTROL_FD MPIR_CVAR_CH3_INTERFACE_HOSTNAME MPI_LOCALNRANKS MPI_LOCALRANKID PMI_FD PMI_RANK \
        PMI_SIZE PMI2_RANK MV2_COMM_WORLD_RANK PALS_RANKID SLURM_PROCID SLURM_LOCALID SLURM_NODEID SLURM_GTIDS \
        SLURM_TASK_PID SLURM_STEPID SLURM_STEP_ID SLURM_STEP_NODELIST SLURM_STEP_NUM_TASKS SLURM_STEP_LAUNCHER_PORT \
        SLURM_SRUN_COMM_HOST SLURM_SRUN_COMM_PORT SLURM_LAUNCH_NODE_IPADDR SLURM_MPI_TYPE SLURM_PMIXP_ABORT_AGENT_PORT \
        SLURM_PMI2_STEP_NODES SLURM_CPU_BIND SLURM_CPU_BIND_TYPE SLURM_MEM_BIND_LIST SLURM_DISTRIBUTION";
    const OWN: &str = "PATH HOME LD_LIBRARY_PATH LD_PRELOAD TMPDIR OMP_NUM_THREADS MKL_NUM_THREADS CUDA_VISIBLE_DEVICES \
        SLURM_JOB_ID SLURM_JOBID SLURM_JOB_NODELIST SLURM_NODELIST SLURM_NTASKS SLURM_CPUS_PER_TASK SLURM_SUBMIT_DIR \
        SLURM_JOB_GPUS SLURM_TMPDIR SLURM_CONF SLURMD_NODENAME SLURM_ARRAY_TASK_ID OPAL_PREFIX OMPI_HOME \
        OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM I_MPI_ROOT I_MPI_FABRICS MPI_HOME PMI OMPIX GMXLIB \
        PSI_SCRATCH NWCHEM_BASIS_LIBRARY PLUMED_KERNEL UCX_TLS FI_PROVIDER";

    #[test]
    fn every_variable_of_a_launcher_is_removed_and_every_other_kept() {
        for name in LAUNCHED.split_whitespace() {
            assert!(is_launcher_variable(OsStr::new(name)), "{name} would reach a child");
        }
        for name in OWN.split_whitespace() {
            assert!(!is_launcher_variable(OsStr::new(name)), "{name} would be lost");
        }
    }

    #[test]
    fn variables_set_for_a_command_take_precedence() {
        let pair = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let inherited = [pair("PMI_RANK", "3"), pair("A", "1"), pair("B", "2"), pair("C", "3")];
        let set = [pair("B", "new"), pair("OMPI_MCA_btl", "self"), pair("A", "back")];
        let child = for_child(inherited, &["A".into(), "C".into()], &set);
        assert_eq!(
            child.into_iter().collect::<Vec<_>>(),
            [pair("A", "back"), pair("B", "new"), pair("OMPI_MCA_btl", "self")]
        );
    }
}
