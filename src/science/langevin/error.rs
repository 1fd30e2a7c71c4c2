//! Why can dynamics not begin, or not go on?
use crate::science::opes;

/// What is wrong with a system, or has become of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{what} is {value}: choose a finite number above zero")]
    NotPositive { what: &'static str, value: f64 },
    #[error("{what} is zero: choose 1 or more")]
    Zero { what: &'static str },
    #[error("the start has {found} coordinates, the surface {expected}: give one of each")]
    Start { found: usize, expected: usize },
    #[error("there is no coordinate {coordinate} to bias: the surface has {dimensions}, counted from 0")]
    NoCoordinate { coordinate: usize, dimensions: usize },
    #[error("coordinate {0} is biased twice: name it once")]
    Twice(usize),
    #[error("walker {walker} has left the surface at t = {time} (its energy is {energy}): shorten the time step")]
    NotFinite { walker: usize, time: f64, energy: f64 },
    #[error(transparent)]
    Bias(#[from] opes::Error),
}
