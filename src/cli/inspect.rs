//! What is in a result file?
use crate::campaigns::export;
use crate::results::Reader;
use crate::run::exit::{Exit, Stop};
use crate::run::live::{self, Written};
use crate::run::say;
use serde_json::{Value, json};
use std::path::Path;

/// Failures told in full; all of them are in the file and in `--json`.
const TOLD: usize = 20;

/// Tells what the result file at `path` holds, as text or JSON, and how the campaign that writes it stands where one runs.
///
/// # Errors
/// The file is missing, damaged or of another program.
pub fn inspect(path: &Path, as_json: bool) -> Result<(), Stop> {
    let running = live::read(path);
    if let Some(running) = running.as_ref().filter(|_| !path.exists()) {
        match as_json {
            true => say::line(&format!("{:#}", json!({ "complete": false, "running": running }))),
            false => tell_running(path, running),
        }
        return Ok(());
    }
    let mut found = read(path).map_err(|error| Stop::because(Exit::Input, &error))?;
    if as_json {
        if let Some(running) = &running {
            found["running"] = json!(running);
        }
        say::line(&format!("{found:#}"));
        return Ok(());
    }
    if let Some(running) = &running {
        tell_running(path, running);
    }
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
    for failure in failed.iter().take(TOLD) {
        say::line(&format!(
            "  {}: {}",
            failure["label"].as_str().unwrap_or(""),
            failure["error"].as_str().unwrap_or("")
        ));
    }
    if failed.len() > TOLD {
        say::line(&format!("  ... and {} more; see /run/tasks or --json", failed.len() - TOLD));
    }
    for item in found["datasets"].as_array().into_iter().flatten() {
        let field = |key: &str| item[key].as_str().unwrap_or("").to_owned();
        say::line(&format!("{} {} [{}] {}", field("path"), item["shape"], field("units"), field("description")));
    }
    Ok(())
}

/// How a campaign stands that runs, or was killed.
fn tell_running(path: &Path, running: &Written) {
    let standing = &running.standing;
    say::line(&format!(
        "{}: not complete, {} {} of {} done, {} failed, as of {} ago",
        path.display(),
        standing.stage,
        standing.done,
        standing.tasks,
        standing.failed,
        say::duration(live::age(running).as_secs_f64()),
    ));
    standing.running.iter().for_each(|doing| say::line(&format!("  rank {}: {}", doing.rank, doing.at)));
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
