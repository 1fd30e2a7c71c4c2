//! What becomes of a panic?
use super::exit::{self, Exit};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// Name of the worker threads.
pub const COMPUTE: &str = "compute";

thread_local! {
    /// Some while a task runs on this thread: a panic then leaves its message here and prints nothing.
    static IN_TASK: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Message of a panic outside of any task.
    static OUTSIDE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The value of `run`, which runs a task, or the message of its panic, which is not printed.
pub fn of_task<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    IN_TASK.with(|panic| *panic.borrow_mut() = Some(String::new()));
    let ran = catch_unwind(AssertUnwindSafe(run));
    let panic = IN_TASK.with(|panic| panic.borrow_mut().take());
    ran.map_err(|_| panic.unwrap_or_default())
}

/// The value of `run`, or the message of a panic outside of any task.
pub fn outside_of_tasks<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| OUTSIDE.with(|panic| panic.take()))
}

/// Installs the rule for panics: in a task a panic is that task's failure; on a worker thread outside of one it is
/// reported to the main thread; anywhere else it ends all ranks at once, since a rank that unwinds into `MPI_Finalize`
/// hangs the job.
pub fn install_panic_rule() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload().downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().cloned());
        let location = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        let message = format!("{}{location}", text.unwrap_or_else(|| "no message".into()));
        let in_task = IN_TASK.with(|panic| match panic.borrow_mut().as_mut() {
            Some(kept) => {
                kept.clone_from(&message);
                true
            }
            None => false,
        });
        if in_task {
            return;
        }
        if thread::current().name() == Some(COMPUTE) {
            OUTSIDE.with(|kept| *kept.borrow_mut() = message);
            return;
        }
        super::console::error(&format!("internal fault: {message}\nall ranks end; journalled tasks are kept"));
        exit::report_by_first(Exit::Internal);
        crate::comm::abort(Exit::Internal as i32);
    }));
}
