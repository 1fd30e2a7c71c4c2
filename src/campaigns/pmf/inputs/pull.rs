//! How are the lists of gmx wham read: tpr files, pullx or pullf files, and the selection of pull coordinates?
use super::super::list::{Provenance, WindowList};
use super::super::origin::{Listing, Origin};
use super::super::section::{Convention, WindowSection};
use super::super::text_file::ListLine;
use super::options::ListOptions;
use super::pull_files::{PullLists, RunInputReader, files_of};
use super::pull_window::{Kind, WindowReader};
use crate::campaigns::window_analysis::Discard;
use crate::config::Faults;
use crate::problem::Problem;
use crate::units::{CoordinateUnit, EnergyUnit, ForceConstantUnit};

/// The defaults of gmx wham.
const BINS: u32 = 200;
const FIRST_PS: f64 = 50.0;

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
