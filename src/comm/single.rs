//! How does a process without MPI act as the only rank?
use super::communicator::{Comm, Error, Rank, RankLocation};

/// The only rank of a run without `mpirun`.
pub struct SingleRank {
    host: String,
}

impl SingleRank {
    /// The only rank, on `host`.
    pub fn new(host: String) -> Self {
        Self { host }
    }
}

impl Comm for SingleRank {
    fn rank(&self) -> Rank {
        0
    }
    fn size(&self) -> usize {
        1
    }
    fn location(&self) -> RankLocation {
        RankLocation { host: self.host.clone(), local_rank: 0, local_size: 1 }
    }
    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        Ok(bytes.unwrap_or_default())
    }
    fn scatter(&mut self, parts: Vec<Vec<u8>>) -> Result<Vec<u8>, Error> {
        Ok(parts.into_iter().next().unwrap_or_default())
    }
    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
        Ok(vec![bytes])
    }
    fn send(&mut self, _to: Rank, _bytes: Vec<u8>) -> Result<(), Error> {
        unreachable!("rank 0 never sends to itself")
    }
    fn try_receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error> {
        Ok(None)
    }
    fn finish(self: Box<Self>) {}
    fn end_without_finalize(self: Box<Self>) {}
}
