//! How is the SCF solution of a molecule found?
//!
//! Several searches share each pass over the integrals. A search consists of SCF iterations from the guess, a stability analysis of the
//! solution where it may be a saddle point, a descent along an unstable direction, and iterations again. A solution from a guess other than
//! the default is compared with that from the default guess.
use super::diagnostic::Diagnostic;
use super::error::Error;
use super::fock::{DensityInput, JkMatrices, build_jk};
use super::integrals::Integrals;
use super::iterations::{Iterations, Start};
use super::minimization::Minimization;
use super::problem::ScfProblem;
use super::scf_state::{ScfState, SpinOrbitals};
use super::settings::{Derivative, Guess, Settings};
use super::stability::{LowestMode, Rotations, Stability};
use crate::science::chemistry::Molecule;

/// The stability of restricted solutions is analysed below this gap between occupied and virtual orbitals, Eh. Measured with 6-31G* and
/// aug-cc-pVDZ: closed shells that are saddle points among restricted determinants (C2) have 0.35; singlets of O2 and of
/// stretched bonds, far above the unrestricted solution, have up to 0.5; stable molecules have 0.5 and more unless they are large.
const SMALL_GAP: f64 = 0.5;

/// Solutions whose energies differ by less are the same, Eh.
const SAME_ENERGY: f64 = 1e-6;

/// How often an instability is followed to a lower solution.
const MAX_DESCENTS: usize = 8;

/// Angles of the line search along an unstable direction.
const ANGLES: [f64; 9] = {
    use std::f64::consts::PI;
    [PI / 64.0, -PI / 64.0, PI / 16.0, -PI / 16.0, PI / 8.0, -PI / 8.0, PI / 4.0, -PI / 4.0, PI / 2.0]
};

/// Runs searches that share their integrals, with one pass over the integrals at a time for all of them. The result of a search does not depend
/// on the others; errors of searches that could not be set up are passed on.
pub(super) fn converge(
    integrals: &Integrals,
    searches: Vec<Result<Search<'_>, Error>>,
) -> Vec<Result<ScfState, Error>> {
    let (mut running, mut results) = (Vec::new(), Vec::new());
    for (at, search) in searches.into_iter().enumerate() {
        let error = search.map(|search| running.push((at, search))).err();
        results.push(error.map(Err));
    }
    while !running.is_empty() {
        let by_search: Vec<_> = running.iter().map(|(_, search)| search.density_inputs()).collect();
        let counts: Vec<usize> = by_search.iter().map(Vec::len).collect();
        let inputs: Vec<_> = by_search.into_iter().flatten().collect();
        let mut jk = build_jk(&integrals.eri, &inputs).into_iter();
        let mut counts = counts.into_iter();
        running.retain_mut(|(at, search)| {
            let own = jk.by_ref().take(counts.next().unwrap_or_default()).collect();
            results[*at] = search.advance(own);
            results[*at].is_none()
        });
    }
    results.into_iter().map(|result| result.expect("only finished searches are removed")).collect()
}

pub(super) struct Search<'a> {
    problem: ScfProblem<'a>,
    settings: &'a Settings,
    /// Convergence threshold of the residual, Eh.
    residual_threshold: f64,
    phase: Phase,
    iterations: usize,
    /// How the current solution was reached.
    descent: Descent,
    /// The solution from the requested guess, while that from the default guess is searched for.
    requested: Option<ScfState>,
    diagnostics: Vec<Diagnostic>,
}

enum Phase {
    Iterating(Iterations),
    StabilityAnalysis(ScfState, Stability),
    /// Line search along the unstable direction of this eigenvalue (Eh), with the rotated orbitals.
    LineSearch(ScfState, f64, Vec<Vec<SpinOrbitals>>),
    /// Minimization from there, if the iterations do not reach a lower solution.
    Minimizing(Minimization),
}

/// Solutions that were left for lower ones.
#[derive(Default)]
struct Descent {
    /// Energy of the first one, Eh.
    first: Option<f64>,
    /// The last one, with the lowest eigenvalue of its orbital Hessian, Eh.
    last: Option<(ScfState, f64)>,
    /// The orbitals in the unstable direction from there and their energy (Eh), until a minimization from them has started.
    start: Option<(Vec<SpinOrbitals>, f64)>,
    count: usize,
}

impl<'a> Search<'a> {
    /// Sets up the search for a molecule with this number of electrons of each spin.
    pub fn new(
        integrals: &'a Integrals,
        molecule: &'a Molecule,
        electrons: [usize; 2],
        is_restricted: bool,
        (settings, derivative): (&'a Settings, Derivative),
    ) -> Result<Self, Error> {
        let orbitals = integrals.orthonormal().size();
        if electrons[0] > orbitals {
            return Err(Error::TooFewFunctions { electrons: electrons[0], orbitals });
        }
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let problem = ScfProblem::new(integrals, molecule, occupied);
        let diagnostics = problem.diagnostics();
        let phase = Phase::Iterating(Iterations::new(&problem, Start::Guess(settings.guess)));
        let residual_threshold = settings.residual_threshold(derivative);
        Ok(Self {
            problem,
            settings,
            residual_threshold,
            phase,
            iterations: 0,
            descent: Descent::default(),
            requested: None,
            diagnostics,
        })
    }

    /// The densities for which J and K are needed next.
    fn density_inputs(&self) -> Vec<DensityInput<'_>> {
        match &self.phase {
            Phase::Iterating(iterations) => vec![iterations.density_input()],
            Phase::StabilityAnalysis(_, stability) => stability.density_inputs(),
            Phase::LineSearch(.., rotated) => rotated.iter().map(|spins| DensityInput::from_spins(spins)).collect(),
            Phase::Minimizing(minimization) => minimization.density_inputs(),
        }
    }

    /// Continues with J and K of the densities; returns the result when the search ends.
    fn advance(&mut self, mut jk: Vec<JkMatrices>) -> Option<Result<ScfState, Error>> {
        match &mut self.phase {
            Phase::Iterating(iterations) => {
                let outcome =
                    iterations.advance(&self.problem, (self.settings, self.residual_threshold), jk.swap_remove(0))?;
                self.iterations += iterations.count();
                match outcome {
                    Ok(state) => self.converged(state),
                    Err(error) => self.failed(error),
                }
            }
            Phase::StabilityAnalysis(state, stability) => {
                let lowest = stability.advance(jk)?;
                let (state, rotations) = (std::mem::take(state), stability.rotations);
                self.analysed(state, rotations, lowest)
            }
            Phase::LineSearch(state, value, rotated) => {
                let (state, value, rotated) = (std::mem::take(state), *value, std::mem::take(rotated));
                self.searched_line(state, value, rotated, &jk)
            }
            Phase::Minimizing(minimization) => {
                let spins = minimization.advance(&self.problem, &jk)?;
                self.iterate_from(spins);
                None
            }
        }
    }

    fn converged(&mut self, state: ScfState) -> Option<Result<ScfState, Error>> {
        (self.descent.last, self.descent.start) = (None, None);
        let rotations = if state.is_restricted() { Rotations::Triplet } else { Rotations::Internal };
        match self.needs_stability_analysis(&state) {
            true => self.analyse(state, rotations),
            false => self.accept(state),
        }
    }

    /// Whether a solution may be a saddle point. Unrestricted ones often are; restricted ones from the default guess hardly ever, unless their
    /// gap is small, so that the many tasks of a closed-shell expansion are spared the analysis.
    fn needs_stability_analysis(&self, state: &ScfState) -> bool {
        let is_default = self.settings.guess == Guess::Sad && state.diagnostics.is_empty();
        let has_pairs = state.spins.iter().map(|spin| spin.occupied).sum::<usize>() > 1 || state.is_restricted();
        let is_suspect = !state.is_restricted() || !is_default || state.gap().is_some_and(|gap| gap < SMALL_GAP);
        has_pairs && is_suspect && self.descent.count <= MAX_DESCENTS
    }

    fn analyse(&mut self, state: ScfState, rotations: Rotations) -> Option<Result<ScfState, Error>> {
        match Stability::new(&state, rotations) {
            Some(stability) => {
                self.phase = Phase::StabilityAnalysis(state, stability);
                None
            }
            None => self.accept(state),
        }
    }

    fn analysed(
        &mut self,
        mut state: ScfState,
        rotations: Rotations,
        lowest: LowestMode,
    ) -> Option<Result<ScfState, Error>> {
        match rotations {
            // The lowest eigenvalue of internal rotations is not below that of triplet rotations.
            Rotations::Triplet if lowest.is_certainly_stable() => self.accept(state),
            Rotations::Internal if lowest.is_stable() => self.accept(state),
            Rotations::Triplet => {
                if lowest.is_broken() {
                    state.diagnostics.push(Diagnostic::Broken { eigenvalue: lowest.eigenvalue });
                }
                self.analyse(state, Rotations::Internal)
            }
            Rotations::Internal => {
                let rotated =
                    ANGLES.map(|angle| self.problem.rotate_all(&state.spins, &lowest.rotations, angle)).into();
                self.phase = Phase::LineSearch(state, lowest.eigenvalue, rotated);
                None
            }
        }
    }

    /// Continues from the lowest energy of the line search if it is below that of the solution.
    fn searched_line(
        &mut self,
        mut state: ScfState,
        value: f64,
        mut rotated: Vec<Vec<SpinOrbitals>>,
        jk: &[JkMatrices],
    ) -> Option<Result<ScfState, Error>> {
        let energies = rotated.iter_mut().zip(jk).map(|(spins, jk)| self.problem.update_fock(spins, jk));
        let lowest = energies.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        let Some((at, energy)) = lowest.filter(|(_, energy)| *energy < state.electronic_energy) else {
            state.diagnostics.push(Diagnostic::Saddle { eigenvalue: value });
            return self.accept(state);
        };
        let spins = rotated.swap_remove(at);
        self.descent.first.get_or_insert(state.electronic_energy);
        self.descent.last = Some((state, value));
        self.descent.start = Some((spins.clone(), energy));
        self.descent.count += 1;
        self.iterate_from(spins);
        None
    }

    /// Starts iterations from orbitals whose energy is below that of the solution that was left.
    fn iterate_from(&mut self, spins: Vec<SpinOrbitals>) {
        let energy = self.descent.last.as_ref().map_or(f64::INFINITY, |(last, _)| last.electronic_energy);
        self.phase = Phase::Iterating(Iterations::new(&self.problem, Start::Orbitals(spins, energy - SAME_ENERGY)));
    }

    /// The iterations have not converged, or not to a lower solution.
    fn failed(&mut self, error: Error) -> Option<Result<ScfState, Error>> {
        if let Some((spins, energy)) = self.descent.start.take() {
            self.phase = Phase::Minimizing(Minimization::new(&self.problem, spins, energy));
            return None;
        }
        match (self.descent.last.take(), self.requested.take()) {
            (Some((mut state, eigenvalue)), requested) => {
                self.requested = requested;
                state.diagnostics.push(Diagnostic::Saddle { eigenvalue });
                self.accept(state)
            }
            (None, Some(requested)) => Some(Ok(self.finish(requested))),
            (None, None) => Some(Err(error)),
        }
    }

    /// Accepts the lowest solution reached from a guess.
    fn accept(&mut self, mut state: ScfState) -> Option<Result<ScfState, Error>> {
        let lowered = self.descent.first.map_or(0.0, |first| first - state.electronic_energy);
        if lowered > 0.0 {
            state.diagnostics.push(Diagnostic::Followed { lowered });
        }
        self.descent = Descent::default();
        match self.requested.take() {
            None if self.settings.guess == Guess::Sad => Some(Ok(self.finish(state))),
            None => {
                self.requested = Some(state);
                self.phase = Phase::Iterating(Iterations::new(&self.problem, Start::Guess(Guess::Sad)));
                None
            }
            Some(requested) => {
                let lowered = requested.electronic_energy - state.electronic_energy;
                if lowered <= SAME_ENERGY {
                    return Some(Ok(self.finish(requested)));
                }
                state.diagnostics.push(Diagnostic::OtherGuess { lowered });
                Some(Ok(self.finish(state)))
            }
        }
    }

    fn finish(&mut self, mut state: ScfState) -> ScfState {
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        diagnostics.append(&mut state.diagnostics);
        ScfState { diagnostics, iterations: self.iterations, ..state }
    }
}
