//! Why can a structure or a trajectory not be used?
use crate::problem::Problem;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a structure or a trajectory cannot be used. Frames and atoms are counted from 0, lines from 1.
///
/// Its text is that of its [`problem`](Error::problem).
#[derive(Debug)]
pub enum Error {
    NotFound { path: PathBuf },
    Read { path: PathBuf, source: io::Error },
    UnknownExtension { path: PathBuf, known: &'static str },
    Empty { path: PathBuf },
    InvalidLine { path: PathBuf, line: usize, found: String, expected: &'static str },
    UnexpectedEnd { path: PathBuf, line: usize, expected: &'static str },
    InvalidFrame { path: PathBuf, format: &'static str, frame: usize, offset: u64, last_ps: Option<f64> },
    Truncated { path: PathBuf, frame: usize, last_ps: Option<f64> },
    Damaged { path: PathBuf, frame: usize },
    AtomCount { path: PathBuf, frame: usize, found: usize, expected: usize },
    PartOrder { path: PathBuf, first_ps: f64, before: PathBuf, before_ps: f64 },
    TwoRuns { path: PathBuf, frame: usize, time_ps: f64, descents: usize },
    AtomName { path: PathBuf, frame: usize, atom: usize, found: String, expected: String },
    NotFinite { path: PathBuf, frame: usize, atom: usize, value: f32 },
}

impl Error {
    /// Whether the file could not be read, whatever it contains.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Read { .. })
    }

    /// What is wrong, and how to fix it.
    pub fn problem(&self) -> Problem {
        match self {
            Self::NotFound { path } => Problem::new(
                format!("`{}` not found", path.display()),
                "check the name, which is relative to the configuration",
            ),
            Self::Read { path, .. } => Problem::new(
                format!("cannot read `{}`", path.display()),
                "check that it is a file with read permission",
            ),
            Self::UnknownExtension { path, known } => {
                let help = format!("use a file that ends in {known}");
                Problem::new(format!("unknown file format of `{}`", path.display()), help)
            }
            Self::Empty { path } => {
                Problem::new(format!("`{}` has no frame", path.display()), "use a file with coordinates")
            }
            Self::InvalidLine { path, line, found, expected } => Problem::new(
                format!("{}:{line}: expected {expected}, found `{found}`", path.display()),
                "correct the line, or write the file again",
            ),
            Self::UnexpectedEnd { path, line, expected } => Problem::new(
                format!("{}:{line}: the file ends where {expected} is expected", path.display()),
                "complete the file, or write it again",
            ),
            Self::InvalidFrame { path, format, frame, offset, last_ps } => Problem::new(
                format!(
                    "`{}` has no {format} frame at byte {offset}, where frame {frame} should begin",
                    path.display()
                ),
                keep_frames_before(path, *frame, *last_ps),
            ),
            Self::Truncated { path, frame, last_ps } => Problem::new(
                format!("`{}` is cut off in the middle of frame {frame}, its last", path.display()),
                keep_frames_before(path, *frame, *last_ps),
            ),
            Self::Damaged { path, frame } => Problem::new(
                format!("frame {frame} of `{}` is damaged", path.display()),
                "remove it with `gmx trjconv`, or copy the file again",
            ),
            Self::AtomCount { path, frame, found, expected } => Problem::new(
                format!("frame {frame} of `{}` has {found} atoms, the frames before it {expected}", path.display()),
                "separate them with `gmx trjconv`",
            ),
            Self::PartOrder { path, first_ps, before, before_ps } => Problem::new(
                format!(
                    "`{}` begins at {first_ps} ps, not later than `{}` ({before_ps} ps)",
                    path.display(),
                    before.display()
                ),
                "list the parts of one run in the order of their times, without those that were run again from the \
                 beginning; independent runs cannot be joined",
            ),
            Self::TwoRuns { path, frame, time_ps, descents } => Problem::new(
                format!(
                    "time goes back {descents} times in `{}`, first to {time_ps} ps at frame {frame}, and about every \
                     other frame repeats an earlier time: two programs seem to have written to the file at once",
                    path.display()
                ),
                "use the trajectory of one of them",
            ),
            Self::AtomName { path, frame, atom, found, expected } => Problem::new(
                format!(
                    "atom {atom} of frame {frame} of `{}` is {found}, in the frames before it {expected}",
                    path.display()
                ),
                "write all frames with their atoms in the same order",
            ),
            Self::NotFinite { path, frame, atom, value } => Problem::new(
                format!(
                    "atom {atom} of frame {frame} of `{}` has the coordinate {value}: the simulation blew up there",
                    path.display()
                ),
                "use the frames before it, as `gmx trjconv -e` extracts them",
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.problem(), f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// How to keep the first `frames` frames of a file, the last of them at `last_ps`.
fn keep_frames_before(path: &Path, frames: usize, last_ps: Option<f64>) -> String {
    match (frames, last_ps) {
        (0, _) => "no frame of it can be used; copy the file again".to_owned(),
        (_, None) => format!("keep the {frames} before it, or copy the file again"),
        (_, Some(time)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("keep the {frames} before it with `gmx trjconv -f {name} -e {time}`, or copy the file again")
        }
    }
}
