//! What should a user know about an SCF solution that was found, but not in the plain way?
use super::orthonormal_basis::LINEAR_DEPENDENCE;

/// A remark on a valid result. Eigenvalues, shifts and differences of energies are in Eh.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Diagnostic {
    /// The smallest eigenvalue of the overlap matrix.
    #[error(
        "{left_out} of {functions} combinations of basis functions are linearly dependent and left out (smallest eigenvalue of the \
         overlap {smallest:.1e}, bound {LINEAR_DEPENDENCE:.0e})"
    )]
    Dependent { left_out: usize, functions: usize, smallest: f64 },
    /// No combination was left out, but the smallest eigenvalue of the overlap matrix is close to the threshold.
    #[error("basis functions are nearly linearly dependent: smallest eigenvalue of the overlap {smallest:.1e}")]
    NearlyDependent { smallest: f64 },
    #[error("converged with a level shift of {level_shift} Eh after {lost} iterations without")]
    Shifted { level_shift: f64, lost: usize },
    #[error(
        "the SCF first converged to a saddle point; the lower solution that its instability leads to was taken ({lowered:.6} Eh lower)"
    )]
    Followed { lowered: f64 },
    #[error(
        "the guess asked for leads to an SCF solution {lowered:.6} Eh higher than guess = \"sad\" does; the lower one was taken"
    )]
    OtherGuess { lowered: f64 },
    /// The lowest eigenvalue of the orbital Hessian.
    #[error(
        "the SCF solution is not the lowest: its orbital Hessian has an eigenvalue of {eigenvalue:.4} Eh, and no lower solution was \
         reached from it; try another guess"
    )]
    Saddle { eigenvalue: f64 },
    /// The lowest eigenvalue of the orbital Hessian.
    #[error(
        "the RHF solution is far above a UHF one (orbital Hessian: {eigenvalue:.2} Eh), as with broken bonds and singlets of molecules \
         whose ground state is a triplet; check the multiplicity, or use reference = \"uhf\""
    )]
    Broken { eigenvalue: f64 },
    #[error("there are no electrons: the energy is that of the nuclei")]
    NoElectrons,
    #[error("all occupied orbitals of a spin are frozen")]
    AllFrozen,
}

impl Diagnostic {
    /// Whether it concerns which of several SCF solutions the result is.
    pub fn is_of_solution(&self) -> bool {
        matches!(self, Self::Followed { .. } | Self::OtherGuess { .. } | Self::Saddle { .. } | Self::Broken { .. })
    }
}
