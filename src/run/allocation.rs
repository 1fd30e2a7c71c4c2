//! How much time does the batch system leave to this run?
use super::lazy_supervisor::LazySupervisor;
use crate::process::{Command, Exit, Finished};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Kept free at the end of an allocation for syncing and leaving.
const RESERVE: Duration = Duration::from_secs(5);

/// The time left: `walltime_s` of the configuration, or what SLURM says, less a reserve; none where there is no limit.
pub fn time_left(supervisor: &LazySupervisor, walltime_s: Option<f64>) -> Option<Duration> {
    let limit = walltime_s.map(Duration::from_secs_f64).or_else(|| slurm_time_left(supervisor))?;
    Some(limit.saturating_sub(RESERVE.min(limit / 10)))
}

/// Newer versions of SLURM give the end of the allocation in a variable; others are asked by `squeue`.
fn slurm_time_left(supervisor: &LazySupervisor) -> Option<Duration> {
    let job = std::env::var("SLURM_JOB_ID").ok()?;
    if let Some(end) = std::env::var("SLURM_JOB_END_TIME").ok().and_then(|end| end.trim().parse().ok()) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        return Some(Duration::from_secs(end).saturating_sub(now));
    }
    parse_duration(&ask_squeue(supervisor, &job, "%L")?.stdout.text())
}

/// How long SLURM may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The answer of `squeue` about a job in the given format; none where it cannot be asked.
fn ask_squeue(supervisor: &LazySupervisor, job: &str, format: &str) -> Option<Finished> {
    let command = Command::new(["squeue", "--noheader", "--states=all", "--jobs", job, "--format", format], ".");
    supervisor.get()?.run(&Command { time_limit: Some(PATIENCE), ..command }).ok()
}

/// Whether SLURM has a job that is not over, where it can be asked.
pub fn knows_job(supervisor: &LazySupervisor, job: &str) -> Option<bool> {
    let answer = ask_squeue(supervisor, job, "%T")?;
    let state = answer.stdout.text();
    match answer.exit {
        Exit::Exited(0) => {
            let lives = ["PENDING", "RUNNING", "SUSPENDED", "REQUEUED", "COMPLETING", "CONFIGURING", "STOPPED"];
            Some(lives.iter().any(|name| state.trim().starts_with(name)))
        }
        // An identifier that has left SLURM's memory is an error of squeue's.
        Exit::Exited(_) if answer.stderr.text().contains("Invalid job id") => Some(false),
        _ => None,
    }
}

/// `[days-][[hours:]minutes:]seconds`, as SLURM writes a time.
fn parse_duration(text: &str) -> Option<Duration> {
    let (days, clock) = text.trim().split_once('-').unwrap_or(("0", text.trim()));
    let parts: Option<Vec<u64>> = clock.split(':').map(|part| part.parse().ok()).collect();
    let seconds = parts?.into_iter().fold(0, |sum, part| 60 * sum + part);
    Some(Duration::from_secs(86400 * days.parse::<u64>().ok()? + seconds))
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn times_of_slurm_are_parsed() {
        let seconds = |text| parse_duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("59:30\n"), Some(3570));
        assert_eq!(seconds("1-02:00:00"), Some(93_600));
        assert_eq!(seconds("UNLIMITED"), None);
    }
}
