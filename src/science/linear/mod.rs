//! Which products, sums and eigenvectors do dense real matrices have?
//!
//! Every sum has a fixed order, no operation is fused, and only basic arithmetic and square roots are used: the bits are the same on every
//! processor.
mod davidson;
mod eigen;
mod matrix;

pub(super) use davidson::Davidson;
pub(super) use eigen::Eigen;
pub(super) use matrix::{Matrix, dot, multiply};
