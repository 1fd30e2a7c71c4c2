//! Which environment variables does a program inherit?
//!
//! Those of the rank, without the variables by which a launcher tells a process that it is a rank: a program built with MPI would consider
//! itself one, and hang in `MPI_Init` or disturb the campaign's job. What users and modules set, and what SLURM sets for the job as a
//! whole, is kept. A launcher that a rank starts also keeps what is said of the step.
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
};

/// Prefixes of variables by which a launcher tells a process which rank of which program it is, and of settings for its own step.
const RANK_PREFIXES: &[&str] = &[
    // Open MPI 4 (orted) and 5 (PRRTE)
    "OMPI_",
    "ORTE_",
    "PRTE_",
    "PMIX_",
    // MPICH, Intel MPI, MVAPICH, Cray: hydra and PMI
    "PMI_",
    "PMI2_",
    "HYDI_",
    "MPISPAWN_",
    "MV2_COMM_WORLD_",
    "MVP_COMM_WORLD_",
    "ALPS_APP_",
    // SLURM: srun would use them as options of the next step
    "SLURM_PMI",
    "SLURM_CPU_BIND",
    "SLURM_MEM_BIND",
    // other schedulers' tasks
    "FLUX_TASK_",
];

/// Further variables of that kind.
const RANK_NAMES: &[&str] =
    &["MPI_LOCALNRANKS", "MPI_LOCALRANKID", "MPIR_CVAR_CH3_INTERFACE_HOSTNAME", "SLURM_DISTRIBUTION"];

/// Prefixes of further variables that only launchers set: what they say of the job and its step, which another launcher may need.
const STEP_PREFIXES: &[&str] =
    &["HYDRA_", "MPIR_", "MPIRUN_", "PALS_", "SLURM_STEP", "SLURM_SRUN_COMM_", "JSM_NAMESPACE_"];

/// Further variables of that kind.
const STEP_NAMES: &[&str] = &[
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_NODEID",
    "SLURM_GTIDS",
    "SLURM_TASK_PID",
    "SLURM_MPI_TYPE",
    "SLURM_LAUNCH_NODE_IPADDR",
    "SRUN_DEBUG",
];

/// Options of the step that simmpi runs in, which a step within it must not take over.
const STEP_OPTIONS: &[&str] = &["SLURM_OVERLAP", "SLURM_NTASKS_PER_NODE"];

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

/// Prefixes of parameters of Open MPI and PMIx, which users set...
const PARAMETERS: &[&str] = &["OMPI_MCA_", "PRTE_MCA_", "PMIX_MCA_"];

/// ...except for those that `mpirun` sets for its ranks.
const RANK_PARAMETERS: &[&str] = &[
    "ess",
    "orte_",
    "pmix",
    "rmaps_",
    "initial_wdir",
    "mpi_oversubscribe",
    "shmem_RUNTIME_QUERY_hint",
    "mca_base_component_show_load_errors",
];

/// Whether `name` begins with one of `prefixes`.
fn has_prefix(name: &OsStr, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
}

fn is_one_of(name: &OsStr, names: &[&str]) -> bool {
    names.iter().any(|other| name.as_bytes() == other.as_bytes())
}

/// Whether a launcher sets the variable `name` for its ranks: programs must not inherit it.
pub fn is_launcher_variable(name: &OsStr) -> bool {
    is_rank_variable(name) || has_prefix(name, STEP_PREFIXES) || is_one_of(name, STEP_NAMES)
}

/// Whether the variable `name` makes a process a certain rank of a program.
fn is_rank_variable(name: &OsStr) -> bool {
    (has_prefix(name, RANK_PREFIXES) || is_one_of(name, RANK_NAMES)) && !is_one_of(name, USER_NAMES)
}

/// Whether the variable `name` is a parameter of Open MPI or PMIx that `mpirun` does not set itself.
fn is_user_parameter(name: &OsStr) -> bool {
    let parameter = PARAMETERS.iter().find_map(|prefix| name.as_bytes().strip_prefix(prefix.as_bytes()));
    parameter.is_some_and(|rest| !has_prefix(OsStr::from_bytes(rest), RANK_PARAMETERS))
}

/// Whether a launcher that a rank starts must not inherit the variable `name`: its processes inherit it too, and would take themselves for
/// ranks of simmpi. Measured with Open MPI 4.1: `gmx_mpi` under `srun` under `mpirun` then crashes or hangs in `MPI_Init`.
fn is_kept_from_launcher(name: &OsStr) -> bool {
    (is_rank_variable(name) && !is_user_parameter(name)) || is_one_of(name, STEP_OPTIONS)
}

/// The variables of a program: the `inherited` ones without the launcher's and those in `unset`, then those in `set`. A program that is a
/// launcher itself keeps those that describe job and step, and parameters of users.
pub fn for_child(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    is_launcher: bool,
    unset: &[OsString],
    set: &[(OsString, OsString)],
) -> BTreeMap<OsString, OsString> {
    let is_removed = |name: &OsStr| if is_launcher { is_kept_from_launcher(name) } else { is_launcher_variable(name) };
    let is_kept = |name: &OsStr| !is_removed(name) && !unset.iter().any(|removed| removed == name);
    // So that srun passes the first SIGINT on to its processes.
    let defaults = is_launcher.then(|| ("SLURM_DISABLE_STATUS".into(), "1".into()));
    let inherited = inherited.into_iter().filter(|(name, _)| is_kept(name));
    defaults.into_iter().chain(inherited).chain(set.iter().cloned()).collect()
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
        let child = for_child(inherited, false, &["A".into(), "C".into()], &set);
        assert_eq!(
            child.into_iter().collect::<Vec<_>>(),
            [pair("A", "back"), pair("B", "new"), pair("OMPI_MCA_btl", "self")]
        );
    }

    #[test]
    fn a_launcher_keeps_job_step_and_parameters_but_is_no_rank() {
        let kept = "SLURM_JOB_ID SLURM_STEP_ID SLURM_PROCID SLURM_SRUN_COMM_HOST SLURM_MPI_TYPE SLURM_NTASKS PALS_APINFO \
            OMPI_MCA_btl OMPI_MCA_plm_slurm_args PMIX_MCA_gds FLUX_URI OMPI_ALLOW_RUN_AS_ROOT PATH JSM_NAMESPACE_SIZE";
        let removed = "OMPI_COMM_WORLD_RANK OMPI_MCA_ess OMPI_MCA_ess_base_vpid OMPI_MCA_orte_hnp_uri OMPI_MCA_pmix PMIX_RANK \
            PMIX_NAMESPACE PMIX_SERVER_URI4 PMI_RANK PMI_FD HYDI_CONTROL_FD SLURM_CPU_BIND SLURM_CPU_BIND_TYPE SLURM_DISTRIBUTION \
            SLURM_OVERLAP SLURM_NTASKS_PER_NODE";
        let all = kept.split_whitespace().chain(removed.split_whitespace());
        let child = for_child(all.map(|name| (name.into(), "x".into())), true, &[], &[]);
        let names: Vec<&str> = child.keys().map(|name| name.to_str().unwrap()).collect();
        let mut expected: Vec<&str> = kept.split_whitespace().chain(["SLURM_DISABLE_STATUS"]).collect();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
