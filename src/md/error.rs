//! What can be wrong with a structure or a trajectory?
use std::io;
use std::path::PathBuf;

/// Why a structure or a trajectory cannot be read. Frames and atoms are counted from 0, lines from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no file `{path}`: check the name, which is relative to the configuration")]
    Missing { path: PathBuf },
    #[error("cannot read `{path}`: check that it is a file you may read")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` is of no known format: name a file that ends in {known}")]
    Extension { path: PathBuf, known: &'static str },
    #[error("`{path}` has no frame: name a file with coordinates")]
    Empty { path: PathBuf },
    #[error("{path}:{line}: `{found}` is not {expected}: correct the line, or write the file anew")]
    Line { path: PathBuf, line: usize, found: String, expected: &'static str },
    #[error(
        "`{path}` has no frame of {format} at byte {offset}, where frame {frame} should begin: {}",
        mend(.path, *.frame, *.last_ps)
    )]
    Foreign { path: PathBuf, format: &'static str, frame: usize, offset: u64, last_ps: Option<f64> },
    #[error(
        "`{path}` is cut off in the middle of frame {frame}, its last: {}",
        mend(.path, *.frame, *.last_ps)
    )]
    Cut { path: PathBuf, frame: usize, last_ps: Option<f64> },
    #[error("frame {frame} of `{path}` is damaged: leave it out with `gmx trjconv`, or copy the file again")]
    Damaged { path: PathBuf, frame: usize },
    #[error(
        "frame {frame} of `{path}` has {found} atoms, the frames before it {expected}: separate them with `gmx trjconv`"
    )]
    Count { path: PathBuf, frame: usize, found: usize, expected: usize },
    #[error(
        "`{path}` begins at {first_ps} ps, not later than `{before}` ({before_ps} ps): list the parts of one run in the order of their times, without those that were run again from the beginning; independent runs are not joined"
    )]
    Order { path: PathBuf, first_ps: f64, before: PathBuf, before_ps: f64 },
    #[error(
        "time goes back {descents} times in `{path}`, first to {time_ps} ps at frame {frame}, and about every other frame is of a time that was there before: two programs seem to have written to the file at once; name the trajectory of one of them"
    )]
    TwoRuns { path: PathBuf, frame: usize, time_ps: f64, descents: usize },
    #[error(
        "atom {atom} of frame {frame} of `{path}` is {found}, in the frames before it {expected}: write all frames with their atoms in one order"
    )]
    Names { path: PathBuf, frame: usize, atom: usize, found: String, expected: String },
    #[error(
        "atom {atom} of frame {frame} of `{path}` has the coordinate {value}: the simulation blew up there; take the frames before it with `gmx trjconv -e`"
    )]
    NotFinite { path: PathBuf, frame: usize, atom: usize, value: f32 },
}

impl Error {
    /// Whether the disk, not the contents, is at fault.
    pub fn is_about_reading(&self) -> bool {
        matches!(self, Error::Missing { .. } | Error::Read { .. })
    }
}

/// What to do about a file whose first `frames` frames are good, the last of them at `last_ps`.
fn mend(path: &std::path::Path, frames: usize, last_ps: Option<f64>) -> String {
    match (frames, last_ps) {
        (0, _) => "nothing of it can be used".to_owned(),
        (_, None) => format!("keep the {frames} before it, or copy the file again"),
        (_, Some(time)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("keep the {frames} before it by `gmx trjconv -f {name} -e {time}`, or copy the file again")
        }
    }
}
