//! Eight numbers at once, with products and sums fused.
//!
//! [`Plain`] works everywhere, [`Avx2`] where there are AVX2 and FMA, [`Avx512`] where there is AVX-512, and all give the same bits: a
//! fused product and sum is rounded once everywhere, and the numbers of eight are added up in one order. Where a processor has no such
//! instruction, [`f64::mul_add`] makes up for it, slowly.
use super::lines::{HalfLine, Line};

/// A way to work on eight numbers at once. What is called within must be `#[inline(always)]`; `map` and its like are not, and pass
/// vectors through memory.
pub(super) trait Eight: Copy {
    type Numbers: Copy;
    /// How many eights registers hold.
    const HELD: usize;

    /// Eight times the same number.
    fn all(self, value: f64) -> Self::Numbers;
    /// From memory.
    fn load(self, values: &Line) -> Self::Numbers;
    /// From numbers of single precision in memory.
    fn load_single(self, values: &HalfLine) -> Self::Numbers;
    /// To memory.
    fn store(self, values: Self::Numbers, to: &mut Line);
    /// `sum + a * b`, rounded once.
    fn plus_product(self, sum: Self::Numbers, a: Self::Numbers, b: Self::Numbers) -> Self::Numbers;

    /// The sum of all eight: of those four apart, then of those two apart, then of both.
    fn together(self, values: Self::Numbers) -> f64;
}

/// What can be done in any of these ways.
pub(super) trait Work {
    /// Does it in one way. Must be `#[inline(always)]`.
    fn run<E: Eight>(self, eight: E);
}

/// Does work by the widest instructions that this processor has.
pub(super) fn by_widest(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn with_avx512(eight: Avx512, work: impl Work) {
            work.run(eight);
        }
        #[target_feature(enable = "avx2,fma")]
        fn with_avx2(eight: Avx2, work: impl Work) {
            work.run(eight);
        }
        // SAFETY: the processor has these instructions, as the values say.
        if let Some(avx512) = Avx512::detect() {
            return unsafe { with_avx512(avx512, work) };
        }
        if let Some(avx2) = Avx2::detect() {
            return unsafe { with_avx2(avx2, work) };
        }
    }
    work.run(Plain);
}

/// By what every processor has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Eight for Plain {
    type Numbers = [f64; 8];
    const HELD: usize = 4;

    #[inline(always)]
    fn all(self, value: f64) -> [f64; 8] {
        [value; 8]
    }

    #[inline(always)]
    fn load(self, values: &Line) -> [f64; 8] {
        values.0
    }

    #[inline(always)]
    fn load_single(self, values: &HalfLine) -> [f64; 8] {
        values.0.map(f64::from)
    }

    #[inline(always)]
    fn store(self, values: [f64; 8], to: &mut Line) {
        to.0 = values;
    }

    #[inline(always)]
    fn plus_product(self, sum: [f64; 8], a: [f64; 8], b: [f64; 8]) -> [f64; 8] {
        std::array::from_fn(|k| a[k].mul_add(b[k], sum[k]))
    }

    #[inline(always)]
    fn together(self, [a, b, c, d, e, f, g, h]: [f64; 8]) -> f64 {
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

#[cfg(target_arch = "x86_64")]
use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Eight, HalfLine, Line};
    use crate::science::widest::{has_avx2, has_avx512};
    use std::arch::x86_64::{
        __m256d, __m512d, _mm_add_pd, _mm_add_sd, _mm_cvtsd_f64, _mm_loadu_ps, _mm_unpackhi_pd, _mm256_add_pd,
        _mm256_castpd256_pd128, _mm256_cvtps_pd, _mm256_extractf128_pd, _mm256_fmadd_pd, _mm256_loadu_pd,
        _mm256_loadu_ps, _mm256_set1_pd, _mm256_storeu_pd, _mm512_castpd512_pd256, _mm512_cvtps_pd,
        _mm512_extractf64x4_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_set1_pd, _mm512_storeu_pd,
    };

    /// By AVX2 and FMA. That there is one says that the processor has them.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Avx2(());

    impl Avx2 {
        /// None where the processor lacks one of them.
        pub fn detect() -> Option<Self> {
            (has_avx2() && std::is_x86_feature_detected!("fma")).then_some(Self(()))
        }
    }

    // SAFETY of all: the processor has AVX2 and FMA, as the value says; the pointers are to halves of eight numbers.
    impl Eight for Avx2 {
        type Numbers = [__m256d; 2];
        const HELD: usize = 8;

        #[inline(always)]
        fn all(self, value: f64) -> [__m256d; 2] {
            unsafe { [_mm256_set1_pd(value); 2] }
        }

        #[inline(always)]
        fn load(self, values: &Line) -> [__m256d; 2] {
            unsafe { [_mm256_loadu_pd(values.0.as_ptr()), _mm256_loadu_pd(values.0.as_ptr().add(4))] }
        }

        #[inline(always)]
        fn load_single(self, values: &HalfLine) -> [__m256d; 2] {
            let from = values.0.as_ptr();
            unsafe { [_mm256_cvtps_pd(_mm_loadu_ps(from)), _mm256_cvtps_pd(_mm_loadu_ps(from.add(4)))] }
        }

        #[inline(always)]
        fn store(self, values: [__m256d; 2], to: &mut Line) {
            unsafe {
                _mm256_storeu_pd(to.0.as_mut_ptr(), values[0]);
                _mm256_storeu_pd(to.0.as_mut_ptr().add(4), values[1]);
            }
        }

        #[inline(always)]
        fn plus_product(self, sum: [__m256d; 2], a: [__m256d; 2], b: [__m256d; 2]) -> [__m256d; 2] {
            unsafe { [_mm256_fmadd_pd(a[0], b[0], sum[0]), _mm256_fmadd_pd(a[1], b[1], sum[1])] }
        }

        #[inline(always)]
        fn together(self, [low, high]: [__m256d; 2]) -> f64 {
            unsafe { of_four(_mm256_add_pd(low, high)) }
        }
    }

    /// The sum of four numbers: of those two apart, then of both.
    #[inline]
    #[target_feature(enable = "avx")]
    fn of_four(values: __m256d) -> f64 {
        let both = _mm_add_pd(_mm256_castpd256_pd128(values), _mm256_extractf128_pd::<1>(values));
        _mm_cvtsd_f64(_mm_add_sd(both, _mm_unpackhi_pd(both, both)))
    }

    /// By AVX-512. That there is one says that the processor has it.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Avx512(());

    impl Avx512 {
        /// None where the processor has no AVX-512.
        pub fn detect() -> Option<Self> {
            has_avx512().then_some(Self(()))
        }
    }

    // SAFETY of all: the processor has AVX-512, as the value says; the references point to eight numbers.
    impl Eight for Avx512 {
        type Numbers = __m512d;
        const HELD: usize = 32;

        #[inline(always)]
        fn all(self, value: f64) -> __m512d {
            unsafe { _mm512_set1_pd(value) }
        }

        #[inline(always)]
        fn load(self, values: &Line) -> __m512d {
            unsafe { _mm512_loadu_pd(values.0.as_ptr()) }
        }

        #[inline(always)]
        fn load_single(self, values: &HalfLine) -> __m512d {
            unsafe { _mm512_cvtps_pd(_mm256_loadu_ps(values.0.as_ptr())) }
        }

        #[inline(always)]
        fn store(self, values: __m512d, to: &mut Line) {
            unsafe { _mm512_storeu_pd(to.0.as_mut_ptr(), values) }
        }

        #[inline(always)]
        fn plus_product(self, sum: __m512d, a: __m512d, b: __m512d) -> __m512d {
            unsafe { _mm512_fmadd_pd(a, b, sum) }
        }

        #[inline(always)]
        fn together(self, values: __m512d) -> f64 {
            unsafe { of_four(_mm256_add_pd(_mm512_castpd512_pd256(values), _mm512_extractf64x4_pd::<1>(values))) }
        }
    }
}
