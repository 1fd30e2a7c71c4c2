//! How do bytes travel through MPI?
//!
//! `rsmpi` drops the return codes of the calls it wraps (seen in 0.8: `MPI_Send`, `MPI_Recv`, `MPI_Bcast`, `MPI_Scatterv`,
//! `MPI_Gatherv`); MPI's default error handler ends the job instead, which is what we want of a broken transport. What
//! must not block, sending, is called here directly and its code is checked.
use super::{Comm, Error, Launcher, Place, Rank};
use mpi::collective::Root;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::point_to_point::Source;
use mpi::topology::{Communicator, SimpleCommunicator};
use std::collections::HashMap;
use std::os::raw::c_int;

/// MPI counts are 32-bit, so longer messages travel in pieces of this size.
const PIECE: usize = 1 << 30;
/// Tag of a piece that others follow.
const MORE: c_int = 1;
/// Tag of a message's last piece.
const LAST: c_int = 0;

/// All ranks of the job.
pub struct World {
    /// Dropped by [`finish`](Comm::finish) alone: while unwinding, MPI_Finalize would wait for ranks that never call it.
    universe: Option<Universe>,
    world: SimpleCommunicator,
    place: Place,
    sending: Vec<Sending>,
    /// Messages of which some pieces have arrived.
    partial: HashMap<Rank, Vec<u8>>,
}

/// A message on its way; the buffer must not move or go before the request is done.
struct Sending {
    _buffer: Vec<u8>,
    requests: Vec<ffi::MPI_Request>,
}

impl World {
    /// Starts MPI and joins the other ranks.
    ///
    /// # Errors
    /// The process was started by another MPI's launcher, or the library does not know threads.
    pub fn start(launcher: Option<Launcher>) -> Result<Self, Error> {
        let (universe, provided) =
            mpi::initialize_with_threading(mpi::Threading::Funneled).ok_or(Error::ThreadLevel)?;
        if provided < mpi::Threading::Funneled {
            return Err(Error::ThreadLevel);
        }
        let world = universe.world();
        if let Some(Launcher { name, variable, size, .. }) = launcher
            && size > 1
            && world.size() == 1
        {
            return Err(Error::OtherLauncher { launcher: name, expected: size, variable, library: library() });
        }
        let node = world.split_shared(world.rank());
        let host = mpi::environment::processor_name().unwrap_or_default().trim_end_matches('\0').to_owned();
        let place = Place { host, local_rank: node.rank() as usize, local_size: node.size() as usize };
        Ok(Self { universe: Some(universe), world, place, sending: Vec::new(), partial: HashMap::new() })
    }

    /// Forgets messages that have gone out.
    fn reap(&mut self) -> Result<(), Error> {
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

/// Name and version of the MPI library, one line. Open MPI's has NUL bytes inside.
fn library() -> String {
    let text = mpi::environment::library_version().unwrap_or_default();
    text.split(['\0', '\n', ',']).next().unwrap_or_default().trim().replace("MPICH Version:\t", "MPICH ")
}

/// Ends all ranks at once with `code`, through MPI where it runs. Nothing is cleaned up.
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

    fn place(&self) -> Place {
        self.place.clone()
    }

    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        let root = self.world.process_at_rank(0);
        let mut bytes = bytes.unwrap_or_default();
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        bytes.chunks_mut(PIECE).for_each(|piece| root.broadcast_into(piece));
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
        // Of each part one length goes to one rank: nothing is left over for `scatter_into` to drop.
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
        self.reap()?;
        let mut requests = Vec::with_capacity(1);
        let last = bytes.len().div_ceil(PIECE).max(1) - 1;
        for k in 0..=last {
            let piece = &bytes[k * PIECE..bytes.len().min((k + 1) * PIECE)];
            let tag = if k == last { LAST } else { MORE };
            let (buffer, count) = (piece.as_ptr().cast(), piece.len() as c_int);
            // SAFETY: the piece lies in `bytes`, whose heap block stays where it is in `sending` until the request is done.
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
        self.reap()?;
        while let Some((message, status)) = self.world.any_process().immediate_matched_probe() {
            let from = status.source_rank() as Rank;
            let mut piece = vec![0u8; status.count(<u8 as mpi::datatype::Equivalence>::equivalent_datatype()) as usize];
            message.matched_receive_into(&mut piece[..]);
            let whole = match self.partial.remove(&from) {
                Some(mut begun) => {
                    begun.append(&mut piece);
                    begun
                }
                None => piece,
            };
            if status.tag() == LAST {
                return Ok(Some((from, whole)));
            }
            self.partial.insert(from, whole);
        }
        Ok(None)
    }

    fn finish(mut self: Box<Self>) {
        while self.reap().is_ok() && !self.sending.is_empty() {
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
