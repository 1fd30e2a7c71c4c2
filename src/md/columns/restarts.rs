//! Which rows did a restarted program repeat, and did two programs write to the file at once?
use super::Diagnostic;
use std::ops::Range;

/// Restarts may look like alternating rows of two programs at up to so many places.
const MAX_COINCIDENCES: usize = 5;
/// Stretches of up to so many rows between descents may belong to alternating programs.
const SHORT_STRETCH: usize = 3;

/// A row whose time is not later than that of the row before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descent {
    /// Index of the row, counted from 0.
    pub row: usize,
    /// Its line, counted from 1.
    pub line: usize,
    /// Whether a header precedes it, as programs write when they begin or continue.
    pub is_after_header: bool,
}

/// Alternating rows of two programs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interleaved {
    /// The line where they begin, counted from 1.
    pub line: usize,
    /// The time in that line, in the unit of the file.
    pub time: f64,
    /// How often time goes back from there on.
    pub count: usize,
}

/// The rows to keep, which are the last ones of each time: where `times` go back, at `descents`, earlier rows are repeated. None where all
/// are kept; otherwise a diagnostic is added.
pub fn rows_to_keep(
    times: &[f64],
    descents: &[Descent],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<Range<usize>>> {
    if descents.is_empty() {
        return None;
    }
    let mut kept: Vec<Range<usize>> = Vec::new();
    let ends = descents.iter().map(|descent| descent.row).chain([times.len()]);
    let (mut begin, mut dropped, mut is_all) = (0, 0, false);
    for (k, end) in ends.enumerate() {
        if k > 0 {
            dropped += drop_from(times, times[begin], &mut kept);
            is_all |= kept.is_empty();
        }
        kept.push(begin..end);
        begin = end;
    }
    diagnostics.push(diagnostic(times, descents, dropped, is_all));
    Some(kept)
}

/// Removes rows of `time` and later from `kept`, in each range of which times ascend; returns their number.
fn drop_from(times: &[f64], time: f64, kept: &mut Vec<Range<usize>>) -> usize {
    let mut dropped = 0;
    while let Some(last) = kept.last_mut() {
        let earlier = times[last.clone()].partition_point(|t| *t < time);
        dropped += last.len() - earlier;
        last.end = last.start + earlier;
        if earlier > 0 {
            break;
        }
        kept.pop();
    }
    dropped
}

fn diagnostic(times: &[f64], descents: &[Descent], dropped: usize, is_all: bool) -> Diagnostic {
    let (line, first) = (descents[0].line, times[descents[0].row]);
    let back = match descents {
        [_] => format!("time goes back to {first}"),
        [.., last] => {
            let (last, count) = (times[last.row], descents.len());
            format!("time goes back {count} times, first to {first} and last to {last}")
        }
        [] => String::new(),
    };
    let rows = if dropped == 1 { "row" } else { "rows" };
    let all = if is_all { ", which is all before it (are there two runs in the file?)" } else { "" };
    Diagnostic { line, text: format!("{back}: {dropped} earlier {rows} from there on count as repeated{all}") }
}

/// Checks that rows of two programs do not alternate, more often than restarts may look so. Times are the last of `columns`.
///
/// # Errors
/// They alternate: which rows belong together cannot be determined.
pub fn check_single_writer(columns: &[Vec<f64>], descents: &[Descent]) -> Result<(), Interleaved> {
    let Some(times) = columns.last().filter(|_| descents.len() > MAX_COINCIDENCES) else { return Ok(()) };
    let (mut latest, mut scanned) = (f64::NEG_INFINITY, 0);
    let mut found = Vec::new();
    for (k, descent) in descents.iter().enumerate() {
        latest = times[scanned..descent.row].iter().fold(latest, |latest, time| latest.max(*time));
        scanned = descent.row;
        let next = descents.get(k + 1).map(|next| next.row);
        let rows = descent.row..next.unwrap_or(times.len());
        let is_other = jumps_over(&times[rows.clone()], latest)
            || next.is_some_and(|next| rows.len() <= SHORT_STRETCH && times[next] > times[descent.row])
                && !repeats_row(columns, descent.row);
        if !descent.is_after_header && is_other {
            found.push(k);
        }
    }
    match found.first() {
        Some(first) if found.len() > MAX_COINCIDENCES => {
            let Descent { row, line, .. } = descents[*first];
            Err(Interleaved { line, time: times[row], count: descents.len() - first })
        }
        _ => Ok(()),
    }
}

/// Whether times that went back before `latest` skip over it, as those of another program do; a restart reaches it in its usual steps.
fn jumps_over(times: &[f64], latest: f64) -> bool {
    let steps = || times.windows(2).map(|pair| pair[1] - pair[0]);
    let least = steps().fold(f64::INFINITY, f64::min);
    times.windows(2).zip(steps()).any(|(pair, step)| pair[0] < latest && latest < pair[1] && step > 1.5 * least)
}

/// Whether the row equals an earlier one of the same time: a restart often repeats its first row.
fn repeats_row(columns: &[Vec<f64>], row: usize) -> bool {
    let times = &columns[columns.len() - 1];
    let before = (row.saturating_sub(SHORT_STRETCH)..row).rev().find(|before| times[*before] == times[row]);
    before.is_some_and(|before| columns.iter().all(|column| column[before].to_bits() == column[row].to_bits()))
}
