//! How is the driver's tool asked, and what if it does not answer?
use super::{GpuSample, nvidia, rocm};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::Read;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A tool that has not answered by then is not waited for: the driver hangs.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// While it is waited for, so often it is looked whether the run ends.
const POLL_MS: u16 = 50;

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{tool}` cannot be run: {source}")]
    Start { tool: String, source: std::io::Error },
    #[error("`{tool}` did not answer within {} s", TIME_LIMIT.as_secs())]
    TimedOut { tool: String },
    #[error("`{tool}` printed {answer:?}")]
    Answer { tool: String, answer: String },
    #[error("the run ends")]
    Stopping,
}

/// The tool of a driver.
#[derive(Clone, Debug)]
pub struct Tool {
    path: PathBuf,
    queries: [&'static [&'static str]; 2],
    parse: fn(&str, &str) -> Option<GpuSample>,
}

impl Tool {
    /// The first tool that is on the PATH.
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let on_path =
            |name: &str| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
        let nvidia = || Some(Self { path: on_path("nvidia-smi")?, queries: nvidia::QUERIES, parse: nvidia::parse });
        let rocm = || Some(Self { path: on_path("rocm-smi")?, queries: rocm::QUERIES, parse: rocm::parse });
        nvidia().or_else(rocm)
    }

    /// A sample, without its number.
    ///
    /// # Errors
    /// The tool does not answer, or answers something else.
    pub fn sample(&self, is_stopping: &AtomicBool) -> Result<GpuSample, Error> {
        let first = self.answer(self.queries[0], is_stopping)?;
        let second = self.answer(self.queries[1], is_stopping)?;
        (self.parse)(&first, &second).ok_or_else(|| {
            let line = first.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            Error::Answer { tool: self.name(), answer: line.chars().take(200).collect() }
        })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What the tool prints.
    fn answer(&self, arguments: &[&str], is_stopping: &AtomicBool) -> Result<String, Error> {
        let mut command = Command::new(&self.path);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|source| Error::Start { tool: self.name(), source })?;
        let printed = self.read(&mut child, is_stopping);
        if printed.is_err() {
            // One that hangs in the driver does not end by this either: it is not waited for.
            let _ = child.kill();
        }
        let _ = child.try_wait();
        printed
    }

    /// Reads until the tool has closed its output.
    fn read(&self, child: &mut Child, is_stopping: &AtomicBool) -> Result<String, Error> {
        let (began, mut printed, mut buffer) = (Instant::now(), Vec::new(), [0; 4096]);
        let Some(mut output) = child.stdout.take() else { return Ok(String::new()) };
        loop {
            if is_stopping.load(Ordering::Relaxed) {
                return Err(Error::Stopping);
            }
            if began.elapsed() > TIME_LIMIT {
                return Err(Error::TimedOut { tool: self.name() });
            }
            let mut polled = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
            if poll(&mut polled, PollTimeout::from(POLL_MS)).unwrap_or(0) == 0 {
                continue;
            }
            match output.read(&mut buffer) {
                Ok(0) => break,
                Ok(bytes) => printed.extend(&buffer[..bytes]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(Error::Start { tool: self.name(), source }),
            }
        }
        // It has closed its output and is about to end; if it does not, a zombie is left until the rank ends.
        while matches!(child.try_wait(), Ok(None)) && began.elapsed() < TIME_LIMIT {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }
}
