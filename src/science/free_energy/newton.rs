//! Which free energies make every window expect as many samples as it has?
//!
//! sum_n m_n p_k(x_n) = N_k with p_k = N_k exp(f_k - w_k) / sum_l N_l exp(f_l - w_l) is where a convex function of f is least (Tan, J. Am.
//! Stat. Assoc. 99, 1027, 2004, doi:10.1198/016214504000001664; Shirts and Chodera 2008, eq. C5), so Newton's method finds it; no step changes a
//! free energy by more than half a kT, which is short enough for the function to decrease with each.
use super::points::{Points, Sums};

/// Newton steps at most.
const MOST_STEPS: usize = 2000;
/// The longest step, kT.
const LONGEST: f64 = 0.5;
/// Changes of free energies beyond which points are better told relative to new ones.
const FAR: f64 = 20.0;

/// How near a search comes.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The last step is below this, kT; the error is about its square, or its product with the step before.
    pub tolerance: f64,
    /// After a step below this the Hessian is kept: a pass over the points then needs no products of pairs.
    pub keeps_below: f64,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Converged,
    /// Free energies are too far from those that the points are relative to.
    Far,
    /// No step is short enough.
    Lost,
}

/// Room for the equations.
pub struct Equations {
    sums: Sums,
    /// Lower triangle, row by row; first the Hessian, then its factor.
    factor: Vec<f64>,
    step: Vec<f64>,
}

impl Equations {
    pub fn new(windows: usize) -> Self {
        Self { sums: Sums::new(windows), factor: vec![0.0; windows * (windows + 1) / 2], step: vec![0.0; windows] }
    }

    /// Searches from `change` on, relative to the points' base, and says with how many steps.
    pub fn solve(
        &mut self,
        points: &Points,
        numbers: &[f64],
        weights: &[f64],
        change: &mut [f64],
        goal: Goal,
    ) -> (End, usize) {
        let mut keeps_hessian = false;
        for count in 1..=MOST_STEPS {
            points.pass(numbers, change, weights, !keeps_hessian, &mut self.sums);
            if !keeps_hessian {
                self.find_factor(numbers);
            }
            let size = self.find_step(numbers);
            keeps_hessian = size < goal.keeps_below;
            let scale = if size > LONGEST { LONGEST / size } else { 1.0 };
            change.iter_mut().zip(&self.step).for_each(|(change, step)| *change += scale * step);
            // Only differences are known.
            let first = change[0];
            change.iter_mut().for_each(|change| *change -= first);
            if size < goal.tolerance {
                return (End::Converged, count);
            }
            if !size.is_finite() {
                return (End::Lost, count);
            }
            if change.iter().any(|change| change.abs() > FAR) {
                return (End::Far, count);
            }
        }
        (End::Lost, MOST_STEPS)
    }

    /// Factorizes H = diag(expected) - shared.
    fn find_factor(&mut self, numbers: &[f64]) {
        let n = numbers.len();
        let total: f64 = numbers.iter().sum();
        for a in 0..n {
            for b in 0..a {
                self.factor[row(a) + b] = -self.sums.shared(a, b);
            }
            // The sum of a row is zero but for rounding; a little more keeps windows that nothing joins where they are.
            let others: f64 = (0..n).filter(|b| *b != a).map(|b| self.sums.shared(a, b)).sum();
            self.factor[row(a) + a] = others + 1e-11 * total;
        }
        factorize(&mut self.factor, n);
    }

    /// Solves H step = N - expected, and says how large the step is.
    fn find_step(&mut self, numbers: &[f64]) -> f64 {
        let total: f64 = numbers.iter().sum();
        for ((step, number), expected) in self.step.iter_mut().zip(numbers).zip(&self.sums.expected) {
            let imbalance = number - expected;
            *step = if imbalance.abs() < 1e-12 * total { 0.0 } else { imbalance };
        }
        substitute(&self.factor, &mut self.step);
        let first = self.step[0];
        self.step.iter().map(|step| (step - first).abs()).fold(0.0, f64::max)
    }
}

fn row(a: usize) -> usize {
    a * (a + 1) / 2
}

/// Cholesky's factor of a positive definite triangle, in place.
fn factorize(matrix: &mut [f64], n: usize) {
    for a in 0..n {
        for b in 0..=a {
            let sum: f64 = (0..b).map(|c| matrix[row(a) + c] * matrix[row(b) + c]).sum();
            let rest = matrix[row(a) + b] - sum;
            matrix[row(a) + b] =
                if a == b { libm::sqrt(rest.max(f64::MIN_POSITIVE)) } else { rest / matrix[row(b) + b] };
        }
    }
}

fn substitute(factor: &[f64], x: &mut [f64]) {
    let n = x.len();
    for a in 0..n {
        let sum: f64 = (0..a).map(|b| factor[row(a) + b] * x[b]).sum();
        x[a] = (x[a] - sum) / factor[row(a) + a];
    }
    for a in (0..n).rev() {
        let sum: f64 = (a + 1..n).map(|b| factor[row(b) + a] * x[b]).sum();
        x[a] = (x[a] - sum) / factor[row(a) + a];
    }
}
