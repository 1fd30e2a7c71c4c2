//! How are numbers drawn from a gamma distribution?
use crate::seed::Stream;

/// A number from the gamma distribution of mean 1 and this variance, above zero: the method of Marsaglia and Tsang (ACM Trans. Math. Softw.
/// 26, 363, 2000, doi:10.1145/358407.358414), through `libm` so that its bits do not depend on the processor.
pub fn gamma_of_mean_one(variance: f64, stream: &mut Stream) -> f64 {
    let shape = 1.0 / variance;
    // For shapes below 1: a number of shape + 1, times u^(1/shape).
    let boost = if shape < 1.0 { libm::pow(1.0 - stream.uniform(), variance) } else { 1.0 };
    let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = stream.normal();
        let root = 1.0 + c * x;
        let v = root * root * root;
        // 1 - u lies in (0, 1], so that the logarithm is finite.
        if v > 0.0 && libm::log(1.0 - stream.uniform()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return (d * v * boost * variance).max(f64::MIN_POSITIVE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn moments_are_those_of_the_gamma_distribution() {
        // The mean logarithm is psi(1/v) + ln v.
        for (variance, mean_logarithm) in
            [(0.5, -0.270_363), (1.0, -0.577_216), (1.25, -0.741_865), (2.0, -1.270_363), (4.0, -2.841_159)]
        {
            let mut stream = CampaignSeed(2).stream(0, Purpose::Bootstrap);
            let n = 200_000;
            let numbers: Vec<f64> = (0..n).map(|_| gamma_of_mean_one(variance, &mut stream)).collect();
            let mean = |of: &dyn Fn(f64) -> f64| numbers.iter().map(|x| of(*x)).sum::<f64>() / f64::from(n);
            let found = [
                mean(&|x| x) - 1.0,
                mean(&|x| (x - 1.0) * (x - 1.0)) / variance - 1.0,
                mean(&libm::log) - mean_logarithm,
            ];
            assert!(found.iter().all(|off| off.abs() < 0.015 * (1.0 + variance)), "{variance}: {found:?}");
            assert!(numbers.iter().all(|x| *x > 0.0));
        }
    }
}
