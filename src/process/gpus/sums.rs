//! What does a program do on the GPUs of its node, sample after sample?
use super::{GpuProcess, GpuSample};
use crate::process::process_table::{self, Process};
use crate::task::GpuUsage;
use nix::unistd::Pid;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Sums over the samples in which a program was on a GPU.
#[derive(Debug, Default)]
pub struct GpuSums {
    usage: GpuUsage,
    /// The largest memory of the program on the GPU that `usage` names, MB.
    memory_there_mb: f32,
    /// Sum over samples, %, and number of samples with a percentage.
    percents: f64,
    known_percents: u32,
}

impl GpuSums {
    /// Adds a sample, if some of the program's processes are on GPUs in it.
    pub fn add(&mut self, sample: &GpuSample, processes: &[Pid]) {
        let pids: HashSet<i32> = processes.iter().map(|pid| pid.as_raw()).collect();
        let own: Vec<&GpuProcess> = sample.processes.iter().filter(|process| pids.contains(&process.pid)).collect();
        let gpus: BTreeSet<usize> = own.iter().flat_map(|process| process.gpus.iter().copied()).collect();
        if gpus.is_empty() {
            return;
        }
        self.choose_gpu(&own, &gpus);
        let unused_before = if self.usage.samples == 0 { u64::MAX } else { self.usage.unused_gpus };
        self.usage.unused_gpus = unused_before & unused(sample);
        self.usage.samples += 1;
        let known: Vec<f32> = gpus.iter().filter_map(|&gpu| sample.gpus.get(gpu)?.percent).collect();
        if !known.is_empty() {
            let percent = known.iter().sum::<f32>() / known.len() as f32;
            self.percents += f64::from(percent);
            self.known_percents += 1;
            self.usage.percent_peak = larger(self.usage.percent_peak, Some(percent));
        }
        let memory_mb = own.iter().filter_map(|process| process.memory_mb).reduce(|sum, mb| sum + mb);
        self.usage.memory_peak_mb = larger(self.usage.memory_peak_mb, memory_mb);
        for gpu in gpus.into_iter().filter(|&gpu| sample.gpus.get(gpu).is_some_and(|gpu| gpu.is_full())) {
            let tasks = tasks_on(sample, gpu, &process_table::read());
            if tasks > 1 {
                self.usage.full_shared_by = self.usage.full_shared_by.max(tasks);
            }
        }
    }

    /// Names the GPU on which the program has most memory.
    fn choose_gpu(&mut self, own: &[&GpuProcess], gpus: &BTreeSet<usize>) {
        for &gpu in gpus {
            let there = own.iter().filter(|process| process.gpus.contains(&gpu));
            let memory_mb: f32 = there.filter_map(|process| process.memory_mb).sum();
            let is_first = self.usage.samples == 0 && Some(&gpu) == gpus.first();
            if is_first || memory_mb > self.memory_there_mb {
                (self.usage.gpu, self.memory_there_mb) = (gpu as u32, memory_mb);
            }
        }
    }

    /// What the samples amount to; none where the program was on no GPU.
    pub fn usage(self) -> Option<Box<GpuUsage>> {
        let percent_mean = (self.known_percents > 0).then(|| (self.percents / f64::from(self.known_percents)) as f32);
        (self.usage.samples > 0).then(|| Box::new(GpuUsage { percent_mean, ..self.usage }))
    }
}

/// The larger of two numbers that may be unknown.
fn larger(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    a.into_iter().chain(b).reduce(f32::max)
}

/// The GPUs without any process, a bit each.
fn unused(sample: &GpuSample) -> u64 {
    let used: HashSet<usize> = sample.processes.iter().flat_map(|process| process.gpus.iter().copied()).collect();
    (0..sample.gpus.len().min(64)).filter(|gpu| !used.contains(gpu)).fold(0, |bits, gpu| bits | 1 << gpu)
}

/// The number of tasks on a GPU: of supervisors that have a descendant there, since each runs one task at a time.
fn tasks_on(sample: &GpuSample, gpu: usize, table: &[Process]) -> u32 {
    let by_pid: HashMap<i32, &Process> = table.iter().map(|process| (process.pid.as_raw(), process)).collect();
    let supervisor_of = |pid: i32| {
        let parent = |process: &&Process| by_pid.get(&process.parent.as_raw()).copied();
        // A table that was read while processes ended may have a circle.
        let mut line = std::iter::successors(by_pid.get(&pid).copied(), parent).take(by_pid.len());
        line.find(|process| process.is_supervisor).map(|process| process.pid)
    };
    let there = sample.processes.iter().filter(|process| process.gpus.contains(&gpu));
    there.filter_map(|process| supervisor_of(process.pid)).collect::<HashSet<_>>().len() as u32
}

#[cfg(test)]
mod tests {
    use super::super::Gpu;
    use super::*;

    fn sample(percents: &[f32], processes: &[(i32, usize, f32)]) -> GpuSample {
        let gpu = |&percent: &f32| Gpu { percent: Some(percent), memory_mb: Some(100.0), total_mb: Some(1000.0) };
        let process =
            |&(pid, gpu, memory): &(i32, usize, f32)| GpuProcess { pid, gpus: vec![gpu], memory_mb: Some(memory) };
        GpuSample {
            number: 1,
            gpus: percents.iter().map(gpu).collect(),
            processes: processes.iter().map(process).collect(),
        }
    }

    #[test]
    fn samples_of_the_programs_own_gpus_are_averaged_and_others_left_out() {
        let (mut sums, own) = (GpuSums::default(), [7, 8].map(Pid::from_raw));
        sums.add(&sample(&[90.0, 10.0, 50.0, 0.0], &[(99, 0, 500.0)]), &own);
        sums.add(&sample(&[90.0, 20.0, 60.0, 0.0], &[(99, 0, 500.0), (7, 1, 10.0), (8, 2, 30.0)]), &own);
        sums.add(&sample(&[90.0, 80.0, 60.0, 0.0], &[(7, 1, 20.0)]), &own);
        let usage = sums.usage().unwrap();
        assert_eq!((usage.gpu, usage.samples), (2, 2));
        assert_eq!((usage.percent_mean, usage.percent_peak), (Some(60.0), Some(80.0)));
        assert_eq!((usage.memory_peak_mb, usage.full_shared_by), (Some(40.0), 0));
        assert_eq!(usage.unused_gpus, 0b1000);
        assert_eq!(GpuSums::default().usage(), None);
    }

    #[test]
    fn tasks_on_a_gpu_are_those_of_different_supervisors() {
        let process = |pid, parent, is_supervisor| {
            let [pid, parent, session] = [pid, parent, 1].map(Pid::from_raw);
            Process { pid, parent, session, is_zombie: false, is_supervisor }
        };
        let table = [
            (10, 1, true),
            (11, 10, false),
            (12, 11, false),
            (20, 1, true),
            (21, 20, false),
            (30, 1, false),
            // A circle.
            (40, 41, false),
            (41, 40, false),
        ]
        .map(|(pid, parent, is_supervisor)| process(pid, parent, is_supervisor));
        let on = |pids: &[i32]| sample(&[1.0], &pids.iter().map(|&pid| (pid, 0, 1.0)).collect::<Vec<_>>());
        assert_eq!(tasks_on(&on(&[11, 12]), 0, &table), 1, "of one task");
        assert_eq!(tasks_on(&on(&[12, 21, 30, 40, 77]), 0, &table), 2, "others are no tasks");
        assert_eq!(tasks_on(&on(&[12, 21]), 1, &table), 0);
    }
}
