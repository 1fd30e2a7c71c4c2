//! How is a metadata file of Grossfield's WHAM or of dnlbauer's wham read?
//!
//! A line is `path center constant [correlation time [temperature]]`; `#` begins a comment. Two-dimensional files, `path x y k_x k_y ...`, are
//! refused. The files have no units: those of the options count. The time series have the time in column 0 and the coordinate in column 1
//! (Grossfield, WHAM: the weighted histogram analysis method, version 2, manual).
use super::super::list::{Provenance, WindowList};
use super::super::origin::{Listing, Origin};
use super::super::section::{ColumnSection, Convention, WindowSection};
use super::super::text_file::{ListLine, read_lines, resolve};
use super::options::ListOptions;
use super::pull_header::PullHeader;
use crate::config::{Fault, Faults};
use crate::units::{CoordinateUnit, EnergyUnit, ForceConstantUnit};
use std::f64::consts::PI;
use std::path::{Path, PathBuf};

/// The numbers of a line.
struct Row {
    line: ListLine,
    file: PathBuf,
    center: f64,
    force_constant: f64,
    has_correlation_time: bool,
    temperature_k: Option<f64>,
}

/// The windows of the metadata file at `path`.
///
/// # Errors
/// All lines that are not those of a window of a one-dimensional profile.
pub fn read(path: &Path, options: &ListOptions) -> Result<WindowList, Faults> {
    let mut faults = Faults::default();
    let lines = read_lines(path, "--metadata", &options.command)?;
    let rows: Vec<Row> = lines.into_iter().filter_map(|line| faults.collect(row(line, path, options))).collect();
    if options.force_constant.is_some() {
        let message = "--force-constant contradicts column 3 of the metadata file";
        faults.push(options.command.fault("--force-constant", message, "leave it out"));
    }
    let found = common_temperature(&rows, &mut faults);
    if rows.is_empty() {
        return faults.require(None);
    }
    let temperature = options.temperature(found, &mut faults);
    let period = options.period(None, &mut faults);
    let unit = options.coordinate.unwrap_or_else(|| unit_of(period));
    let Some((temperature_k, temperature)) = temperature else { return faults.require(None) };
    let mut provenance = provenance(options, unit, temperature);
    if rows.iter().any(|row| row.has_correlation_time) {
        provenance.notes.push(
            "correlation times of the metadata file are not used: they are estimated from the samples".to_owned(),
        );
    }
    if let (Some(given), Some(found)) = (options.temperature_k, rows[0].temperature_k)
        && given != found
    {
        faults.push(rows[0].line.fault(
            format!("the temperature of the simulation is {found} K, but -temp is {given} K"),
            "leave out -temp, or correct column 5",
        ));
    }
    let (lines, windows): (Vec<ListLine>, Vec<WindowSection>) = { rows.into_iter() }
        .map(|row| {
            let section = WindowSection::new(row.file, row.center, row.force_constant, unit);
            let column = options.column.clone().unwrap_or_default();
            (row.line, WindowSection { column, period, ..section })
        })
        .unzip();
    let section = options.section(windows, temperature_k);
    let origin = Origin::Listing(Listing { command: options.command.clone(), windows: lines });
    faults.into_result(WindowList { section, origin, provenance })
}

fn row(line: ListLine, path: &Path, options: &ListOptions) -> Result<Row, Box<Fault>> {
    let text = line.text.split('#').next().unwrap_or_default().to_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let refuse = |message: String, help: &str| Box::new(line.fault(message, help));
    let number = |index: usize, what: &str| {
        let word = words[index];
        let value = word.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| refuse(format!("`{word}` is not a number: column {} is the {what}", index + 1), FORMAT))
    };
    match words.len() {
        0..3 => return Err(refuse(format!("the line has {} columns", words.len()), FORMAT)),
        6.. => {
            return Err(refuse(
                format!("the line has {} columns, as those of a two-dimensional profile", words.len()),
                PLANE,
            ));
        }
        _ => {}
    }
    let file = resolve(words[0], path);
    let (center, force_constant) = (number(1, "center of the restraint")?, number(2, "force constant")?);
    if force_constant <= 0.0 {
        let help = "leave out simulations without a restraint";
        return Err(refuse(format!("the force constant is {force_constant}, not above 0"), help));
    }
    if words.len() == 5 && options.column.is_none() {
        let header = PullHeader::read(&file);
        if let Some(width) = header.ok().map(|header| header.width).filter(|width| *width > 2) {
            let message = format!(
                "the line has 5 columns and `{}` {width}: columns 4 and 5 can be a correlation time and a temperature, or the force \
                 constants of a two-dimensional profile",
                file.display()
            );
            return Err(refuse(message, AMBIGUOUS));
        }
    }
    if words.len() > 3 {
        number(3, "correlation time")?;
    }
    let temperature_k = if words.len() > 4 { Some(number(4, "temperature")?) } else { None };
    if let Some(kelvin) = temperature_k.filter(|kelvin| *kelvin <= 0.0) {
        return Err(refuse(format!("the temperature is {kelvin} K, not above 0"), FORMAT));
    }
    let has_correlation_time = words.len() > 3;
    Ok(Row { line, file, center, force_constant, has_correlation_time, temperature_k })
}

const FORMAT: &str = "a line is `path center constant [correlation time [temperature]]`";
const PLANE: &str = "profiles along two coordinates are not supported: write a metadata file of one of them, if the other is not restrained";
const AMBIGUOUS: &str =
    "set --column 1 if the profile has one dimension; profiles along two coordinates are not supported";

/// The temperature in column 5, which all lines have or none.
fn common_temperature(rows: &[Row], faults: &mut Faults) -> Option<(f64, String)> {
    let first = rows.first()?.temperature_k;
    let name = |kelvin: Option<f64>| kelvin.map_or("not set".to_owned(), |kelvin| format!("{kelvin} K"));
    for row in rows.iter().filter(|row| row.temperature_k != first) {
        let message =
            format!("the temperature is {}, that of the first window {}", name(row.temperature_k), name(first));
        faults.push(
            row.line.fault(message, "windows of several temperatures are not supported: leave out those of others"),
        );
    }
    Some((first?, "column 5 of the metadata file".to_owned()))
}

/// The unit of a coordinate of this period where none is set.
fn unit_of(period: Option<f64>) -> CoordinateUnit {
    match period {
        Some(360.0) => CoordinateUnit::Degree,
        Some(period) if (period - 2.0 * PI).abs() < 1e-4 => CoordinateUnit::Radian,
        _ => CoordinateUnit::Nm,
    }
}

fn provenance(options: &ListOptions, unit: CoordinateUnit, temperature: String) -> Provenance {
    let constant =
        options.units.force_constant.unwrap_or(ForceConstantUnit { energy: EnergyUnit::KjMol, coordinate: unit });
    let mut notes = Vec::new();
    let is_default = |is_set: bool| if is_set { "" } else { " by default" };
    notes.push(format!(
        "a metadata file has no units: {unit}{} (--coordinate-unit), {constant}{} (--force-constant-unit)",
        is_default(options.coordinate.is_some()),
        is_default(options.units.force_constant.is_some())
    ));
    if options.units.convention == Convention::Half {
        notes.push("restraints are k/2 (x - center)^2; for k (x - center)^2 set --convention amber".to_owned());
    }
    let column = match &options.column {
        Some(ColumnSection::Name(name)) => format!("`{name}`"),
        Some(ColumnSection::Index(index)) => index.to_string(),
        None => "1".to_owned(),
    };
    Provenance {
        coordinate: format!("column {column} of each file, in {unit}"),
        centers: "column 2 of the metadata file".to_owned(),
        force_constants: "column 3 of the metadata file".to_owned(),
        temperature,
        times: options.times_source(""),
        notes,
    }
}
