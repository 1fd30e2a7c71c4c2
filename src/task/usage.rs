//! What have the programs of a task used of their node?
use super::Tasks;
use serde::{Deserialize, Serialize};

/// What the programs of a task have used, all of its attempts and processes together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceUsage {
    /// Wall-clock time of the programs, s: the weight of the mean.
    pub seconds: f32,
    /// User and system time of their processes, s.
    pub cpu_s: f32,
    /// Resident memory of their processes together, mean over time, MB (2^20 bytes); none where they ended before the first sample.
    pub memory_mean_mb: Option<f32>,
    /// The largest sample of it, MB, and at least that of the largest process.
    pub memory_peak_mb: f32,
    /// None where no process of theirs was seen on a GPU.
    pub gpu: Option<Box<GpuUsage>>,
}

/// What the programs of a task have used of the GPUs of their node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuUsage {
    /// The GPU's number on the node; of several the one with most of the programs' memory.
    pub gpu: u32,
    /// Number of samples: the weight of the mean.
    pub samples: u32,
    /// Use of the GPUs that the programs were on, by whomever, mean over samples, %; none where it is not known.
    pub percent_mean: Option<f32>,
    /// The largest sample of it, %.
    pub percent_peak: Option<f32>,
    /// The largest sample of the GPU memory of the programs' processes, MB (2^20 bytes); none where it is not known.
    pub memory_peak_mb: Option<f32>,
    /// The most tasks that were on a GPU of these programs while its memory was full; 0 where it was never full, or with this task alone.
    pub full_shared_by: u32,
    /// The GPUs of the node on which no process at all was seen meanwhile, a bit each.
    pub unused_gpus: u64,
}

/// The usage of tasks that started programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskUsage {
    /// One task, unless several were run by one call.
    pub tasks: Tasks,
    pub usage: ResourceUsage,
}

impl ResourceUsage {
    /// Adds what another program has used, before or after.
    pub fn add(&mut self, other: Self) {
        let weights = (self.seconds, other.seconds);
        self.memory_mean_mb = mean((self.memory_mean_mb, other.memory_mean_mb), weights);
        self.seconds += other.seconds;
        self.cpu_s += other.cpu_s;
        self.memory_peak_mb = self.memory_peak_mb.max(other.memory_peak_mb);
        self.gpu = match (self.gpu.take(), other.gpu) {
            (Some(own), Some(other)) => Some(Box::new(own.with(&other))),
            (own, other) => own.or(other),
        };
    }
}

impl GpuUsage {
    /// The usage of two programs together.
    fn with(&self, other: &Self) -> Self {
        let weights = (self.samples as f32, other.samples as f32);
        let larger = |a: Option<f32>, b: Option<f32>| a.into_iter().chain(b).reduce(f32::max);
        Self {
            gpu: if other.memory_peak_mb > self.memory_peak_mb { other.gpu } else { self.gpu },
            samples: self.samples + other.samples,
            percent_mean: mean((self.percent_mean, other.percent_mean), weights),
            percent_peak: larger(self.percent_peak, other.percent_peak),
            memory_peak_mb: larger(self.memory_peak_mb, other.memory_peak_mb),
            full_shared_by: self.full_shared_by.max(other.full_shared_by),
            unused_gpus: self.unused_gpus & other.unused_gpus,
        }
    }
}

/// The weighted mean of two values; one that is not known does not count.
fn mean(values: (Option<f32>, Option<f32>), (first, second): (f32, f32)) -> Option<f32> {
    match values {
        (Some(a), Some(b)) if first + second > 0.0 => Some((a * first + b * second) / (first + second)),
        (a, b) => a.or(b),
    }
}

/// Adds the usage of `tasks` to that of others, once for each range of tasks.
pub fn add_usage(all: &mut Vec<TaskUsage>, tasks: Tasks, usage: ResourceUsage) {
    match all.iter_mut().find(|known| known.tasks == tasks) {
        Some(known) => known.usage.add(usage),
        None => all.push(TaskUsage { tasks, usage }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_a_task_add_up_and_their_means_are_weighted_by_time() {
        let gpu = |gpu, samples, percent, memory_mb| GpuUsage {
            gpu,
            samples,
            percent_mean: percent,
            percent_peak: percent,
            memory_peak_mb: Some(memory_mb),
            full_shared_by: 0,
            unused_gpus: 0b1100 | 1 << gpu,
        };
        let used = |seconds, mean, gpu: Option<GpuUsage>| ResourceUsage {
            seconds,
            cpu_s: 2.0 * seconds,
            memory_mean_mb: mean,
            memory_peak_mb: 10.0 * seconds,
            gpu: gpu.map(Box::new),
        };
        let (task, mut all) = (Tasks::new(3, 4), Vec::new());
        add_usage(&mut all, task, used(1.0, Some(100.0), Some(gpu(0, 1, Some(20.0), 50.0))));
        add_usage(&mut all, task, used(3.0, Some(200.0), Some(gpu(1, 3, Some(60.0), 70.0))));
        add_usage(&mut all, task, used(0.5, None, None));
        add_usage(&mut all, Tasks::new(4, 5), used(1.0, None, None));
        assert_eq!(all.len(), 2);
        let one = &all[0].usage;
        assert_eq!((one.seconds, one.cpu_s, one.memory_mean_mb, one.memory_peak_mb), (4.5, 9.0, Some(175.0), 30.0));
        let gpu = one.gpu.as_ref().unwrap();
        assert_eq!((gpu.gpu, gpu.samples, gpu.unused_gpus), (1, 4, 0b1100));
        assert_eq!((gpu.percent_mean, gpu.percent_peak, gpu.memory_peak_mb), (Some(50.0), Some(60.0), Some(70.0)));
        assert_eq!(all[1].usage.gpu, None);
    }
}
