//! How are eight numbers stored and used together?
use bytemuck::{Pod, Zeroable, cast_slice_mut};
use serde::{Deserialize, Serialize};

/// Eight numbers in double precision, on a cache line of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable, Serialize, Deserialize)]
#[repr(C, align(64))]
pub(in crate::science) struct F64x8(pub [f64; 8]);

impl F64x8 {
    pub const LANES: usize = 8;

    /// Eight times the same number.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([value; 8])
    }

    /// `self + a * b`, rounded once.
    #[inline(always)]
    pub fn add_product(mut self, a: Self, b: Self) -> Self {
        for k in 0..Self::LANES {
            self.0[k] = a.0[k].mul_add(b.0[k], self.0[k]);
        }
        self
    }

    /// The sum of all eight, always added in this order. Not inlined: next to this tree of scalar sums, the compiler would hold vectors in
    /// narrower registers.
    #[inline(never)]
    pub fn sum(&self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

/// Eight numbers in single precision, on half a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C, align(32))]
pub(in crate::science) struct F32x8(pub [f32; F64x8::LANES]);

impl F32x8 {
    /// The same numbers in double precision.
    #[inline(always)]
    pub fn to_f64(self) -> F64x8 {
        let mut wide = [0.0; F64x8::LANES];
        for (to, from) in wide.iter_mut().zip(self.0) {
            *to = f64::from(from);
        }
        F64x8(wide)
    }
}

/// Numbers padded with zeros to whole cache lines.
pub(in crate::science) fn padded(numbers: &[f64]) -> Vec<F64x8> {
    let mut padded = vec![F64x8::default(); numbers.len().div_ceil(F64x8::LANES)];
    cast_slice_mut(&mut padded)[..numbers.len()].copy_from_slice(numbers);
    padded
}
