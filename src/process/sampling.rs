//! What does a running program use, with all of its descendants?
//!
//! The kernel tells of a process that has ended its processor time and its largest memory, not the memory of a program's processes
//! together, nor its mean, nor anything of GPUs. So the supervisor looks at them: soon after the start, then less and less often, and never
//! so often that it takes more than a thousandth of a core, however many processes the node has.
use super::{
    gpus::{GpuSamples, GpuSums},
    process_table,
};
use crate::task::GpuUsage;
use nix::{
    time::{ClockId, clock_gettime},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    time::{Duration, Instant},
};

/// The first sample of a program is taken so long after its start; each interval is twice as long as the one before...
const FIRST_INTERVAL: Duration = Duration::from_millis(250);
/// ...up to this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(4);
/// An interval is so many times longer than the processor time of the sample before.
const INTERVAL_PER_COST: u32 = 1000;

/// Samples the programs of a supervisor, one after another.
#[derive(Debug)]
pub struct Sampler {
    gpus: Option<GpuSamples>,
    /// Earlier than this no program is sampled: the last sample must have been worth its cost.
    not_before: Instant,
}

/// What the samples of a program amount to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SampledUsage {
    /// Resident memory of its processes together, mean over time, MB; none without samples.
    pub memory_mean_mb: Option<f32>,
    /// The largest sample of it, MB.
    pub memory_peak_mb: f32,
    /// None where no process was seen on a GPU.
    pub gpu: Option<Box<GpuUsage>>,
}

/// The samples of a program that runs.
#[derive(Debug)]
pub struct ProgramSamples {
    next: Instant,
    interval: Duration,
    last: Instant,
    /// Sum over samples of memory times the time since the sample before, and of that time.
    memory_mb_s: f64,
    sampled_s: f64,
    memory_peak_mb: f64,
    gpu: GpuSums,
}

impl Sampler {
    /// A sampler of processor memory alone.
    pub fn new() -> Self {
        Self { gpus: None, not_before: Instant::now() }
    }

    /// Reads the GPUs' samples too.
    pub fn read_gpus(&mut self, samples: GpuSamples) {
        self.gpus = Some(samples);
    }

    /// When a program is to be sampled next.
    pub fn next(&self, program: &ProgramSamples) -> Instant {
        program.next.max(self.not_before)
    }

    /// Samples the descendants of this process, if it is time to.
    pub fn sample(&mut self, program: &mut ProgramSamples) {
        if Instant::now() < self.next(program) {
            return;
        }
        let before = processor_time();
        let tree = process_table::listed_descendants(Pid::this());
        program.add_memory(tree.iter().filter_map(|&pid| resident_mb(pid)).sum());
        if let Some(sample) = self.gpus.as_mut().and_then(GpuSamples::newest) {
            program.gpu.add(&sample, &tree);
        }
        let cost = processor_time().saturating_sub(before);
        self.not_before = Instant::now() + INTERVAL_PER_COST * cost;
        program.next = Instant::now() + program.interval;
        program.interval = (2 * program.interval).min(LONGEST_INTERVAL);
    }
}

impl ProgramSamples {
    /// Of a program that started at `started`.
    pub fn new(started: Instant) -> Self {
        Self {
            next: started + FIRST_INTERVAL,
            interval: FIRST_INTERVAL,
            last: started,
            memory_mb_s: 0.0,
            sampled_s: 0.0,
            memory_peak_mb: 0.0,
            gpu: GpuSums::default(),
        }
    }

    fn add_memory(&mut self, memory_mb: f64) {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.last = now;
        self.memory_mb_s += memory_mb * seconds;
        self.sampled_s += seconds;
        self.memory_peak_mb = self.memory_peak_mb.max(memory_mb);
    }

    /// What they amount to.
    pub fn usage(self) -> SampledUsage {
        let mean = (self.sampled_s > 0.0).then(|| (self.memory_mb_s / self.sampled_s) as f32);
        let gpu = self.gpu.usage();
        SampledUsage { memory_mean_mb: mean, memory_peak_mb: self.memory_peak_mb as f32, gpu }
    }
}

/// The resident memory of a process, MB; none where it has ended.
fn resident_mb(pid: Pid) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kb: f64 =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kb / 1024.0)
}

/// Processor time of this process.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
