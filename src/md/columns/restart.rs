//! What did a program write again after it was restarted, and did two programs write at a time?
use super::Note;
use std::ops::Range;

/// More places than this where rows of two programs alternate are no accident of restarts.
const HANDFUL: usize = 5;
/// Rows between two such places at most, where nothing else tells rows of two programs from a restart.
const FEW_ROWS: usize = 3;

/// Where the time of a row is not above that of the row before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descent {
    /// The row, from 0, and its line.
    pub row: usize,
    pub line: usize,
    /// Whether a header stands before it, as a program writes one when it begins or goes on.
    pub is_announced: bool,
}

/// Rows of two programs that alternate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixed {
    /// Where that begins.
    pub line: usize,
    /// The time that it goes back to there.
    pub time: f64,
    /// How often.
    pub count: usize,
}

/// Rows that stay, the last ones of their time: where `times` go back (`descents`), rows from there on were written again. None where all
/// stay; one note for all that do not.
pub fn kept(times: &[f64], descents: &[Descent], notes: &mut Vec<Note>) -> Option<Vec<Range<usize>>> {
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
    notes.push(note(times, descents, dropped, is_all));
    Some(kept)
}

/// Takes rows of `time` and later ones out of `kept`, each range of which ascends, and says how many.
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

fn note(times: &[f64], descents: &[Descent], dropped: usize, is_all: bool) -> Note {
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
    Note { line, text: format!("{back}: {dropped} earlier {rows} from there on count as repeated{all}") }
}

/// Whether rows of two programs alternate more than a handful of times, by the times in the last of `columns`.
///
/// # Errors
/// They do: which of them belong together cannot be known.
pub fn check_one_program(columns: &[Vec<f64>], descents: &[Descent]) -> Result<(), Mixed> {
    let Some(times) = columns.last().filter(|_| descents.len() > HANDFUL) else { return Ok(()) };
    let (mut latest, mut scanned) = (f64::NEG_INFINITY, 0);
    let mut found = Vec::new();
    for (k, descent) in descents.iter().enumerate() {
        latest = times[scanned..descent.row].iter().fold(latest, |latest, time| latest.max(*time));
        scanned = descent.row;
        let next = descents.get(k + 1).map(|next| next.row);
        let rows = descent.row..next.unwrap_or(times.len());
        let is_other = jumps_over(&times[rows.clone()], latest)
            || next.is_some_and(|next| rows.len() <= FEW_ROWS && times[next] > times[descent.row])
                && !is_copy(columns, descent.row);
        if !descent.is_announced && is_other {
            found.push(k);
        }
    }
    match found.first() {
        Some(first) if found.len() > HANDFUL => {
            let Descent { row, line, .. } = descents[*first];
            Err(Mixed { line, time: times[row], count: descents.len() - first })
        }
        _ => Ok(()),
    }
}

/// Whether times that went back behind `latest` leap to what comes after it, as those of the other program do; a restart gets there in its
/// own steps.
fn jumps_over(times: &[f64], latest: f64) -> bool {
    let steps = || times.windows(2).map(|pair| pair[1] - pair[0]);
    let least = steps().fold(f64::INFINITY, f64::min);
    times.windows(2).zip(steps()).any(|(pair, step)| pair[0] < latest && latest < pair[1] && step > 1.5 * least)
}

/// Whether the row says what the last one before it of the same time said: a restart often writes its first row again.
fn is_copy(columns: &[Vec<f64>], row: usize) -> bool {
    let times = &columns[columns.len() - 1];
    let before = (row.saturating_sub(FEW_ROWS)..row).rev().find(|before| times[*before] == times[row]);
    before.is_some_and(|before| columns.iter().all(|column| column[before].to_bits() == column[row].to_bits()))
}
