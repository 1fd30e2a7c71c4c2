//! How does a campaign run over the ranks?
//!
//! Every rank calls [`run`].
//!
//! | file | question |
//! |---|---|
//! | `open.rs`, `existing.rs` | may the campaign run, and where does it continue from? |
//! | `root.rs`, `stage_start.rs`, `stage_run.rs` | how does rank 0 hand out batches and reduce their values? |
//! | `worker.rs` | how do the other ranks follow it? |
//! | `worker_threads.rs`, `batch_runner.rs` | how do the threads of a rank run a batch? |
//! | `session.rs`, `panic.rs` | what happens when a rank fails? All ranks end; their journals keep what was recorded |
//! | `liveness.rs`, `connection.rs`, `lost.rs` | what happens when a rank is lost? The others go on; without rank 0 they end |
//! | `start_watch.rs` | what if that happens while ranks come together? All end |
//! | `handshake.rs`, `earlier.rs` | how does the next run take up the records of earlier ones, on any number of ranks? |
//! | `retries.rs`, `rank_failures.rs`, `exclusion.rs` | which failed tasks are tried again, on which rank, and which ranks are excluded? |
//! | `root.rs` (`retire`), `assignments.rs` | what happens when a rank can start no more programs? Others run its batches |
//! | `join/`, `joined.rs` | how do several jobs work on one campaign? |
//! | `signals.rs`, `allocation.rs`, `batch_system.rs` | when does a run stop early? |
//! | `completion.rs`, `publish.rs`, `fetched_values.rs`, `task_rows.rs` | how does a finished campaign become one HDF5 file? |
//! | `exported.rs` | which result is written as JSON besides? |
//! | `resource_usage.rs` | what have programs used of the nodes, and does that call for a warning? |
mod account;
mod allocation;
pub mod assignments;
mod background_sync;
pub mod batch;
mod batch_runner;
mod batch_system;
mod completion;
mod connection;
pub mod console;
pub mod cost_history;
pub mod current_stage;
mod earlier;
mod exclusion;
mod existing;
pub mod exit;
mod exported;
pub mod failures;
mod fetched_values;
mod first_tasks;
pub mod handshake;
pub mod join;
mod joined;
mod lazy_supervisor;
pub mod ledger;
pub mod live;
pub mod liveness;
pub mod load;
mod lost;
pub mod memory;
pub mod message;
mod node_resources;
mod open;
mod options;
mod packed_records;
mod panic;
mod progress;
mod publish;
mod rank;
pub mod rank_failures;
pub mod rank_set;
mod record_index;
pub mod record_table;
mod recovered;
mod reread;
mod resource_usage;
pub mod retries;
mod root;
mod session;
mod settings;
pub mod signals;
mod stage_run;
mod stage_start;
mod start_watch;
pub mod state;
mod stop_flags;
pub mod survey;
mod task_environment;
mod task_rows;
mod unread;
mod worker;
mod worker_threads;

pub use current_stage::journal_key;
pub use lazy_supervisor::LazySupervisor;
pub use options::Options;
pub use panic::install_panic_rule;
pub use progress::Style;

use crate::campaigns::Kind;
use crate::campaigns::campaign::Next;
use crate::comm::{self, Comm, Launcher};
use crate::process;
use exit::{Exit, Stop};
use open::Opening;
use session::Session;
use start_watch::StartWatch;
use worker::StageEnd;

/// Runs a campaign, on this rank and all others, and returns how it ended. All ranks return the same.
pub fn run(kinds: &[&'static dyn Kind], options: &Options) -> Exit {
    let launcher = Launcher::detect();
    if let Some((name, value)) = launcher.as_ref().and_then(comm::missing_settings) {
        process::restart_with(name, value);
    }
    // Before MPI and any thread. Where it cannot be started, campaigns that need no programs still run.
    let supervisor = LazySupervisor::for_launcher();
    signals::listen();
    match comm::start(launcher) {
        Ok(comm) => {
            let watch = StartWatch::begin(comm.size());
            run_watched(comm, supervisor, kinds, options, watch)
        }
        Err(error) => session::report_mpi_fault(error),
    }
}

/// Runs a campaign on the ranks of `comm`, of which this process is one.
pub fn run_on(comm: Box<dyn Comm>, supervisor: LazySupervisor, kinds: &[&'static dyn Kind], options: &Options) -> Exit {
    run_watched(comm, supervisor, kinds, options, None)
}

fn run_watched(
    mut comm: Box<dyn Comm>,
    supervisor: LazySupervisor,
    kinds: &[&'static dyn Kind],
    options: &Options,
    watch: Option<StartWatch>,
) -> Exit {
    let opened = match open::open(comm.as_mut(), &supervisor, kinds, options) {
        Ok(Opening::Run(opened)) => *opened,
        Ok(Opening::NotRun(not_run)) => {
            drop(watch);
            return session::leave_unrun(comm, &not_run);
        }
        Err(stop) => return session::abort_all(&stop),
    };
    let mut session = match Session::start(comm, opened, supervisor.into_started()) {
        Ok(session) => session,
        Err(stop) => return session::abort_all(&stop),
    };
    drop(watch);
    let exit = match run_stages(&mut session) {
        Ok(exit) => exit,
        Err(stop) => session.report_stop(&stop),
    };
    session.finish(exit)
}

/// The whole story: stage after stage, then the result.
fn run_stages(session: &mut Session) -> Result<Exit, Stop> {
    let mut result = None;
    while let Next::Run(stage) = session.advance(result)? {
        match session.run(stage)? {
            StageEnd::Complete(complete) => result = Some(complete),
            StageEnd::Finish(exit) => return Ok(exit),
        }
    }
    session.publish()
}
