//! Which density do the iterations start from?
//!
//! The superposition of atomic densities (van Lenthe, Zwaans, van Dam and Guest, J. Comput. Chem. 27, 926, 2006, DOI
//! 10.1002/jcc.20393): neutral free atoms with electrons spread evenly over spins and
//! orientations.
use super::diis::Diis;
use super::eri::Eri;
use super::fock::{DensityInput, build_jk};
use super::one_electron::{attraction, one_electron};
use super::orthonormal_basis::OrthonormalBasis;
use super::shells::Shells;
use crate::science::basis::BasisSet;
use crate::science::chemistry::Element;
use crate::science::linear::{Eigen, Matrix};
use crate::science::memory::OwnMemory;
use integral::engine::os;

/// Angular momenta of subshells in the order of filling (Madelung's rule).
const FILLING: [usize; 19] = [0, 0, 1, 0, 1, 0, 2, 1, 0, 2, 1, 0, 3, 2, 1, 0, 3, 2, 1];

/// SCF iterations of an atom; the guess is used even if they have not converged by then.
const MAX_ITERATIONS: usize = 40;

/// Convergence threshold for the largest element of the commutator, Eh.
const RESIDUAL_THRESHOLD: f64 = 1e-5;

/// Number of electrons in each occupied subshell of an angular momentum.
fn subshells(element: Element, angular: usize) -> Vec<f64> {
    let mut left = element.number() as usize;
    let mut filled = Vec::new();
    for l in FILLING {
        let electrons = left.min(2 * (2 * l + 1));
        left -= electrons;
        if l == angular && electrons > 0 {
            filled.push(electrons as f64);
        }
    }
    filled
}

/// The density of a neutral atom over its basis functions in the order of [`Shells::for_atoms`], `[functions, functions]`.
pub(super) fn atomic_density(element: Element, basis: &BasisSet) -> Matrix {
    let mut contractions: Vec<_> = basis.shells(element).unwrap_or_default().iter().collect();
    contractions.sort_by_key(|shell| shell.angular);
    let mut all_shells = Shells::new(basis.is_spherical);
    let mut atom = Shells::new(true);
    // Only shells of angular momenta that hold electrons, with their indices among all shells.
    let mut indices = Vec::new();
    for shell in contractions {
        all_shells.add(0, [0.0; 3], shell);
        if !subshells(element, shell.angular).is_empty() {
            atom.add(0, [0.0; 3], shell);
            indices.push(all_shells.list.len() - 1);
        }
    }
    let density = solve(element, &atom);
    expand(&density, &atom, &all_shells, &indices)
}

/// The density of a neutral atom over spherical functions by a spin-restricted, spherically averaged SCF.
fn solve(element: Element, shells: &Shells) -> Matrix {
    let charge = [([0.0; 3], f64::from(element.number()))];
    let mut hamiltonian = one_electron(shells, os::kinetic_into);
    hamiltonian.add(1.0, &attraction(shells, &charge));
    let overlap = one_electron(shells, os::overlap_into);
    let mut eri = Eri::new(shells.clone());
    eri.store(&OwnMemory);
    let basis = OrthonormalBasis::new(&overlap);
    let mut diis = Diis::default();
    let mut density = occupy(element, shells, &overlap, &hamiltonian);
    for _ in 0..MAX_ITERATIONS {
        let input = DensityInput { total: density.clone(), spins: vec![&density] };
        let jk = &build_jk(&eri, &[input])[0];
        let mut fock = hamiltonian.clone();
        fock.add(1.0, &jk.coulomb);
        fock.add(-0.5, &jk.exchange[0]);
        let product = fock.times(&density).times(&overlap);
        let mut commutator = product.clone();
        commutator.add(-1.0, &product.transposed());
        let residual = basis.to_orthonormal(&commutator);
        if residual.largest() < RESIDUAL_THRESHOLD {
            break;
        }
        density = occupy(element, shells, &overlap, &diis.extrapolate(&[fock], &[residual]).swap_remove(0));
    }
    density
}

/// The density with the lowest orbitals of each angular momentum occupied equally in all orientations.
fn occupy(element: Element, shells: &Shells, overlap: &Matrix, fock: &Matrix) -> Matrix {
    let mut density = Matrix::zeros(shells.functions, shells.functions);
    let highest = shells.list.iter().map(|shell| shell.angular).max().unwrap_or(0);
    for angular in 0..=highest {
        let radial: Vec<usize> =
            shells.list.iter().filter(|shell| shell.angular == angular).map(|shell| shell.first).collect();
        let orientations = 2 * angular + 1;
        let mean = |matrix: &Matrix| {
            let element = |a: usize, b: usize| (0..orientations).map(|m| matrix.get(a + m, b + m)).sum::<f64>();
            let values = radial.iter().flat_map(|&a| radial.iter().map(move |&b| (a, b)));
            let values = values.map(|(a, b)| element(a, b) / orientations as f64).collect();
            Matrix::new(radial.len(), radial.len(), values)
        };
        let basis = OrthonormalBasis::new(&mean(overlap));
        let orbitals = basis.back_transform(&Eigen::new(&basis.to_orthonormal(&mean(fock))).vectors);
        for (orbital, electrons) in orbitals.values.chunks_exact(radial.len()).zip(subshells(element, angular)) {
            for (x, &a) in orbital.iter().zip(&radial) {
                for (y, &b) in orbital.iter().zip(&radial) {
                    for m in 0..orientations {
                        density.values[(a + m) * shells.functions + b + m] += electrons / orientations as f64 * x * y;
                    }
                }
            }
        }
    }
    density
}

/// Transforms a density over spherical functions of some shells to one over all shells, `indices` being those of the former among the latter.
fn expand(density: &Matrix, atom: &Shells, all_shells: &Shells, indices: &[usize]) -> Matrix {
    let mut rows = Matrix::zeros(atom.functions, all_shells.functions);
    for (shell, &index) in atom.list.iter().zip(indices) {
        let target = &all_shells.list[index];
        for k in 0..shell.functions {
            let row = &mut rows.row_mut(shell.first + k)[target.range()];
            match atom.spherical_transform(shell.angular).filter(|_| !all_shells.is_spherical) {
                Some(transform) => row.copy_from_slice(&transform[k * target.functions..][..target.functions]),
                None => row[k] = 1.0,
            }
        }
    }
    rows.transposed().times(&density.times(&rows))
}
