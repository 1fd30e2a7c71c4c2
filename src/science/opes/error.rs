//! Why can a bias not be set up?
use super::MOST_VARIABLES;

/// What is wrong with the settings of a bias or with the state it should go on from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("a bias acts on 1 to {MOST_VARIABLES} variables, not on {0}: leave some out")]
    Variables(usize),
    #[error("{what} is {value}: choose a finite number above zero")]
    NotPositive { what: &'static str, value: f64 },
    #[error("{what} is zero: choose 1 or more")]
    Zero { what: &'static str },
    #[error("the bias factor is {0}, and must be above 1: raise it, or the barrier that it follows from (barrier/kT)")]
    BiasFactor(f64),
    #[error("an infinite bias factor needs fixed widths: give them, or a finite factor")]
    FlatAndAdaptive,
    #[error("an infinite bias factor has no meaning when exploring: give a finite one, or choose metad")]
    FlatAndExplore,
    #[error("a barrier of {barrier} leaves no room above zero for epsilon = exp(-barrier/(a kT)): lower it")]
    Barrier { barrier: f64 },
    #[error("the compression threshold is {threshold}, and must be from 0 to below the cutoff, {cutoff}")]
    Threshold { threshold: f64, cutoff: f64 },
    #[error("there are {found} {what} for {expected} variables: give one of each")]
    Count { what: &'static str, found: usize, expected: usize },
    #[error("widths are measured over {stride} steps, and kernels come every {pace}: measure over more")]
    Stride { stride: u64, pace: u64 },
    #[error("the state holds {found} {what}, and {expected} are expected: it is of another bias")]
    State { what: &'static str, found: usize, expected: usize },
    #[error("{what} of the state is {value}, which cannot be: is the file whole?")]
    StateValue { what: &'static str, value: f64 },
}
