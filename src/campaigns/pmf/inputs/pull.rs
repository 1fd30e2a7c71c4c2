//! How are the lists of gmx wham read: tpr files, pullx or pullf files, and the selection of pull coordinates?
use super::super::list::{Provenance, WindowList};
use super::super::origin::{Listing, Origin};
use super::super::section::{Convention, Quantity, WindowSection};
use super::super::text_file::{ListLine, read_lines, resolve};
use super::options::ListOptions;
use super::pull_window::{Kind, WindowReader};
use crate::campaigns::window_analysis::Discard;
use crate::config::{Fault, Faults};
use crate::engines::md::gromacs::RunInput;
use crate::problem::Problem;
use crate::units::{CoordinateUnit, EnergyUnit, ForceConstantUnit};
use std::path::{Path, PathBuf};

/// The defaults of gmx wham.
const BINS: u32 = 200;
const FIRST_PS: f64 = 50.0;

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
    pub(super) fn samples_option(&self) -> &'static str {
        if self.quantity == Quantity::Force { "-if" } else { "-ix" }
    }
}

/// The windows of `lists`. Centers and constants are those that `run_input` reads from the tpr files. Without GROMACS, the problem of
/// not finding it, centers are the references in the pullx files, and the constant is that of the options.
///
/// # Errors
/// All errors in the lists and in the headers of the files that they name.
pub fn read(
    lists: &PullLists,
    options: &ListOptions,
    run_input: Result<RunInputReader, Problem>,
) -> Result<WindowList, Faults> {
    let mut faults = Faults::default();
    let mut options = options.clone();
    options.bins = options.bins.or(Some(BINS));
    let files = faults.collect(files_of(lists, &options));
    let reader = lists.run_inputs.as_ref().and(run_input.as_ref().ok().copied());
    let missing = lists.run_inputs.as_ref().and(run_input.as_ref().err());
    let windows = WindowReader { lists, options: &options, run_input: reader, missing };
    let mut found = Vec::new();
    for file in files.iter().flatten() {
        found.extend(faults.collect(windows.read(file)).unwrap_or_default());
    }
    faults.extend(windows.common_faults(&found));
    let temperature =
        { found.iter() }.find_map(|window| window.temperature_k).map(|k| (k, "ref-t in the tpr files".to_owned()));
    let temperature = match (files.is_some(), temperature) {
        (true, temperature) => options.temperature(temperature, &mut faults),
        (false, _) => None,
    };
    let Some((first, (temperature_k, temperature))) = found.first().map(|window| window.kind.clone()).zip(temperature)
    else {
        return faults.require(None);
    };
    let period = options.period(first.period(), &mut faults);
    let mut provenance = provenance(&windows, &options, &first, temperature);
    provenance.notes.extend(windows.temperature_note(&found));
    if options.discard_ps.is_none() {
        options.discard_ps = Some(Discard::Until(FIRST_PS));
    }
    if first.unit == CoordinateUnit::Degree {
        // As GROMACS takes it; samples are in degrees.
        let unit = ForceConstantUnit { energy: EnergyUnit::KjMol, coordinate: CoordinateUnit::Radian };
        options.units.force_constant = options.units.force_constant.or(Some(unit));
    }
    let (lines, sections): (Vec<ListLine>, Vec<WindowSection>) =
        { found.into_iter() }.map(|window| (window.line, WindowSection { period, ..window.section })).unzip();
    let section = options.section(sections, temperature_k);
    let origin = Origin::Listing(Listing { command: options.command, windows: lines });
    faults.into_result(WindowList { section, origin, provenance })
}

/// The files of one simulation.
pub(super) struct SimulationFiles {
    /// The line that names the samples.
    pub line: ListLine,
    pub samples: PathBuf,
    /// The line that names the run input file, and its path.
    pub run_input: Option<(ListLine, PathBuf)>,
    /// Which pull coordinates are selected, with the line that says so.
    pub selection: Option<(ListLine, Vec<bool>)>,
}

fn files_of(lists: &PullLists, options: &ListOptions) -> Result<Vec<SimulationFiles>, Faults> {
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

fn provenance(windows: &WindowReader, options: &ListOptions, first: &Kind, temperature: String) -> Provenance {
    let of_tpr = |what: &str| format!("{what} in the tpr files");
    let (centers, force_constants) = match windows.run_input {
        Some(_) => (of_tpr("init"), of_tpr("k")),
        None => ("the references in the pullx files".to_owned(), "--force-constant".to_owned()),
    };
    let mut notes = Vec::new();
    if let (Some(_), Some(problem)) = (&windows.lists.run_inputs, windows.missing) {
        notes.push(format!("the tpr files are not read: {}", problem.message));
    }
    if options.units.convention == Convention::Amber {
        notes.push("force constants are those of AMBER's restraints".to_owned());
    }
    let times = options.times_source("gmx wham's default of -b");
    Provenance { coordinate: first.describe(), centers, force_constants, temperature, times, notes }
}
