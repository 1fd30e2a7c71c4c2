//! Orbitals in the field of one another: Hartree-Fock, restricted (Roothaan, Rev. Mod. Phys. 23, 69, 1951, DOI
//! 10.1103/RevModPhys.23.69) and unrestricted (Pople and Nesbet, J. Chem. Phys. 22, 571, 1954, DOI 10.1063/1.1740120).
use super::Error;
use super::diis::Diis;
use super::error::{Attempt, History, Iterate};
use super::fock::coulomb_and_exchange;
use super::integrals::Integrals;
use super::note::Note;
use super::orthonormal::Orthonormal;
use super::settings::{Guess, Settings};
use crate::science::chemistry::Molecule;
use crate::science::linear::Eigen;
use crate::science::linear::Matrix;

/// By how much virtual orbitals are raised in the second attempt, Eh (Saunders and Hillier, Int. J. Quantum Chem. 7, 699, 1973,
/// DOI 10.1002/qua.560070407).
const LEVEL_SHIFT: f64 = 0.5;

/// The residual from which on the second attempt extrapolates, Eh.
const EXTRAPOLATED: f64 = 1e-3;

/// Below this eigenvalue of the overlap functions are nearly dependent.
const NEARLY_DEPENDENT: f64 = 1e-6;

/// The orbitals of one spin, or of both where they are the same.
#[derive(Clone, Debug)]
pub(super) struct Spin {
    /// Occupied orbitals.
    pub occupied: usize,
    /// As rows over functions, ascending in energy.
    pub orbitals: Matrix,
    /// The same in the orthonormal basis.
    vectors: Matrix,
    /// Eh.
    pub energies: Vec<f64>,
    /// `sum_i c_pi c_qi` over occupied orbitals.
    pub density: Matrix,
    /// Over functions, Eh.
    pub fock: Matrix,
}

/// A converged determinant.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// One where both spins have the same orbitals, else first the more numerous.
    pub spins: Vec<Spin>,
    /// Eh.
    pub electronic_energy: f64,
    pub iterations: usize,
    pub notes: Vec<Note>,
}

impl Field {
    /// Finds the orbitals of a molecule with so many electrons of each spin.
    pub fn converge(
        integrals: &Integrals,
        molecule: &Molecule,
        electrons: [usize; 2],
        is_restricted: bool,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let basis = Orthonormal::of(&integrals.overlap);
        if electrons[0] > basis.size() {
            return Err(Error::TooFewFunctions { electrons: electrons[0], orbitals: basis.size() });
        }
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let problem = Problem { integrals, hamiltonian: integrals.hamiltonian(molecule), basis, occupied };
        let mut notes = problem.notes();
        let mut history = History { attempts: Vec::new() };
        for level_shift in [0.0, LEVEL_SHIFT] {
            let start = problem.start(molecule, settings.guess);
            let mut attempt = Attempt { level_shift, iterates: Vec::new() };
            let end = problem.iterate(start, settings, &mut attempt);
            let lost: usize = history.attempts.iter().map(|attempt| attempt.iterates.len()).sum();
            if let Some((spins, electronic_energy)) = end {
                if lost > 0 {
                    notes.push(Note::Shifted { level_shift, lost });
                }
                return Ok(Self { spins, electronic_energy, iterations: lost + attempt.iterates.len(), notes });
            }
            history.attempts.push(attempt);
        }
        Err(Error::NotConverged(history))
    }

    /// Whether both spins have the same orbitals.
    pub fn is_restricted(&self) -> bool {
        self.spins.len() == 1
    }

    /// The density of all electrons.
    pub fn density(&self) -> Matrix {
        total(&self.spins)
    }

    /// The expectation value of S^2 of the determinant (Szabo and Ostlund, Modern Quantum Chemistry, eq. 2.271).
    pub fn s_squared(&self, overlap: &Matrix) -> f64 {
        let [a, b] = &self.spins[..] else { return 0.0 };
        let half = 0.5 * (a.occupied as f64 - b.occupied as f64);
        let same = a.density.times(overlap).transposed().dot(&b.density.times(overlap));
        half * (half + 1.0) + b.occupied as f64 - same
    }
}

/// The density of all electrons of one or two spins.
fn total(spins: &[Spin]) -> Matrix {
    let mut sum = spins[0].density.clone();
    sum.add(1.0, &spins[spins.len() - 1].density);
    sum
}

/// What does not change between iterations.
struct Problem<'a> {
    integrals: &'a Integrals,
    hamiltonian: Matrix,
    basis: Orthonormal,
    /// Occupied orbitals of each spin.
    occupied: Vec<usize>,
}

impl Problem<'_> {
    /// What is to be told about the basis and the electrons.
    fn notes(&self) -> Vec<Note> {
        let (functions, smallest) = (self.integrals.functions(), self.basis.smallest);
        let left_out = functions - self.basis.size();
        let mut notes = Vec::new();
        if left_out > 0 {
            notes.push(Note::Dependent { left_out, functions, smallest });
        } else if smallest < NEARLY_DEPENDENT {
            notes.push(Note::NearlyDependent { smallest });
        }
        if self.occupied.iter().all(|occupied| *occupied == 0) {
            notes.push(Note::NoElectrons);
        }
        notes
    }

    /// The first orbitals.
    fn start(&self, molecule: &Molecule, guess: Guess) -> Vec<Spin> {
        let mut fock = self.hamiltonian.clone();
        if guess == Guess::Sad {
            let density = self.integrals.atomic_densities(molecule);
            let (coulomb, exchange) = coulomb_and_exchange(&self.integrals.repulsion, &density, &[&density]);
            fock.add(1.0, &coulomb);
            fock.add(-0.5, &exchange[0]);
        }
        let inside = self.basis.enter(&fock);
        self.occupied.iter().map(|&occupied| self.occupy(occupied, &inside)).collect()
    }

    /// The lowest orbitals of a Fock matrix in the orthonormal basis.
    fn occupy(&self, occupied: usize, fock: &Matrix) -> Spin {
        let Eigen { values, vectors } = Eigen::of(fock);
        let orbitals = self.basis.leave(&vectors);
        let density = orbitals.first_rows(occupied).gram();
        let fock = Matrix::zeros(0, 0);
        Spin { occupied, orbitals, vectors, energies: values, density, fock }
    }

    /// Improves orbitals until they do not change; none where they do not converge.
    fn iterate(&self, mut spins: Vec<Spin>, settings: &Settings, attempt: &mut Attempt) -> Option<(Vec<Spin>, f64)> {
        let mut diis = Diis::default();
        for _ in 0..settings.max_iterations {
            let energy = self.feel(&mut spins);
            let inside: Vec<_> = spins.iter().map(|spin| self.basis.enter(&spin.fock)).collect();
            let residuals: Vec<_> = spins.iter().zip(&inside).map(|(spin, fock)| residual(spin, fock)).collect();
            let residual = residuals.iter().fold(0.0, |largest, one| f64::max(largest, one.largest()));
            let before = attempt.iterates.last().map(|iterate| iterate.energy);
            attempt.iterates.push(Iterate { energy, residual });
            if !energy.is_finite() || inside.iter().any(|fock| !fock.values.iter().all(|x| x.is_finite())) {
                return None;
            }
            let is_still = before.is_some_and(|before| (energy - before).abs() <= settings.convergence);
            if is_still && residual <= settings.residual() {
                return Some((self.settle(spins, &inside), energy));
            }
            // Raised before they are combined, so that the density each is raised by is combined too.
            let raised: Vec<_> =
                inside.into_iter().zip(&spins).map(|(fock, spin)| raise(fock, spin, attempt.level_shift)).collect();
            // An extrapolation far from convergence may lead to any stationary state; small steps lead down.
            let is_far = attempt.level_shift != 0.0 && residual > EXTRAPOLATED;
            let next = if is_far { raised } else { diis.next(&raised, &residuals) };
            spins = next.iter().zip(&self.occupied).map(|(fock, &occupied)| self.occupy(occupied, fock)).collect();
        }
        None
    }

    /// Computes the Fock matrices, and returns the electronic energy.
    fn feel(&self, spins: &mut [Spin]) -> f64 {
        let densities: Vec<_> = spins.iter().map(|spin| &spin.density).collect();
        let (coulomb, exchange) = coulomb_and_exchange(&self.integrals.repulsion, &total(spins), &densities);
        let weight = if spins.len() == 1 { 1.0 } else { 0.5 };
        let mut energy = 0.0;
        for (spin, exchange) in spins.iter_mut().zip(&exchange) {
            let mut fock = self.hamiltonian.clone();
            fock.add(1.0, &coulomb);
            fock.add(-1.0, exchange);
            energy += weight * (spin.density.dot(&self.hamiltonian) + spin.density.dot(&fock));
            spin.fock = fock;
        }
        energy
    }

    /// Canonical orbitals of the last Fock matrices; densities stay those that the energy belongs to.
    fn settle(&self, spins: Vec<Spin>, inside: &[Matrix]) -> Vec<Spin> {
        let settle = |(spin, fock): (Spin, &Matrix)| {
            let Spin { orbitals, vectors, energies, .. } = self.occupy(spin.occupied, fock);
            Spin { orbitals, vectors, energies, ..spin }
        };
        spins.into_iter().zip(inside).map(settle).collect()
    }
}

/// The commutator FP - PF in the orthonormal basis.
fn residual(spin: &Spin, fock: &Matrix) -> Matrix {
    let occupied = spin.vectors.first_rows(spin.occupied);
    let product = occupied.times(fock).transposed().times(&occupied);
    let mut commutator = product.clone();
    commutator.add(-1.0, &product.transposed());
    commutator
}

/// Raises virtual orbitals.
fn raise(mut fock: Matrix, spin: &Spin, level_shift: f64) -> Matrix {
    if level_shift != 0.0 {
        fock.add(-level_shift, &spin.vectors.first_rows(spin.occupied).gram());
        let n = fock.rows;
        (0..n).for_each(|k| fock.values[k * (n + 1)] += level_shift);
    }
    fock
}
