//! How does a mode act on the states?
use crate::science::dynamics::{LANES, Lanes, Vector, ZERO};
use std::ops::Range;

/// The operator B of a group of modes.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// A real diagonal, `[S]`.
    Diagonal(Vec<f64>),
    /// Any matrix by its nonzero elements: row, column, real and imaginary part.
    Elements(Vec<(usize, usize, [f64; 2])>),
}

/// Modes that share one operator B.
#[derive(Clone, Debug)]
pub struct Group {
    pub modes: Range<usize>,
    pub operator: Operator,
}

impl Operator {
    /// Whether B has no imaginary part and is symmetric: then z appears as z + z* only, and H is real if H_q is.
    pub(super) fn is_real_symmetric(&self) -> bool {
        let Self::Elements(elements) = self else { return true };
        let has = |row: usize, column: usize, value: [f64; 2]| elements.contains(&(row, column, value));
        elements.iter().all(|&(row, column, value)| value[1] == 0.0 && has(column, row, value))
    }

    /// Whether B is its own adjoint: then z appears as z + z* only.
    pub(super) fn is_hermitian(&self) -> bool {
        let Self::Elements(elements) = self else { return true };
        let has = |row: usize, column: usize, value: [f64; 2]| elements.contains(&(row, column, value));
        elements.iter().all(|&(row, column, [re, im])| has(column, row, [re, -im]))
    }

    /// <bra|B^+|ket>.
    pub(super) fn force(&self, bra: &Vector, ket: &Vector) -> (Lanes, Lanes) {
        let (mut re, mut im) = (ZERO, ZERO);
        match self {
            Self::Diagonal(weights) => {
                for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let (a, b) = bra.product(ket, n);
                    for l in 0..LANES {
                        re[l] += weight * a[l];
                        im[l] += weight * b[l];
                    }
                }
            }
            Self::Elements(elements) => {
                for &(row, column, [u, v]) in elements {
                    // conj(B[row, column]) conj(bra[column]) ket[row]
                    let (a, b, c, d) = (&bra.re[column], &bra.im[column], &ket.re[row], &ket.im[row]);
                    for l in 0..LANES {
                        let (p, q) = (a[l] * c[l] + b[l] * d[l], a[l] * d[l] - b[l] * c[l]);
                        re[l] += u * p + v * q;
                        im[l] += u * q - v * p;
                    }
                }
            }
        }
        (re, im)
    }

    /// The maximum norm: the largest sum of the magnitudes in a row, a bound on the eigenvalues of a Hermitian B.
    pub(super) fn norm(&self, states: usize) -> f64 {
        match self {
            Self::Diagonal(weights) => weights.iter().fold(0.0, |largest, weight| largest.max(weight.abs())),
            Self::Elements(elements) => {
                let row = |n: usize| -> f64 {
                    elements.iter().filter(|element| element.0 == n).map(|(_, _, [u, v])| libm::hypot(*u, *v)).sum()
                };
                (0..states).map(row).fold(0.0, f64::max)
            }
        }
    }
}
