//! Is the column of a window the restrained coordinate, according to the titles and legends of its file?
use super::origin::Origin;
use super::section::{Quantity, WindowSection};
use crate::config::Fault;
use crate::md::columns::legend::{self, Meaning};
use crate::md::columns::{self, Column, ColumnTable};
use crate::units::CoordinateUnit;
use std::path::Path;

/// Tolerance between `center` and the reference in the file, in widths of the restraint: they are printed with different numbers of digits.
const TOLERANCE: f64 = 0.02;
/// Relative precision of numbers in the file.
const PRECISION: f64 = 1e-5;

/// The column of a window's file that the configuration names.
pub struct WindowColumn<'a> {
    pub origin: &'a Origin,
    /// Position of the window among all.
    pub index: usize,
    pub window: &'a WindowSection,
    pub column: &'a Column,
    pub table: &'a ColumnTable,
    /// As the configuration names it.
    pub name: &'a str,
    pub path: &'a Path,
    pub bytes: &'a [u8],
    /// Thermal energy, kJ/mol.
    pub kt: f64,
}

impl WindowColumn<'_> {
    /// Checks that the column contains instantaneous values of the restrained coordinate, around the configured center.
    ///
    /// # Errors
    /// According to the file, it contains something else.
    pub fn check(&self) -> Result<(), Box<Fault>> {
        self.check_quantity()?;
        let Self { window, column, table, bytes, name, .. } = *self;
        for (title, key) in [("Pull Average COM", "pull-xout-average"), ("Pull Average force", "pull-fout-average")] {
            if legend::titles(bytes).any(|found| found == title) {
                let message = format!("`{name}` contains averages (its title is \"{title}\"), not samples");
                let help = format!(
                    "averages since the last output have too small a variance: rerun with {key} = no, or use the file of the other \
                 quantity if that is not averaged"
                );
                return self.refuse("file", message, &help);
            }
        }
        let called = self.name_of(column);
        let what = match (legend::meaning(called), window.quantity) {
            (Some(Meaning::Output(what)), _) => what,
            (_, Quantity::Force) | (None | Some(Meaning::Coordinate(_)), _) => {
                return self.check_reference();
            }
            (Some(Meaning::Reference), _) => "the reference of the restraint",
            (Some(Meaning::Position), _) => "the position of a group",
            (Some(Meaning::Component), _) => match components(table) {
                Components::Only => return Ok(()),
                Components::BesideValue => "one component of the distance",
                Components::Several => {
                    let message = format!("column {column} (`{called}`) of `{name}` is one component of a distance");
                    let help = "GROMACS before 5.1 does not write the distance itself: convert the file to its length, \
                            sqrt(dX^2 + dY^2 + dZ^2) over the pulled dimensions";
                    return self.refuse("column", message, help);
                }
            },
        };
        let values: Vec<String> = (1..)
            .zip(table.names.iter().skip(1))
            .filter(|(_, name)| matches!(legend::meaning(name), Some(Meaning::Coordinate(_))))
            .map(|(column, name)| format!("{column} (`{name}`)"))
            .collect();
        let help = match values.is_empty() {
            true => "set `column` to the restrained coordinate".to_owned(),
            false => format!("the value of the coordinate is in column {}", values.join(" or ")),
        };
        self.refuse(
            "column",
            format!("column {column} (`{called}`) of `{name}` is {what}, not the restrained coordinate"),
            &help,
        )
    }

    /// Checks that the column contains the configured quantity.
    fn check_quantity(&self) -> Result<(), Box<Fault>> {
        let Self { window, column, table, name: file, .. } = *self;
        if *column == Column::Index(0) && table.time_ps.is_some() {
            let message = "column 0 of the file is the time".to_owned();
            return self.refuse("column", message, "the first column after the time is 1");
        }
        let axis = table.axis.as_deref().unwrap_or_default();
        match (axis.to_ascii_lowercase().starts_with("force"), window.quantity) {
            (true, Quantity::Position) => {
                let message = format!("`{file}` contains forces, not positions");
                self.refuse("file", message, "set quantity = \"force\", or use the pullx file")
            }
            (false, Quantity::Force) if axis.starts_with("Position") => {
                let message = format!("`{file}` contains positions, not forces");
                self.refuse("quantity", message, "remove `quantity`, or use the pullf file")
            }
            _ => self.check_unit(axis),
        }
    }

    /// Compares the unit with that in the label of an axis, as in `Position (nm)`.
    fn check_unit(&self, axis: &str) -> Result<(), Box<Fault>> {
        let label = axis.strip_prefix("Position (").and_then(|rest| rest.split_once(')'));
        let written = label.and_then(|(unit, _)| unit.parse::<CoordinateUnit>().ok());
        let (name, unit) = (self.name, self.window.unit);
        match written {
            Some(written) if written != unit && written.in_units_of(unit).is_some() => {
                let message = format!("`{name}` is in {written} (its axis is \"{axis}\"), not in {unit}");
                let help = format!("set unit = \"{written}\", and `units.coordinate` for results in {unit}");
                self.refuse("unit", message, &help)
            }
            _ => Ok(()),
        }
    }

    /// Compares the center with the reference in the file, if it has one.
    fn check_reference(&self) -> Result<(), Box<Fault>> {
        let Self { window, column, table, name, path, bytes, kt, .. } = *self;
        let Some(reference) = legend::reference_of(&table.names, column) else { return Ok(()) };
        let Ok(references) = columns::parse(path, bytes, std::slice::from_ref(&reference)) else { return Ok(()) };
        let references = references.values.into_iter().next().unwrap_or_default();
        let (Some(first), Some(last)) = (references.first().copied(), references.last().copied()) else {
            return Ok(());
        };
        let period = window.period.or(window.unit.full_rotation());
        let distance = |a: f64, b: f64| {
            let difference = a - b;
            period.map_or(difference, |period| difference - period * libm::rint(difference / period)).abs()
        };
        let width = libm::sqrt(kt / window.force_constant);
        let tolerance = TOLERANCE * width + PRECISION * first.abs().max(window.center.abs());
        let unit = window.unit.name().replace("none", "");
        let called = self.name_of(&reference);
        if references.iter().any(|reference| distance(*reference, first) > tolerance) {
            let message =
                format!("the reference position in `{name}` (`{called}`) moves from {first} to {last} {unit}");
            let help =
                "the restraint of a window must be constant: leave out pulling simulations (pull-coord1-rate is not 0)";
            return self.refuse("file", message.trim_end().to_owned(), help);
        }
        if distance(first, window.center) > tolerance {
            let message = format!("`{name}` was restrained to {first} {unit} (`{called}`), not to {}", window.center);
            return self.refuse("center", message, &format!("set center = {first}"));
        }
        Ok(())
    }

    /// The legend of a column; empty if it has none.
    fn name_of<'c>(&'c self, column: &'c Column) -> &'c str {
        match column {
            Column::Index(column) => self.table.names.get(*column).map_or("", String::as_str),
            Column::Name(name) => name,
        }
    }

    fn refuse(&self, key: &str, message: String, help: &str) -> Result<(), Box<Fault>> {
        Err(Box::new(self.origin.fault(&format!("window.{}.{key}", self.index), message, help)))
    }
}

/// The components of distances in a file.
enum Components {
    /// One without the distance: the pulled dimension.
    Only,
    BesideValue,
    /// Two or three without the distance.
    Several,
}

fn components(table: &ColumnTable) -> Components {
    let has = |wanted: fn(&Meaning) -> bool| {
        table.names.iter().filter_map(|name| legend::meaning(name)).filter(wanted).count()
    };
    match (has(|one| matches!(one, Meaning::Coordinate(_))), has(|one| *one == Meaning::Component)) {
        (1.., _) => Components::BesideValue,
        (0, 1) => Components::Only,
        _ => Components::Several,
    }
}
