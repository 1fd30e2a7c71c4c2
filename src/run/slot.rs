//! How much time and memory does this run have?
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Kept free at the end of a slot for syncing and leaving.
const RESERVE: Duration = Duration::from_secs(5);
/// Of a node's memory, this share goes to its ranks.
const SHARE: f64 = 0.8;

/// The time left: `walltime_s` of the configuration, or what SLURM says, less a reserve; none where there is no limit.
pub fn time_left(walltime_s: Option<f64>) -> Option<Duration> {
    let limit = walltime_s.map(Duration::from_secs_f64).or_else(|| {
        let end: u64 = std::env::var("SLURM_JOB_END_TIME").ok()?.trim().parse().ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(Duration::from_secs(end).saturating_sub(now))
    })?;
    Some(limit.saturating_sub(RESERVE.min(limit / 10)))
}

/// The memory of a rank in MB where none is given: its share of what SLURM granted, or of the node.
pub fn memory_mb(ranks_on_node: usize) -> u64 {
    let granted = std::env::var("SLURM_MEM_PER_NODE").ok().and_then(|mb| mb.trim().parse::<f64>().ok());
    let node = || {
        let info = std::fs::read_to_string("/proc/meminfo").ok()?;
        let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        total.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kb| kb / 1024.0)
    };
    let all = granted.filter(|&mb| mb > 0.0).or_else(node).unwrap_or(2000.0);
    ((all * SHARE / ranks_on_node.max(1) as f64) as u64).max(1)
}

/// Whether SLURM still knows a job, where it can be asked.
pub fn knows_job(_job: &str) -> Option<bool> {
    None
}
