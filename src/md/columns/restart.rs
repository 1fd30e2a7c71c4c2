//! What did a program write again after it was restarted?
use super::Note;
use std::ops::Range;

/// Leaves of rows the last ones of their time: where the time of `columns`' last one goes back (`descents`: row and line), rows from there on
/// were written again. A note for each.
pub fn drop_repeated(columns: &mut [Vec<f64>], descents: &[(usize, usize)], notes: &mut Vec<Note>) {
    let Some(times) = columns.last().filter(|_| !descents.is_empty()) else { return };
    let mut kept: Vec<Range<usize>> = Vec::new();
    let ends = descents.iter().map(|(row, _)| *row).chain([times.len()]);
    let mut begin = 0;
    for (k, end) in ends.enumerate() {
        if k > 0 {
            let dropped = drop_from(times, times[begin], &mut kept);
            notes.push(note(descents[k - 1].1, times[begin], dropped, kept.is_empty()));
        }
        kept.push(begin..end);
        begin = end;
    }
    for column in columns {
        *column = kept.iter().flat_map(|rows| &column[rows.clone()]).copied().collect();
    }
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

fn note(line: usize, time: f64, dropped: usize, is_all: bool) -> Note {
    let rows = if dropped == 1 { "row" } else { "rows" };
    let all = if is_all { ", which is all before it (are there two runs in the file?)" } else { "" };
    let text = format!("time goes back to {time}: {dropped} earlier {rows} from there on count as repeated{all}");
    Note { line, text }
}
