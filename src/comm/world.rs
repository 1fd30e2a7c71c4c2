//! How are messages sent through MPI?
//!
//! While ranks come together an error of MPI aborts the job, by MPI's default error handler. After the last collective operation errors
//! are returned: they concern the connection to one rank, which may be lost without the others. `rsmpi` ignores the return codes of the
//! calls it wraps (version 0.8), so sending and receiving are called here directly. Neither ever waits: of a rank that is killed while it
//! sends, the rest of a message never comes.
use super::communicator::{Comm, Error, Rank, RankLocation};
use super::launcher::Launcher;
use super::library;
use mpi::collective::Root;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::topology::{Communicator, SimpleCommunicator};
use std::collections::{BTreeSet, HashMap};
use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::time::{Duration, Instant};

/// MPI counts are 32-bit: longer messages are sent in chunks of this size, bytes.
const CHUNK: usize = 1 << 30;
/// Tag of a chunk that others follow.
const MORE: c_int = 1;
/// Tag of a message's last chunk.
const LAST: c_int = 0;

/// How long a rank that ends waits for its last messages to be sent, and where others are lost.
const LAST_SENDS: Duration = Duration::from_secs(60);
const LAST_SENDS_WITHOUT_LOST: Duration = Duration::from_secs(5);
/// How long rank 0 waits for the next of the messages that all ranks send it at the start.
const GATHER_LIMIT: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_micros(200);

/// All ranks of the job.
pub struct World {
    /// Dropped by [`finish`](Comm::finish) alone: while unwinding, MPI_Finalize would wait for ranks that never call it.
    universe: Option<Universe>,
    world: SimpleCommunicator,
    location: RankLocation,
    sending: Vec<Sending>,
    /// In the order in which they began to arrive.
    receiving: Vec<Receiving>,
    /// Messages of which some chunks have arrived.
    partial: HashMap<Rank, Vec<u8>>,
    /// Messages to ranks that are lost: MPI may use their buffers until the end.
    abandoned: Vec<Sending>,
    /// Ranks to which a connection has failed since this was last asked.
    unreachable: BTreeSet<Rank>,
}

/// A message being sent; the buffer must neither move nor be freed before its requests have completed.
struct Sending {
    to: Rank,
    _buffer: Vec<u8>,
    requests: Vec<ffi::MPI_Request>,
}

/// A chunk being received; the buffer must neither move nor be freed before its request has completed.
struct Receiving {
    from: Rank,
    buffer: Vec<u8>,
    tag: c_int,
    request: ffi::MPI_Request,
}

/// Whether a request has completed, or the code of the error with which it has.
fn is_complete(request: &mut ffi::MPI_Request) -> Result<bool, c_int> {
    let mut done: c_int = 0;
    // SAFETY: the request came from MPI and has not completed, its buffer is alive.
    let code = unsafe { ffi::MPI_Test(request, &mut done, ffi::RSMPI_STATUS_IGNORE) };
    if code == 0 { Ok(done != 0) } else { Err(code) }
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
        Ok(Self {
            universe: Some(universe),
            world,
            location,
            sending: Vec::new(),
            receiving: Vec::new(),
            partial: HashMap::new(),
            abandoned: Vec::new(),
            unreachable: BTreeSet::new(),
        })
    }

    /// Has MPI return errors from now on.
    fn return_errors(&self) {
        // SAFETY: both handles are constants of the MPI library. The call fails for invalid handles only.
        let _ = unsafe { ffi::MPI_Comm_set_errhandler(ffi::RSMPI_COMM_WORLD, ffi::RSMPI_ERRORS_RETURN) };
    }

    /// Frees messages that have been sent.
    fn free_sent(&mut self) {
        let unreachable = &mut self.unreachable;
        self.sending.retain_mut(|sending| {
            sending.requests.retain_mut(|request| match is_complete(request) {
                Ok(done) => !done,
                Err(_) => {
                    unreachable.insert(sending.to);
                    false
                }
            });
            !sending.requests.is_empty()
        });
    }

    /// Waits until all messages are sent, at most for `limit`; returns whether they are.
    fn await_sends(&mut self, limit: Duration) -> bool {
        let since = Instant::now();
        self.free_sent();
        while !self.sending.is_empty() && since.elapsed() < limit {
            std::thread::sleep(PAUSE);
            self.free_sent();
        }
        self.sending.is_empty()
    }

    /// Begins to receive the next chunk; false where there is none.
    fn begin_receiving(&mut self) -> bool {
        let (mut flag, mut count): (c_int, c_int) = (0, 0);
        let (mut message, mut status) = (MaybeUninit::uninit(), MaybeUninit::<ffi::MPI_Status>::uninit());
        // SAFETY: all pointers are valid; where MPI sets the flag it has written message and status. The buffer is kept in `receiving`, and
        // its heap block does not move, until the request has completed.
        unsafe {
            let (source, tag, world) = (ffi::RSMPI_ANY_SOURCE, ffi::RSMPI_ANY_TAG, ffi::RSMPI_COMM_WORLD);
            let code = ffi::MPI_Improbe(source, tag, world, &mut flag, message.as_mut_ptr(), status.as_mut_ptr());
            if code != 0 || flag == 0 {
                return false;
            }
            let (kind, status) = (ffi::RSMPI_UINT8_T, status.assume_init());
            ffi::MPI_Get_count(&status, kind, &mut count);
            let (mut buffer, mut request) = (vec![0u8; count as usize], ffi::RSMPI_REQUEST_NULL);
            let (from, tag) = (status.MPI_SOURCE as Rank, status.MPI_TAG);
            match ffi::MPI_Imrecv(buffer.as_mut_ptr().cast(), count, kind, message.as_mut_ptr(), &mut request) {
                0 => self.receiving.push(Receiving { from, buffer, tag, request }),
                _ => _ = self.unreachable.insert(from),
            }
        }
        true
    }

    /// Tests what is being received: the next complete message. Those of one rank stay in order.
    fn received(&mut self) -> Option<(Rank, Vec<u8>)> {
        let mut index = 0;
        while index < self.receiving.len() {
            let from = self.receiving[index].from;
            let is_next = self.receiving[..index].iter().all(|earlier| earlier.from != from);
            let complete = if is_next { is_complete(&mut self.receiving[index].request) } else { Ok(false) };
            if complete == Ok(false) {
                index += 1;
                continue;
            }
            let Receiving { mut buffer, tag, .. } = self.receiving.remove(index);
            if complete.is_err() {
                self.unreachable.insert(from);
                continue;
            }
            let message = match self.partial.remove(&from) {
                Some(mut begun) => {
                    begun.append(&mut buffer);
                    begun
                }
                None => buffer,
            };
            if tag == LAST {
                return Some((from, message));
            }
            self.partial.insert(from, message);
        }
        None
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

    fn scatter(&mut self, mut parts: Vec<Vec<u8>>) -> Result<Vec<u8>, Error> {
        let others = parts.split_off(1);
        others.into_iter().enumerate().try_for_each(|(k, part)| self.send(k + 1, part))?;
        Ok(parts.pop().unwrap_or_default())
    }

    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
        if self.rank() != 0 {
            self.send(0, bytes)?;
            return Ok(Vec::new());
        }
        let mut parts: Vec<Option<Vec<u8>>> = vec![None; self.size()];
        parts[0] = Some(bytes);
        let (mut missing, mut last) = (self.size() - 1, Instant::now());
        while missing > 0 {
            match self.try_receive()? {
                Some((from, bytes)) => {
                    parts[from] = Some(bytes);
                    (missing, last) = (missing - 1, Instant::now());
                }
                None if last.elapsed() > GATHER_LIMIT => {
                    let rank = parts.iter().position(Option::is_none).unwrap_or_default();
                    return Err(Error::Silent { rank, seconds: GATHER_LIMIT.as_secs() });
                }
                None => std::thread::sleep(PAUSE),
            }
        }
        Ok(parts.into_iter().flatten().collect())
    }

    fn collectives_are_over(&mut self) {
        self.return_errors();
    }

    fn send(&mut self, to: Rank, bytes: Vec<u8>) -> Result<(), Error> {
        self.free_sent();
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
                self.unreachable.insert(to);
                break;
            }
            requests.push(request);
        }
        self.sending.push(Sending { to, _buffer: bytes, requests });
        Ok(())
    }

    fn try_receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error> {
        self.free_sent();
        loop {
            let message = self.received();
            if message.is_some() || !self.begin_receiving() {
                return Ok(message);
            }
        }
    }

    fn unreachable(&mut self) -> Vec<Rank> {
        std::mem::take(&mut self.unreachable).into_iter().collect()
    }

    fn abandon(&mut self, rank: Rank) {
        let all = std::mem::take(&mut self.sending);
        let (lost, sending): (Vec<_>, Vec<_>) = all.into_iter().partition(|sending| sending.to == rank);
        self.sending = sending;
        self.abandoned.extend(lost);
    }

    fn finish(mut self: Box<Self>) {
        // A rank that is lost at the very end is not waited for.
        if self.await_sends(LAST_SENDS) {
            drop(self.universe.take());
        }
    }

    fn end_without_finalize(mut self: Box<Self>) {
        self.await_sends(LAST_SENDS_WITHOUT_LOST);
    }
}

impl Drop for World {
    /// Without MPI_Finalize, MPI may use the buffers of messages until the process ends.
    fn drop(&mut self) {
        std::mem::forget(self.universe.take());
        std::mem::forget((std::mem::take(&mut self.sending), std::mem::take(&mut self.abandoned)));
        std::mem::forget(std::mem::take(&mut self.receiving));
    }
}
