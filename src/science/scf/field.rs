//! Orbitals in the field of one another: Hartree-Fock, restricted (Roothaan, Rev. Mod. Phys. 23, 69, 1951, DOI
//! 10.1103/RevModPhys.23.69) and unrestricted (Pople and Nesbet, J. Chem. Phys. 22, 571, 1954, DOI 10.1063/1.1740120).
use super::Error;
use super::diis::Diis;
use super::error::{Attempt, History, Iterate};
use super::fock::{Demand, Feeling, coulomb_and_exchange};
use super::integrals::Integrals;
use super::note::Note;
use super::orthonormal::Orthonormal;
use super::settings::{Derivative, Guess, Settings};
use crate::science::chemistry::Molecule;
use crate::science::linear::{Eigen, Matrix};

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

/// Finds the fields of some searches over the same integrals, which are read once a pass for all of them. What one finds does not
/// depend on the others; what could not be searched for stays refused.
pub(super) fn converge(integrals: &Integrals, searches: Vec<Result<Search<'_>, Error>>) -> Vec<Result<Field, Error>> {
    let (mut open, mut ends) = (Vec::new(), Vec::new());
    for (at, search) in searches.into_iter().enumerate() {
        let refused = search.map(|search| open.push((at, search))).err();
        ends.push(refused.map(Err));
    }
    while !open.is_empty() {
        let demands: Vec<_> = open.iter().map(|(_, search)| search.demand()).collect();
        let mut feelings = coulomb_and_exchange(&integrals.repulsion, &demands).into_iter();
        open.retain_mut(|(at, search)| {
            ends[*at] = search.step(feelings.next().expect("as many as demands"));
            ends[*at].is_none()
        });
    }
    ends.into_iter().map(|end| end.expect("a search ends before it leaves")).collect()
}

/// The way to a field, from pass to pass.
pub(super) struct Search<'a> {
    problem: Problem<'a>,
    settings: &'a Settings,
    /// The residual at convergence, Eh.
    enough: f64,
    /// The density that the next attempt starts from, or where this one is.
    at: Place,
    diis: Diis,
    /// The attempt that goes on is the last.
    history: History,
    notes: Vec<Note>,
}

/// Where an attempt is.
enum Place {
    /// At a density of all electrons without orbitals.
    Guess(Matrix),
    At(Vec<Spin>),
}

impl<'a> Search<'a> {
    /// For the orbitals of a molecule with so many electrons of each spin.
    ///
    /// # Errors
    /// There are fewer orbitals than electrons.
    pub fn new(
        integrals: &'a Integrals,
        molecule: &'a Molecule,
        electrons: [usize; 2],
        is_restricted: bool,
        (settings, derivative): (&'a Settings, Derivative),
    ) -> Result<Self, Error> {
        let basis = integrals.orthonormal();
        if electrons[0] > basis.size() {
            return Err(Error::TooFewFunctions { electrons: electrons[0], orbitals: basis.size() });
        }
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let problem = Problem { integrals, molecule, hamiltonian: integrals.hamiltonian(molecule), basis, occupied };
        let notes = problem.notes();
        let history = History { attempts: vec![Attempt { level_shift: 0.0, iterates: Vec::new() }] };
        let (at, enough) = (problem.start(settings.guess), settings.residual(derivative));
        Ok(Self { at, problem, settings, enough, diis: Diis::default(), history, notes })
    }

    /// The densities whose field is to be known.
    fn demand(&self) -> Demand<'_> {
        match &self.at {
            Place::Guess(density) => Demand { density: density.clone(), spins: vec![density] },
            Place::At(spins) => {
                Demand { density: total(spins), spins: spins.iter().map(|spin| &spin.density).collect() }
            }
        }
    }

    /// Goes on with what the densities feel; returns the end where there is one.
    fn step(&mut self, feeling: Feeling) -> Option<Result<Field, Error>> {
        let spins = match &mut self.at {
            Place::At(spins) => spins,
            Place::Guess(_) => {
                self.at = Place::At(self.problem.first(&feeling));
                return None;
            }
        };
        let energy = self.problem.feel(spins, &feeling);
        let inside: Vec<_> = spins.iter().map(|spin| self.problem.basis.enter(&spin.fock)).collect();
        let residuals: Vec<_> = spins.iter().zip(&inside).map(|(spin, fock)| residual(spin, fock)).collect();
        let residual = residuals.iter().fold(0.0, |largest, one| f64::max(largest, one.largest()));
        let attempt = self.history.attempts.last_mut().expect("an attempt goes on");
        let before = attempt.iterates.last().map(|iterate| iterate.energy);
        attempt.iterates.push(Iterate { energy, residual });
        let is_still = before.is_some_and(|before| (energy - before).abs() <= self.settings.convergence);
        if is_still && residual <= self.enough {
            let spins = self.problem.settle(std::mem::take(spins), &inside);
            return Some(Ok(self.found(spins, energy)));
        }
        let is_finite = energy.is_finite() && inside.iter().all(|fock| fock.values.iter().all(|x| x.is_finite()));
        if !is_finite || attempt.iterates.len() == self.settings.max_iterations {
            return self.again();
        }
        // Raised before they are combined, so that the density each is raised by is combined too.
        let level_shift = attempt.level_shift;
        let raised: Vec<_> =
            inside.into_iter().zip(&*spins).map(|(fock, spin)| raise(fock, spin, level_shift)).collect();
        // An extrapolation far from convergence may lead to any stationary state; small steps lead down.
        let is_far = level_shift != 0.0 && residual > EXTRAPOLATED;
        let next = if is_far { raised } else { self.diis.next(&raised, &residuals) };
        *spins = self.problem.fill(&next);
        None
    }

    /// Tries once more with a level shift, or gives up.
    fn again(&mut self) -> Option<Result<Field, Error>> {
        if self.history.attempts.len() > 1 {
            return Some(Err(Error::NotConverged(std::mem::take(&mut self.history))));
        }
        self.history.attempts.push(Attempt { level_shift: LEVEL_SHIFT, iterates: Vec::new() });
        self.at = self.problem.start(self.settings.guess);
        self.diis = Diis::default();
        None
    }

    fn found(&mut self, spins: Vec<Spin>, electronic_energy: f64) -> Field {
        let mut notes = std::mem::take(&mut self.notes);
        if let [lost, shifted] = &self.history.attempts[..] {
            notes.push(Note::Shifted { level_shift: shifted.level_shift, lost: lost.iterates.len() });
        }
        let iterations = self.history.attempts.iter().map(|attempt| attempt.iterates.len()).sum();
        Field { spins, electronic_energy, iterations, notes }
    }
}

/// What does not change between iterations.
struct Problem<'a> {
    integrals: &'a Integrals,
    molecule: &'a Molecule,
    hamiltonian: Matrix,
    basis: &'a Orthonormal,
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

    /// Where an attempt starts.
    fn start(&self, guess: Guess) -> Place {
        match guess {
            Guess::Sad => Place::Guess(self.integrals.atomic_densities(self.molecule)),
            Guess::Core => {
                let inside = self.basis.enter(&self.hamiltonian);
                Place::At(self.fill(&vec![inside; self.occupied.len()]))
            }
        }
    }

    /// The first orbitals, in the field of a density of all electrons.
    fn first(&self, feeling: &Feeling) -> Vec<Spin> {
        let mut fock = self.hamiltonian.clone();
        fock.add(1.0, &feeling.coulomb);
        fock.add(-0.5, &feeling.exchange[0]);
        let inside = self.basis.enter(&fock);
        self.fill(&vec![inside; self.occupied.len()])
    }

    /// The lowest orbitals of each spin's Fock matrix in the orthonormal basis.
    fn fill(&self, focks: &[Matrix]) -> Vec<Spin> {
        focks.iter().zip(&self.occupied).map(|(fock, &occupied)| self.occupy(occupied, fock)).collect()
    }

    /// The lowest orbitals of a Fock matrix in the orthonormal basis.
    fn occupy(&self, occupied: usize, fock: &Matrix) -> Spin {
        let Eigen { values, vectors } = Eigen::of(fock);
        let orbitals = self.basis.leave(&vectors);
        let density = orbitals.first_rows(occupied).gram();
        let fock = Matrix::zeros(0, 0);
        Spin { occupied, orbitals, vectors, energies: values, density, fock }
    }

    /// Makes Fock matrices of what the densities feel, and returns the electronic energy.
    fn feel(&self, spins: &mut [Spin], feeling: &Feeling) -> f64 {
        let weight = if spins.len() == 1 { 1.0 } else { 0.5 };
        let mut energy = 0.0;
        for (spin, exchange) in spins.iter_mut().zip(&feeling.exchange) {
            let mut fock = self.hamiltonian.clone();
            fock.add(1.0, &feeling.coulomb);
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
