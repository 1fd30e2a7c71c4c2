//! How are single frames of a trajectory read, in any order?
use super::repeats::{FrameStamp, Repeats};
use super::source::{READ_AHEAD, SMALL_READ, Source};
use super::text::{TextFrame, extension, io_error};
use super::xdr::BinaryFrame;
use super::{Cell, Error, Frame, ReadBuffer, gro, pdb, repeats, trr, xtc};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Xtc,
    Trr,
    Gro,
    Pdb,
}

impl Format {
    fn from_extension(path: &Path) -> Result<Self, Error> {
        match extension(path).as_str() {
            "xtc" => Ok(Format::Xtc),
            "trr" => Ok(Format::Trr),
            "gro" => Ok(Format::Gro),
            "pdb" | "ent" => Ok(Format::Pdb),
            _ => Err(Error::UnknownExtension { path: path.to_owned(), known: ".xtc, .trr, .gro or .pdb" }),
        }
    }

    fn has_atom_names(self) -> bool {
        matches!(self, Format::Gro | Format::Pdb)
    }
}

/// A file of a trajectory.
struct Part {
    path: PathBuf,
    source: Source,
    format: Format,
}

/// Where a frame is stored.
#[derive(Clone, Debug)]
struct FrameLocation {
    /// Of the file `part` in `parts`.
    stamp: FrameStamp,
    /// Number of the frame in its file, counted from 0.
    number: usize,
    /// Bytes from the beginning of the file.
    offset: u64,
    /// Length in bytes.
    bytes: usize,
    /// The box of a text frame that need not contain it.
    cell: Option<Arc<Cell>>,
}

/// Frames of a file, or of several that follow each other in time, with random access.
pub struct Trajectory {
    parts: Vec<Part>,
    /// By frame, without repeated ones.
    locations: Vec<FrameLocation>,
    /// Number of atoms of every frame.
    pub atoms: usize,
    repeats: Option<Repeats>,
}

impl Trajectory {
    /// Finds the frames of an .xtc, .trr, .gro or .pdb file; of binary files only the headers are read.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::join(&[path.to_owned()])
    }

    /// Finds the frames of files that are parts of one trajectory, in the order of their times.
    ///
    /// Frames that a restart repeated count once: a frame replaces all before it of its own time or later, within a file and across files.
    ///
    /// # Errors
    /// A file is not found, has another format or is cut off, frames differ in their number of atoms, or times cannot be those of
    /// one run.
    pub fn join(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut trajectory = Self { parts: Vec::new(), locations: Vec::new(), atoms: 0, repeats: None };
        for path in paths {
            trajectory.append(path)?;
        }
        trajectory.drop_repeated()?;
        Ok(trajectory)
    }

    /// Files of one trajectory in the order of their first times.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub fn in_order_of_time(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Error> {
        let with_time = |path: PathBuf| Ok((Self::open(&path)?.time_ps(0).unwrap_or(f64::NEG_INFINITY), path));
        let mut timed = paths.into_iter().map(with_time).collect::<Result<Vec<(f64, PathBuf)>, Error>>()?;
        timed.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(timed.into_iter().map(|(_, path)| path).collect())
    }

    fn append(&mut self, path: &Path) -> Result<(), Error> {
        let format = Format::from_extension(path)?;
        let source = Source::open(path).map_err(|source| io_error(path, source))?;
        self.parts.push(Part { path: path.to_owned(), source, format });
        let before = self.locations.len();
        match format {
            Format::Xtc => self.index_binary(xtc::HEADER_BYTES, "xtc", xtc::header)?,
            Format::Trr => self.index_binary(trr::HEADER_BYTES, "trr", |bytes| Some(trr::header(bytes)?.frame))?,
            Format::Gro => self.add_text_frames(gro::index(path)?)?,
            Format::Pdb => {
                let last = self.locations.last().and_then(|location| location.cell.as_deref().copied());
                self.add_text_frames(pdb::index(path, last)?)?;
            }
        }
        match self.locations.len() > before {
            true => Ok(()),
            false => Err(Error::Empty { path: path.to_owned() }),
        }
    }

    fn drop_repeated(&mut self) -> Result<(), Error> {
        let stamps: Vec<FrameStamp> = self.locations.iter().map(|location| location.stamp).collect();
        let found = repeats::find(&stamps).map_err(|error| self.time_error(&error))?;
        if let Some((kept, repeats)) = found {
            let mut kept = kept.into_iter();
            self.locations.retain(|_| kept.next().unwrap_or(true));
            self.repeats = Some(repeats);
        }
        Ok(())
    }

    fn time_error(&self, error: &repeats::TimeError) -> Error {
        let path = |part: usize| self.parts[part].path.clone();
        match *error {
            repeats::TimeError::PartOrder { part, first_ps, before, before_ps } => {
                Error::PartOrder { path: path(part), first_ps, before: path(before), before_ps }
            }
            repeats::TimeError::TwoRuns { frame, time_ps, descents } => {
                let location = &self.locations[frame];
                Error::TwoRuns { path: path(location.stamp.part), frame: location.number, time_ps, descents }
            }
        }
    }

    /// A description of the frames that were dropped because later ones repeat their times; none where times ascend.
    pub fn repeats(&self) -> Option<String> {
        let Repeats { left_out, descents, part, time_ps, frame, is_all } = self.repeats.as_ref()?;
        let name = self.parts[*part].path.file_name().unwrap_or_default().to_string_lossy();
        let all = if *is_all { ", which is all before it (does the file contain two runs?)" } else { "" };
        let first = if *descents > 1 { format!("{descents} times, first ") } else { String::new() };
        let frames = if *left_out == 1 { "1 earlier frame".to_owned() } else { format!("{left_out} earlier frames") };
        Some(format!(
            "time goes back {first}to {time_ps} ps at frame {frame} of `{name}`: {frames} from there on count as repeated{all}"
        ))
    }

    /// Number of frames that were dropped because later ones repeat their times.
    pub fn left_out(&self) -> usize {
        self.repeats.as_ref().map_or(0, |repeats| repeats.left_out)
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.locations.len()
    }

    /// The file of a frame, and the number of the frame in that file, counted from 0.
    pub fn origin(&self, frame: usize) -> (&Path, usize) {
        let location = &self.locations[frame];
        (&self.parts[location.stamp.part].path, location.number)
    }

    /// The time of a frame, ps; none where the file does not contain it.
    pub fn time_ps(&self, frame: usize) -> Option<f64> {
        self.locations[frame].stamp.time_ps
    }

    /// The files that also contain atom names.
    pub fn named_files(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().filter(|part| part.format.has_atom_names()).map(|part| &*part.path)
    }

    /// Reads the first `atoms` positions of frame `number` into `frame`, through `buffer`.
    ///
    /// # Errors
    /// The file cannot be read, the frame is damaged, or a position is not finite.
    pub fn read(&self, number: usize, atoms: usize, buffer: &mut ReadBuffer, frame: &mut Frame) -> Result<(), Error> {
        let location = &self.locations[number];
        let Part { path, source, format } = &self.parts[location.stamp.part];
        let bytes = buffer.read((location.stamp.part, source), location.offset, location.bytes);
        let bytes = bytes.map_err(|source| io_error(path, source))?;
        let damaged = || Error::Damaged { path: path.clone(), frame: location.number };
        match format {
            Format::Xtc => xtc::frame(bytes, atoms, frame).ok_or_else(damaged)?,
            Format::Trr => trr::frame(bytes, atoms, frame).ok_or_else(damaged)?,
            Format::Gro => gro::frame(path, bytes, frame)?,
            Format::Pdb => pdb::frame(path, bytes, location.cell.as_deref().copied(), frame)?,
        }
        frame.positions.truncate(atoms);
        // A fold without an early exit is vectorised.
        let numbers = frame.positions.as_flattened();
        if !numbers.iter().fold(false, |is_bad, x| is_bad | !x.is_finite()) {
            return Ok(());
        }
        let index = numbers.iter().position(|x| !x.is_finite()).unwrap_or(0);
        Err(Error::NotFinite { path: path.clone(), frame: location.number, atom: index / 3, value: numbers[index] })
    }

    /// Finds the frames of a binary file, the last of `parts`, by following their headers.
    fn index_binary(
        &mut self,
        header_bytes: usize,
        format: &'static str,
        header: impl Fn(&[u8]) -> Option<BinaryFrame>,
    ) -> Result<(), Error> {
        let part = self.parts.len() - 1;
        let Part { path, source, .. } = &self.parts[part];
        let (path, length) = (path.clone(), source.length().map_err(|source| io_error(path, source))?);
        let (mut offset, mut buffer) = (0, ReadBuffer::default());
        let (mut last_ps, mut last_bytes, mut most_bytes, mut frame) = (None, 0, 0, 0);
        while offset < length {
            // Headers of large frames are far apart.
            let ahead = if last_bytes > SMALL_READ { header_bytes } else { READ_AHEAD };
            let bytes = buffer.read_ahead(&self.parts[part].source, offset, header_bytes, ahead);
            let bytes = bytes.map_err(|source| io_error(&path, source))?;
            let available = bytes.len();
            let Some(found) = header(bytes) else {
                // Fewer bytes than a header may be the beginning of one.
                return Err(match available < header_bytes && most_bytes > available {
                    true => Error::Truncated { path, frame, last_ps },
                    false => Error::InvalidFrame { path, format, frame, offset, last_ps },
                });
            };
            if length - offset < found.bytes as u64 {
                return Err(Error::Truncated { path, frame, last_ps });
            }
            if found.has_positions {
                last_ps = Some(found.time_ps);
                let stamp = FrameStamp { part, time_ps: last_ps, step: Some(found.step), is_rounded: true };
                let location = FrameLocation { stamp, number: frame, offset, bytes: found.bytes, cell: None };
                self.add(location, found.atoms)?;
                last_bytes = found.bytes;
                most_bytes = most_bytes.max(found.bytes);
                frame += 1;
            }
            offset += found.bytes as u64;
        }
        Ok(())
    }

    /// Adds the frames of a text file, the last of `parts`.
    fn add_text_frames(&mut self, frames: Vec<TextFrame>) -> Result<(), Error> {
        let part = self.parts.len() - 1;
        let Part { path, source, .. } = &self.parts[part];
        let length = source.length().map_err(|source| io_error(path, source))?;
        let ends: Vec<u64> = frames.iter().skip(1).map(|next| next.offset).chain([length]).collect();
        let mut shared_cell: Option<Arc<Cell>> = None;
        for (number, (frame, end)) in frames.into_iter().zip(ends).enumerate() {
            let TextFrame { offset, time_ps, atoms, cell } = frame;
            if shared_cell.as_deref() != cell.as_ref() {
                shared_cell = cell.map(Arc::new);
            }
            let (bytes, cell) = ((end - offset) as usize, shared_cell.clone());
            let stamp = FrameStamp { part, time_ps, step: None, is_rounded: false };
            self.add(FrameLocation { stamp, number, offset, bytes, cell }, atoms)?;
        }
        Ok(())
    }

    fn add(&mut self, location: FrameLocation, atoms: usize) -> Result<(), Error> {
        if self.locations.is_empty() {
            self.atoms = atoms;
        }
        if atoms != self.atoms {
            let (path, frame) = (self.parts[location.stamp.part].path.clone(), location.number);
            return Err(Error::AtomCount { path, frame, found: atoms, expected: self.atoms });
        }
        self.locations.push(location);
        Ok(())
    }
}
