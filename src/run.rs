//! How does a campaign run over the ranks?
//!
//! Every rank calls [`run`]; rank 0 conducts (`root`), the others serve it (`worker`), and each has a thread that
//! runs tasks (`compute`, `lane`).
mod account;
mod assignments;
mod berth;
mod compute;
pub mod exit;
pub mod failures;
mod first_tasks;
mod lane;
mod ledger;
pub mod live;
pub mod memory;
mod message;
pub mod open;
mod panic;
pub mod past;
mod progress;
mod publish;
mod rank;
pub mod reread;
mod root;
pub mod say;
mod shelf;
mod signals;
mod slot;
mod start;
pub mod state;
pub mod survey;
mod unread;
mod watch;
mod worker;

pub use panic::install_panic_rule;
pub use progress::Style;

use crate::campaigns::Kind;
use crate::comm::{self, Launcher};
use exit::{Exit, Stop};
use std::path::PathBuf;
use watch::Watch;

/// What `simmpi run` was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub config: PathBuf,
    pub fresh: bool,
    pub force: bool,
    pub retry_failed: bool,
    pub only: Option<u64>,
    pub keep_journal: bool,
    pub steal_lock: bool,
    pub progress: Style,
}

/// Runs a campaign, on this rank and all others, and tells how it ended. All ranks return the same.
pub fn run(kinds: &[&'static dyn Kind], options: &Options) -> Exit {
    // Before MPI and any thread. Where it cannot be, campaigns that need no programs still run.
    let watch = Watch::begin();
    signals::listen();
    let mut comm = match comm::start(Launcher::detect()) {
        Ok(comm) => comm,
        Err(error) => return start::refused(error),
    };
    let opened = match open::open(comm.as_mut(), &watch, kinds, options) {
        Ok(opened) => opened,
        Err(stop) => return start::not_run(comm, stop),
    };
    let mut party = match start::gather(comm, opened, watch.end()) {
        Ok(party) => party,
        Err(stop) => return start::broken(&stop),
    };
    let exit = match conduct(&mut party) {
        Ok(exit) => exit,
        Err(stop) => party.tell_stop(&stop),
    };
    party.leave(exit)
}

/// The whole story: stage after stage, then the result.
fn conduct(party: &mut start::Party) -> Result<Exit, Stop> {
    let mut done = Vec::new();
    while let Some(stage) = party.opened.campaign.next(&done)? {
        match party.run(stage)? {
            worker::End::Stage(result) => done.push(result),
            worker::End::Finish(exit) => return Ok(exit),
        }
    }
    party.finish(&done)
}
