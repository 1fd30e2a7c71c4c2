//! What are the energy and gradient of a system, or of several that share their integrals?
use super::diagnostic::Diagnostic;
use super::error::Error;
use super::gradient::gradient;
use super::integrals::Integrals;
use super::mp2;
use super::scf_state::ScfState;
use super::search::{Search, converge};
use super::settings::{Derivative, Method, Settings};
use super::system::{System, electrons, nuclear_repulsion};
use crate::science::chemistry::Molecule;

/// Energies, orbitals and the gradient of one system.
#[derive(Clone, Debug, PartialEq)]
pub struct ScfResult {
    /// Energy of the requested method, Eh. It contains the repulsion of nuclei among themselves and by point charges, but not that of point
    /// charges among themselves (as in psi4 and PySCF).
    pub energy: f64,
    /// Hartree-Fock energy, Eh.
    pub scf_energy: f64,
    /// MP2 correlation energy, Eh; none for Hartree-Fock.
    pub correlation_energy: Option<f64>,
    /// Repulsion of nuclei among themselves and by point charges, Eh.
    pub nuclear_repulsion: f64,
    /// Expectation value of S^2 of the Hartree-Fock determinant.
    pub s_squared: f64,
    pub iterations: usize,
    /// Orbital energies of each spin in ascending order, one list if the spins share their orbitals, Eh.
    pub orbital_energies: Vec<Vec<f64>>,
    /// Whether the reference is RHF rather than UHF.
    pub is_restricted: bool,
    pub functions: usize,
    /// Derivatives of the energy with respect to positions, including those of ghosts, `[atoms, 3]`, Eh/bohr.
    pub gradient: Option<Vec<[f64; 3]>>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Computes a system with integrals of its own.
pub fn solve(system: &System<'_>, settings: &Settings, derivative: Derivative) -> Result<ScfResult, Error> {
    settings.check(derivative)?;
    electrons(system.molecule)?;
    solve_with(&Integrals::new(system, settings.memory_mb)?, system, settings, derivative)
}

/// Computes a system with given integrals, which other systems may share.
///
/// # Errors
/// The system or the settings are invalid or not supported, memory is too small, or the SCF does not converge.
pub fn solve_with(
    integrals: &Integrals,
    system: &System<'_>,
    settings: &Settings,
    derivative: Derivative,
) -> Result<ScfResult, Error> {
    solve_all(integrals, &[*system], settings, derivative).swap_remove(0)
}

/// Computes systems that share their integrals. As many as fit into memory are iterated together, so that integrals are read, or
/// computed, once for all of them; each result has the same bits as if it were computed alone.
pub fn solve_all(
    integrals: &Integrals,
    systems: &[System<'_>],
    settings: &Settings,
    derivative: Derivative,
) -> Vec<Result<ScfResult, Error>> {
    let solve_group = |group: &[System<'_>]| {
        let searches = group.iter().map(|system| search(integrals, system, settings, derivative)).collect();
        let finish = |(system, state): (&System<'_>, Result<ScfState, Error>)| {
            finish(integrals, system.molecule, state?, settings, derivative)
        };
        group.iter().zip(converge(integrals, searches)).map(finish).collect::<Vec<_>>()
    };
    systems.chunks(integrals.tasks_per_pass(settings.memory_mb)).flat_map(solve_group).collect()
}

/// Validates a system and sets up the search for its SCF solution.
fn search<'a>(
    integrals: &'a Integrals,
    system: &System<'a>,
    settings: &'a Settings,
    derivative: Derivative,
) -> Result<Search<'a>, Error> {
    settings.check(derivative)?;
    if !integrals.are_for(system) {
        return Err(Error::OtherIntegrals);
    }
    // Coincident charges are reported before anything is computed.
    nuclear_repulsion(system.molecule)?;
    let is_restricted = settings.is_restricted(system.molecule)?;
    Search::new(integrals, system.molecule, electrons(system.molecule)?, is_restricted, (settings, derivative))
}

/// Computes correlation energy and gradient of a converged state.
fn finish(
    integrals: &Integrals,
    molecule: &Molecule,
    mut state: ScfState,
    settings: &Settings,
    derivative: Derivative,
) -> Result<ScfResult, Error> {
    let nuclear_repulsion = nuclear_repulsion(molecule)?;
    let scf_energy = state.electronic_energy + nuclear_repulsion;
    let correlation = match settings.method {
        Method::Hf => None,
        Method::Mp2 => {
            Some(mp2::correlation(integrals, &mut state, settings.frozen_orbitals(molecule), settings.memory_mb))
        }
    };
    let correlation_energy = correlation.map(|parts| parts.same_spin + parts.opposite_spin);
    let gradient = (derivative == Derivative::Gradient).then(|| gradient(integrals, molecule, &state));
    Ok(ScfResult {
        energy: scf_energy + correlation_energy.unwrap_or(0.0),
        scf_energy,
        correlation_energy,
        nuclear_repulsion,
        s_squared: state.s_squared(&integrals.overlap),
        iterations: state.iterations,
        orbital_energies: state.spins.iter().map(|spin| spin.energies.clone()).collect(),
        is_restricted: state.is_restricted(),
        functions: integrals.functions(),
        gradient,
        diagnostics: state.diagnostics,
    })
}
