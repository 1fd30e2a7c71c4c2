//! How are means over very many tasks computed independently of the order of summation?
//!
//! Each value is rounded once to a multiple of a power of two, the *quantum* of the observable. All further operations are integer arithmetic,
//! which is associative: the result is the same to the last bit for any number of ranks, any batch size and any order. Overflow is checked.
use serde::{Deserialize, Serialize};

/// Why a value could not be added.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a finite number")]
    NotFinite(f64),
    #[error("{value:e} exceeds {limit:e}, the largest value that this sum can hold")]
    TooLarge { value: f64, limit: f64 },
    #[error("a sum overflows 127 bits: too many tasks of too large values")]
    Overflow,
    #[error("sums of {left} and {right} values cannot be merged")]
    Shape { left: usize, right: usize },
}

/// Largest magnitude of a value in units of its quantum: squares then stay below 2^116 and thousands of the very largest,
/// 2^20 of values 16 times smaller, fit into 127 bits.
const LARGEST: f64 = (1u64 << 58) as f64;
/// Up to this exponent a quantum, its inverse and the largest value of a sum are normal numbers.
const MAX_EXPONENT: i32 = 900;

/// Sums and sums of squares of several observables over the same tasks, in units of one quantum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// The quantum is 2^-`exponent`.
    exponent: i32,
    sums: Vec<i128>,
    squares: Vec<i128>,
}

/// The exponent of a quantum that resolves values of magnitude `scale` to 2^-52 of it.
pub fn exponent_for(scale: f64) -> i32 {
    (52 - libm::ilogb(scale.abs().max(f64::MIN_POSITIVE)) - 1).clamp(-MAX_EXPONENT, MAX_EXPONENT)
}

impl Moments {
    /// Empty sums of `values` observables with the quantum 2^-`exponent`.
    pub fn new(values: usize, exponent: i32) -> Self {
        Self { exponent, sums: vec![0; values], squares: vec![0; values] }
    }

    /// Adds one task's `value` to observable `index`.
    ///
    /// # Errors
    /// The value is not finite, or too large for the quantum. The sum is unchanged then.
    pub fn add(&mut self, index: usize, value: f64) -> Result<(), Error> {
        self.accepts(value)?;
        self.add_lanes(index, &[value], &[true])
    }

    /// Adds the values of several tasks, those with `is_included`, to observable `index`. All of these must be
    /// [accepted](Self::accepts).
    ///
    /// # Errors
    /// The sum overflows. It is unchanged then.
    pub fn add_lanes<const N: usize>(
        &mut self,
        index: usize,
        values: &[f64; N],
        is_included: &[bool; N],
    ) -> Result<(), Error> {
        let (mut sum, mut square) = (0i128, 0i128);
        for (value, _) in values.iter().zip(is_included).filter(|(_, is_included)| **is_included) {
            let units = self.units(*value);
            sum += i128::from(units);
            square += i128::from(units) * i128::from(units);
        }
        let sum = self.sums[index].checked_add(sum).ok_or(Error::Overflow)?;
        self.squares[index] = self.squares[index].checked_add(square).ok_or(Error::Overflow)?;
        self.sums[index] = sum;
        Ok(())
    }

    /// Checks that `value` can be added, also together with up to 1023 others.
    ///
    /// # Errors
    /// The value is not finite, or too large for the quantum.
    #[inline]
    pub fn accepts(&self, value: f64) -> Result<(), Error> {
        let limit = LARGEST * power_of_two(-self.exponent);
        if value.abs() <= limit {
            return Ok(());
        }
        Err(if value.is_finite() { Error::TooLarge { value, limit } } else { Error::NotFinite(value) })
    }

    /// An accepted value in quanta, rounded to nearest, ties to even.
    #[inline]
    fn units(&self, value: f64) -> i64 {
        nearest(value * power_of_two(self.exponent))
    }

    /// Adds the sums of other tasks.
    ///
    /// # Errors
    /// The sums differ in their observables or quanta, or a sum overflows.
    pub fn merge(&mut self, other: &Moments) -> Result<(), Error> {
        let (left, right) = (self.sums.len(), other.sums.len());
        if (left, self.exponent) != (right, other.exponent) {
            return Err(Error::Shape { left, right });
        }
        let pairs = self.sums.iter_mut().zip(&other.sums).chain(self.squares.iter_mut().zip(&other.squares));
        for (mine, others) in pairs {
            *mine = mine.checked_add(*others).ok_or(Error::Overflow)?;
        }
        Ok(())
    }

    /// The mean of every observable over `n` tasks; none if `n` is zero.
    pub fn means(&self, n: u64) -> Vec<Option<f64>> {
        let mean = |&sum: &i128| (n > 0).then(|| libm::scalbn(sum as f64 / n as f64, -self.exponent));
        self.sums.iter().map(mean).collect()
    }

    /// The standard error of every mean over `n` tasks, sqrt(sum (x - mean)^2 / (n (n - 1))); none for fewer than two.
    ///
    /// The sum of squared deviations is exact: no digit cancels, however small the spread is beside the mean.
    pub fn standard_errors(&self, n: u64) -> Vec<Option<f64>> {
        let errors = self.sums.iter().zip(&self.squares).map(|(&sum, &squares)| {
            if n < 2 {
                return None;
            }
            // With S = m n + r: sum (X - m)^2 = Q - m (S + r), and about the true mean r^2/n less. By Cauchy and Schwarz
            // m (S + r) <= S^2/n <= Q, so nothing overflows that did not overflow in Q.
            let count = n as i128;
            let (m, r) = (sum.div_euclid(count), sum.rem_euclid(count));
            let about_m = squares - m * (sum + r);
            let deviations = about_m as f64 - (r as f64) * (r as f64) / n as f64;
            Some(libm::scalbn(libm::sqrt(deviations.max(0.0) / (n as f64 * (n - 1) as f64)), -self.exponent))
        });
        errors.collect()
    }
}

/// The nearest integer of a number of magnitude up to 2^62, ties to even. Computed by additions alone, which the compiler vectorizes, unlike
/// conversions.
#[inline(always)]
pub(super) fn nearest(number: f64) -> i64 {
    // Adding 1.5 * 2^52 rounds a number of magnitude below 2^51 to an integer, which is then in the last bits of the sum.
    const ROUNDER: f64 = 3.0 * (1u64 << 51) as f64;
    const PART: f64 = (1u64 << 31) as f64;
    let parts = (number * (1.0 / PART) + ROUNDER) - ROUNDER;
    let rest = number - parts * PART;
    let units = |integer: f64| (integer + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i64;
    (units(parts) << 31).wrapping_add(units(rest))
}

/// 2^`exponent`, which must be a normal number.
#[inline]
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_nearest_with_ties_to_even() {
        let mut numbers = vec![0.0, 0.5, 1.5, 2.5, 0.499_999_999_999_999_94, 1e-300, (1_u64 << 62) as f64];
        for bit in 1..62 {
            let power = (1_u64 << bit) as f64;
            numbers.extend([power, power - 0.5, power + 0.5, power * 1.000_000_1, power.next_down(), power.next_up()]);
        }
        for number in numbers {
            assert_eq!(nearest(number), number.round_ties_even() as i64, "{number}");
            assert_eq!(nearest(-number), -nearest(number), "{number}");
        }
    }

    #[test]
    fn any_order_and_any_grouping_gives_the_same_bits() {
        let values: Vec<f64> = (0..1000).map(|k| libm::sin(k as f64) * libm::exp((k % 17) as f64 / 2.0)).collect();
        let mut all = Moments::new(1, 40);
        values.iter().for_each(|&v| all.add(0, v).unwrap());
        let mut grouped = Moments::new(1, 40);
        for group in values.rchunks(7) {
            let mut part = Moments::new(1, 40);
            group.iter().for_each(|&v| part.add(0, v).unwrap());
            grouped.merge(&part).unwrap();
        }
        assert_eq!(all, grouped);
        let mean = values.iter().sum::<f64>() / 1000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 999.0;
        assert!((all.means(1000)[0].unwrap() - mean).abs() < 1e-11);
        assert!((all.standard_errors(1000)[0].unwrap() / (variance / 1000.0).sqrt() - 1.0).abs() < 1e-11);
    }

    #[test]
    fn a_tiny_spread_beside_a_large_mean_keeps_its_digits() {
        let mut sums = Moments::new(2, 48);
        for k in 0..1000 {
            sums.add(0, 500.0 + (k % 2) as f64 * 1e-9).unwrap();
            sums.add(1, 1.0 / 3.0).unwrap();
        }
        let errors = sums.standard_errors(1000);
        assert!((errors[0].unwrap() / (0.5e-9 / 999f64.sqrt()) - 1.0).abs() < 1e-4, "{errors:?}");
        assert_eq!(errors[1], Some(0.0));
        assert_eq!((sums.standard_errors(1)[0], sums.means(0)[0]), (None, None));
    }

    #[test]
    fn a_value_is_rounded_to_the_nearest_multiple_of_the_quantum() {
        for exponent in [-40, -3, 0, 7, 52] {
            let sums = Moments::new(1, exponent);
            for k in 0..20_000 {
                let value = libm::sin(f64::from(k)) * libm::scalbn(1.0, k % 57 - exponent);
                assert_eq!(sums.units(value), libm::rint(libm::scalbn(value, exponent)) as i64, "{value}");
            }
            let half = libm::scalbn(0.5, -exponent);
            assert_eq!([sums.units(half), sums.units(-3.0 * half), sums.units(5.0 * half)], [0, -2, 2]);
        }
    }

    #[test]
    fn invalid_values_are_refused() {
        let mut sums = Moments::new(1, 50);
        assert!(matches!(sums.add(0, f64::NAN), Err(Error::NotFinite(_))));
        assert!(matches!(sums.add(0, 1e9), Err(Error::TooLarge { .. })));
        assert_eq!(sums, Moments::new(1, 50));
        let mut full = Moments { exponent: 0, sums: vec![i128::MAX], squares: vec![0] };
        assert_eq!(full.add(0, 1.0), Err(Error::Overflow));
    }
}
