//! How are single frames of a trajectory read, in any order?
use super::text::failed;
use super::{Error, gro, pdb, trr, xtc};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

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

/// A file of frames, each of which can be read by itself.
pub struct Trajectory {
    path: PathBuf,
    source: Source,
    format: Format,
    places: Vec<Place>,
    /// Of every frame.
    pub atoms: usize,
}

/// Where bytes come from.
enum Source {
    /// A file that is so small that it was read at once.
    Memory(Vec<u8>),
    File(File),
}

/// Files up to this are read at once.
const AT_ONCE: u64 = 1 << 22;

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > AT_ONCE {
            return Ok(Self::File(file));
        }
        let mut bytes = Vec::with_capacity(length as usize + 1);
        file.read_to_end(&mut bytes)?;
        Ok(Self::Memory(bytes))
    }

    fn length(&self) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::File(file) => Ok(file.metadata()?.len()),
        }
    }
}

/// A part of a file that was read last: small frames are read many at a time.
#[derive(Debug, Default)]
pub struct Window {
    offset: u64,
    bytes: Vec<u8>,
}

/// Parts smaller than this are read together with what follows them, up to so many bytes.
const SMALL: usize = 1 << 15;
const AHEAD: usize = 1 << 18;

impl Window {
    /// The bytes of `source` from `offset` on; fewer than `count` at its end.
    fn read<'a>(&'a mut self, source: &'a Source, offset: u64, count: usize) -> io::Result<&'a [u8]> {
        let ahead = if count < SMALL { AHEAD } else { count };
        self.read_ahead(source, offset, count, ahead)
    }

    /// The same, with up to `ahead` bytes read where these have not been.
    fn read_ahead<'a>(
        &'a mut self,
        source: &'a Source,
        offset: u64,
        count: usize,
        ahead: usize,
    ) -> io::Result<&'a [u8]> {
        let file = match source {
            Source::Memory(bytes) => {
                let rest = &bytes[bytes.len().min(offset as usize)..];
                return Ok(&rest[..rest.len().min(count)]);
            }
            Source::File(file) => file,
        };
        let is_inside = offset >= self.offset && offset + count as u64 <= self.offset + self.bytes.len() as u64;
        if !is_inside {
            self.offset = offset;
            self.bytes.resize(ahead, 0);
            let mut there = 0;
            while there < self.bytes.len() {
                match file.read_at(&mut self.bytes[there..], offset + there as u64) {
                    Ok(0) => break,
                    Ok(more) => there += more,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.bytes.clear();
                        return Err(error);
                    }
                }
            }
            self.bytes.truncate(there);
        }
        let from = (offset - self.offset) as usize;
        Ok(&self.bytes[from..self.bytes.len().min(from + count)])
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Xtc,
    Trr,
    Gro,
    Pdb,
}

/// Where a frame stands in its file.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    bytes: usize,
    time_ps: Option<f64>,
}

/// What a path ends in, in lower case, without the point.
pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

impl Trajectory {
    /// Finds the frames of an .xtc, .trr, .gro or .pdb file; of binary ones only the headers are read.
    ///
    /// # Errors
    /// The file is missing, of another format or cut off, or its frames have different numbers of atoms.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let format = match extension(path).as_str() {
            "xtc" => Format::Xtc,
            "trr" => Format::Trr,
            "gro" => Format::Gro,
            "pdb" | "ent" => Format::Pdb,
            _ => return Err(Error::Extension { path: path.to_owned(), known: ".xtc, .trr, .gro or .pdb" }),
        };
        let source = Source::open(path).map_err(|source| failed(path, source))?;
        let mut trajectory = Self { path: path.to_owned(), source, format, places: Vec::new(), atoms: 0 };
        match format {
            Format::Xtc => trajectory.index(xtc::HEADER, "xtc", |bytes| {
                let xtc::Header { atoms, time_ps, bytes } = xtc::header(bytes)?;
                Some(Found { atoms, time_ps, bytes, has_positions: true })
            })?,
            Format::Trr => trajectory.index(trr::HEADER, "trr", |bytes| {
                let header = trr::header(bytes)?;
                let trr::Header { atoms, time_ps, bytes, .. } = header;
                Some(Found { atoms, time_ps, bytes, has_positions: header.has_positions() })
            })?,
            Format::Gro => trajectory.adopt(gro::index(path)?)?,
            Format::Pdb => trajectory.adopt(pdb::index(path)?)?,
        }
        if trajectory.places.is_empty() {
            return Err(Error::Empty { path: path.to_owned() });
        }
        Ok(trajectory)
    }

    /// The number of frames.
    pub fn frames(&self) -> usize {
        self.places.len()
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The time of a frame, where the file tells it, ps.
    pub fn time_ps(&self, frame: usize) -> Option<f64> {
        self.places[frame].time_ps
    }

    /// Whether the file has names of atoms too.
    pub fn has_names(&self) -> bool {
        matches!(self.format, Format::Gro | Format::Pdb)
    }

    /// Reads the first `atoms` positions of a frame into `frame`, through `window`.
    ///
    /// # Errors
    /// The file cannot be read, the frame is damaged, or a position is not a finite number.
    pub fn read(&self, number: usize, atoms: usize, window: &mut Window, frame: &mut Frame) -> Result<(), Error> {
        let place = self.places[number];
        let buffer =
            window.read(&self.source, place.offset, place.bytes).map_err(|source| failed(&self.path, source))?;
        let damaged = || Error::Damaged { path: self.path.clone(), frame: number };
        match self.format {
            Format::Xtc => xtc::frame(buffer, atoms, frame).ok_or_else(damaged)?,
            Format::Trr => trr::frame(buffer, atoms, frame).ok_or_else(damaged)?,
            Format::Gro => gro::frame(&self.path, buffer, frame)?,
            Format::Pdb => pdb::frame(&self.path, buffer, frame)?,
        }
        frame.positions.truncate(atoms);
        // All of them are looked at, without a way out between, so that it costs next to nothing.
        let numbers = frame.positions.as_flattened();
        if !numbers.iter().fold(false, |is_bad, x| is_bad | !x.is_finite()) {
            return Ok(());
        }
        let place = numbers.iter().position(|x| !x.is_finite()).unwrap_or(0);
        let value = numbers[place];
        Err(Error::NotFinite { path: self.path.clone(), frame: number, atom: place / 3, value })
    }

    /// Follows the headers of a binary file.
    fn index(
        &mut self,
        header_bytes: usize,
        format: &'static str,
        header: impl Fn(&[u8]) -> Option<Found>,
    ) -> Result<(), Error> {
        let length = self.source.length().map_err(|source| failed(&self.path, source))?;
        let (mut offset, mut window) = (0, Window::default());
        let mut last_ps = None;
        while offset < length {
            let (path, frame) = (self.path.clone(), self.places.len());
            // Headers of large frames stand far from each other.
            let is_far = self.places.last().is_some_and(|place| place.bytes > SMALL);
            let ahead = if is_far { header_bytes } else { AHEAD };
            let bytes = window
                .read_ahead(&self.source, offset, header_bytes, ahead)
                .map_err(|source| failed(&self.path, source))?;
            let there = bytes.len();
            let Some(found) = header(bytes) else {
                // Less than a header may be the beginning of one.
                let is_begun = there < header_bytes && self.places.iter().any(|place| place.bytes > there);
                return Err(match is_begun {
                    true => Error::Cut { path, frame, last_ps },
                    false => Error::Foreign { path, format, frame, offset, last_ps },
                });
            };
            if length - offset < found.bytes as u64 {
                return Err(Error::Cut { path, frame, last_ps });
            }
            if found.has_positions {
                self.add(Place { offset, bytes: found.bytes, time_ps: Some(found.time_ps) }, found.atoms)?;
                last_ps = Some(found.time_ps);
            }
            offset += found.bytes as u64;
        }
        Ok(())
    }

    /// Takes in what was found in a text file.
    fn adopt(&mut self, found: Vec<(u64, Option<f64>, usize)>) -> Result<(), Error> {
        let length = self.source.length().map_err(|source| failed(&self.path, source))?;
        for (k, &(offset, time_ps, atoms)) in found.iter().enumerate() {
            let end = found.get(k + 1).map_or(length, |next| next.0);
            self.add(Place { offset, bytes: (end - offset) as usize, time_ps }, atoms)?;
        }
        Ok(())
    }

    fn add(&mut self, place: Place, atoms: usize) -> Result<(), Error> {
        if self.places.is_empty() {
            self.atoms = atoms;
        }
        if atoms != self.atoms {
            let (path, frame) = (self.path.clone(), self.places.len());
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
    bytes: usize,
    has_positions: bool,
}
