//! How are weighted energies summed independently of the order of summation?
//!
//! Each value is rounded once to a multiple of 2^-80 (8e-25), which changes no value above 1e-8; all further operations are integer arithmetic
//! with checked overflow.

/// Sums are in units of 2^-80.
const EXPONENT: i32 = 80;
/// Upper limit of the magnitudes of values.
const LIMIT: f64 = (1u64 << 40) as f64;

/// Why a value could not be added.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a finite number")]
    NotFinite(f64),
    #[error("{value:e} exceeds {LIMIT:e}, the largest value that can be summed")]
    TooLarge { value: f64 },
    #[error("a weighted sum overflows 127 bits")]
    Overflow,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exact(i128);

impl Exact {
    /// Adds `times * value`.
    ///
    /// # Errors
    /// The value is not finite or too large, or the sum overflows; the sum is unchanged then.
    pub fn add(&mut self, times: i64, value: f64) -> Result<(), Error> {
        if value == 0.0 {
            return Ok(());
        }
        if !value.is_finite() {
            return Err(Error::NotFinite(value));
        }
        if value.abs() >= LIMIT {
            return Err(Error::TooLarge { value });
        }
        let units = libm::rint(libm::scalbn(value, EXPONENT)) as i128;
        let sum = units.checked_mul(times.into()).and_then(|product| self.0.checked_add(product));
        self.0 = sum.ok_or(Error::Overflow)?;
        Ok(())
    }

    pub fn plus(self, other: Self) -> Result<Self, Error> {
        self.0.checked_add(other.0).map(Self).ok_or(Error::Overflow)
    }

    pub fn value(self) -> f64 {
        libm::scalbn(self.0 as f64, -EXPONENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_lost_to_cancellation() {
        let mut sum = Exact::default();
        for (times, value) in [(41_664, -76.026_764_8), (1, 1e-9), (-41_664, -76.026_764_8), (3, -2e-9)] {
            sum.add(times, value).unwrap();
        }
        assert!((sum.value() + 5e-9).abs() < 1e-23, "{}", sum.value());
    }

    #[test]
    fn an_invalid_value_is_refused_and_leaves_the_sum_unchanged() {
        let mut sum = Exact::default();
        assert!(matches!(sum.add(1, f64::NAN), Err(Error::NotFinite(_))));
        assert!(matches!(sum.add(1, 1e13), Err(Error::TooLarge { .. })));
        assert!(matches!(sum.add(i64::MAX, 1e6), Err(Error::Overflow)));
        assert_eq!(sum, Exact::default());
    }
}
