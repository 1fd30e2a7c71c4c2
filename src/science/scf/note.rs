//! What is told with a result that is as it should be, but not quite as asked.
use std::fmt;

/// What a reader of the result should know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Note {
    /// Combinations of functions were left out because the others can do what they do.
    Dependent { left_out: usize, functions: usize, smallest: f64 },
    /// Nothing was left out, but it was close.
    NearlyDependent { smallest: f64 },
    /// Iterations converged with virtual orbitals raised, not without.
    Shifted { level_shift: f64, lost: usize },
    /// There are no electrons: the energy is that of nuclei.
    NoElectrons,
    /// Fewer orbitals are occupied than were to be left out of the correlation.
    AllFrozen,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Dependent { left_out, functions, smallest } => write!(
                f,
                "{left_out} of {functions} combinations of basis functions are linearly dependent and left out (smallest \
                 eigenvalue of the overlap {smallest:.1e}, bound {:.0e})",
                super::DEPENDENT
            ),
            Note::NearlyDependent { smallest } => {
                write!(
                    f,
                    "basis functions are nearly linearly dependent: smallest eigenvalue of the overlap {smallest:.1e}"
                )
            }
            Note::Shifted { level_shift, lost } => {
                write!(f, "converged with a level shift of {level_shift} Eh after {lost} iterations without")
            }
            Note::NoElectrons => write!(f, "there are no electrons: the energy is that of the nuclei"),
            Note::AllFrozen => write!(f, "all occupied orbitals of a spin are frozen"),
        }
    }
}
