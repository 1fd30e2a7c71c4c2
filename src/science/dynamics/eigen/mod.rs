//! What are the adiabatic states of a block of trajectories?
//!
//! Two states have a closed form. More are diagonalized by Jacobi rotations that start from the previous eigenvectors, since they
//! change little in a step. The energies and vectors of a trajectory depend on its own matrices alone.
mod jacobi;
mod two_states;

use super::arrays::{column_product, for_kind};
use super::{LANES, Lanes, Matrix, Vector, ZERO};
use crate::science::simd::dispatch;

/// Number of diagonalizations after which the vectors are orthonormalized: rotations accumulate rounding errors.
const REORTHOGONALIZE_EVERY: u32 = 8;

/// Adiabatic energies in ascending order and their eigenvectors.
pub struct Eigen {
    /// Energies, `[state][lane]`.
    pub values: Vec<Lanes>,
    /// Column k is the eigenvector of energy k.
    pub vectors: Matrix,
    /// Working memory: the matrix in the basis of the vectors.
    work: Matrix,
    column: Vector,
    solutions: u32,
}

impl Eigen {
    /// For matrices of the shape of `h`, real if it is.
    pub fn new(h: &Matrix) -> Self {
        let states = h.states;
        let mut vectors = Matrix::zero(states, h.is_real);
        (0..states).for_each(|k| vectors.re[k * states + k] = [1.0; LANES]);
        Self { values: vec![ZERO; states], work: vectors.clone(), vectors, column: Vector::zero(states), solutions: 0 }
    }

    /// Diagonalizes `h`. The phases of the vectors are arbitrary.
    pub fn solve(&mut self, h: &Matrix) {
        match h.states {
            1 => self.values[0] = h.re[0],
            2 => two_states::solve(h, &mut self.values, &mut self.vectors),
            _ => self.solve_many(h),
        }
    }

    /// Diagonalizes `h` in the selected lanes; others keep their bits.
    pub fn solve_lanes(&mut self, h: &Matrix, lanes: &[bool; LANES]) {
        let (values, vectors, solutions) = (self.values.clone(), self.vectors.clone(), self.solutions);
        self.solve(h);
        self.solutions = solutions;
        let restore = |from: &[Lanes], to: &mut [Lanes]| {
            for (from, to) in from.iter().zip(to) {
                (0..LANES).filter(|&l| !lanes[l]).for_each(|l| to[l] = from[l]);
            }
        };
        restore(&values, &mut self.values);
        restore(&vectors.re, &mut self.vectors.re);
        restore(&vectors.im, &mut self.vectors.im);
    }

    /// Restarts the count of diagonalizations, so that later results depend on the present vectors alone.
    pub fn restart(&mut self) {
        self.solutions = 0;
    }

    fn solve_many(&mut self, h: &Matrix) {
        self.solutions += 1;
        if self.solutions.is_multiple_of(REORTHOGONALIZE_EVERY) {
            for_kind!(h, orthonormalize(&mut self.vectors));
        }
        let Self { values, vectors, work, column, .. } = self;
        for_kind!(h, jacobi::solve(h, values, vectors, work, column));
        self.sort();
    }

    /// Sorts the energies of every lane in ascending order.
    fn sort(&mut self) {
        let n = self.values.len();
        let is_sorted = |pair: &[Lanes]| (0..LANES).all(|l| pair[0][l] <= pair[1][l]);
        if self.values.windows(2).all(is_sorted) {
            return;
        }
        for l in 0..LANES {
            for k in 1..n {
                let mut position = k;
                while position > 0 && self.values[position][l] < self.values[position - 1][l] {
                    self.swap(position, position - 1, l);
                    position -= 1;
                }
            }
        }
    }

    fn swap(&mut self, a: usize, b: usize, l: usize) {
        let n = self.values.len();
        let values = (self.values[a][l], self.values[b][l]);
        (self.values[b][l], self.values[a][l]) = values;
        for i in 0..n {
            for part in [&mut self.vectors.re, &mut self.vectors.im] {
                let pair = (part[i * n + a][l], part[i * n + b][l]);
                (part[i * n + b][l], part[i * n + a][l]) = pair;
            }
        }
    }
}

dispatch! {
    /// Modified Gram-Schmidt orthonormalization of the columns.
    fn orthonormalize<const REAL: bool>(v: &mut Matrix) {
        let n = v.states;
        for k in 0..n {
            for j in 0..k {
                let (re, im) = column_product::<REAL>((v, j), (v, k));
                for i in 0..n {
                    let (a, b) = (v.re[i * n + j], v.im[i * n + j]);
                    let to = &mut v.re[i * n + k];
                    for l in 0..LANES {
                        to[l] -= if REAL { a[l] * re[l] } else { a[l] * re[l] - b[l] * im[l] };
                    }
                    if !REAL {
                        let to = &mut v.im[i * n + k];
                        for l in 0..LANES {
                            to[l] -= a[l] * im[l] + b[l] * re[l];
                        }
                    }
                }
            }
            let (mut scale, _) = column_product::<REAL>((v, k), (v, k));
            for l in 0..LANES {
                scale[l] = 1.0 / scale[l].sqrt();
            }
            for i in 0..n {
                let (re, im) = (&mut v.re[i * n + k], &mut v.im[i * n + k]);
                for l in 0..LANES {
                    re[l] *= scale[l];
                }
                if !REAL {
                    for l in 0..LANES {
                        im[l] *= scale[l];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    fn random(states: usize, is_real: bool, seed: u64) -> Matrix {
        let mut h = Matrix::zero(states, is_real);
        for l in 0..LANES {
            let mut stream = CampaignSeed(seed).stream(l as u64, Purpose::Hops);
            for i in 0..states {
                h.re[i * states + i][l] = 3.0 * stream.normal();
                for j in 0..i {
                    let (re, im) = (stream.normal(), if is_real { 0.0 } else { stream.normal() });
                    (h.re[i * states + j][l], h.im[i * states + j][l]) = (re, im);
                    (h.re[j * states + i][l], h.im[j * states + i][l]) = (re, -im);
                }
            }
        }
        h
    }

    /// Largest deviation of H v - e v and of v^+ v - 1, and whether the order holds.
    fn fault(h: &Matrix, eigen: &Eigen) -> f64 {
        let n = h.states;
        let mut worst = 0.0f64;
        for k in 0..n {
            let (mut v, mut hv) = (Vector::zero(n), Vector::zero(n));
            v.copy_columns(&eigen.vectors, &[k; LANES]);
            h.apply(&v, &mut hv);
            for l in 0..LANES {
                let norm: f64 = (0..n).map(|i| v.re[i][l].powi(2) + v.im[i][l].powi(2)).sum();
                worst = worst.max((norm - 1.0).abs());
                for i in 0..n {
                    let e = eigen.values[k][l];
                    worst = worst.max((hv.re[i][l] - e * v.re[i][l]).abs()).max((hv.im[i][l] - e * v.im[i][l]).abs());
                }
                assert!(k == 0 || eigen.values[k][l] >= eigen.values[k - 1][l]);
            }
        }
        worst
    }

    #[test]
    fn vectors_solve_the_eigenproblem_from_any_start() {
        for (states, is_real) in [2, 3, 7, 12].into_iter().flat_map(|n| [(n, true), (n, false)]) {
            let mut eigen = Eigen::new(&Matrix::zero(states, is_real));
            for seed in 0..40 {
                let h = random(states, is_real, seed);
                eigen.solve(&h);
                assert!(fault(&h, &eigen) < 2e-13, "{states} states, seed {seed}: {}", fault(&h, &eigen));
            }
        }
    }

    #[test]
    fn a_real_matrix_has_the_same_energies_as_a_complex_one_without_imaginary_part() {
        for states in [2, 6] {
            let h = random(states, true, 7);
            let (mut real, mut complex) = (Eigen::new(&h), Eigen::new(&Matrix { is_real: false, ..h.clone() }));
            real.solve(&h);
            complex.solve(&Matrix { is_real: false, ..h });
            let pairs = real.values.iter().flatten().zip(complex.values.iter().flatten());
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-13));
            assert!(real.vectors.im.iter().flatten().all(|&im| im == 0.0));
        }
    }

    #[test]
    fn degenerate_energies_and_diagonal_matrices_are_solved() {
        for (states, is_real) in [(2, true), (2, false), (5, true), (5, false)] {
            let mut h = Matrix::zero(states, is_real);
            let mut eigen = Eigen::new(&h);
            eigen.solve(&h);
            assert!(fault(&h, &eigen) < 1e-15);
            (0..states).for_each(|k| h.re[k * states + k] = [-(k as f64); LANES]);
            eigen.solve(&h);
            assert!(fault(&h, &eigen) < 1e-15);
        }
    }

    #[test]
    fn a_trajectory_does_not_depend_on_the_others_of_its_block() {
        for (states, is_real) in [(2, true), (2, false), (6, true), (6, false)] {
            let zero = Matrix::zero(states, is_real);
            let (mut together, mut apart) = (Eigen::new(&zero), Eigen::new(&zero));
            for seed in 0..20 {
                let h = random(states, is_real, seed);
                // Neighbours that need no sweep, many sweeps, or hold no numbers.
                let mut other = if seed % 2 == 0 { zero.clone() } else { random(states, is_real, seed + 100) };
                other.re[0][3] = f64::NAN;
                for place in 0..states * states {
                    (other.re[place][7], other.im[place][7]) = (h.re[place][7], h.im[place][7]);
                }
                together.solve(&h);
                apart.solve(&other);
                for place in 0..states * states {
                    assert_eq!(together.vectors.re[place][7].to_bits(), apart.vectors.re[place][7].to_bits());
                    assert_eq!(together.vectors.im[place][7].to_bits(), apart.vectors.im[place][7].to_bits());
                }
            }
        }
    }
}
