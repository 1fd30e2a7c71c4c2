//! Which files do the lists of gmx wham name?
use super::super::section::Quantity;
use super::super::text_file::{ListLine, read_lines, resolve};
use super::options::ListOptions;
use crate::config::{Fault, Faults};
use crate::engines::md::gromacs::RunInput;
use crate::problem::Problem;
use std::path::{Path, PathBuf};

/// The lists of gmx wham.
#[derive(Clone, Debug)]
pub struct PullLists {
    /// `-it`.
    pub run_inputs: Option<PathBuf>,
    /// `-ix` or `-if`.
    pub samples: PathBuf,
    pub quantity: Quantity,
    /// `-is`: which pull coordinates of each simulation are windows.
    pub selection: Option<PathBuf>,
}

/// Reads a run input file.
pub type RunInputReader<'a> = &'a dyn Fn(&Path) -> Result<RunInput, Problem>;

impl PullLists {
    /// The option that names the files of samples.
    pub fn samples_option(&self) -> &'static str {
        if self.quantity == Quantity::Force { "-if" } else { "-ix" }
    }
}

/// The files of one simulation.
pub struct SimulationFiles {
    /// The line that names the samples.
    pub line: ListLine,
    pub samples: PathBuf,
    /// The line that names the run input file, and its path.
    pub run_input: Option<(ListLine, PathBuf)>,
    /// Which pull coordinates are selected, with the line that says so.
    pub selection: Option<(ListLine, Vec<bool>)>,
}

/// The files of each simulation in `lists`.
///
/// # Errors
/// A list cannot be read, names other files than it should, or has another length than the others.
pub fn files_of(lists: &PullLists, options: &ListOptions) -> Result<Vec<SimulationFiles>, Faults> {
    let mut faults = Faults::default();
    let option = lists.samples_option();
    let samples = read_list(&lists.samples, option, "xvg", options, &mut faults);
    let run_inputs = lists.run_inputs.as_ref().map(|path| read_list(path, "-it", "tpr", options, &mut faults));
    let selection = lists.selection.as_ref().map(|path| {
        let lines = faults.collect(read_lines(path, "-is", &options.command)).unwrap_or_default();
        lines.into_iter().filter_map(|line| faults.collect(selected(line))).collect::<Vec<_>>()
    });
    faults.clone().into_result(())?;
    let counts = [(run_inputs.as_ref().map(Vec::len), "-it"), (selection.as_ref().map(Vec::len), "-is")];
    for (count, other) in counts {
        if let Some(count) = count.filter(|count| *count != samples.len()) {
            let message = format!("{option} lists {} files, but {other} has {count} lines", samples.len());
            faults.push(options.command.fault(
                other,
                message,
                "both lists have one line for each simulation, in the same order",
            ));
        }
    }
    let mut run_inputs = run_inputs.map(Vec::into_iter);
    let mut selection = selection.map(Vec::into_iter);
    let simulations = samples.into_iter().map(|(line, samples)| SimulationFiles {
        line,
        samples,
        run_input: run_inputs.as_mut().and_then(Iterator::next),
        selection: selection.as_mut().and_then(Iterator::next),
    });
    let simulations = simulations.collect();
    faults.into_result(simulations)
}

/// The files that a list names, which have the extension `extension`.
fn read_list(
    path: &Path,
    option: &str,
    extension: &str,
    options: &ListOptions,
    faults: &mut Faults,
) -> Vec<(ListLine, PathBuf)> {
    if path.extension().is_some_and(|found| found == "xvg" || found == "tpr") {
        let message = format!("`{}` is one file, but {option} takes a list of files", path.display());
        let help = format!("write the names of the {extension} files into a text file, one per line");
        faults.push(options.command.fault(option, message, help));
        return Vec::new();
    }
    let lines = faults.collect(read_lines(path, option, &options.command)).unwrap_or_default();
    let mut files = Vec::with_capacity(lines.len());
    for line in lines {
        let name = resolve(line.text.trim(), path);
        if name.extension().is_none_or(|found| found != extension) {
            let message = format!("`{}` is not named *.{extension}", name.display());
            faults.push(line.fault(message, format!("{option} lists {extension} files, one per line")));
        }
        files.push((line, name));
    }
    files
}

/// Which pull coordinates a line of `-is` selects: one digit 0 or 1 for each.
fn selected(line: ListLine) -> Result<(ListLine, Vec<bool>), Box<Fault>> {
    let digits = line.text.split_whitespace().map(|word| match word {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    });
    let Some(selected) = digits.collect::<Option<Vec<bool>>>() else {
        let help = "write 1 for each pull coordinate that is a window, and 0 for others, as in `1 0`";
        return Err(Box::new(line.fault("the selection of pull coordinates has a word other than 0 and 1", help)));
    };
    if !selected.contains(&true) {
        return Err(Box::new(
            line.fault("no pull coordinate is selected", "select one, or leave out the simulation in all lists"),
        ));
    }
    Ok((line, selected))
}
