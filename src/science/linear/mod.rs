//! Which products, sums and eigenvectors do dense real matrices have?
//!
//! Every sum has one order, nothing is fused, and only square roots go beyond the four rules: the bits are the same on every processor.
mod band;
mod davidson;
mod eigen;
mod matrix;
mod tridiagonal;

pub(super) use band::{Band, Pairs};
pub(super) use davidson::Davidson;
pub(super) use eigen::Eigen;
pub(super) use matrix::{Matrix, dot, multiply};
