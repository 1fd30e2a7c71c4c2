//! How are many sums with a known bound formed independently of the order?
use crate::science::simd::dispatch;
use crate::science::sum::{Error, nearest};
use serde::{Deserialize, Serialize};

/// Sums in fixed point, in units of a power of two. Numbers are rounded once when they are added; the rest is integer arithmetic, so that the
/// order does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedSums {
    /// The unit is 2^-`exponent`.
    exponent: i32,
    units: Vec<i64>,
}

impl FixedSums {
    /// `count` sums of zero; no partial sum may exceed `bound` in magnitude.
    pub fn new(count: usize, bound: f64) -> Self {
        // A bound below 2^(e+1) in units of 2^(e-61) is below 2^62, which leaves room for roundings.
        let exponent = (61 - libm::ilogb(bound.max(f64::MIN_POSITIVE))).clamp(-900, 900) - 1;
        Self { exponent, units: vec![0; count] }
    }

    /// Adds one number to each sum, `[sums]`.
    ///
    /// # Errors
    /// A number is not finite or beyond the bound. The sums are invalid then.
    pub fn add(&mut self, values: &[f64]) -> Result<(), Error> {
        if values.len() != self.units.len() {
            return Err(Error::Shape { left: self.units.len(), right: values.len() });
        }
        let scale = libm::scalbn(1.0, self.exponent);
        let most = (1_u64 << 62) as f64;
        // Two loops without an early exit, so that they are vectorized.
        let mut is_any_beyond = false;
        find_beyond(values, scale, most, &mut is_any_beyond);
        if is_any_beyond {
            let value = values.iter().copied().find(|value| is_beyond(value * scale, most)).unwrap_or(f64::NAN);
            let limit = libm::scalbn(1.0, 62 - self.exponent);
            return Err(if value.is_finite() { Error::TooLarge { value, limit } } else { Error::NotFinite(value) });
        }
        let mut has_overflown = false;
        add_nearest(values, scale, &mut self.units, &mut has_overflown);
        if has_overflown { Err(Error::Overflow) } else { Ok(()) }
    }

    /// Adds other sums.
    ///
    /// # Errors
    /// They differ in number or unit, or a sum overflows.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if (self.exponent, self.units.len()) != (other.exponent, other.units.len()) {
            return Err(Error::Shape { left: self.units.len(), right: other.units.len() });
        }
        for (sum, more) in self.units.iter_mut().zip(&other.units) {
            *sum = sum.checked_add(*more).ok_or(Error::Overflow)?;
        }
        Ok(())
    }

    /// The sums as floating-point numbers, `[sums]`.
    pub fn values(&self) -> Vec<f64> {
        // A power of two, so that products are exact.
        let unit = libm::scalbn(1.0, -self.exponent);
        self.units.iter().map(|&units| units as f64 * unit).collect()
    }
}

/// Whether a number of units is NaN or exceeds `most`.
#[inline(always)]
fn is_beyond(units: f64, most: f64) -> bool {
    units.is_nan() | (units.abs() > most)
}

dispatch! {
    fn find_beyond(values: &[f64], scale: f64, most: f64, is_any: &mut bool) {
        *is_any = values.iter().fold(false, |is_any, value| is_any | is_beyond(value * scale, most));
    }
}

dispatch! {
    /// Adds `values` times `scale`, rounded to integers.
    fn add_nearest(values: &[f64], scale: f64, sums: &mut [i64], has_overflown: &mut bool) {
        // Negative if a sum has the sign of neither summand.
        let mut signs = 0;
        for (sum, value) in sums.iter_mut().zip(values) {
            let units = nearest(value * scale);
            let more = sum.wrapping_add(units);
            signs |= (*sum ^ more) & (units ^ more);
            *sum = more;
        }
        *has_overflown = signs < 0;
    }
}
