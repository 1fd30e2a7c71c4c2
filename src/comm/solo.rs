//! What is a group of one rank?
use super::{Comm, Error, Place, Rank};

/// A rank that is alone: what a run without `mpirun` and the tests of the engine use.
pub struct Solo {
    host: String,
}

impl Solo {
    /// A rank alone on `host`.
    pub fn new(host: String) -> Self {
        Self { host }
    }
}

impl Comm for Solo {
    fn rank(&self) -> Rank {
        0
    }
    fn size(&self) -> usize {
        1
    }
    fn place(&self) -> Place {
        Place { host: self.host.clone(), local_rank: 0, local_size: 1 }
    }
    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        Ok(bytes.unwrap_or_default())
    }
    fn scatter(&mut self, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>, Error> {
        Ok(parts.into_iter().flatten().next().unwrap_or_default())
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
}
