//! Why is there no free energy?
use crate::problem::Problem;
use std::fmt;

/// Why files cannot be analyzed; all problems that were found.
#[derive(Debug)]
pub enum LoadError {
    /// Options contradict each other.
    Usage(Vec<Problem>),
    /// A file is invalid.
    Input(Vec<Problem>),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(problems) | Self::Input(problems)) = self;
        problems.iter().enumerate().try_for_each(|(k, one)| write!(f, "{}{one}", if k == 0 { "" } else { "\n" }))
    }
}

impl std::error::Error for LoadError {}
