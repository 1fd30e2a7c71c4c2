//! Why can a bias not be set up?

/// The most variables that one bias can act on: with more, kernels do not cover the space.
pub const MOST_VARIABLES: usize = 4;

/// An error in the settings of a bias or in the state from which it is restarted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("a bias acts on 1 to {MOST_VARIABLES} variables, not on {0}: reduce their number")]
    Variables(usize),
    #[error("{what} is {value}: it must be finite and above zero")]
    NotPositive { what: &'static str, value: f64 },
    #[error("{what} is zero: it must be at least 1")]
    Zero { what: &'static str },
    #[error("the bias factor is {0}, but must be above 1: raise it, or the barrier that determines it (barrier/kT)")]
    BiasFactor(f64),
    #[error("an infinite bias factor requires fixed widths: set them, or a finite factor")]
    FlatAndAdaptive,
    #[error("the variant explore requires a finite bias factor: set one, or use metad")]
    FlatAndExplore,
    #[error("with a barrier of {barrier}, epsilon = exp(-barrier/(a kT)) underflows to zero: lower the barrier")]
    Barrier { barrier: f64 },
    #[error("the compression threshold is {threshold}, but must be at least 0 and below the cutoff of {cutoff}")]
    Threshold { threshold: f64, cutoff: f64 },
    #[error("there are {found} {what} for {expected} variables: give one per variable")]
    Count { what: &'static str, found: usize, expected: usize },
    #[error(
        "adaptive widths are measured over {stride} steps, fewer than the {pace} steps between kernels: measure over more steps"
    )]
    Stride { stride: u64, pace: u64 },
    #[error("the state has {found} {what}, but {expected} are expected: it belongs to another bias")]
    State { what: &'static str, found: usize, expected: usize },
    #[error("{what} of the state is {value}, which is impossible: check that the file is complete")]
    StateValue { what: &'static str, value: f64 },
}
