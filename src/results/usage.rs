//! How is it written what the programs of tasks have used?
use super::{Error, Writer};
use crate::task::{GpuUsage, ResourceUsage};

/// A dataset: its name, units and description, and its values.
type Column = (&'static str, &'static str, &'static str, fn(&ResourceUsage) -> Option<f32>);

const MEMORY: [Column; 2] = [
    (
        "memory_mean_mb",
        "MB",
        "resident memory of all processes of its programs together, mean over time; NaN where they ended before the first sample",
        |usage| usage.memory_mean_mb,
    ),
    ("memory_peak_mb", "MB", "the largest sample of it, and at least that of the largest process", |usage| {
        Some(usage.memory_peak_mb)
    }),
];

const GPU: [Column; 4] = [
    ("gpu", "none", "number of the GPU on its host; of several the one with most of its memory", |usage| {
        gpu(usage, |gpu| Some(gpu.gpu as f32))
    }),
    ("gpu_percent_mean", "%", "use of its GPUs, by whomever, mean over samples", |usage| {
        gpu(usage, |gpu| gpu.percent_mean)
    }),
    ("gpu_percent_peak", "%", "the largest sample of it", |usage| gpu(usage, |gpu| gpu.percent_peak)),
    ("gpu_memory_peak_mb", "MB", "the largest sample of the GPU memory of its processes", |usage| {
        gpu(usage, |gpu| gpu.memory_peak_mb)
    }),
];

fn gpu(usage: &ResourceUsage, value: fn(&GpuUsage) -> Option<f32>) -> Option<f32> {
    value(usage.gpu.as_ref()?)
}

/// Writes memory and use of GPUs below `group`, in the order of `usages`, NaN where nothing is known. Where no task has started a program, or
/// none was seen on a GPU, there are no such datasets.
///
/// # Errors
/// As [`Writer::array`].
pub fn write_usage(out: &mut Writer, group: &str, usages: &[Option<ResourceUsage>]) -> Result<(), Error> {
    let known = || usages.iter().flatten();
    let memory = MEMORY.iter().filter(|_| known().next().is_some());
    let gpu = GPU.iter().filter(|_| known().any(|usage| usage.gpu.is_some()));
    for (name, units, description, value) in memory.chain(gpu) {
        let values: Vec<f32> = usages.iter().map(|usage| usage.as_ref().and_then(value).unwrap_or(f32::NAN)).collect();
        out.array(&format!("{group}/{name}"), &[values.len()], &values, units, description)?;
    }
    Ok(())
}
