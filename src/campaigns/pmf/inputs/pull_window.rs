//! Which windows are the pull coordinates of a simulation of GROMACS?
use super::super::section::{ColumnSection, Convention, Quantity, WindowSection};
use super::super::text_file::ListLine;
use super::options::ListOptions;
use super::pull_files::{PullLists, RunInputReader, SimulationFiles};
use super::pull_header::PullHeader;
use crate::config::{Fault, Faults};
use crate::engines::md::gromacs::{PullCoordinate, RunInput};
use crate::md::columns::{self, Column};
use crate::problem::Problem;
use crate::units::CoordinateUnit;
use std::path::PathBuf;

/// The kinds of pull coordinate that are known, whose value is one number in nm or degrees.
const GEOMETRIES: &[&str] = &[
    "distance",
    "direction",
    "direction-periodic",
    "direction-relative",
    "cylinder",
    "angle",
    "angle-axis",
    "dihedral",
];

/// Reads the windows of simulations.
pub struct WindowReader<'a> {
    pub lists: &'a PullLists,
    pub options: &'a ListOptions,
    /// Reads tpr files; none without them or without GROMACS.
    pub run_input: Option<RunInputReader<'a>>,
    /// Why tpr files that are listed cannot be read.
    pub missing: Option<&'a Problem>,
}

/// A window, and where it came from.
pub struct PullWindow {
    pub section: WindowSection,
    pub kind: Kind,
    pub line: ListLine,
    pub temperature_k: Option<f64>,
}

/// The kind of a pull coordinate, which all windows have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// The geometry and the dimensions, as `distance` and `Y Y N`; none where they are not known.
    pub geometry: Option<(String, String)>,
    pub unit: CoordinateUnit,
}

impl Kind {
    /// The period of a dihedral angle.
    pub fn period(&self) -> Option<f64> {
        let is_dihedral = self.geometry.as_ref().is_some_and(|(geometry, _)| geometry == "dihedral");
        is_dihedral.then(|| self.unit.full_rotation()).flatten()
    }

    pub fn describe(&self) -> String {
        match &self.geometry {
            Some((geometry, _)) if self.unit == CoordinateUnit::Degree => {
                format!("{geometry} in degrees, of the tpr files")
            }
            Some((geometry, dimensions)) => {
                format!("{geometry} with dimensions {dimensions} in {}, of the tpr files", self.unit)
            }
            None => format!("a pull coordinate in {}, of the label of the axis", self.unit),
        }
    }
}

impl WindowReader<'_> {
    /// The windows of a simulation: one for each pull coordinate that is selected, all of them without a selection.
    ///
    /// # Errors
    /// A file cannot be read, or a pull coordinate is not restrained harmonically to a constant reference.
    pub fn read(&self, files: &SimulationFiles) -> Result<Vec<PullWindow>, Faults> {
        let header = PullHeader::read(&files.samples).map_err(|error| {
            let message = format!("cannot read `{}`: {error}", files.samples.display());
            files.line.fault(message, "list files that exist, relative to the working directory or to the list")
        })?;
        match (self.run_input, &files.run_input) {
            (Some(read), Some((line, path))) => {
                let input = read(path).map_err(|problem| line.fault(problem.message, problem.help))?;
                self.of_run_input(files, line, path, &input, &header)
            }
            _ => self.of_references(files, &header),
        }
    }

    fn of_run_input(
        &self,
        files: &SimulationFiles,
        line: &ListLine,
        path: &std::path::Path,
        input: &RunInput,
        header: &PullHeader,
    ) -> Result<Vec<PullWindow>, Faults> {
        let mut faults = Faults::default();
        let count = input.coordinates.len();
        if let Some((selection, selected)) = &files.selection
            && selected.len() != count
        {
            let message = format!(
                "`{}` has {count} pull coordinates, but {} are selected or not",
                path.display(),
                selected.len()
            );
            return Err(selection.fault(message, "write one digit for each pull coordinate of the tpr file").into());
        }
        let mut windows = Vec::new();
        for (index, coordinate) in input.coordinates.iter().enumerate() {
            if files.selection.as_ref().is_some_and(|(_, selected)| !selected[index]) {
                continue;
            }
            let name = format!("pull coordinate {} of `{}`", index + 1, path.display());
            if let Err(problem) = check_coordinate(coordinate, input, &name) {
                faults.push(line.fault(problem.message, problem.help));
                continue;
            }
            let unit = if coordinate.is_angle() { CoordinateUnit::Degree } else { CoordinateUnit::Nm };
            let file = files.samples.clone();
            let mut section = WindowSection::new(file, coordinate.reference, coordinate.force_constant, unit);
            section.quantity = self.lists.quantity;
            let column = self.column(input, index, header);
            section.column = column.map_err(|problem| files.line.fault(problem.message, problem.help))?;
            let geometry = Some((coordinate.geometry.clone(), coordinate.dimensions_text()));
            let kind = Kind { geometry, unit };
            windows.push(PullWindow { section, kind, line: files.line.clone(), temperature_k: input.temperature_k });
        }
        faults.into_result(windows)
    }

    /// The column of pull coordinate `index`: by its legend, otherwise where gmx wham expects it.
    fn column(&self, input: &RunInput, index: usize, header: &PullHeader) -> Result<ColumnSection, Problem> {
        let number = (index + 1).to_string();
        if header.legends.contains(&number) {
            return Ok(ColumnSection::Name(number));
        }
        let is_position = self.lists.quantity == Quantity::Position;
        let others = |coordinate: &PullCoordinate| match is_position {
            true => {
                let used = coordinate.dimensions.iter().filter(|is_used| **is_used).count();
                usize::from(input.prints_reference)
                    + usize::from(input.prints_centers_of_mass) * used * coordinate.groups
            }
            false => 0,
        };
        let width = |coordinates: &[PullCoordinate]| 1 + coordinates.iter().map(|one| 1 + others(one)).sum::<usize>();
        let expected = width(&input.coordinates);
        if header.width != expected || (input.prints_components && is_position) {
            let option = if is_position { "-if" } else { "-ix" };
            let message = format!(
                "the file has {} columns without the legend `{number}`; {expected} are expected from the tpr file",
                header.width
            );
            return Err(Problem::new(
                message,
                format!("check that it belongs to this tpr file and is not one for {option}"),
            ));
        }
        Ok(ColumnSection::Index(width(&input.coordinates[..index]) as u32))
    }

    /// Windows of references in the pullx file.
    fn of_references(&self, files: &SimulationFiles, header: &PullHeader) -> Result<Vec<PullWindow>, Faults> {
        let help = match self.missing {
            Some(problem) => format!("{}; or rerun with pull-print-ref-value = yes", problem.help),
            None => "list the tpr files with -it, or rerun with pull-print-ref-value = yes".to_owned(),
        };
        let name = files.samples.display();
        let all = header.coordinates();
        let is_selected =
            |index: usize| files.selection.as_ref().is_none_or(|(_, selected)| selected.get(index) == Some(&true));
        if all.len() > 1 && files.selection.is_none() {
            let message =
                format!("`{name}` has {} pull coordinates, and which of them are windows is not known", all.len());
            return Err(files.line.fault(message, "select them with -is, or list the tpr files with -it").into());
        }
        if let Some((line, selected)) = files.selection.as_ref().filter(|(_, selected)| selected.len() != all.len()) {
            let message =
                format!("`{name}` has {} pull coordinates, but {} are selected or not", all.len(), selected.len());
            return Err(line.fault(message, "write one digit for each pull coordinate").into());
        }
        let mut windows = Vec::new();
        for (_, coordinate) in all.iter().enumerate().filter(|(index, _)| is_selected(*index)) {
            if !header.has_reference(coordinate) {
                windows.clear();
                break;
            }
            windows.push(self.of_reference(files, header, coordinate)?);
        }
        match windows.is_empty() {
            true => Err(files
                .line
                .fault(format!("the center of `{name}` is not known: it has no column `1 ref`"), help)
                .into()),
            false => Ok(windows),
        }
    }

    fn of_reference(
        &self,
        files: &SimulationFiles,
        header: &PullHeader,
        coordinate: &str,
    ) -> Result<PullWindow, Box<Fault>> {
        let refuse = |message: String, help: &str| Box::new(files.line.fault(message, help));
        let Some(unit) = self.options.coordinate.or(header.unit) else {
            let message =
                format!("the unit of `{}` is not known: the label of its axis has none", files.samples.display());
            return Err(refuse(message, "set --coordinate-unit to nm or degree"));
        };
        let Some(force_constant) = self.options.force_constant else {
            let other = match self.missing {
                Some(problem) => problem.help.clone(),
                None => "list the tpr files with -it".to_owned(),
            };
            let help =
                format!("{other}; or set --force-constant to pull-coord1-k (kJ/mol/nm^2, of angles kJ/mol/rad^2)");
            return Err(Box::new(self.options.command.fault(
                "--force-constant",
                "the force constant is not known",
                help,
            )));
        };
        let reference = Column::Name(format!("{coordinate} ref"));
        let table = columns::read(&files.samples, &[reference])
            .map_err(|error| refuse(error.problem.message, &error.problem.help))?;
        let center = table.values.first().and_then(|values| values.first().copied()).unwrap_or(f64::NAN);
        let mut section = WindowSection::new(PathBuf::from(&files.samples), center, force_constant, unit);
        section.column = ColumnSection::Name(coordinate.to_owned());
        Ok(PullWindow { section, kind: Kind { geometry: None, unit }, line: files.line.clone(), temperature_k: None })
    }

    /// What is wrong with all windows together, and with options that do not belong to them.
    pub fn common_faults(&self, windows: &[PullWindow]) -> Faults {
        let mut faults = Faults::default();
        let Some(first) = windows.first() else { return faults };
        for window in windows.iter().filter(|window| window.kind != first.kind) {
            let (own, other) = (window.kind.describe(), first.kind.describe());
            let help = "all windows must have the same coordinate; select pull coordinates with -is";
            faults.push(
                window.line.fault(format!("the pull coordinate is a {own}, that of the first window a {other}"), help),
            );
        }
        for window in windows.iter().filter(|window| window.temperature_k != first.temperature_k) {
            let name = |kelvin: Option<f64>| kelvin.map_or("unknown".to_owned(), |kelvin| format!("{kelvin} K"));
            let (own, other) = (name(window.temperature_k), name(first.temperature_k));
            let help = "all windows must have one temperature";
            faults.push(
                window.line.fault(format!("ref-t in its tpr file is {own}, that of the first window {other}"), help),
            );
        }
        let ListOptions { command, units, force_constant, coordinate, column, .. } = self.options;
        let set = [
            ("--force-constant", force_constant.is_some() && self.run_input.is_some()),
            ("--force-constant-unit", units.force_constant.is_some() && self.run_input.is_some()),
            ("--convention", units.convention != Convention::Half && self.run_input.is_some()),
            ("--coordinate-unit", coordinate.is_some_and(|unit| unit != first.kind.unit)),
            ("--column", column.is_some()),
        ];
        for (option, _) in set.iter().filter(|(_, is_set)| *is_set) {
            let message = format!("{option} contradicts the tpr files or the pullx files, which say this themselves");
            faults.push(command.fault(option, message, "leave it out; select pull coordinates with -is"));
        }
        faults
    }

    /// Says that the temperature of the options is not that of the tpr files.
    pub fn temperature_note(&self, windows: &[PullWindow]) -> Option<String> {
        let found = windows.first()?.temperature_k?;
        let given = self.options.temperature_k.filter(|given| (given - found).abs() > 0.01)?;
        Some(format!("-temp is {given} K, but ref-t in the tpr files is {found} K: check which one is right"))
    }
}

/// Refuses a pull coordinate whose restraint is not harmonic with a constant reference.
fn check_coordinate(coordinate: &PullCoordinate, input: &RunInput, name: &str) -> Result<(), Problem> {
    let PullCoordinate { kind, geometry, rate, force_constant, perturbed_force_constant, .. } = coordinate;
    let select = "select the coordinates of the windows with -is";
    if kind != "umbrella" {
        return Err(Problem::new(format!("{name} is of type {kind}, not umbrella"), select));
    }
    if !GEOMETRIES.contains(&geometry.as_str()) {
        let message = format!("{name} has the geometry {geometry}, whose unit is not known");
        return Err(Problem::new(message, "describe the windows in a file of windows, see docs/free_energy.md"));
    }
    if *rate != 0.0 {
        let message = format!("the reference of {name} moves by {rate} per ps");
        return Err(Problem::new(message, "the restraint of a window must be constant: leave out pulling simulations"));
    }
    if *force_constant <= 0.0 {
        return Err(Problem::new(format!("{name} has the force constant {force_constant}"), select));
    }
    if input.is_perturbed && force_constant != perturbed_force_constant {
        let message = format!("{name} has different force constants in states A and B of a free-energy perturbation");
        return Err(Problem::new(message, "list umbrella windows of one state"));
    }
    Ok(())
}
