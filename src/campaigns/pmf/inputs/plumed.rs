//! How are the windows of simulations with PLUMED read: the restraint in the input beside each COLVAR?
use super::super::list::{Provenance, WindowList};
use super::super::origin::{Listing, Origin};
use super::super::section::{ColumnSection, WindowSection};
use super::super::text_file::ListLine;
use super::options::ListOptions;
use super::plumed_restraint::{Biases, Restraint};
use super::plumed_units::{PlumedUnits, Variable};
use crate::config::{Fault, Faults};
use crate::engines::md::plumed::{Action, Input};
use crate::problem::Problem;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The input of PLUMED in a folder, by default.
pub const PLUMED_INPUT: &str = "plumed.dat";

/// The input of one simulation.
struct Simulation {
    folder: PathBuf,
    input: Input,
    biases: Biases,
    units: PlumedUnits,
}

/// The windows of the simulations in `folders`, each with an input called `file`; a path of a file is an input itself.
///
/// # Errors
/// An input has no harmonic restraint on the variable of the profile, other biases differ between windows, or a file cannot be read.
pub fn read(folders: &[PathBuf], file: &str, options: &ListOptions) -> Result<WindowList, Faults> {
    let mut faults = Faults::default();
    let simulations: Vec<Simulation> =
        folders.iter().filter_map(|folder| faults.collect(Simulation::read(folder, file, options))).collect();
    faults.clone().into_result(())?;
    let variable = variable(&simulations, options)?;
    let mut windows = Vec::with_capacity(simulations.len());
    for simulation in &simulations {
        windows.extend(faults.collect(simulation.window(&variable)));
    }
    let temperature = options.temperature(None, &mut faults);
    let (Some((lines, kinds, mut windows)), Some((temperature_k, temperature))) = (unzip(windows), temperature) else {
        return faults.require(None);
    };
    for (line, kind) in lines.iter().zip(&kinds).filter(|(_, kind)| **kind != kinds[0]) {
        let (own, first) = (kind.describe(&variable), kinds[0].describe(&variable));
        faults.push(line.fault(
            format!("the variable is {own}, that of the first window {first}"),
            "all windows must have the same variable",
        ));
    }
    let period = options.period(kinds[0].period, &mut faults);
    windows.iter_mut().for_each(|window| window.period = period);
    faults.extend(other_biases(&simulations, &lines, &variable));
    for (option, is_set) in [
        ("--force-constant", options.force_constant.is_some()),
        ("--force-constant-unit", options.units.force_constant.is_some()),
        ("--convention", options.units.convention != Default::default()),
        ("--coordinate-unit", options.coordinate.is_some_and(|unit| unit != kinds[0].unit)),
    ] {
        if is_set {
            let message = format!("{option} contradicts the inputs of PLUMED, which say this themselves");
            faults.push(options.command.fault(option, message, "leave it out"));
        }
    }
    let mut notes: Vec<String> = { simulations[0].biases.others(&variable) }
        .into_iter()
        .map(|other| format!("all windows are biased by {other} too, and so is the profile"))
        .collect();
    if simulations.len() == 1 {
        notes.push("there is only one window".to_owned());
    }
    let provenance = Provenance {
        coordinate: kinds[0].describe(&variable),
        centers: format!("AT in {file}"),
        force_constants: format!("KAPPA in {file}"),
        temperature,
        times: options.times_source(""),
        notes,
    };
    let section = options.section(windows, temperature_k);
    let origin = Origin::Listing(Listing { command: options.command.clone(), windows: lines });
    faults.into_result(WindowList { section, origin, provenance })
}

type Windows = (Vec<ListLine>, Vec<Variable>, Vec<WindowSection>);

/// The parts of all windows; none without one.
fn unzip(windows: Vec<(ListLine, Variable, WindowSection)>) -> Option<Windows> {
    let mut all = Windows::default();
    for (line, kind, window) in windows {
        all.0.push(line);
        all.1.push(kind);
        all.2.push(window);
    }
    (!all.0.is_empty()).then_some(all)
}

/// The variable of the profile: that of the options, otherwise the only one whose restraint differs between windows.
fn variable(simulations: &[Simulation], options: &ListOptions) -> Result<String, Faults> {
    let refuse = |message: String, help: String| Faults::from(options.command.fault("--column", message, help));
    if let Some(column) = &options.column {
        return match column {
            ColumnSection::Name(name) => Ok(name.clone()),
            ColumnSection::Index(_) => Err(refuse(
                "--column is the name of a variable here".to_owned(),
                "set it to a label in the input".to_owned(),
            )),
        };
    }
    let restraints = |simulation: &Simulation, name: &str| -> Vec<Restraint> {
        let all = simulation.biases.restraints.iter().map(|(one, _)| one.clone());
        all.filter(|one| one.variable == name).collect()
    };
    let names: BTreeSet<&str> =
        { simulations.iter() }.flat_map(|one| &one.biases.restraints).map(|(one, _)| one.variable.as_str()).collect();
    let differs =
        |name: &&&str| simulations.iter().any(|one| restraints(one, name) != restraints(&simulations[0], name));
    let moved: Vec<&str> = names.iter().filter(differs).copied().collect();
    match (&moved[..], names.len()) {
        ([name], _) => Ok((*name).to_owned()),
        ([], 1) => Ok(names.into_iter().next().unwrap_or_default().to_owned()),
        (_, 0) => {
            let message = "no input has a RESTRAINT with a force constant".to_owned();
            Err(refuse(message, "list the folders of umbrella windows".to_owned()))
        }
        (some, _) => {
            let all: Vec<&str> = if some.is_empty() { names.iter().copied().collect() } else { some.to_vec() };
            let message = format!("several variables can be that of the profile: {}", all.join(", "));
            Err(refuse(
                message,
                "name it with --column; the restraints on all others must be the same in all windows".to_owned(),
            ))
        }
    }
}

/// Windows whose other biases are not those of the first window.
fn other_biases(simulations: &[Simulation], lines: &[ListLine], variable: &str) -> Faults {
    let first = simulations[0].biases.others(variable);
    let differing = simulations.iter().zip(lines).filter(|(simulation, _)| simulation.biases.others(variable) != first);
    let list = |all: &[String]| if all.is_empty() { "none".to_owned() } else { all.join("; ") };
    let fault = |(simulation, line): (&Simulation, &ListLine)| {
        let own = list(&simulation.biases.others(variable));
        let message =
            format!("the other biases of this window ({own}) are not those of the first one ({})", list(&first));
        line.fault(message, "a profile along one variable needs windows that are biased alike in everything else")
    };
    differing.map(fault).collect()
}

impl Simulation {
    fn read(path: &Path, file: &str, options: &ListOptions) -> Result<Self, Faults> {
        let (folder, file) = match path.is_file() {
            true => (
                path.parent().unwrap_or(Path::new("")).to_owned(),
                path.file_name().unwrap_or_default().to_string_lossy(),
            ),
            false => (path.to_owned(), file.into()),
        };
        let input = Input::read(&folder, &file).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", folder.join(&*file).display());
            let help = "list folders with an input of PLUMED, called plumed.dat or as --plumed-file says";
            options.command.fault("--plumed", message, help)
        })?;
        let biases = Biases::from_input(&input).map_err(|problems| -> Faults {
            problems.into_iter().map(|(problem, action)| fault(action, problem)).collect()
        })?;
        let units = PlumedUnits::from_input(&input).map_err(|(problem, action)| match action {
            Some(action) => fault(action, problem),
            None => options.command.fault("--plumed", problem.message, problem.help),
        })?;
        Ok(Self { folder, input, biases, units })
    }

    /// The window of the restraint on `variable`.
    fn window(&self, variable: &str) -> Result<(ListLine, Variable, WindowSection), Box<Fault>> {
        let own: Vec<_> = self.biases.restraints.iter().filter(|(one, _)| one.variable == variable).collect();
        let (restraint, action) = match own[..] {
            [(restraint, index)] => (restraint, &self.input.actions[*index]),
            [] => {
                let last = self.input.actions.last().map(line_of).unwrap_or_else(|| ListLine {
                    file: self.folder.clone(),
                    number: 1,
                    text: String::new(),
                });
                return Err(Box::new(last.fault(
                    format!("no RESTRAINT in this input has a force constant for `{variable}`"),
                    "list only windows along this variable",
                )));
            }
            [_, (_, index), ..] => {
                let message = format!("a second RESTRAINT of `{variable}`");
                let help = "windows have one restraint along the variable: add up their centers and constants in a file of windows";
                return Err(Box::new(fault(&self.input.actions[*index], Problem::new(message, help))));
            }
        };
        let kind =
            Variable::find(&self.input, variable, self.units).map_err(|problem| Box::new(fault(action, problem)))?;
        let colvar = self.colvar(variable, action)?;
        let constant = restraint.force_constant * self.units.energy_kj_mol;
        let mut section = WindowSection::new(colvar, restraint.center, constant, kind.unit);
        section.column = ColumnSection::Name(variable.to_owned());
        section.time_unit_ps = Some(self.units.time_ps).filter(|unit| *unit != 1.0);
        Ok((line_of(action), kind, section))
    }

    /// The file that a PRINT writes the variable to.
    fn colvar(&self, variable: &str, restraint: &Action) -> Result<PathBuf, Box<Fault>> {
        let prints: Vec<&Action> = self.input.actions.iter().filter(|action| action.name == "PRINT").collect();
        let has_variable = |action: &&&Action| {
            let arguments = action.value("ARG").unwrap_or_default();
            arguments.split(',').any(|argument| matches(argument.trim(), variable))
        };
        let mut files: Vec<(&str, &Action)> = Vec::new();
        for print in prints.iter().filter(has_variable) {
            if let Some(file) = print.value("FILE").filter(|file| files.iter().all(|(known, _)| known != file)) {
                files.push((file, print));
            }
        }
        let (file, print) = match files[..] {
            [one] => one,
            [] => {
                let message = format!("no PRINT writes `{variable}` to a FILE");
                return Err(Box::new(fault(
                    restraint,
                    Problem::new(message, "add PRINT ARG=... FILE=COLVAR and rerun, or use a file of windows"),
                )));
            }
            [(first, _), (second, print), ..] => {
                let message = format!("`{variable}` is printed to {first} and to {second}");
                let help = "use a file of windows to choose one of them";
                return Err(Box::new(fault(print, Problem::new(message, help))));
            }
        };
        let path = self.folder.join(file);
        match path.is_file() {
            true => Ok(path),
            false => {
                let message = format!("`{}` does not exist", path.display());
                Err(Box::new(fault(print, Problem::new(message, "list folders of simulations that have run"))))
            }
        }
    }
}

/// Whether an argument of PRINT is the variable, as itself or by the wildcards `*`, `label.*` and `*.component`.
fn matches(argument: &str, variable: &str) -> bool {
    match argument.split_once('*') {
        Some((before, after)) => {
            variable.len() >= before.len() + after.len() && variable.starts_with(before) && variable.ends_with(after)
        }
        None => argument == variable,
    }
}

/// The line of an action, for messages.
fn line_of(action: &Action) -> ListLine {
    let text = fs::read(&action.file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).lines().nth(action.line.saturating_sub(1)).unwrap_or_default().to_owned();
    ListLine { file: action.file.clone(), number: action.line, text }
}

fn fault(action: &Action, problem: Problem) -> Fault {
    line_of(action).fault(problem.message, problem.help)
}
