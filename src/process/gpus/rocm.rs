//! What does `rocm-smi` say?
//!
//! With `--json` an object for each GPU (`card0`, ...) and one, `system`, with a key for each process: `"PID4242": "name, GPUs, bytes of
//! memory, SDMA, compute units"`. Which GPUs a process is on is printed as text only, by `--showpidgpus`: `PID 4242 is using 2 DRM
//! device(s):`, and their numbers on the lines below.
use super::{Gpu, GpuProcess, GpuSample};
use serde_json::Value;
use std::collections::BTreeMap;

/// The arguments with which it is asked for GPUs and memory, and for the GPUs of processes.
pub const QUERIES: [&[&str]; 2] = [&["--showuse", "--showmeminfo", "vram", "--showpids", "--json"], &["--showpidgpus"]];

/// Reads both answers; none where they are of another format.
pub fn parse(json: &str, gpus_of_processes: &str) -> Option<GpuSample> {
    // Warnings may precede the object.
    let answer: Value = serde_json::from_str(json.get(json.find('{')?..)?.trim_end()).ok()?;
    let mut cards: BTreeMap<usize, Gpu> = BTreeMap::new();
    for (name, card) in answer.as_object()? {
        if let Some(number) = name.strip_prefix("card").and_then(|number| number.parse().ok()) {
            cards.insert(number, gpu(card));
        }
    }
    // Numbers without a card stay unknown, so that a GPU's place in the list is its number.
    let count = cards.keys().next_back().map_or(0, |last| last + 1).min(1 << 10);
    let gpus: Vec<Gpu> = (0..count).map(|number| cards.get(&number).copied().unwrap_or_default()).collect();
    let memory = |pid: i32| -> Option<f32> {
        let fields = answer.get("system")?.get(format!("PID{pid}"))?.as_str()?;
        // The name may have commas; four fields follow it.
        let bytes: f64 = fields.rsplit(',').nth(2)?.trim().parse().ok()?;
        Some((bytes / f64::from(1 << 20)) as f32)
    };
    let processes = devices(gpus_of_processes).into_iter().map(|(pid, gpus)| {
        let memory_mb = memory(pid);
        GpuProcess { pid, gpus, memory_mb }
    });
    let processes = processes.filter(|process| process.gpus.iter().all(|gpu| *gpu < count)).collect();
    (!gpus.is_empty()).then_some(GpuSample { number: 0, gpus, processes })
}

fn gpu(card: &Value) -> Gpu {
    let number = |key: &str| -> Option<f64> {
        match card.get(key)? {
            Value::String(text) => text.trim().parse().ok(),
            number => number.as_f64(),
        }
    };
    let mb = |key: &str| Some((number(key)? / f64::from(1 << 20)) as f32);
    Gpu {
        percent: number("GPU use (%)").map(|percent| percent as f32),
        memory_mb: mb("VRAM Total Used Memory (B)"),
        total_mb: mb("VRAM Total Memory (B)"),
    }
}

/// The processes that are on GPUs, each with the numbers of these.
fn devices(text: &str) -> Vec<(i32, Vec<usize>)> {
    let mut found: Vec<(i32, Vec<usize>)> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["PID", pid, "is", "using", ..] = words[..]
            && let Ok(pid) = pid.parse()
        {
            found.push((pid, Vec::new()));
        } else if let (Some((_, gpus)), Ok(numbers)) =
            (found.last_mut(), words.iter().map(|word| word.parse()).collect::<Result<Vec<usize>, _>>())
        {
            gpus.extend(numbers);
        }
    }
    found.retain(|(_, gpus)| !gpus.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As ROCm 5.7 and 6 print it, with a warning in front.
    const JSON: &str = "WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status\n\n\
        {\"card0\": {\"GPU use (%)\": \"99\", \"VRAM Total Memory (B)\": \"17163091968\", \"VRAM Total Used Memory (B)\": \
        \"8581545984\"}, \"card1\": {\"GPU use (%)\": \"0\", \"VRAM Total Memory (B)\": \"17163091968\", \
        \"VRAM Total Used Memory (B)\": \"27856896\"}, \"system\": {\"PID79301\": \"gmx, 1, 1048576000, 0, unknown\", \
        \"PID1949829\": \"python, a, 2, 2097152, 0, 12\", \"PID78912\": \"clinfo, 0, 0, 0, 0\"}}\n";
    const GPUS: &str = "\n============================ ROCm System Management Interface ============================\n\
        ================================== GPUs Indexed by PID ===================================\n\
        PID 78912 is using 0 DRM device(s)\nPID 79301 is using 1 DRM device(s):\n1 \n\
        PID 1949829 is using 2 DRM device(s):\n0 \n1 \n\
        ==========================================================================================\n\
        ================================== End of ROCm SMI Log ===================================\n";

    #[test]
    fn gpus_and_processes_are_read() {
        let sample = parse(JSON, GPUS).unwrap();
        assert_eq!(sample.gpus.len(), 2);
        assert_eq!((sample.gpus[0].percent, sample.gpus[1].percent), (Some(99.0), Some(0.0)));
        assert_eq!(sample.gpus[0].total_mb, Some(16368.0));
        let process = |pid, gpus: &[usize], memory_mb| GpuProcess { pid, gpus: gpus.to_vec(), memory_mb };
        assert_eq!(sample.processes, [process(79301, &[1], Some(1000.0)), process(1_949_829, &[0, 1], Some(2.0))]);
    }

    #[test]
    fn what_is_no_answer_is_none_and_without_processes_there_are_gpus() {
        assert_eq!(parse("ERROR:root:Driver not initialized (amdgpu not found in modules)", ""), None);
        assert_eq!(parse("{}", ""), None);
        let idle = parse(JSON, "No KFD PIDs currently running\n").unwrap();
        assert_eq!((idle.gpus.len(), idle.processes.len()), (2, 0));
        let without_use = parse("{\"card0\": {\"GPU use (%)\": \"N/A\"}}", "").unwrap();
        assert_eq!(without_use.gpus, [Gpu::default()]);
    }
}
