//! Derivatives of the Hartree-Fock energy with respect to the places of atoms.
//!
//! Orbitals need no derivative: with D the density of all electrons, P and F the density and the Fock matrix of each spin, the
//! gradient is that of the one-electron integrals times D, of the repulsion integrals times the two-particle density, of the
//! overlap times `-sum PFP`, and of the repulsion of nuclei (Pople, Krishnan, Schlegel and Binkley, Int. J. Quantum Chem.
//! Symp. 13, 225, 1979, DOI 10.1002/qua.560160825). Densities are taken to Cartesian functions, so that integrals need not be
//! taken from them.
mod one_electron;
mod shifted;
mod two_electron;

use super::charges;
use super::field::Field;
use super::integrals::Integrals;
use super::shells::Shells;
use crate::science::chemistry::{Molecule, distance};
use crate::science::linear::Matrix;

/// The gradient of the energy of a converged determinant, `[atoms, 3]`, ghosts' too, Eh/bohr.
pub(super) fn gradient(integrals: &Integrals, molecule: &Molecule, field: &Field) -> Vec<[f64; 3]> {
    let shells = integrals.shells();
    let cartesian = |matrix: &Matrix| to_cartesian(shells, matrix);
    let density = cartesian(&field.density());
    let spins: Vec<_> = field.spins.iter().map(|spin| cartesian(&spin.density)).collect();
    let mut weighted = Matrix::zeros(density.rows, density.columns);
    for spin in &field.spins {
        let factor = if field.is_restricted() { 2.0 } else { 1.0 };
        weighted.add(factor, &cartesian(&spin.density.times(&spin.fock).times(&spin.density)));
    }
    let mut sum = repulsion_of_nuclei(molecule);
    one_electron::add(shells, molecule, &density, &weighted, &mut sum);
    two_electron::add(&integrals.repulsion, &density, &spins, &mut sum);
    sum
}

/// A density over functions as one over Cartesian functions.
fn to_cartesian(shells: &Shells, matrix: &Matrix) -> Matrix {
    let mut rows = Matrix::zeros(shells.functions, shells.cartesian);
    for shell in &shells.list {
        for k in 0..shell.functions {
            let row = &mut rows.row_mut(shell.first + k)[shell.first_cartesian..][..shell.cartesian()];
            match shells.form(shell.angular) {
                Some(form) => row.copy_from_slice(&form[k * shell.cartesian()..][..shell.cartesian()]),
                None => row[k] = 1.0,
            }
        }
    }
    rows.transposed().times(&matrix.times(&rows))
}

/// Of the repulsion of nuclei among themselves and by point charges.
fn repulsion_of_nuclei(molecule: &Molecule) -> Vec<[f64; 3]> {
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
