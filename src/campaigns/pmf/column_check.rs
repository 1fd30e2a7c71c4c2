//! Is the column of a window what the window takes it for, as far as its file says so?
use super::section::{Quantity, WindowSection};
use crate::config::{Document, Fault};
use crate::md::columns::legend::{self, Meaning};
use crate::md::columns::{self, Column, Table};
use std::path::Path;

/// Part of the restraint's width within which a center is the reference of the file: their digits differ.
const NEAR: f64 = 0.02;
/// Digits of the file.
const DIGITS: f64 = 1e-5;

/// Whether the column has instantaneous values of the restrained coordinate, around the given center.
///
/// # Errors
/// The file says that it has something else.
pub fn check(
    document: &Document,
    index: usize,
    window: &WindowSection,
    column: &Column,
    table: &Table,
    (path, bytes, kt): (&Path, &[u8], f64),
) -> Result<(), Box<Fault>> {
    let refuse = |key: &str, message: String, help: &str| {
        Err(Box::new(document.fault(&format!("window.{index}.{key}"), message, help)))
    };
    let name = window.file.display();
    for (title, key) in [("Pull Average COM", "pull-xout-average"), ("Pull Average force", "pull-fout-average")] {
        if legend::titles(bytes).any(|found| found == title) {
            let message = format!("`{name}` has averages (its title is \"{title}\"), not samples");
            let help = format!(
                "means since the last output are narrower than what the restraint allows: run again with {key} = no, or read a file of the other \
                 quantity that is not averaged"
            );
            return refuse("file", message, &help);
        }
    }
    let called = match column {
        Column::Index(column) => table.names.get(*column).map_or("", String::as_str),
        Column::Name(name) => name,
    };
    let what = match (legend::meaning(called), window.quantity) {
        (Some(Meaning::Output(what)), _) => what,
        (_, Quantity::Force) | (None | Some(Meaning::Coordinate(_)), _) => {
            return check_reference(document, index, window, column, table, (path, bytes, kt));
        }
        (Some(Meaning::Reference), _) => "the reference of the restraint",
        (Some(Meaning::Position), _) => "the position of a group",
        (Some(Meaning::Component), _) => match components(table) {
            Components::Only => return Ok(()),
            Components::BesideValue => "one component of the distance",
            Components::Several => {
                let message = format!("column {column} (`{called}`) of `{name}` is one component of a distance");
                let help = "GROMACS before 5.1 writes no column of the distance itself: write the file again with its length, \
                            sqrt(dX^2 + dY^2 + dZ^2) over the pulled dimensions";
                return refuse("column", message, help);
            }
        },
    };
    let values: Vec<String> = (1..)
        .zip(table.names.iter().skip(1))
        .filter(|(_, name)| matches!(legend::meaning(name), Some(Meaning::Coordinate(_))))
        .map(|(column, name)| format!("{column} (`{name}`)"))
        .collect();
    let help = match values.is_empty() {
        true => "name the column of the restrained coordinate".to_owned(),
        false => format!("the value of the coordinate is in column {}", values.join(" or ")),
    };
    refuse(
        "column",
        format!("column {column} (`{called}`) of `{name}` is {what}, not the restrained coordinate"),
        &help,
    )
}

/// Which components of distances a file has.
enum Components {
    /// One, and no distance: the pulled dimension.
    Only,
    BesideValue,
    /// Two or three, and no distance.
    Several,
}

fn components(table: &Table) -> Components {
    let has = |wanted: fn(&Meaning) -> bool| {
        table.names.iter().filter_map(|name| legend::meaning(name)).filter(wanted).count()
    };
    match (has(|one| matches!(one, Meaning::Coordinate(_))), has(|one| *one == Meaning::Component)) {
        (1.., _) => Components::BesideValue,
        (0, 1) => Components::Only,
        _ => Components::Several,
    }
}

/// Compares the center with the reference that the file has.
fn check_reference(
    document: &Document,
    index: usize,
    window: &WindowSection,
    column: &Column,
    table: &Table,
    (path, bytes, kt): (&Path, &[u8], f64),
) -> Result<(), Box<Fault>> {
    let Some(of_file) = legend::reference_of(&table.names, column) else { return Ok(()) };
    let Ok(references) = columns::parse(path, bytes, std::slice::from_ref(&of_file)) else { return Ok(()) };
    let references = references.values.into_iter().next().unwrap_or_default();
    let (Some(first), Some(last)) = (references.first().copied(), references.last().copied()) else { return Ok(()) };
    let period = window.period.or(window.unit.turn());
    let apart = |a: f64, b: f64| {
        let straight = a - b;
        period.map_or(straight, |period| straight - period * libm::rint(straight / period)).abs()
    };
    let width = libm::sqrt(kt / window.force_constant);
    let far = NEAR * width + DIGITS * first.abs().max(window.center.abs());
    let refuse = |key: &str, message: String, help: &str| {
        Err(Box::new(document.fault(&format!("window.{index}.{key}"), message, help)))
    };
    let (name, unit) = (window.file.display(), window.unit.name().replace("none", ""));
    let called = match &of_file {
        Column::Index(column) => table.names.get(*column).map_or("", String::as_str),
        Column::Name(name) => name,
    };
    if references.iter().any(|reference| apart(*reference, first) > far) {
        let message = format!("the reference of `{name}` (`{called}`) moves from {first} to {last} {unit}");
        let help = "samples of a window have one restraint: leave out runs that pull (pull-coord1-rate is not 0)";
        return refuse("file", message.trim_end().to_owned(), help);
    }
    if apart(first, window.center) > far {
        let message = format!("`{name}` was restrained to {first} {unit} (`{called}`), not to {}", window.center);
        return refuse("center", message, &format!("set center = {first}"));
    }
    Ok(())
}
