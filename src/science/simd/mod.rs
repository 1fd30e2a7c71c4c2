//! How do loops use the vector instructions of the processor they run on, with the same bits on all of them?
//!
//! [`dispatch!`] compiles a function twice, for AVX2 with FMA and for any processor, and selects a version when it is called. The compiler
//! vectorizes plain loops over arrays inside; it never contracts a product and a sum to a fused operation and never reorders sums.
//! [`F64x8`] has products and sums that are explicitly fused, [`F64x4`] has none.
mod dispatch;
mod f64x4;
mod f64x8;

pub(super) use dispatch::dispatch;
#[cfg(target_arch = "x86_64")]
pub(super) use dispatch::has_avx2_and_fma;
#[cfg(test)]
pub(super) use dispatch::tests;
pub(super) use f64x4::F64x4;
pub(super) use f64x8::{F32x8, F64x8, padded};
