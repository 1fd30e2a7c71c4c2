//! When are the GPUs of a node sampled, and by whom?
//!
//! By a thread of the node's first rank, every ten seconds. Where the tool fails twice in a row there are no more samples: nothing depends
//! on them.
use super::query::{Error, Tool};
use super::samples;
use crate::process::shared::{Address, create_file};
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The first pause between samples; each is twice as long as the one before...
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// ...up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A pause is so many times longer than the sample took: where each start of the tool initializes the driver that takes seconds.
const PAUSE_PER_COST: u32 = 20;
/// After so many failures in a row the tool is not asked again.
const MAX_FAILURES: u32 = 2;

/// Samples the GPUs of a node. Ends when it is dropped.
#[derive(Debug)]
pub struct GpuMonitor {
    tool: Tool,
    file: Arc<File>,
    stop: Arc<StopSignal>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct StopSignal {
    is_stopping: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl GpuMonitor {
    /// A monitor that has not started yet; none on a node without `nvidia-smi` and `rocm-smi`.
    pub fn find() -> Option<Self> {
        let (tool, file) = (Tool::find()?, create_file().ok()?);
        Some(Self { tool, file: Arc::new(file), stop: Arc::default(), thread: None })
    }

    /// Where other processes of the node read the samples.
    pub fn address(&self) -> Option<Address> {
        Address::of_file(&self.file).ok()
    }

    /// Starts to sample; `report` gets the reason if that ends early on a node with GPUs.
    pub fn start(&mut self, report: impl FnOnce(&str) + Send + 'static) {
        let (tool, file, stop) = (self.tool.clone(), Arc::clone(&self.file), Arc::clone(&self.stop));
        let run = move || {
            if let Some(error) = sample_until_stopped(&tool, &file, &stop) {
                report(&error.to_string());
            }
        };
        // Without a thread there are no samples, as on a node without the tool.
        self.thread = thread::Builder::new().name("simmpi-gpus".into()).spawn(run).ok();
    }
}

impl Drop for GpuMonitor {
    fn drop(&mut self) {
        self.stop.is_stopping.store(true, Ordering::Relaxed);
        drop(self.stop.lock.lock());
        self.stop.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Samples until the run ends, or until the tool has failed too often; returns why, if that is worth a message.
fn sample_until_stopped(tool: &Tool, file: &File, stop: &StopSignal) -> Option<Error> {
    let (mut number, mut failures, mut pause) = (0, 0, FIRST_PAUSE);
    loop {
        let began = Instant::now();
        match tool.sample(&stop.is_stopping) {
            Ok(mut sample) => {
                (number, failures) = (number + 1, 0);
                sample.number = number;
                // One that finds no memory is lost.
                let _ = samples::publish(file, &sample);
            }
            Err(Error::Stopping) => return None,
            Err(error) => {
                failures += 1;
                if failures == MAX_FAILURES {
                    // A tool that never worked is that of a node without GPUs, whose image has it all the same.
                    let is_of_interest = number > 0 || matches!(error, Error::TimedOut { .. });
                    return Some(error).filter(|_| is_of_interest);
                }
            }
        }
        let wait = pause.max(PAUSE_PER_COST * began.elapsed());
        pause = (2 * pause).min(LONGEST_PAUSE);
        let held = stop.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let is_running = |(): &mut ()| !stop.is_stopping.load(Ordering::Relaxed);
        let _ = stop.changed.wait_timeout_while(held, wait, is_running);
        if stop.is_stopping.load(Ordering::Relaxed) {
            return None;
        }
    }
}
