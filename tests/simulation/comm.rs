//! A communicator whose other ranks are simulated.
use super::clock::{Clock, Nanos, nanos};
use super::ranks::{Journal, LONGEST_PAUSE, SHORTEST_PAUSE, SimulatedRank, host_of};
use simmpi::comm::{Comm, Error, Rank, RankLocation};
use simmpi::journal::codec;
use simmpi::run::handshake::Handshake;
use simmpi::run::message::FirstBatches;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the MPI library and the network cost: CPU time of rank 0 per message, and the time that a message is under way, s. By default as
/// measured by `cargo bench --bench scheduler` under `mpirun -n 2`, with a latency that is tenfold.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub send_s: f64,
    pub receive_s: f64,
    /// A poll that finds nothing.
    pub poll_s: f64,
    pub latency_s: f64,
}

impl Default for Network {
    fn default() -> Self {
        Self { send_s: 2e-6, receive_s: 2e-6, poll_s: 0.1e-6, latency_s: 20e-6 }
    }
}

/// Names of the messages of [`simmpi::run::message::ToRoot`], in its order.
const KINDS: [&str; 10] =
    ["Recorded", "Values", "Others", "Progress", "Drained", "DrainWanted", "Undone", "Retired", "Broken", "Bye"];

/// The first of them, as it begins.
const RECORDED: u8 = 0;

/// When the worker thread of rank 0 is found idle so often, rank 0 has looked at its last report.
const IDLE_LOOKS: u32 = 3;
/// Rank 0 polls that often without any event to come only if it hangs: so long does it wait for a rank that is lost.
const IDLE_POLLS: u32 = 2_000;
/// The time between two such polls.
const IDLE_PAUSE: Nanos = 200_000_000;

/// What was measured of a run.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the first batches until every rank knows that the last stage is complete, s.
    pub makespan_s: f64,
    /// CPU time that rank 0's main thread spent during that time, with that of MPI, s.
    pub busy_s: f64,
    /// Messages of each kind from workers, and CPU time spent on them, s: decoding, the ledger, and the answer.
    pub messages: [(u64, f64); KINDS.len()],
    /// Messages that rank 0 sent.
    pub sent: u64,
}

impl Measured {
    /// A line for each kind of message: number and CPU time of each, us.
    pub fn costs(&self) -> Vec<String> {
        let used = KINDS.iter().zip(&self.messages).filter(|(_, (count, _))| *count > 0);
        used.map(|(name, (count, seconds))| format!("{name}: {count} x {:.2} us", 1e6 * seconds / *count as f64))
            .collect()
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    BatchEnds(Rank),
    /// A message arrives at a worker.
    Arrives(Rank, Vec<u8>),
    /// The main thread of a worker sees it.
    IsSeen(Rank, Vec<u8>),
    ReachesRoot(Rank, Vec<u8>),
}

/// Where the measurements and journals of a run are left.
pub type Left = Arc<Mutex<Option<(Measured, Vec<Journal>)>>>;

/// Rank 0's communicator.
pub struct SimulatedComm {
    ranks: Vec<SimulatedRank>,
    network: Network,
    clock: Arc<Clock>,
    now: Nanos,
    events: BinaryHeap<Reverse<(Nanos, u64, Event)>>,
    /// Number of events so far: equal times keep their order.
    count: u64,
    /// CPU time of this thread when it last returned to rank 0.
    returned: Duration,
    /// Whether the last poll has found nothing: rank 0 makes a pause then.
    has_paused: bool,
    /// How often the worker thread of rank 0 was found idle, and whether it has been given something to begin with.
    idle_looks: u32,
    has_first_batch: bool,
    idle_polls: u32,
    began: Nanos,
    /// The kind of the message that rank 0 follows.
    follows: Option<usize>,
    gathers: u32,
    measured: Measured,
    left: Left,
}

/// CPU time that this thread has used.
pub fn cpu_time() -> Duration {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

impl SimulatedComm {
    pub fn new(ranks: Vec<SimulatedRank>, network: Network, clock: Arc<Clock>, left: Left) -> Self {
        Self {
            ranks,
            network,
            clock,
            now: 0,
            events: BinaryHeap::new(),
            count: 0,
            returned: cpu_time(),
            has_paused: false,
            idle_looks: 0,
            has_first_batch: false,
            idle_polls: 0,
            began: 0,
            follows: None,
            gathers: 0,
            measured: Measured::default(),
            left,
        }
    }

    fn push(&mut self, at: Nanos, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    /// Accounts for the CPU time since the last call, and for that of MPI.
    fn charge(&mut self, mpi_s: f64) {
        let spent = (cpu_time() - self.returned).as_secs_f64() + mpi_s;
        self.now += nanos(spent);
        self.measured.busy_s += spent;
        if let Some(kind) = self.follows {
            self.measured.messages[kind].1 += spent;
        }
    }

    fn back(&mut self) {
        self.clock.set(self.now);
        self.returned = cpu_time();
    }

    /// Sends what a worker sends at `at`, and awaits the end of its batch.
    fn after(&mut self, rank: Rank, at: Nanos, sent: Vec<Vec<u8>>) {
        let arrives = at + nanos(self.network.latency_s) + self.ranks[rank].delay();
        for bytes in sent {
            if let Some(later) = self.ranks[rank].repeats().filter(|_| bytes.first() == Some(&RECORDED)) {
                self.push(arrives + later, Event::ReachesRoot(rank, bytes.clone()));
            }
            self.push(arrives, Event::ReachesRoot(rank, bytes));
        }
        if let Some(ends) = self.ranks[rank].ends() {
            self.push(ends, Event::BatchEnds(rank));
        }
    }

    /// The next message that has reached rank 0 by now. Everything before it has happened then.
    fn arrived(&mut self) -> Option<(Rank, Vec<u8>)> {
        while let Some(Reverse((at, ..))) = self.events.peek()
            && *at <= self.now
        {
            let Reverse((at, _, event)) = self.events.pop().unwrap();
            match event {
                // A batch that was cut ends earlier: the later event finds nothing.
                Event::BatchEnds(rank) if self.ranks[rank].ends() == Some(at) => {
                    let sent = self.ranks[rank].end_batch(at);
                    self.after(rank, at, sent);
                }
                Event::BatchEnds(_) => {}
                Event::Arrives(rank, bytes) => {
                    let seen = self.ranks[rank].polls(at);
                    self.push(seen, Event::IsSeen(rank, bytes));
                }
                Event::IsSeen(rank, bytes) => {
                    let sent = self.ranks[rank].receive(&bytes, at);
                    self.after(rank, at, sent);
                }
                Event::ReachesRoot(rank, bytes) => return Some((rank, bytes)),
            }
        }
        None
    }

    /// Whether the worker thread of rank 0 is about to report or to begin something; time then waits for it.
    fn waits_for_own(&mut self) -> bool {
        match self.clock.task_ends() {
            Some(ends) if ends > self.now => return false,
            Some(_) => {
                self.clock.end_task();
                self.idle_looks = 0;
            }
            None if self.clock.is_idle().unwrap_or(!self.has_first_batch) => self.idle_looks += 1,
            None => self.idle_looks = 0,
        }
        self.idle_looks < IDLE_LOOKS
    }

    /// Lets time pass from poll to poll until one finds a message, or the worker thread of rank 0 has something to report.
    fn pass(&mut self) -> Option<(Rank, Vec<u8>)> {
        let mut pause = SHORTEST_PAUSE;
        loop {
            self.now += pause;
            let own = self.clock.task_ends().unwrap_or(Nanos::MAX);
            let next = self.events.peek().map_or(own, |Reverse((at, ..))| own.min(*at));
            if next == Nanos::MAX {
                self.idle_polls += 1;
                self.now += IDLE_PAUSE;
                assert!(self.idle_polls < IDLE_POLLS, "rank 0 waits for something that will never happen");
                return None;
            }
            self.idle_polls = 0;
            if pause == LONGEST_PAUSE {
                self.now += next.saturating_sub(self.now).div_ceil(pause) * pause;
            }
            pause = (4 * pause).min(LONGEST_PAUSE);
            let message = self.arrived();
            if message.is_some() || own <= self.now {
                return message;
            }
        }
    }
}

impl Comm for SimulatedComm {
    fn rank(&self) -> Rank {
        0
    }

    fn size(&self) -> usize {
        self.ranks.len()
    }

    fn location(&self) -> RankLocation {
        RankLocation { host: "node0000".into(), local_rank: 0, local_size: 1 }
    }

    fn broadcast(&mut self, bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
        Ok(bytes.unwrap_or_default())
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    fn scatter(&mut self, mut parts: Vec<Vec<u8>>) -> Result<Vec<u8>, Error> {
        self.began = self.now;
        self.measured = Measured::default();
        for (rank, part) in parts.iter().enumerate().skip(1) {
            self.now += nanos(self.network.send_s);
            let seen = self.now + nanos(self.network.latency_s);
            let FirstBatches::Run(batches) = codec::decode(part).unwrap() else { continue };
            let sent = self.ranks[rank].accept(&batches, seen);
            self.after(rank, seen, sent);
        }
        self.has_first_batch =
            matches!(codec::decode(&parts[0]), Ok(FirstBatches::Run(batches)) if !batches.is_empty());
        self.back();
        Ok(parts.swap_remove(0))
    }

    fn gather(&mut self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Error> {
        self.gathers += 1;
        let mut parts = vec![bytes; self.ranks.len()];
        // The first is about cores and memory: all ranks have the same.
        for (part, rank) in parts.iter_mut().zip(&self.ranks).skip(1).filter(|_| self.gathers == 2) {
            let journal = Ok((rank.records(), Vec::new()));
            let place = RankLocation { host: host_of(rank.rank), ..self.location() };
            *part = codec::encode(&Handshake { place, journal }).unwrap();
        }
        self.back();
        Ok(parts)
    }

    fn send(&mut self, to: Rank, bytes: Vec<u8>) -> Result<(), Error> {
        self.charge(self.network.send_s);
        self.measured.sent += 1;
        self.push(self.now + nanos(self.network.latency_s), Event::Arrives(to, bytes));
        self.back();
        Ok(())
    }

    fn try_receive(&mut self) -> Result<Option<(Rank, Vec<u8>)>, Error> {
        self.charge(self.network.poll_s);
        self.follows = None;
        let waits = self.waits_for_own();
        let mut message = self.arrived();
        if message.is_none() && self.has_paused && !waits {
            message = self.pass();
        }
        self.has_paused = message.is_none();
        if let Some((_, bytes)) = &message {
            // A sign of life has no kind.
            self.follows = bytes.first().map(|&kind| kind.into());
            if let Some(kind) = self.follows {
                self.measured.messages[kind].0 += 1;
            }
            self.returned = cpu_time();
            self.charge(self.network.receive_s);
        }
        self.back();
        Ok(message)
    }

    fn end_without_finalize(self: Box<Self>) {
        self.finish();
    }

    fn finish(self: Box<Self>) {
        let complete = self.ranks.iter().map(|rank| rank.complete).max().unwrap_or_default();
        let makespan_s = complete.max(self.began) as f64 * 1e-9 - self.began as f64 * 1e-9;
        let measured = Measured { makespan_s, ..self.measured };
        let journals = self.ranks.into_iter().map(|rank| rank.journal).collect();
        *self.left.lock().unwrap() = Some((measured, journals));
    }
}
