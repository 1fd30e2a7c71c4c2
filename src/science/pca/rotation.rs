//! Which rotation minimizes the distance between two sets of positions?
//!
//! The quaternion of the rotation with the least sum of squared distances is the eigenvector of the largest eigenvalue of a 4 x 4
//! matrix (Horn, J. Opt. Soc. Am. A 4, 629, 1987, DOI 10.1364/JOSAA.4.000629). That eigenvalue is the largest root of a quartic, found
//! from above by Newton's method (Theobald, Acta Cryst. A 61, 478, 2005, DOI 10.1107/S0108767305015266), and its eigenvector is any column
//! of the adjugate of the matrix minus the eigenvalue.
use crate::science::linear::{Eigen, Matrix};

type KeyMatrix = [[f64; 4]; 4];

/// More Newton steps than any quartic needs from the upper bound.
const MOST_STEPS: usize = 60;
/// The largest residual of the eigenvector, relative to the norm of the matrix.
const TOLERANCE: f64 = 1e-13;

/// The rotation matrix of the moving positions onto the target, from their correlation matrix `[moving][target]`.
pub(super) fn rotation(products: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let key = key_of(products);
    let [w, x, y, z] = from_quartic(&key).unwrap_or_else(|| by_diagonalization(&key));
    [
        [w * w + x * x - y * y - z * z, 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), w * w - x * x + y * y - z * z, 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]
}

fn key_of([x, y, z]: &[[f64; 3]; 3]) -> KeyMatrix {
    [
        [x[0] + y[1] + z[2], y[2] - z[1], z[0] - x[2], x[1] - y[0]],
        [y[2] - z[1], x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2]],
        [z[0] - x[2], x[1] + y[0], -x[0] + y[1] - z[2], y[2] + z[1]],
        [x[1] - y[0], z[0] + x[2], y[2] + z[1], -x[0] - y[1] + z[2]],
    ]
}

/// The eigenvector by diagonalization, which always works.
fn by_diagonalization(key: &KeyMatrix) -> [f64; 4] {
    let eigen = Eigen::new(&Matrix::new(4, 4, key.as_flattened().to_vec()));
    [0, 1, 2, 3].map(|k| eigen.vectors.get(3, k))
}

/// The eigenvector if its eigenvalue is well separated, in a few percent of the time of a diagonalization.
fn from_quartic(key: &KeyMatrix) -> Option<[f64; 4]> {
    let square: f64 = key.as_flattened().iter().map(|x| x * x).sum();
    let size = square.sqrt();
    // The trace is zero, so that this is an upper bound of the eigenvalues; from there Newton steps decrease monotonically to the root.
    let mut root = size * 0.75_f64.sqrt();
    let (linear, constant) = (-sum_of_minors(key), adjugate(key).1);
    for _ in 0..MOST_STEPS {
        let squared = root * root;
        let value = (squared - 0.5 * square) * squared + linear * root + constant;
        let slope = (4.0 * squared - square) * root + linear;
        let next = root - value / slope;
        // The step is a rounding error or undefined.
        if next >= root || next.is_nan() {
            break;
        }
        root = next;
    }
    let mut rest = *key;
    (0..4).for_each(|k| rest[k][k] -= root);
    let (columns, _) = adjugate(&rest);
    let length = |v: &[f64; 4]| v.iter().map(|x| x * x).sum::<f64>();
    let longest = columns.into_iter().max_by(|a, b| length(a).total_cmp(&length(b)))?;
    let norm = length(&longest).sqrt();
    let [w, x, y, z] = longest;
    let vector = [w / norm, x / norm, y / norm, z / norm];
    let residual = |row: usize| (0..4).map(|k| rest[row][k] * vector[k]).sum::<f64>();
    let residuals = [residual(0), residual(1), residual(2), residual(3)];
    (length(&residuals).sqrt() <= TOLERANCE * size).then_some(vector)
}

/// The sum of the principal 3 x 3 minors: its negative is the linear coefficient of the characteristic polynomial.
fn sum_of_minors(key: &KeyMatrix) -> f64 {
    let minor = |[a, b, c]: [usize; 3]| {
        key[a][a] * (key[b][b] * key[c][c] - key[b][c] * key[c][b])
            - key[a][b] * (key[b][a] * key[c][c] - key[b][c] * key[c][a])
            + key[a][c] * (key[b][a] * key[c][b] - key[b][b] * key[c][a])
    };
    minor([0, 1, 2]) + minor([0, 1, 3]) + minor([0, 2, 3]) + minor([1, 2, 3])
}

/// The adjugate of a symmetric matrix, and the determinant, by the minors of two rows.
fn adjugate(m: &KeyMatrix) -> (KeyMatrix, f64) {
    let ([s0, s1, s2, s3, s4, s5], [c0, c1, c2, c3, c4, c5]) = (minors(&m[0], &m[1]), minors(&m[2], &m[3]));
    let determinant = s0 * c5 - s1 * c4 + s2 * c3 + s3 * c2 - s4 * c1 + s5 * c0;
    let adjugate = [
        [
            m[1][1] * c5 - m[1][2] * c4 + m[1][3] * c3,
            -m[0][1] * c5 + m[0][2] * c4 - m[0][3] * c3,
            m[3][1] * s5 - m[3][2] * s4 + m[3][3] * s3,
            -m[2][1] * s5 + m[2][2] * s4 - m[2][3] * s3,
        ],
        [
            -m[1][0] * c5 + m[1][2] * c2 - m[1][3] * c1,
            m[0][0] * c5 - m[0][2] * c2 + m[0][3] * c1,
            -m[3][0] * s5 + m[3][2] * s2 - m[3][3] * s1,
            m[2][0] * s5 - m[2][2] * s2 + m[2][3] * s1,
        ],
        [
            m[1][0] * c4 - m[1][1] * c2 + m[1][3] * c0,
            -m[0][0] * c4 + m[0][1] * c2 - m[0][3] * c0,
            m[3][0] * s4 - m[3][1] * s2 + m[3][3] * s0,
            -m[2][0] * s4 + m[2][1] * s2 - m[2][3] * s0,
        ],
        [
            -m[1][0] * c3 + m[1][1] * c1 - m[1][2] * c0,
            m[0][0] * c3 - m[0][1] * c1 + m[0][2] * c0,
            -m[3][0] * s3 + m[3][1] * s1 - m[3][2] * s0,
            m[2][0] * s3 - m[2][1] * s1 + m[2][2] * s0,
        ],
    ];
    (adjugate, determinant)
}

fn minors(a: &[f64; 4], b: &[f64; 4]) -> [f64; 6] {
    let minor = |i: usize, j: usize| a[i] * b[j] - a[j] * b[i];
    [minor(0, 1), minor(0, 2), minor(0, 3), minor(1, 2), minor(1, 3), minor(2, 3)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Correlation matrices: random ones, and of planar, nearly collinear and mirrored positions.
    fn products() -> Vec<[[f64; 3]; 3]> {
        let number = |k: usize| libm::sin(k as f64 * 12.9898) * 7.0;
        let mut all: Vec<[[f64; 3]; 3]> =
            (0..2000).map(|n| [0, 1, 2].map(|a| [0, 1, 2].map(|b| number(9 * n + 3 * a + b)))).collect();
        for tiny in [0.0, 1e-12, 1e-6, 1e-3, 1.0] {
            all.push([[5.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, tiny]]);
            all.push([[5.0, 0.0, 0.0], [0.0, tiny, 0.0], [0.0, 0.0, tiny]]);
            all.push([[5.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, -3.0 + tiny]]);
            all.push([[-5.0, 0.0, 0.0], [0.0, -5.0, tiny], [0.0, 0.0, 5.0]]);
        }
        all
    }

    #[test]
    fn both_methods_find_the_optimal_rotation() {
        let gain = |r: &[[f64; 3]; 3], p: &[[f64; 3]; 3]| -> f64 {
            (0..3).flat_map(|a| (0..3).map(move |b| (a, b))).map(|(a, b)| r[b][a] * p[a][b]).sum()
        };
        for p in products() {
            let found = rotation(&p);
            let key = key_of(&p);
            let most = Eigen::new(&Matrix::new(4, 4, key.as_flattened().to_vec())).values[3];
            assert!((gain(&found, &p) - most).abs() < 1e-12 * (1.0 + most.abs()), "{p:?}: {} {most}", gain(&found, &p));
            for (i, j) in [(0, 0), (0, 1), (1, 2), (2, 2)] {
                let product: f64 = (0..3).map(|k| found[i][k] * found[j][k]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn nearly_every_rotation_is_found_from_quartic() {
        let all = products();
        let found = all[..2000].iter().filter(|products| from_quartic(&key_of(products)).is_some());
        assert!(found.count() > 1900);
    }
}
