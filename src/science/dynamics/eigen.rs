//! What are the adiabatic states of a block of trajectories?
//!
//! Two states have a closed form. More are found by Jacobi rotations (Golub and Van Loan, Matrix Computations, 4th ed.,
//! section 8.5) that start from the last eigenvectors, since a step changes little. Lanes are masked: a trajectory's
//! rotations depend on its own matrix alone.
use super::{LANES, Lane, Matrix, Vector, ZERO};

/// Off-diagonal elements below this part of the matrix' norm count as zero.
const TOLERANCE: f64 = 1e-15;
/// Sweeps after which a lane is given up; four suffice from a cold start.
const MOST_SWEEPS: usize = 30;
/// After so many solutions the vectors are made orthonormal again: rotations add up rounding errors.
const REORTHOGONALIZE_EVERY: u32 = 32;

/// Energies in ascending order and their vectors.
pub struct Eigen {
    /// Energies, [state][lane].
    pub values: Vec<Lane>,
    /// Column k is the vector of energy k.
    pub vectors: Matrix,
    /// The matrix in the basis of the vectors, while it is being diagonalized.
    work: Matrix,
    column: Vector,
    solutions: u32,
}

impl Eigen {
    /// Of a matrix that is zero.
    pub fn new(states: usize) -> Self {
        let mut vectors = Matrix::zero(states);
        (0..states).for_each(|k| vectors.re[k * states + k] = [1.0; LANES]);
        let (work, column) = (Matrix::zero(states), Vector::zero(states));
        Self { values: vec![ZERO; states], vectors, work, column, solutions: 0 }
    }

    /// Finds energies and vectors of `h`. The vectors' phases are any.
    pub fn solve(&mut self, h: &Matrix) {
        match h.states {
            1 => self.values[0] = h.re[0],
            2 => self.solve_two(h),
            _ => self.solve_many(h),
        }
    }

    fn solve_two(&mut self, h: &Matrix) {
        let v = &mut self.vectors;
        for l in 0..LANES {
            let (mean, delta) = (0.5 * (h.re[0][l] + h.re[3][l]), 0.5 * (h.re[0][l] - h.re[3][l]));
            let (b, c) = (h.re[1][l], h.im[1][l]);
            let coupling = b * b + c * c;
            let root = (delta * delta + coupling).sqrt();
            (self.values[0][l], self.values[1][l]) = (mean - root, mean + root);
            // The lower vector is (-b, delta + root) or, without cancellation where delta < 0, (root - delta, -b*).
            let long = root + delta.abs();
            let norm = (coupling + long * long).sqrt();
            let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
            let (mut a0, mut a1) = ((-b * scale, -c * scale), (long * scale, 0.0));
            if delta < 0.0 {
                (a0, a1) = ((long * scale, 0.0), (-b * scale, c * scale));
            }
            if norm == 0.0 {
                (a0, a1) = ((1.0, 0.0), (0.0, 0.0));
            }
            (v.re[0][l], v.im[0][l], v.re[2][l], v.im[2][l]) = (a0.0, a0.1, a1.0, a1.1);
            // The upper one is (-a1*, a0*).
            (v.re[1][l], v.im[1][l], v.re[3][l], v.im[3][l]) = (-a1.0, a1.1, a0.0, -a0.1);
        }
    }

    fn solve_many(&mut self, h: &Matrix) {
        self.solutions += 1;
        if self.solutions.is_multiple_of(REORTHOGONALIZE_EVERY) {
            self.orthonormalize();
        }
        self.transform(h);
        let n = h.states;
        let norm = self.norm();
        for _ in 0..MOST_SWEEPS {
            let off = self.off_diagonal();
            // A lane that holds NaN compares false and rests.
            let mask: [bool; LANES] = std::array::from_fn(|l| off[l] > TOLERANCE * TOLERANCE * norm[l]);
            if !mask.contains(&true) {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    self.rotate(p, q, &mask);
                }
            }
        }
        (0..n).for_each(|k| self.values[k] = self.work.re[k * n + k]);
        self.sort();
    }

    /// work = vectors^+ h vectors.
    fn transform(&mut self, h: &Matrix) {
        let n = h.states;
        for k in 0..n {
            let mut product = Vector::zero(0);
            std::mem::swap(&mut product, &mut self.column);
            let v = &self.vectors;
            for i in 0..n {
                let (mut re, mut im) = (ZERO, ZERO);
                for j in 0..n {
                    let (a, b, c, d) = (&h.re[i * n + j], &h.im[i * n + j], &v.re[j * n + k], &v.im[j * n + k]);
                    for l in 0..LANES {
                        re[l] += a[l] * c[l] - b[l] * d[l];
                        im[l] += a[l] * d[l] + b[l] * c[l];
                    }
                }
                (product.re[i], product.im[i]) = (re, im);
            }
            // Only the upper triangle is needed; the lower one is its mirror.
            for i in 0..=k {
                let (mut re, mut im) = (ZERO, ZERO);
                for j in 0..n {
                    let (a, b, c, d) = (&v.re[j * n + i], &v.im[j * n + i], &product.re[j], &product.im[j]);
                    for l in 0..LANES {
                        re[l] += a[l] * c[l] + b[l] * d[l];
                        im[l] += a[l] * d[l] - b[l] * c[l];
                    }
                }
                self.work.re[k * n + i] = re;
                self.work.im[k * n + i] = im.map(|value| -value);
                (self.work.re[i * n + k], self.work.im[i * n + k]) = (re, im);
            }
            self.work.im[k * n + k] = ZERO;
            std::mem::swap(&mut product, &mut self.column);
        }
    }

    fn norm(&self) -> Lane {
        let mut sum = ZERO;
        for (re, im) in self.work.re.iter().zip(&self.work.im) {
            (0..LANES).for_each(|l| sum[l] += re[l] * re[l] + im[l] * im[l]);
        }
        sum
    }

    fn off_diagonal(&self) -> Lane {
        let n = self.work.states;
        let mut sum = ZERO;
        for (i, k) in (0..n).flat_map(|i| (i + 1..n).map(move |k| (i, k))) {
            let (re, im) = (&self.work.re[i * n + k], &self.work.im[i * n + k]);
            (0..LANES).for_each(|l| sum[l] += 2.0 * (re[l] * re[l] + im[l] * im[l]));
        }
        sum
    }

    /// Makes element (p, q) of `work` zero in the lanes of `mask`, and turns the vectors alike.
    fn rotate(&mut self, p: usize, q: usize, mask: &[bool; LANES]) {
        let n = self.work.states;
        let (mut cos, mut sre, mut sim) = ([1.0; LANES], ZERO, ZERO);
        let mut turns = [false; LANES];
        for l in 0..LANES {
            let (re, im) = (self.work.re[p * n + q][l], self.work.im[p * n + q][l]);
            let size = (re * re + im * im).sqrt();
            if mask[l] && size > 0.0 {
                let tau = 0.5 * (self.work.re[q * n + q][l] - self.work.re[p * n + p][l]) / size;
                let t = (if tau < 0.0 { -1.0 } else { 1.0 }) / (tau.abs() + (1.0 + tau * tau).sqrt());
                cos[l] = 1.0 / (1.0 + t * t).sqrt();
                // s carries the phase of the element: columns p, q become c p - s* q, s p + c q.
                (sre[l], sim[l]) = (t * cos[l] * re / size, t * cos[l] * im / size);
                turns[l] = true;
            }
        }
        let turn = Turn { cos, sre, sim, turns };
        for i in 0..n {
            turn.columns(&mut self.work, i * n + p, i * n + q);
            turn.columns(&mut self.vectors, i * n + p, i * n + q);
        }
        for i in 0..n {
            turn.rows(&mut self.work, p * n + i, q * n + i);
        }
        for l in (0..LANES).filter(|&l| turns[l]) {
            for place in [p * n + q, q * n + p] {
                (self.work.re[place][l], self.work.im[place][l]) = (0.0, 0.0);
            }
            (self.work.im[p * n + p][l], self.work.im[q * n + q][l]) = (0.0, 0.0);
        }
    }

    /// Brings the energies of every lane into ascending order.
    fn sort(&mut self) {
        let n = self.values.len();
        for l in 0..LANES {
            for k in 1..n {
                let mut at = k;
                while at > 0 && self.values[at][l] < self.values[at - 1][l] {
                    self.swap(at, at - 1, l);
                    at -= 1;
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

    /// Gram and Schmidt's method.
    fn orthonormalize(&mut self) {
        let n = self.values.len();
        let v = &mut self.vectors;
        for k in 0..n {
            for j in 0..k {
                let (re, im) = column_product(v, j, k);
                for i in 0..n {
                    for l in 0..LANES {
                        let (a, b) = (v.re[i * n + j][l], v.im[i * n + j][l]);
                        v.re[i * n + k][l] -= a * re[l] - b * im[l];
                        v.im[i * n + k][l] -= a * im[l] + b * re[l];
                    }
                }
            }
            let (norm, _) = column_product(v, k, k);
            for i in 0..n {
                for l in 0..LANES {
                    let scale = 1.0 / norm[l].sqrt();
                    v.re[i * n + k][l] *= scale;
                    v.im[i * n + k][l] *= scale;
                }
            }
        }
    }
}

/// <column j|column k>.
fn column_product(v: &Matrix, j: usize, k: usize) -> (Lane, Lane) {
    let n = v.states;
    let (mut re, mut im) = (ZERO, ZERO);
    for i in 0..n {
        let (a, b, c, d) = (&v.re[i * n + j], &v.im[i * n + j], &v.re[i * n + k], &v.im[i * n + k]);
        for l in 0..LANES {
            re[l] += a[l] * c[l] + b[l] * d[l];
            im[l] += a[l] * d[l] - b[l] * c[l];
        }
    }
    (re, im)
}

/// A rotation of two columns or rows, in those lanes that turn.
struct Turn {
    cos: Lane,
    sre: Lane,
    sim: Lane,
    turns: [bool; LANES],
}

impl Turn {
    /// p <- c p - s* q, q <- s p + c q.
    fn columns(&self, m: &mut Matrix, p: usize, q: usize) {
        self.apply(m, p, q, 1.0);
    }

    /// p <- c p - s q, q <- s* p + c q.
    fn rows(&self, m: &mut Matrix, p: usize, q: usize) {
        self.apply(m, p, q, -1.0);
    }

    fn apply(&self, m: &mut Matrix, p: usize, q: usize, sign: f64) {
        let (mut pr, mut pi, mut qr, mut qi) = (m.re[p], m.im[p], m.re[q], m.im[q]);
        for l in 0..LANES {
            let (c, s, t) = (self.cos[l], self.sre[l], sign * self.sim[l]);
            let new_p = (c * pr[l] - (s * qr[l] + t * qi[l]), c * pi[l] - (s * qi[l] - t * qr[l]));
            let new_q = (c * qr[l] + (s * pr[l] - t * pi[l]), c * qi[l] + (s * pi[l] + t * pr[l]));
            // A lane that rests keeps its bits, signs of zeros too.
            let turns = self.turns[l];
            pr[l] = if turns { new_p.0 } else { pr[l] };
            pi[l] = if turns { new_p.1 } else { pi[l] };
            qr[l] = if turns { new_q.0 } else { qr[l] };
            qi[l] = if turns { new_q.1 } else { qi[l] };
        }
        (m.re[p], m.im[p], m.re[q], m.im[q]) = (pr, pi, qr, qi);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    fn random(states: usize, seed: u64) -> Matrix {
        let mut h = Matrix::zero(states);
        for l in 0..LANES {
            let mut stream = CampaignSeed(seed).stream(l as u64, Purpose::Hops);
            for i in 0..states {
                h.re[i * states + i][l] = 3.0 * stream.normal();
                for j in 0..i {
                    let (re, im) = (stream.normal(), stream.normal());
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
            v.take_columns(&eigen.vectors, &[k; LANES]);
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
        for states in [2, 3, 7, 12] {
            let mut eigen = Eigen::new(states);
            for seed in 0..40 {
                let h = random(states, seed);
                eigen.solve(&h);
                assert!(fault(&h, &eigen) < 1e-12, "{states} states, seed {seed}: {}", fault(&h, &eigen));
            }
        }
    }

    #[test]
    fn equal_energies_and_diagonal_matrices_are_no_trouble() {
        for states in [2, 5] {
            let mut h = Matrix::zero(states);
            let mut eigen = Eigen::new(states);
            eigen.solve(&h);
            assert!(fault(&h, &eigen) < 1e-15);
            (0..states).for_each(|k| h.re[k * states + k] = [-(k as f64); LANES]);
            eigen.solve(&h);
            assert!(fault(&h, &eigen) < 1e-15);
        }
    }

    #[test]
    fn a_lane_does_not_feel_its_neighbours() {
        for states in [2, 6] {
            let (mut together, mut apart) = (Eigen::new(states), Eigen::new(states));
            for seed in 0..5 {
                let h = random(states, seed);
                let mut other = random(states, seed + 100);
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
