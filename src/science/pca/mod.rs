//! Along which directions do atoms move most?
//!
//! Every frame is superposed on a reference ([`Superposition`]). With the mean m of the deviations x of all atoms from it, the eigenvectors of
//! the covariance C = sum (x - m)(x - m)^T / (F - 1) over F frames with the largest eigenvalues are the principal components (Amadei, Linssen
//! and Berendsen, Proteins 17, 412, 1993, DOI 10.1002/prot.340170408). There is no mass weighting.
//!
//! Frames are processed in [`Rows`] of at most [`CHUNK`]. The contribution of a chunk to a sum depends only on its frames, and sums over
//! chunks are sums of integers ([`FixedSums`]): the same bits for any distribution of the chunks. C itself, 3n x 3n numbers, is never formed,
//! only its products with a few vectors at a time ([`Krylov`]), one pass over all frames each.
//!
//! A vector of 3n numbers contains x of all atoms, then y, then z.
mod fixed_sums;
mod lanczos;
mod orthonormal_basis;
mod rotation;
mod rows;
mod superposition;
#[cfg(test)]
mod tests;
mod vector_block;

pub use fixed_sums::FixedSums;
pub use lanczos::{Components, Krylov, Width};
pub use rows::{CHUNK, Rows};
pub use superposition::{Scratch, Superposition, Undetermined};
pub use vector_block::VectorBlock;
