//! The table `/run/tasks`: which batches ran where, and which tasks failed?
//!
//! There may be ten million rows: they are made one by one, twice (first to learn their number and how long texts are), and written in parts.
use super::exit::Stop;
use super::ledger::Ledger;
use super::record_table::Record;
use super::resource_usage::{usage_of, write_columns};
use crate::results::{Error, Rows, TextColumn, TextSizes, Writer};
use crate::task::{Failure, Tasks};
use std::collections::HashSet;

/// A row of the table.
struct Row<'a> {
    /// The tasks of the batch, or the one task.
    tasks: Tasks,
    label: String,
    stage: &'a str,
    record: Record<'a>,
    attempts: u32,
    status: &'static str,
    error: String,
}

impl Row<'_> {
    /// The texts, in the order of [`TEXTS`].
    fn texts(&self) -> [&str; TEXTS.len()] {
        [&self.label, self.stage, self.record.host, self.status, &self.error]
    }

    /// The whole numbers, in the order of [`COUNTS`].
    fn counts(&self) -> [u64; COUNTS.len()] {
        [self.tasks.first, self.record.rank.into(), self.attempts.into()]
    }

    /// The times, in the order of [`TIMES`].
    fn times(&self) -> [f64; TIMES.len()] {
        [self.record.started_s, self.record.seconds]
    }
}

/// Names and descriptions of the columns.
const TEXTS: [(&str, &str); 5] = [
    ("label", "what was run"),
    ("stage", "stage of the campaign"),
    ("host", "host that ran it"),
    ("status", "done, failed, lost or not-started"),
    ("error", "why it failed"),
];
const COUNTS: [(&str, &str); 3] =
    [("index", "first task of the batch, or the task"), ("rank", "rank that ran it"), ("attempts", "attempts it took")];
const TIMES: [(&str, &str); 2] =
    [("start_s", "start, since 1970, by the host's clock"), ("seconds", "time that its batch took")];

/// Visits a row for every batch, and one for every task that failed; where tasks have labels one for every task.
fn for_each_row(stages: &[Ledger], visit: &mut dyn FnMut(Row) -> Result<(), Stop>) -> Result<(), Stop> {
    for ledger in stages {
        // A task that failed in several runs has one row, that of the failure which stands.
        let mut failures = HashSet::new();
        let mut stands =
            |failure: &Failure| ledger.failure(failure.task) == Some(failure) && failures.insert(failure.task);
        let spec = ledger.current.spec();
        let stage = spec.name.as_str();
        for record in ledger.heads() {
            let row =
                |tasks, label, attempts, status, error| Row { tasks, label, stage, record, attempts, status, error };
            let single = |task| Tasks::new(task, task + 1);
            let Record { tasks, failed, attempts, .. } = record;
            if spec.labels.get(tasks.first).is_some() {
                single_rows(ledger, record, &mut stands).try_for_each(|(task, label, attempts, error)| {
                    let status = if error.is_some() { "failed" } else { "done" };
                    visit(row(single(task), label, attempts, status, error.unwrap_or_default()))
                })?;
                continue;
            }
            if (failed.len() as u64) < tasks.count() {
                let failed = failed.iter().filter(|failure| ledger.stands(failure)).count();
                let without = if failed == 0 { String::new() } else { format!("{failed} of its tasks failed") };
                visit(row(tasks, format!("{stage} {tasks}"), attempts, "done", without))?;
            }
            failed.iter().filter(|failure| stands(failure)).try_for_each(|failure| {
                let Failure { task, cause, attempts } = failure;
                visit(row(single(*task), format!("{stage} task {task}"), *attempts, "failed", cause.to_string()))
            })?;
        }
    }
    Ok(())
}

/// A row for every task of a record: its number, label, attempts, and why it failed. One whose failure does not stand has none.
fn single_rows<'a>(
    ledger: &'a Ledger,
    record: Record<'a>,
    stands: &mut impl FnMut(&Failure) -> bool,
) -> impl Iterator<Item = (u64, String, u32, Option<String>)> {
    record.tasks.iter().filter_map(move |task| {
        let label = ledger.current.spec().labels.get(task).unwrap_or_default();
        match record.failed.iter().find(|failure| failure.task == task) {
            None => Some((task, label, record.attempts, None)),
            Some(failure) => stands(failure).then(|| (task, label, failure.attempts, Some(failure.cause.to_string()))),
        }
    })
}

/// The columns of the table, and the rows of the next part.
struct TaskColumns {
    texts: Vec<(TextColumn, Vec<String>)>,
    counts: Vec<(Rows<u64>, Vec<u64>)>,
    times: Vec<(Rows<f64>, Vec<f64>)>,
    /// Number of rows that are written.
    written: usize,
}

impl TaskColumns {
    fn create(out: &mut Writer, len: usize, sizes: [TextSizes; TEXTS.len()]) -> Result<Self, Error> {
        let item = |name: &str| format!("/run/tasks/{name}");
        let mut texts = Vec::new();
        for ((name, description), sizes) in TEXTS.iter().zip(sizes) {
            texts.push((out.text_column(&item(name), len, sizes, description)?, Vec::new()));
        }
        let mut counts = Vec::new();
        for (name, description) in COUNTS {
            counts.push((out.column(&item(name), len, "none", description)?, Vec::new()));
        }
        let mut times = Vec::new();
        for (name, description) in TIMES {
            times.push((out.column(&item(name), len, "s", description)?, Vec::new()));
        }
        Ok(Self { texts, counts, times, written: 0 })
    }

    fn add(&mut self, out: &mut Writer, row: &Row) -> Result<(), Error> {
        self.texts.iter_mut().zip(row.texts()).for_each(|((_, part), text)| part.push(text.to_owned()));
        self.counts.iter_mut().zip(row.counts()).for_each(|((_, part), count)| part.push(count));
        self.times.iter_mut().zip(row.times()).for_each(|((_, part), time)| part.push(time));
        if self.waiting() == Writer::COLUMN_PART { self.flush(out) } else { Ok(()) }
    }

    /// Writes the rows that wait.
    fn flush(&mut self, out: &mut Writer) -> Result<(), Error> {
        let (first, rows) = (self.written, self.waiting());
        if rows == 0 {
            return Ok(());
        }
        for (column, part) in &mut self.texts {
            out.fill_texts(column, first, part)?;
            part.clear();
        }
        for (column, part) in &mut self.counts {
            out.fill(column, first, part)?;
            part.clear();
        }
        for (column, part) in &mut self.times {
            out.fill(column, first, part)?;
            part.clear();
        }
        self.written += rows;
        Ok(())
    }

    /// Number of rows that wait.
    fn waiting(&self) -> usize {
        self.times.first().map_or(0, |(_, part)| part.len())
    }
}

/// Writes the table.
///
/// # Errors
/// The disk is full.
pub fn write(out: &mut Writer, stages: &[Ledger]) -> Result<(), Stop> {
    let (mut len, mut sizes) = (0, [TextSizes::default(); TEXTS.len()]);
    for_each_row(stages, &mut |row| {
        len += 1;
        sizes.iter_mut().zip(row.texts()).for_each(|(sizes, text)| sizes.add(text));
        Ok(())
    })?;
    let mut table = TaskColumns::create(out, len, sizes)?;
    for_each_row(stages, &mut |row| Ok(table.add(out, &row)?))?;
    table.flush(out)?;
    write_usage(out, stages)
}

/// Writes the columns about what programs have used, of stages that started any: they have fewer rows than others.
fn write_usage(out: &mut Writer, stages: &[Ledger]) -> Result<(), Stop> {
    if stages.iter().flat_map(Ledger::heads).all(|record| record.usage.is_empty()) {
        return Ok(());
    }
    let mut usages = Vec::new();
    for_each_row(stages, &mut |row| {
        usages.push(usage_of(&row.record, row.tasks));
        Ok(())
    })?;
    write_columns(out, &usages)
}
