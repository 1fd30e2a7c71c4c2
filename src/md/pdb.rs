//! How are .pdb files read?
//!
//! The Protein Data Bank's format of coordinates (wwpdb.org, version 3.3) has fixed columns and angstrom. A model ends with ENDMDL, with
//! END, or where the next one begins: at MODEL, or at a CRYST1, TITLE or HEADER after atoms. A CRYST1 holds for all models up to the next
//! CRYST1.
use super::numbering::{DecodedNumber, NumberField};
use super::text::{LineReader, TextFrame, fixed_columns, read, title_time_ps};
use super::{Cell, Error, Frame, numbering};
use crate::science::chemistry::Element;
use crate::science::selection::Atom;
use std::path::Path;

/// Widths of residue and atom numbers, columns.
const RESID: u32 = 4;
const SERIAL: u32 = 5;

/// The atoms and positions of the first model of the file at `path`, whose contents are `bytes`. Every alternative location is an atom, as in
/// trajectories made from the file.
///
/// # Errors
/// A line is invalid.
pub(super) fn structure(path: &Path, bytes: &[u8]) -> Result<(Vec<Atom>, Frame), Error> {
    let mut lines = LineReader::new(path, bytes);
    let (mut records, mut frame) = (AtomRecords::default(), Frame::default());
    while frame.positions.is_empty() {
        if lines.is_blank() {
            return Err(Error::Empty { path: path.to_owned() });
        }
        read_model(&mut lines, &mut frame, &mut |record, line, lines| records.push(record, line, lines))?;
    }
    Ok((records.into_atoms(), frame))
}

/// Names and numbers of the atoms of a model, as written in the file.
#[derive(Default)]
struct AtomRecords {
    atoms: Vec<Atom>,
    resids: Vec<NumberField>,
    /// Serial numbers of ATOM and TER records, which are numbered together.
    serials: Vec<NumberField>,
    /// By atom: index of its serial number in `serials`.
    serial_indices: Vec<usize>,
}

impl AtomRecords {
    fn push(&mut self, record: Record, line: &str, lines: &LineReader) -> Result<(), Error> {
        let serial = NumberField { text: fixed_columns(line, 6, 11).to_owned(), ..NumberField::default() };
        if record == Record::ChainEnd {
            self.serials.extend(Some(serial).filter(|serial| !serial.text.is_empty()));
            return Ok(());
        }
        let text = fixed_columns(line, 22, 26);
        if !numbering::is_plausible(text) {
            return Err(lines.invalid_line(line, "an atom with its residue number in columns 23-26"));
        }
        let atom = Atom {
            name: fixed_columns(line, 12, 16).to_owned(),
            residue: fixed_columns(line, 17, 21).to_owned(),
            chain: fixed_columns(line, 21, 22).to_owned(),
            segid: fixed_columns(line, 72, 76).to_owned(),
            element: Element::from_symbol(fixed_columns(line, 76, 78)),
            ..Atom::default()
        };
        let begins_chain =
            self.atoms.last().is_none_or(|last| (&last.chain, &last.segid) != (&atom.chain, &atom.segid));
        let code = fixed_columns(line, 26, 27).chars().next();
        self.resids.push(NumberField { text: text.to_owned(), code, begins_chain });
        self.serial_indices.push(self.serials.len());
        self.serials.push(serial);
        self.atoms.push(atom);
        Ok(())
    }

    fn into_atoms(mut self) -> Vec<Atom> {
        self.join_fifth_digits();
        let resids = numbering::decode(&self.resids, RESID);
        // Without serial numbers atoms are numbered by their order.
        let is_numbered = self.serials.iter().any(|serial| !serial.text.is_empty());
        let serials = if is_numbered { numbering::decode(&self.serials, SERIAL) } else { Vec::new() };
        for (index, (atom, resid)) in self.atoms.iter_mut().zip(resids).enumerate() {
            (atom.resid, atom.icode, atom.resid_ambiguity) = (resid.value, resid.code, resid.ambiguity);
            let serial = serials.get(self.serial_indices[index]).cloned();
            let by_order = DecodedNumber { value: index as i64 + 1, ..DecodedNumber::default() };
            let DecodedNumber { value, ambiguity, .. } = serial.unwrap_or(by_order);
            (atom.serial, atom.serial_ambiguity) = (value, ambiguity);
        }
        fill_chains_and_segments(&mut self.atoms);
        self.atoms
    }

    /// Appends the digit in the column of insertion codes to residue numbers, where some number consists of it alone: then all of
    /// them have five columns.
    fn join_fifth_digits(&mut self) {
        let is_digit = |code: &Option<char>| code.is_some_and(|code| code.is_ascii_digit());
        if !self.resids.iter().any(|field| field.text.is_empty() && is_digit(&field.code)) {
            return;
        }
        let has_fifth_digit = |field: &NumberField| is_digit(&field.code) && field.text.len() < RESID as usize;
        for field in self.resids.iter_mut().filter(|field| has_fifth_digit(field)) {
            field.text.extend(field.code.take());
        }
    }
}

/// Copies chains to segments or segments to chains, in a file with only one of them: selections by either word find it.
fn fill_chains_and_segments(atoms: &mut [Atom]) {
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

/// The models of a file. Those before its first CRYST1 have the box `cell`.
///
/// # Errors
/// The file is not found, its last model is cut off, or atoms of a later model have other names than in the first.
pub(super) fn index(path: &Path, cell: Option<Cell>) -> Result<Vec<TextFrame>, Error> {
    let bytes = read(path)?;
    let mut lines = LineReader::new(path, &bytes);
    let mut models: Vec<TextFrame> = Vec::new();
    let (mut frame, mut has_ends, mut first) = (Frame { cell, ..Frame::default() }, false, Vec::new());
    while !lines.is_blank() {
        let offset = lines.offset;
        let number = models.len();
        let cut = || Error::Truncated { path: path.to_owned(), frame: number, last_ps: None };
        let mut atom = 0;
        let end = read_model(&mut lines, &mut frame, &mut |record, line, _| {
            if record == Record::ChainEnd {
                return Ok(());
            }
            let name = AtomLabel::from_line(line);
            match first.get(atom) {
                Some(other) if number > 0 && name != *other => {
                    let (found, expected) = (name.to_string(), other.to_string());
                    return Err(Error::AtomName { path: path.to_owned(), frame: number, atom, found, expected });
                }
                None if number == 0 => first.push(name),
                _ => {}
            }
            atom += 1;
            Ok(())
        });
        let end = match end {
            // The file ends within a line.
            Err(Error::InvalidLine { .. }) if number > 0 && lines.is_blank() => return Err(cut()),
            end => end?,
        };
        if frame.positions.is_empty() {
            continue;
        }
        has_ends |= end == ModelEnd::EndModel;
        let is_short = models.first().is_some_and(|first| frame.positions.len() < first.atoms);
        if end == ModelEnd::File && (has_ends || is_short) {
            return Err(cut());
        }
        let (time_ps, atoms, cell) = (frame.time_ps, frame.positions.len(), frame.cell);
        models.push(TextFrame { offset, time_ps, atoms, cell });
    }
    Ok(models)
}

/// The names of an atom and its residue, as written in columns 13-21.
#[derive(Clone, Copy, PartialEq)]
struct AtomLabel([u8; 9]);

impl AtomLabel {
    fn from_line(line: &str) -> Self {
        let mut name = [b' '; 9];
        let bytes = line.as_bytes();
        name.iter_mut().zip(bytes.get(12..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
        // Ignore alternative locations, and the sign that some programs write in column 21.
        (name[4], name[8]) = (b' ', b' ');
        Self(name)
    }
}

impl std::fmt::Display for AtomLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.0);
        let mut words = text.split_whitespace();
        write!(f, "{} of {}", words.next().unwrap_or("?"), words.next().unwrap_or("?"))
    }
}

/// Reads the model that `bytes` begin with; without a CRYST1 it has the box `cell`.
///
/// # Errors
/// A line is invalid; its number is counted from the beginning of the model.
pub(super) fn frame(path: &Path, bytes: &[u8], cell: Option<Cell>, frame: &mut Frame) -> Result<(), Error> {
    frame.cell = cell;
    read_model(&mut LineReader::new(path, bytes), frame, &mut |_, _, _| Ok(())).map(|_| ())
}

/// What ends a model.
#[derive(PartialEq)]
enum ModelEnd {
    /// ENDMDL.
    EndModel,
    /// END, or the beginning of the next one.
    Other,
    File,
}

/// Records that are passed on.
#[derive(Clone, Copy, PartialEq)]
enum Record {
    Atom,
    ChainEnd,
}

/// Called for each record, with its line.
type OnRecord<'a> = dyn FnMut(Record, &str, &LineReader) -> Result<(), Error> + 'a;

fn read_model(lines: &mut LineReader, frame: &mut Frame, on_record: &mut OnRecord) -> Result<ModelEnd, Error> {
    frame.positions.clear();
    frame.time_ps = None;
    loop {
        let before = lines.clone();
        let Some(line) = lines.next() else { return Ok(ModelEnd::File) };
        let has_atoms = !frame.positions.is_empty();
        // Serial numbers from 100000 on may begin one column earlier.
        let record = if line.starts_with("ATOM ") { "ATOM" } else { line.get(..6).unwrap_or(&line).trim_end() };
        match record {
            "ATOM" | "HETATM" => {
                let position = position(&line).filter(|_| line.len() >= COORDINATES_END || !lines.is_unterminated);
                frame
                    .positions
                    .push(position.ok_or_else(|| lines.invalid_line(&line, "an atom with three coordinates"))?);
                on_record(Record::Atom, &line, lines)?;
            }
            "MODEL" | "CRYST1" | "TITLE" | "HEADER" if has_atoms => {
                *lines = before;
                return Ok(ModelEnd::Other);
            }
            "CRYST1" => frame.cell = cell(&line).ok_or_else(|| lines.invalid_line(&line, "a box"))?,
            // GROMACS writes the time into the title.
            "TITLE" => frame.time_ps = title_time_ps(&line).or(frame.time_ps),
            "TER" if has_atoms => on_record(Record::ChainEnd, &line, lines)?,
            "ENDMDL" => return Ok(ModelEnd::EndModel),
            "END" if has_atoms => return Ok(ModelEnd::Other),
            _ => {}
        }
    }
}

/// The last column of coordinates.
const COORDINATES_END: usize = 54;

/// The coordinates of an atom, nm.
fn position(line: &str) -> Option<[f32; 3]> {
    let coordinate = |axis: usize| fixed_columns(line, 30 + 8 * axis, 38 + 8 * axis).parse::<f64>().ok();
    Some([coordinate(0)?, coordinate(1)?, coordinate(2)?].map(|x| (x / 10.0) as f32))
}

/// The box of a CRYST1 line, nm, from edge lengths and angles (inner none: a placeholder); none where the line is invalid.
fn cell(line: &str) -> Option<Option<Cell>> {
    let number = |from: usize, to: usize| fixed_columns(line, from, to).parse::<f64>().ok();
    let (a, b, c) = (number(6, 15)? / 10.0, number(15, 24)? / 10.0, number(24, 33)? / 10.0);
    let angles = [number(33, 40)?, number(40, 47)?, number(47, 54)?];
    // Structures that are no crystals have a box of 1 angstrom.
    if a * b * c <= 0.001_001 {
        return Some(None);
    }
    let cosine = |degree: f64| if degree == 90.0 { 0.0 } else { libm::cos(degree.to_radians()) };
    let [alpha, beta, gamma] = angles.map(cosine);
    let sine = libm::sqrt(1.0 - gamma * gamma);
    let y = (alpha - beta * gamma) / sine;
    let z = libm::sqrt(1.0 - beta * beta - y * y);
    Some(Some([[a, 0.0, 0.0], [b * gamma, b * sine, 0.0], [c * beta, c * y, c * z]]))
}
