//! The Protein Data Bank's format of coordinates (wwpdb.org, version 3.3): angstrom, fixed columns.
//!
//! A model ends with ENDMDL, with END, or where MODEL, or a CRYST1, TITLE or HEADER behind atoms, begins the next. The box of a CRYST1 is that of
//! all models up to the next CRYST1.
use super::numbering::{self, Entry, Number};
use super::text::{Lines, columns, read};
use super::{Error, Frame, Structure};
use crate::science::chemistry::Element;
use crate::science::selection::Atom;
use std::path::Path;

/// Vectors of a periodic box in rows, nm.
pub(super) type Cell = [[f64; 3]; 3];

/// Columns of the numbers of residues and atoms.
const RESID: u32 = 4;
const SERIAL: u32 = 5;

/// The first model of a file. Of alternative locations all are atoms, as in trajectories made from the file.
///
/// # Errors
/// The file is missing or a line is faulty.
pub(super) fn structure(path: &Path) -> Result<Structure, Error> {
    let bytes = read(path)?;
    let mut lines = Lines::new(path, &bytes);
    let (mut names, mut frame) = (Names::default(), Frame::default());
    while frame.positions.is_empty() {
        if lines.is_blank() {
            return Err(Error::Empty { path: path.to_owned() });
        }
        read_model(&mut lines, &mut frame, &mut |record, line, place| names.take(record, line, place))?;
    }
    Ok(Structure { atoms: names.into_atoms(), frame })
}

/// Names and numbers of a model's atoms, as they are written.
#[derive(Default)]
struct Names {
    atoms: Vec<Atom>,
    resids: Vec<Entry>,
    /// Of atoms and of ends of chains, which are numbered with them.
    serials: Vec<Entry>,
    /// Which of the serial numbers are of atoms.
    places: Vec<usize>,
}

impl Names {
    fn take(&mut self, record: Record, line: &str, place: &Lines) -> Result<(), Error> {
        let serial = Entry { text: columns(line, 6, 11).to_owned(), ..Entry::default() };
        if record == Record::ChainEnd {
            self.serials.extend(Some(serial).filter(|serial| !serial.text.is_empty()));
            return Ok(());
        }
        let text = columns(line, 22, 26);
        if !numbering::is_plausible(text) {
            return Err(place.fault(line, "an atom with its residue's number in columns 23-26"));
        }
        let atom = Atom {
            name: columns(line, 12, 16).to_owned(),
            residue: columns(line, 17, 21).to_owned(),
            chain: columns(line, 21, 22).to_owned(),
            segid: columns(line, 72, 76).to_owned(),
            element: Element::from_symbol(columns(line, 76, 78)),
            ..Atom::default()
        };
        let begins_chain =
            self.atoms.last().is_none_or(|last| (&last.chain, &last.segid) != (&atom.chain, &atom.segid));
        self.resids.push(Entry { text: text.to_owned(), code: columns(line, 26, 27).chars().next(), begins_chain });
        self.places.push(self.serials.len());
        self.serials.push(serial);
        self.atoms.push(atom);
        Ok(())
    }

    fn into_atoms(mut self) -> Vec<Atom> {
        self.widen();
        let resids = numbering::decode(&self.resids, RESID);
        // A file without numbers of atoms has their places.
        let is_numbered = self.serials.iter().any(|serial| !serial.text.is_empty());
        let serials = if is_numbered { numbering::decode(&self.serials, SERIAL) } else { Vec::new() };
        for (place, (atom, resid)) in self.atoms.iter_mut().zip(resids).enumerate() {
            (atom.resid, atom.icode, atom.resid_ambiguity) = (resid.value, resid.code, resid.doubt);
            let serial = serials.get(self.places[place]).cloned();
            let Number { value, doubt, .. } = serial.unwrap_or(Number { value: place as i64 + 1, ..Number::default() });
            (atom.serial, atom.serial_ambiguity) = (value, doubt);
        }
        share(&mut self.atoms);
        self.atoms
    }

    /// Where a number stands in the column of the insertion code alone, numbers have five columns.
    fn widen(&mut self) {
        let is_digit = |code: &Option<char>| code.is_some_and(|code| code.is_ascii_digit());
        if !self.resids.iter().any(|entry| entry.text.is_empty() && is_digit(&entry.code)) {
            return;
        }
        let are_digits = |entry: &Entry| is_digit(&entry.code) && entry.text.len() < RESID as usize;
        for entry in self.resids.iter_mut().filter(|entry| are_digits(entry)) {
            entry.text.extend(entry.code.take());
        }
    }
}

/// In a file that has only one of chains and segments each word finds it.
fn share(atoms: &mut [Atom]) {
    let has_chains = atoms.iter().any(|atom| !atom.chain.is_empty());
    let has_segments = atoms.iter().any(|atom| !atom.segid.is_empty());
    for atom in atoms {
        match (has_chains, has_segments) {
            (true, false) => atom.segid.clone_from(&atom.chain),
            (false, true) => atom.chain.clone_from(&atom.segid),
            _ => {}
        }
    }
}

/// A model of a file.
pub(super) struct Model {
    /// Where it begins, bytes.
    pub offset: u64,
    pub time_ps: Option<f64>,
    pub atoms: usize,
    /// Its box, which a model before it may have named.
    pub cell: Option<Cell>,
}

/// The models of a file. The first ones have the box `cell` where the file names none.
///
/// # Errors
/// The file is missing, its last model is cut off, or atoms of a later model have other names than those of the first.
pub(super) fn index(path: &Path, cell: Option<Cell>) -> Result<Vec<Model>, Error> {
    let bytes = read(path)?;
    let mut lines = Lines::new(path, &bytes);
    let mut models: Vec<Model> = Vec::new();
    let (mut frame, mut has_ends, mut first) = (Frame { cell, ..Frame::default() }, false, Vec::new());
    while !lines.is_blank() {
        let offset = lines.offset;
        let number = models.len();
        let cut = || Error::Cut { path: path.to_owned(), frame: number, last_ps: None };
        let mut place = 0;
        let ended = read_model(&mut lines, &mut frame, &mut |record, line, _| {
            if record == Record::ChainEnd {
                return Ok(());
            }
            let name = NameOf::of(line);
            match first.get(place) {
                Some(other) if number > 0 && name != *other => {
                    let (found, expected) = (name.to_string(), other.to_string());
                    return Err(Error::Names { path: path.to_owned(), frame: number, atom: place, found, expected });
                }
                None if number == 0 => first.push(name),
                _ => {}
            }
            place += 1;
            Ok(())
        });
        let ended = match ended {
            // Half a line at the end.
            Err(Error::Line { .. }) if number > 0 && lines.is_blank() => return Err(cut()),
            ended => ended?,
        };
        if frame.positions.is_empty() {
            continue;
        }
        has_ends |= ended == Ended::Model;
        let is_short = models.first().is_some_and(|first| frame.positions.len() < first.atoms);
        if ended == Ended::File && (has_ends || is_short) {
            return Err(cut());
        }
        let (time_ps, atoms, cell) = (frame.time_ps, frame.positions.len(), frame.cell);
        models.push(Model { offset, time_ps, atoms, cell });
    }
    Ok(models)
}

/// Names of an atom and its residue, as they are written.
#[derive(Clone, Copy, PartialEq)]
struct NameOf([u8; 9]);

impl NameOf {
    fn of(line: &str) -> Self {
        let mut name = [b' '; 9];
        let bytes = line.as_bytes();
        name.iter_mut().zip(bytes.get(12..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
        // Alternative locations, and the sign in column 21 of some programs.
        (name[4], name[8]) = (b' ', b' ');
        Self(name)
    }
}

impl std::fmt::Display for NameOf {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.0);
        let mut words = text.split_whitespace();
        write!(f, "{} of {}", words.next().unwrap_or("?"), words.next().unwrap_or("?"))
    }
}

/// Reads the model that `bytes` begin with, which has the box `cell` where it names none.
///
/// # Errors
/// A line is faulty; its number is counted from the model's beginning.
pub(super) fn frame(path: &Path, bytes: &[u8], cell: Option<Cell>, frame: &mut Frame) -> Result<(), Error> {
    frame.cell = cell;
    read_model(&mut Lines::new(path, bytes), frame, &mut |_, _, _| Ok(())).map(|_| ())
}

/// What a model came to its end by.
#[derive(PartialEq)]
enum Ended {
    /// ENDMDL.
    Model,
    /// END, or the beginning of the next one.
    Other,
    File,
}

/// Lines that are handed on.
#[derive(Clone, Copy, PartialEq)]
enum Record {
    Atom,
    ChainEnd,
}

type TakeLine<'a> = dyn FnMut(Record, &str, &Lines) -> Result<(), Error> + 'a;

fn read_model(lines: &mut Lines, frame: &mut Frame, take: &mut TakeLine) -> Result<Ended, Error> {
    frame.positions.clear();
    frame.time_ps = None;
    loop {
        let before = lines.clone();
        let Some(line) = lines.next() else { return Ok(Ended::File) };
        let has_atoms = !frame.positions.is_empty();
        // Numbers of atoms from 100000 on may begin one column earlier.
        let record = if line.starts_with("ATOM ") { "ATOM" } else { line.get(..6).unwrap_or(&line).trim_end() };
        match record {
            "ATOM" | "HETATM" => {
                let position = position(&line).filter(|_| line.len() >= COORDINATES || !lines.is_unfinished());
                frame.positions.push(position.ok_or_else(|| lines.fault(&line, "an atom with three coordinates"))?);
                take(Record::Atom, &line, lines)?;
            }
            "MODEL" | "CRYST1" | "TITLE" | "HEADER" if has_atoms => {
                *lines = before;
                return Ok(Ended::Other);
            }
            "CRYST1" => frame.cell = cell(&line).ok_or_else(|| lines.fault(&line, "a box"))?,
            // GROMACS writes times there.
            "TITLE" => frame.time_ps = super::text::time_of(&line).or(frame.time_ps),
            "TER" if has_atoms => take(Record::ChainEnd, &line, lines)?,
            "ENDMDL" => return Ok(Ended::Model),
            "END" if has_atoms => return Ok(Ended::Other),
            _ => {}
        }
    }
}

/// Coordinates end behind so many columns.
const COORDINATES: usize = 54;

/// The coordinates of an atom, nm.
fn position(line: &str) -> Option<[f32; 3]> {
    let coordinate = |axis: usize| columns(line, 30 + 8 * axis, 38 + 8 * axis).parse::<f64>().ok();
    Some([coordinate(0)?, coordinate(1)?, coordinate(2)?].map(|x| (x / 10.0) as f32))
}

/// The box of a CRYST1 line, nm: lengths of its edges and the angles between them; none where it is a placeholder.
fn cell(line: &str) -> Option<Option<Cell>> {
    let number = |from: usize, to: usize| columns(line, from, to).parse::<f64>().ok();
    let (a, b, c) = (number(6, 15)? / 10.0, number(15, 24)? / 10.0, number(24, 33)? / 10.0);
    let angles = [number(33, 40)?, number(40, 47)?, number(47, 54)?];
    // Structures without a crystal have a box of 1 angstrom.
    if a * b * c <= 0.001_001 {
        return Some(None);
    }
    let right = |degree: f64| if degree == 90.0 { 0.0 } else { libm::cos(degree.to_radians()) };
    let [alpha, beta, gamma] = angles.map(right);
    let sine = libm::sqrt(1.0 - gamma * gamma);
    let y = (alpha - beta * gamma) / sine;
    let z = libm::sqrt(1.0 - beta * beta - y * y);
    Some(Some([[a, 0.0, 0.0], [b * gamma, b * sine, 0.0], [c * beta, c * y, c * z]]))
}
