//! What are principal components?
use serde::{Deserialize, Serialize};

/// The first eigenvectors of the covariance, largest eigenvalue first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// Eigenvalues `[components]`, nm^2.
    pub values: Vec<f64>,
    /// Unit vectors `[components, 3n]`. Their sign is such that the element of largest magnitude (the first of equal ones) is positive.
    pub vectors: Vec<Vec<f64>>,
}

impl Components {
    /// From eigenpairs in descending order of eigenvalues.
    pub(super) fn new(values: Vec<f64>, vectors: Vec<Vec<f64>>) -> Self {
        let signed = vectors.into_iter().map(|mut vector| {
            let largest = vector.iter().fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
            if largest < 0.0 {
                vector.iter_mut().for_each(|x| *x = -*x);
            }
            vector
        });
        Self { values, vectors: signed.collect() }
    }
}
