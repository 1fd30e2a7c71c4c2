//! What is in the `execution` block of a ManyBodyInput?
//!
//! QCManyBody's guide to parallel execution documents it: `parallel`, `n_workers`, `executor_type`, `timeout_per_task` (s) and
//! `max_retries`. None of them affects results. The number of workers is the number of ranks; whatever the executor, tasks run on the ranks
//! that a launcher starts.
use super::Node;
use crate::campaigns::kind::RequestedRanks;
use crate::config::{Faults, Limits, nearest};
use std::time::Duration;

/// The contents of the block.
#[derive(Debug, Default, PartialEq)]
pub struct Execution {
    /// None where it asks for one process, or does not say.
    pub ranks: Option<RequestedRanks>,
    pub task_timeout_s: Option<f64>,
    pub max_retries: Option<u32>,
    /// What it amounts to, for the summary; none where there is no block.
    pub summary: Option<String>,
}

const EXECUTORS: [&str; 3] = ["multiprocessing", "mpi", "sequential"];
/// Keys of QCManyBody's ExecutorConfig that the block does not have, and what to do instead.
const OTHERS: [(&str, &str); 5] = [
    ("checkpoint_interval", "remove it: every task is recorded when it is done, and the same command resumes"),
    ("checkpoint_file", "remove it: every task is recorded when it is done, and the same command resumes"),
    ("cache_dir", "remove it: every task is recorded when it is done, and the same command resumes"),
    ("log_level", "remove it, and use the option --log FILE"),
    ("scratch_dir", "remove it, and set TMPDIR"),
];
const KEYS: &str = "parallel n_workers executor_type timeout_per_task max_retries";

/// The block of the ManyBodyInput at `root`, whose faults and warnings are all reported.
pub fn read(root: &Node, warnings: &mut Faults) -> Result<Execution, Faults> {
    let Some(node) = root.get("execution") else { return Ok(Execution::default()) };
    node.object()?;
    let mut faults = unknown_keys(&node);
    let parallel = faults.collect(node.optional("parallel", Node::boolean)).flatten();
    let workers = faults.collect(node.optional("n_workers", workers)).flatten();
    let executor = faults.collect(node.optional("executor_type", executor)).flatten();
    let task_timeout_s = faults.collect(node.optional("timeout_per_task", timeout)).flatten();
    let max_retries = faults.collect(node.optional("max_retries", retries)).flatten();
    let is_sequential = parallel == Some(false) || executor == Some("sequential");
    if let (true, Some(count), Some(node)) = (is_sequential, workers, node.get("n_workers"))
        && count > 1
    {
        let reason = if parallel == Some(false) { "`parallel` is false" } else { "the executor is sequential" };
        let help = "set parallel to true and executor_type to \"multiprocessing\", or remove n_workers";
        warnings.push(node.fault(format!("{count} workers are not used: {reason}"), help).warning());
    }
    let ranks = match (workers, executor) {
        _ if is_sequential => None,
        (Some(count), _) => Some(RequestedRanks::Number(count)),
        // The launcher of MPI decides.
        (None, Some("mpi")) => None,
        (None, _) => parallel.and_then(|is_parallel| is_parallel.then_some(RequestedRanks::PhysicalCores)),
    };
    let summary = Some(summary(ranks, executor));
    faults.into_result(Execution { ranks, task_timeout_s, max_retries, summary })
}

fn unknown_keys(node: &Node) -> Faults {
    let mut faults = Faults::default();
    for (key, value) in node.entries().unwrap_or_default() {
        if let Some((_, help)) = OTHERS.iter().find(|(name, _)| key == *name) {
            faults.push(value.fault("unsupported key", *help));
        } else if !KEYS.split(' ').any(|name| name == key) {
            let help = match nearest(key, KEYS.split(' ')) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("remove it; known keys are {}", KEYS.replace(' ', ", ")),
            };
            faults.push(value.fault("unknown key", help));
        }
    }
    faults
}

fn workers(node: &Node) -> Result<usize, Faults> {
    let count: i64 = node.integer()?;
    let invalid = || node.fault(format!("{count} workers cannot run tasks"), "set a number from 1 on, or null").into();
    usize::try_from(count).ok().filter(|&count| count > 0).ok_or_else(invalid)
}

fn executor(node: &Node) -> Result<&'static str, Faults> {
    let name = node.text()?;
    EXECUTORS.into_iter().find(|known| name.eq_ignore_ascii_case(known)).ok_or_else(|| {
        let help = match nearest(&name.to_ascii_lowercase(), EXECUTORS) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("choose one of {}", EXECUTORS.join(", ")),
        };
        node.fault(format!("unknown executor `{name}`"), help).into()
    })
}

fn timeout(node: &Node) -> Result<f64, Faults> {
    let seconds = node.number()?;
    let help = "give a time in seconds, or remove it for no limit";
    match seconds > 0.0 {
        true if Duration::try_from_secs_f64(seconds).is_ok() => Ok(seconds),
        true => Err(node.fault(format!("{seconds:e} s is longer than any run"), help).into()),
        false => Err(node.fault(format!("a time limit of {seconds} s must be positive"), help).into()),
    }
}

fn retries(node: &Node) -> Result<u32, Faults> {
    let count: i64 = node.integer()?;
    let invalid = |_| node.fault(format!("{count} retries are not possible"), "set a number from 0 on").into();
    u32::try_from(count).map_err(invalid)
}

/// What number of ranks and executor mean here.
fn summary(ranks: Option<RequestedRanks>, executor: Option<&str>) -> String {
    let count = match ranks {
        None => "one rank".to_owned(),
        Some(RequestedRanks::Number(1)) => "1 rank".to_owned(),
        Some(RequestedRanks::Number(count)) => format!("{count} ranks"),
        Some(RequestedRanks::PhysicalCores) => "a rank for each physical core".to_owned(),
    };
    let executor = executor.map_or(String::new(), |name| format!("; executor {name}: tasks run on MPI ranks"));
    format!("{count} unless a launcher starts others{executor}")
}

impl Execution {
    /// Replaces limits, except those for which `is_set` holds.
    pub fn adopt(&self, limits: &mut Limits, is_set: impl Fn(&str) -> bool) {
        if let Some(seconds) = self.task_timeout_s.filter(|_| !is_set("task_timeout_s")) {
            limits.task_timeout_s = Some(seconds);
        }
        if let Some(count) = self.max_retries.filter(|_| !is_set("max_retries")) {
            limits.max_retries = count;
        }
    }
}
