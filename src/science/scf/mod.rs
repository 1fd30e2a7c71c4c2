//! What is the energy of a molecule in the Hartree-Fock approximation, and with the correlation of second order?
//!
//! RHF and UHF energies with analytic gradients, MP2 energies on both, over contracted Gaussians; atomic units throughout.
//!
//! ```text
//! System -> Integrals (once for all tasks with the same atoms) -> search: guess, fock, diis, stability (some tasks at once) -> mp2, gradient -> Outcome
//! ```
//!
//! Everything is a pure function of the system and the settings, on one thread. Whether repulsion integrals are kept or computed for every
//! pass, whether they are shared and with how much memory MP2 works changes no bit of any result. Linear algebra has
//! the same bits on every processor; integrals (crate `integral`) use the exponential function of the C library, so that
//! results are bit-identical on processors of one kind with one C library, and equal to rounding on others.
mod blocks;
mod diis;

mod error;
mod field;
mod fock;
mod footprint;
mod gradient;
mod guess;
mod integrals;
mod iterations;

mod minimization;
mod mp2;
mod note;
mod orthonormal;
mod repulsion;
mod search;
mod settings;
mod shells;
mod specimen;
mod stability;
#[cfg(test)]
mod tests;

pub use error::{Attempt, Error, History, Iterate, Unsupported};
pub use footprint::{Footprint, Used};
pub use integrals::{Integrals, TOGETHER};
pub use note::Note;
pub use orthonormal::DEPENDENT;
pub use settings::{Derivative, Guess, Method, Reference, Settings};
pub use specimen::Specimen;

use super::basis::BasisSet;
use super::chemistry::{Molecule, distance};
use field::Field;
use search::Search;

/// A molecule with the basis set of its atoms. Ghosts have functions, and neither charge nor electrons.
#[derive(Clone, Copy, Debug)]
pub struct System<'a> {
    pub molecule: &'a Molecule,
    pub basis: &'a BasisSet,
}

/// What was computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Of the method asked for, with the repulsion of nuclei among themselves and by point charges, without that of point charges among
    /// themselves (as psi4 and PySCF have it), Eh.
    pub energy: f64,
    /// Of Hartree-Fock, Eh.
    pub scf_energy: f64,
    /// What MP2 adds to it, Eh; none where it was not asked for.
    pub correlation_energy: Option<f64>,
    /// The part of pairs of electrons with the same spin, Eh.
    pub same_spin_energy: Option<f64>,
    /// Repulsion of nuclei among themselves and by point charges, Eh.
    pub nuclear_repulsion: f64,
    /// The expectation value of S^2 of the Hartree-Fock determinant.
    pub s_squared: f64,
    /// Passes over all attempts.
    pub iterations: usize,
    /// Energies of orbitals of each spin, one list where the spins share them, ascending, Eh.
    pub orbital_energies: Vec<Vec<f64>>,
    /// Which of the two references it was.
    pub is_restricted: bool,
    pub functions: usize,
    /// Derivatives of the energy with respect to positions, ghosts' too, `[atoms, 3]`, Eh/bohr.
    pub gradient: Option<Vec<[f64; 3]>>,
    pub notes: Vec<Note>,
}

/// Computes a system with integrals of its own.
///
/// # Errors
/// As [`solve_with`].
pub fn solve(system: &System<'_>, settings: &Settings, derivative: Derivative) -> Result<Outcome, Error> {
    settings.check(derivative)?;
    electrons(system.molecule)?;
    solve_with(&Integrals::new(system, settings.memory_mb)?, system, settings, derivative)
}

/// Computes a system with integrals that may serve others too.
///
/// # Errors
/// Where the system or the settings make no sense, memory is too small, or nothing converges: what is wrong is a variant of
/// [`Error`].
pub fn solve_with(
    integrals: &Integrals,
    system: &System<'_>,
    settings: &Settings,
    derivative: Derivative,
) -> Result<Outcome, Error> {
    solve_all(integrals, &[*system], settings, derivative).swap_remove(0)
}

/// Computes systems that have their integrals in common. As many as fit into memory are iterated together, so that integrals are
/// read, or computed, once for all of them; what one gives has the same bits as alone.
///
/// # Errors
/// Each as [`solve_with`].
pub fn solve_all(
    integrals: &Integrals,
    systems: &[System<'_>],
    settings: &Settings,
    derivative: Derivative,
) -> Vec<Result<Outcome, Error>> {
    let some = systems.chunks(integrals.together(settings.memory_mb));
    some.flat_map(|some| solve_some(integrals, some, settings, derivative)).collect()
}

fn solve_some(
    integrals: &Integrals,
    systems: &[System<'_>],
    settings: &Settings,
    derivative: Derivative,
) -> Vec<Result<Outcome, Error>> {
    let searches = systems.iter().map(|system| search(integrals, system, settings, derivative)).collect();
    let fields = search::converge(integrals, searches);
    let end = |(system, field): (&System<'_>, Result<Field, Error>)| {
        finish(integrals, system.molecule, field?, settings, derivative)
    };
    systems.iter().zip(fields).map(end).collect()
}

/// The search for a system's field, where there can be one.
fn search<'a>(
    integrals: &'a Integrals,
    system: &System<'a>,
    settings: &'a Settings,
    derivative: Derivative,
) -> Result<Search<'a>, Error> {
    settings.check(derivative)?;
    if !integrals.serve(system) {
        return Err(Error::OtherIntegrals);
    }
    // Found out before anything is computed.
    nuclear_repulsion(system.molecule)?;
    let is_restricted = settings.is_restricted(system.molecule)?;
    Search::new(integrals, system.molecule, electrons(system.molecule)?, is_restricted, (settings, derivative))
}

/// What a converged field gives.
fn finish(
    integrals: &Integrals,
    molecule: &Molecule,
    mut field: Field,
    settings: &Settings,
    derivative: Derivative,
) -> Result<Outcome, Error> {
    let nuclear_repulsion = nuclear_repulsion(molecule)?;
    let scf_energy = field.electronic_energy + nuclear_repulsion;
    let correlation = match settings.method {
        Method::Hf => None,
        Method::Mp2 => {
            Some(mp2::correlation(integrals, &mut field, settings.frozen_orbitals(molecule), settings.memory_mb))
        }
    };
    let correlation_energy = correlation.map(|parts| parts.same_spin + parts.opposite_spin);
    let gradient = (derivative == Derivative::Gradient).then(|| gradient::gradient(integrals, molecule, &field));
    Ok(Outcome {
        energy: scf_energy + correlation_energy.unwrap_or(0.0),
        scf_energy,
        correlation_energy,
        same_spin_energy: correlation.map(|parts| parts.same_spin),
        nuclear_repulsion,
        s_squared: field.s_squared(&integrals.overlap),
        iterations: field.iterations,
        orbital_energies: field.spins.iter().map(|spin| spin.energies.clone()).collect(),
        is_restricted: field.is_restricted(),
        functions: integrals.functions(),
        gradient,
        notes: field.notes,
    })
}

/// Electrons of each spin, the more numerous first.
fn electrons(molecule: &Molecule) -> Result<[usize; 2], Error> {
    let (electrons, multiplicity) = (molecule.electrons(), molecule.multiplicity);
    if electrons < 0 {
        return Err(Error::Charge { charge: molecule.charge, nuclear: electrons + i64::from(molecule.charge) });
    }
    let unpaired = i64::from(multiplicity) - 1;
    if unpaired < 0 || unpaired > electrons || (electrons - unpaired) % 2 != 0 {
        return Err(Error::Multiplicity { electrons, multiplicity });
    }
    let fewer = (electrons - unpaired) / 2;
    Ok([fewer + unpaired, fewer].map(|number| number as usize))
}

/// Repulsion of nuclei of real atoms among themselves and by point charges, Eh.
fn nuclear_repulsion(molecule: &Molecule) -> Result<f64, Error> {
    let charges = charges(molecule);
    let nuclei = molecule.atoms.len();
    let mut sum = 0.0;
    for (first, (z, a)) in charges[..nuclei].iter().enumerate() {
        for (second, (q, b)) in charges.iter().enumerate().skip(first + 1).filter(|(_, (q, _))| z * q != 0.0) {
            let distance = distance(*a, *b);
            if distance == 0.0 {
                return Err(Error::Coincident { first, second });
            }
            sum += z * q / distance;
        }
    }
    if sum.is_finite() { Ok(sum) } else { Err(Error::NotFinite) }
}

/// All charges with their places: atoms in their order, ghosts with none, then point charges.
fn charges(molecule: &Molecule) -> Vec<(f64, [f64; 3])> {
    let charge = |atom: &super::chemistry::Atom| if atom.is_ghost { 0.0 } else { f64::from(atom.element.number()) };
    let nuclei = molecule.atoms.iter().map(|atom| (charge(atom), atom.position));
    nuclei.chain(molecule.point_charges.iter().map(|point| (point.charge, point.position))).collect()
}
