//! What have programs used of the nodes, and does that call for a warning?
use super::exit::Stop;
use super::ledger::Ledger;
use super::record_table::Record;
use crate::journal::record::RecordHeader;
use crate::results::{Writer, or_nan, write_usage};
use crate::task::{ResourceUsage, Tasks};
use std::collections::{BTreeMap, BTreeSet};

/// A GPU whose mean use while tasks ran on it is below this, %, idles...
const IDLE_PERCENT: f64 = 10.0;
/// ...if there are so many samples.
const ENOUGH_SAMPLES: u32 = 3;

/// The usage of some tasks of a record; none where they started no programs.
pub fn usage_of(record: &Record, tasks: Tasks) -> Option<ResourceUsage> {
    let overlaps = |other: Tasks| other.first < tasks.end && tasks.first < other.end;
    let mut found = record.usage.iter().filter(|one| overlaps(one.tasks)).map(|one| one.usage.clone());
    let mut usage = found.next()?;
    found.for_each(|other| usage.add(other));
    Some(usage)
}

/// Writes the columns of `/run/tasks` about usage, a value for each row. Where nothing started a program there are no such columns.
///
/// # Errors
/// The file cannot be written.
pub fn write_columns(out: &mut Writer, usages: &[Option<ResourceUsage>]) -> Result<(), Stop> {
    if usages.iter().all(Option::is_none) {
        return Ok(());
    }
    let cpu_s: Vec<f32> = usages.iter().map(|usage| usage.as_ref().map_or(f32::NAN, |usage| usage.cpu_s)).collect();
    let about = "processor time of its programs, in the attempt that counts";
    out.array("/run/tasks/cpu_s", &[cpu_s.len()], &cpu_s, "s", about)?;
    Ok(write_usage(out, "/run/tasks", usages)?)
}

/// A GPU of a host.
type GpuName = (String, u32);

/// What is known of a GPU.
#[derive(Debug, Default)]
struct GpuTotals {
    tasks: u64,
    samples: u32,
    /// Sum over samples, %.
    percents: f64,
    /// Samples with a percentage.
    known_percents: u32,
    memory_peak_mb: Option<f64>,
    full_shared_by: u32,
}

impl GpuTotals {
    fn percent_mean(&self) -> Option<f64> {
        (self.known_percents > 0).then(|| self.percents / f64::from(self.known_percents))
    }
}

/// The GPUs that tasks were on, and those of the same hosts that no process was ever seen on.
#[derive(Debug, Default)]
struct GpuAccount {
    used: BTreeMap<GpuName, GpuTotals>,
    /// A bit for each GPU, by host.
    unused: BTreeMap<String, u64>,
}

impl GpuAccount {
    fn add(&mut self, record: &Record) {
        for one in record.usage {
            let Some(gpu) = &one.usage.gpu else { continue };
            let totals = self.used.entry((record.host.to_owned(), gpu.gpu)).or_default();
            totals.tasks += one.tasks.count();
            totals.samples += gpu.samples;
            if let Some(percent) = gpu.percent_mean {
                totals.percents += f64::from(percent) * f64::from(gpu.samples);
                totals.known_percents += gpu.samples;
            }
            let memory_mb = gpu.memory_peak_mb.map(f64::from);
            totals.memory_peak_mb = totals.memory_peak_mb.into_iter().chain(memory_mb).reduce(f64::max);
            totals.full_shared_by = totals.full_shared_by.max(gpu.full_shared_by);
            *self.unused.entry(record.host.to_owned()).or_insert(u64::MAX) &= gpu.unused_gpus;
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for ((host, gpu), totals) in &self.used {
            if totals.full_shared_by > 0 {
                warnings.push(full(host, *gpu, totals.full_shared_by));
            }
            let idle = totals.percent_mean().filter(|mean| *mean < IDLE_PERCENT);
            if let Some(mean) = idle.filter(|_| totals.known_percents >= ENOUGH_SAMPLES) {
                warnings.push(format!(
                    "warning: GPU {gpu} of {host} idles: it was used to {mean:.0} % while tasks were on it; run more of them on it at a \
                     time (`replicas_per_gpu`), with fewer cores each, or without a GPU"
                ));
            }
        }
        for (host, unused) in &self.unused {
            for gpu in (0..64).filter(|gpu| unused >> gpu & 1 == 1) {
                warnings.push(format!(
                    "warning: GPU {gpu} of {host} idles: no process was on it while tasks were on others; list it in `gpus`, or ask the \
                     batch system for fewer"
                ));
            }
        }
        warnings
    }
}

fn full(host: &str, gpu: u32, tasks: u32) -> String {
    format!(
        "warning: GPU {gpu} of {host} is shared by {tasks} tasks and its memory is full; run fewer of them on it at a time \
         (`replicas_per_gpu`, fewer ranks on the node), or list more GPUs"
    )
}

/// Warns once of each GPU that is shared and full.
#[derive(Debug, Default)]
pub struct FullGpus {
    reported: BTreeSet<GpuName>,
}

impl FullGpus {
    /// The warnings that the record of a batch calls for.
    pub fn warnings(&mut self, head: &RecordHeader) -> Vec<String> {
        let gpus = head.usage.iter().filter_map(|one| one.usage.gpu.as_ref()).filter(|gpu| gpu.full_shared_by > 0);
        let new = gpus.filter(|gpu| self.reported.insert((head.host.clone(), gpu.gpu)));
        new.map(|gpu| full(&head.host, gpu.gpu, gpu.full_shared_by)).collect()
    }
}

/// Writes `/run/resources` about the GPUs that tasks were on, and returns the warnings, which it lists too. Where no task was seen on a GPU
/// there is nothing.
///
/// # Errors
/// The file cannot be written.
pub fn write_gpus(out: &mut Writer, stages: &[Ledger]) -> Result<Vec<String>, Stop> {
    let mut account = GpuAccount::default();
    stages.iter().flat_map(Ledger::heads).for_each(|record| account.add(&record));
    if account.used.is_empty() {
        return Ok(Vec::new());
    }
    let shape = [account.used.len()];
    let hosts: Vec<&str> = account.used.keys().map(|(host, _)| host.as_str()).collect();
    let numbers: Vec<u32> = account.used.keys().map(|(_, gpu)| *gpu).collect();
    let counts = |value: fn(&GpuTotals) -> u64| account.used.values().map(value).collect::<Vec<u64>>();
    let reals = |value: fn(&GpuTotals) -> Option<f64>| or_nan(account.used.values().map(value));
    out.strings("/run/resources/gpus/host", &hosts, "host of each GPU that tasks were on")?;
    out.array("/run/resources/gpus/gpu", &shape, &numbers, "none", "its number there")?;
    out.array("/run/resources/gpus/tasks", &shape, &counts(|gpu| gpu.tasks), "none", "tasks that were on it")?;
    let about = "samples in which tasks were on it";
    out.array("/run/resources/gpus/samples", &shape, &counts(|gpu| gpu.samples.into()), "none", about)?;
    let about = "its use while tasks were on it, mean over samples";
    out.array("/run/resources/gpus/percent_mean", &shape, &reals(GpuTotals::percent_mean), "%", about)?;
    let about = "the most GPU memory of one task";
    out.array("/run/resources/gpus/task_memory_peak_mb", &shape, &reals(|gpu| gpu.memory_peak_mb), "MB", about)?;
    let warnings = account.warnings();
    out.strings("/run/resources/warnings", &warnings, "GPUs that idle, or are shared by more tasks than they hold")?;
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::record_table::RecordLocation;
    use crate::task::{GpuUsage, TaskUsage};

    fn header(host: &str, task: u64, gpu: GpuUsage) -> RecordHeader {
        let tasks = Tasks::new(task, task + 1);
        let usage = ResourceUsage { seconds: 1.0, cpu_s: 2.0, gpu: Some(Box::new(gpu)), ..ResourceUsage::default() };
        RecordHeader {
            stage: 1,
            tasks,
            failed: Vec::new(),
            rank: 0,
            host: host.into(),
            attempts: 1,
            started_s: 0.0,
            seconds: 1.0,
            usage: vec![TaskUsage { tasks, usage }],
        }
    }

    fn record(head: &RecordHeader) -> Record<'_> {
        Record::new(RecordLocation::default(), head)
    }

    fn on(gpu: u32, percent: f32, samples: u32, unused_gpus: u64) -> GpuUsage {
        GpuUsage { gpu, samples, percent_mean: Some(percent), unused_gpus, ..GpuUsage::default() }
    }

    fn warnings(heads: &[RecordHeader]) -> Vec<String> {
        let mut account = GpuAccount::default();
        heads.iter().for_each(|head| account.add(&record(head)));
        account.warnings()
    }

    #[test]
    fn a_gpu_idles_that_is_hardly_used_or_that_no_process_was_ever_on() {
        assert_eq!(warnings(&[header("a", 0, on(0, 9.0, 2, 0))]), [""; 0], "two samples are few");
        assert_eq!(warnings(&[header("a", 0, on(0, 5.0, 3, 0)), header("a", 1, on(0, 90.0, 3, 0))]), [""; 0]);
        let idle = warnings(&[header("a", 0, on(0, 5.0, 3, 0)), header("b", 1, on(0, 90.0, 3, 0))]);
        assert!(idle.len() == 1 && idle[0].contains("GPU 0 of a idles: it was used to 5 %"), "{idle:?}");
        // GPU 2 is never used, GPU 1 by another task.
        let unused = warnings(&[header("a", 0, on(0, 90.0, 3, 0b110)), header("a", 1, on(1, 90.0, 3, 0b100))]);
        assert!(unused.len() == 1 && unused[0].contains("GPU 2 of a idles: no process"), "{unused:?}");
    }

    #[test]
    fn a_full_gpu_is_reported_once_for_each_host() {
        let full = |host, task, tasks| header(host, task, GpuUsage { full_shared_by: tasks, ..on(3, 90.0, 3, 0) });
        let mut gpus = FullGpus::default();
        assert_eq!(gpus.warnings(&full("a", 0, 0)).len(), 0);
        let first = gpus.warnings(&full("a", 1, 4));
        assert!(first[0].contains("GPU 3 of a is shared by 4 tasks and its memory is full"), "{first:?}");
        assert_eq!(gpus.warnings(&full("a", 2, 5)).len(), 0);
        assert_eq!(gpus.warnings(&full("b", 3, 5)).len(), 1);
        assert_eq!(warnings(&[full("a", 0, 4), full("a", 1, 5)]).len(), 1);
    }

    #[test]
    fn a_row_has_the_usage_of_its_own_tasks() {
        let mut head = header("a", 0, on(0, 50.0, 1, 0));
        let tasks = Tasks::new(1, 2);
        let usage = ResourceUsage { seconds: 1.0, cpu_s: 5.0, ..ResourceUsage::default() };
        head.tasks = Tasks::new(0, 3);
        head.usage.push(TaskUsage { tasks, usage });
        assert_eq!(usage_of(&record(&head), tasks).unwrap().cpu_s, 5.0);
        assert_eq!(usage_of(&record(&head), head.tasks).unwrap().cpu_s, 7.0);
        assert_eq!(usage_of(&record(&head), Tasks::new(2, 3)), None);
    }
}
