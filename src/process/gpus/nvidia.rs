//! What does `nvidia-smi` say?
//!
//! With `--format=csv,noheader,nounits` a line for each GPU, in the order of their numbers, or for each process on one. A value that the
//! driver does not know stands in brackets: `[N/A]`, `[Not Supported]`, `[Insufficient Permissions]`.
use super::{Gpu, GpuProcess, GpuSample};

/// The arguments with which it is asked for GPUs and for processes.
pub const QUERIES: [&[&str]; 2] = [
    &["--query-gpu=uuid,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits"],
    &["--query-compute-apps=pid,gpu_uuid,used_memory", "--format=csv,noheader,nounits"],
];

/// Reads both answers; none where they are of another format.
pub fn parse(gpus: &str, processes: &str) -> Option<GpuSample> {
    let lines = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| line.split(',').map(|field| field.trim().to_owned()).collect()).collect()
    };
    let (mut sample, mut uuids) = (GpuSample::default(), Vec::new());
    for line in lines(gpus) {
        let [uuid, percent, memory, total] = <[String; 4]>::try_from(line).ok()?;
        sample.gpus.push(Gpu { percent: number(&percent), memory_mb: number(&memory), total_mb: number(&total) });
        uuids.push(uuid);
    }
    for line in lines(processes) {
        // Without any process some versions print a sentence.
        let Ok([pid, uuid, memory]) = <[String; 3]>::try_from(line) else { continue };
        let (Ok(pid), Some(gpu)) = (pid.parse(), uuids.iter().position(|known| *known == uuid)) else { continue };
        sample.processes.push(GpuProcess { pid, gpus: vec![gpu], memory_mb: number(&memory) });
    }
    (!sample.gpus.is_empty()).then_some(sample)
}

fn number(text: &str) -> Option<f32> {
    text.parse().ok().filter(|number: &f32| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_and_processes_are_read_and_unknown_values_are_none() {
        let gpus = "GPU-5e0f, 87, 15000, 16384\nGPU-77aa, [N/A], [Insufficient Permissions], 16384\n";
        let processes = "4242, GPU-5e0f, 7000\n4243, GPU-5e0f, [N/A]\n17, GPU-gone, 5\n";
        let sample = parse(gpus, processes).unwrap();
        let gpu = |percent, memory_mb| Gpu { percent, memory_mb, total_mb: Some(16384.0) };
        assert_eq!(sample.gpus, [gpu(Some(87.0), Some(15000.0)), gpu(None, None)]);
        let process = |pid, memory_mb| GpuProcess { pid, gpus: vec![0], memory_mb };
        assert_eq!(sample.processes, [process(4242, Some(7000.0)), process(4243, None)]);
        assert!(!sample.gpus[0].is_full() && !sample.gpus[1].is_full() && gpu(None, Some(15700.0)).is_full());
    }

    #[test]
    fn what_is_no_answer_is_none() {
        assert_eq!(parse("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", ""), None);
        assert_eq!(parse("No devices were found\n", ""), None);
        assert_eq!(parse("", ""), None);
        let none_running = "No running processes found\n";
        assert_eq!(parse("GPU-1, 0, 1, 16384", none_running).unwrap().processes, []);
    }
}
