//! Where does the energy go down to from some orbitals?
//!
//! Conjugate gradients (Polak and Ribiere, Rev. Fr. Inform. Rech. Oper. 3, 35, 1969) in the rotations between occupied and virtual
//! orbitals, preconditioned with their gaps. Slower than an extrapolation, but it never goes up, and so leaves a saddle point for good.
use super::field::{Problem, Spin};
use super::fock::{Demand, Feeling};
use crate::science::linear::Matrix;

/// The largest element of the gradient at the end, Eh; from there iterations converge.
const ENOUGH: f64 = 1e-5;

/// Passes at most.
const PASSES: usize = 150;

/// Multiples of the last step that are tried, all in one pass.
const FACTORS: [f64; 3] = [0.25, 1.0, 2.5];

/// The smallest gap by which a gradient is divided, Eh.
const FLOOR: f64 = 0.1;

/// Below this step there is no way down.
const SHORTEST: f64 = 1e-6;

/// The way down, from pass to pass.
pub(super) struct Minimization {
    spins: Vec<Spin>,
    energy: f64,
    /// Of each spin, `[occupied, virtual]`.
    gradient: Vec<Matrix>,
    direction: Vec<Matrix>,
    step: f64,
    /// The orbitals at each step that is tried.
    tried: Vec<Vec<Spin>>,
    passes: usize,
}

impl Minimization {
    /// From orbitals of which energy and Fock matrices are known.
    pub fn new(problem: &Problem<'_>, spins: Vec<Spin>, energy: f64) -> Self {
        let gradient: Vec<Matrix> = spins.iter().map(|spin| gradient(problem, spin)).collect();
        let direction = downwards(&spins, &gradient);
        let mut new = Self { spins, energy, gradient, direction, step: 1.0, tried: Vec::new(), passes: 0 };
        new.attempt(problem);
        new
    }

    fn attempt(&mut self, problem: &Problem<'_>) {
        let at = |factor: f64| problem.turned(&self.spins, &self.direction, factor * self.step);
        self.tried = FACTORS.map(at).into();
    }

    /// The densities whose field is to be known.
    pub fn demands(&self) -> Vec<Demand<'_>> {
        self.tried.iter().map(|spins| Demand::of(spins)).collect()
    }

    /// Goes on with what the densities feel; returns the orbitals at the end.
    pub fn step(&mut self, problem: &Problem<'_>, feelings: &[Feeling]) -> Option<Vec<Spin>> {
        self.passes += 1;
        let energies = self.tried.iter_mut().zip(feelings).map(|(spins, feeling)| problem.feel(spins, feeling));
        let lowest = energies.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        match lowest.filter(|(_, energy)| *energy < self.energy) {
            Some((at, energy)) => {
                self.energy = energy;
                self.step *= FACTORS[at];
                self.spins = self.tried.swap_remove(at);
                self.turn(problem);
            }
            None => {
                self.direction = downwards(&self.spins, &self.gradient);
                self.step *= FACTORS[0] * FACTORS[0];
            }
        }
        let largest = self.gradient.iter().fold(0.0, |largest, one| f64::max(largest, one.largest()));
        if largest < ENOUGH || self.passes == PASSES || self.step < SHORTEST {
            return Some(std::mem::take(&mut self.spins));
        }
        self.attempt(problem);
        None
    }

    /// The next direction, where the orbitals are now.
    fn turn(&mut self, problem: &Problem<'_>) {
        let gradient: Vec<Matrix> = self.spins.iter().map(|spin| gradient(problem, spin)).collect();
        let down = downwards(&self.spins, &gradient);
        let product = |a: &[Matrix], b: &[Matrix]| a.iter().zip(b).map(|(a, b)| a.dot(b)).sum::<f64>();
        let before = product(&self.gradient, &downwards(&self.spins, &self.gradient));
        let share = ((product(&gradient, &down) - product(&self.gradient, &down)) / before).max(0.0);
        let last = std::mem::replace(&mut self.direction, down);
        if share.is_finite() {
            self.direction.iter_mut().zip(&last).for_each(|(next, last)| next.add(share, last));
        }
        if product(&gradient, &self.direction) >= 0.0 {
            self.direction = downwards(&self.spins, &gradient);
        }
        self.gradient = gradient;
    }
}

/// Elements of the Fock matrix between occupied and virtual orbitals, Eh.
fn gradient(problem: &Problem<'_>, spin: &Spin) -> Matrix {
    spin.vectors.first_rows(spin.occupied).times(&problem.basis.enter(&spin.fock)).times(&spin.virtuals().transposed())
}

/// Less the gradient, divided by gaps.
fn downwards(spins: &[Spin], gradient: &[Matrix]) -> Vec<Matrix> {
    let of_spin = |(spin, gradient): (&Spin, &Matrix)| {
        let (below, above) = spin.energies.split_at(spin.occupied);
        let gaps = below.iter().flat_map(|i| above.iter().map(move |a| (a - i).max(FLOOR)));
        Matrix::of(gradient.rows, gradient.columns, gradient.values.iter().zip(gaps).map(|(g, gap)| -g / gap).collect())
    };
    spins.iter().zip(gradient).map(of_spin).collect()
}
