//! Why could no energy be computed?
use crate::science::chemistry::Element;
use std::fmt;

/// Invalid or unsupported input, too little memory, or an SCF that does not converge.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("the basis set {basis} has no functions for {element}; use a set that includes it")]
    NoFunctions { element: Element, basis: String },
    #[error(
        "the basis set has functions with angular momentum l = {angular} for {element}; the highest supported is l = {highest}"
    )]
    Angular { element: Element, angular: usize, highest: usize },
    #[error("a charge of {charge} exceeds the {nuclear} electrons of the neutral molecule; correct the charge")]
    Charge { charge: i32, nuclear: i64 },
    #[error("{electrons} electrons cannot have multiplicity {multiplicity}; correct the charge or the multiplicity")]
    Multiplicity { electrons: i64, multiplicity: u32 },
    #[error("restricted open-shell SCF is not implemented (multiplicity {multiplicity}); use reference = \"uhf\"")]
    Restricted { multiplicity: u32 },
    #[error("{electrons} electrons of one spin do not fit into {orbitals} orbitals; use a larger basis set")]
    TooFewFunctions { electrons: usize, orbitals: usize },
    #[error("charges {first} and {second} (counted from 0, atoms before point charges) have the same position")]
    Coincident { first: usize, second: usize },
    #[error("a position, a charge or a number of the basis set is not finite")]
    NotFinite,
    #[error(
        "{functions} basis functions need {needed_mb} MB, but memory_mb is {available_mb}; set memory_mb to {needed_mb} or more"
    )]
    Memory { functions: usize, needed_mb: usize, available_mb: usize },
    #[error("the embedded engine does not support {0}; use an external program")]
    Unsupported(Unsupported),
    #[error("the given integrals belong to other atoms, other positions or another basis set")]
    OtherIntegrals,
    #[error("the SCF did not converge: {0}")]
    NotConverged(History),
}

/// A feature that the embedded engine lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    #[error("density fitting")]
    DensityFitting,
    #[error("analytic MP2 gradients")]
    Mp2Gradient,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterate {
    /// Electronic energy, Eh.
    pub energy: f64,
    /// The largest element of FPS - SPF over the orthonormal basis, Eh.
    pub residual: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Shift of the virtual orbitals, Eh.
    pub level_shift: f64,
    pub iterates: Vec<Iterate>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub attempts: Vec<Attempt>,
}

/// How many iterations the message shows from the beginning and from the end of an attempt.
const SHOWN: usize = 3;

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Attempt { level_shift, iterates }) in self.attempts.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}{} iterations with level shift {level_shift} (energy, residual in Eh:",
                iterates.len()
            )?;
            for (at, Iterate { energy, residual }) in iterates.iter().enumerate() {
                if at < SHOWN || at + SHOWN >= iterates.len() {
                    write!(f, " {energy:.8} {residual:.1e},")?;
                } else if at == SHOWN {
                    write!(f, " ...")?;
                }
            }
            write!(f, ")")?;
        }
        write!(f, "; increase max_iterations, try another guess, or check the geometry")
    }
}
