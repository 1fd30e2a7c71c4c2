//! How are numbers drawn from a gamma distribution?
use crate::seed::Stream;
use std::sync::OnceLock;

/// Into so many slices of equal probability the distribution is cut.
const SLICES: usize = 256;
/// By how much a slice may miss its probability, of that.
const TOLERANCE: f64 = 1e-6;
/// Numbers are never smaller.
const LEAST: f64 = 1e-12;

/// A gamma distribution of mean 1 and variance 1 or more, in slices of equal probability, each with its mean: a draw takes a nanosecond or
/// two instead of several ten.
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    variance: f64,
    /// Made at the first draw: where there are no replicates nothing is drawn.
    slices: OnceLock<Vec<f64>>,
}

impl Gamma {
    /// Of `variance`, at least 1.
    pub fn of_mean_1(variance: f64) -> Self {
        Self { variance, slices: OnceLock::new() }
    }

    /// The next number, never zero.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        self.slices()[usize::from(stream.byte())]
    }

    fn slices(&self) -> &[f64] {
        // Means of slices scatter less than what they stand for, by about as much as the numbers of the last one do.
        self.slices.get_or_init(|| means_of_slices(self.variance * (1.0 + self.variance / SLICES as f64)))
    }
}

/// The means of the slices, ascending; their mean is 1.
///
/// With shape a = 1/variance and s = x^a the probability P of less than x has the slope dP/ds = exp(-x)/Gamma(a + 1), which falls from a
/// finite value: Newton's method comes to the end of a slice from its beginning without ever going too far. What x P(x) gives over a slice is
/// a times (its probability less the increase of G = s exp(-x)/Gamma(a + 1)).
fn means_of_slices(variance: f64) -> Vec<f64> {
    let shape = 1.0 / variance;
    let slope_at_zero = 1.0 / libm::tgamma(shape + 1.0);
    let each = 1.0 / SLICES as f64;
    let (mut s, mut slope, mut begin) = (0.0, slope_at_zero, 0.0);
    let mut mean_up_to = |probability: f64| {
        s += each / slope;
        loop {
            let x = libm::pow(s, variance);
            slope = slope_at_zero * libm::exp(-x);
            let missing = probability - s * slope * series(shape, x);
            if missing > TOLERANCE * each {
                s += missing / slope;
            } else {
                break;
            }
        }
        let increase = s * slope - std::mem::replace(&mut begin, s * slope);
        f64::max(1.0 - increase / each, LEAST)
    };
    let mut means: Vec<f64> = (1..SLICES).map(|end| mean_up_to(end as f64 * each)).collect();
    means.push(1.0 + begin / each);
    means
}

/// P(a, x)/G = sum_n x^n/((a + 1) ... (a + n)): Abramowitz and Stegun, Handbook of Mathematical Functions, eq. 6.5.29.
fn series(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut factor) = (1.0, 1.0, shape);
    while term > 0.01 * TOLERANCE / SLICES as f64 * sum {
        factor += 1.0;
        term *= x / factor;
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn moments_are_those_of_the_distribution() {
        // The mean logarithm is psi(1/v) + ln v. Slices do not resolve how numbers near zero scatter.
        for (variance, logarithm) in [(1.0, -0.577_216), (1.25, -0.741_865), (2.0, -1.270_363), (4.0, -2.841_159)] {
            let gamma = Gamma::of_mean_1(variance);
            let mean = |of: &dyn Fn(f64) -> f64| gamma.slices().iter().map(|x| of(*x)).sum::<f64>() / SLICES as f64;
            let found =
                [mean(&|x| x) - 1.0, mean(&|x| (x - 1.0) * (x - 1.0)) / variance - 1.0, mean(&f64::ln) - logarithm];
            assert!(
                found[0].abs() < 1e-12 && found[1].abs() < 1e-3 * variance && found[2].abs() < 0.01 * variance,
                "{variance}: {found:?}"
            );
        }
    }

    #[test]
    fn slices_of_an_exponential_distribution_are_known() {
        // The mean between two quantiles p < q is 1 + ((1 - q) ln(1 - q) - (1 - p) ln(1 - p))/(q - p).
        let part = |p: f64| if p < 1.0 { (1.0 - p) * (1.0 - p).ln() } else { 0.0 };
        let each = 1.0 / SLICES as f64;
        for (k, mean) in (0..SLICES).map(|k| k as f64 * each).zip(means_of_slices(1.0)) {
            let expected = 1.0 + (part(k + each) - part(k)) / each;
            assert!((mean - expected).abs() < 1e-5, "{k}: {mean} {expected}");
        }
    }

    #[test]
    fn all_slices_are_drawn_alike_and_none_is_zero() {
        let mut stream = CampaignSeed(2).stream(0, Purpose::Bootstrap);
        for variance in [1.0, 2.0, 8.0, 50.0] {
            let gamma = Gamma::of_mean_1(variance);
            let slices = gamma.slices();
            assert!(slices.is_sorted() && slices[0] > 0.0 && slices.len() == SLICES, "{variance}: {slices:?}");
        }
        let gamma = Gamma::of_mean_1(1.5);
        let mut counts = [0.0; SLICES];
        for _ in 0..400 * SLICES {
            let drawn = gamma.draw(&mut stream);
            counts[gamma.slices().iter().position(|x| *x == drawn).expect("a mean of a slice")] += 1.0;
        }
        // Pearson's chi^2 has the mean 255 and the standard deviation 23.
        let chi_squared: f64 = counts.iter().map(|count| (count - 400.0) * (count - 400.0) / 400.0).sum();
        assert!((chi_squared - 255.0).abs() < 100.0, "{chi_squared}");
    }
}
