//! What if a rank is lost while ranks come together?
//!
//! The others wait for it in collective operations of MPI, which cannot be given up. A thread ends them.
use super::console;
use super::exit::{self, Exit};
use crate::process::Siblings;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(1);
/// The longest time until all ranks have come together. Rank 0 reads and checks everything in this time.
const LIMIT: Duration = Duration::from_secs(1800);

/// Watches the start of a run until it is dropped.
pub struct StartWatch(Arc<AtomicBool>);

impl StartWatch {
    /// Watches the other processes of the launcher on this node; none where there is only one rank.
    pub fn begin(ranks: usize) -> Option<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let watch = Self(Arc::clone(&is_over));
        (ranks > 1).then(|| {
            thread::spawn(move || run(&is_over));
            watch
        })
    }
}

impl Drop for StartWatch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn run(is_over: &AtomicBool) {
    let (began, mut siblings) = (Instant::now(), Siblings::default());
    loop {
        let has_lost = siblings.look();
        let reason = match began.elapsed() > LIMIT {
            _ if has_lost => "another rank on this node has ended before the run began",
            true => "not all ranks have come together within 30 min",
            false => "",
        };
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        if !reason.is_empty() {
            console::error(&format!("this rank ends: {reason}; run the same command again"));
            exit::report_by_first(Exit::Resumable);
            crate::comm::abort(Exit::Resumable as i32);
        }
        thread::sleep(INTERVAL);
    }
}
