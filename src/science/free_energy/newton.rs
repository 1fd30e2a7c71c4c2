//! Which free energies make every window expect as many samples as it has?
//!
//! sum_n m_n p_k(x_n) = N_k with p_k = N_k exp(f_k - w_k) / sum_l N_l exp(f_l - w_l) is the minimum of a convex function of f (Tan, J. Am.
//! Stat. Assoc. 99, 1027, 2004, doi:10.1198/016214504000001664; Shirts and Chodera 2008, eq. C5), so Newton's method finds it; no step changes a
//! free energy by more than half a kT, which is short enough for the function to decrease with each.
use super::grid::{Grid, Sums};

const MOST_STEPS: usize = 2000;
/// The longest step, kT.
const LONGEST_STEP: f64 = 0.5;
/// Changes of free energies beyond which the grid needs a new reference, kT.
const FARTHEST: f64 = 20.0;

#[derive(Clone, Copy, Debug)]
pub struct Convergence {
    /// The largest last step, kT; the error is about its square, or its product with the step before.
    pub tolerance: f64,
    /// After a step shorter than this the Hessian is reused: a pass over the points then needs no products of pairs.
    pub reuses_hessian_below: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Converged,
    /// The free energies are too far from the reference of the grid.
    FarFromReference,
    NotConverged,
}

pub struct Equations {
    sums: Sums,
    /// Lower triangle, row by row: the Hessian, then its Cholesky factor.
    factor: Vec<f64>,
    step: Vec<f64>,
}

impl Equations {
    pub fn new(windows: usize) -> Self {
        Self { sums: Sums::new(windows), factor: vec![0.0; windows * (windows + 1) / 2], step: vec![0.0; windows] }
    }

    /// Iterates from `change` `[windows]`, the free energies relative to the reference of the grid, kT; returns the number of steps too.
    /// `numbers` are the N_k `[windows]`, `weights` the m_n `[points]`, padded.
    pub fn solve(
        &mut self,
        grid: &Grid,
        numbers: &[f64],
        weights: &[f64],
        change: &mut [f64],
        convergence: Convergence,
    ) -> (Status, usize) {
        let mut reuses_hessian = false;
        for count in 1..=MOST_STEPS {
            grid.accumulate(numbers, change, weights, !reuses_hessian, &mut self.sums);
            if !reuses_hessian {
                self.factorize_hessian(numbers);
            }
            let size = self.find_step(numbers);
            reuses_hessian = size < convergence.reuses_hessian_below;
            let scale = if size > LONGEST_STEP { LONGEST_STEP / size } else { 1.0 };
            change.iter_mut().zip(&self.step).for_each(|(change, step)| *change += scale * step);
            // Only differences are determined.
            let first = change[0];
            change.iter_mut().for_each(|change| *change -= first);
            if size < convergence.tolerance {
                return (Status::Converged, count);
            }
            if !size.is_finite() {
                return (Status::NotConverged, count);
            }
            if change.iter().any(|change| change.abs() > FARTHEST) {
                return (Status::FarFromReference, count);
            }
        }
        (Status::NotConverged, MOST_STEPS)
    }

    /// Factorizes H = diag(expected) - shared.
    fn factorize_hessian(&mut self, numbers: &[f64]) {
        let n = numbers.len();
        let total: f64 = numbers.iter().sum();
        for a in 0..n {
            for b in 0..a {
                self.factor[row(a) + b] = -self.sums.shared(a, b);
            }
            // The sum of a row is zero but for rounding; a small addition keeps windows without overlap where they are.
            let others: f64 = (0..n).filter(|b| *b != a).map(|b| self.sums.shared(a, b)).sum();
            self.factor[row(a) + a] = others + 1e-11 * total;
        }
        factorize(&mut self.factor, n);
    }

    /// Solves H step = N - expected; the largest change of a free energy, kT.
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

/// Cholesky factorization of a positive definite lower triangle, in place.
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

/// Solves the factorized equations by forward and back substitution, in place.
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
