//! The density from which the iterations start.
//!
//! The superposition of atomic densities (van Lenthe, Zwaans, van Dam and Guest, J. Comput. Chem. 27, 926, 2006, DOI
//! 10.1002/jcc.20393): each atom as it is alone, neutral, its electrons spread evenly over spins and orientations.
use super::diis::Diis;
use super::fock::{Demand, coulomb_and_exchange};
use super::integrals::one_electron;
use super::orthonormal::Orthonormal;
use super::repulsion::Repulsion;
use super::shells::Shells;
use crate::science::basis::BasisSet;
use crate::science::chemistry::Element;
use crate::science::linear::{Eigen, Matrix};
use crate::science::memory::OwnMemory;
use integral::engine::os;

/// Angular momenta of subshells in the order in which they are filled (Madelung's rule).
const FILLING: [usize; 19] = [0, 0, 1, 0, 1, 0, 2, 1, 0, 2, 1, 0, 3, 2, 1, 0, 3, 2, 1];

/// Passes of an atom's iterations; a guess need not be better than it is after them.
const PASSES: usize = 40;

/// The commutator at which an atom's density is good enough, Eh.
const ENOUGH: f64 = 1e-5;

/// Electrons in each subshell of an angular momentum.
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

/// The density of a neutral atom over its functions in a set that has it, in the order of [`Shells::place`], `[functions, functions]`.
pub(super) fn atom(element: Element, basis: &BasisSet) -> Matrix {
    let mut all: Vec<_> = basis.shells(element).unwrap_or_default().iter().collect();
    all.sort_by_key(|shell| shell.angular);
    let mut whole = Shells::new(basis.is_spherical);
    let mut atom = Shells::new(true);
    // Which shell of all each of the atom's is: only those that hold electrons.
    let mut places = Vec::new();
    for shell in all {
        whole.add(0, [0.0; 3], shell);
        if !subshells(element, shell.angular).is_empty() {
            atom.add(0, [0.0; 3], shell);
            places.push(whole.list.len() - 1);
        }
    }
    let density = solve(element, &atom);
    spread(&density, &atom, &whole, &places)
}

/// The density of a neutral atom over spherical functions.
fn solve(element: Element, shells: &Shells) -> Matrix {
    let charge = [([0.0; 3], f64::from(element.number()))];
    let mut hamiltonian = one_electron(shells, os::kinetic_into);
    hamiltonian.add(1.0, &one_electron(shells, |a, b, scale, out| os::nuclear_into(a, b, &charge, scale, out)));
    let overlap = one_electron(shells, os::overlap_into);
    let mut repulsion = Repulsion::new(shells.clone());
    repulsion.keep(&OwnMemory);
    let basis = Orthonormal::of(&overlap);
    let mut diis = Diis::default();
    let mut density = occupy(element, shells, &overlap, &hamiltonian);
    for _ in 0..PASSES {
        let demand = Demand { density: density.clone(), spins: vec![&density] };
        let feeling = &coulomb_and_exchange(&repulsion, &[demand])[0];
        let mut fock = hamiltonian.clone();
        fock.add(1.0, &feeling.coulomb);
        fock.add(-0.5, &feeling.exchange[0]);
        let product = fock.times(&density).times(&overlap);
        let mut commutator = product.clone();
        commutator.add(-1.0, &product.transposed());
        let residual = basis.enter(&commutator);
        if residual.largest() < ENOUGH {
            break;
        }
        density = occupy(element, shells, &overlap, &diis.next(&[fock], &[residual]).swap_remove(0));
    }
    density
}

/// Fills the lowest orbitals of each angular momentum, the same for each orientation.
fn occupy(element: Element, shells: &Shells, overlap: &Matrix, fock: &Matrix) -> Matrix {
    let mut density = Matrix::zeros(shells.functions, shells.functions);
    let highest = shells.list.iter().map(|shell| shell.angular).max().unwrap_or(0);
    for angular in 0..=highest {
        let radial: Vec<usize> =
            shells.list.iter().filter(|shell| shell.angular == angular).map(|shell| shell.first).collect();
        let orientations = 2 * angular + 1;
        let mean = |matrix: &Matrix| {
            let element = |a: usize, b: usize| (0..orientations).map(|m| matrix.at(a + m, b + m)).sum::<f64>();
            let values = radial.iter().flat_map(|&a| radial.iter().map(move |&b| (a, b)));
            let values = values.map(|(a, b)| element(a, b) / orientations as f64).collect();
            Matrix::of(radial.len(), radial.len(), values)
        };
        let basis = Orthonormal::of(&mean(overlap));
        let orbitals = basis.leave(&Eigen::of(&basis.enter(&mean(fock))).vectors);
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

/// A density over some shells, in spherical functions, as one over all of them in functions of their kind.
fn spread(density: &Matrix, atom: &Shells, whole: &Shells, places: &[usize]) -> Matrix {
    let mut rows = Matrix::zeros(atom.functions, whole.functions);
    for (shell, &place) in atom.list.iter().zip(places) {
        let target = &whole.list[place];
        for k in 0..shell.functions {
            let row = &mut rows.row_mut(shell.first + k)[target.range()];
            match atom.form(shell.angular).filter(|_| !whole.is_spherical) {
                Some(form) => row.copy_from_slice(&form[k * target.functions..][..target.functions]),
                None => row[k] = 1.0,
            }
        }
    }
    rows.transposed().times(&density.times(&rows))
}
