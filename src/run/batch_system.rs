//! Which batch systems are there, and what does each say about a job?
use crate::journal::BatchJob;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a program of a batch system answers.
pub struct Answer {
    pub is_success: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program and returns its answer; none where it cannot be run or does not end.
pub type Ask<'a> = &'a dyn Fn(&[&str]) -> Option<Answer>;

/// A batch system.
pub struct BatchSystem {
    pub name: &'static str,
    /// Variables of which one has the ID of the job.
    variables: &'static [&'static str],
    time_left: fn(Ask, &str) -> Option<Duration>,
    is_alive: fn(Ask, &str) -> Option<bool>,
}

/// One may run in a job of another.
const BATCH_SYSTEMS: [BatchSystem; 4] = [
    BatchSystem { name: "SLURM", variables: &["SLURM_JOB_ID"], time_left: slurm_time_left, is_alive: slurm_is_alive },
    BatchSystem { name: "PBS", variables: &["PBS_JOBID"], time_left: pbs_time_left, is_alive: pbs_is_alive },
    BatchSystem { name: "LSF", variables: &["LSB_JOBID"], time_left: lsf_time_left, is_alive: lsf_is_alive },
    // A batch script of Flux is no task of a job, and has no ID.
    BatchSystem {
        name: "Flux",
        variables: &["FLUX_JOB_ID", "FLUX_URI"],
        time_left: flux_time_left,
        is_alive: flux_is_alive,
    },
];

impl BatchSystem {
    /// The jobs that this process is part of: systems and IDs.
    fn current() -> impl Iterator<Item = (Self, String)> {
        let variable = |name: &&str| std::env::var(name).ok().filter(|id| !id.is_empty());
        BATCH_SYSTEMS.into_iter().filter_map(move |system| {
            let id = system.variables.iter().find_map(variable)?;
            Some((system, id))
        })
    }
}

/// The job that this process is part of.
pub fn current_job() -> Option<BatchJob> {
    BatchSystem::current().next().map(|(system, id)| BatchJob { system: system.name.into(), id })
}

/// The time that all of them leave to this process; none without a limit.
pub fn time_left(ask: Ask) -> Option<Duration> {
    BatchSystem::current().filter_map(|(system, id)| (system.time_left)(ask, &id)).min()
}

/// Whether a job is not over; none where its batch system cannot be asked.
pub fn is_alive(ask: Ask, job: &BatchJob) -> Option<bool> {
    let system = BATCH_SYSTEMS.into_iter().find(|system| system.name == job.system)?;
    (system.is_alive)(ask, &job.id)
}

fn slurm(ask: Ask, job: &str, format: &str) -> Option<Answer> {
    ask(&["squeue", "--noheader", "--states=all", "--jobs", job, "--format", format])
}

/// Newer versions of SLURM give the end of the allocation in a variable; others are asked by `squeue`.
fn slurm_time_left(ask: Ask, job: &str) -> Option<Duration> {
    if let Some(end) = std::env::var("SLURM_JOB_END_TIME").ok().and_then(|end| end.trim().parse().ok()) {
        return Some(Duration::from_secs(end).saturating_sub(now()?));
    }
    parse_duration(&slurm(ask, job, "%L")?.stdout)
}

fn slurm_is_alive(ask: Ask, job: &str) -> Option<bool> {
    let answer = slurm(ask, job, "%T")?;
    // An identifier that has left SLURM's memory is an error of squeue's.
    let is_unknown = answer.stderr.contains("Invalid job id");
    let lives = ["PENDING", "RUNNING", "SUSPENDED", "REQUEUED", "COMPLETING", "CONFIGURING", "STOPPED"];
    state(&answer, is_unknown, |state| lives.iter().any(|name| state.starts_with(name)))
}

/// Whether a job lives, by the state in an answer.
fn state(answer: &Answer, is_unknown: bool, lives: impl Fn(&str) -> bool) -> Option<bool> {
    match answer.is_success && !is_unknown {
        true => Some(lives(answer.stdout.trim())),
        false => is_unknown.then_some(false),
    }
}

/// The attribute `name` in the full status of a job of PBS: lines `name = value`.
fn attribute<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('=')).map(str::trim)
}

/// Torque says what remains; PBS the limit and what was used when it last looked, and when the job started.
fn pbs_time_left(ask: Ask, job: &str) -> Option<Duration> {
    let status = ask(&["qstat", "-f", job])?.stdout;
    if let Some(seconds) = attribute(&status, "Walltime.Remaining").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_secs(seconds));
    }
    let limit = parse_duration(attribute(&status, "Resource_List.walltime")?)?;
    let used = attribute(&status, "resources_used.walltime").and_then(parse_duration).unwrap_or_default();
    let since_start = || {
        let start = ask(&["date", "-d", attribute(&status, "stime")?, "+%s"])?.stdout.trim().parse().ok()?;
        Some(now()?.saturating_sub(Duration::from_secs(start)))
    };
    Some(limit.saturating_sub(since_start().unwrap_or_default().max(used)))
}

fn pbs_is_alive(ask: Ask, job: &str) -> Option<bool> {
    let answer = ask(&["qstat", "-f", job])?;
    let is_unknown = ["Unknown Job", "has finished"].iter().any(|text| answer.stderr.contains(text));
    state(&answer, is_unknown, |status| attribute(status, "job_state").is_some_and(|s| !["F", "C", "X"].contains(&s)))
}

/// What remains of the run limit as `hours:minutes L`; where an estimate is shown instead, the limit less the time used. Times are
/// `60 second(s)` and minutes, or both `hours:minutes:seconds`.
fn lsf_time_left(ask: Ask, job: &str) -> Option<Duration> {
    let answer = ask(&["bjobs", "-noheader", "-o", "time_left run_time runtimelimit delimiter='|'", job])?.stdout;
    let fields: Vec<&str> = answer.trim().split('|').map(str::trim).collect();
    let &[left, used, limit] = fields.as_slice() else { return None };
    if let Some(left) = left.strip_suffix('L') {
        return Some(60 * parse_duration(left)?);
    }
    let seconds = |text: &str, unit: f64| match text.contains(':') {
        true => parse_duration(text),
        false => Duration::try_from_secs_f64(unit * text.split([' ', '/']).next()?.parse::<f64>().ok()?).ok(),
    };
    Some(seconds(limit, 60.0)?.saturating_sub(seconds(used, 1.0)?))
}

fn lsf_is_alive(ask: Ask, job: &str) -> Option<bool> {
    let answer = ask(&["bjobs", "-noheader", "-o", "stat", job])?;
    let is_unknown = [&answer.stdout, &answer.stderr].iter().any(|text| text.contains("is not found"));
    state(&answer, is_unknown, |state| !state.is_empty() && !["DONE", "EXIT"].contains(&state))
}

/// Seconds, or `infinity`.
fn flux_time_left(ask: Ask, _job: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(ask(&["flux", "job", "timeleft"])?.stdout.trim().parse().ok()?).ok()
}

/// A job that this instance of Flux does not know may be another instance's.
fn flux_is_alive(ask: Ask, job: &str) -> Option<bool> {
    let answer = ask(&["flux", "jobs", "-n", "-o", "{state}", job]).filter(|a| !a.stdout.trim().is_empty())?;
    state(&answer, false, |state| state != "INACTIVE")
}

fn now() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

/// `[days-][[hours:]minutes:]seconds`, as batch systems write a time.
fn parse_duration(text: &str) -> Option<Duration> {
    let (days, clock) = text.trim().split_once('-').unwrap_or(("0", text.trim()));
    let parts: Option<Vec<u64>> = clock.split(':').map(|part| part.parse().ok()).collect();
    let seconds = parts?.into_iter().fold(0, |sum, part| 60 * sum + part);
    Some(Duration::from_secs(86400 * days.parse::<u64>().ok()? + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(name: &str) -> BatchSystem {
        BATCH_SYSTEMS.into_iter().find(|system| system.name == name).unwrap()
    }

    /// The time left in s, of a system whose program answers `stdout`.
    fn left(name: &str, stdout: &str) -> Option<u64> {
        let answer = |_: &[&str]| Some(Answer { is_success: true, stdout: stdout.into(), stderr: String::new() });
        (system(name).time_left)(&answer, "12").map(|left| left.as_secs())
    }

    fn alive(name: &str, is_success: bool, stdout: &str, stderr: &str) -> Option<bool> {
        let answer = |_: &[&str]| Some(Answer { is_success, stdout: stdout.into(), stderr: stderr.into() });
        is_alive(&answer, &BatchJob { system: name.into(), id: "12".into() })
    }

    #[test]
    fn times_of_slurm_are_parsed() {
        assert_eq!(left("SLURM", "59:30\n"), Some(3570));
        assert_eq!(left("SLURM", "1-02:00:00"), Some(93_600));
        assert_eq!(left("SLURM", "UNLIMITED"), None);
    }

    #[test]
    fn times_of_pbs_are_parsed() {
        let status = "Job Id: 12.server\n    Job_Name = simmpi\n    resources_used.walltime = 00:10:05\n    job_state = R\n    \
                      Resource_List.walltime = 02:00:00\n";
        assert_eq!(left("PBS", status), Some(6595));
        assert_eq!(left("PBS", &format!("{status}    Walltime.Remaining = 1234\n")), Some(1234));
        assert_eq!(left("PBS", "Job Id: 12.server\n    job_state = R\n"), None);
        // `date` knows the start of the job better than the time used, which PBS updates now and then.
        let start = (now().unwrap() - Duration::from_secs(3600)).as_secs();
        let status = format!("{status}    stime = Sun Nov 29 10:00:00 2026\n");
        let ask = |argv: &[&str]| {
            let stdout = if argv[0] == "date" { format!("{start}\n") } else { status.clone() };
            Some(Answer { is_success: true, stdout, stderr: String::new() })
        };
        let left = pbs_time_left(&ask, "12").unwrap().as_secs();
        assert!((3598..=3600).contains(&left), "{left}");
    }

    #[test]
    fn times_of_lsf_and_flux_are_parsed() {
        assert_eq!(left("LSF", "1:30 L|60 second(s)|91.0/host\n"), Some(5400));
        assert_eq!(left("LSF", "0:5 E|90 second(s)|60.0/host\n"), Some(3510));
        assert_eq!(left("LSF", "-|00:01:30|01:00:00\n"), Some(3510));
        assert_eq!(left("LSF", "-|90 second(s)|-\n"), None);
        assert_eq!(left("Flux", "3599.5\n"), Some(3599));
        assert_eq!(left("Flux", "infinity\n"), None);
    }

    #[test]
    fn each_system_knows_which_jobs_live() {
        assert_eq!(alive("SLURM", true, "RUNNING\n", ""), Some(true));
        assert_eq!(alive("SLURM", true, "TIMEOUT\n", ""), Some(false));
        assert_eq!(alive("SLURM", false, "", "slurm_load_jobs error: Invalid job id specified"), Some(false));
        assert_eq!(alive("SLURM", false, "", "slurm_load_jobs error: Unable to contact slurm controller"), None);
        assert_eq!(alive("PBS", true, "Job Id: 12\n    job_state = E\n", ""), Some(true));
        assert_eq!(alive("PBS", true, "Job Id: 12\n    job_state = C\n", ""), Some(false));
        assert_eq!(alive("PBS", false, "", "qstat: Unknown Job Id 12.server"), Some(false));
        assert_eq!(alive("PBS", false, "", "qstat: 12.server Job has finished, use -x or -H"), Some(false));
        assert_eq!(alive("PBS", false, "", "qstat: cannot connect to server"), None);
        assert_eq!(alive("LSF", true, "PSUSP\n", ""), Some(true));
        assert_eq!(alive("LSF", true, "EXIT\n", ""), Some(false));
        assert_eq!(alive("LSF", false, "", "Job <12> is not found"), Some(false));
        assert_eq!(alive("LSF", false, "", "LSF is down"), None);
        assert_eq!(alive("Flux", true, "RUN\n", ""), Some(true));
        assert_eq!(alive("Flux", true, "INACTIVE\n", ""), Some(false));
        assert_eq!(alive("Flux", false, "", "flux-jobs: ERROR: JobID 12 unknown"), None);
        assert_eq!(alive("another", true, "RUNNING\n", ""), None);
    }
}
