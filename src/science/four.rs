//! Four numbers at once, where the compiler does not find vector instructions by itself.
//!
//! [`Plain`] works everywhere, [`Avx2`] where there is AVX2, and both give the same bits: nothing is fused, and the numbers of a vector
//! are added up in one order.

/// A way to work on four numbers at once. What is called within must be `#[inline(always)]`.
pub(super) trait Four: Copy {
    type Numbers: Copy;

    /// Four times the same number.
    fn all(self, value: f64) -> Self::Numbers;
    /// From memory.
    fn load(self, values: &[f64; 4]) -> Self::Numbers;
    /// To memory.
    fn store(self, values: Self::Numbers, to: &mut [f64; 4]);
    /// `a + b`.
    fn plus(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;
    /// `a * b`.
    fn times(self, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;

    /// `sum + a * b`, not fused.
    #[inline(always)]
    fn plus_product(self, sum: Self::Numbers, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers {
        self.plus(sum, self.times(a, b))
    }

    /// The sum of all four.
    #[inline(always)]
    fn together(self, values: Self::Numbers) -> f64 {
        let mut each = [0.0; 4];
        self.store(values, &mut each);
        (each[0] + each[2]) + (each[1] + each[3])
    }
}

/// By what every processor has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Four for Plain {
    type Numbers = [f64; 4];

    #[inline(always)]
    fn all(self, value: f64) -> [f64; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(self, values: &[f64; 4]) -> [f64; 4] {
        *values
    }

    #[inline(always)]
    fn store(self, values: [f64; 4], to: &mut [f64; 4]) {
        *to = values;
    }

    #[inline(always)]
    fn plus(self, a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    }

    #[inline(always)]
    fn times(self, a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        [a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::Four;
    use std::arch::x86_64::{__m256d, _mm256_add_pd, _mm256_loadu_pd, _mm256_mul_pd, _mm256_set1_pd, _mm256_storeu_pd};

    /// By AVX2. That there is one says that the processor has it.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Avx2(());

    impl Avx2 {
        /// None where the processor has no AVX2.
        pub fn detect() -> Option<Self> {
            crate::science::widest::has_avx2().then_some(Self(()))
        }
    }

    // SAFETY of all: the processor has AVX2, as the value says; the references point to four numbers.
    impl Four for Avx2 {
        type Numbers = __m256d;

        #[inline(always)]
        fn all(self, value: f64) -> __m256d {
            unsafe { _mm256_set1_pd(value) }
        }

        #[inline(always)]
        fn load(self, values: &[f64; 4]) -> __m256d {
            unsafe { _mm256_loadu_pd(values.as_ptr()) }
        }

        #[inline(always)]
        fn store(self, values: __m256d, to: &mut [f64; 4]) {
            unsafe { _mm256_storeu_pd(to.as_mut_ptr(), values) }
        }

        #[inline(always)]
        fn plus(self, a: __m256d, b: __m256d) -> __m256d {
            unsafe { _mm256_add_pd(a, b) }
        }

        #[inline(always)]
        fn times(self, a: __m256d, b: __m256d) -> __m256d {
            unsafe { _mm256_mul_pd(a, b) }
        }
    }
}
