//! How are four numbers processed at once, with every product and sum rounded by itself?
use bytemuck::{Pod, Zeroable, cast_slice, cast_slice_mut};

#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(transparent)]
pub(in crate::science) struct F64x4(pub [f64; 4]);

impl F64x4 {
    pub const LANES: usize = 4;

    /// Four times the same number.
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]])
    }

    /// `self + a * b`, not fused.
    #[inline(always)]
    pub fn add_product(self, a: Self, b: Self) -> Self {
        let (a, b) = (a.0, b.0);
        self.add(Self([a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]))
    }

    /// The sum of all four, always added in this order.
    #[inline(always)]
    pub fn sum(self) -> f64 {
        let [a, b, c, d] = self.0;
        (a + c) + (b + d)
    }

    /// Numbers in fours; there must be a multiple of four.
    #[inline(always)]
    pub fn chunks(numbers: &[f64]) -> &[Self] {
        cast_slice(numbers)
    }

    #[inline(always)]
    pub fn flatten(vectors: &[Self]) -> &[f64] {
        cast_slice(vectors)
    }

    #[inline(always)]
    pub fn flatten_mut(vectors: &mut [Self]) -> &mut [f64] {
        cast_slice_mut(vectors)
    }
}
