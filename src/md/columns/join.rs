//! How are several files of one simulation joined?
use super::{Column, ColumnTable, Error, NonFiniteRow};
use std::path::{Path, PathBuf};

/// Columns of several files as of one.
#[derive(Clone, Debug, Default)]
pub struct JoinedTable {
    pub table: ColumnTable,
    /// The files in the order of their times.
    pub paths: Vec<PathBuf>,
    /// Index of the first row of each file in `table`.
    pub begins: Vec<usize>,
    /// Irregularities that do not prevent reading, with file and line.
    pub notes: Vec<String>,
}

impl JoinedTable {
    /// The file of a row.
    pub fn path(&self, row: usize) -> &Path {
        let part = self.begins.partition_point(|begin| *begin <= row).max(1) - 1;
        &self.paths[part]
    }
}

/// Joins the columns `wanted` of several `parts` of one simulation in the order of their times, or in that given where they have none. Rows
/// count once: a part replaces all rows before it of its first time or later.
///
/// # Errors
/// Parts begin at the same time, only some have times, or their columns or periods differ.
pub fn join(wanted: &[Column], parts: Vec<(PathBuf, ColumnTable)>) -> Result<JoinedTable, Error> {
    let mut parts = parts;
    sort_by_time(&mut parts)?;
    let mut joined = JoinedTable::default();
    for (path, part) in parts {
        let note = |line: usize, text: &str| format!("{}:{line}: {text}", path.display());
        joined.notes.extend(part.diagnostics.iter().map(|one| note(one.line, &one.text)));
        if joined.paths.is_empty() {
            joined.table = part;
        } else {
            check_columns(wanted, &joined, &part, &path)?;
            joined.append(part, &path);
        }
        joined.paths.push(path);
        if joined.begins.len() < joined.paths.len() {
            joined.begins.push(0);
        }
    }
    Ok(joined)
}

impl JoinedTable {
    fn append(&mut self, part: ColumnTable, path: &Path) {
        let first = part.time_ps.as_ref().and_then(|times| times.first().copied());
        let rows = self.table.rows();
        let kept = match (&self.table.time_ps, first) {
            (Some(times), Some(first)) => times.partition_point(|time| *time < first),
            _ => rows,
        };
        // Parts of GROMACS repeat the one row of the checkpoint.
        if let (2.., Some(first)) = (rows - kept, first) {
            let text = format!(
                "`{}` begins at {first} ps: {} earlier rows from there on count as repeated",
                path.display(),
                rows - kept
            );
            self.notes.push(text);
        }
        if let (Some(times), Some(more)) = (&self.table.time_ps, &part.time_ps) {
            self.notes.extend(gap(times, more).map(|text| format!("`{}` {text}", path.display())));
        }
        let table = &mut self.table;
        table.values.iter_mut().for_each(|column| column.truncate(kept));
        table.not_finite.retain(|found| found.row < kept);
        table.values.iter_mut().zip(&part.values).for_each(|(column, more)| column.extend(more));
        table.not_finite.extend(part.not_finite.iter().map(|one| NonFiniteRow { row: kept + one.row, ..*one }));
        if let (Some(times), Some(more)) = (&mut table.time_ps, &part.time_ps) {
            times.truncate(kept);
            times.extend(more);
        }
        self.begins.iter_mut().for_each(|begin| *begin = (*begin).min(kept));
        self.begins.push(kept);
    }
}

/// What is to be said where a part begins later than the rows of both parts are apart from one another.
fn gap(times: &[f64], more: &[f64]) -> Option<String> {
    let interval = |times: &[f64]| times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    let (last, first) = (*times.last()?, *more.first()?);
    let longest = interval(times).max(interval(more));
    (longest > 0.0 && first - last > 1.5 * longest)
        .then(|| format!("begins at {first} ps, but the part before it ends at {last} ps: is a part missing?"))
}

fn sort_by_time(parts: &mut [(PathBuf, ColumnTable)]) -> Result<(), Error> {
    let first = |table: &ColumnTable| table.time_ps.as_ref().and_then(|times| times.first().copied());
    let timed = parts.iter().filter(|(_, table)| first(table).is_some()).count();
    if timed == 0 {
        return Ok(());
    }
    if let Some((path, _)) = parts.iter().find(|(_, table)| first(table).is_none()) {
        return Err(Error::join(path, "has no times, but other parts have", "use parts of one simulation"));
    }
    parts.sort_by(|(_, a), (_, b)| first(a).unwrap_or(0.0).total_cmp(&first(b).unwrap_or(0.0)));
    for pair in parts.windows(2) {
        if let (Some(time), true) = (first(&pair[0].1), first(&pair[0].1) == first(&pair[1].1)) {
            let what = format!("begins at {time} ps, as `{}` does", pair[0].0.display());
            let help = "list the parts of one simulation, without those that were run again from the beginning; independent simulations \
                        cannot be joined";
            return Err(Error::join(&pair[1].0, &what, help));
        }
    }
    Ok(())
}

/// Checks that a part has the columns and periods of those before it.
fn check_columns(wanted: &[Column], joined: &JoinedTable, part: &ColumnTable, path: &Path) -> Result<(), Error> {
    let first = joined.paths[0].display();
    let is_indexed = wanted.iter().any(|column| matches!(column, Column::Index(_)));
    if is_indexed && part.names != joined.table.names {
        let what = format!("has the columns {}, but `{first}` {}", list(&part.names), list(&joined.table.names));
        return Err(Error::join(path, &what, "select columns by their names, or use parts of one simulation"));
    }
    for column in wanted {
        let periods = (part.period(column), joined.table.period(column));
        if let (Ok(own), Ok(other)) = periods
            && !is_same(own, other)
        {
            let text = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
            let what = format!("has the period {} of column {column}, but `{first}` {}", text(own), text(other));
            return Err(Error::join(path, &what, "use parts of one simulation, or set the period"));
        }
    }
    Ok(())
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "without names".to_owned() } else { format!("`{}`", names.join(" ")) }
}

/// Whether periods are equal, possibly printed with different numbers of digits.
fn is_same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-5 * other,
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn part(name: &str, times: std::ops::Range<u32>, value: f64) -> (PathBuf, ColumnTable) {
        let rows: String = times.map(|time| format!("{time}.0 {value}\n")).collect();
        text_part(name, &format!("#! FIELDS time d\n{rows}"))
    }

    fn text_part(name: &str, text: &str) -> (PathBuf, ColumnTable) {
        (PathBuf::from(name), parse(Path::new(name), text.as_bytes(), &wanted()).unwrap())
    }

    fn wanted() -> Vec<Column> {
        vec![Column::Name("d".into())]
    }

    #[test]
    fn parts_are_joined_by_their_times_and_repeated_rows_count_once() {
        let parts = vec![part("c", 8..10, 3.0), part("b", 4..9, 2.0), part("a", 0..5, 1.0)];
        let joined = join(&wanted(), parts).unwrap();
        assert_eq!(joined.table.time_ps, Some((0..10).map(f64::from).collect()));
        assert_eq!(joined.table.values, [[vec![1.0; 4], vec![2.0; 4], vec![3.0; 2]].concat()]);
        assert_eq!((joined.path(3), joined.path(4), joined.path(9)), (Path::new("a"), Path::new("b"), Path::new("c")));
        assert_eq!(joined.notes, [""; 0]);
        let joined = join(&wanted(), vec![part("a", 0..9, 1.0), part("b", 4..6, 2.0)]).unwrap();
        assert_eq!(joined.table.values, [[vec![1.0; 4], vec![2.0; 2]].concat()]);
        assert_eq!(joined.notes, ["`b` begins at 4 ps: 5 earlier rows from there on count as repeated"]);
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let message = |parts| join(&wanted(), parts).unwrap_err().to_string();
        let same = message(vec![part("a", 0..5, 1.0), part("b", 0..9, 2.0)]);
        assert!(same.contains("`b` begins at 0 ps, as `a` does"), "{same}");
        let periodic = text_part("b", "#! FIELDS time d\n#! SET min_d 0\n#! SET max_d 1\n9 1\n");
        let period = message(vec![part("a", 0..5, 1.0), periodic]);
        assert!(period.contains("`b` has the period 1 of column `d`, but `a` none"), "{period}");
    }
}
