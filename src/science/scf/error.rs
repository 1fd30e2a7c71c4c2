//! Why is there no energy?
use crate::science::chemistry::Element;
use std::fmt;

/// What a molecule, its basis or the memory lack, or how far the iterations came.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("the basis set {basis} has no functions for {element}; take a set that has it")]
    NoFunctions { element: Element, basis: String },
    #[error("{element} has functions of angular momentum {angular}; {highest} is the highest that can be computed")]
    Angular { element: Element, angular: usize, highest: usize },
    #[error("a charge of {charge} is more than the {nuclear} electrons of the neutral molecule; correct the charge")]
    Charge { charge: i32, nuclear: i64 },
    #[error("{electrons} electrons cannot have multiplicity {multiplicity}; correct charge or multiplicity")]
    Multiplicity { electrons: i64, multiplicity: u32 },
    #[error("multiplicity {multiplicity} with a restricted reference; restricted open shells are not there, take uhf")]
    Restricted { multiplicity: u32 },
    #[error("{electrons} electrons of one spin do not fit into {orbitals} orbitals; take a larger basis set")]
    TooFewFunctions { electrons: usize, orbitals: usize },
    #[error("charges {first} and {second} (from 0, atoms before point charges) stand at the same place")]
    Coincident { first: usize, second: usize },
    #[error("a number among positions, charges or the basis is not finite")]
    NotFinite,
    #[error("{functions} functions need {needed_mb} MB and memory_mb is {available_mb}; give more memory")]
    Memory { functions: usize, needed_mb: usize, available_mb: usize },
    #[error("{0} is not there in the embedded engine; take an external program for it")]
    Unsupported(Unsupported),
    #[error("the integrals given belong to other atoms, places or another basis set")]
    OtherIntegrals,
    #[error("no convergence: {0}")]
    NotConverged(History),
}

/// What is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    DensityFitting,
    /// The analytic gradient of MP2.
    Mp2Gradient,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unsupported::DensityFitting => "density fitting",
            Unsupported::Mp2Gradient => "an analytic gradient of MP2",
        })
    }
}

/// One pass of the iterations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterate {
    /// Eh.
    pub energy: f64,
    /// The largest element of FPS - SPF in the orthonormal basis, Eh.
    pub residual: f64,
}

/// All passes of an attempt, and with which help it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Eh by which virtual orbitals were raised.
    pub level_shift: f64,
    pub iterates: Vec<Iterate>,
}

/// All attempts at convergence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub attempts: Vec<Attempt>,
}

/// Passes of an attempt that are told at its beginning and at its end.
const TOLD: usize = 3;

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
                if at < TOLD || at + TOLD >= iterates.len() {
                    write!(f, " {energy:.8} {residual:.1e},")?;
                } else if at == TOLD {
                    write!(f, " ...")?;
                }
            }
            write!(f, ")")?;
        }
        write!(f, "; give max_iterations more, another guess or check the geometry")
    }
}
