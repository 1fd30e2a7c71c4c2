//! With which method and to which accuracy is a system computed?
use super::error::{Error, Unsupported};
use crate::science::chemistry::Molecule;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    #[default]
    Hf,
    /// Second-order Moller-Plesset perturbation theory on the Hartree-Fock reference.
    Mp2,
}

/// Whether the orbitals of both spins are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reference {
    /// Restricted for singlets, unrestricted otherwise.
    #[default]
    Auto,
    Rhf,
    Uhf,
}

/// Initial guess; never another task's density, so that results do not depend on the order of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Guess {
    /// Superposition of the densities of neutral atoms.
    #[default]
    Sad,
    /// Orbitals of the one-electron Hamiltonian.
    Core,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Derivative {
    #[default]
    Energy,
    Gradient,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub method: Method,
    pub reference: Reference,
    /// Whether core orbitals are left out of the correlation.
    pub frozen_core: bool,
    pub density_fitting: bool,
    /// Convergence threshold for the change of the energy, Eh. The largest element of the commutator FPS - SPF (orthonormal basis, Eh) must
    /// also be at most a thousandth of its square root (1e-8 for 1e-10): errors of MP2 energies and of gradients are of first order in the
    /// orbitals. For Hartree-Fock energies, which are variational, a tenth of the root suffices.
    pub convergence: f64,
    /// Iterations per attempt; the second of two attempts uses a level shift, and no extrapolation far from convergence.
    pub max_iterations: usize,
    pub guess: Guess,
    /// Memory limit, 10^6 bytes.
    pub memory_mb: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::Hf,
            reference: Reference::Auto,
            frozen_core: false,
            density_fitting: false,
            convergence: 1e-10,
            max_iterations: 100,
            guess: Guess::Sad,
            memory_mb: 2000,
        }
    }
}

impl Settings {
    /// Convergence threshold for the largest element of the commutator, Eh: the error of a Hartree-Fock energy is of second order in it, all
    /// other errors are of first order.
    pub(super) fn residual_threshold(&self, derivative: Derivative) -> f64 {
        let is_variational = self.method == Method::Hf && derivative == Derivative::Energy;
        if is_variational { 0.1 * self.convergence.sqrt() } else { 0.001 * self.convergence.sqrt() }
    }

    /// Rejects unsupported combinations.
    pub(super) fn check(&self, derivative: Derivative) -> Result<(), Error> {
        if self.density_fitting {
            return Err(Error::Unsupported(Unsupported::DensityFitting));
        }
        if self.method == Method::Mp2 && derivative == Derivative::Gradient {
            return Err(Error::Unsupported(Unsupported::Mp2Gradient));
        }
        Ok(())
    }

    /// Whether both spins of a molecule have the same orbitals.
    pub(super) fn is_restricted(&self, molecule: &Molecule) -> Result<bool, Error> {
        let multiplicity = molecule.multiplicity;
        match self.reference {
            Reference::Auto => Ok(multiplicity == 1),
            Reference::Rhf if multiplicity == 1 => Ok(true),
            Reference::Rhf => Err(Error::Restricted { multiplicity }),
            Reference::Uhf => Ok(false),
        }
    }

    /// Number of core orbitals of real atoms that are left out of the correlation, for each spin.
    pub fn frozen_orbitals(&self, molecule: &Molecule) -> usize {
        if !self.frozen_core {
            return 0;
        }
        molecule.atoms.iter().filter(|atom| !atom.is_ghost).map(|atom| atom.element.core_orbitals()).sum()
    }
}
