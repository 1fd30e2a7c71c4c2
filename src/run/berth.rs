//! What of its node does a rank have: which cores do its programs run on, and what memory does it share?
use super::exit::{Exit, Stop};
use super::say;
use crate::comm::{Comm, Place, Rank};
use crate::journal::codec;
use crate::process::cores::{self, Fault, Topology};
use crate::process::shared::{Address, SharedMemory};
use crate::process::{Guard, Programs, Seat};
use crate::science::memory::{Memory, OwnMemory};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What ranks tell one another of themselves.
#[derive(Serialize, Deserialize)]
struct Neighbour {
    host: String,
    local_rank: usize,
    /// The cores that it may use; none where its node does not tell.
    cores: Vec<usize>,
    /// Where the memory is that it has made for its node.
    memory: Option<Address>,
}

/// A rank's place on its node.
pub struct Berth {
    rank: Rank,
    place: Place,
    /// All ranks of the node, this one too, in order.
    neighbours: Vec<Neighbour>,
    /// What this rank has made for the node, if it is the first there and not alone.
    memory: Option<SharedMemory>,
}

impl Berth {
    /// Finds out who else is on the node. Collective, at the start.
    ///
    /// # Errors
    /// MPI fails.
    pub fn find(comm: &mut dyn Comm) -> Result<Self, Stop> {
        let place = comm.place();
        let is_giver = place.local_rank == 0 && place.local_size > 1;
        let memory = is_giver.then(SharedMemory::create).and_then(Result::ok);
        let own = Neighbour {
            host: place.host.clone(),
            local_rank: place.local_rank,
            // A node that does not tell its masks divides nothing: programs inherit what the rank has.
            cores: cores::allowed().unwrap_or_default(),
            memory: memory.as_ref().and_then(|memory| memory.address().ok()),
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
        Ok(Self { rank: comm.rank(), place, neighbours, memory })
    }

    /// What this rank starts programs of `threads` threads with; nothing where none are to be started. The ranks of a node divide its cores
    /// among themselves.
    ///
    /// # Errors
    /// This rank's own, and not yet known to the others: it cannot start programs, or there are too few cores.
    pub fn programs(
        &self,
        guard: Option<Arc<Guard>>,
        threads: Option<usize>,
        may_oversubscribe: bool,
    ) -> Result<Option<Programs>, Stop> {
        let Some(threads) = threads else { return Ok(None) };
        let Some(guard) = guard else {
            return Err(Stop::new(Exit::Internal, "no program can be started on this rank"));
        };
        let Place { local_rank, local_size, .. } = self.place;
        let seat = Seat { rank: self.rank, local_rank, local_size, node: cores::node() };
        let masks: Vec<Vec<usize>> = self.neighbours.iter().map(|neighbour| neighbour.cores.clone()).collect();
        if masks.iter().any(Vec::is_empty) {
            return Ok(Some(Programs::new(guard, Vec::new(), seat)));
        }
        let share = cores::share(&masks, local_rank, &Topology::read());
        match share.fault(threads) {
            // Slower, but what was asked for.
            Some(fault @ Fault::Oversubscribed { .. }) if self.rank == 0 => say::line(&format!("warning: {fault}")),
            Some(Fault::Oversubscribed { .. }) | None => {}
            Some(fault) if may_oversubscribe => {
                if self.rank == 0 {
                    say::line(&format!("warning: {fault}; they are not bound to cores, as `oversubscribe` has it"));
                }
                return Ok(Some(Programs::new(guard, Vec::new(), seat)));
            }
            Some(fault) => return Err(Stop::new(Exit::Configuration, fault.to_string())),
        }
        Ok(Some(Programs::new(guard, share.cores, seat)))
    }

    /// The memory that all ranks of the node have in common, or else, as for one that is alone, the rank's own: that changes
    /// nothing but who computes what.
    pub fn memory(self) -> Box<dyn Memory> {
        let given = || self.neighbours.iter().find_map(|neighbour| neighbour.memory.as_ref());
        match self.memory.or_else(|| given().and_then(|address| SharedMemory::open(address).ok())) {
            Some(shared) => Box::new(shared),
            None => Box::new(OwnMemory),
        }
    }
}
