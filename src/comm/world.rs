//! How are messages sent through MPI?
//!
//! `rsmpi` ignores the return codes of the calls it wraps (version 0.8: `MPI_Send`, `MPI_Recv`, `MPI_Bcast`, `MPI_Scatterv`,
//! `MPI_Gatherv`); MPI's default error handler aborts the job instead, as is right for a broken transport. Sending, which must not block,
//! is called here directly and its return code checked.
use super::communicator::{Comm, Error, Rank, RankLocation};
use super::launcher::Launcher;
use super::library;
use mpi::collective::Root;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::point_to_point::Source;
use mpi::topology::{Communicator, SimpleCommunicator};
use std::collections::HashMap;
use std::os::raw::c_int;

/// MPI counts are 32-bit: longer messages are sent in chunks of this size, bytes.
const CHUNK: usize = 1 << 30;
/// Tag of a chunk that others follow.
const MORE: c_int = 1;
/// Tag of a message's last chunk.
const LAST: c_int = 0;

/// All ranks of the job.
pub struct World {
    /// Dropped by [`finish`](Comm::finish) alone: while unwinding, MPI_Finalize would wait for ranks that never call it.
    universe: Option<Universe>,
    world: SimpleCommunicator,
    location: RankLocation,
    sending: Vec<Sending>,
    /// Messages of which some chunks have arrived.
    partial: HashMap<Rank, Vec<u8>>,
}

/// A message being sent; the buffer must neither move nor be freed before its requests have completed.
struct Sending {
    _buffer: Vec<u8>,
    requests: Vec<ffi::MPI_Request>,
}

impl World {
    /// Starts MPI and joins the other ranks.
    ///
    /// # Errors
    /// The process was started by another MPI's launcher, or the library does not support threads.
    pub fn start(launcher: Option<Launcher>) -> Result<Self, Error> {
        let (universe, provided) =
            mpi::initialize_with_threading(mpi::Threading::Funneled).ok_or(Error::ThreadLevel)?;
        if provided < mpi::Threading::Funneled {
            return Err(Error::ThreadLevel);
        }
        let world = universe.world();
        if let Some(launcher) = launcher.filter(|launcher| launcher.size > 1 && world.size() == 1) {
            return Err(Error::OtherLauncher { launcher, library: library::name() });
        }
        let node = world.split_shared(world.rank());
        let host = mpi::environment::processor_name().unwrap_or_default().trim_end_matches('\0').to_owned();
        let location = RankLocation { host, local_rank: node.rank() as usize, local_size: node.size() as usize };
        Ok(Self { universe: Some(universe), world, location, sending: Vec::new(), partial: HashMap::new() })
    }

    /// Frees messages that have been sent.
    fn free_sent(&mut self) -> Result<(), Error> {
        let mut failed = None;
        self.sending.retain_mut(|sending| {
            sending.requests.retain_mut(|request| {
                let mut done: c_int = 0;
                // SAFETY: the request came from MPI_Isend and has not completed, its buffer is alive.
                let code = unsafe { ffi::MPI_Test(request, &mut done, ffi::RSMPI_STATUS_IGNORE) };
                failed = failed.or((code != 0).then_some(code));
                done == 0
            });
            !sending.requests.is_empty()
        });
        failed.map_or(Ok(()), |code| Err(Error::Call { call: "MPI_Test", code }))
    }
}

/// Aborts all ranks with exit code `code`, through MPI if that is initialized. Nothing is cleaned up.
pub fn abort(code: i32) -> ! {
    if mpi::environment::is_initialized() && !mpi::environment::is_finalized() {
        SimpleCommunicator::world().abort(code);
    }
    std::process::exit(code)
}

impl Comm for World {
    fn rank(&self) -> Rank {
        self.world.rank() as Rank
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn location(&self) -> RankLocation {
        self.location.clone()
    }

    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        let root = self.world.process_at_rank(0);
        let mut bytes = bytes.unwrap_or_default();
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        bytes.chunks_mut(CHUNK).for_each(|chunk| root.broadcast_into(chunk));
        Ok(bytes)
    }

    fn scatter(&mut self, parts: Option<Vec<Vec<u8>>>) -> Result<Vec<u8>, Error> {
        use mpi::datatype::Partition;
        let root = self.world.process_at_rank(0);
        let mut length: c_int = 0;
        let Some(parts) = parts else {
            root.scatter_into(&mut length);
            let mut mine = vec![0u8; length as usize];
            root.scatter_varcount_into(&mut mine[..]);
            return Ok(mine);
        };
        // One length for each rank: `scatter_into` would silently ignore more.
        debug_assert_eq!(parts.len(), self.size());
        let lengths: Vec<c_int> = parts.iter().map(|part| part.len() as c_int).collect();
        root.scatter_into_root(&lengths[..], &mut length);
        let starts = lengths.iter().scan(0, |at, &n| {
            let start = *at;
            *at += n;
            Some(start)
        });
        let starts: Vec<c_int> = starts.collect();
        let all = parts.concat();
        let mut mine = vec![0u8; length as usize];
        root.scatter_varcount_into_root(&Partition::new(&all[..], &lengths[..], &starts[..]), &mut mine[..]);
        Ok(mine)
    }

    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
        if self.rank() != 0 {
            self.send(0, bytes)?;
            return Ok(Vec::new());
        }
        let mut parts: Vec<Option<Vec<u8>>> = vec![None; self.size()];
        parts[0] = Some(bytes);
        while parts.iter().any(Option::is_none) {
            match self.try_receive()? {
                Some((from, bytes)) => parts[from] = Some(bytes),
                None => std::thread::sleep(std::time::Duration::from_micros(200)),
            }
        }
        Ok(parts.into_iter().flatten().collect())
    }

    fn send(&mut self, to: Rank, bytes: Vec<u8>) -> Result<(), Error> {
        self.free_sent()?;
        let mut requests = Vec::with_capacity(1);
        let last = bytes.len().div_ceil(CHUNK).max(1) - 1;
        for k in 0..=last {
            let chunk = &bytes[k * CHUNK..bytes.len().min((k + 1) * CHUNK)];
            let tag = if k == last { LAST } else { MORE };
            let (buffer, count) = (chunk.as_ptr().cast(), chunk.len() as c_int);
            // SAFETY: the chunk lies in `bytes`, whose heap block is kept in `sending` until the request has completed.
            let (code, request) = unsafe {
                let (kind, world, mut request) = (ffi::RSMPI_UINT8_T, ffi::RSMPI_COMM_WORLD, ffi::RSMPI_REQUEST_NULL);
                (ffi::MPI_Isend(buffer, count, kind, to as c_int, tag, world, &mut request), request)
            };
            if code != 0 {
                return Err(Error::Call { call: "MPI_Isend", code });
            }
            requests.push(request);
        }
        self.sending.push(Sending { _buffer: bytes, requests });
        Ok(())
    }

    fn try_receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error> {
        self.free_sent()?;
        while let Some((message, status)) = self.world.any_process().immediate_matched_probe() {
            let from = status.source_rank() as Rank;
            let mut chunk = vec![0u8; status.count(<u8 as mpi::datatype::Equivalence>::equivalent_datatype()) as usize];
            message.matched_receive_into(&mut chunk[..]);
            let message = match self.partial.remove(&from) {
                Some(mut begun) => {
                    begun.append(&mut chunk);
                    begun
                }
                None => chunk,
            };
            if status.tag() == LAST {
                return Ok(Some((from, message)));
            }
            self.partial.insert(from, message);
        }
        Ok(None)
    }

    fn finish(mut self: Box<Self>) {
        while self.free_sent().is_ok() && !self.sending.is_empty() {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        drop(self.universe.take());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        std::mem::forget(self.universe.take());
    }
}
