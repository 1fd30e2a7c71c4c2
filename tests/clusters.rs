//! What a cluster does to a run: its launcher, its batch system, its containers and its file systems. Stand-ins take the places of those that
//! are not installed; `ci/slurm_test.sh` runs under a real SLURM.
#![allow(clippy::unwrap_used)]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use support::analysis::Analysis;
use support::replicas::wait_until;
use support::{Campaign, Ended, is_open_mpi, results_of, simmpi};

/// A campaign of a second, whose comment makes the configuration longer than the largest message that Open MPI sends without asking the
/// receiver.
fn trajectories() -> Campaign {
    let config = "[campaign]\nkind = \"trajectories\"\nseed = 7\noutput = \"results.h5\"\n[trajectories]\ncount = 8\nduration = 1.0\n\
        time_step = 0.01\nsample_every = 0.1\nkeep = \"all\"\nalgorithm = { kind = \"fssh\" }\nmodel = { kind = \"spin-boson\" }\n";
    Campaign::with(simmpi(), &format!("{config}# {}\n", "a long comment ".repeat(500)))
}

/// The library of one of `tests/clusters`, to be preloaded.
fn library(folder: &Path, name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clusters").join(name).with_extension("c");
    let library = folder.join(name).with_extension("so");
    let cc =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status().unwrap();
    assert!(cc.success());
    library
}

/// The variables of a launcher that starts `processes`, for the one with the number `rank`.
type Variables = fn(processes: &str, rank: &str) -> Vec<(String, String)>;

fn set(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Starts `processes` of a campaign as a launcher does that sets `variables`, and returns how each ended.
fn launch(campaign: &Campaign, processes: usize, variables: Variables) -> Vec<Ended> {
    let start = |rank: usize| -> Child {
        let mut command = Command::new(&campaign.program);
        command.arg(campaign.path("config.toml")).envs(variables(&processes.to_string(), &rank.to_string()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<Child> = (0..processes).map(start).collect();
    let ended = |child: Child| {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Ended { code: output.status.code().unwrap(), said }
    };
    children.into_iter().map(ended).collect()
}

const FLUX: Variables = |n, rank| set(&[("FLUX_JOB_SIZE", n), ("FLUX_TASK_RANK", rank), ("FLUX_JOB_NNODES", "1")]);
const FLUX_WITH_ID: Variables = |n, rank| [FLUX(n, rank), set(&[("FLUX_JOB_ID", "f1")])].concat();
const SRUN: Variables = |n, rank| {
    let step = [("SLURM_JOB_ID", "1"), ("SLURM_STEP_ID", "0"), ("SLURM_STEPID", "0"), ("SLURM_NODELIST", "node1")];
    [set(&step), set(&[("SLURM_STEP_NUM_TASKS", n), ("SLURM_PROCID", rank), ("SLURM_JOB_END_TIME", "4000000000")])]
        .concat()
};
const SRUN_PMI2: Variables =
    |n, rank| [SRUN(n, rank), set(&[("PMI_SIZE", n), ("PMI_RANK", rank), ("SLURM_MPI_TYPE", "pmi2")])].concat();
const PALS: Variables = |n, rank| set(&[("PMI_SIZE", n), ("PALS_RANKID", rank), ("PALS_APID", "1")]);
const JSRUN: Variables = |n, rank| set(&[("JSM_NAMESPACE_SIZE", n), ("JSM_NAMESPACE_RANK", rank)]);
const MPIRUN_RSH: Variables = |n, rank| set(&[("MV2_COMM_WORLD_SIZE", n), ("MV2_COMM_WORLD_RANK", rank)]);

#[test]
fn a_launcher_that_does_not_fit_is_named_once_before_anything_runs() {
    let cases: [(&str, Variables, [&str; 2]); 7] = [
        ("Flux", FLUX, ["flux run -o pmi=pmix", "flux run -o pmi=simple"]),
        ("Flux", FLUX_WITH_ID, ["flux run -o pmi=pmix", "flux run -o pmi=simple"]),
        ("srun", SRUN, ["srun --mpi=pmix", "srun --mpi=pmi2"]),
        ("srun", SRUN_PMI2, ["srun --mpi=pmix", "srun --mpi=pmi2"]),
        ("PALS", PALS, ["mpiexec --pmi=pmix", "MPICC"]),
        ("jsrun", JSRUN, ["mpirun in the job"; 2]),
        ("mpirun_rsh", MPIRUN_RSH, ["mpirun_rsh's compiler"; 2]),
    ];
    for (name, variables, remedies) in cases {
        let campaign = trajectories();
        let mut ended = launch(&campaign, 3, variables);
        let remedy = remedies[usize::from(!is_open_mpi())];
        let first = ended.remove(0).expect(64, &[&format!("{name} started 3 processes"), "is built for", remedy]);
        assert_eq!(first.said.lines().count(), 1, "{name}: {}", first.said);
        for other in ended {
            assert_eq!(other.expect(64, &[]).said, "", "{name}");
        }
        assert!(!campaign.path("results.h5").exists() && !campaign.path("results.h5.journal").exists());
    }
}

#[test]
fn a_single_process_of_any_launcher_runs() {
    for variables in [FLUX_WITH_ID, SRUN] {
        let campaign = trajectories();
        for ended in launch(&campaign, 1, variables) {
            ended.expect(0, &["8 of 8 tasks done"]);
        }
    }
}

#[test]
fn memory_that_other_processes_may_not_read_is_no_noise() {
    let campaign = trajectories();
    campaign.run(2, &[]).expect(0, &["8 of 8 tasks done"]);
    let reference = campaign.results();
    let library = library(campaign.folder.path(), "no_process_vm_readv");
    let preload = ("LD_PRELOAD", library.to_str().unwrap());
    let run = |variables: &[_]| campaign.start_with(2, &["--fresh", "--force"], variables).end().expect(0, &["8 of 8"]);
    let ended = run(&[preload]);
    assert!(!ended.said.contains("Read -1"), "{}", ended.said);
    assert_eq!(campaign.results(), reference);
    if is_open_mpi() {
        // A choice of the user's stays, whatever it costs.
        let ended = run(&[preload, ("OMPI_MCA_btl_vader_single_copy_mechanism", "cma")]);
        assert!(ended.said.contains("Read -1"), "{}", ended.said);
    }
}

/// What a command of simmpi says of a file on a file system that lacks something.
fn tell(campaign: &Campaign, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = Command::new(&campaign.program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(campaign.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Ended { code: output.status.code().unwrap(), said }
}

#[test]
fn results_are_written_and_read_where_files_cannot_be_locked() {
    let reference = trajectories();
    reference.run(0, &[]).expect(0, &[]);
    // ENOLCK and ENOTSUPP.
    for (ranks, errno) in [(0, "37"), (2, "524")] {
        let campaign = trajectories();
        let library = library(campaign.folder.path(), "file_system");
        let limited = [("LD_PRELOAD", library.to_str().unwrap()), ("LACKS", "flock"), ("ERRNO", errno)];
        let said = "cannot lock files: results are written without HDF5's lock";
        campaign.start_with(ranks, &[], &limited).end().expect(0, &[said, "8 of 8 tasks done"]);
        assert_eq!(campaign.results(), reference.results());
        campaign.start_with(ranks, &[], &limited).end().expect(0, &["complete already"]);
        tell(&campaign, &["inspect", "results.h5"], &limited).expect(0, &["populations"]);
        tell(&campaign, &["export", "results.h5", "-o", "out.json"], &limited).expect(0, &[]);
        // A choice of the user's stays; the message names the variable.
        let locked = [&limited[..], &[("HDF5_USE_FILE_LOCKING", "TRUE")]].concat();
        tell(&campaign, &["inspect", "results.h5"], &locked).expect(65, &["set HDF5_USE_FILE_LOCKING=FALSE"]);
        let again = ["--fresh", "--force"];
        campaign.start_with(ranks, &again, &locked).end().expect(73, &["set HDF5_USE_FILE_LOCKING=FALSE"]);
        assert!(!campaign.path("results.h5.trial").exists());
    }
}

#[test]
fn free_energies_are_written_where_files_cannot_be_locked() {
    let folder = Analysis::new();
    let library = library(folder.folder(), "file_system");
    let mut windows = "temperature_k = 300.0\nbins = 10\nbootstrap = 0\n".to_owned();
    for (k, center) in [0.0, 0.1].into_iter().enumerate() {
        let line = |step: i32| format!("{step} {}\n", center + 0.05 * f64::from(step % 7 - 3));
        folder.write(&format!("w{k}.xvg"), &(0..200).map(line).collect::<String>());
        windows +=
            &format!("[[window]]\nfile = \"w{k}.xvg\"\ncenter = {center}\nforce_constant = 1500\nunit = \"nm\"\n");
    }
    folder.write("windows.toml", &windows);
    let output = Command::new(simmpi())
        .args(["pmf", "windows.toml", "-o", "pmf.h5"])
        .current_dir(folder.folder())
        .envs([("LD_PRELOAD", library.to_str().unwrap()), ("LACKS", "flock"), ("ERRNO", "37")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!results_of(&folder.path("pmf.h5")).is_empty());
}

#[test]
fn a_file_system_without_hard_links_or_sync_is_reported_and_used() {
    for (lacks, errno, said) in [("link", "1", "has no hard links"), ("fsync", "22", "cannot sync files")] {
        let campaign = Campaign::new(
            "[campaign]\nkind = \"sleep\"\noutput = \"results.h5\"\n[sleep]\ncount = 16\nseconds = 0.2\n[partition]\nbatch_size = 1\n",
        );
        let library = library(campaign.folder.path(), "file_system");
        let limited = [("LD_PRELOAD", library.to_str().unwrap()), ("LACKS", lacks), ("ERRNO", errno)];
        let running = campaign.start_with(2, &[], &limited);
        wait_until(|| campaign.path("results.h5.lock").exists());
        tell(&campaign, &["config.toml"], &limited).expect(73, &["another run is writing this output"]);
        running.end().expect(0, &[said, "16 of 16 tasks done"]);
        assert!(!campaign.path("results.h5.lock").exists());
    }
}

#[test]
fn a_file_system_on_which_nothing_can_be_replaced_is_refused_before_anything_runs() {
    let campaign = trajectories();
    let library = library(campaign.folder.path(), "file_system");
    let limited = [("LD_PRELOAD", library.to_str().unwrap()), ("LACKS", "rename"), ("ERRNO", "17")];
    campaign.start_with(0, &[], &limited).end().expect(73, &["replaced by renaming", "another file system"]);
    let left: Vec<_> = fs::read_dir(campaign.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("results")), "{left:?}");
}

/// A folder with a stand-in for the program `name` of a batch system, and a PATH on which it comes first.
fn stand_in(campaign: &Campaign, name: &str, script: &str) -> String {
    let folder = campaign.path("bin");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

const PBS_STATUS: &str = "[ \"$1 $2\" = '-f 12.server' ] || { echo \"qstat: Unknown Job Id $2\" >&2; exit 153; }
printf 'Job Id: 12.server\\n    job_state = R\\n    resources_used.walltime = 01:59:56\\n    Resource_List.walltime = 02:00:00\\n'";

#[test]
fn a_run_ends_with_the_time_of_its_job() {
    let cases = [
        ("qstat", PBS_STATUS, ("PBS_JOBID", "12.server")),
        ("bjobs", "[ $4 = 12 ] && echo '-|3596 second(s)|60.0/host'", ("LSB_JOBID", "12")),
        ("flux", "[ \"$*\" = 'job timeleft' ] && echo 4.0", ("FLUX_URI", "local:///tmp/flux")),
        ("squeue", "echo 0:04", ("SLURM_JOB_ID", "12")),
    ];
    for (program, script, variable) in cases {
        let campaign = Campaign::new(
            "[campaign]\nkind = \"sleep\"\noutput = \"results.h5\"\n[sleep]\ncount = 200\nseconds = 0.25\n[partition]\nbatch_size = 1\n",
        );
        let path = stand_in(&campaign, program, script);
        let ended = campaign.start_with(0, &[], &[("PATH", &path), variable]).end();
        ended.expect(75, &["the time limit of the job is near", " are left"]);
        // Without its program a batch system says nothing, and the configuration may.
        campaign.write(&(fs::read_to_string(campaign.path("config.toml")).unwrap() + "[limits]\nwalltime_s = 2.0\n"));
        campaign.start_with(0, &[], &[variable]).end().expect(75, &["limits.walltime_s"]);
    }
}

#[test]
fn the_lock_of_a_job_that_is_over_is_taken_over_at_once() {
    let campaign = trajectories();
    let path = stand_in(&campaign, "qstat", PBS_STATUS);
    let variables = [("PATH", path.as_str()), ("PBS_JOBID", "14.server")];
    let hold = |job: &str| {
        let lock = format!(
            r#"{{"host":"another","pid":1,"started_ticks":1,"slurm_job":null,"batch_job":{{"system":"PBS","id":"{job}"}},"heartbeat":1}}"#
        );
        fs::write(campaign.path("results.h5.lock"), lock).unwrap();
    };
    hold("12.server");
    campaign.start_with(0, &[], &variables).end().expect(73, &["on another (PBS job 12.server)", "--steal-lock"]);
    hold("13.server");
    campaign.start_with(0, &[], &variables).end().expect(0, &["taking over the lock of process 1", "8 of 8"]);
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("slurm").join(name)
}

#[test]
fn batch_scripts_differ_in_what_concerns_their_batch_system_alone() {
    let common = |name: &&str| {
        let text = fs::read_to_string(script(name)).unwrap();
        text.split_once("# --- From here on").unwrap().1.to_owned()
    };
    let bodies: Vec<String> =
        ["one_node.sh", "two_nodes.sh", "array.sh", "pbs.sh", "lsf.sh"].iter().map(common).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0] && body.len() > 1000));
}

/// A campaign of 48 tasks of 0.25 s, for two ranks.
fn six_seconds() -> Campaign {
    Campaign::new(
        "[campaign]\nkind = \"sleep\"\noutput = \"results.h5\"\n[sleep]\ncount = 48\nseconds = 0.25\n[partition]\nbatch_size = 1\n",
    )
}

/// Runs a batch script as a job with these variables, whose ranks the program `mpirun` starts. Signalled with USR1 after a while if `signalled`.
fn job(campaign: &Campaign, name: &str, mpirun: &str, variables: &[(&str, &str)], signalled: bool) -> Ended {
    let folder = campaign.folder.path();
    let said = fs::File::create(campaign.path("job.out")).unwrap();
    let mut command = Command::new("bash");
    command.arg(script(name)).current_dir(folder).envs(variables.iter().copied()).env("MPIRUN", mpirun);
    command.env("SIMMPI", &campaign.program).env("SCRIPT", script(name)).stdin(Stdio::null());
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    let mut child = command.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap();
    if signalled {
        campaign.wait_for_records(200);
        let pid = nix::unistd::Pid::from_raw(child.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGUSR1).unwrap();
    }
    let code = child.wait().unwrap().code().unwrap();
    Ended { code, said: fs::read_to_string(campaign.path("job.out")).unwrap() }
}

fn two_ranks() -> String {
    let options = if is_open_mpi() { " --oversubscribe --bind-to none" } else { "" };
    format!("{}{options} -n 2", support::mpirun())
}

#[test]
fn a_campaign_longer_than_its_job_goes_on_in_the_next_under_pbs() {
    let campaign = six_seconds();
    fs::write(campaign.path("nodes"), "localhost\nlocalhost\n").unwrap();
    stand_in(&campaign, "qsub", "echo \"$1 $SIMMPI_RESUBMIT $CONFIG\" > submitted");
    // Its time is up a second after the warning.
    let path = stand_in(&campaign, "qstat", "printf 'Job Id: 12\\n    Resource_List.walltime = 00:00:05\\n'");
    let (folder, nodes) = (campaign.folder.path().to_str().unwrap(), campaign.path("nodes"));
    let job_variables = [
        ("PATH", path.as_str()),
        ("PBS_JOBID", "12.server"),
        ("PBS_O_WORKDIR", folder),
        ("PBS_NODEFILE", nodes.to_str().unwrap()),
        ("SIMMPI_WARNING", "2"),
        ("SIMMPI_RESUBMIT", "3"),
    ];
    let said = ["job 12 runs config.toml on 2 ranks; 3 submissions left", "ended with code 75"];
    job(&campaign, "pbs.sh", &two_ranks(), &job_variables, false).expect(0, &said);
    let submitted = fs::read_to_string(campaign.path("submitted")).unwrap();
    assert_eq!(submitted, format!("{} 2 config.toml\n", script("pbs.sh").display()));
    stand_in(&campaign, "qstat", "exit 1");
    fs::remove_file(campaign.path("submitted")).unwrap();
    job(&campaign, "pbs.sh", &two_ranks(), &job_variables, false).expect(0, &["ended with code 0", "48 of 48"]);
    assert!(!campaign.path("submitted").exists());
}

#[test]
fn a_script_trusts_the_last_line_and_not_the_code_of_the_launcher() {
    let campaign = six_seconds();
    let path = stand_in(&campaign, "bsub", "cat > submitted");
    // As Open MPI's mpirun after hundreds of ranks, and that of MPICH after a signal.
    let launcher = |code: i32| {
        let text = format!("trap 'kill -USR1 $!' USR1\n{} \"$@\" &\nwait $!; wait $!\nexit {code}\n", two_ranks());
        fs::write(campaign.path("launcher"), text).unwrap();
    };
    let variables = [("PATH", path.as_str()), ("LSB_JOBID", "12"), ("LSB_DJOB_NUMPROC", "2")];
    launcher(0);
    let ended = job(&campaign, "lsf.sh", "bash launcher", &variables, true);
    ended.expect(0, &["USR1, draining", "simmpi ends with exit code 75", "ended with code 75"]);
    assert_eq!(fs::read(campaign.path("submitted")).unwrap(), fs::read(script("lsf.sh")).unwrap());
    launcher(1);
    fs::remove_file(campaign.path("submitted")).unwrap();
    job(&campaign, "lsf.sh", "bash launcher", &variables, false).expect(0, &["48 of 48", "ended with code 0"]);
    assert!(!campaign.path("submitted").exists());
}

/// What the script `name` with the line `directive` submits after a run that ended with code 75, as a job with these variables.
fn resubmitted(campaign: &Campaign, name: &str, directive: &str, variables: &[(&str, &str)]) -> String {
    let script = fs::read_to_string(script(name)).unwrap().replacen('\n', &format!("\n{directive}\n"), 1);
    fs::write(campaign.path(name), script).unwrap();
    let path = stand_in(campaign, "qsub", "cat ${1:-/dev/stdin} > submitted");
    stand_in(campaign, "bsub", "cat > submitted");
    stand_in(campaign, "sbatch", "echo \"$@\" > submitted; cat \"$6\" >> submitted");
    stand_in(campaign, "squeue", "echo 1:00:00");
    stand_in(campaign, "launch", "echo \"$@\" >> launched; exit 75");
    let mut command = Command::new("bash");
    command.args([name, "config.toml"]).current_dir(campaign.folder.path()).env("PATH", path);
    command.env("MPIRUN", "launch").env("SIMMPI", &campaign.program).env("SCRIPT", campaign.path(name));
    assert_eq!(command.envs(variables.iter().copied()).output().unwrap().status.code(), Some(0));
    fs::read_to_string(campaign.path("submitted")).unwrap()
}

#[test]
fn a_job_of_an_array_submits_itself_alone() {
    let campaign = six_seconds();
    let folder = campaign.folder.path().to_str().unwrap();
    let pbs = [("PBS_JOBID", "12[3].server"), ("PBS_O_WORKDIR", folder), ("PBS_NODEFILE", "/dev/null")];
    let array = resubmitted(&campaign, "pbs.sh", "#PBS -J 1-20", &[&pbs[..], &[("PBS_ARRAY_INDEX", "3")]].concat());
    assert!(array.contains("#PBS -N simmpi") && !array.contains("\n#PBS -J"), "{array}");
    let lsf = [("LSB_JOBID", "12"), ("LSB_JOBINDEX", "3")];
    let array = resubmitted(&campaign, "lsf.sh", "#BSUB -J \"simmpi[1-20]\"", &lsf);
    assert!(array.contains("\n#BSUB -J \"simmpi\"\n") && !array.contains("\n#BSUB -J \"simmpi["), "{array}");
    let slurm = ["SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_JOB_NUM_NODES", "SLURM_NTASKS_PER_NODE", "SLURM_JOB_PARTITION"];
    let slurm = slurm.map(|name| (name, "1"));
    let array = resubmitted(&campaign, "array.sh", "", &[&slurm[..], &[("SLURM_ARRAY_TASK_ID", "3")]].concat());
    assert!(array.starts_with("--array=3 --nodes=1 "), "{array}");
    let launched = fs::read_to_string(campaign.path("launched")).unwrap();
    assert!(launched.lines().last().unwrap().contains(" --join"), "{launched}");
}

#[test]
fn a_campaign_is_submitted_with_the_time_and_memory_of_its_plan() {
    // A cost model predicts both.
    let molecule = "6\n\nO 0 0 0.12\nH 0 0.76 -0.48\nH 0 -0.76 -0.48\nO 5 0 0.12\nH 5 0.76 -0.48\nH 5 -0.76 -0.48\n";
    let campaign = Campaign::with(
        simmpi(),
        "[campaign]\nkind = \"fragments\"\nseed = 1\noutput = \"results.h5\"\n[fragments]\nmolecule = \"water.xyz\"\nmax_order = 2\n\
         [[fragments.level]]\norder = 2\nengine = \"embedded\"\nmethod = \"hf\"\nbasis = \"6-31g*\"\n",
    );
    fs::write(campaign.path("water.xyz"), molecule).unwrap();
    let size = ["--nodes", "2", "--ntasks-per-node", "3"];
    let submit = |more: &[&str]| campaign.tell("submit", &[&size[..], more].concat());
    let slurm = ["#SBATCH --nodes=2\n", "--ntasks-per-node=3\n", "--mem-per-cpu=", "--time=00:02:00\n", "B:USR1@30\n"];
    let names = ["--account", "a1", "--partition", "long", "--dry-run", "--batch-system"];
    let dry = |system: &str| submit(&[&names[..], &[system]].concat());
    let ended = dry("slurm").expect(0, &slurm);
    let ended = ended.expect(0, &["--account=a1", "--partition=long", "mpirun", "/config.toml'\n"]);
    assert!(!ended.said.contains("24 hours"), "{}", ended.said);
    let pbs = [
        "#PBS -l select=2:ncpus=3:mpiprocs=3:mem=",
        "-l walltime=00:02:00\n",
        "-A a1\n",
        "-q long\n",
        "qsub \"$SCRIPT\"",
    ];
    dry("pbs").expect(0, &pbs);
    let lsf =
        ["#BSUB -n 6\n", "span[ptile=3]", "rusage[mem=", "-W 0:02\n", "-wt 1\n", "-wa USR1\n", "-P a1\n", "-q long\n"];
    let ended = dry("lsf").expect(0, &lsf);
    let syntax = Command::new("bash").args(["-n", "-c", &ended.said]).status().unwrap();
    assert!(syntax.success() && !campaign.path("config.lsf.sh").exists());
    submit(&["--time", "1:30", "--dry-run", "--batch-system", "slurm"]).expect(0, &["--time=01:30:00", "USR1@300"]);
    let array = |system: &str, said: &[&str]| {
        let ended = submit(&["--array", "20", "--dry-run", "--batch-system", system]).expect(0, said);
        ended.expect(0, &["export SIMMPI_ARGUMENTS='--join'"]);
    };
    array("slurm", &["#SBATCH --array=1-20\n", "sbatch --array=\"$SLURM_ARRAY_TASK_ID\""]);
    array("pbs", &["#PBS -J 1-20\n"]);
    array("lsf", &["#BSUB -J \"simmpi[1-20]\"\n", "-o simmpi-%J-%I.out"]);
}

#[test]
fn a_script_is_given_to_the_batch_system_that_is_installed() {
    let campaign = Campaign::with(simmpi(), &fs::read_to_string(trajectories().path("config.toml")).unwrap());
    for (program, script, name) in [
        ("sbatch", "cp $1 got; echo Submitted batch job 7; echo $OMPI_MCA_btl", "slurm"),
        ("qsub", "cp $1 got; echo 7.server; echo $OMPI_MCA_btl", "pbs"),
        ("bsub", "cat > got; echo 'Job <7> is submitted'; echo $OMPI_MCA_btl", "lsf"),
    ] {
        stand_in(&campaign, program, script);
        let folder = campaign.path("bin").display().to_string() + ":/bin:/usr/bin";
        let submit = |more: &[&str]| {
            let arguments = ["submit", "config.toml", "--ntasks-per-node", "2", "--batch-system", name];
            tell(&campaign, &[&arguments[..], more].concat(), &[("PATH", &folder), ("OMPI_MCA_btl", "self,tcp")])
        };
        submit(&[]).expect(0, &["24 hours are requested", &format!("config.{name}.sh"), "7", "self,tcp"]);
        let written = fs::read(campaign.path(&format!("config.{name}.sh"))).unwrap();
        assert_eq!(fs::read(campaign.path("got")).unwrap(), written);
        stand_in(&campaign, program, "echo no such account >&2; exit 1");
        submit(&[]).expect(64, &["no such account", &format!("{program} did not accept the script")]);
    }
}
