//! Why can dynamics not start, or not continue?
use crate::science::opes;

/// An invalid system, or a failed trajectory.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{what} is {value}: it must be finite and above zero")]
    NotPositive { what: &'static str, value: f64 },
    #[error("{what} is zero: it must be at least 1")]
    Zero { what: &'static str },
    #[error("the start has {found} coordinates, but the surface has {expected}")]
    Start { found: usize, expected: usize },
    #[error("coordinate {coordinate} to be biased does not exist: the surface has {dimensions}, counted from 0")]
    NoCoordinate { coordinate: usize, dimensions: usize },
    #[error("coordinate {0} is biased twice: list it once")]
    Twice(usize),
    #[error("the trajectory of walker {walker} diverged at t = {time} (its energy is {energy}): shorten the time step")]
    NotFinite { walker: usize, time: f64, energy: f64 },
    #[error(transparent)]
    Bias(#[from] opes::Error),
}
