//! How are single frames of a trajectory read, in any order?
use super::repeats::{self, Repeats, Stamp};
use super::source::{AHEAD, SMALL, Source, Window};
use super::text::failed;
use super::{Error, gro, pdb, trr, xtc};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Positions at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// None where the file does not tell it, ps.
    pub time_ps: Option<f64>,
    /// Vectors of the periodic box in rows, nm; none without one.
    pub cell: Option<[[f64; 3]; 3]>,
    /// `[atoms, 3]`, nm.
    pub positions: Vec<[f32; 3]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Xtc,
    Trr,
    Gro,
    Pdb,
}

/// What a path ends in, in lower case, without the point.
pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

impl Format {
    fn of(path: &Path) -> Result<Self, Error> {
        match extension(path).as_str() {
            "xtc" => Ok(Format::Xtc),
            "trr" => Ok(Format::Trr),
            "gro" => Ok(Format::Gro),
            "pdb" | "ent" => Ok(Format::Pdb),
            _ => Err(Error::Extension { path: path.to_owned(), known: ".xtc, .trr, .gro or .pdb" }),
        }
    }

    fn has_names(self) -> bool {
        matches!(self, Format::Gro | Format::Pdb)
    }

    /// Whether times are stored with seven digits.
    fn rounds_times(self) -> bool {
        matches!(self, Format::Xtc | Format::Trr)
    }
}

/// A file of a trajectory.
struct Part {
    path: PathBuf,
    source: Source,
    format: Format,
}

/// Where a frame stands.
#[derive(Clone, Debug)]
struct Place {
    part: usize,
    /// The frame's number in its file.
    number: usize,
    offset: u64,
    bytes: usize,
    time_ps: Option<f64>,
    step: Option<i64>,
    /// The box of a frame that need not name it.
    cell: Option<Arc<pdb::Cell>>,
}

/// Frames of a file, or of several that follow each other in time. Each can be read by itself.
pub struct Trajectory {
    parts: Vec<Part>,
    /// Frames that count.
    places: Vec<Place>,
    /// Of every frame.
    pub atoms: usize,
    repeats: Option<Repeats>,
}

impl Trajectory {
    /// Finds the frames of an .xtc, .trr, .gro or .pdb file; of binary ones only the headers are read.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::join(&[path.to_owned()])
    }

    /// Finds the frames of files that are parts of one trajectory, in the order of their times. What a restart wrote again counts once: a
    /// frame takes the place of all before it of its own time or a later one, in one file and from one to the next.
    ///
    /// # Errors
    /// A file is missing, of another format or cut off, frames have different numbers of atoms, or times cannot be those of one run.
    pub fn join(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut trajectory = Self { parts: Vec::new(), places: Vec::new(), atoms: 0, repeats: None };
        for path in paths {
            trajectory.append(path)?;
        }
        trajectory.leave_out_repeats()?;
        Ok(trajectory)
    }

    fn append(&mut self, path: &Path) -> Result<(), Error> {
        let format = Format::of(path)?;
        let source = Source::open(path).map_err(|source| failed(path, source))?;
        self.parts.push(Part { path: path.to_owned(), source, format });
        let before = self.places.len();
        match format {
            Format::Xtc => self.index(xtc::HEADER, "xtc", |bytes| {
                let xtc::Header { atoms, time_ps, step, bytes } = xtc::header(bytes)?;
                Some(Found { atoms, time_ps, step, bytes, has_positions: true })
            })?,
            Format::Trr => self.index(trr::HEADER, "trr", |bytes| {
                let header = trr::header(bytes)?;
                let trr::Header { atoms, time_ps, step, bytes, .. } = header;
                Some(Found { atoms, time_ps, step, bytes, has_positions: header.has_positions() })
            })?,
            Format::Gro => {
                let frames = gro::index(path)?.into_iter();
                self.adopt(frames.map(|(offset, time_ps, atoms)| pdb::Model { offset, time_ps, atoms, cell: None }))?;
            }
            Format::Pdb => {
                let last = self.places.last().and_then(|place| place.cell.as_deref().copied());
                self.adopt(pdb::index(path, last)?.into_iter())?;
            }
        }
        match self.places.len() > before {
            true => Ok(()),
            false => Err(Error::Empty { path: path.to_owned() }),
        }
    }

    fn leave_out_repeats(&mut self) -> Result<(), Error> {
        let stamp = |place: &Place| {
            let is_rounded = self.parts[place.part].format.rounds_times();
            Stamp { part: place.part, time_ps: place.time_ps, step: place.step, is_rounded }
        };
        let stamps: Vec<Stamp> = self.places.iter().map(stamp).collect();
        let counted = repeats::find(&stamps).map_err(|fault| self.fault(&fault))?;
        if let Some((kept, repeats)) = counted {
            let mut kept = kept.into_iter();
            self.places.retain(|_| kept.next().unwrap_or(true));
            self.repeats = Some(repeats);
        }
        Ok(())
    }

    fn fault(&self, fault: &repeats::Fault) -> Error {
        let path = |part: usize| self.parts[part].path.clone();
        match *fault {
            repeats::Fault::Order { part, first_ps, before, before_ps } => {
                Error::Order { path: path(part), first_ps, before: path(before), before_ps }
            }
            repeats::Fault::TwoRuns { frame, time_ps, descents } => {
                let place = &self.places[frame];
                Error::TwoRuns { path: path(place.part), frame: place.number, time_ps, descents }
            }
        }
    }

    /// Where times go back, and what is left out for that; none where they do not.
    pub fn repeats(&self) -> Option<String> {
        let Repeats { left_out, descents, part, time_ps, frame, is_all } = self.repeats.as_ref()?;
        let name = self.parts[*part].path.file_name().unwrap_or_default().to_string_lossy();
        let all = if *is_all { ", which is all before it (are there two runs in it?)" } else { "" };
        let first = if *descents > 1 { format!("{descents} times, first ") } else { String::new() };
        let frames = if *left_out == 1 { "1 earlier frame".to_owned() } else { format!("{left_out} earlier frames") };
        Some(format!(
            "time goes back {first}to {time_ps} ps at frame {frame} of `{name}`: {frames} from there on count as written again{all}"
        ))
    }

    /// How many frames are left out because they were written again.
    pub fn left_out(&self) -> usize {
        self.repeats.as_ref().map_or(0, |repeats| repeats.left_out)
    }

    /// The number of frames.
    pub fn frames(&self) -> usize {
        self.places.len()
    }

    /// The file that a frame is of, and the frame's number there, counted from 0.
    pub fn origin(&self, frame: usize) -> (&Path, usize) {
        let place = &self.places[frame];
        (&self.parts[place.part].path, place.number)
    }

    /// The time of a frame, where the file tells it, ps.
    pub fn time_ps(&self, frame: usize) -> Option<f64> {
        self.places[frame].time_ps
    }

    /// The files that have names of atoms too.
    pub fn named_files(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().filter(|part| part.format.has_names()).map(|part| &*part.path)
    }

    /// Reads the first `atoms` positions of a frame into `frame`, through `window`.
    ///
    /// # Errors
    /// The file cannot be read, the frame is damaged, or a position is not a finite number.
    pub fn read(&self, number: usize, atoms: usize, window: &mut Window, frame: &mut Frame) -> Result<(), Error> {
        let place = &self.places[number];
        let Part { path, source, format } = &self.parts[place.part];
        let buffer = window.read((place.part, source), place.offset, place.bytes);
        let buffer = buffer.map_err(|source| failed(path, source))?;
        let damaged = || Error::Damaged { path: path.clone(), frame: place.number };
        match format {
            Format::Xtc => xtc::frame(buffer, atoms, frame).ok_or_else(damaged)?,
            Format::Trr => trr::frame(buffer, atoms, frame).ok_or_else(damaged)?,
            Format::Gro => gro::frame(path, buffer, frame)?,
            Format::Pdb => pdb::frame(path, buffer, place.cell.as_deref().copied(), frame)?,
        }
        frame.positions.truncate(atoms);
        // All of them are looked at, without a way out between, so that it costs next to nothing.
        let numbers = frame.positions.as_flattened();
        if !numbers.iter().fold(false, |is_bad, x| is_bad | !x.is_finite()) {
            return Ok(());
        }
        let at = numbers.iter().position(|x| !x.is_finite()).unwrap_or(0);
        Err(Error::NotFinite { path: path.clone(), frame: place.number, atom: at / 3, value: numbers[at] })
    }

    /// Follows the headers of a binary file, the last one of the parts.
    fn index(
        &mut self,
        header_bytes: usize,
        format: &'static str,
        header: impl Fn(&[u8]) -> Option<Found>,
    ) -> Result<(), Error> {
        let part = self.parts.len() - 1;
        let Part { path, source, .. } = &self.parts[part];
        let (path, length) = (path.clone(), source.length().map_err(|source| failed(path, source))?);
        let (mut offset, mut window) = (0, Window::default());
        let (mut last_ps, mut last_bytes, mut most_bytes, mut frame) = (None, 0, 0, 0);
        while offset < length {
            // Headers of large frames stand far from each other.
            let ahead = if last_bytes > SMALL { header_bytes } else { AHEAD };
            let bytes = window.read_ahead(&self.parts[part].source, offset, header_bytes, ahead);
            let bytes = bytes.map_err(|source| failed(&path, source))?;
            let there = bytes.len();
            let Some(found) = header(bytes) else {
                // Less than a header may be the beginning of one.
                return Err(match there < header_bytes && most_bytes > there {
                    true => Error::Cut { path, frame, last_ps },
                    false => Error::Foreign { path, format, frame, offset, last_ps },
                });
            };
            if length - offset < found.bytes as u64 {
                return Err(Error::Cut { path, frame, last_ps });
            }
            if found.has_positions {
                let (time_ps, step) = (Some(found.time_ps), Some(found.step));
                let place = Place { part, number: frame, offset, bytes: found.bytes, time_ps, step, cell: None };
                self.add(place, found.atoms)?;
                last_ps = time_ps;
                last_bytes = found.bytes;
                most_bytes = most_bytes.max(found.bytes);
                frame += 1;
            }
            offset += found.bytes as u64;
        }
        Ok(())
    }

    /// Takes in what was found in a text file, the last one of the parts.
    fn adopt(&mut self, found: impl Iterator<Item = pdb::Model>) -> Result<(), Error> {
        let part = self.parts.len() - 1;
        let Part { path, source, .. } = &self.parts[part];
        let length = source.length().map_err(|source| failed(path, source))?;
        let mut cell: Option<Arc<pdb::Cell>> = None;
        let mut found = found.enumerate().peekable();
        while let Some((number, model)) = found.next() {
            let end = found.peek().map_or(length, |(_, next)| next.offset);
            let pdb::Model { offset, time_ps, atoms, .. } = model;
            if cell.as_deref() != model.cell.as_ref() {
                cell = model.cell.map(Arc::new);
            }
            let bytes = (end - offset) as usize;
            self.add(Place { part, number, offset, bytes, time_ps, step: None, cell: cell.clone() }, atoms)?;
        }
        Ok(())
    }

    fn add(&mut self, place: Place, atoms: usize) -> Result<(), Error> {
        if self.places.is_empty() {
            self.atoms = atoms;
        }
        if atoms != self.atoms {
            let (path, frame) = (self.parts[place.part].path.clone(), place.number);
            return Err(Error::Count { path, frame, found: atoms, expected: self.atoms });
        }
        self.places.push(place);
        Ok(())
    }
}

/// What the header of a binary frame tells.
struct Found {
    atoms: usize,
    time_ps: f64,
    step: i64,
    bytes: usize,
    has_positions: bool,
}
