//! Who has a core first, the guard or a program?
//!
//! The scheduler takes the core from a program for a process that has slept, and the guard wakes at every beginning and end and whenever
//! there is output. As a batch process it has its turn when programs wait, or within milliseconds. Programs
//! themselves begin as they would without it.
use nix::libc::{self, c_int};
use std::sync::atomic::{AtomicBool, Ordering};

static GIVES_WAY: AtomicBool = AtomicBool::new(false);

/// Lets programs go first from now on.
pub fn give_way() {
    // SAFETY: asks for this thread's policy.
    let is_usual = unsafe { libc::sched_getscheduler(0) } == libc::SCHED_OTHER;
    // Whoever chose another policy for the whole run knows why.
    GIVES_WAY.store(is_usual && take(libc::SCHED_BATCH), Ordering::Relaxed);
}

/// Lets a child of this process be one like others. Allocates nothing and takes no lock.
pub fn be_usual() {
    if GIVES_WAY.load(Ordering::Relaxed) {
        take(libc::SCHED_OTHER);
    }
}

/// Takes a policy; whether the system allows it.
fn take(policy: c_int) -> bool {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: a pointer to a live value.
    unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) == 0 }
}
