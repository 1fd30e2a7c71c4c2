//! Which cores of its node do the programs of a rank run on, and which memory does it share with other ranks?
use super::console;
use super::exit::{Exit, Stop};
use crate::comm::{Comm, Rank, RankLocation};
use crate::journal::codec;
use crate::process::cores::{self, CoreWarning, Topology};
use crate::process::gpus::GpuMonitor;
use crate::process::shared::{Address, SharedMemory};
use crate::process::{ProcessIdentity, Programs, RankPlacement, Supervisor};
use crate::science::memory::{Memory, OwnMemory};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What ranks exchange about themselves.
#[derive(Serialize, Deserialize)]
struct Neighbour {
    rank: Rank,
    host: String,
    local_rank: usize,
    process: Option<ProcessIdentity>,
    /// The cores that it may use; empty where its node does not say.
    cores: Vec<usize>,
    /// The shared memory that it has created for its node.
    memory: Option<Address>,
    /// Where it publishes samples of the node's GPUs.
    gpu_samples: Option<Address>,
}

/// The ranks of a node, their cores and their shared memory.
pub struct NodeResources {
    rank: Rank,
    place: RankLocation,
    /// All ranks of the node, this one too, in order.
    neighbours: Vec<Neighbour>,
    /// What this rank has created for the node, if it is the first there and not alone.
    memory: Option<SharedMemory>,
    /// What samples the node's GPUs, if this rank is the first there, programs are started, and there is a tool to ask.
    gpu_monitor: Option<GpuMonitor>,
}

impl NodeResources {
    /// Exchanges with all ranks what each has. Collective, at the start. GPUs are of interest where tasks start programs.
    ///
    /// # Errors
    /// MPI fails.
    pub fn exchange(comm: &mut dyn Comm, starts_programs: bool) -> Result<Self, Stop> {
        let place = comm.location();
        let creates_memory = place.local_rank == 0 && place.local_size > 1;
        let memory = creates_memory.then(SharedMemory::create).and_then(Result::ok);
        let samples_gpus = place.local_rank == 0 && starts_programs;
        let gpu_monitor = samples_gpus.then(GpuMonitor::find).flatten();
        let own = Neighbour {
            rank: comm.rank(),
            host: place.host.clone(),
            local_rank: place.local_rank,
            process: ProcessIdentity::this(),
            // Where a node does not give its masks nothing is divided: programs inherit what the rank has.
            cores: cores::allowed().unwrap_or_default(),
            memory: memory.as_ref().and_then(|memory| memory.address().ok()),
            gpu_samples: gpu_monitor.as_ref().and_then(GpuMonitor::address),
        };
        let all = comm.gather(codec::encode(&own)?)?;
        let all = comm.broadcast((comm.rank() == 0).then(|| codec::encode(&all)).transpose()?)?;
        let mut neighbours = Vec::new();
        for rank in codec::decode::<Vec<Vec<u8>>>(&all)? {
            let rank: Neighbour = codec::decode(&rank)?;
            if rank.host == place.host {
                neighbours.push(rank);
            }
        }
        neighbours.sort_by_key(|neighbour| neighbour.local_rank);
        Ok(Self { rank: comm.rank(), place, neighbours, memory, gpu_monitor })
    }

    /// The processes of the other ranks of the node, as far as this one can see them.
    pub fn processes(&self) -> Vec<(Rank, ProcessIdentity)> {
        let others = self.neighbours.iter().filter(|other| self.place.local_size > 1 && other.rank != self.rank);
        let processes = others.filter_map(|other| Some((other.rank, other.process?)));
        processes.filter(|(_, process)| process.is_running()).collect()
    }

    /// The supervisor and cores for programs of `threads` threads, 0 where launchers start them elsewhere; none where none are started. The ranks of a node divide its cores
    /// among themselves.
    ///
    /// # Errors
    /// This rank cannot start programs, or there are too few cores. Other ranks do not know of it yet.
    pub fn programs(
        &self,
        supervisor: Option<Arc<Supervisor>>,
        threads: Option<usize>,
        may_oversubscribe: bool,
    ) -> Result<Option<Programs>, Stop> {
        let Some(threads) = threads else { return Ok(None) };
        let Some(supervisor) = supervisor else {
            return Err(Stop::new(Exit::Internal, "no program can be started on this rank"));
        };
        let RankLocation { local_rank, local_size, .. } = self.place;
        let placement = RankPlacement { rank: self.rank, local_rank, local_size, node_cores: cores::bindable() };
        let masks: Vec<Vec<usize>> = self.neighbours.iter().map(|neighbour| neighbour.cores.clone()).collect();
        if masks.iter().any(Vec::is_empty) {
            return Ok(Some(Programs::new(supervisor, Vec::new(), placement)));
        }
        let share = cores::share(&masks, local_rank, &Topology::read());
        match share.warning(threads).filter(|_| threads > 0) {
            // Slower, but what was asked for.
            Some(fault @ CoreWarning::Oversubscribed { .. }) if self.rank == 0 => {
                console::line(&format!("warning: {fault}"))
            }
            Some(CoreWarning::Oversubscribed { .. }) | None => {}
            Some(fault) if may_oversubscribe => {
                if self.rank == 0 {
                    console::line(&format!(
                        "warning: {fault}; they are not bound to cores, since `oversubscribe` is set"
                    ));
                }
                return Ok(Some(Programs::new(supervisor, Vec::new(), placement)));
            }
            Some(fault) => return Err(Stop::new(Exit::Configuration, fault.to_string())),
        }
        Ok(Some(Programs::new(supervisor, share.cores, placement)))
    }

    /// Starts to sample the GPUs of the node, if that is this rank's part, and has the supervisor read the samples. They end with what is
    /// returned.
    pub fn sample_gpus(&mut self, supervisor: Option<&Supervisor>) -> Option<GpuMonitor> {
        let address = self.neighbours.iter().find_map(|neighbour| neighbour.gpu_samples.clone());
        if let (Some(supervisor), Some(address)) = (supervisor, address) {
            supervisor.read_gpu_samples(address);
        }
        let mut monitor = self.gpu_monitor.take()?;
        let host = self.place.host.clone();
        monitor.start(move |reason| {
            console::warning(&format!("warning: the use of GPUs is no longer recorded on {host}: {reason}"));
        });
        Some(monitor)
    }

    /// The memory that all ranks of the node share or, for a single rank or where that fails, the rank's own: it changes
    /// only who computes what.
    pub fn memory(self) -> Box<dyn Memory> {
        let first = || self.neighbours.iter().find_map(|neighbour| neighbour.memory.as_ref());
        match self.memory.or_else(|| first().and_then(|address| SharedMemory::open(address).ok())) {
            Some(shared) => Box::new(shared),
            None => Box::new(OwnMemory),
        }
    }
}
