//! How does a rank stay in contact with the others?
//!
//! Rank 0 with all, the others with rank 0. Signs of life are empty messages; they are sent and answered here, while the main thread waits
//! and while it works, and nobody else sees them.
use super::liveness::{ProcessWatch, RankLiveness, RootLiveness};
use super::message::ToWorker;
use crate::comm::{Comm, Error, Rank, RankLocation};
use crate::journal::codec;
use crate::process::ProcessIdentity;
use std::collections::{BTreeSet, VecDeque};

/// The communicator of a rank, and what it knows of those at the other end.
pub struct Connection {
    comm: Box<dyn Comm>,
    others: Others,
    watch: ProcessWatch,
    /// Messages that arrived while the main thread worked.
    deferred: VecDeque<(Rank, Vec<u8>)>,
    lost: BTreeSet<Rank>,
    /// Losses that nobody has followed yet.
    new: Vec<Loss>,
}

/// Whom a rank listens to.
enum Others {
    Ranks(RankLiveness),
    Root(RootLiveness),
}

/// A rank that is lost, and how that was noticed.
#[derive(Clone, Debug)]
pub struct Loss {
    pub rank: Rank,
    pub reason: String,
}

impl Connection {
    /// The connection of a rank that has come to the start of a run, with the `processes` of other ranks of its node.
    pub fn new(mut comm: Box<dyn Comm>, mut processes: Vec<(Rank, ProcessIdentity)>) -> Self {
        comm.collectives_are_over();
        let others = match comm.rank() {
            0 => Others::Ranks(RankLiveness::new(comm.size())),
            _ => {
                processes.retain(|(rank, _)| *rank == 0);
                Others::Root(RootLiveness::default())
            }
        };
        let watch = ProcessWatch::new(processes);
        Self { comm, others, watch, deferred: VecDeque::new(), lost: BTreeSet::new(), new: Vec::new() }
    }

    /// The rank's number.
    pub fn rank(&self) -> Rank {
        self.comm.rank()
    }

    /// Number of ranks, with those that are lost.
    pub fn size(&self) -> usize {
        self.comm.size()
    }

    /// Where this rank is.
    pub fn location(&self) -> RankLocation {
        self.comm.location()
    }

    /// The ranks other than 0 that are not lost.
    pub fn living(&self) -> impl Iterator<Item = Rank> + '_ {
        (1..self.comm.size()).filter(|rank| !self.lost.contains(rank))
    }

    /// Whether a rank is lost.
    pub fn is_lost(&self, rank: Rank) -> bool {
        self.lost.contains(&rank)
    }

    /// The ranks that are lost.
    pub fn lost(&self) -> impl Iterator<Item = Rank> + '_ {
        self.lost.iter().copied()
    }

    /// Sends `parts[i]` to rank i as a message, and returns that of rank 0.
    ///
    /// # Errors
    /// The MPI library reports one.
    pub fn scatter(&mut self, parts: Vec<Vec<u8>>) -> Result<Vec<u8>, Error> {
        self.comm.scatter(parts)
    }

    /// Sends a message, unless the rank is lost.
    ///
    /// # Errors
    /// The MPI library reports one.
    pub fn send(&mut self, to: Rank, bytes: Vec<u8>) -> Result<(), Error> {
        if self.lost.contains(&to) { Ok(()) } else { self.comm.send(to, bytes) }
    }

    /// The next message, if one has arrived.
    ///
    /// # Errors
    /// The MPI library reports one.
    pub fn receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error> {
        match self.deferred.pop_front() {
            // It was lost after the message had arrived.
            Some((from, _)) if self.lost.contains(&from) => self.receive(),
            None => self.receive_next(),
            message => Ok(message),
        }
    }

    /// Receives what has arrived, for later.
    ///
    /// # Errors
    /// The MPI library reports one.
    pub fn defer_messages(&mut self) -> Result<(), Error> {
        while let Some(message) = self.receive_next()? {
            self.deferred.push_back(message);
        }
        Ok(())
    }

    /// The next message that is no sign of life. One of a rank that is lost comes too late: what it has done, others do again.
    fn receive_next(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error> {
        while let Some((from, bytes)) = self.comm.try_receive()? {
            match &mut self.others {
                Others::Ranks(ranks) => ranks.heard(from),
                Others::Root(root) => {
                    root.heard();
                    if bytes.is_empty() {
                        self.comm.send(0, bytes)?;
                        continue;
                    }
                }
            }
            if !bytes.is_empty() && !self.lost.contains(&from) {
                return Ok(Some((from, bytes)));
            }
        }
        Ok(None)
    }

    /// Asks ranks for signs of life, and notices which are lost. To be called often, after messages were received.
    ///
    /// # Errors
    /// The MPI library reports one.
    pub fn keep(&mut self) -> Result<(), Error> {
        let now = self.comm.now();
        for rank in self.comm.unreachable() {
            self.lose(rank, "the connection to it has failed");
        }
        for rank in self.watch.look() {
            self.lose(rank, "its process has ended");
        }
        match &mut self.others {
            Others::Root(root) => {
                if root.is_lost(now) {
                    self.lose(0, "nothing has been heard of it for 60 s");
                }
            }
            Others::Ranks(ranks) => {
                let questions = ranks.look(now);
                for rank in questions.ask {
                    self.send(rank, Vec::new())?;
                }
                for rank in questions.silent.into_iter().filter(|rank| !self.lost.contains(rank)).collect::<Vec<_>>() {
                    // Should it only have been suspended, it learns this when it goes on.
                    self.send(rank, codec::encode(&ToWorker::Part { is_whole: false }).unwrap_or_default())?;
                    self.lose(rank, "it has not answered for 45 s");
                }
            }
        }
        Ok(())
    }

    fn lose(&mut self, rank: Rank, reason: &str) {
        if self.lost.insert(rank) {
            self.comm.abandon(rank);
            self.new.push(Loss { rank, reason: reason.to_owned() });
        }
    }

    /// Losses since this was last asked.
    pub fn take_losses(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.new)
    }

    /// Leaves the run: in good order where it `is_whole`, and otherwise without the ranks that are lost.
    pub fn close(self, is_whole: bool) {
        if is_whole { self.comm.finish() } else { self.comm.end_without_finalize() }
    }
}
