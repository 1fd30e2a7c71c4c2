//! Which samples does a replica have, and which bias acted on them?
use super::settings::Settings;
use crate::config;
use crate::journal::Fingerprint;
use crate::md::columns::{self, Column, JoinedTable};
use crate::md::expand_files;
use crate::problem::{Problem, error_chain};
use std::fs;
use std::path::{Path, PathBuf};

/// The samples of one replica that are used.
#[derive(Clone, Debug, Default)]
pub struct ReplicaSamples {
    /// Its files, for messages.
    pub label: String,
    /// SHA-256 of each file.
    pub digests: Vec<String>,
    /// Names of all columns.
    pub names: Vec<String>,
    /// Variables `[variables][samples]`.
    pub coordinates: Vec<Vec<f64>>,
    /// Sum of the columns of the bias; zero without them.
    pub bias: Vec<f64>,
    /// Variables of the hills `[variables][samples]`.
    pub hill_coordinates: Vec<Vec<f64>>,
    /// ps; none where the files have no times.
    pub times_ps: Option<Vec<f64>>,
    /// Of each variable, according to the files.
    pub periods: Vec<Option<f64>>,
    /// Of the variables of the hills.
    pub hill_periods: Vec<Option<f64>>,
    /// Number of rows in all, repeated ones counted once.
    pub rows: usize,
    pub notes: Vec<String>,
}

/// The files of a replica: `path`, or the parts that it lists with commas or wildcards.
///
/// # Errors
/// No file matches.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    let text = path.to_string_lossy();
    let names: Vec<&Path> = match path.exists() {
        true => vec![path],
        false => text.split(',').map(Path::new).collect(),
    };
    let mut files = Vec::new();
    for name in names {
        let found =
            expand_files(Path::new(""), name).map_err(|error| Problem::new(error_chain(&error), "check the name"))?;
        files.extend(found);
    }
    Ok(files)
}

/// Reads the samples of the replica `path`, with the variables of its hills if there are any.
///
/// # Errors
/// A file or a column is missing, a value that is used is not finite, or no sample is left.
pub fn read(settings: &Settings, path: &Path, hill_variables: &[String]) -> Result<ReplicaSamples, Problem> {
    let files = files_of(path)?;
    let names: Vec<&str> =
        settings.variables.iter().chain(&settings.bias).chain(hill_variables).map(String::as_str).collect();
    let (mut parts, mut digests, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let bytes = fs::read(&file).map_err(|error| {
            Problem::new(format!("cannot read `{}`: {error}", file.display()), "name a readable file of columns")
        })?;
        wanted = names.iter().map(|name| select(&file, &bytes, name)).collect::<Result<_, _>>()?;
        let table = columns::parse_as_written(&file, &bytes, &wanted)
            .map_err(|error| Problem::new(error.problem.message.clone(), error.problem.help.clone()))?;
        digests.push(Fingerprint::of_bytes(&bytes).to_string());
        parts.push((file, table));
    }
    let joined = columns::join(&wanted, parts).map_err(|error| error.problem)?;
    let label = joined.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let used = used_rows(settings, &joined, &label)?;
    check_finite(&joined, &names, &used)?;
    let selected = |column: &Vec<f64>| used.iter().map(|row| column[*row]).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = joined.table.values.iter().map(selected).collect();
    let (coordinates, rest) = columns.split_at(settings.variables.len());
    let (biases, hill_coordinates) = rest.split_at(settings.bias.len());
    let mut bias = biases.first().cloned().unwrap_or_else(|| vec![0.0; used.len()]);
    for more in biases.iter().skip(1) {
        bias.iter_mut().zip(more).for_each(|(sum, value)| *sum += value);
    }
    let periods = |columns: &[Column]| columns.iter().map(|column| period(&joined, column)).collect::<Result<_, _>>();
    Ok(ReplicaSamples {
        label,
        digests,
        coordinates: coordinates.to_vec(),
        bias,
        hill_coordinates: hill_coordinates.to_vec(),
        times_ps: joined.table.time_ps.as_ref().map(selected),
        periods: match settings.periods.is_empty() {
            true => periods(&wanted[..settings.variables.len()])?,
            false => Vec::new(),
        },
        hill_periods: periods(&wanted[names.len() - hill_variables.len()..])?,
        rows: joined.table.rows(),
        names: joined.table.names,
        notes: joined.notes,
    })
}

/// The column called `name`, or with that index where the file has no such name.
fn select(path: &Path, bytes: &[u8], name: &str) -> Result<Column, Problem> {
    let header = columns::header_names(bytes);
    if header.iter().any(|known| known == name) || (header.is_empty() && name.parse::<usize>().is_err()) {
        return Ok(Column::Name(name.to_owned()));
    }
    if let Ok(index) = name.parse() {
        return Ok(Column::Index(index));
    }
    if !header.is_empty() && !name.eq_ignore_ascii_case("time") {
        let line = 1 + bytes.split(|byte| *byte == b'\n').position(is_header).unwrap_or(0);
        let message = format!("{}:{line}: no column `{name}`", path.display());
        let known = header.iter().filter(|name| !name.is_empty()).map(String::as_str);
        let meant =
            config::nearest(name, known.clone()).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let all = known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(Problem::new(message, format!("{meant}the columns are {all}")));
    }
    Ok(Column::Name(name.to_owned()))
}

fn is_header(line: &[u8]) -> bool {
    line.starts_with(b"#! FIELDS") || line.trim_ascii_start().starts_with(b"@")
}

/// The rows that are used.
fn used_rows(settings: &Settings, joined: &JoinedTable, label: &str) -> Result<Vec<usize>, Problem> {
    let rows = joined.table.rows();
    let (discard, until) = (settings.discard_ps, settings.until_ps.unwrap_or(f64::INFINITY));
    let is_timed = discard > 0.0 || settings.until_ps.is_some() || settings.are_walkers;
    let times = joined.table.time_ps.as_ref();
    if times.is_none() && is_timed {
        let message = format!("`{label}` has no times, which --discard, --until and --walkers require");
        return Err(Problem::new(message, "use --skip, which counts rows, or a file whose first column is the time"));
    }
    let in_time = |row: &usize| !is_timed || times.is_none_or(|times| times[*row] >= discard && times[*row] <= until);
    let used: Vec<usize> = (settings.skip.min(rows)..rows).filter(in_time).step_by(settings.stride.max(1)).collect();
    if used.is_empty() {
        let span = times.and_then(|times| Some((times.first()?, times.last()?)));
        let span = span.map_or(String::new(), |(first, last)| format!(", from {first} to {last} ps"));
        let message = format!("`{label}` has no samples left of its {rows} rows{span}");
        return Err(Problem::new(message, "discard less: --discard, --until and --skip"));
    }
    Ok(used)
}

/// Rejects values that are used and not finite.
fn check_finite(joined: &JoinedTable, names: &[&str], used: &[usize]) -> Result<(), Problem> {
    for found in &joined.table.not_finite {
        let bad = joined.table.values.iter().position(|column| !column[found.row].is_finite());
        if let (Ok(_), Some(column)) = (used.binary_search(&found.row), bad) {
            let (value, path) = (joined.table.values[column][found.row], joined.path(found.row).display());
            let message = format!("{path}:{}: `{}` is {value}", found.line, names[column]);
            return Err(Problem::new(message, "discard such rows (--discard, --skip), or correct the row"));
        }
    }
    Ok(())
}

fn period(joined: &JoinedTable, column: &Column) -> Result<Option<f64>, Problem> {
    joined.table.period(column).map_err(|error| {
        let message = format!("{}:{}: {}", joined.paths[0].display(), error.line, error.problem.message);
        Problem::new(message, "correct the header, or give --period")
    })
}
