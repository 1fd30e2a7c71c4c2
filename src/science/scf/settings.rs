//! How a system is to be computed.
use super::{Error, Unsupported};
use crate::science::chemistry::Molecule;

/// What is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Hartree-Fock.
    #[default]
    Hf,
    /// Moller-Plesset perturbation theory of second order on it.
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

/// From what the iterations start; never from another task's density.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Guess {
    /// The superposition of the densities of neutral atoms.
    #[default]
    Sad,
    /// Orbitals of the one-electron Hamiltonian.
    Core,
}

/// Which derivative is computed with the energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Derivative {
    #[default]
    Energy,
    Gradient,
}

/// How a system is to be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub method: Method,
    pub reference: Reference,
    /// Whether electrons of inner shells are left out of the correlation.
    pub frozen_core: bool,
    pub density_fitting: bool,
    /// The change of the energy at which iterations end, Eh, where the largest element of the commutator FPS - SPF (orthonormal
    /// basis, Eh) is at most a thousandth of its root too: 1e-8 Eh with 1e-10 Eh. The energy of MP2 and gradients, unlike that of
    /// Hartree-Fock, are in error by as much as orbitals are, and what is differentiated numerically must not be.
    pub convergence: f64,
    /// Passes of an attempt; there are two, the second with virtual orbitals raised and no extrapolation far from convergence.
    pub max_iterations: usize,
    pub guess: Guess,
    /// In 10^6 bytes.
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
    /// The largest element of the commutator at convergence, Eh. The energy of Hartree-Fock is wrong by its square, all else by itself.
    pub(super) fn residual(&self, derivative: Derivative) -> f64 {
        let is_variational = self.method == Method::Hf && derivative == Derivative::Energy;
        if is_variational { 0.1 * self.convergence.sqrt() } else { 0.001 * self.convergence.sqrt() }
    }

    /// Refuses what is not there.
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

    /// Orbitals of each spin that are left out of the correlation: the cores of real atoms.
    pub fn frozen_orbitals(&self, molecule: &Molecule) -> usize {
        if !self.frozen_core {
            return 0;
        }
        molecule.atoms.iter().filter(|atom| !atom.is_ghost).map(|atom| atom.element.core_orbitals()).sum()
    }
}
