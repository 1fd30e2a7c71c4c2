//! How is exp(x) computed in vectorized loops, with the same bits on every processor?
//!
//! Without branches: x = k ln 2 + r, a polynomial for exp(r), and k in the exponent bits.

/// Adding it rounds to the nearest integer, which is then in the last bits of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, the first of 32 bits, so that its multiples are exact.
const LN_2: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
/// Below this the result is zero instead of a subnormal number.
const LOWEST: f64 = -708.0;
/// Above this the result is infinite.
const HIGHEST: f64 = 709.0;
/// 1/k!, from k = 13 down to 0: the remainder is below 5e-18 where |r| <= ln 2/2.
const INVERSE_FACTORIALS: [f64; 14] = [
    1.605_904_383_682_161_3e-10,
    2.087_675_698_786_81e-9,
    2.505_210_838_544_172e-8,
    2.755_731_922_398_589e-7,
    2.755_731_922_398_589_3e-6,
    2.480_158_730_158_73e-5,
    1.984_126_984_126_984e-4,
    1.388_888_888_888_889e-3,
    8.333_333_333_333_333e-3,
    4.166_666_666_666_666_4e-2,
    0.166_666_666_666_666_66,
    0.5,
    1.0,
    1.0,
];

/// exp(x), to two units in the last place.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUNDER;
    let multiple = shifted - ROUNDER;
    let r = (x - multiple * LN_2[0]) - multiple * LN_2[1];
    let mut sum = INVERSE_FACTORIALS[0];
    for coefficient in &INVERSE_FACTORIALS[1..] {
        sum = sum * r + coefficient;
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let finite = if x < LOWEST { 0.0 } else { sum * power };
    if x > HIGHEST { f64::INFINITY } else { finite }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_libm_within_rounding() {
        let worst = (-70_000..70_000).map(|k| f64::from(k) * 0.010_01).map(|x| (exp(x) / libm::exp(x) - 1.0).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= 4.5e-16, "{worst:e}");
    }

    #[test]
    fn out_of_range_results_are_zero_or_infinite() {
        assert_eq!((exp(-1e4), exp(f64::NEG_INFINITY), exp(0.0)), (0.0, 0.0, 1.0));
        assert_eq!((exp(1e4), exp(f64::INFINITY)), (f64::INFINITY, f64::INFINITY));
        assert!(exp(f64::NAN).is_nan());
    }
}
