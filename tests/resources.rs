//! What programs use of their node is in the result file: processor time, memory, and GPUs where there is a tool to ask. Stand-ins take the
//! places of `nvidia-smi` and `rocm-smi`; they print what these print, with the processes that the tasks name.
#![allow(clippy::unwrap_used)]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use support::replicas::{reader, strings};
use support::{Campaign, simmpi};

/// An ensemble of two replicas, whose program is `script`. Each has a folder two levels below the configuration.
fn ensemble(script: &str) -> Campaign {
    let config = "[campaign]\nkind = \"ensemble\"\nseed = 1\n[ensemble]\nseeds = \"1-2\"\nengine = \"command\"\n\
        directory = \"replicas/{seed}\"\n[ensemble.command]\nargv = [\"sh\", \"../../program.sh\", \"{seed}\"]\n";
    let campaign = Campaign::with(simmpi(), config);
    fs::write(campaign.path("program.sh"), script).unwrap();
    fs::create_dir(campaign.path("tools")).unwrap();
    fs::create_dir(campaign.path("pids")).unwrap();
    campaign
}

/// Puts a tool in front of all others on the PATH of the returned environment.
fn with_tool(campaign: &Campaign, name: &str, script: &str) -> String {
    let tool = campaign.path("tools").join(name);
    let folder = campaign.folder.path().display();
    fs::write(&tool, format!("#!/bin/sh\ncd {folder}\necho \"$@\" >> asked.txt\n{script}")).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{folder}/tools:{}", std::env::var("PATH").unwrap())
}

fn column(campaign: &Campaign, item: &str) -> Vec<f32> {
    reader(campaign).array(item).unwrap()
}

fn names(campaign: &Campaign) -> Vec<String> {
    reader(campaign).items().unwrap().into_iter().map(|item| item.path).collect()
}

/// While it computes for some seconds, the program is on a GPU.
const ON_GPU: &str = "echo $$ > ../../pids/$$\nsleep 5\nrm ../../pids/$$\n";

/// Two GPUs of 16 GB, of which all processes are on the first.
const NVIDIA: &str = "case \"$*\" in\n\
    '--query-gpu=uuid,utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits')\n\
    printf 'GPU-8f3a, PERCENT, 15900, 16384\\nGPU-90cd, 0, 3, 16384\\n' ;;\n\
    '--query-compute-apps=pid,gpu_uuid,used_memory --format=csv,noheader,nounits')\n\
    for pid in $(ls pids); do echo \"$pid, GPU-8f3a, 7000\"; done ;;\n\
    *) exit 2 ;; esac\n";

const ROCM: &str = "case \"$*\" in\n\
    '--showuse --showmeminfo vram --showpids --json')\n\
    printf '{\"card0\": {\"GPU use (%%)\": \"0\", \"VRAM Total Memory (B)\": \"17163091968\", \"VRAM Total Used Memory (B)\": \"27856896\"}, '\n\
    printf '\"card1\": {\"GPU use (%%)\": \"45\", \"VRAM Total Memory (B)\": \"17163091968\", \"VRAM Total Used Memory (B)\": \"4194304000\"}, '\n\
    printf '\"system\": {\"PID1\": \"other, 0, 0, 0, 0\"'\n\
    for pid in $(ls pids); do printf ', \"PID%s\": \"gmx, 1, 2097152000, 0, unknown\"' $pid; done\n\
    printf '}}\\n' ;;\n\
    --showpidgpus)\n\
    echo '==== GPUs Indexed by PID ===='\n\
    for pid in $(ls pids); do printf 'PID %s is using 1 DRM device(s):\\n1 \\n' $pid; done ;;\n\
    *) exit 2 ;; esac\n";

#[test]
fn processor_time_and_memory_of_programs_are_in_the_result() {
    // One second of processor time in the background, and 60 MB in each of two processes for three seconds.
    let busy = "(sh -c 'ulimit -c 0; ulimit -t 1; while :; do :; done') & \n";
    let large = "({ head -c 80000000 /dev/zero; sleep 3; } | tail -c 60000000 > /dev/null) &\n";
    let campaign = ensemble(&format!("{busy}{large}{large}wait\nexit 0\n"));
    campaign.run(2, &[]).expect(0, &["complete: 2 of 2"]);
    for table in ["/run/tasks", "/run/replicas"] {
        let column = |name: &str| column(&campaign, &format!("{table}/{name}"));
        let (cpu, mean, peak) = (column("cpu_s"), column("memory_mean_mb"), column("memory_peak_mb"));
        assert_eq!([cpu.len(), mean.len(), peak.len()], [2; 3]);
        for task in 0..2 {
            assert!((0.9..3.0).contains(&cpu[task]), "{table}: {cpu:?}");
            assert!((112.0..220.0).contains(&peak[task]), "{table}: {peak:?}");
            assert!((40.0..peak[task]).contains(&mean[task]), "{table}: {mean:?}");
        }
    }
    let largest: Vec<f64> = reader(&campaign).array("/run/replicas/peak_memory_mb").unwrap();
    assert!(largest.iter().all(|mb| (56.0..100.0).contains(mb)), "{largest:?}");
    assert!(names(&campaign).iter().all(|name| !name.contains("gpu")), "no tool, no columns");
}

#[test]
fn a_gpu_that_is_shared_and_full_and_one_that_is_unused_are_reported() {
    let campaign = ensemble(ON_GPU);
    let path = with_tool(&campaign, "nvidia-smi", &NVIDIA.replace("PERCENT", "80"));
    let ended = campaign.start_with(2, &[], &[("PATH", &path)]).end();
    let shared = "is shared by 2 tasks and its memory is full";
    let ended = ended.expect(0, &["complete: 2 of 2", "warning: GPU 0 of ", shared, "warning: GPU 1 of "]);
    assert!(!ended.said.contains("it was used to"), "{}", ended.said);
    for table in ["/run/tasks", "/run/replicas"] {
        let column = |name: &str| column(&campaign, &format!("{table}/{name}"));
        assert_eq!(column("gpu"), [0.0; 2]);
        assert_eq!((column("gpu_percent_mean"), column("gpu_percent_peak")), (vec![80.0; 2], vec![80.0; 2]));
        assert_eq!(column("gpu_memory_peak_mb"), [7000.0; 2]);
    }
    assert_eq!(reader(&campaign).array::<u64>("/run/resources/gpus/tasks").unwrap(), [2]);
    let warnings = strings(&campaign, "/run/resources/warnings");
    assert!(warnings.len() == 2 && warnings[0].contains(shared) && warnings[1].contains("GPU 1"), "{warnings:?}");
    // One process of the node asks, at the start and then after 1 and 2 seconds, two questions each time.
    let asked = fs::read_to_string(campaign.path("asked.txt")).unwrap().lines().count();
    assert!((4..=8).contains(&asked), "{asked} questions");
}

#[test]
fn a_gpu_that_is_hardly_used_is_reported_and_rocm_is_understood() {
    let campaign = ensemble(ON_GPU);
    let path = with_tool(&campaign, "nvidia-smi", &NVIDIA.replace("PERCENT", "4").replace("15900", "5000"));
    let ended = campaign.start_with(2, &[], &[("PATH", &path)]).end().expect(0, &["idles: it was used to 4 %"]);
    assert!(!ended.said.contains("is full"), "{}", ended.said);
    let campaign = ensemble(ON_GPU);
    let path = with_tool(&campaign, "rocm-smi", ROCM);
    let ended = campaign.start_with(2, &[], &[("PATH", &path)]).end();
    ended.expect(0, &["warning: GPU 0 of ", "idles: no process was on it"]);
    assert_eq!(column(&campaign, "/run/tasks/gpu"), [1.0; 2]);
    assert_eq!(column(&campaign, "/run/replicas/gpu_percent_mean"), [45.0; 2]);
    assert_eq!(column(&campaign, "/run/tasks/gpu_memory_peak_mb"), [2000.0; 2]);
}

#[test]
fn a_tool_that_fails_or_hangs_costs_a_line_and_nothing_else() {
    let fails = "echo 'NVIDIA-SMI has failed'; exit 9\n";
    let campaign = ensemble(ON_GPU);
    let then_fails = format!("if [ $(wc -l < asked.txt) -gt 2 ]; then {}; fi\n{NVIDIA}", fails.trim_end());
    let path = with_tool(&campaign, "nvidia-smi", &then_fails.replace("PERCENT", "80"));
    let ended = campaign.start_with(2, &[], &[("PATH", &path)]).end();
    ended
        .expect(0, &["complete: 2 of 2", "the use of GPUs is no longer recorded", "printed \"NVIDIA-SMI has failed\""]);
    assert_eq!(fs::read_to_string(campaign.path("asked.txt")).unwrap().lines().count(), 6, "it was asked three times");
    // Without GPUs it never works.
    let campaign = ensemble("sleep 2\n");
    let path = with_tool(&campaign, "nvidia-smi", fails);
    let ended = campaign.start_with(2, &[], &[("PATH", &path)]).end().expect(0, &["complete: 2 of 2"]);
    assert!(!ended.said.contains("warning"), "{}", ended.said);
    assert_eq!(fs::read_to_string(campaign.path("asked.txt")).unwrap().lines().count(), 4, "it was asked twice");
    let campaign = ensemble("sleep 2\n");
    let path = with_tool(&campaign, "nvidia-smi", "exec sleep 600\n");
    let began = Instant::now();
    campaign.start_with(2, &[], &[("PATH", &path)]).end().expect(0, &["complete: 2 of 2"]);
    assert!(began.elapsed() < Duration::from_secs(20), "the run does not wait for the tool");
    assert!(names(&campaign).iter().all(|name| !name.contains("gpu")));
}

#[test]
fn tasks_without_programs_have_no_columns_of_usage() {
    let config = "[campaign]\nkind = \"trajectories\"\nseed = 7\noutput = \"results.h5\"\n[trajectories]\ncount = 4\nduration = 1.0\n\
        time_step = 0.01\nsample_every = 0.1\nalgorithm = { kind = \"fssh\" }\nmodel = { kind = \"spin-boson\" }\n";
    let campaign = Campaign::with(simmpi(), config);
    fs::create_dir(campaign.path("tools")).unwrap();
    let path = with_tool(&campaign, "nvidia-smi", "exit 9\n");
    campaign.start_with(2, &[], &[("PATH", &path)]).end().expect(0, &["complete"]);
    assert!(!campaign.path("asked.txt").exists(), "GPUs are of no interest");
    let reader = reader(&campaign);
    assert!(reader.array::<f32>("/run/tasks/cpu_s").is_err());
    assert!(reader.array::<f64>("/run/tasks/seconds").is_ok());
}
