//! Which minimum of the energy does a descent from given orbitals reach?
//!
//! Conjugate gradients (Polak and Ribiere, Rev. Fr. Inform. Rech. Oper. 3, 35, 1969) in the rotations between occupied and virtual
//! orbitals, preconditioned with their gaps. Slower than DIIS, but the energy never rises, so it cannot return to a saddle point.
use super::fock::{DensityInput, JkMatrices};
use super::problem::ScfProblem;
use super::scf_state::SpinOrbitals;
use crate::science::linear::Matrix;

/// Threshold for the largest element of the gradient, Eh; from there the SCF iterations converge.
const GRADIENT_THRESHOLD: f64 = 1e-5;

const MAX_STEPS: usize = 150;

/// Multiples of the last step length that are tried in one pass over the integrals.
const FACTORS: [f64; 3] = [0.25, 1.0, 2.5];

/// Lower limit of the gaps in the preconditioner, Eh.
const MIN_GAP: f64 = 0.1;

/// The descent ends below this step length.
const MIN_STEP: f64 = 1e-6;

/// A conjugate-gradient descent, advanced by one pass over the integrals at a time.
pub(super) struct Minimization {
    spins: Vec<SpinOrbitals>,
    energy: f64,
    /// Gradient for each spin, `[occupied, virtual]`, Eh.
    gradient: Vec<Matrix>,
    direction: Vec<Matrix>,
    step: f64,
    /// The orbitals after each of the steps that are tried.
    trials: Vec<Vec<SpinOrbitals>>,
    steps: usize,
}

impl Minimization {
    /// Starts from orbitals whose energy and Fock matrices are known.
    pub fn new(problem: &ScfProblem<'_>, spins: Vec<SpinOrbitals>, energy: f64) -> Self {
        let gradient: Vec<Matrix> = spins.iter().map(|spin| gradient(problem, spin)).collect();
        let direction = preconditioned_descent(&spins, &gradient);
        let mut new = Self { spins, energy, gradient, direction, step: 1.0, trials: Vec::new(), steps: 0 };
        new.try_steps(problem);
        new
    }

    fn try_steps(&mut self, problem: &ScfProblem<'_>) {
        let at = |factor: f64| problem.rotate_all(&self.spins, &self.direction, factor * self.step);
        self.trials = FACTORS.map(at).into();
    }

    /// The densities for which J and K are needed next.
    pub fn density_inputs(&self) -> Vec<DensityInput<'_>> {
        self.trials.iter().map(|spins| DensityInput::from_spins(spins)).collect()
    }

    /// Continues with J and K of the densities; returns the orbitals at the end.
    pub fn advance(&mut self, problem: &ScfProblem<'_>, jk: &[JkMatrices]) -> Option<Vec<SpinOrbitals>> {
        self.steps += 1;
        let energies = self.trials.iter_mut().zip(jk).map(|(spins, jk)| problem.update_fock(spins, jk));
        let lowest = energies.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        match lowest.filter(|(_, energy)| *energy < self.energy) {
            Some((at, energy)) => {
                self.energy = energy;
                self.step *= FACTORS[at];
                self.spins = self.trials.swap_remove(at);
                self.update_direction(problem);
            }
            None => {
                self.direction = preconditioned_descent(&self.spins, &self.gradient);
                self.step *= FACTORS[0] * FACTORS[0];
            }
        }
        let largest = self.gradient.iter().fold(0.0, |largest, one| f64::max(largest, one.largest()));
        if largest < GRADIENT_THRESHOLD || self.steps == MAX_STEPS || self.step < MIN_STEP {
            return Some(std::mem::take(&mut self.spins));
        }
        self.try_steps(problem);
        None
    }

    /// Updates gradient and search direction at the current orbitals.
    fn update_direction(&mut self, problem: &ScfProblem<'_>) {
        let gradient: Vec<Matrix> = self.spins.iter().map(|spin| gradient(problem, spin)).collect();
        let down = preconditioned_descent(&self.spins, &gradient);
        let product = |a: &[Matrix], b: &[Matrix]| a.iter().zip(b).map(|(a, b)| a.dot(b)).sum::<f64>();
        let before = product(&self.gradient, &preconditioned_descent(&self.spins, &self.gradient));
        let beta = ((product(&gradient, &down) - product(&self.gradient, &down)) / before).max(0.0);
        let last = std::mem::replace(&mut self.direction, down);
        if beta.is_finite() {
            self.direction.iter_mut().zip(&last).for_each(|(next, last)| next.add(beta, last));
        }
        if product(&gradient, &self.direction) >= 0.0 {
            self.direction = preconditioned_descent(&self.spins, &gradient);
        }
        self.gradient = gradient;
    }
}

/// The Fock matrix between occupied and virtual orbitals, Eh.
fn gradient(problem: &ScfProblem<'_>, spin: &SpinOrbitals) -> Matrix {
    spin.vectors
        .first_rows(spin.occupied)
        .times(&problem.basis.to_orthonormal(&spin.fock))
        .times(&spin.virtuals().transposed())
}

/// The negative gradient, divided by orbital gaps.
fn preconditioned_descent(spins: &[SpinOrbitals], gradient: &[Matrix]) -> Vec<Matrix> {
    let of_spin = |(spin, gradient): (&SpinOrbitals, &Matrix)| {
        let (below, above) = spin.energies.split_at(spin.occupied);
        let gaps = below.iter().flat_map(|i| above.iter().map(move |a| (a - i).max(MIN_GAP)));
        Matrix::new(
            gradient.rows,
            gradient.columns,
            gradient.values.iter().zip(gaps).map(|(g, gap)| -g / gap).collect(),
        )
    };
    spins.iter().zip(gradient).map(of_spin).collect()
}
