//! What are all eigenvalues and eigenvectors of a real symmetric matrix?
//!
//! Householder's reduction to tridiagonal form, then implicit QL steps (Bowdler, Martin, Reinsch and Wilkinson, Numer. Math. 11,
//! 293, 1968, DOI 10.1007/BF02166688; Dubrulle, Martin and Wilkinson, Numer. Math. 12, 377, 1968, DOI 10.1007/BF02165404), with
//! vectors in rows so that all long loops run along memory. Only basic arithmetic and square roots, so the bits are the same on every
//! processor.
use super::matrix::{Matrix, add_multiple, dot};
use crate::science::simd::dispatch;

/// Eigenvalues in ascending order, and orthonormal eigenvectors as rows.
#[derive(Debug)]
pub(in crate::science) struct Eigen {
    pub values: Vec<f64>,
    pub vectors: Matrix,
}

/// The largest number of QL steps for one eigenvalue; about five are needed.
const MAX_STEPS: usize = 100;

impl Eigen {
    /// Diagonalizes a symmetric matrix of finite numbers.
    pub fn new(matrix: &Matrix) -> Self {
        let n = matrix.rows;
        assert_eq!(n, matrix.columns, "a square matrix");
        if n == 0 {
            return Self { values: Vec::new(), vectors: Matrix::zeros(0, 0) };
        }
        let mut work = matrix.values.clone();
        let (mut diagonal, mut off_diagonal) = (vec![0.0; n], vec![0.0; n]);
        let mut vectors = vec![0.0; n * n];
        reduce(&mut work, n, &mut diagonal, &mut off_diagonal, &mut vectors);
        rotate(n, &mut diagonal, &mut off_diagonal, &mut vectors);
        Self::sorted(diagonal, &vectors)
    }

    /// Sorts by eigenvalue, and gives each vector the sign with which its largest component (the first of equal ones) is positive.
    fn sorted(values: Vec<f64>, vectors: &[f64]) -> Self {
        let n = values.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut sorted = Matrix::zeros(n, n);
        for (to, &from) in order.iter().enumerate() {
            let vector = &vectors[from * n..][..n];
            let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
            let sign = if largest < 0.0 { -1.0 } else { 1.0 };
            sorted.row_mut(to).iter_mut().zip(vector).for_each(|(to, from)| *to = sign * from);
        }
        Self { values: order.iter().map(|&at| values[at]).collect(), vectors: sorted }
    }
}

dispatch! {
    /// Reduces `a` to tridiagonal form: diagonal, off-diagonal elements (`off_diagonal[k]` between k and k + 1), and the transformation as rows.
    fn reduce(a: &mut [f64], n: usize, diagonal: &mut [f64], off_diagonal: &mut [f64], vectors: &mut [f64]) {
        let mut scales = vec![0.0; n];
        let mut image = vec![0.0; n];
        for k in 0..n.saturating_sub(2) {
            let rest = k + 1;
            // The reflection 1 - scale v v^T maps the rest of row k onto its first component. v overwrites that row.
            let (head, tail) = a.split_at_mut(rest * n);
            let v = &mut head[k * n + rest..];
            let (scale, mapped) = reflection(v);
            (scales[k], off_diagonal[k]) = (scale, mapped);
            if scale == 0.0 {
                continue;
            }
            let v = &head[k * n + rest..];
            let image = &mut image[..n - rest];
            for (image, row) in image.iter_mut().zip(tail.chunks_exact(n)) {
                *image = scale * dot(&row[rest..], v);
            }
            add_multiple(-0.5 * scale * dot(image, v), v, image);
            for (i, row) in tail.chunks_exact_mut(n).enumerate() {
                let (vi, wi) = (v[i], image[i]);
                for ((x, v), w) in row[rest..].iter_mut().zip(v).zip(&*image) {
                    *x -= vi * w + wi * v;
                }
            }
        }
        for k in 0..n {
            diagonal[k] = a[k * n + k];
            vectors[k * n + k] = 1.0;
        }
        if n > 1 {
            off_diagonal[n - 2] = a[(n - 2) * n + n - 1];
        }
        // The product of all reflections, as rows; the last reflection is applied first.
        for k in (0..n.saturating_sub(2)).rev() {
            let rest = k + 1;
            let v = &a[k * n + rest..][..n - rest];
            for row in vectors[rest * n..].chunks_exact_mut(n) {
                let factor = -scales[k] * dot(&row[rest..], v);
                add_multiple(factor, v, &mut row[rest..]);
            }
        }
    }
}

/// Replaces x by the vector v of the reflection (1 - scale v v^T) x = (mapped, 0, ...); returns `scale` and `mapped`.
#[inline(always)]
fn reflection(x: &mut [f64]) -> (f64, f64) {
    let below = dot(&x[1..], &x[1..]);
    if below == 0.0 {
        return (0.0, x[0]);
    }
    let norm = (x[0] * x[0] + below).sqrt();
    let mapped = if x[0] > 0.0 { -norm } else { norm };
    x[0] -= mapped;
    (2.0 / (x[0] * x[0] + below), mapped)
}

dispatch! {
    /// QL steps until the off-diagonal elements `e` are negligible; `vectors` are rotated accordingly.
    fn rotate(n: usize, d: &mut [f64], e: &mut [f64], vectors: &mut [f64]) {
        for l in 0..n {
            for _ in 0..MAX_STEPS {
                let negligible = |m: usize| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs());
                let end = (l..n - 1).find(|&m| negligible(m)).unwrap_or(n - 1);
                if end == l {
                    break;
                }
                // Wilkinson's shift.
                let half = (d[l + 1] - d[l]) / (2.0 * e[l]);
                let root = (half * half + 1.0).sqrt();
                let mut g = d[end] - d[l] + e[l] / (half + if half < 0.0 { -root } else { root });
                let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
                let mut is_split = false;
                for i in (l..end).rev() {
                    let (f, b) = (s * e[i], c * e[i]);
                    let r = (f * f + g * g).sqrt();
                    e[i + 1] = r;
                    if r == 0.0 {
                        d[i + 1] -= p;
                        e[end] = 0.0;
                        is_split = true;
                        break;
                    }
                    (s, c) = (f / r, g / r);
                    g = d[i + 1] - p;
                    let r = (d[i] - g) * s + 2.0 * c * b;
                    p = s * r;
                    d[i + 1] = g + p;
                    g = c * r - b;
                    let (low, high) = vectors.split_at_mut((i + 1) * n);
                    for (x, y) in low[i * n..].iter_mut().zip(&mut high[..n]) {
                        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                    }
                }
                if !is_split {
                    d[l] -= p;
                    e[l] = g;
                    e[end] = 0.0;
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A symmetric matrix of pseudo-random numbers in (-1, 1).
    pub fn symmetric(n: usize) -> Matrix {
        let mut state = 1_u64;
        let mut matrix = Matrix::zeros(n, n);
        for i in 0..n {
            for j in 0..=i {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let x = (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
                (matrix.values[i * n + j], matrix.values[j * n + i]) = (x, x);
            }
        }
        matrix
    }

    /// The eigenvalues of a matrix, whose vectors are checked.
    fn checked(matrix: &Matrix) -> Vec<f64> {
        let Eigen { values, vectors } = Eigen::new(matrix);
        assert!(values.is_sorted());
        let (unit, images) = (vectors.times(&vectors.transposed()), vectors.times(matrix));
        let bound = 1e-13 * matrix.rows as f64;
        for (i, value) in values.iter().enumerate() {
            for j in 0..matrix.rows {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((unit.get(i, j) - expected).abs() < bound);
                assert!((images.get(i, j) - value * vectors.get(i, j)).abs() < bound);
            }
        }
        values
    }

    #[test]
    fn vectors_are_orthonormal_and_solve_the_matrix() {
        for n in [1, 2, 3, 4, 9, 30, 115] {
            checked(&symmetric(n));
        }
    }

    #[test]
    fn equal_and_vanishing_values_are_found() {
        let mut matrix = Matrix::zeros(5, 5);
        assert_eq!(Eigen::new(&matrix).values, [0.0; 5]);
        (0..5).for_each(|i| matrix.values[6 * i] = 2.0);
        assert_eq!(Eigen::new(&matrix).values, [2.0; 5]);
        // All ones: one eigenvalue 5, else zero.
        let ones = Matrix::new(5, 5, vec![1.0; 25]);
        let values = Eigen::new(&ones).values;
        assert!((values[4] - 5.0).abs() < 1e-14 && values[..4].iter().all(|value| value.abs() < 1e-14));
    }

    #[test]
    fn nearly_equal_values_have_orthogonal_vectors() {
        // Wilkinson's: its largest values are in pairs that agree to 14 digits.
        let mut matrix = Matrix::zeros(21, 21);
        for k in 0..21_usize {
            matrix.values[22 * k] = (k as f64 - 10.0).abs();
            if k > 0 {
                (matrix.values[21 * k + k - 1], matrix.values[21 * (k - 1) + k]) = (1.0, 1.0);
            }
        }
        let values = checked(&matrix);
        assert!((values[20] - 10.746_194_182_903_39).abs() < 1e-13 && values[20] - values[19] < 1e-13);
    }

    #[test]
    fn values_of_any_size_are_found() {
        let (mut graded, n) = (symmetric(30), 30);
        // Every row a third of the one before.
        for i in 0..n {
            for j in 0..n {
                graded.values[i * n + j] *= 3.0_f64.powi(-((i + j) as i32));
            }
        }
        let expected = Eigen::new(&graded).values;
        for scale in [1e-120, 1e-9, 1.0, 1e9, 1e120] {
            let scaled = Matrix::new(n, n, graded.values.iter().map(|x| scale * x).collect());
            for (value, expected) in Eigen::new(&scaled).values.iter().zip(&expected) {
                assert!((value / scale - expected).abs() < 1e-14, "{value} {expected}");
            }
        }
    }

    #[test]
    fn products_agree_with_plain_sums() {
        for (n, inner, columns) in [(1, 1, 1), (5, 3, 9), (13, 17, 8), (4, 30, 15), (3, 0, 2)] {
            let fill = |rows: usize, columns: usize, seed: f64| {
                Matrix::new(rows, columns, (0..rows * columns).map(|k| (k as f64 * 0.7 + seed).sin()).collect())
            };
            let (a, b) = (fill(n, inner, 0.1), fill(inner, columns, 0.2));
            let product = a.times(&b);
            for i in 0..n {
                for j in 0..columns {
                    let plain = (0..inner).fold(0.0, |sum, k| sum + a.get(i, k) * b.get(k, j));
                    assert_eq!(product.get(i, j), plain);
                }
            }
        }
    }
}
