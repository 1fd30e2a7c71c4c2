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
    /// Iterations led to a solution that is no minimum of the energy, and a lower one was reached from there; by how much it is lower, Eh.
    Followed { lowered: f64 },
    /// The guess that was asked for leads to a solution that lies higher than the one from the usual guess, by so much, Eh.
    OtherGuess { lowered: f64 },
    /// The solution is no minimum of the energy, and no lower one was reached: the lowest eigenvalue of its second derivatives, Eh.
    Saddle { eigenvalue: f64 },
    /// An unrestricted solution lies far below the restricted one: the lowest eigenvalue of the second derivatives, Eh.
    Broken { eigenvalue: f64 },
    /// There are no electrons: the energy is that of nuclei.
    NoElectrons,
    /// Fewer orbitals are occupied than were to be left out of the correlation.
    AllFrozen,
}

impl Note {
    /// Whether it says which of several solutions the result is.
    pub fn is_of_solution(&self) -> bool {
        matches!(self, Note::Followed { .. } | Note::OtherGuess { .. } | Note::Saddle { .. } | Note::Broken { .. })
    }
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
            Note::Followed { lowered } => write!(
                f,
                "the SCF first converged to a saddle point; the lower solution that its instability leads to was taken \
                 ({lowered:.6} Eh lower)"
            ),
            Note::OtherGuess { lowered } => write!(
                f,
                "the guess asked for leads to an SCF solution {lowered:.6} Eh higher than guess = \"sad\" does; the lower \
                 one was taken"
            ),
            Note::Saddle { eigenvalue } => write!(
                f,
                "the SCF solution is not the lowest: its orbital Hessian has an eigenvalue of {eigenvalue:.4} Eh, and no \
                 lower solution was reached from it; try another guess"
            ),
            Note::Broken { eigenvalue } => write!(
                f,
                "the RHF solution is far above a UHF one (orbital Hessian: {eigenvalue:.2} Eh), as with broken bonds and \
                 singlets of molecules whose ground state is a triplet; check the multiplicity, or use reference = \"uhf\""
            ),
            Note::NoElectrons => write!(f, "there are no electrons: the energy is that of the nuclei"),
            Note::AllFrozen => write!(f, "all occupied orbitals of a spin are frozen"),
        }
    }
}
