//! Do the SCF iterations converge, and to which determinant?
use super::diagnostic::Diagnostic;
use super::diis::Diis;
use super::error::Error;
use super::error::{Attempt, History, Iterate};
use super::fock::{DensityInput, JkMatrices};
use super::problem::{ScfProblem, residual, shift_virtuals};
use super::scf_state::{ScfState, SpinOrbitals};
use super::settings::{Guess, Settings};
use crate::science::linear::Matrix;

/// Level shift of the second attempt, Eh (Saunders and Hillier, Int. J. Quantum Chem. 7, 699, 1973,
/// DOI 10.1002/qua.560070407).
const LEVEL_SHIFT: f64 = 0.5;

/// The second attempt uses DIIS below this residual, Eh.
const DIIS_THRESHOLD: f64 = 1e-3;

pub(super) enum Start {
    Guess(Guess),
    /// From these orbitals; convergence counts only below this energy, Eh.
    Orbitals(Vec<SpinOrbitals>, f64),
}

/// At most two attempts, the second with a level shift; a single one if they start from orbitals.
pub(super) struct Iterations {
    start: Start,
    current: Current,
    diis: Diis,
    history: History,
}

enum Current {
    /// A guess density of all electrons, without orbitals.
    GuessDensity(Matrix),
    Orbitals(Vec<SpinOrbitals>),
}

impl Iterations {
    pub fn new(problem: &ScfProblem<'_>, start: Start) -> Self {
        let history = History { attempts: vec![Attempt { level_shift: 0.0, iterates: Vec::new() }] };
        Self { current: initial(problem, &start), start, diis: Diis::default(), history }
    }

    /// The densities for which J and K are needed next.
    pub fn density_input(&self) -> DensityInput<'_> {
        match &self.current {
            Current::GuessDensity(density) => DensityInput { total: density.clone(), spins: vec![density] },
            Current::Orbitals(spins) => DensityInput::from_spins(spins),
        }
    }

    pub fn count(&self) -> usize {
        self.history.attempts.iter().map(|attempt| attempt.iterates.len()).sum()
    }

    /// Continues with J and K of the densities; returns the outcome when the iterations end. `residual_threshold` is in Eh.
    pub fn advance(
        &mut self,
        problem: &ScfProblem<'_>,
        (settings, residual_threshold): (&Settings, f64),
        jk: JkMatrices,
    ) -> Option<Result<ScfState, Error>> {
        let spins = match &mut self.current {
            Current::Orbitals(spins) => spins,
            Current::GuessDensity(_) => {
                self.current = Current::Orbitals(problem.orbitals_in_field(&jk));
                return None;
            }
        };
        let energy = problem.update_fock(spins, &jk);
        let focks: Vec<_> = spins.iter().map(|spin| problem.basis.to_orthonormal(&spin.fock)).collect();
        let residuals: Vec<_> = spins.iter().zip(&focks).map(|(spin, fock)| residual(spin, fock)).collect();
        let residual = residuals.iter().fold(0.0, |largest, one| f64::max(largest, one.largest()));
        let attempt = self.history.attempts.last_mut().expect("there is a current attempt");
        let before = attempt.iterates.last().map(|iterate| iterate.energy);
        attempt.iterates.push(Iterate { energy, residual });
        let is_energy_converged = before.is_some_and(|before| (energy - before).abs() <= settings.convergence);
        if is_energy_converged && residual <= residual_threshold {
            if matches!(self.start, Start::Orbitals(_, below) if energy > below) {
                return self.retry(problem);
            }
            let spins = problem.canonicalize(std::mem::take(spins), &focks);
            return Some(Ok(self.converged(spins, energy)));
        }
        let is_finite = energy.is_finite() && focks.iter().all(|fock| fock.values.iter().all(|x| x.is_finite()));
        if !is_finite || attempt.iterates.len() == settings.max_iterations {
            return self.retry(problem);
        }
        // Shifted before the extrapolation, so that each Fock matrix is shifted according to its own density.
        let level_shift = attempt.level_shift;
        let shifted: Vec<_> =
            focks.into_iter().zip(&*spins).map(|(fock, spin)| shift_virtuals(fock, spin, level_shift)).collect();
        // Far from convergence, extrapolation may lead to any stationary point; small steps lead downhill.
        let is_far = level_shift != 0.0 && residual > DIIS_THRESHOLD;
        let next = if is_far { shifted } else { self.diis.extrapolate(&shifted, &residuals) };
        *spins = problem.diagonalize_all(&next);
        None
    }

    /// Starts the attempt with a level shift, or gives up.
    fn retry(&mut self, problem: &ScfProblem<'_>) -> Option<Result<ScfState, Error>> {
        if self.history.attempts.len() > 1 || matches!(self.start, Start::Orbitals(..)) {
            return Some(Err(Error::NotConverged(self.history.clone())));
        }
        self.history.attempts.push(Attempt { level_shift: LEVEL_SHIFT, iterates: Vec::new() });
        self.current = initial(problem, &self.start);
        self.diis = Diis::default();
        None
    }

    fn converged(&self, spins: Vec<SpinOrbitals>, electronic_energy: f64) -> ScfState {
        let shifted = match &self.history.attempts[..] {
            [lost, shifted] => {
                Some(Diagnostic::Shifted { level_shift: shifted.level_shift, lost: lost.iterates.len() })
            }
            _ => None,
        };
        let diagnostics = shifted.into_iter().collect();
        ScfState { spins, electronic_energy, iterations: self.count(), diagnostics }
    }
}

fn initial(problem: &ScfProblem<'_>, start: &Start) -> Current {
    match start {
        Start::Guess(Guess::Sad) => Current::GuessDensity(problem.integrals.atomic_densities(problem.molecule)),
        Start::Guess(Guess::Core) => {
            let fock = problem.basis.to_orthonormal(&problem.hamiltonian);
            Current::Orbitals(problem.diagonalize_all(&vec![fock; problem.occupied.len()]))
        }
        Start::Orbitals(spins, _) => Current::Orbitals(spins.clone()),
    }
}
