//! How are numbers drawn from a gamma distribution?
use crate::science::exponential::exp;
use crate::seed::Stream;

/// A gamma distribution of mean 1 and variance 1 or more: its shape, 1/variance, is 1 or less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    variance: f64,
    shape: f64,
    /// Where the two envelopes of the density meet.
    split: f64,
    /// The area below both, where that below the first is 1.
    area: f64,
}

impl Gamma {
    /// Of `variance`, at least 1.
    pub fn of_mean_1(variance: f64) -> Self {
        let shape = 1.0 / variance;
        let split = 0.07 + 0.75 * libm::sqrt(1.0 - shape);
        Self { variance, shape, split, area: 1.0 + shape * libm::exp(-split) / split }
    }

    /// The next number, never zero: by algorithm RGS of Best, Computing 30, 185, 1983, doi:10.1007/BF02280789, where most need one logarithm.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let of_shape = loop {
            let (v, w) = (self.area * stream.uniform(), stream.uniform());
            if v <= 1.0 {
                let x = self.split * exp(self.variance * libm::log(v));
                if w * (2.0 + x) <= 2.0 - x || w <= exp(-x) {
                    break x;
                }
            } else {
                let x = -libm::log(self.variance * self.split * (self.area - v));
                let y = x / self.split;
                if w * (self.shape + y * (1.0 - self.shape)) <= 1.0 || w <= exp((self.shape - 1.0) * libm::log(y)) {
                    break x;
                }
            }
        };
        f64::max(self.variance * of_shape, 1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn moments_are_those_of_the_distribution() {
        let mut stream = CampaignSeed(2).stream(0, Purpose::Bootstrap);
        // The mean logarithm is psi(1/v) + ln v.
        for (variance, logarithm) in [(1.0, -0.577_216), (1.25, -0.741_865), (2.0, -1.270_363), (4.0, -2.841_159)] {
            let gamma = Gamma::of_mean_1(variance);
            let drawn: Vec<f64> = (0..100_000).map(|_| gamma.draw(&mut stream)).collect();
            let mean = |of: &dyn Fn(f64) -> f64| drawn.iter().map(|x| of(*x)).sum::<f64>() / drawn.len() as f64;
            let found =
                [mean(&|x| x) - 1.0, mean(&|x| (x - 1.0) * (x - 1.0)) / variance - 1.0, mean(&f64::ln) - logarithm];
            assert!(found[0].abs() < 0.02 && found[1].abs() < 0.05 && found[2].abs() < 0.03, "{variance}: {found:?}");
        }
    }
}
