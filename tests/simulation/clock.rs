//! Virtual time, shared with the worker thread of rank 0.
use nix::unistd::{Pid, gettid};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// A moment or a time in virtual nanoseconds.
pub type Nanos = u64;

/// A number of seconds in nanoseconds.
pub fn nanos(seconds: f64) -> Nanos {
    (seconds * 1e9) as Nanos
}

/// The engine measures the times of rank 0's own tasks by the real clock: the first of them really takes so long that the
/// dynamic schedule does not mistake tasks for short ones.
const FIRST_TASK: Duration = Duration::from_millis(110);

/// The time that has passed on rank 0.
#[derive(Default)]
pub struct Clock {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    now: Nanos,
    /// When the task that rank 0 runs is over.
    task_ends: Option<Nanos>,
    is_over: bool,
    /// The worker thread, once it has begun a task.
    thread: Option<Pid>,
}

impl Clock {
    pub fn set(&self, now: Nanos) {
        self.state.lock().unwrap().now = now;
    }

    /// When the task that rank 0 runs is over; none where none runs.
    pub fn task_ends(&self) -> Option<Nanos> {
        self.state.lock().unwrap().task_ends
    }

    /// Ends the task that rank 0 runs.
    pub fn end_task(&self) {
        self.state.lock().unwrap().is_over = true;
        self.changed.notify_all();
    }

    /// Waits on the worker thread of rank 0 until `seconds` have passed on the main thread.
    pub fn sleep(&self, seconds: f64) {
        let mut state = self.state.lock().unwrap();
        state.task_ends = Some(state.now + nanos(seconds));
        state.is_over = false;
        let is_first = state.thread.replace(gettid()).is_none();
        while !state.is_over {
            state = self.changed.wait(state).unwrap();
        }
        if is_first {
            drop(state);
            std::thread::sleep(FIRST_TASK);
            state = self.state.lock().unwrap();
        }
        state.task_ends = None;
    }

    /// Whether the worker thread waits for something to do; none where it has never had anything.
    pub fn is_idle(&self) -> Option<bool> {
        let thread = self.state.lock().unwrap().thread?;
        let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
        Some(status.rsplit(')').next().is_none_or(|rest| rest.trim_start().starts_with('S')))
    }
}
