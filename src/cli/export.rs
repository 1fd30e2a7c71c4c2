//! The command `export`: write results as JSON.
use crate::campaigns::{Kind, export};
use crate::comm::host_name;
use crate::results::{Error, Reader};
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use crate::run::survey::{Phase, Survey};
use std::fs;
use std::path::Path;

/// Writes the results in the file at `path` as JSON to `output`, or to standard output where that is `-`.
///
/// # Errors
/// The file is missing, damaged, not a result file or of an unknown kind of campaign, or the output cannot be written.
pub fn export(kinds: &[&'static dyn Kind], path: &Path, output: &Path) -> Result<(), Stop> {
    let input = |error: Error| Stop::because(Exit::Input, &error);
    if !path.exists() {
        return Err(Stop::new(Exit::Input, no_result(path)?));
    }
    let reader = Reader::open_results(path).map_err(input)?;
    let name = reader.text_attribute("campaign_kind").map_err(input)?;
    let exported = match kinds.iter().find(|kind| kind.name() == name) {
        Some(kind) => kind.export(&reader),
        // Written by `simmpi pmf`, which is not a campaign.
        None if name == "pmf" => export::everything(&reader),
        None => {
            let message =
                format!("`{}` is of kind `{name}`, which this version of simmpi does not support", path.display());
            return Err(Stop::new(Exit::Input, format!("{message}: export it with the version that wrote it")));
        }
    };
    let text = exported.map_err(input)?.to_string();
    if output == Path::new("-") {
        console::line(&text);
        return Ok(());
    }
    fs::write(output, text + "\n").map_err(|error| {
        let path = output.display();
        Stop::new(
            Exit::Output,
            format!("cannot write `{path}`: check that its folder exists and has space left\n  because {error}"),
        )
    })
}

/// The message that there is no result yet, with the progress of the campaign.
fn no_result(path: &Path) -> Result<String, Stop> {
    let Some(survey) = Survey::of_output(path, &host_name())? else {
        return Ok(super::inspect::no_campaign(path));
    };
    let (tasks, done, failed, left) = survey.totals();
    let so_far = match (tasks, left) {
        (Some(tasks), Some(left)) => format!("{done} of {tasks} tasks are done, {failed} failed, {left} are left"),
        _ => format!("{done} tasks are done, {failed} failed"),
    };
    let next = match survey.phase {
        Phase::Running(_) => "wait for the run to end",
        _ => "run the campaign to completion first",
    };
    Ok(format!("`{}`: no result yet: {so_far}\n{next}; `simmpi inspect` shows details", path.display()))
}
