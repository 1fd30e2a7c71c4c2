//! GROMACS' own text format of coordinates (manual.gromacs.org, "gro"): nm, fixed columns, as many digits as the writer chose.
use super::numbering::{self, Entry};
use super::text::{Lines, columns, read, time_of};
use super::{Error, Frame, Structure};
use crate::science::selection::Atom;
use std::fmt::Write;
use std::path::Path;

/// Columns of a residue's number.
const RESID: u32 = 5;
/// Bytes of the names of the residue and of the atom.
const NAMES: std::ops::Range<usize> = 5..15;

/// The first frame of a file.
///
/// # Errors
/// The file is missing or a line is faulty.
pub(super) fn structure(path: &Path) -> Result<Structure, Error> {
    let bytes = read(path)?;
    let mut lines = Lines::new(path, &bytes);
    if lines.is_blank() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let (mut atoms, mut numbers) = (Vec::new(), Vec::new());
    let mut frame = Frame::default();
    read_frame(&mut lines, &mut frame, &mut |line, place| {
        let text = columns(line, 0, RESID as usize);
        if !numbering::is_plausible(text) {
            return Err(place.fault(line, "an atom that begins with its residue's number"));
        }
        numbers.push(Entry { text: text.to_owned(), ..Entry::default() });
        atoms.push(Atom {
            name: columns(line, 10, 15).to_owned(),
            residue: columns(line, 5, 10).to_owned(),
            // Numbers in the file start again at 100,000.
            serial: atoms.len() as i64 + 1,
            ..Atom::default()
        });
        Ok(())
    })?;
    for (atom, number) in atoms.iter_mut().zip(numbering::decode(&numbers, RESID)) {
        (atom.resid, atom.resid_ambiguity) = (number.value, number.doubt);
    }
    Ok(Structure { atoms, frame })
}

/// Where each frame of a file begins, and its time where the title tells it.
///
/// # Errors
/// The file is missing, a line is faulty, the last frame is not whole, or atoms of a later one have other names than those of the first.
pub(super) fn index(path: &Path) -> Result<Vec<(u64, Option<f64>, usize)>, Error> {
    let bytes = read(path)?;
    let mut lines = Lines::new(path, &bytes);
    let (mut places, mut names) = (Vec::new(), Vec::new());
    let last = |places: &[(u64, Option<f64>, usize)]| places.last().and_then(|&(_, time, _)| time);
    while !lines.is_blank() {
        let offset = lines.offset;
        let title = lines.next().unwrap_or_default();
        let time = time_of(&title);
        let cut = || Error::Cut { path: path.to_owned(), frame: places.len(), last_ps: last(&places) };
        let count = lines.next().ok_or_else(cut)?;
        let atoms: usize = count.trim().parse().map_err(|_| lines.fault(&count, "the number of atoms"))?;
        for atom in 0..atoms {
            let line = lines.next().ok_or_else(cut)?;
            let name = line.as_bytes().get(NAMES).unwrap_or_default();
            match names.get(NAMES.len() * atom..NAMES.len() * (atom + 1)) {
                Some(first) if !places.is_empty() && !name.is_empty() && name != first => {
                    let [found, expected] = [name, first].map(name_of);
                    return Err(Error::Names { path: path.to_owned(), frame: places.len(), atom, found, expected });
                }
                None if places.is_empty() && name.len() == NAMES.len() => names.extend_from_slice(name),
                _ => {}
            }
        }
        lines.next().ok_or_else(cut)?;
        places.push((offset, time, atoms));
    }
    Ok(places)
}

/// An atom as it is named in messages.
fn name_of(columns: &[u8]) -> String {
    let (residue, name) = columns.split_at(columns.len() / 2);
    let text = |part: &[u8]| String::from_utf8_lossy(part).trim().to_owned();
    format!("{} of {}", text(name), text(residue))
}

/// Reads the frame that `bytes` begin with.
///
/// # Errors
/// A line is faulty; its number is counted from the frame's beginning.
pub(super) fn frame(path: &Path, bytes: &[u8], frame: &mut Frame) -> Result<(), Error> {
    read_frame(&mut Lines::new(path, bytes), frame, &mut |_, _| Ok(()))
}

type TakeLine<'a> = dyn FnMut(&str, &Lines) -> Result<(), Error> + 'a;

fn read_frame(lines: &mut Lines, frame: &mut Frame, take: &mut TakeLine) -> Result<(), Error> {
    let title = lines.next().unwrap_or_default();
    frame.time_ps = time_of(&title);
    let count = lines.next().unwrap_or_default();
    let atoms: usize = count.trim().parse().map_err(|_| lines.fault(&count, "the number of atoms"))?;
    frame.positions.clear();
    // The distance of decimal points tells the number of digits.
    let mut width = None;
    for _ in 0..atoms {
        let Some(line) = lines.next() else { return Err(lines.fault("", "an atom: the file ends too early")) };
        let width = *width.get_or_insert_with(|| digits(&line));
        let coordinate = |axis: usize| columns(&line, 20 + axis * width, 20 + (axis + 1) * width).parse::<f32>().ok();
        let position = (|| Some([coordinate(0)?, coordinate(1)?, coordinate(2)?]))();
        frame.positions.push(position.ok_or_else(|| lines.fault(&line, "an atom with three coordinates in nm"))?);
        take(&line, lines)?;
    }
    let Some(line) = lines.next() else { return Err(lines.fault("", "the box: the file ends too early")) };
    frame.cell = cell(&line).ok_or_else(|| lines.fault(&line, "a box of three or nine lengths in nm"))?;
    Ok(())
}

/// The width of a coordinate's column; 8 where there are no three decimal points.
fn digits(line: &str) -> usize {
    let points: Vec<usize> = line.char_indices().skip(20).filter(|(_, c)| *c == '.').map(|(at, _)| at).collect();
    if points.len() < 2 { 8 } else { points[1] - points[0] }
}

/// The text of one frame, with six decimals: what no other format of coordinates has more of.
///
/// Numbers of residues and atoms start again at 100,000, as GROMACS has them, and names are cut to five characters.
pub fn text(title: &str, atoms: &[Atom], frame: &Frame) -> String {
    let time = frame.time_ps.map_or(String::new(), |time| format!(" t= {time:.5}"));
    let mut text = format!("{}{time}\n{}\n", title.replace(['\n', '\r'], " "), atoms.len());
    let short = |name: &str| name.chars().take(5).collect::<String>();
    for (place, (atom, [x, y, z])) in atoms.iter().zip(&frame.positions).enumerate() {
        let (resid, number) = (atom.resid.rem_euclid(100_000), (place + 1) % 100_000);
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

/// The box from `v1x v2y v3z [v1y v1z v2x v2z v3x v3y]`; none where it has no volume.
fn cell(line: &str) -> Option<Option<[[f64; 3]; 3]>> {
    let v: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let cell = match v.len() {
        3 => [[v[0], 0.0, 0.0], [0.0, v[1], 0.0], [0.0, 0.0, v[2]]],
        9 => [[v[0], v[3], v[4]], [v[5], v[1], v[6]], [v[7], v[8], v[2]]],
        _ => return None,
    };
    Some((v[0] * v[1] * v[2] != 0.0).then_some(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
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
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.gro");
            std::fs::write(&path, text).unwrap();
            let read = structure(&path).unwrap();
            assert_eq!(read.frame, frame);
            assert_eq!((&*read.atoms[0].name, &*read.atoms[1].name), ("CA", "HB1LO"));
            assert_eq!((read.atoms[0].resid, read.atoms[1].resid, &*read.atoms[1].residue), (2, 3, "ALA"));
        }
    }
}
