//! How is the field of a molecule found?
//!
//! Passes over the integrals are made for some searches at once; each goes its way from pass to pass: iterations from the guess, the
//! second derivatives of what they converge to where it may be no minimum, steps down from there and iterations again. A solution from
//! another guess than the usual one is held against the one from that.
use super::Error;
use super::field::{Field, Problem, Spin};
use super::fock::{Demand, Feeling, coulomb_and_exchange};
use super::integrals::Integrals;
use super::iterations::{Iterations, Start};
use super::minimization::Minimization;
use super::note::Note;
use super::settings::{Derivative, Guess, Settings};
use super::stability::{Lowest, Rotations, Stability};
use crate::science::chemistry::Molecule;

/// The gap between occupied and virtual orbitals below which restricted solutions are examined, Eh. Measured with 6-31G* and
/// aug-cc-pVDZ: closed shells that are no minimum among restricted determinants (C2) have 0.35, singlets of O2 and stretched
/// bonds, far above the unrestricted solution, up to 0.5, and molecules that are what they seem 0.5 and more unless they are large.
const SMALL_GAP: f64 = 0.5;

/// Solutions whose energies differ by less are the same, Eh.
const SAME: f64 = 1e-6;

/// How often a solution is followed to a lower one.
const FOLLOWED: usize = 8;

/// Angles by which orbitals are turned along an unstable direction, and the energy is looked at.
const ANGLES: [f64; 9] = {
    use std::f64::consts::PI;
    [PI / 64.0, -PI / 64.0, PI / 16.0, -PI / 16.0, PI / 8.0, -PI / 8.0, PI / 4.0, -PI / 4.0, PI / 2.0]
};

/// Finds the fields of some searches over the same integrals, which are read once a pass for all of them. What one finds does not
/// depend on the others; what could not be searched for stays refused.
pub(super) fn converge(integrals: &Integrals, searches: Vec<Result<Search<'_>, Error>>) -> Vec<Result<Field, Error>> {
    let (mut open, mut ends) = (Vec::new(), Vec::new());
    for (at, search) in searches.into_iter().enumerate() {
        let refused = search.map(|search| open.push((at, search))).err();
        ends.push(refused.map(Err));
    }
    while !open.is_empty() {
        let of_each: Vec<_> = open.iter().map(|(_, search)| search.demands()).collect();
        let counts: Vec<usize> = of_each.iter().map(Vec::len).collect();
        let demands: Vec<_> = of_each.into_iter().flatten().collect();
        let mut feelings = coulomb_and_exchange(&integrals.repulsion, &demands).into_iter();
        let mut counts = counts.into_iter();
        open.retain_mut(|(at, search)| {
            let own = feelings.by_ref().take(counts.next().unwrap_or_default()).collect();
            ends[*at] = search.step(own);
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
    phase: Phase,
    /// Passes of all iterations that have ended.
    iterations: usize,
    /// How the solution at hand was come by.
    descent: Descent,
    /// The solution from the guess that was asked for, while the one from the usual guess is sought.
    asked: Option<Field>,
    notes: Vec<Note>,
}

/// What a search is at.
enum Phase {
    Iterating(Iterations),
    /// Whether a solution is a minimum.
    Examining(Field, Stability),
    /// What the energy is in an unstable direction of this eigenvalue.
    Descending(Field, f64, Vec<Vec<Spin>>),
    /// Down from there step by step, where iterations go back to what was left.
    Minimizing(Minimization),
}

/// The solutions that were left for lower ones.
#[derive(Default)]
struct Descent {
    /// The energy of the first one.
    first: Option<f64>,
    /// The last one, with its lowest eigenvalue.
    last: Option<(Field, f64)>,
    /// The orbitals in the unstable direction from there, and their energy, until all steps from them have been made.
    from: Option<(Vec<Spin>, f64)>,
    times: usize,
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
        let orbitals = integrals.orthonormal().size();
        if electrons[0] > orbitals {
            return Err(Error::TooFewFunctions { electrons: electrons[0], orbitals });
        }
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let problem = Problem::new(integrals, molecule, occupied);
        let notes = problem.notes();
        let phase = Phase::Iterating(Iterations::new(&problem, Start::Guess(settings.guess)));
        let enough = settings.residual(derivative);
        Ok(Self { problem, settings, enough, phase, iterations: 0, descent: Descent::default(), asked: None, notes })
    }

    /// The densities whose field is to be known.
    fn demands(&self) -> Vec<Demand<'_>> {
        match &self.phase {
            Phase::Iterating(iterations) => vec![iterations.demand()],
            Phase::Examining(_, stability) => stability.demands(),
            Phase::Descending(.., turned) => turned.iter().map(|spins| Demand::of(spins)).collect(),
            Phase::Minimizing(minimization) => minimization.demands(),
        }
    }

    /// Goes on with what the densities feel; returns the end where there is one.
    fn step(&mut self, mut feelings: Vec<Feeling>) -> Option<Result<Field, Error>> {
        match &mut self.phase {
            Phase::Iterating(iterations) => {
                let end = iterations.step(&self.problem, (self.settings, self.enough), feelings.swap_remove(0))?;
                self.iterations += iterations.passes();
                match end {
                    Ok(field) => self.converged(field),
                    Err(error) => self.failed(error),
                }
            }
            Phase::Examining(field, stability) => {
                let lowest = stability.step(feelings)?;
                let (field, rotations) = (std::mem::take(field), stability.rotations);
                self.examined(field, rotations, lowest)
            }
            Phase::Descending(field, value, turned) => {
                let (field, value, turned) = (std::mem::take(field), *value, std::mem::take(turned));
                self.descended(field, value, turned, &feelings)
            }
            Phase::Minimizing(minimization) => {
                let spins = minimization.step(&self.problem, &feelings)?;
                self.iterate_from(spins);
                None
            }
        }
    }

    /// Iterations have converged.
    fn converged(&mut self, field: Field) -> Option<Result<Field, Error>> {
        (self.descent.last, self.descent.from) = (None, None);
        let rotations = if field.is_restricted() { Rotations::Triplet } else { Rotations::Internal };
        match self.must_be_examined(&field) {
            true => self.examine(field, rotations),
            false => self.settle(field),
        }
    }

    /// Whether a solution may be no minimum. Unrestricted ones often are none; restricted ones from the usual guess hardly ever, unless the gap
    /// is small, and for the many of a closed-shell expansion the passes are saved.
    fn must_be_examined(&self, field: &Field) -> bool {
        let is_usual = self.settings.guess == Guess::Sad && field.notes.is_empty();
        let has_pairs = field.spins.iter().map(|spin| spin.occupied).sum::<usize>() > 1 || field.is_restricted();
        let is_suspect = !field.is_restricted() || !is_usual || field.gap().is_some_and(|gap| gap < SMALL_GAP);
        has_pairs && is_suspect && self.descent.times <= FOLLOWED
    }

    fn examine(&mut self, field: Field, rotations: Rotations) -> Option<Result<Field, Error>> {
        match Stability::of(&field, rotations) {
            Some(stability) => {
                self.phase = Phase::Examining(field, stability);
                None
            }
            None => self.settle(field),
        }
    }

    fn examined(&mut self, mut field: Field, rotations: Rotations, lowest: Lowest) -> Option<Result<Field, Error>> {
        match rotations {
            // Internal rotations have no lower eigenvalue.
            Rotations::Triplet if lowest.is_certainly_stable() => self.settle(field),
            Rotations::Internal if lowest.is_stable() => self.settle(field),
            Rotations::Triplet => {
                if lowest.is_broken() {
                    field.notes.push(Note::Broken { eigenvalue: lowest.eigenvalue });
                }
                self.examine(field, Rotations::Internal)
            }
            Rotations::Internal => {
                let turned = ANGLES.map(|angle| self.problem.turned(&field.spins, &lowest.rotations, angle)).into();
                self.phase = Phase::Descending(field, lowest.eigenvalue, turned);
                None
            }
        }
    }

    /// Goes on from the lowest of some energies, if it is lower than what it was.
    fn descended(
        &mut self,
        mut field: Field,
        value: f64,
        mut turned: Vec<Vec<Spin>>,
        feelings: &[Feeling],
    ) -> Option<Result<Field, Error>> {
        let energies = turned.iter_mut().zip(feelings).map(|(spins, feeling)| self.problem.feel(spins, feeling));
        let lowest = energies.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        let Some((at, energy)) = lowest.filter(|(_, energy)| *energy < field.electronic_energy) else {
            field.notes.push(Note::Saddle { eigenvalue: value });
            return self.settle(field);
        };
        let spins = turned.swap_remove(at);
        self.descent.first.get_or_insert(field.electronic_energy);
        self.descent.last = Some((field, value));
        self.descent.from = Some((spins.clone(), energy));
        self.descent.times += 1;
        self.iterate_from(spins);
        None
    }

    /// Iterations from orbitals whose energy is below that of the solution that is left.
    fn iterate_from(&mut self, spins: Vec<Spin>) {
        let energy = self.descent.last.as_ref().map_or(f64::INFINITY, |(left, _)| left.electronic_energy);
        self.phase = Phase::Iterating(Iterations::new(&self.problem, Start::Turned(spins, energy - SAME)));
    }

    /// Iterations have not converged, or to nothing lower.
    fn failed(&mut self, error: Error) -> Option<Result<Field, Error>> {
        if let Some((spins, energy)) = self.descent.from.take() {
            self.phase = Phase::Minimizing(Minimization::new(&self.problem, spins, energy));
            return None;
        }
        match (self.descent.last.take(), self.asked.take()) {
            (Some((mut field, eigenvalue)), asked) => {
                self.asked = asked;
                field.notes.push(Note::Saddle { eigenvalue });
                self.settle(field)
            }
            (None, Some(asked)) => Some(Ok(self.end(asked))),
            (None, None) => Some(Err(error)),
        }
    }

    /// A solution from a guess is as low as it gets.
    fn settle(&mut self, mut field: Field) -> Option<Result<Field, Error>> {
        let lowered = self.descent.first.map_or(0.0, |first| first - field.electronic_energy);
        if lowered > 0.0 {
            field.notes.push(Note::Followed { lowered });
        }
        self.descent = Descent::default();
        match self.asked.take() {
            None if self.settings.guess == Guess::Sad => Some(Ok(self.end(field))),
            None => {
                self.asked = Some(field);
                self.phase = Phase::Iterating(Iterations::new(&self.problem, Start::Guess(Guess::Sad)));
                None
            }
            Some(asked) => {
                let lowered = asked.electronic_energy - field.electronic_energy;
                if lowered <= SAME {
                    return Some(Ok(self.end(asked)));
                }
                field.notes.push(Note::OtherGuess { lowered });
                Some(Ok(self.end(field)))
            }
        }
    }

    fn end(&mut self, mut field: Field) -> Field {
        let mut notes = std::mem::take(&mut self.notes);
        notes.append(&mut field.notes);
        Field { notes, iterations: self.iterations, ..field }
    }
}
