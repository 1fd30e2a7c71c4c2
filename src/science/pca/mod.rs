//! Along which directions do atoms move most?
//!
//! Every frame is superposed on a reference ([`Superposition`]); of the deviations x of all atoms from there the mean m and the
//! covariance C = sum (x - m)(x - m)^T / (F - 1) over F frames are formed, and the eigenvectors of C with the largest eigenvalues
//! are the principal components (Amadei, Linssen and Berendsen, Proteins 17, 412, 1993, DOI 10.1002/prot.340170408). No masses enter.
//!
//! Frames are taken in [`Rows`] of at most [`CHUNK`]. What one chunk adds to a sum is a pure function of its frames, and the sums over
//! chunks are of integers ([`FixedSums`]): the same bits for any division of the chunks. Either C itself is formed, 3n x 3n numbers, or,
//! where that is much, only its products with a few vectors at a time ([`Krylov`]), a pass over all frames each.
//!
//! A vector of 3n numbers holds the x of all atoms, then all y, then all z.
mod basis;
mod block;
mod covariance;
mod krylov;
mod rotation;
mod rows;
mod sums;
mod superposition;
#[cfg(test)]
mod tests;

pub use block::Block;
pub use covariance::{Covariance, pairs};
pub use krylov::{Krylov, Width};
pub use rows::Rows;
pub use sums::FixedSums;
pub use superposition::{Superposition, Undetermined, Work};

use crate::science::linear::{Eigen, Matrix};
use serde::{Deserialize, Serialize};

/// Frames that are summed together before their sum is rounded.
pub const CHUNK: usize = 256;

/// Up to so many coordinates the covariance itself is formed: that then takes no more work than products with vectors.
const MOST_DENSE: usize = 384;

/// Beyond that its n (n + 1) / 2 elements, which travel to rank 0, are too many for however many eigenvectors.
const MOST_FORMED: usize = 6000;

/// Whether the whole covariance of `coordinates` is to be formed for its first `wanted` eigenvectors.
pub fn is_dense(coordinates: usize, wanted: usize) -> bool {
    coordinates <= MOST_DENSE || (4 * wanted > coordinates && coordinates <= MOST_FORMED)
}

/// The first eigenvectors, largest eigenvalue first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// nm^2.
    pub values: Vec<f64>,
    /// `[components, 3n]`, unit vectors, of which the entry of largest size is positive, the first of those that are equal.
    pub vectors: Vec<Vec<f64>>,
}

impl Components {
    /// Of pairs in descending order of values.
    fn new(values: Vec<f64>, vectors: Vec<Vec<f64>>) -> Self {
        let signed = vectors.into_iter().map(|mut vector| {
            let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
            if largest < 0.0 {
                vector.iter_mut().for_each(|x| *x = -*x);
            }
            vector
        });
        Self { values, vectors: signed.collect() }
    }

    /// Those of a symmetric matrix `[dimension, dimension]`, of which the upper triangle is given, row after row.
    pub fn of_dense(upper: &[f64], dimension: usize, wanted: usize) -> Self {
        let mut matrix = Matrix::zeros(dimension, dimension);
        let mut next = upper.iter();
        for i in 0..dimension {
            for j in i..dimension {
                let value = *next.next().expect("a triangle has n (n + 1) / 2 elements");
                (matrix.values[i * dimension + j], matrix.values[j * dimension + i]) = (value, value);
            }
        }
        let Eigen { values, vectors } = Eigen::of(&matrix);
        let order = (0..dimension).rev().take(wanted);
        Self::new(order.clone().map(|k| values[k]).collect(), order.map(|k| vectors.row(k).to_vec()).collect())
    }
}
