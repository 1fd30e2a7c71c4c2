//! The command `inspect`: the contents of a result file, and the progress of the campaign that writes it.
use crate::campaigns::export;
use crate::comm::host_name;
use crate::results::{Reader, Writer};
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use crate::run::failures::{FailedTask, grouped};
use crate::run::join::LivingJob;
use crate::run::live::{self, Written};
use crate::run::survey::{Phase, Survey};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Number of causes of failure that are printed; the result file and `--json` have all of them.
const MAX_CAUSES: usize = 20;

/// Prints the contents of the result file at `path`, as text or JSON, and the progress of its campaign if that is not complete.
///
/// # Errors
/// There is neither a result nor a journal, or they are damaged or not written by simmpi.
pub fn inspect(path: &Path, as_json: bool) -> Result<(), Stop> {
    let survey = Survey::of_output(path, &host_name())?;
    if !path.exists() {
        let Some(survey) = survey else {
            return Err(Stop::new(Exit::Input, no_campaign(path)));
        };
        match as_json {
            true => console::line(&format!("{:#}", json_of(&survey))),
            false => print_progress(path, &survey, "no result yet"),
        }
        return Ok(());
    }
    // A journal kept with a complete result has nothing to add. Journals of older versions do not record that they are complete.
    let survey = survey.filter(|survey| match survey.phase {
        Phase::Running(_) => true,
        Phase::Ended(_) | Phase::Killed => survey.state.is_some(),
        Phase::Complete => false,
    });
    let mut contents = read(path).map_err(|error| Stop::because(Exit::Input, &error))?;
    if as_json {
        if let Some(survey) = &survey {
            contents["growing"] = json_of(survey);
            if let Some(running) = &survey.running {
                contents["running"] = json!(running);
            }
        }
        console::line(&format!("{contents:#}"));
        return Ok(());
    }
    if let Some(survey) = &survey {
        print_progress(path, survey, "being added to");
    }
    print_result(path, &contents);
    Ok(())
}

/// The message that there is neither a result nor a journal.
pub fn no_campaign(path: &Path) -> String {
    if path.extension().is_some_and(|extension| extension == "toml") {
        let path = path.display();
        return format!(
            "`{path}` not found, and it has the name of a configuration: give the result file of the campaign (campaign.output)"
        );
    }
    format!(
        "neither `{}` nor its journal found: no run of this campaign has started\ncheck the name (campaign.output), or start the campaign with `simmpi CONFIG`",
        path.display()
    )
}

/// Prints the progress of a campaign as text.
fn print_progress(path: &Path, survey: &Survey, of_result: &str) {
    let kind = survey.state.as_ref().map_or(String::new(), |state| {
        format!(": a campaign of {} by simmpi {}", state.campaign_kind, state.simmpi_version)
    });
    console::line(&format!("{}{kind}, {of_result}", path.display()));
    console::line(&describe_phase(&survey.phase));
    for stage in &survey.stages {
        let failed = stage.failures.len();
        console::line(&match (stage.tasks, stage.left()) {
            (Some(tasks), Some(left)) => {
                format!("{} {} of {tasks} done, {failed} failed, {left} left", stage.name, stage.done)
            }
            _ => format!("{} {} done, {failed} failed", stage.name, stage.done),
        });
    }
    survey.jobs.iter().for_each(print_job);
    if let Some(running) = &survey.running {
        let when = if matches!(survey.phase, Phase::Running(_)) { "under way" } else { "under way at the end" };
        print_running_tasks(when, running);
    }
    print_failures(&failures_of(survey));
    console::line(&format!("next: {}", next(survey)));
}

/// Prints what one of several jobs does.
fn print_job(job: &LivingJob) {
    let holder = &job.job.holder;
    let of_batch = holder.job().map_or(String::new(), |job| format!(", {} job {}", job.system, job.id));
    console::line(&format!("job on {}: process {}{of_batch}, {} ranks", holder.host, holder.pid, job.job.ranks));
    if let Some(progress) = &job.progress {
        print_running_tasks("  under way", progress);
    }
}

/// Describes whether a campaign runs, or when and why it ended.
fn describe_phase(phase: &Phase) -> String {
    match phase {
        Phase::Running(holder) => format!("running: process {} on {}", holder.pid, holder.host),
        Phase::Ended(end) => {
            let age = console::duration((crate::run::state::now_s() - end.at_s).max(0.0));
            let what = if end.exit == Exit::Resumable as i32 { "stopped" } else { "stopped by an error" };
            format!(
                "{what} at {} ({age} ago), exit code {}: {}",
                console::timestamp(UNIX_EPOCH + Duration::from_secs_f64(end.at_s.max(0.0))),
                end.exit,
                end.why
            )
        }
        Phase::Complete => "complete".into(),
        Phase::Killed => "not running: the last run was killed, or ended without recording a reason".into(),
    }
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Running(_) => "running",
        Phase::Ended(end) if end.exit == Exit::Resumable as i32 => "stopped",
        Phase::Ended(_) => "error",
        Phase::Complete => "complete",
        Phase::Killed => "killed",
    }
}

/// What to do next to complete the campaign.
fn next(survey: &Survey) -> String {
    let command = survey.state.as_ref().map_or(String::new(), |state| format!(" (simmpi {})", state.config.display()));
    match &survey.phase {
        Phase::Running(_) => "wait for its end; SIGUSR1 stops it where it can go on later".into(),
        Phase::Ended(end) => format!("{}{command}", end.next),
        Phase::Complete => "nothing".into(),
        Phase::Killed => format!("run the same command again to go on{command}"),
    }
}

/// Prints the running task of every rank, also of a run that was killed.
fn print_running_tasks(when: &str, running: &Written) {
    let ago = console::duration(live::age(running).as_secs_f64());
    if !running.progress.running.is_empty() {
        console::line(&format!("{when}, as of {ago} ago:"));
    }
    running.progress.running.iter().for_each(|doing| console::line(&format!("  rank {}: {}", doing.rank, doing.at)));
}

fn failures_of(survey: &Survey) -> Vec<FailedTask> {
    let of_stage = |stage: &crate::run::survey::StageSurvey| {
        let failed = |failure| FailedTask::new(stage.label(failure), &failure.cause);
        stage.failures.iter().map(failed).collect::<Vec<_>>()
    };
    survey.stages.iter().flat_map(of_stage).collect()
}

fn print_failures(failures: &[FailedTask]) {
    grouped(failures, MAX_CAUSES).iter().for_each(|line| console::line(&format!("  {line}")));
}

/// The progress of a campaign as JSON.
fn json_of(survey: &Survey) -> Value {
    let (tasks, done, failed, left) = survey.totals();
    let state = survey.state.as_ref();
    let stages = survey.stages.iter().map(|stage| {
        json!({ "name": stage.name, "tasks": stage.tasks, "done": stage.done, "failed": stage.failures.len(), "left": stage.left() })
    });
    let failures = failures_of(survey);
    let failed_tasks =
        failures.iter().map(|failed| json!({ "label": failed.label, "status": "failed", "error": failed.error }));
    let mut progress = json!({
        "complete": survey.phase == Phase::Complete,
        "state": phase_name(&survey.phase),
        "campaign_kind": state.map(|state| &state.campaign_kind),
        "simmpi_version": state.map(|state| &state.simmpi_version),
        "tasks_total": tasks,
        "tasks_done": done,
        "tasks_failed": failed,
        "tasks_left": left,
        "stages": stages.collect::<Vec<_>>(),
        "failed": failed_tasks.collect::<Vec<_>>(),
        "next": next(survey),
    });
    match &survey.phase {
        Phase::Ended(end) => progress["stopped"] = json!({ "at_s": end.at_s, "exit": end.exit, "reason": end.why }),
        Phase::Running(holder) => progress["holder"] = json!({ "host": holder.host, "pid": holder.pid }),
        Phase::Complete | Phase::Killed => {}
    }
    if let Some(running) = &survey.running {
        progress["running"] = json!(running);
    }
    if !survey.jobs.is_empty() {
        progress["jobs"] = json!(survey.jobs);
    }
    progress
}

/// Prints the contents of a result file as text.
fn print_result(path: &Path, contents: &Value) {
    let text = |key: &str| contents[key].as_str().map_or_else(|| contents[key].to_string(), str::to_owned);
    let complete = if contents["complete"] == json!(true) { "complete" } else { "not complete" };
    console::line(&format!(
        "{}: a campaign of {} by simmpi {}, {complete}",
        path.display(),
        text("campaign_kind"),
        text("simmpi_version")
    ));
    console::line(&format!(
        "seed {}, fingerprint {}, reproducibility {}",
        text("seed"),
        text("fingerprint"),
        text("reproducibility")
    ));
    console::line(&format!(
        "{} tasks: {} done, {} failed",
        text("tasks_total"),
        text("tasks_done"),
        text("tasks_failed")
    ));
    if let Some(unread @ 1..) = contents["tasks_unread"].as_u64() {
        console::line(&format!(
            "{unread} of the failed tasks ran, but their output cannot be read: correct the configuration or the files, then repeat the same \
             command; it reads the files again without running the tasks"
        ));
    }
    let failed = contents["failed"].as_array().map_or(&[][..], Vec::as_slice);
    let text_of = |failure: &Value, key: &str| failure[key].as_str().unwrap_or("").to_owned();
    let failures: Vec<FailedTask> =
        failed.iter().map(|f| FailedTask { label: text_of(f, "label"), error: text_of(f, "error") }).collect();
    print_failures(&failures);
    for item in contents["datasets"].as_array().into_iter().flatten() {
        let field = |key: &str| item[key].as_str().unwrap_or("").to_owned();
        console::line(&format!("{} {} [{}] {}", field("path"), item["shape"], field("units"), field("description")));
    }
}

/// The rows of `/run/tasks` that are not done. There may be ten million: they are read in parts.
fn failed_rows(reader: &Reader) -> Result<Vec<Value>, crate::results::Error> {
    let len = reader.shape("/run/tasks/status").and_then(|shape| shape.first().copied()).unwrap_or(0);
    let mut failed = Vec::new();
    for first in (0..len).step_by(Writer::COLUMN_PART) {
        let count = Writer::COLUMN_PART.min(len - first);
        let column = |name: &str| reader.strings_in(&format!("/run/tasks/{name}"), first, count);
        let statuses = column("status")?;
        if statuses.iter().all(|status| status == "done") {
            continue;
        }
        let rows = column("label")?.into_iter().zip(statuses).zip(column("error")?);
        let failures = rows.filter(|((_, status), _)| status != "done");
        failed.extend(
            failures.map(|((label, status), error)| json!({ "label": label, "status": status, "error": error })),
        );
    }
    Ok(failed)
}

fn read(path: &Path) -> Result<Value, crate::results::Error> {
    let reader = Reader::open_results(path)?;
    let failed = failed_rows(&reader)?;
    let datasets = reader.items()?.into_iter().map(
        |item| json!({ "path": item.path, "shape": item.shape, "units": item.units, "description": item.description }),
    );
    let mut contents = export::about(&reader)?;
    contents["reproducibility"] = reader.text_attribute("reproducibility")?.into();
    contents["failed"] = failed.into();
    contents["tasks_unread"] = reader.attribute::<u64>("tasks_unread").unwrap_or(0).into();
    contents["datasets"] = datasets.collect();
    Ok(contents)
}
