//! Which frames that PLUMED has dumped into a text file are from before a step?
//!
//! Frames in xyz format have no time, so they are counted: there is one at every multiple of the stride. The frame of the step itself is
//! removed too, since PLUMED dumps it again after the restart.
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

/// The format of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFormat {
    /// The number of atoms, the box, a line for each atom.
    Xyz,
    /// A title, the number of atoms, a line for each, the box.
    Gro,
}

impl FrameFormat {
    /// The format by a file's extension; none for binary trajectories.
    pub fn from_name(file: &str) -> Option<Self> {
        match file.rsplit_once('.')?.1 {
            "xyz" => Some(Self::Xyz),
            "gro" => Some(Self::Gro),
            _ => None,
        }
    }

    /// Lines before the number of atoms, and lines after it besides those of the atoms.
    fn extra_lines(self) -> (usize, usize) {
        match self {
            Self::Xyz => (0, 1),
            Self::Gro => (1, 1),
        }
    }
}

/// Complete frames at the beginning of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeadingFrames {
    pub count: u64,
    /// Their size.
    pub bytes: u64,
}

impl LeadingFrames {
    /// The first `most` frames of the file at `path`; none if it does not exist.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path, format: FrameFormat, most: u64) -> io::Result<Option<Self>> {
        let mut reader = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut frames = Self::default();
        while frames.count < most {
            let Some(bytes) = frame_bytes(&mut reader, format)? else { break };
            frames = Self { count: frames.count + 1, bytes: frames.bytes + bytes };
        }
        Ok(Some(frames))
    }

    /// Truncates the file at `path` after them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn cut(self, path: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        file.set_len(self.bytes)?;
        file.sync_all()
    }
}

/// Bytes of the next frame; none if it is incomplete.
fn frame_bytes(reader: &mut impl BufRead, format: FrameFormat) -> io::Result<Option<u64>> {
    let (before, after) = format.extra_lines();
    let (mut line, mut bytes, mut left) = (Vec::new(), 0, before + 1);
    let mut has_count = false;
    loop {
        line.clear();
        bytes += reader.read_until(b'\n', &mut line)? as u64;
        if !line.ends_with(b"\n") {
            return Ok(None);
        }
        left -= 1;
        match (left, has_count) {
            (0, true) => return Ok(Some(bytes)),
            (0, false) => {
                let text = String::from_utf8_lossy(&line);
                let Some(atoms) = text.trim().parse::<usize>().ok() else { return Ok(None) };
                (left, has_count) = (atoms + after, true);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn later_frames_and_an_incomplete_one_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let xyz = |k: usize| format!("2\n 1.0 1.0 1.0\nC {k} 0 0\nO 0 {k} 0\n");
        let gro = |k: usize| format!("Made with PLUMED t={k}\n1\n    1ALA      C    1   0.1   0.2   0.3\n 1 1 1\n");
        for (name, frames) in [("a.xyz", [xyz(0), xyz(1), xyz(2)]), ("a.gro", [gro(0), gro(1), gro(2)])] {
            let path = folder.path().join(name);
            fs::write(&path, format!("{}{}", frames.concat(), &frames[2][..9])).unwrap();
            let format = FrameFormat::from_name(name).unwrap();
            let all = LeadingFrames::read(&path, format, 9).unwrap().unwrap();
            assert_eq!(all, LeadingFrames { count: 3, bytes: frames.concat().len() as u64 });
            LeadingFrames::read(&path, format, 2).unwrap().unwrap().cut(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), frames[..2].concat());
        }
        assert_eq!(FrameFormat::from_name("a.xtc"), None);
    }
}
