//! What is the gradient of the Hartree-Fock energy with respect to the positions of atoms?
//!
//! Derivatives of the orbitals are not needed: with D the density of all electrons, P and F the density and the Fock matrix of each spin, the
//! gradient is that of the one-electron integrals times D, of the repulsion integrals times the two-particle density, of the
//! overlap times `-sum PFP`, and of the repulsion of nuclei (Pople, Krishnan, Schlegel and Binkley, Int. J. Quantum Chem.
//! Symp. 13, 225, 1979, DOI 10.1002/qua.560160825). Densities are transformed to Cartesian functions, so that integrals need not be
//! transformed to spherical ones.
mod one_electron;
mod shifted;
mod two_electron;

use super::integrals::Integrals;
use super::scf_state::ScfState;
use super::shells::Shells;
use super::system::charges;
use crate::science::chemistry::{Molecule, distance};
use crate::science::linear::Matrix;

/// The gradient of the energy of a converged determinant, including ghosts, `[atoms, 3]`, Eh/bohr.
pub(super) fn gradient(integrals: &Integrals, molecule: &Molecule, state: &ScfState) -> Vec<[f64; 3]> {
    let shells = integrals.shells();
    let cartesian = |matrix: &Matrix| to_cartesian(shells, matrix);
    let density = cartesian(&state.density());
    let spins: Vec<_> = state.spins.iter().map(|spin| cartesian(&spin.density)).collect();
    let mut weighted = Matrix::zeros(density.rows, density.columns);
    for spin in &state.spins {
        let factor = if state.is_restricted() { 2.0 } else { 1.0 };
        weighted.add(factor, &cartesian(&spin.density.times(&spin.fock).times(&spin.density)));
    }
    let mut sum = nuclear_repulsion(molecule);
    one_electron::add(shells, molecule, &density, &weighted, &mut sum);
    two_electron::add(&integrals.eri, &density, &spins, &mut sum);
    sum
}

/// Transforms a density over functions to one over Cartesian functions.
fn to_cartesian(shells: &Shells, matrix: &Matrix) -> Matrix {
    let mut rows = Matrix::zeros(shells.functions, shells.cartesian);
    for shell in &shells.list {
        for k in 0..shell.functions {
            let row = &mut rows.row_mut(shell.first + k)[shell.first_cartesian..][..shell.cartesian()];
            match shells.spherical_transform(shell.angular) {
                Some(transform) => row.copy_from_slice(&transform[k * shell.cartesian()..][..shell.cartesian()]),
                None => row[k] = 1.0,
            }
        }
    }
    rows.transposed().times(&matrix.times(&rows))
}

/// The gradient of the repulsion of nuclei among themselves and by point charges, Eh/bohr.
fn nuclear_repulsion(molecule: &Molecule) -> Vec<[f64; 3]> {
    let charges = charges(molecule);
    let mut sum = vec![[0.0; 3]; molecule.atoms.len()];
    for (at, sum) in sum.iter_mut().enumerate() {
        let (z, a) = charges[at];
        for (q, b) in
            charges.iter().enumerate().filter(|(k, (q, _))| *k != at && z * q != 0.0).map(|(_, charge)| charge)
        {
            let distance = distance(a, *b);
            let cube = distance * distance * distance;
            (0..3).for_each(|k| sum[k] -= z * q * (a[k] - b[k]) / cube);
        }
    }
    sum
}
