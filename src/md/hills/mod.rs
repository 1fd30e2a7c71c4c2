//! How is HILLS read, the file in which PLUMED's METAD keeps the Gaussians that it deposited?
//!
//! `#! FIELDS time phi psi sigma_phi sigma_psi height biasf`, with a covariance matrix `sigma_phi_phi sigma_psi_phi sigma_psi_psi`, the
//! lower triangle of its Cholesky factor. Hills of several walkers may have the same time. Where time goes back, a restart repeats hills.
mod covariance;
mod error;

pub use error::Error;

use crate::md::columns::{self, Column, ColumnTable};
use crate::science::metadynamics::{Hill, Hills, Truncation};
use covariance::Widths;
use std::path::Path;

/// The bias of a metadynamics simulation as stored in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct HillsFile {
    /// Names of the biased variables.
    pub variables: Vec<String>,
    /// Smallest and largest value of each periodic variable.
    pub domains: Vec<Option<[f64; 2]>>,
    pub hills: Hills,
    /// Time of each hill, ps.
    pub times: Vec<f64>,
    /// Irregularities that do not prevent reading, with file and line.
    pub notes: Vec<String>,
}

/// What users should know of hills with a covariance matrix.
const WHOLE_HILLS: &str = "hills have covariance matrices and are summed whole; PLUMED's sum_hills, and METAD with a grid, leave out what is \
    outside of a box along the longest axis of each, which may change the sum by several hundredths of a kJ/mol";

/// Reads `bytes`; `path` is only used in messages.
///
/// # Errors
/// It is no such file, a value is not a number, or its Gaussians are of an unknown kind.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<HillsFile, Error> {
    let names = header_names(path, bytes)?;
    let first = names.iter().position(|name| name.starts_with("sigma_"));
    let missing = |name: &str| Error::Column { path: path.to_owned(), name: name.to_owned(), found: names.join(" ") };
    let has = |name: &str| names.iter().any(|known| known == name);
    if let Some(name) = ["time", "height", "biasf"].into_iter().find(|name| !has(name)) {
        return Err(missing(name));
    }
    let variables = match first {
        Some(first @ 2..) => names[1..first].to_vec(),
        _ => return Err(missing("sigma_...")),
    };
    let widths = Widths::find(&variables, &names).map_err(|name| missing(&name))?;
    let wanted: Vec<&str> = variables.iter().map(String::as_str).chain(widths.names()).collect();
    let wanted = wanted.into_iter().chain(["height", "biasf", "time"]);
    let wanted: Vec<Column> = wanted.map(|name| Column::Name(name.to_owned())).collect();
    let read = columns::parse_all_rows(path, bytes, &wanted);
    let mut read = read.map_err(|source| Error::Columns { path: path.to_owned(), source })?;
    let truncation = truncation(path, &read, widths.is_multivariate())?;
    let domains = domains(path, &read, &variables)?;
    let mut notes: Vec<String> =
        read.diagnostics.iter().map(|one| format!("{}:{}: {}", path.display(), one.line, one.text)).collect();
    notes.extend(widths.is_multivariate().then(|| format!("{}: {WHOLE_HILLS}", path.display())));
    drop_repeated(path, &mut read, &mut notes);
    let times = read.time_ps.unwrap_or_default();
    let hills = hills(path, &read.values, &widths, variables.len(), &times)?;
    let periods = domains.iter().map(|domain| domain.map(|[low, high]| high - low)).collect();
    Ok(HillsFile { variables, domains, hills: Hills { hills, truncation, periods }, times, notes })
}

/// The fields of the first header.
fn header_names(path: &Path, bytes: &[u8]) -> Result<Vec<String>, Error> {
    let begin = bytes.windows(10).position(|part| part == b"#! FIELDS ");
    let Some(begin) = begin else { return Err(Error::NoHeader { path: path.to_owned() }) };
    let line = bytes[begin + 10..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).split_whitespace().map(str::to_owned).collect())
}

/// How Gaussians end; without a setting as PLUMED reads them.
fn truncation(path: &Path, table: &ColumnTable, is_multivariate: bool) -> Result<Truncation, Error> {
    let invalid = |line: usize, name: &str, value: &str| {
        let (path, name, value) = (path.to_owned(), name.to_owned(), value.to_owned());
        Err(Error::Setting { path, line, name, value })
    };
    let mut found = None;
    for setting in &table.settings {
        let (name, value, line) = (setting.name.as_str(), setting.value.as_str(), setting.line);
        match (name, value) {
            ("multivariate", "true") if is_multivariate => {}
            ("multivariate", "false") if !is_multivariate => {}
            ("multivariate", _) => return invalid(line, name, value),
            ("kerneltype", "stretched-gaussian") if found != Some(Truncation::Cut) => {
                found = Some(Truncation::Stretched);
            }
            ("kerneltype", "gaussian") if found != Some(Truncation::Stretched) => found = Some(Truncation::Cut),
            ("kerneltype", _) => return invalid(line, name, value),
            _ => {}
        }
    }
    Ok(found.unwrap_or(Truncation::Stretched))
}

fn domains(path: &Path, table: &ColumnTable, variables: &[String]) -> Result<Vec<Option<[f64; 2]>>, Error> {
    let domain = |name: &String| {
        let found = table.domain(&Column::Name(name.clone()));
        found.map_err(|problem| Error::Domain { path: path.to_owned(), problem })
    };
    variables.iter().map(domain).collect()
}

/// Drops hills that a restarted run did not start from: where time goes back, those of that time and later. Walkers share times, so equal
/// ones are kept.
fn drop_repeated(path: &Path, table: &mut ColumnTable, notes: &mut Vec<String>) {
    let Some(times) = &table.time_ps else { return };
    let mut kept: Vec<usize> = Vec::with_capacity(times.len());
    let (mut descents, mut first) = (0, 0.0);
    for (row, time) in times.iter().enumerate() {
        if kept.last().is_some_and(|last| *time < times[*last]) {
            kept.truncate(kept.partition_point(|known| times[*known] < *time));
            first = if descents == 0 { *time } else { first };
            descents += 1;
        }
        kept.push(row);
    }
    if descents == 0 {
        return;
    }
    let dropped = times.len() - kept.len();
    let back = if descents == 1 { String::new() } else { format!("{descents} times, first ") };
    notes.push(format!(
        "{}: time goes back {back}to {first} ps: {dropped} earlier hills from there on count as repeated",
        path.display()
    ));
    let selected = |column: &Vec<f64>| kept.iter().map(|row| column[*row]).collect::<Vec<f64>>();
    table.values = table.values.iter().map(selected).collect();
    table.time_ps = table.time_ps.as_ref().map(selected);
}

fn hills(path: &Path, values: &[Vec<f64>], widths: &Widths, count: usize, times: &[f64]) -> Result<Vec<Hill>, Error> {
    let (centers, rest) = values.split_at(count);
    let (sigmas, rest) = rest.split_at(widths.names().count());
    let (heights, bias_factors) = (&rest[0], &rest[1]);
    let hill = |row: usize| {
        let factors: Vec<f64> = sigmas.iter().map(|column| column[row]).collect();
        let width =
            widths.width(&factors).ok_or_else(|| Error::Width { path: path.to_owned(), time_ps: times[row] })?;
        let (sigma, precision) = width;
        let center = centers.iter().map(|column| column[row]).collect();
        Ok(Hill { center, sigma, precision, height: heights[row], bias_factor: bias_factors[row] })
    };
    (0..heights.len()).map(hill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "#! FIELDS time phi psi sigma_phi sigma_psi height biasf\n#! SET multivariate false\n\
        #! SET kerneltype stretched-gaussian\n#! SET min_phi -pi\n#! SET max_phi pi\n";

    fn text(head: &str, rows: &str) -> Result<HillsFile, Error> {
        parse(Path::new("HILLS"), format!("{head}{rows}").as_bytes())
    }

    #[test]
    fn hills_have_centers_widths_and_heights() {
        let file = text(HEAD, " 1 0.5 -2 0.3 0.2 1.5 10\n 2 0.6 -1 0.3 0.2 1.4 10\n").unwrap();
        assert_eq!(file.variables, ["phi", "psi"]);
        assert!(file.domains[0].is_some_and(|[low, high]| low == -high && (high - std::f64::consts::PI).abs() < 1e-4));
        assert_eq!((file.domains[1], file.times.as_slice()), (None, &[1.0, 2.0][..]));
        let Hill { center, sigma, precision, height, bias_factor } = file.hills.hills[1].clone();
        assert_eq!((center, sigma, precision), (vec![0.6, -1.0], vec![0.3, 0.2], None));
        assert_eq!((height, bias_factor), (1.4, 10.0));
    }

    #[test]
    fn walkers_share_times_and_a_restart_repeats_hills() {
        let rows = " 1 0 0 1 1 1 10\n 1 1 0 1 1 1 10\n 2 2 0 1 1 1 10\n 2 3 0 1 1 1 10\n";
        assert_eq!(text(HEAD, rows).unwrap().hills.hills.len(), 4);
        let file = text(HEAD, &format!("{rows}{HEAD} 2 4 0 1 1 1 10\n 1.5 5 0 1 1 1 10\n")).unwrap();
        let centers: Vec<f64> = file.hills.hills.iter().map(|hill| hill.center[0]).collect();
        assert_eq!(centers, [0.0, 1.0, 5.0]);
        assert_eq!(file.notes, ["HILLS: time goes back to 1.5 ps: 3 earlier hills from there on count as repeated"]);
    }

    #[test]
    fn a_covariance_is_read_from_its_cholesky_factor() {
        let head = "#! FIELDS time x y sigma_x_x sigma_y_x sigma_y_y height biasf\n#! SET multivariate true\n";
        let file = text(head, " 1 0 0 0.5 0.3 0.4 1 -1\n").unwrap();
        let hill = &file.hills.hills[0];
        // L L^T = [[0.25, 0.15], [0.15, 0.25]], its inverse [[6.25, -3.75], [-3.75, 6.25]].
        let precision = hill.precision.as_ref().unwrap();
        assert!(precision.iter().zip([6.25, -3.75, -3.75, 6.25]).all(|(a, b)| (a - b).abs() < 1e-12), "{precision:?}");
        assert!(hill.sigma.iter().all(|sigma| (sigma - 0.5).abs() < 1e-12));
        assert!(file.notes.len() == 1 && file.notes[0].contains("are summed whole"), "{:?}", file.notes);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let message = |result: Result<HillsFile, Error>| result.unwrap_err().to_string();
        let colvar = message(text("#! FIELDS time phi metad.bias\n", " 1 2 3\n"));
        assert!(colvar.contains("`HILLS` has no column `height`: it has `time phi metad.bias`"), "{colvar}");
        let kernel = message(text(&HEAD.replace("stretched-gaussian", "triangular"), " 1 0 0 1 1 1 10\n"));
        assert!(kernel.contains("HILLS:3: `kerneltype triangular` is not supported"), "{kernel}");
        let width = message(text(HEAD, " 1 0 0 1 0 1 10\n"));
        assert!(width.contains("the hill at 1 ps"), "{width}");
        assert!(message(text("", "1 2 3\n")).contains("no line `#! FIELDS`"));
    }
}
