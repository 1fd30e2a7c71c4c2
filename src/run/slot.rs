//! How much time does this run have?
use super::watch::Watch;
use crate::process::{Command, Exit, Finished};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Kept free at the end of a slot for syncing and leaving.
const RESERVE: Duration = Duration::from_secs(5);

/// The time left: `walltime_s` of the configuration, or what SLURM says, less a reserve; none where there is no limit.
pub fn time_left(watch: &Watch, walltime_s: Option<f64>) -> Option<Duration> {
    let limit = walltime_s.map(Duration::from_secs_f64).or_else(|| slurm_time_left(watch))?;
    Some(limit.saturating_sub(RESERVE.min(limit / 10)))
}

/// Newer versions of SLURM tell the end of the slot in a variable; the others are asked.
fn slurm_time_left(watch: &Watch) -> Option<Duration> {
    let job = std::env::var("SLURM_JOB_ID").ok()?;
    if let Some(end) = std::env::var("SLURM_JOB_END_TIME").ok().and_then(|end| end.trim().parse().ok()) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        return Some(Duration::from_secs(end).saturating_sub(now));
    }
    parse_duration(&ask_squeue(watch, &job, "%L")?.stdout.text())
}

/// How long SLURM may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `squeue` says of a job in the given format; nothing where it cannot be asked.
fn ask_squeue(watch: &Watch, job: &str, format: &str) -> Option<Finished> {
    let command = Command::new(["squeue", "--noheader", "--states=all", "--jobs", job, "--format", format], ".");
    watch.guard()?.run(&Command { time_limit: Some(PATIENCE), ..command }).ok()
}

/// Whether SLURM still runs a job or will, where it can be asked.
pub fn knows_job(watch: &Watch, job: &str) -> Option<bool> {
    let answer = ask_squeue(watch, job, "%T")?;
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
    fn slurms_times_are_understood() {
        let seconds = |text| parse_duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("59:30\n"), Some(3570));
        assert_eq!(seconds("1-02:00:00"), Some(93_600));
        assert_eq!(seconds("UNLIMITED"), None);
    }
}
