//! What should a user know about an SCF solution that was found, but not in the plain way?
use super::orthonormal_basis::LINEAR_DEPENDENCE;
use std::fmt;

/// A remark on a valid result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Diagnostic {
    /// Linearly dependent combinations of basis functions were left out; the smallest eigenvalue of the overlap matrix.
    Dependent { left_out: usize, functions: usize, smallest: f64 },
    /// No combination was left out, but the smallest eigenvalue of the overlap matrix is close to the threshold.
    NearlyDependent { smallest: f64 },
    /// The iterations converged only with a level shift (Eh), after `lost` iterations without.
    Shifted { level_shift: f64, lost: usize },
    /// The iterations converged to a saddle point, and a solution lower by this many Eh was reached from there.
    Followed { lowered: f64 },
    /// The requested guess leads to a solution that is this many Eh higher than the one from the default guess.
    OtherGuess { lowered: f64 },
    /// The solution is a saddle point and no lower one was found: the lowest eigenvalue of its orbital Hessian, Eh.
    Saddle { eigenvalue: f64 },
    /// An unrestricted solution is far below the restricted one: the lowest eigenvalue of the orbital Hessian, Eh.
    Broken { eigenvalue: f64 },
    /// There are no electrons: the energy is that of the nuclei.
    NoElectrons,
    /// The frozen core leaves no occupied orbital of some spin to correlate.
    AllFrozen,
}

impl Diagnostic {
    /// Whether it concerns which of several SCF solutions the result is.
    pub fn is_of_solution(&self) -> bool {
        matches!(
            self,
            Diagnostic::Followed { .. }
                | Diagnostic::OtherGuess { .. }
                | Diagnostic::Saddle { .. }
                | Diagnostic::Broken { .. }
        )
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diagnostic::Dependent { left_out, functions, smallest } => write!(
                f,
                "{left_out} of {functions} combinations of basis functions are linearly dependent and left out (smallest \
                 eigenvalue of the overlap {smallest:.1e}, bound {:.0e})",
                LINEAR_DEPENDENCE
            ),
            Diagnostic::NearlyDependent { smallest } => {
                write!(
                    f,
                    "basis functions are nearly linearly dependent: smallest eigenvalue of the overlap {smallest:.1e}"
                )
            }
            Diagnostic::Shifted { level_shift, lost } => {
                write!(f, "converged with a level shift of {level_shift} Eh after {lost} iterations without")
            }
            Diagnostic::Followed { lowered } => write!(
                f,
                "the SCF first converged to a saddle point; the lower solution that its instability leads to was taken \
                 ({lowered:.6} Eh lower)"
            ),
            Diagnostic::OtherGuess { lowered } => write!(
                f,
                "the guess asked for leads to an SCF solution {lowered:.6} Eh higher than guess = \"sad\" does; the lower \
                 one was taken"
            ),
            Diagnostic::Saddle { eigenvalue } => write!(
                f,
                "the SCF solution is not the lowest: its orbital Hessian has an eigenvalue of {eigenvalue:.4} Eh, and no \
                 lower solution was reached from it; try another guess"
            ),
            Diagnostic::Broken { eigenvalue } => write!(
                f,
                "the RHF solution is far above a UHF one (orbital Hessian: {eigenvalue:.2} Eh), as with broken bonds and \
                 singlets of molecules whose ground state is a triplet; check the multiplicity, or use reference = \"uhf\""
            ),
            Diagnostic::NoElectrons => write!(f, "there are no electrons: the energy is that of the nuclei"),
            Diagnostic::AllFrozen => write!(f, "all occupied orbitals of a spin are frozen"),
        }
    }
}
