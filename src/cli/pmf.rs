//! The command `pmf`: the potential of mean force of existing umbrella windows.
use crate::campaigns::pmf::{self, LoadError};
use crate::config::Config;
use crate::run::console;
use crate::run::exit::{Exit, Stop};
use std::path::Path;

/// Analyses the windows listed in the file at `path`, and writes the result to `output` with figures beside it. The exit code is that of an
/// incomplete result if windows do not overlap.
///
/// # Errors
/// The file or one it refers to is invalid, or the output cannot be written.
pub fn pmf(path: &Path, output: &Path, replace: bool, with_figures: bool) -> Result<Exit, Stop> {
    let text = Config::read(path).map_err(|error| Stop::because(Exit::Configuration, &error))?;
    let input = pmf::load(path, &text).map_err(|refusal| match refusal {
        LoadError::Configuration(faults) => Stop::from(faults),
        LoadError::Input(faults) => Stop { exit: Exit::Input, ..Stop::from(faults) },
    })?;
    if !replace {
        pmf::check_output(output, &input.fingerprint).map_err(|refused| Stop::because(Exit::Output, &refused))?;
    }
    console::warnings(&input.warnings);
    let problem = input.umbrella.problem().map_err(|error| Stop::because(Exit::Input, &error))?;
    let analysis = input.umbrella.analysis(&problem, &input.replicates(&problem));
    let closed = input.write(&analysis, output)?;
    // Drawn while the disk writes.
    let drawn = with_figures.then(|| analysis.draw());
    closed.publish()?;
    analysis.summary().iter().for_each(|line| console::line(line));
    analysis.notes().iter().for_each(|line| console::line(&format!("note: {line}")));
    analysis.warnings().iter().for_each(|line| console::line(&format!("warning: {line}")));
    console::line(&format!("written: {}", output.display()));
    let failed = |error| Stop::because(Exit::Output, &error);
    for (name, figure) in drawn.transpose().map_err(failed)?.unwrap_or_default() {
        let path = output.with_extension(format!("{name}.svg"));
        figure.write(&path).map_err(failed)?;
        console::line(&format!("drawn: {}", path.display()));
    }
    Ok(if analysis.is_connected() { Exit::Complete } else { Exit::SomeFailed })
}
