//! Which frames of a text file that PLUMED dumps atoms into are before a step?
//!
//! Frames of xyz have no time, so they are counted: there is one at every multiple of the stride. That of the step itself goes too, since
//! PLUMED dumps it again when the simulation goes on.
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

/// How a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The number of atoms, the box, a line for each atom.
    Xyz,
    /// A title, the number of atoms, a line for each, the box.
    Gro,
}

impl Form {
    /// That of a file of this name; none for binary trajectories.
    pub fn of(file: &str) -> Option<Self> {
        match file.rsplit_once('.')?.1 {
            "xyz" => Some(Self::Xyz),
            "gro" => Some(Self::Gro),
            _ => None,
        }
    }

    /// Lines before that with the number of atoms, and lines besides it and the atoms' that come behind it.
    fn around(self) -> (usize, usize) {
        match self {
            Self::Xyz => (0, 1),
            Self::Gro => (1, 1),
        }
    }
}

/// Whole frames at the beginning of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    pub count: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

impl Frames {
    /// The first `most` frames of the file at `path`; none where there is no file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn first(path: &Path, form: Form, most: u64) -> io::Result<Option<Self>> {
        let mut reader = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut frames = Self::default();
        while frames.count < most {
            let Some(bytes) = frame(&mut reader, form)? else { break };
            frames = Self { count: frames.count + 1, bytes: frames.bytes + bytes };
        }
        Ok(Some(frames))
    }

    /// Cuts the file at `path` behind them.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn cut(self, path: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        file.set_len(self.bytes)?;
        file.sync_all()
    }
}

/// Bytes of the next frame, where it is whole.
fn frame(reader: &mut impl BufRead, form: Form) -> io::Result<Option<u64>> {
    let (before, behind) = form.around();
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
                (left, has_count) = (atoms + behind, true);
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
    fn frames_behind_a_step_and_one_that_is_cut_go() {
        let folder = tempfile::tempdir().unwrap();
        let xyz = |k: usize| format!("2\n 1.0 1.0 1.0\nC {k} 0 0\nO 0 {k} 0\n");
        let gro = |k: usize| format!("Made with PLUMED t={k}\n1\n    1ALA      C    1   0.1   0.2   0.3\n 1 1 1\n");
        for (name, frames) in [("a.xyz", [xyz(0), xyz(1), xyz(2)]), ("a.gro", [gro(0), gro(1), gro(2)])] {
            let path = folder.path().join(name);
            fs::write(&path, format!("{}{}", frames.concat(), &frames[2][..9])).unwrap();
            let form = Form::of(name).unwrap();
            let all = Frames::first(&path, form, 9).unwrap().unwrap();
            assert_eq!(all, Frames { count: 3, bytes: frames.concat().len() as u64 });
            Frames::first(&path, form, 2).unwrap().unwrap().cut(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), frames[..2].concat());
        }
        assert_eq!(Form::of("a.xtc"), None);
    }
}
