//! How do ranks come together, and how do they part?
use super::berth::Berth;
use super::compute::{Compute, Terms};
use super::exit::{Exit, Stop};
use super::failures::grouped;
use super::message::{Notice, ToRoot, ToWorker};
use super::open::{self, Claim, Opened};
use super::publish::{Totals, publish};
use super::rank::{Present, Rank};
use super::reread::journal_key;
use super::root::Root;
use super::shelf::{Found, Shelf};
use super::state::StateFile;
use super::worker::{self, End};
use super::{memory, say};
use crate::campaigns::stage::{AnyStage, StageResult};
use crate::comm::{self, Comm, Launcher, Place};
use crate::journal::{self, Manifest, codec};
use crate::process::Guard;
use crate::seed::CampaignSeed;
use crate::task::Tasks;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a rank waits to see the journal that rank 0 made: network file systems take a while.
const PATIENCE: Duration = Duration::from_secs(20);
/// Causes of failures that the end of a run lists.
const CAUSES: usize = 5;

/// All that a rank brings to a run.
pub struct Party {
    pub opened: Opened,
    rank: Rank,
    root: Option<RootPart>,
    is_first_stage: bool,
}

/// What rank 0 has besides.
struct RootPart {
    root: Root,
    manifest: Manifest,
    places: Vec<Place>,
    started: Instant,
    /// Whether the journal was empty at the start.
    is_fresh: bool,
}

/// What every rank tells rank 0 once.
#[derive(Serialize, Deserialize)]
struct Hello {
    place: Place,
    held: Result<(Vec<Notice>, Vec<String>), (Exit, String)>,
}

/// This rank cannot make the process that starts programs for it: the first of the launcher's tells why.
pub fn no_guard(error: &crate::process::Error) {
    if Launcher::detect().is_none_or(|launcher| launcher.rank == 0) {
        say::error(&format!("no program can be started in this run: {}", super::exit::causes(error)));
    }
}

/// MPI did not start as it should: the first process of the launcher tells why.
pub fn refused(error: comm::Error) -> Exit {
    let stop = Stop::from(error);
    if Launcher::detect().is_none_or(|launcher| launcher.rank == 0) {
        say::error(&stop.message);
    }
    stop.exit
}

/// The campaign may not run, or need not. All ranks know, so all leave in good order.
pub fn not_run(comm: Box<dyn Comm>, stop: Stop) -> Exit {
    if comm.rank() == 0 {
        match stop.exit {
            Exit::Complete | Exit::SomeFailed => say::line(&stop.message),
            _ => say::error(&stop.message),
        }
        comm.finish();
        return stop.exit;
    }
    if !stop.message.is_empty() {
        // Rank 0 could load the campaign and this rank cannot: the others do not know yet.
        broken(&stop);
    }
    comm.finish();
    stop.exit
}

/// A rank that cannot go on before there is an order to tell the others: all end at once.
pub fn broken(stop: &Stop) -> Exit {
    say::error(&stop.message);
    comm::abort(stop.exit as i32)
}

/// Reads the journals, tells rank 0 what is there, and starts the compute thread.
///
/// # Errors
/// A rank cannot see or write the journal.
pub fn gather(mut comm: Box<dyn Comm>, mut opened: Opened, guard: Option<Arc<Guard>>) -> Result<Party, Stop> {
    let (number, size, place) = (comm.rank(), comm.size(), comm.place());
    let found = open_shelf(&opened, number, size);
    let berth = Berth::find(comm.as_mut())?;
    let programs = berth.programs(guard, opened.campaign.threads(), opened.campaign.may_oversubscribe());
    let room = opened.campaign.check_node(place.local_size).map_err(open::faulty);
    let held = match (&found, &programs, &room) {
        (Ok(found), Ok(_), Ok(())) => Ok((found.notices.clone(), found.damage.clone())),
        (Err(stop), ..) | (_, Err(stop), _) | (.., Err(stop)) => {
            Err((stop.exit, format!("rank {number} on {}: {}", place.host, stop.message)))
        }
    };
    let hellos = comm.gather(codec::encode(&Hello { place: place.clone(), held })?)?;
    let root = match opened.claim.take() {
        Some(claim) => Some(gather_root(claim, &opened, hellos)?),
        None => None,
    };
    let Found { shelf, writer, .. } = found?;
    let orders = &opened.orders;
    let terms = Terms {
        seed: CampaignSeed(opened.config.campaign.seed),
        campaign: orders.fingerprint,
        memory_mb: orders.memory_mb.unwrap_or_else(|| memory::of_rank(place.local_size)),
        memory: berth.memory(),
        task_timeout: orders.task_timeout,
        max_retries: orders.max_retries,
        programs: programs?,
        rank: number as u32,
        host: place.host,
    };
    let syncer = match number {
        0 => writer.syncer().with_manifest(&journal::folder_of(&orders.output)),
        _ => writer.syncer(),
    };
    let compute = Compute::start(terms, writer);
    if let (Some(left), Ok(mut deadline)) = (orders.time_left, compute.switches.deadline.lock()) {
        *deadline = Some(Instant::now() + left);
    }
    Ok(Party { opened, rank: Rank::new(comm, compute, shelf, syncer), root, is_first_stage: true })
}

fn open_shelf(opened: &Opened, number: usize, size: usize) -> Result<Found, Stop> {
    let folder = journal::folder_of(&opened.orders.output);
    let since = Instant::now();
    // Rank 0 has just written it.
    while number > 0 && Manifest::load(&folder)?.is_none_or(|there| there.fingerprint() != opened.orders.fingerprint) {
        if since.elapsed() > PATIENCE {
            let text =
                format!("does not see `{}` that rank 0 made: put the output where all nodes see it", folder.display());
            return Err(Stop::new(Exit::Output, text));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(Shelf::open(&folder, number, size, opened.orders.fingerprint)?)
}

fn gather_root(claim: Claim, opened: &Opened, hellos: Vec<Vec<u8>>) -> Result<RootPart, Stop> {
    let (mut found, mut places) = (HashMap::<u64, Vec<_>>::new(), Vec::new());
    for (from, hello) in hellos.into_iter().enumerate() {
        let hello: Hello = codec::decode(&hello)?;
        let (notices, damage) = hello.held.map_err(|(exit, message)| Stop::new(exit, message))?;
        damage.iter().for_each(|line| say::line(&format!("journal: {line}")));
        for notice in notices {
            found.entry(notice.head.stage).or_default().push((from, notice));
        }
        places.push(hello.place);
    }
    let is_fresh = found.is_empty();
    let root = Root {
        orders: opened.orders.clone(),
        lock: claim.lock,
        found,
        saved: claim.saved,
        closed: Vec::new(),
        retired: BTreeSet::new(),
        state: StateFile::of(&opened.orders.output, &opened.config.campaign.kind, &opened.config.path),
        beat: Instant::now(),
    };
    Ok(RootPart { root, manifest: claim.manifest, places, started: Instant::now(), is_fresh })
}

impl Party {
    /// Runs a stage on this rank, whichever it is.
    ///
    /// # Errors
    /// The stage was stopped, or cannot be run.
    pub fn run(&mut self, stage: Arc<dyn AnyStage>) -> Result<End, Stop> {
        let key = journal_key(stage.as_ref(), stage.reading().as_deref());
        let present = Present { stage, key };
        let is_first = std::mem::replace(&mut self.is_first_stage, false);
        if let Some(part) = &mut self.root {
            return part.root.run(&mut self.rank, &present, is_first).map(End::Stage);
        }
        if is_first {
            match codec::decode::<Result<Vec<Tasks>, Exit>>(&self.rank.comm.scatter(None)?)? {
                Ok(batches) => self.rank.submit(&present, &batches),
                // Rank 0 has refused the plan; it says goodbye as it always does.
                Err(_) => return worker::serve(&mut self.rank, None),
            }
        }
        worker::serve(&mut self.rank, Some(&present))
    }

    /// Writes the result on rank 0; the others serve it until it has.
    ///
    /// # Errors
    /// The result cannot be written.
    pub fn finish(&mut self, done: &[StageResult]) -> Result<Exit, Stop> {
        let Some(part) = &mut self.root else {
            return match worker::serve(&mut self.rank, None)? {
                End::Finish(exit) => Ok(exit),
                End::Stage(_) => Ok(Exit::Internal),
            };
        };
        let totals = publish(&mut self.rank, &part.root, &self.opened, &part.manifest, &part.places, done)?;
        let orders = &part.root.orders;
        let exit = if totals.failed == 0 { Exit::Complete } else { Exit::SomeFailed };
        let kept = if orders.keep_journal || orders.needs_outcomes {
            part.root.state.complete(exit);
            ", journal kept"
        } else {
            journal::discard(&journal::folder_of(&orders.output))?;
            ""
        };
        let Totals { tasks, done, failed, unread } = totals;
        say::line(&format!(
            "complete: {done} of {tasks} tasks done, {failed} failed, in {}; results in {}{kept}",
            say::duration(part.started.elapsed().as_secs_f64()),
            orders.output.display(),
        ));
        grouped(&part.root.failed_tasks(), CAUSES).iter().for_each(|line| say::line(&format!("  {line}")));
        if unread > 0 {
            say::line(&format!(
                "{unread} of the {failed} that failed ran, and only what they left cannot be read: after a correction the same command \
                 reads it, and runs nothing again"
            ));
        }
        Ok(exit)
    }

    /// Tells on rank 0 why the run stopped; on another rank that is the end of all.
    pub fn tell_stop(&mut self, stop: &Stop) -> Exit {
        let Some(part) = &mut self.root else {
            return broken(stop);
        };
        let _ = self.rank.sync();
        part.root.state.end(stop);
        if stop.exit == Exit::Configuration && part.is_fresh {
            // Nothing was run, so nothing stands in the way of another configuration.
            let _ = journal::discard(&journal::folder_of(&part.root.orders.output));
        }
        match stop.exit {
            Exit::Resumable => say::line(&format!("stopped: {}\n{}", stop.message, stop.remedy())),
            _ => say::error(&stop.message),
        }
        stop.exit
    }

    /// Parts from the other ranks: rank 0 tells them the exit code and hears them out, since a message that nobody takes
    /// would keep its sender for ever.
    pub fn leave(mut self, exit: Exit) -> Exit {
        if self.root.is_some() && self.hear_out(exit).is_err() {
            comm::abort(exit as i32);
        }
        // The lock goes last, when nothing of this run can write any more.
        let Rank { comm, compute, .. } = self.rank;
        compute.end();
        comm.finish();
        exit
    }

    fn hear_out(&mut self, exit: Exit) -> Result<(), Stop> {
        let mut present = self.rank.comm.size() - 1;
        (1..=present).try_for_each(|to| self.rank.send(to, &ToWorker::Finish(exit)))?;
        while present > 0 {
            match self.rank.receive::<ToRoot>()? {
                Some((_, ToRoot::Bye)) => present -= 1,
                Some(_) => {}
                None => std::thread::sleep(Duration::from_micros(200)),
            }
        }
        Ok(())
    }
}
