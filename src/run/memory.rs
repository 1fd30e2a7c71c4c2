//! How much memory may a rank use?
//!
//! What the batch system granted, or else the node's memory, both within the limit of the process's control groups; divided among the ranks on
//! the node. SLURM states memory in one of three variables, in MiB: for the node (`--mem`, 0 for all of it), for each core (`--mem-per-cpu`)
//! or for each GPU (`--mem-per-gpu`).
use std::path::{Path, PathBuf};

/// The share of the granted memory for the data of ranks; programs, libraries and buffers need the rest.
pub const SHARE: f64 = 0.8;

/// Assumed where the memory of the node is unknown, MB.
const UNKNOWN_MB: f64 = 2000.0;

/// From here on there is no limit: control groups of version 1 have 2^63 rounded to pages, MB.
const UNLIMITED_MB: f64 = 1e12;

/// The memory of a rank in MB where none is given in the configuration.
pub fn of_rank(ranks_on_node: usize) -> u64 {
    let node = Node { total_mb: total_mb(), limit_mb: limit_mb(Path::new("/")) };
    share(&|name| std::env::var(name).ok(), node, ranks_on_node)
}

/// The memory of a node.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Physical memory, MB.
    total_mb: Option<f64>,
    /// The smallest limit of the control groups that the process is in, MB.
    limit_mb: Option<f64>,
}

/// A rank's memory in MB, with the variables of an environment.
fn share(variable: &dyn Fn(&str) -> Option<String>, node: Node, ranks_on_node: usize) -> u64 {
    let ranks = ranks_on_node.max(1) as f64;
    let whole = node.total_mb.unwrap_or(UNKNOWN_MB) / ranks;
    let granted = granted(variable, ranks).unwrap_or(whole);
    let limit = node.limit_mb.map_or(f64::INFINITY, |limit| limit / ranks);
    ((granted.min(limit) * SHARE) as u64).max(1)
}

/// What SLURM has granted to each of the ranks on a node, MB; none where it says nothing or grants the whole node.
fn granted(variable: &dyn Fn(&str) -> Option<String>, ranks: f64) -> Option<f64> {
    let memory = |name: &str| variable(name).as_deref().and_then(megabytes).filter(|&mb| mb > 0.0);
    let count = |name: &str| variable(name).as_deref().and_then(counted).filter(|&count| count > 0.0);
    if let Some(node) = memory("SLURM_MEM_PER_NODE") {
        return Some(node / ranks);
    }
    if let Some(core) = memory("SLURM_MEM_PER_CPU") {
        let of_node = count("SLURM_CPUS_ON_NODE").or_else(|| count("SLURM_JOB_CPUS_PER_NODE"));
        let of_rank = of_node.map(|cores| cores / ranks);
        // Started by other means than srun there may be more ranks than tasks: together they have the cores of the node.
        let cores = match (count("SLURM_CPUS_PER_TASK"), of_rank) {
            (Some(of_task), Some(of_rank)) => of_task.min(of_rank),
            (of_task, of_rank) => of_task.or(of_rank).unwrap_or(1.0),
        };
        return Some(core * cores);
    }
    let gpu = memory("SLURM_MEM_PER_GPU")?;
    let per_task = || count("SLURM_GPUS_PER_TASK").map(|gpus| gpus * ranks);
    let on_node = count("SLURM_GPUS_ON_NODE").or_else(|| count("SLURM_GPUS_PER_NODE")).or_else(per_task);
    Some(gpu * on_node.unwrap_or(1.0) / ranks)
}

/// Memory as SLURM writes it: MiB, or with K, M, G or T behind.
fn megabytes(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(['B', 'b']);
    let (number, factor) = match text.char_indices().next_back()? {
        (at, 'K' | 'k') => (&text[..at], 1.0 / 1024.0),
        (at, 'M' | 'm') => (&text[..at], 1.0),
        (at, 'G' | 'g') => (&text[..at], 1024.0),
        (at, 'T' | 't') => (&text[..at], 1024.0 * 1024.0),
        _ => (text, 1.0),
    };
    number.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

/// A number as SLURM writes counts: `4`, `4(x2),2` by node, of which the smallest counts, `a100:4` with a type, several added.
fn counted(text: &str) -> Option<f64> {
    let one = |item: &str| {
        let number = item.split('(').next().unwrap_or_default().rsplit(':').next().unwrap_or_default();
        number.trim().parse::<f64>().ok()
    };
    let counts: Vec<f64> = text.split(',').map(one).collect::<Option<_>>()?;
    match text.contains(':') {
        true => Some(counts.iter().sum()),
        false => counts.into_iter().min_by(f64::total_cmp),
    }
}

/// The memory of the node, MB.
fn total_mb() -> Option<f64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kb| kb / 1024.0)
}

/// The smallest limit of the control groups that this process is in and of those above them, MB. `root` is `/`.
fn limit_mb(root: &Path) -> Option<f64> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = groups.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        let mount = root.join(mount);
        let mut folder: PathBuf = mount.join(group.trim_start_matches('/'));
        let mut limits = Vec::new();
        // Within a container the group's path is that outside of it; what is mounted is the container's own.
        while folder.starts_with(&mount) {
            limits.extend(std::fs::read_to_string(folder.join(file)).ok());
            folder.pop();
        }
        limits
    });
    let numbers = limits.filter_map(|text| text.trim().parse::<f64>().ok()).map(|bytes| bytes / (1024.0 * 1024.0));
    numbers.filter(|&mb| mb < UNLIMITED_MB).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The memory of a rank, of so many on a node of 100,000 MB.
    fn memory_of_rank(variables: &[(&str, &str)], ranks: usize) -> u64 {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        share(&variable, Node { total_mb: Some(100_000.0), limit_mb: None }, ranks)
    }

    #[test]
    fn the_ranks_of_a_node_share_what_slurm_grants_to_it() {
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_NODE", "8000")], 4), 1600);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_NODE", "8G")], 1), 6553);
        // `--mem=0` is the whole node, and so is no variable at all.
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_NODE", "0")], 4), 20_000);
        assert_eq!(memory_of_rank(&[], 4), 20_000);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_NODE", "much")], 4), 20_000);
    }

    #[test]
    fn memory_for_each_core_is_multiplied_by_the_cores_of_a_task() {
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_CPU", "1000")], 1), 800);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_CPU", "1000")], 4), 800);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_CPU", "1000"), ("SLURM_CPUS_PER_TASK", "3")], 4), 2400);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_CPU", "1000"), ("SLURM_CPUS_ON_NODE", "8")], 4), 1600);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_CPU", "1000"), ("SLURM_JOB_CPUS_PER_NODE", "16(x2),8")], 4), 1600);
        // More ranks than tasks do not have more memory together.
        let crowded = [("SLURM_MEM_PER_CPU", "1000"), ("SLURM_CPUS_PER_TASK", "2"), ("SLURM_CPUS_ON_NODE", "4")];
        assert_eq!(memory_of_rank(&crowded, 4), 800);
        assert_eq!(memory_of_rank(&crowded, 2), 1600);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_NODE", "0"), ("SLURM_MEM_PER_CPU", "2G")], 4), 1638);
    }

    #[test]
    fn memory_for_each_gpu_is_multiplied_by_those_of_the_node() {
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_GPU", "10000"), ("SLURM_GPUS_ON_NODE", "4")], 8), 4000);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_GPU", "10000"), ("SLURM_GPUS_PER_NODE", "a100:2")], 4), 4000);
        assert_eq!(memory_of_rank(&[("SLURM_MEM_PER_GPU", "10000"), ("SLURM_GPUS_PER_TASK", "1")], 4), 8000);
    }

    #[test]
    fn no_rank_has_more_than_its_share_of_the_control_group() {
        let granted = |_: &str| Some("8000".to_owned());
        let node = Node { total_mb: Some(100_000.0), limit_mb: Some(4000.0) };
        assert_eq!(share(&granted, node, 2), 1600);
        assert_eq!(share(&|_| None, node, 1), 3200);
    }

    #[test]
    fn limits_of_both_versions_of_control_groups_are_read_with_those_above() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(limit_mb(folder.path()), None);
        write("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
        write("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
        assert_eq!(limit_mb(folder.path()), None);
        write("sys/fs/cgroup/slurm/job_7/memory.max", "2097152000\n");
        assert_eq!(limit_mb(folder.path()), Some(2000.0));
        write("proc/self/cgroup", "9:cpu:/\n4:cpuacct,memory:/outside/of/the/container\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(limit_mb(folder.path()), None);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576000\n");
        assert_eq!(limit_mb(folder.path()), Some(1000.0));
    }
}
