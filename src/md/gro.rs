//! How are .gro files read and written?
//!
//! GROMACS' text format of coordinates (manual.gromacs.org, "gro") has fixed columns, nm, and as many decimals as the writer chose.
use super::numbering::NumberField;
use super::text::{LineReader, TextFrame, fixed_columns, read, title_time_ps};
use super::{Cell, Error, Frame, numbering, with_volume};
use crate::science::selection::Atom;
use std::fmt::Write;
use std::path::Path;

/// Width of a residue number, columns.
const RESID: u32 = 5;
/// Bytes of the residue name and the atom name.
const NAMES: std::ops::Range<usize> = 5..15;

/// The atoms and the first frame of the file at `path`, whose contents are `bytes`.
///
/// # Errors
/// A line is invalid.
pub(super) fn structure(path: &Path, bytes: &[u8]) -> Result<(Vec<Atom>, Frame), Error> {
    let mut lines = LineReader::new(path, bytes);
    if lines.is_blank() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let (mut atoms, mut resids) = (Vec::new(), Vec::new());
    let mut frame = Frame::default();
    read_frame(&mut lines, &mut frame, &mut |line, lines| {
        let text = fixed_columns(line, 0, RESID as usize);
        if !numbering::is_plausible(text) {
            return Err(lines.invalid_line(line, "an atom that begins with its residue number"));
        }
        resids.push(NumberField { text: text.to_owned(), ..NumberField::default() });
        atoms.push(Atom {
            name: fixed_columns(line, 10, 15).to_owned(),
            residue: fixed_columns(line, 5, 10).to_owned(),
            // Atom numbers in the file restart at 100,000.
            serial: atoms.len() as i64 + 1,
            ..Atom::default()
        });
        Ok(())
    })?;
    for (atom, resid) in atoms.iter_mut().zip(numbering::decode(&resids, RESID)) {
        (atom.resid, atom.resid_ambiguity) = (resid.value, resid.ambiguity);
    }
    Ok((atoms, frame))
}

/// The frames of a file, with times where titles contain them.
///
/// # Errors
/// The file is not found, a line is invalid, the last frame is cut off, or atoms of a later frame have other names than in the
/// first.
pub(super) fn index(path: &Path) -> Result<Vec<TextFrame>, Error> {
    let bytes = read(path)?;
    let mut lines = LineReader::new(path, &bytes);
    let (mut frames, mut names): (Vec<TextFrame>, Vec<u8>) = (Vec::new(), Vec::new());
    while !lines.is_blank() {
        let offset = lines.offset;
        let title = lines.next().unwrap_or_default();
        let time_ps = title_time_ps(&title);
        let last_ps = frames.last().and_then(|last| last.time_ps);
        let cut = || Error::Truncated { path: path.to_owned(), frame: frames.len(), last_ps };
        let count = lines.next().ok_or_else(cut)?;
        let atoms: usize = count.trim().parse().map_err(|_| lines.invalid_line(&count, "the number of atoms"))?;
        for atom in 0..atoms {
            let line = lines.next().ok_or_else(cut)?;
            let name = line.as_bytes().get(NAMES).unwrap_or_default();
            match names.get(NAMES.len() * atom..NAMES.len() * (atom + 1)) {
                Some(first) if !frames.is_empty() && !name.is_empty() && name != first => {
                    let [found, expected] = [name, first].map(atom_label);
                    return Err(Error::AtomName { path: path.to_owned(), frame: frames.len(), atom, found, expected });
                }
                None if frames.is_empty() && name.len() == NAMES.len() => names.extend_from_slice(name),
                _ => {}
            }
        }
        lines.next().ok_or_else(cut)?;
        frames.push(TextFrame { offset, time_ps, atoms, cell: None });
    }
    Ok(frames)
}

/// How messages call an atom: `CA of ALA`.
fn atom_label(columns: &[u8]) -> String {
    let (residue, name) = columns.split_at(columns.len() / 2);
    let text = |part: &[u8]| String::from_utf8_lossy(part).trim().to_owned();
    format!("{} of {}", text(name), text(residue))
}

/// Reads the frame that `bytes` begin with.
///
/// # Errors
/// A line is invalid; its number is counted from the beginning of the frame.
pub(super) fn frame(path: &Path, bytes: &[u8], frame: &mut Frame) -> Result<(), Error> {
    read_frame(&mut LineReader::new(path, bytes), frame, &mut |_, _| Ok(()))
}

/// Called for each line of an atom.
type OnAtom<'a> = dyn FnMut(&str, &LineReader) -> Result<(), Error> + 'a;

fn read_frame(lines: &mut LineReader, frame: &mut Frame, on_atom: &mut OnAtom) -> Result<(), Error> {
    let title = lines.next().unwrap_or_default();
    frame.time_ps = title_time_ps(&title);
    let count = lines.next().unwrap_or_default();
    let atoms: usize = count.trim().parse().map_err(|_| lines.invalid_line(&count, "the number of atoms"))?;
    frame.positions.clear();
    // The distance between decimal points is the width of a coordinate.
    let mut width = None;
    for _ in 0..atoms {
        let Some(line) = lines.next() else { return Err(lines.unexpected_end("an atom")) };
        let width = *width.get_or_insert_with(|| coordinate_width(&line));
        let coordinate =
            |axis: usize| fixed_columns(&line, 20 + axis * width, 20 + (axis + 1) * width).parse::<f32>().ok();
        let position = (|| Some([coordinate(0)?, coordinate(1)?, coordinate(2)?]))();
        frame
            .positions
            .push(position.ok_or_else(|| lines.invalid_line(&line, "an atom with three coordinates in nm"))?);
        on_atom(&line, lines)?;
    }
    let Some(line) = lines.next() else { return Err(lines.unexpected_end("the box")) };
    frame.cell = cell(&line).ok_or_else(|| lines.invalid_line(&line, "a box of three or nine lengths in nm"))?;
    Ok(())
}

/// Width of a coordinate, columns; 8 where the line has fewer than two decimal points.
fn coordinate_width(line: &str) -> usize {
    let points: Vec<usize> = line.char_indices().skip(20).filter(|(_, c)| *c == '.').map(|(byte, _)| byte).collect();
    if points.len() < 2 { 8 } else { points[1] - points[0] }
}

/// The text of a .gro file with one frame; positions have six decimals.
///
/// Residue and atom numbers restart at 100,000, as in GROMACS, and names are cut to five characters.
pub fn text(title: &str, atoms: &[Atom], frame: &Frame) -> String {
    let time = frame.time_ps.map_or(String::new(), |time| format!(" t= {time:.5}"));
    let mut text = format!("{}{time}\n{}\n", title.replace(['\n', '\r'], " "), atoms.len());
    let short = |name: &str| name.chars().take(5).collect::<String>();
    for (index, (atom, [x, y, z])) in atoms.iter().zip(&frame.positions).enumerate() {
        let (resid, number) = (atom.resid.rem_euclid(100_000), (index + 1) % 100_000);
        let (residue, name) = (short(&atom.residue), short(&atom.name));
        let _ = writeln!(text, "{resid:5}{residue:<5}{name:>5}{number:5}{x:11.6}{y:11.6}{z:11.6}");
    }
    let cell = frame.cell.unwrap_or_default();
    let diagonal = [0, 1, 2].map(|k| cell[k][k]);
    let rest = [cell[0][1], cell[0][2], cell[1][0], cell[1][2], cell[2][0], cell[2][1]];
    let is_skewed = rest.iter().any(|x| *x != 0.0);
    let numbers = diagonal.iter().chain(rest.iter().filter(|_| is_skewed));
    numbers.for_each(|x| {
        let _ = write!(text, " {x:11.6}");
    });
    text.push('\n');
    text
}

/// The box of a line `v1x v2y v3z [v1y v1z v2x v2z v3x v3y]` (inner none: it has no volume); none where the line is invalid.
fn cell(line: &str) -> Option<Option<Cell>> {
    let v: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let cell = match v.len() {
        3 => [[v[0], 0.0, 0.0], [0.0, v[1], 0.0], [0.0, 0.0, v[2]]],
        9 => [[v[0], v[3], v[4]], [v[5], v[1], v[6]], [v[7], v[8], v[2]]],
        _ => return None,
    };
    Some(with_volume(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_reads_back_the_same() {
        let atom = |resid, name: &str| Atom { name: name.into(), residue: "ALA".into(), resid, ..Atom::default() };
        let atoms = [atom(2, "CA"), atom(100_003, "HB1LONG")];
        let positions = vec![[0.123_456, -1.5, 29.999_999], [1234.25, 0.0, -99.0]];
        for cell in [
            None,
            Some([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.5, 1.0, 5.0]]),
            Some([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 5.0]]),
        ] {
            let frame = Frame { time_ps: Some(12.5), cell, positions: positions.clone() };
            let text = text("a start", &atoms, &frame);
            let (atoms, read) = structure(Path::new("a.gro"), text.as_bytes()).unwrap();
            assert_eq!(read, frame);
            assert_eq!((&*atoms[0].name, &*atoms[1].name), ("CA", "HB1LO"));
            assert_eq!((atoms[0].resid, atoms[1].resid, &*atoms[1].residue), (2, 3, "ALA"));
        }
    }
}
