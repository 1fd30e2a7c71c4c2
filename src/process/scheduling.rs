//! How does the supervisor avoid taking a core from the programs that it runs?
//!
//! The scheduler prefers a process that has slept, and the supervisor wakes at every start, end and output of a program. Under SCHED_BATCH
//! it preempts no program. Programs themselves start with the default policy.
use nix::libc::{self, c_int};
use std::sync::atomic::{AtomicBool, Ordering};

static IS_BATCH: AtomicBool = AtomicBool::new(false);

/// Gives this process the batch policy, unless it was started with another than the default one.
pub fn use_batch_policy() {
    // SAFETY: queries the policy of this thread.
    let is_default = unsafe { libc::sched_getscheduler(0) } == libc::SCHED_OTHER;
    IS_BATCH.store(is_default && set_policy(libc::SCHED_BATCH), Ordering::Relaxed);
}

/// Gives a child of this process the default policy. Neither allocates nor takes a lock.
pub fn restore_default_policy() {
    if IS_BATCH.load(Ordering::Relaxed) {
        set_policy(libc::SCHED_OTHER);
    }
}

/// Sets the policy of this process; false where the system refuses.
fn set_policy(policy: c_int) -> bool {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: a pointer to a live value.
    unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) == 0 }
}
