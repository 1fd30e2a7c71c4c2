//! How do ranks come together, and how do they part?
use super::connection::Connection;
use super::current_stage::CurrentStage;
use super::earlier::EarlierRecords;
use super::exit::{self, Exit, Stop};
use super::exported::ExportedFile;
use super::handshake::{self, Handshake};
use super::join::OutputLock;
use super::message::{FirstBatches, ToRoot, ToWorker};
use super::node_resources::NodeResources;
use super::open::{NotRun, Opened, OpenedOutput};
use super::rank::Rank;
use super::record_index::{OpenedJournal, RecordIndex};
use super::resource_usage::FullGpus;
use super::root::Root;
use super::state::StateFile;
use super::task_environment::TaskEnvironment;
use super::worker::{self, StageEnd};
use super::worker_threads::WorkerThreads;
use super::{console, memory};
use crate::campaigns::campaign::{Next, Reproducibility};
use crate::campaigns::stage::{Stage, StageResult};
use crate::comm::{self, Comm, Launcher, RankLocation};
use crate::journal::{self, Manifest, codec};
use crate::process::Supervisor;
use crate::process::gpus::GpuMonitor;
use crate::seed::CampaignSeed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a rank waits to see the journal that rank 0 created: network file systems take a while.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at messages while there is nothing else to do.
const PAUSE: Duration = Duration::from_micros(200);

/// A rank's part in a run, from its start to its end.
pub struct Session {
    pub opened: Opened,
    pub rank: Rank,
    pub root: Option<RootSession>,
    is_first_stage: bool,
    /// Samples the GPUs of the node, on its first rank.
    gpu_monitor: Option<GpuMonitor>,
}

/// What rank 0 has besides.
pub struct RootSession {
    pub root: Root,
    pub manifest: Manifest,
    pub reproducibility: Reproducibility,
    pub places: Vec<RankLocation>,
    pub started: Instant,
    pub exported: Option<ExportedFile>,
    /// Whether the journal was empty at the start.
    is_fresh: bool,
}

/// MPI did not start as it should: the first process of the launcher reports why.
pub fn report_mpi_fault(error: comm::Error) -> Exit {
    let stop = Stop::from(error);
    if Launcher::detect().is_none_or(|launcher| launcher.rank == 0) {
        console::error(&stop.message);
    }
    stop.exit
}

/// Ends a run whose campaign may not run, or need not. All ranks know, so all leave in good order.
pub fn leave_unrun(comm: Box<dyn Comm>, not_run: &NotRun) -> Exit {
    match (&not_run.message, not_run.exit) {
        (Some(message), Exit::Complete | Exit::SomeFailed) => console::line(message),
        (Some(message), _) => console::error(message),
        (None, _) => {}
    }
    if comm.rank() == 0 {
        exit::report(not_run.exit);
    }
    comm.finish();
    not_run.exit
}

/// Ends all ranks at once, when this one cannot go on before there is an order in which to tell the others.
pub fn abort_all(stop: &Stop) -> Exit {
    console::error(&stop.message);
    exit::report_by_first(stop.exit);
    comm::abort(stop.exit as i32)
}

fn open_journal(opened: &Opened, number: usize, size: usize) -> Result<OpenedJournal, Stop> {
    let folder = journal::folder_of(&opened.settings.output);
    let since = Instant::now();
    // Rank 0 has just written it.
    while number > 0 && Manifest::load(&folder)?.is_none_or(|there| there.fingerprint() != opened.settings.fingerprint)
    {
        if since.elapsed() > PATIENCE {
            let text = format!(
                "cannot see `{}`, which rank 0 created: put the output on a file system that all nodes share",
                folder.display()
            );
            return Err(Stop::new(Exit::Output, text));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let job = opened.settings.join.as_ref().map(|(job, _)| job.as_str());
    Ok(RecordIndex::open(&folder, (number, size), job, opened.settings.fingerprint)?)
}

impl RootSession {
    fn new(output: OpenedOutput, opened: &Opened, handshakes: Vec<Vec<u8>>) -> Result<Self, Stop> {
        let OpenedOutput { lock, manifest, saved, reproducibility, exported } = output;
        let mut earlier = EarlierRecords { saved, ..EarlierRecords::default() };
        let places = handshake::accept_all(handshakes, &mut earlier)?;
        let is_fresh = earlier.journalled.is_empty();
        let (output, kind) = (&opened.settings.output, &opened.config.campaign.kind);
        let root = Root {
            settings: opened.settings.clone(),
            lock,
            earlier,
            closed: Vec::new(),
            retired: BTreeSet::new(),
            excluded: BTreeMap::new(),
            hosts: places.iter().map(|place| place.host.clone()).collect(),
            stopping: None,
            state: StateFile::for_output(output, kind, &opened.config.path, opened.settings.max_retries),
            last_heartbeat: Instant::now(),
            full_gpus: FullGpus::default(),
        };
        Ok(Self { root, manifest, reproducibility, places, started: Instant::now(), exported, is_fresh })
    }
}

impl Session {
    /// Reads the journals, tells rank 0 what is there, and starts the worker thread.
    ///
    /// # Errors
    /// A rank cannot see or write the journal, or cannot start programs.
    pub fn start(
        mut comm: Box<dyn Comm>,
        mut opened: Opened,
        supervisor: Option<Arc<Supervisor>>,
    ) -> Result<Self, Stop> {
        let (number, size, place) = (comm.rank(), comm.size(), comm.location());
        let mut opened_journal = open_journal(&opened, number, size);
        let mut node_resources = NodeResources::exchange(comm.as_mut(), opened.settings.threads.is_some())?;
        let settings = &opened.settings;
        let programs = node_resources.programs(supervisor, settings.threads, settings.may_oversubscribe);
        let node = opened.campaign.check_node(place.local_size).map_err(Stop::from);
        let describe = |stop: &Stop| (stop.exit, format!("rank {number} on {}: {}", place.host, stop.message));
        let journal = match (&mut opened_journal, &programs, &node) {
            (Ok(opened), Ok(_), Ok(())) => Ok((std::mem::take(&mut opened.records), opened.damage.clone())),
            (Err(stop), ..) => Err(describe(stop)),
            (_, Err(stop), _) | (.., Err(stop)) => Err(describe(stop)),
        };
        let handshake = codec::encode(&Handshake { place: place.clone(), journal })?;
        let handshakes = comm.gather(handshake)?;
        let processes = node_resources.processes();
        let root = match opened.output.take() {
            Some(output) => Some(RootSession::new(output, &opened, handshakes)?),
            None => None,
        };
        let OpenedJournal { index, writer, .. } = opened_journal?;
        let (settings, programs) = (&opened.settings, programs?);
        let gpu_monitor = node_resources.sample_gpus(programs.as_ref().map(|programs| &*programs.supervisor));
        let environment = TaskEnvironment {
            seed: CampaignSeed(opened.config.campaign.seed),
            campaign: settings.fingerprint,
            memory_mb: settings.memory_mb.unwrap_or_else(|| memory::of_rank(place.local_size)),
            memory: node_resources.memory(),
            task_timeout: settings.task_timeout,
            max_retries: settings.max_retries,
            programs,
            rank: number as u32,
            host: place.host,
        };
        let syncer = match number {
            0 => writer.syncer().with_manifest(&journal::folder_of(&settings.output)),
            _ => writer.syncer(),
        };
        let workers = WorkerThreads::start(environment, writer);
        if let (Some(left), Ok(mut deadline)) = (settings.time_left, workers.flags.deadline.lock()) {
            *deadline = Some(Instant::now() + left);
        }
        let hosts = root.iter().flat_map(|root| &root.places).map(|place| place.host.clone()).collect();
        let rank = Rank::new(Connection::new(comm, processes), workers, index, syncer, hosts);
        Ok(Self { opened, rank, root, is_first_stage: true, gpu_monitor })
    }

    /// What comes after a stage, with its result.
    ///
    /// # Errors
    /// The result cannot be used.
    pub fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Stop> {
        let (campaign, root) = (&mut self.opened.campaign, &mut self.root);
        let beat = |_: &mut Rank| match root {
            Some(session) => session.root.beat().map(|_| false),
            None => Ok(false),
        };
        Ok(self.rank.meanwhile(|| campaign.advance(result), beat)??)
    }

    /// Runs a stage on this rank, whichever it is.
    ///
    /// # Errors
    /// The stage was stopped, or cannot be run.
    pub fn run(&mut self, stage: Stage) -> Result<StageEnd, Stop> {
        let current = CurrentStage::new(stage);
        let is_first = std::mem::replace(&mut self.is_first_stage, false);
        if let Some(RootSession { root, .. }) = &mut self.root {
            return root.run(&mut self.rank, &current, is_first).map(StageEnd::Complete);
        }
        if is_first {
            match self.first_message()? {
                FirstBatches::Run(batches) => self.rank.submit(&current, &batches),
                FirstBatches::Refused => return worker::run_worker(&mut self.rank, None),
            }
        }
        worker::run_worker(&mut self.rank, Some(&current))
    }

    /// Waits for the first message of rank 0.
    fn first_message(&mut self) -> Result<FirstBatches, Stop> {
        loop {
            if let Some((_, first)) = self.rank.receive()? {
                return Ok(first);
            }
            self.rank.keep_contact()?;
            std::thread::sleep(PAUSE);
        }
    }

    /// Reports on rank 0 why the run stopped; on another rank that ends all.
    pub fn report_stop(&mut self, stop: &Stop) -> Exit {
        let Some(RootSession { root, is_fresh, .. }) = &mut self.root else {
            return abort_all(stop);
        };
        let _ = self.rank.sync();
        root.state.set_ended(stop);
        let is_alone = matches!(root.lock, OutputLock::Exclusive(_));
        if stop.exit == Exit::Configuration && *is_fresh && is_alone {
            // Nothing was run, so nothing stands in the way of another configuration.
            let _ = journal::discard(&journal::folder_of(&root.settings.output));
        }
        match stop.exit {
            Exit::Resumable => console::line(&format!("stopped: {}\n{}", stop.message, stop.remedy())),
            _ => console::error(&stop.message),
        }
        stop.exit
    }

    /// Parts from the other ranks.
    pub fn finish(mut self, exit: Exit) -> Exit {
        let is_whole = if self.root.is_some() {
            exit::report(exit);
            self.dismiss_others(exit).unwrap_or_else(|_| comm::abort(exit as i32))
        } else {
            self.wait_for_dismissal().unwrap_or(false)
        };
        // The lock goes last, when nothing of this run can write any more.
        let Rank { comm, workers, .. } = self.rank;
        workers.join();
        drop(self.gpu_monitor);
        comm.close(is_whole);
        exit
    }

    /// Rank 0 sends the others the exit code and receives their last messages, since a message that is never received would block its
    /// sender. Then all leave; returns whether none is lost.
    fn dismiss_others(&mut self, exit: Exit) -> Result<bool, Stop> {
        let size = self.rank.comm.size();
        (1..size).try_for_each(|to| self.rank.send(to, &ToWorker::Finish(exit)))?;
        let mut waiting: BTreeSet<usize> = self.rank.comm.living().collect();
        while !waiting.is_empty() {
            match self.rank.receive::<ToRoot>()? {
                Some((from, ToRoot::Bye)) => _ = waiting.remove(&from),
                Some(_) => {}
                None => {
                    self.rank.keep_contact()?;
                    waiting.retain(|rank| !self.rank.comm.is_lost(*rank));
                    std::thread::sleep(PAUSE);
                }
            }
        }
        let is_whole = self.rank.comm.lost().next().is_none();
        (1..size).try_for_each(|to| self.rank.send(to, &ToWorker::Part { is_whole }))?;
        Ok(is_whole)
    }

    /// Waits until rank 0 has heard of all; returns whether none is lost.
    fn wait_for_dismissal(&mut self) -> Result<bool, Stop> {
        loop {
            match self.rank.receive::<ToWorker>()? {
                Some((_, ToWorker::Part { is_whole })) => return Ok(is_whole),
                Some(_) => {}
                None => {
                    self.rank.keep_contact()?;
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }
}
