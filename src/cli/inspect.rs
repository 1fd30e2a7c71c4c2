//! What is in a result file, and how does the campaign stand that writes it?
use crate::campaigns::export;
use crate::comm::host_name;
use crate::results::Reader;
use crate::run::exit::{Exit, Stop};
use crate::run::failures::{Failed, grouped};
use crate::run::live::{self, Written};
use crate::run::say;
use crate::run::survey::{Phase, Survey};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Causes of failures that are listed; all are in the result and in `--json`.
const CAUSES: usize = 20;

/// Tells what the result file at `path` holds, as text or JSON, and how the campaign that writes it stands where that is not complete.
///
/// # Errors
/// There is neither a result nor a campaign, or it is damaged or of another program.
pub fn inspect(path: &Path, as_json: bool) -> Result<(), Stop> {
    let survey = Survey::of(path, &host_name())?;
    if !path.exists() {
        let Some(survey) = survey else {
            return super::stop(Exit::Input, no_campaign(path));
        };
        match as_json {
            true => say::line(&format!("{:#}", json_of(&survey))),
            false => tell(path, &survey, "no result yet"),
        }
        return Ok(());
    }
    // A journal that is kept beside a complete result has nothing to add; those of older versions do not say that they are.
    let survey = survey.filter(|survey| match survey.phase {
        Phase::Running(_) => true,
        Phase::Ended(_) | Phase::Killed => survey.state.is_some(),
        Phase::Complete => false,
    });
    let mut found = read(path).map_err(|error| Stop::because(Exit::Input, &error))?;
    if as_json {
        if let Some(survey) = &survey {
            found["growing"] = json_of(survey);
            if let Some(running) = &survey.running {
                found["running"] = json!(running);
            }
        }
        say::line(&format!("{found:#}"));
        return Ok(());
    }
    if let Some(survey) = &survey {
        tell(path, survey, "being added to");
    }
    tell_result(path, &found);
    Ok(())
}

/// That nothing is there to look at.
pub fn no_campaign(path: &Path) -> String {
    if path.extension().is_some_and(|extension| extension == "toml") {
        let path = path.display();
        return format!(
            "`{path}` does not exist, and would be a configuration: name the campaign's output (campaign.output)"
        );
    }
    format!(
        "`{}` does not exist, nor a journal beside it: no run of this campaign has begun\ncheck the name (campaign.output), or start it with `simmpi CONFIG`",
        path.display()
    )
}

/// How a campaign stands, as text.
fn tell(path: &Path, survey: &Survey, of_result: &str) {
    let kind = survey.state.as_ref().map_or(String::new(), |state| {
        format!(": a campaign of {} by simmpi {}", state.campaign_kind, state.simmpi_version)
    });
    say::line(&format!("{}{kind}, {of_result}", path.display()));
    say::line(&phase_of(&survey.phase));
    for stage in &survey.stages {
        let failed = stage.failures.len();
        say::line(&match (stage.tasks, stage.left()) {
            (Some(tasks), Some(left)) => {
                format!("{} {} of {tasks} done, {failed} failed, {left} left", stage.name, stage.done)
            }
            _ => format!("{} {} done, {failed} failed", stage.name, stage.done),
        });
    }
    if let Some(running) = &survey.running {
        let when = if matches!(survey.phase, Phase::Running(_)) { "under way" } else { "under way at the end" };
        tell_running(when, running);
    }
    tell_failures(&failures_of(survey));
    say::line(&format!("next: {}", next(survey)));
}

/// What a campaign is at, and since when and why.
fn phase_of(phase: &Phase) -> String {
    match phase {
        Phase::Running(holder) => format!("running: process {} on {}", holder.pid, holder.host),
        Phase::Ended(end) => {
            let age = say::duration((crate::run::state::now_s() - end.at_s).max(0.0));
            let what = if end.exit == Exit::Resumable as i32 { "stopped" } else { "stopped by an error" };
            format!(
                "{what} at {} ({age} ago), exit code {}: {}",
                say::timestamp(UNIX_EPOCH + Duration::from_secs_f64(end.at_s.max(0.0))),
                end.exit,
                end.why
            )
        }
        Phase::Complete => "complete".into(),
        Phase::Killed => "not running: its last run was killed, or ended without saying why".into(),
    }
}

fn name_of(phase: &Phase) -> &'static str {
    match phase {
        Phase::Running(_) => "running",
        Phase::Ended(end) if end.exit == Exit::Resumable as i32 => "stopped",
        Phase::Ended(_) => "error",
        Phase::Complete => "complete",
        Phase::Killed => "killed",
    }
}

/// What to do to have the rest done.
fn next(survey: &Survey) -> String {
    let command = survey.state.as_ref().map_or(String::new(), |state| format!(" (simmpi {})", state.config.display()));
    match &survey.phase {
        Phase::Running(_) => "wait for its end; SIGUSR1 stops it where it can go on later".into(),
        Phase::Ended(end) => format!("{}{command}", end.next),
        Phase::Complete => "nothing".into(),
        Phase::Killed => format!("run the same command again to go on{command}"),
    }
}

/// What ranks are at that run a campaign, or ran one that was killed.
fn tell_running(when: &str, running: &Written) {
    let ago = say::duration(live::age(running).as_secs_f64());
    if !running.standing.running.is_empty() {
        say::line(&format!("{when}, as of {ago} ago:"));
    }
    running.standing.running.iter().for_each(|doing| say::line(&format!("  rank {}: {}", doing.rank, doing.at)));
}

fn failures_of(survey: &Survey) -> Vec<Failed> {
    let of_stage = |stage: &crate::run::survey::StageSurvey| {
        let failed = |failure| Failed::new(stage.label(failure), &failure.cause);
        stage.failures.iter().map(failed).collect::<Vec<_>>()
    };
    survey.stages.iter().flat_map(of_stage).collect()
}

fn tell_failures(failures: &[Failed]) {
    grouped(failures, CAUSES).iter().for_each(|line| say::line(&format!("  {line}")));
}

/// How a campaign stands, as JSON.
fn json_of(survey: &Survey) -> Value {
    let (tasks, done, failed, left) = survey.totals();
    let state = survey.state.as_ref();
    let stages = survey.stages.iter().map(|stage| {
        json!({ "name": stage.name, "tasks": stage.tasks, "done": stage.done, "failed": stage.failures.len(), "left": stage.left() })
    });
    let failures = failures_of(survey);
    let failed_tasks =
        failures.iter().map(|failed| json!({ "label": failed.label, "status": "failed", "error": failed.error }));
    let mut found = json!({
        "complete": survey.phase == Phase::Complete,
        "state": name_of(&survey.phase),
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
        Phase::Ended(end) => found["stopped"] = json!({ "at_s": end.at_s, "exit": end.exit, "reason": end.why }),
        Phase::Running(holder) => found["holder"] = json!({ "host": holder.host, "pid": holder.pid }),
        Phase::Complete | Phase::Killed => {}
    }
    if let Some(running) = &survey.running {
        found["running"] = json!(running);
    }
    found
}

/// What a result file holds, as text.
fn tell_result(path: &Path, found: &Value) {
    let text = |key: &str| found[key].as_str().map_or_else(|| found[key].to_string(), str::to_owned);
    let complete = if found["complete"] == json!(true) { "complete" } else { "not complete" };
    say::line(&format!(
        "{}: a campaign of {} by simmpi {}, {complete}",
        path.display(),
        text("campaign_kind"),
        text("simmpi_version")
    ));
    say::line(&format!(
        "seed {}, fingerprint {}, reproducibility {}",
        text("seed"),
        text("fingerprint"),
        text("reproducibility")
    ));
    say::line(&format!("{} tasks: {} done, {} failed", text("tasks_total"), text("tasks_done"), text("tasks_failed")));
    if let Some(unread @ 1..) = found["tasks_unread"].as_u64() {
        say::line(&format!(
            "{unread} of the failed tasks ran, and only what they left cannot be read: correct the configuration, or the files, and give \
             the same command again; the files are read again, nothing runs again"
        ));
    }
    let failed = found["failed"].as_array().map_or(&[][..], Vec::as_slice);
    let text_of = |failure: &Value, key: &str| failure[key].as_str().unwrap_or("").to_owned();
    let failures: Vec<Failed> =
        failed.iter().map(|f| Failed { label: text_of(f, "label"), error: text_of(f, "error") }).collect();
    tell_failures(&failures);
    for item in found["datasets"].as_array().into_iter().flatten() {
        let field = |key: &str| item[key].as_str().unwrap_or("").to_owned();
        say::line(&format!("{} {} [{}] {}", field("path"), item["shape"], field("units"), field("description")));
    }
}

fn read(path: &Path) -> Result<Value, crate::results::Error> {
    let reader = Reader::open_results(path)?;
    let column = |name: &str| reader.strings(&format!("/run/tasks/{name}"));
    let (labels, statuses, errors) = (column("label")?, column("status")?, column("error")?);
    let rows = labels.iter().zip(&statuses).zip(&errors).filter(|((_, status), _)| *status != "done");
    let failed: Vec<Value> =
        rows.map(|((label, status), error)| json!({ "label": label, "status": status, "error": error })).collect();
    let datasets = reader.items()?.into_iter().map(
        |item| json!({ "path": item.path, "shape": item.shape, "units": item.units, "description": item.description }),
    );
    let mut found = export::about(&reader)?;
    found["reproducibility"] = reader.text_attribute("reproducibility")?.into();
    found["failed"] = failed.into();
    found["tasks_unread"] = reader.attribute::<u64>("tasks_unread").unwrap_or(0).into();
    found["datasets"] = datasets.collect();
    Ok(found)
}
