//! The Protein Data Bank's format of coordinates (wwpdb.org, version 3.3): angstrom, fixed columns.
use super::text::{Lines, columns, read};
use super::{Error, Frame, Structure};
use crate::science::chemistry::Element;
use crate::science::selection::Atom;
use std::path::Path;

/// The first model of a file. Of alternative locations all are atoms, as in trajectories made from the file.
///
/// # Errors
/// The file is missing or a line is faulty.
pub(super) fn structure(path: &Path) -> Result<Structure, Error> {
    let bytes = read(path)?;
    let mut lines = Lines::new(path, &bytes);
    let (mut atoms, mut frame) = (Vec::new(), Frame::default());
    read_model(&mut lines, &mut frame, &mut |line, place| {
        let resid = columns(line, 22, 26);
        let (name, symbol) = (columns(line, 12, 16), columns(line, 76, 78));
        atoms.push(Atom {
            name: name.to_owned(),
            residue: columns(line, 17, 21).to_owned(),
            resid: resid
                .parse()
                .map_err(|_| place.fault(line, "an atom with its residue's number in columns 23-26"))?,
            serial: columns(line, 6, 11).parse().unwrap_or(atoms.len() as i64 + 1),
            chain: Some(columns(line, 72, 76)).filter(|id| !id.is_empty()).unwrap_or(columns(line, 21, 22)).to_owned(),
            element: Element::of_symbol(symbol),
        });
        Ok(())
    })?;
    if atoms.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    Ok(Structure { atoms, frame })
}

/// Where each model of a file begins, and its number of atoms.
///
/// # Errors
/// The file is missing, or its last model is cut off.
pub(super) fn index(path: &Path) -> Result<Vec<(u64, Option<f64>, usize)>, Error> {
    let bytes = read(path)?;
    let mut lines = Lines::new(path, &bytes);
    let mut places = Vec::new();
    let (mut frame, mut has_models) = (Frame::default(), false);
    while !lines.is_blank() {
        let offset = lines.offset;
        let cut = || Error::Cut { path: path.to_owned(), frame: places.len(), last_ps: None };
        let ended = match read_model(&mut lines, &mut frame, &mut |_, _| Ok(())) {
            // Half a line at the end.
            Err(Error::Line { .. }) if has_models && lines.is_blank() => return Err(cut()),
            ended => ended?,
        };
        if frame.positions.is_empty() {
            continue;
        }
        has_models |= ended == Ended::Model;
        if has_models && ended == Ended::File {
            return Err(cut());
        }
        places.push((offset, frame.time_ps, frame.positions.len()));
    }
    Ok(places)
}

/// Reads the model that `bytes` begin with.
///
/// # Errors
/// A line is faulty; its number is counted from the model's beginning.
pub(super) fn frame(path: &Path, bytes: &[u8], frame: &mut Frame) -> Result<(), Error> {
    read_model(&mut Lines::new(path, bytes), frame, &mut |_, _| Ok(())).map(|_| ())
}

/// What a model came to its end by.
#[derive(PartialEq)]
enum Ended {
    Model,
    File,
}

type TakeLine<'a> = dyn FnMut(&str, &Lines) -> Result<(), Error> + 'a;

fn read_model(lines: &mut Lines, frame: &mut Frame, take: &mut TakeLine) -> Result<Ended, Error> {
    frame.positions.clear();
    frame.time_ps = None;
    while let Some(line) = lines.next() {
        match line.get(..6).unwrap_or(&line).trim_end() {
            "ATOM" | "HETATM" => {
                let coordinate = |axis: usize| columns(&line, 30 + 8 * axis, 38 + 8 * axis).parse::<f64>().ok();
                let position = (|| Some([coordinate(0)?, coordinate(1)?, coordinate(2)?]))();
                let position = position.ok_or_else(|| lines.fault(&line, "an atom with three coordinates"))?;
                frame.positions.push(position.map(|x| (x / 10.0) as f32));
                take(&line, lines)?;
            }
            "CRYST1" => frame.cell = cell(&line).ok_or_else(|| lines.fault(&line, "a box"))?,
            // GROMACS writes times there.
            "TITLE" => {
                let time = line.rsplit_once("t=").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
                frame.time_ps = time;
            }
            "ENDMDL" => return Ok(Ended::Model),
            _ => {}
        }
    }
    Ok(Ended::File)
}

/// The box of a CRYST1 line, nm: lengths of its edges and the angles between them; none where it is a placeholder.
fn cell(line: &str) -> Option<Option<[[f64; 3]; 3]>> {
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
