//! Sine and cosine of all lanes at once.
//!
//! By the polynomials of FDLIBM (Sun Microsystems, 1993), as in `libm`, but without branches, so that the loop is vectorized.
use super::{LANES, Lanes};
use crate::science::simd::dispatch;

/// Largest argument from which a multiple of pi/2 is subtracted exactly below; beyond, `libm` is called.
const LARGEST: f64 = 1e5;
/// Adding and subtracting it rounds to the nearest integer; the last bits of the sum hold that integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// pi/2 in three parts of 33 bits, so that multiples of the first two are exact.
const HALF_PI: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
/// sin x = x + S0 x^3 + ...
const S: [f64; 6] = [
    -0.166_666_666_666_666_32,
    0.008_333_333_333_322_49,
    -0.000_198_412_698_298_579_5,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
/// cos x = 1 - x^2/2 + C0 x^4 + ...
const C: [f64; 6] = [
    0.041_666_666_666_666_6,
    -0.001_388_888_888_887_411,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

dispatch! {
    /// Cosine and sine of `x`, radians.
    pub fn sincos(x: &Lanes, cos: &mut Lanes, sin: &mut Lanes) {
        for l in 0..LANES {
            let shifted = x[l] * std::f64::consts::FRAC_2_PI + ROUNDER;
            let multiple = shifted - ROUNDER;
            let quadrant = shifted.to_bits();
            let r = ((x[l] - multiple * HALF_PI[0]) - multiple * HALF_PI[1]) - multiple * HALF_PI[2];
            let z = r * r;
            let s = r + r * z * (S[0] + z * (S[1] + z * (S[2] + z * (S[3] + z * (S[4] + z * S[5])))));
            let half = 0.5 * z;
            let w = 1.0 - half;
            let tail = z * z * (C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * (C[4] + z * C[5])))));
            let c = w + (((1.0 - w) - half) + tail);
            // Odd quadrants exchange the two; signs follow from the quadrant.
            let is_odd = (quadrant & 1).wrapping_neg();
            let (s, c) = (s.to_bits(), c.to_bits());
            let sin_sign = (quadrant & 2) << 62;
            let cos_sign = ((quadrant + 1) & 2) << 62;
            sin[l] = f64::from_bits(((s & !is_odd) | (c & is_odd)) ^ sin_sign);
            cos[l] = f64::from_bits(((c & !is_odd) | (s & is_odd)) ^ cos_sign);
        }
        for l in 0..LANES {
            // NaN and infinity too.
            if x[l].is_nan() || x[l].abs() > LARGEST {
                (sin[l], cos[l]) = libm::sincos(x[l]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_those_of_libm_to_rounding() {
        let mut worst = 0.0f64;
        for k in 0..200_000 {
            let size = libm::exp2(f64::from(k % 60) * 0.4 - 7.0);
            let x = [size * libm::sin(f64::from(k)); LANES];
            let (mut cos, mut sin) = ([0.0; LANES], [0.0; LANES]);
            sincos(&x, &mut cos, &mut sin);
            let (s, c) = libm::sincos(x[3]);
            worst = worst.max((sin[3] - s).abs()).max((cos[3] - c).abs());
        }
        assert!(worst <= 2.5e-16, "{worst:e}");
    }

    #[test]
    fn infinity_and_nan_give_nan() {
        let (mut cos, mut sin) = ([0.0; LANES], [0.0; LANES]);
        let mut x = [1.0; LANES];
        (x[1], x[2], x[5]) = (f64::NAN, f64::INFINITY, -0.0);
        sincos(&x, &mut cos, &mut sin);
        assert!(cos[1].is_nan() && sin[2].is_nan());
        assert_eq!((cos[5], sin[5], cos[0].to_bits()), (1.0, 0.0, libm::cos(1.0).to_bits()));
    }
}
