//! What does an xyz file say?
//!
//! A number of atoms, a line of comment, and a line for each atom: its symbol or atomic number and x, y and z. Further columns are
//! ignored, and another such block is another frame.
use super::cell::{self, Stated};
use crate::science::chemistry::Element;

/// Something that is wrong in a line, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub line: usize,
    pub message: String,
    pub help: &'static str,
}

/// Elements and positions, in the file's own unit, of one frame.
#[derive(Debug, PartialEq)]
pub struct Frame {
    pub elements: Vec<Element>,
    pub positions: Vec<[f64; 3]>,
    /// What its comment states of a periodic cell.
    pub cell: Stated,
}

const ATOM_HELP: &str = "give each atom as symbol or atomic number, x, y and z";

/// Every frame of an xyz file.
///
/// # Errors
/// What is wrong in the first frame that cannot be read, or where frames differ in their elements.
pub fn parse(text: &str) -> Result<Vec<Frame>, Vec<Wrong>> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let mut frames = Vec::<Frame>::new();
    loop {
        // Blank lines at the end, or between frames.
        while lines.next_if(|(_, line)| line.trim().is_empty()).is_some() {}
        let Some((line, count)) = lines.next() else { break };
        let count = atom_count(line, count, frames.len()).map_err(|wrong| vec![wrong])?;
        let comment = lines.next();
        comment.into_iter().try_for_each(|(line, comment)| check_columns(line, comment))?;
        let cell = comment
            .map_or(Ok(Stated::Nothing), |(line, comment)| cell::read(line, comment))
            .map_err(|wrong| vec![wrong])?;
        let rows: Vec<_> = lines.by_ref().take(count).collect();
        let frame = Frame { cell, ..read_frame(&rows)? };
        if frame.elements.len() < count {
            let (number, found) = (frames.len(), frame.elements.len());
            let message = format!("frame {number} must have {count} atoms, but the file ends after {found}");
            return Err(vec![Wrong { line, message, help: "correct the number of atoms, or add those that miss" }]);
        }
        if let Some(first) = frames.first() {
            check_elements(first, &frame, frames.len(), line)?;
        }
        frames.push(frame);
    }
    match frames.is_empty() {
        true => Err(vec![Wrong { line: 1, message: "the file is empty".into(), help: ATOM_HELP }]),
        false => Ok(frames),
    }
}

/// Lines of atoms alone; blank ones are left out.
///
/// # Errors
/// A line is no atom, or there is none.
pub fn parse_atoms(text: &str) -> Result<Frame, Vec<Wrong>> {
    let rows: Vec<_> = (1..).zip(text.lines()).filter(|(_, row)| !row.trim().is_empty()).collect();
    if rows.is_empty() {
        return Err(vec![Wrong { line: 1, message: "there are no atoms".into(), help: ATOM_HELP }]);
    }
    read_frame(&rows)
}

fn atom_count(line: usize, text: &str, frame: usize) -> Result<usize, Wrong> {
    match text.trim().parse() {
        Ok(0) => Err(Wrong { line, message: format!("frame {frame} has no atoms"), help: "remove the frame" }),
        Ok(count) => Ok(count),
        Err(_) => {
            let message = format!("expected the number of atoms of frame {frame}, found `{}`", shortened(text));
            let help = "begin every frame with its number of atoms and a line of comment; check the number before";
            Err(Wrong { line, message, help })
        }
    }
}

/// Extended xyz files tell their columns: others than the usual ones would be misread.
fn check_columns(line: usize, comment: &str) -> Result<(), Vec<Wrong>> {
    let Some((_, columns)) = comment.split_once("Properties=") else { return Ok(()) };
    let columns = columns.trim_start_matches('"').to_ascii_lowercase();
    if columns.starts_with("species:s:1:pos:r:3") {
        return Ok(());
    }
    let message = format!("the columns are `{}`", shortened(&columns));
    Err(vec![Wrong { line, message, help: "write species and pos first: Properties=species:S:1:pos:R:3" }])
}

fn read_frame(rows: &[(usize, &str)]) -> Result<Frame, Vec<Wrong>> {
    let (mut frame, mut wrong) =
        (Frame { elements: Vec::new(), positions: Vec::new(), cell: Stated::Nothing }, Vec::new());
    for &(line, row) in rows {
        match read_atom(row) {
            Ok((element, position)) => {
                frame.elements.push(element);
                frame.positions.push(position);
            }
            // The file ends here; its caller counts.
            Err(_) if row.trim().is_empty() && rows.iter().all(|(l, row)| *l < line || row.trim().is_empty()) => break,
            Err(message) => wrong.push(Wrong { line, message, help: ATOM_HELP }),
        }
    }
    if wrong.is_empty() { Ok(frame) } else { Err(wrong) }
}

fn read_atom(row: &str) -> Result<(Element, [f64; 3]), String> {
    let mut words = row.split_whitespace();
    let word = words.next().ok_or("there is no atom in this line")?;
    let number = word.parse().ok().and_then(Element::of_number);
    let element = number.or_else(|| Element::of_symbol(word)).ok_or_else(|| format!("`{word}` is no element"))?;
    let mut position = [0.0; 3];
    for (name, x) in ["x", "y", "z"].into_iter().zip(&mut position) {
        let word = words.next().ok_or_else(|| format!("{name} is missing"))?;
        // Fortran's programs write 1.0D-3.
        let number = word.replace(['d', 'D'], "e").parse::<f64>().ok().filter(|x| x.is_finite());
        *x = number.ok_or_else(|| format!("{name} is `{word}`, not a number"))?;
    }
    Ok((element, position))
}

/// Frames of one file are one cluster at several times: only positions may differ.
fn check_elements(first: &Frame, frame: &Frame, number: usize, line: usize) -> Result<(), Vec<Wrong>> {
    let help = "give every frame the same elements in the same order, or put it into a file of its own";
    let (wanted, found) = (first.elements.len(), frame.elements.len());
    if wanted != found {
        let message = format!("frame {number} has {found} atoms, but frame 0 has {wanted}");
        return Err(vec![Wrong { line, message, help }]);
    }
    let mut pairs = first.elements.iter().zip(&frame.elements).enumerate();
    match pairs.find(|(_, (one, other))| one != other) {
        None => Ok(()),
        Some((atom, (one, other))) => {
            let message = format!("atom {atom} of frame {number} is {other}, but {one} in frame 0");
            Err(vec![Wrong { line: line + 2 + atom, message, help }])
        }
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<(usize, String)> {
        parse(text).unwrap_err().into_iter().map(|wrong| (wrong.line, wrong.message)).collect()
    }

    #[test]
    fn symbols_numbers_columns_line_ends_and_blank_lines_are_read() {
        let frames = parse("2\r\n\r\nhe 0 0 0 0.1 label\r\n10  1.5D0 -2e-1 3\r\n\r\n\r\n").unwrap();
        let symbols: Vec<_> = frames[0].elements.iter().map(ToString::to_string).collect();
        assert_eq!(symbols, ["He", "Ne"]);
        assert_eq!(frames[0].positions, [[0.0; 3], [1.5, -0.2, 3.0]]);
        let frames = parse("1\na\nH 0 0 0\n\n1\nProperties=species:S:1:pos:R:3:forces:R:3\nH 1 0 0 9 9 9").unwrap();
        assert_eq!((frames.len(), frames[1].positions[0][0]), (2, 1.0));
    }

    #[test]
    fn every_fault_of_a_frame_names_its_line() {
        let text = "4\n\nH 0 0 0\nHW 0 0 0\nH 0 0\nH 0 zero 0\n";
        let told = [(4, "`HW` is no element"), (5, "z is missing"), (6, "y is `zero`, not a number")];
        assert_eq!(wrong(text), told.map(|(line, message)| (line, message.to_owned())));
    }

    #[test]
    fn wrong_counts_and_other_columns_are_told() {
        for (text, line, message) in [
            ("", 1, "the file is empty"),
            ("\n0\n\n", 2, "frame 0 has no atoms"),
            ("H 0 0 0\n", 1, "expected the number of atoms of frame 0, found `H 0 0 0`"),
            ("1\n\nH 0 0 0\nH 0 0 1\n", 4, "expected the number of atoms of frame 1, found `H 0 0 1`"),
            ("3\n\nH 0 0 0\nH 0 0 1\n\n", 1, "frame 0 must have 3 atoms, but the file ends after 2"),
            ("1\n\nH inf 0 0\n", 3, "x is `inf`, not a number"),
            ("1\nProperties=pos:R:3:species:S:1\nH 0 0 0\n", 2, "the columns are `pos:r:3:species:s:1`"),
            ("1\n\nH 0 0 0\n2\n\nH 0 0 0\nH 0 0 1", 4, "frame 1 has 2 atoms, but frame 0 has 1"),
            ("2\n\nH 0 0 0\nO 0 0 1\n2\n\nH 0 0 0\nC 0 0 1", 8, "atom 1 of frame 1 is C, but O in frame 0"),
        ] {
            assert_eq!(wrong(text), [(line, message.to_owned())], "{text:?}");
        }
    }
}
