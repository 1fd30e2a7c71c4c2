//! What did an earlier run leave: a result file, a journal? May this run continue from it?
use super::exit::{Exit, Stop, causes};
use super::ledger::SavedStage;
use super::options::Options;
use crate::journal::{self, Manifest, codec};
use crate::results::Reader;
use std::collections::HashMap;
use std::path::Path;

/// What a result file that is there means for this run.
pub enum Existing {
    /// The run starts from these stages, by key; none where there is no file.
    Resumed(HashMap<u64, SavedStage>),
    /// There is nothing to run. So many tasks failed.
    Complete { failed: u64 },
}

/// Checks before an hour of computing that the output can be written; whether its folder is writable is left to the lock.
///
/// # Errors
/// It is a folder, or its folder does not exist.
pub fn check_output(output: &Path) -> Result<(), Stop> {
    let refuse = |text: String| Err(Stop::new(Exit::Output, text));
    let folder = journal::parent_folder(output);
    if output.is_dir() {
        return refuse(format!("campaign.output `{}` is a folder: name a file in it", output.display()));
    }
    if !folder.is_dir() {
        return refuse(format!(
            "the folder of campaign.output, `{}`, does not exist: create it first",
            folder.display()
        ));
    }
    Ok(())
}

/// Reads a result file that is there: it is of another campaign, complete, or can be continued. Earlier readings are added to `manifest`.
///
/// # Errors
/// It is not of this campaign, or cannot be continued.
pub fn check_results(
    output: &Path,
    manifest: &mut Manifest,
    options: &Options,
    needs_values: bool,
) -> Result<Existing, Stop> {
    let nothing = || Ok(Existing::Resumed(HashMap::new()));
    // With both nothing of it is kept, whatever it is.
    if !output.exists() || options.fresh && options.force {
        return nothing();
    }
    let reader = match Reader::open_results(output) {
        Ok(reader) => reader,
        Err(_) if options.force => return nothing(),
        Err(error) => {
            let text = causes(&error);
            return Err(Stop::new(Exit::Output, format!("{text}\nit is never overwritten without --force")));
        }
    };
    let there: Option<Manifest> =
        reader.text_attribute("manifest").ok().and_then(|text| serde_json::from_str(&text).ok());
    let Some(there) = there.filter(|there| there.fingerprint() == manifest.fingerprint()) else {
        if options.force {
            return nothing();
        }
        let changed = reader.text_attribute("manifest").ok().and_then(|text| serde_json::from_str(&text).ok());
        let changed = changed.map_or(String::new(), |there| list_changes(manifest, &there));
        let text = format!("`{}` belongs to another campaign{changed}", output.display());
        return Err(Stop::new(Exit::Output, format!("{text}\nname another output, or replace it with --force")));
    };
    if options.fresh {
        return nothing();
    }
    let reads_again = manifest.readings.last() != there.readings.last();
    let requests_more = !manifest.requests_the_same(&there);
    manifest.add_earlier_readings(&there);
    refuse_shrinking(manifest, &there)?;
    let failed: u64 = reader.attribute("tasks_failed")?;
    let unread = reader.attribute::<u64>("tasks_unread").unwrap_or(0);
    let is_complete = reader.attribute::<u8>("complete")? == 1;
    let retries = options.retry_failed && failed > 0 || options.only.is_some();
    if is_complete && !requests_more && unread == 0 && !retries {
        return Ok(Existing::Complete { failed });
    }
    let states: Vec<u8> = reader.array("/run/state")?;
    let stages: Vec<SavedStage> = codec::decode(&states)?;
    // Where nothing was read of a campaign so far the file says all: which tasks have run.
    let can_read_all = reads_again && !stages.is_empty();
    if needs_values && !can_read_all && Manifest::load(&journal::folder_of(output))?.is_none() {
        let text = format!(
            "`{}` holds the values of single tasks, and its journal is gone, so nothing can be added",
            output.display()
        );
        return Err(Stop::new(Exit::Output, format!("{text}\nname another output, or start over with --fresh")));
    }
    Ok(Existing::Resumed(stages.into_iter().map(|stage| (stage.key, stage)).collect()))
}

/// Creates the journal's folder, or checks that the one there is of this campaign.
///
/// # Errors
/// It is of another campaign, or cannot be created.
pub fn claim_journal(output: &Path, manifest: &mut Manifest, options: &Options) -> Result<(), Stop> {
    let folder = journal::folder_of(output);
    if options.fresh {
        journal::discard(&folder)?;
    }
    if let Some(there) = Manifest::load(&folder)? {
        if there.fingerprint() != manifest.fingerprint() {
            let changed = list_changes(manifest, &there);
            let text = format!("`{}` is the journal of another campaign{changed}", folder.display());
            let text =
                format!("{text}\nundo the change, name another output, or discard the earlier work with --fresh");
            return Err(Stop::new(Exit::Configuration, text));
        }
        refuse_shrinking(manifest, &there)?;
        manifest.add_earlier_readings(&there);
    }
    Ok(manifest.save(&folder)?)
}

fn refuse_shrinking(manifest: &Manifest, there: &Manifest) -> Result<(), Stop> {
    let refuse = |text: String| Err(Stop::new(Exit::Configuration, text));
    if let (serde_json::Value::Array(now), serde_json::Value::Array(before)) = (&manifest.requests, &there.requests)
        && let Some(entry) = (0..before.len().min(now.len())).find(|&k| now[k] != before[k])
    {
        let key = manifest.extensible.as_ref().map_or("a list", |(key, _)| key);
        return refuse(format!(
            "{key}: entry {entry} is {}, but was {}; finished tasks are kept\nadd to the end of the list, or start over with --fresh",
            now[entry], before[entry]
        ));
    }
    match (&manifest.extensible, &there.extensible) {
        (Some((key, now)), Some((_, before))) if now < before => refuse(format!(
            "{key} = {now} is less than the earlier {before}; it may grow, but finished tasks are kept\nset it to at least {before}, or start over with --fresh"
        )),
        _ => Ok(()),
    }
}

fn list_changes(here: &Manifest, there: &Manifest) -> String {
    let lines = here.changes(there).into_iter().map(|(key, was, is)| format!("\n  {key}: was {was}, is {is}"));
    lines.collect()
}
