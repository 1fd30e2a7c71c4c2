//! How is a sum of weighted energies formed so that it does not depend on who summed what first?
//!
//! Each value is rounded once to a multiple of 2^-80 (8e-25), which changes no value above 1e-8; everything after that is integer
//! arithmetic with checked overflow.

/// The quantum of all sums here is 2^-80.
const EXPONENT: i32 = 80;
/// Values below this can be summed.
const LIMIT: f64 = (1u64 << 40) as f64;

/// Why a value could not be added.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a finite number")]
    NotFinite(f64),
    #[error("{value:e} is beyond {LIMIT:e}, the largest that can be summed")]
    TooLarge { value: f64 },
    #[error("a weighted sum overflows 127 bits")]
    Overflow,
}

/// A sum, in units of 2^-80.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exact(i128);

impl Exact {
    /// Adds `times` `value`.
    ///
    /// # Errors
    /// The value is not finite or too large, or the sum overflows; nothing has been added then.
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

    /// The sum of both.
    ///
    /// # Errors
    /// It overflows.
    pub fn plus(self, other: Self) -> Result<Self, Error> {
        self.0.checked_add(other.0).map(Self).ok_or(Error::Overflow)
    }

    /// The nearest floating-point number.
    pub fn value(self) -> f64 {
        libm::scalbn(self.0 as f64, -EXPONENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_energies_leave_every_digit_of_the_rest() {
        let mut sum = Exact::default();
        for (times, value) in [(41_664, -76.026_764_8), (1, 1e-9), (-41_664, -76.026_764_8), (3, -2e-9)] {
            sum.add(times, value).unwrap();
        }
        assert!((sum.value() + 5e-9).abs() < 1e-23, "{}", sum.value());
    }

    #[test]
    fn what_cannot_be_summed_is_refused_and_changes_nothing() {
        let mut sum = Exact::default();
        assert!(matches!(sum.add(1, f64::NAN), Err(Error::NotFinite(_))));
        assert!(matches!(sum.add(1, 1e13), Err(Error::TooLarge { .. })));
        assert!(matches!(sum.add(i64::MAX, 1e6), Err(Error::Overflow)));
        assert_eq!(sum, Exact::default());
    }
}
