//! Which command is the guard's next?
//!
//! Commands come over several lines, each of which is used by one thread of the rank at a time. One command runs; what comes meanwhile is
//! made ready and waits, so that it begins at once when the program before it has ended.
use super::{
    command::{Command, Finished},
    launch::{Ready, prepare},
    wire::{self, Refusal, Reply, Request},
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    collections::VecDeque,
    os::{fd::AsFd, unix::net::UnixStream},
    time::Instant,
};

/// Lines between a rank and its guard: one command runs, one waits.
pub const LINES: usize = 2;

/// Commands that have come and have not begun.
pub struct Orders<'a> {
    lines: &'a [UnixStream; LINES],
    waiting: VecDeque<Order>,
}

/// Where the answer to a command goes, and the command's number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    pub line: usize,
    pub id: u64,
}

/// A command that waits.
pub struct Order {
    pub address: Address,
    pub command: Box<Command>,
    /// All that its program needs, or what is missing.
    pub ready: Result<Ready, Refusal>,
    /// It does not begin any more after this.
    latest: Option<Instant>,
}

/// What the rank has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A command, which waits now.
    Run,
    /// The command of that line is to end.
    Cancel,
    /// A command of that line is not to begin.
    Withdraw,
}

impl<'a> Orders<'a> {
    /// Nothing has come yet over `lines`.
    pub fn new(lines: &'a [UnixStream; LINES]) -> Self {
        Self { lines, waiting: VecDeque::new() }
    }

    /// The next command that may begin, if one waits; none at all when the rank is gone.
    pub fn next(&mut self) -> Option<Option<Order>> {
        while let Some(order) = self.waiting.pop_front() {
            if order.latest.is_none_or(|latest| Instant::now() <= latest) {
                return Some(Some(order));
            }
            self.answer(order.address, Ok(Finished::not_started()))?;
        }
        Some(None)
    }

    /// Waits until the rank speaks; none when it is gone.
    pub fn wait(&mut self) -> Option<()> {
        let mut watched: Vec<PollFd> = self.watched().collect();
        let speaking = poll(&mut watched, PollTimeout::NONE).map_or_else(|_| Vec::new(), |_| self.speaking(&watched));
        speaking.into_iter().try_for_each(|line| self.hear(line).map(|_| ()))
    }

    /// What to poll to hear the rank.
    pub fn watched(&self) -> impl Iterator<Item = PollFd<'a>> + use<'a> {
        self.lines.iter().map(|line| PollFd::new(line.as_fd(), PollFlags::POLLIN))
    }

    /// The lines on which the rank speaks, or is gone, by what was polled.
    pub fn speaking(&self, watched: &[PollFd]) -> Vec<usize> {
        (0..LINES).filter(|&line| watched[line].any().unwrap_or(true)).collect()
    }

    /// Takes in what the rank says on a line; none when it is gone.
    pub fn hear(&mut self, line: usize) -> Option<Said> {
        match wire::receive::<Request<Box<Command>>>(&self.lines[line]) {
            Ok(Some(Request::Run { id, command })) => {
                let latest = command.begin_within.and_then(|within| Instant::now().checked_add(within));
                let address = Address { line, id };
                self.waiting.push_back(Order { address, ready: prepare(&command), command, latest });
                Some(Said::Run)
            }
            Ok(Some(Request::Cancel)) => self.dismiss(line).map(|()| Said::Cancel),
            Ok(Some(Request::Withdraw)) => self.dismiss(line).map(|()| Said::Withdraw),
            Ok(None) | Err(_) => None,
        }
    }

    /// Lets the command of a line not begin, if it waits.
    fn dismiss(&mut self, line: usize) -> Option<()> {
        let (dismissed, kept) = std::mem::take(&mut self.waiting).into_iter().partition(|o| o.address.line == line);
        self.waiting = kept;
        let dismissed: VecDeque<Order> = dismissed;
        dismissed.into_iter().try_for_each(|order| self.answer(order.address, Ok(Finished::not_started())))
    }

    /// Tells the rank what came of a command; none when it is gone.
    pub fn answer(&self, Address { line, id }: Address, end: Result<Finished, Refusal>) -> Option<()> {
        wire::send(&self.lines[line], &Reply::Ended { id, end }).ok()
    }
}
