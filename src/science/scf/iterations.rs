//! Which determinant do iterations lead to?
use super::Error;
use super::diis::Diis;
use super::error::{Attempt, History, Iterate};
use super::field::{Field, Problem, Spin, raise, residual};
use super::fock::{Demand, Feeling};
use super::note::Note;
use super::settings::{Guess, Settings};
use crate::science::linear::Matrix;

/// By how much virtual orbitals are raised in the second attempt, Eh (Saunders and Hillier, Int. J. Quantum Chem. 7, 699, 1973,
/// DOI 10.1002/qua.560070407).
const LEVEL_SHIFT: f64 = 0.5;

/// The residual from which on the second attempt extrapolates, Eh.
const EXTRAPOLATED: f64 = 1e-3;

/// From where iterations begin.
pub(super) enum Start {
    Guess(Guess),
    /// From these orbitals, to an energy below this one; what is not below it does not count as convergence. Eh.
    Turned(Vec<Spin>, f64),
}

/// Two attempts at most, the second with a level shift; one where they start from orbitals.
pub(super) struct Iterations {
    start: Start,
    at: Place,
    diis: Diis,
    /// The attempt that goes on is the last.
    history: History,
}

/// Where an attempt is.
pub(super) enum Place {
    /// At a density of all electrons without orbitals.
    Guess(Matrix),
    At(Vec<Spin>),
}

impl Iterations {
    pub fn new(problem: &Problem<'_>, start: Start) -> Self {
        let history = History { attempts: vec![Attempt { level_shift: 0.0, iterates: Vec::new() }] };
        Self { at: begin(problem, &start), start, diis: Diis::default(), history }
    }

    /// The densities whose field is to be known.
    pub fn demand(&self) -> Demand<'_> {
        match &self.at {
            Place::Guess(density) => Demand { density: density.clone(), spins: vec![density] },
            Place::At(spins) => Demand::of(spins),
        }
    }

    /// Passes of all attempts.
    pub fn passes(&self) -> usize {
        self.history.attempts.iter().map(|attempt| attempt.iterates.len()).sum()
    }

    /// Goes on with what the densities feel; returns the end where there is one. `enough` is the residual at convergence, Eh.
    pub fn step(
        &mut self,
        problem: &Problem<'_>,
        (settings, enough): (&Settings, f64),
        feeling: Feeling,
    ) -> Option<Result<Field, Error>> {
        let spins = match &mut self.at {
            Place::At(spins) => spins,
            Place::Guess(_) => {
                self.at = Place::At(problem.first(&feeling));
                return None;
            }
        };
        let energy = problem.feel(spins, &feeling);
        let inside: Vec<_> = spins.iter().map(|spin| problem.basis.enter(&spin.fock)).collect();
        let residuals: Vec<_> = spins.iter().zip(&inside).map(|(spin, fock)| residual(spin, fock)).collect();
        let residual = residuals.iter().fold(0.0, |largest, one| f64::max(largest, one.largest()));
        let attempt = self.history.attempts.last_mut().expect("an attempt goes on");
        let before = attempt.iterates.last().map(|iterate| iterate.energy);
        attempt.iterates.push(Iterate { energy, residual });
        let is_still = before.is_some_and(|before| (energy - before).abs() <= settings.convergence);
        if is_still && residual <= enough {
            if matches!(self.start, Start::Turned(_, below) if energy > below) {
                return self.again(problem);
            }
            let spins = problem.settle(std::mem::take(spins), &inside);
            return Some(Ok(self.found(spins, energy)));
        }
        let is_finite = energy.is_finite() && inside.iter().all(|fock| fock.values.iter().all(|x| x.is_finite()));
        if !is_finite || attempt.iterates.len() == settings.max_iterations {
            return self.again(problem);
        }
        // Raised before they are combined, so that the density each is raised by is combined too.
        let level_shift = attempt.level_shift;
        let raised: Vec<_> =
            inside.into_iter().zip(&*spins).map(|(fock, spin)| raise(fock, spin, level_shift)).collect();
        // An extrapolation far from convergence may lead to any stationary state; small steps lead down.
        let is_far = level_shift != 0.0 && residual > EXTRAPOLATED;
        let next = if is_far { raised } else { self.diis.next(&raised, &residuals) };
        *spins = problem.fill(&next);
        None
    }

    /// Tries once more with a level shift, or gives up.
    fn again(&mut self, problem: &Problem<'_>) -> Option<Result<Field, Error>> {
        if self.history.attempts.len() > 1 || matches!(self.start, Start::Turned(..)) {
            return Some(Err(Error::NotConverged(self.history.clone())));
        }
        self.history.attempts.push(Attempt { level_shift: LEVEL_SHIFT, iterates: Vec::new() });
        self.at = begin(problem, &self.start);
        self.diis = Diis::default();
        None
    }

    fn found(&self, spins: Vec<Spin>, electronic_energy: f64) -> Field {
        let shifted = match &self.history.attempts[..] {
            [lost, shifted] => Some(Note::Shifted { level_shift: shifted.level_shift, lost: lost.iterates.len() }),
            _ => None,
        };
        let notes = shifted.into_iter().collect();
        Field { spins, electronic_energy, iterations: self.passes(), notes }
    }
}

/// Where an attempt starts.
fn begin(problem: &Problem<'_>, start: &Start) -> Place {
    match start {
        Start::Guess(Guess::Sad) => Place::Guess(problem.integrals.atomic_densities(problem.molecule)),
        Start::Guess(Guess::Core) => {
            let inside = problem.basis.enter(&problem.hamiltonian);
            Place::At(problem.fill(&vec![inside; problem.occupied.len()]))
        }
        Start::Turned(spins, _) => Place::At(spins.clone()),
    }
}
