//! How much time does the batch system leave to this run, and does a job still run?
use super::batch_system::{self, Answer};
use super::lazy_supervisor::LazySupervisor;
use crate::journal::BatchJob;
use crate::process::{Command, Exit};
use std::time::Duration;

pub use super::batch_system::current_job;

/// Kept free at the end of an allocation for syncing and leaving.
const RESERVE: Duration = Duration::from_secs(5);
/// How long a program of a batch system may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The time left: `walltime_s` of the configuration, or what the batch system says, less a reserve; none where there is no limit.
pub fn time_left(supervisor: &LazySupervisor, walltime_s: Option<f64>) -> Option<Duration> {
    let ask = |argv: &[&str]| ask(supervisor, argv);
    let limit = walltime_s.map(Duration::from_secs_f64).or_else(|| batch_system::time_left(&ask))?;
    Some(limit.saturating_sub(RESERVE.min(limit / 10)))
}

/// Whether its batch system has a job that is not over, where it can be asked.
pub fn knows_job(supervisor: &LazySupervisor, job: &BatchJob) -> Option<bool> {
    batch_system::is_alive(&|argv| ask(supervisor, argv), job)
}

/// What a program of a batch system answers.
fn ask(supervisor: &LazySupervisor, argv: &[&str]) -> Option<Answer> {
    let command = Command::new(argv.iter().copied(), ".");
    let finished = supervisor.get()?.run(&Command { time_limit: Some(PATIENCE), ..command }).ok()?;
    let Exit::Exited(code) = finished.exit else { return None };
    Some(Answer { is_success: code == 0, stdout: finished.stdout.text(), stderr: finished.stderr.text() })
}
