//! Which command does the supervisor run next?
//!
//! Commands arrive over several channels, each used by one thread of the rank at a time. One command runs; the next is prepared while it
//! waits, so that it starts as soon as the one before it has ended.
use super::{
    command::{Command, Finished},
    gpus::GpuSamples,
    ipc::{self, LaunchFailure, Reply, Request},
    launch::{Prepared, prepare},
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    collections::VecDeque,
    os::{fd::AsFd, unix::net::UnixStream},
    time::Instant,
};

/// Number of channels between a rank and its supervisor: one command runs, one waits.
pub const CHANNELS: usize = 2;

/// Commands that have arrived and not started.
pub struct CommandQueue<'a> {
    channels: &'a [UnixStream; CHANNELS],
    waiting: VecDeque<QueuedCommand>,
    /// Samples of the node's GPUs that the rank has named, for the next program.
    pub gpu_samples: Option<GpuSamples>,
}

/// The channel of a command and its number there: the address of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandId {
    pub channel: usize,
    pub id: u64,
}

/// A command that waits.
pub struct QueuedCommand {
    pub id: CommandId,
    pub command: Box<Command>,
    /// The program ready to start, or why it cannot.
    pub prepared: Result<Prepared, LaunchFailure>,
    /// The command is not started after this time.
    start_by: Option<Instant>,
}

/// A request that was received and taken into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A command, which waits now.
    Run,
    /// The command of the channel is to be terminated.
    Cancel,
    /// The waiting command of the channel is not to start.
    Withdraw,
    /// The samples of the node's GPUs are to be read.
    ReadGpuSamples,
}

impl<'a> CommandQueue<'a> {
    /// An empty queue for commands from `channels`.
    pub fn new(channels: &'a [UnixStream; CHANNELS]) -> Self {
        Self { channels, waiting: VecDeque::new(), gpu_samples: None }
    }

    /// Takes the next command that may start, if one waits. The outer option is none if the rank is gone.
    pub fn next(&mut self) -> Option<Option<QueuedCommand>> {
        while let Some(queued) = self.waiting.pop_front() {
            if queued.start_by.is_none_or(|latest| Instant::now() <= latest) {
                return Some(Some(queued));
            }
            self.reply(queued.id, Ok(Finished::not_started()))?;
        }
        Some(None)
    }

    /// Waits for a request and receives it; none if the rank is gone.
    pub fn wait(&mut self) -> Option<()> {
        let mut polled: Vec<PollFd> = self.poll_fds().collect();
        let readable = poll(&mut polled, PollTimeout::NONE).map_or_else(|_| Vec::new(), |_| self.readable(&polled));
        readable.into_iter().try_for_each(|channel| self.receive(channel).map(|_| ()))
    }

    /// What to poll for requests: one descriptor per channel.
    pub fn poll_fds(&self) -> impl Iterator<Item = PollFd<'a>> + use<'a> {
        self.channels.iter().map(|channel| PollFd::new(channel.as_fd(), PollFlags::POLLIN))
    }

    /// The channels that can be read or are closed, given [`poll_fds`](Self::poll_fds) after polling.
    pub fn readable(&self, polled: &[PollFd]) -> Vec<usize> {
        (0..CHANNELS).filter(|&channel| polled[channel].any().unwrap_or(true)).collect()
    }

    /// Receives a request from a channel; none if the rank is gone.
    pub fn receive(&mut self, channel: usize) -> Option<Received> {
        match ipc::receive::<Request<Box<Command>>>(&self.channels[channel]) {
            Ok(Some(Request::Run { id, command })) => {
                let start_by = command.begin_within.and_then(|within| Instant::now().checked_add(within));
                let id = CommandId { channel, id };
                self.waiting.push_back(QueuedCommand { id, prepared: prepare(&command), command, start_by });
                Some(Received::Run)
            }
            Ok(Some(Request::Cancel)) => self.dismiss(channel).map(|()| Received::Cancel),
            Ok(Some(Request::Withdraw)) => self.dismiss(channel).map(|()| Received::Withdraw),
            Ok(Some(Request::ReadGpuSamples(address))) => {
                // Samples that are not visible here are as good as none.
                self.gpu_samples = GpuSamples::open(&address).ok();
                Some(Received::ReadGpuSamples)
            }
            Ok(None) | Err(_) => None,
        }
    }

    /// Removes the waiting commands of a channel.
    fn dismiss(&mut self, channel: usize) -> Option<()> {
        let (dismissed, others) = std::mem::take(&mut self.waiting).into_iter().partition(|q| q.id.channel == channel);
        self.waiting = others;
        let dismissed: VecDeque<QueuedCommand> = dismissed;
        dismissed.into_iter().try_for_each(|queued| self.reply(queued.id, Ok(Finished::not_started())))
    }

    /// Sends the rank the result of a command; none if the rank is gone.
    pub fn reply(&self, CommandId { channel, id }: CommandId, result: Result<Finished, LaunchFailure>) -> Option<()> {
        ipc::send(&self.channels[channel], &Reply::Ended { id, result }).ok()
    }
}
