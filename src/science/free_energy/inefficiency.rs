//! What is the statistical inefficiency of a correlated time series, and where does its equilibrium begin?

/// The statistical inefficiency of a time series: how many of its samples are worth one independent sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Inefficiency {
    /// g = 1 + 2 sum_t (1 - t/N) C(t), at least 1.
    pub g: f64,
    /// The normalized autocorrelation function C(1), C(2), ... up to the last lag of the sum.
    correlation: Vec<f64>,
}

/// Lags that are summed even if the correlation is negative, as in pymbar.
const FEWEST_LAGS: usize = 3;

impl Inefficiency {
    /// By Chodera et al., J. Chem. Theory Comput. 3, 26, 2007, doi:10.1021/ct0502864: the correlation is summed until it
    /// is negative for the first time, as in `pymbar.timeseries`. A constant series counts as uncorrelated.
    pub fn from_series(series: &[f64]) -> Self {
        let n = series.len();
        let mean = series.iter().sum::<f64>() / n.max(1) as f64;
        let deviations: Vec<f64> = series.iter().map(|x| x - mean).collect();
        let variance = deviations.iter().map(|d| d * d).sum::<f64>() / n.max(1) as f64;
        let (mut g, mut correlation) = (1.0, Vec::new());
        if variance > 0.0 {
            for lag in 1..n.saturating_sub(1) {
                let c = product(&deviations[..n - lag], &deviations[lag..]) / ((n - lag) as f64 * variance);
                if c <= 0.0 && lag > FEWEST_LAGS {
                    break;
                }
                g += 2.0 * c * (1.0 - lag as f64 / n as f64);
                correlation.push(c);
            }
        }
        Self { g: f64::max(g, 1.0), correlation }
    }

    /// Of the series subsampled to every `every`-th sample.
    pub fn subsampled(&self, every: usize) -> Self {
        let correlation = self.correlation.iter().skip(every - 1).step_by(every).copied().collect();
        Self { g: (self.g / every as f64).max(1.0), correlation }
    }

    /// The factor by which the variance of a mean exceeds its estimate from blocks of `length` samples, which miss the correlation between
    /// blocks; 1 to 2.
    pub fn missed_by_blocks(&self, length: usize) -> f64 {
        let within = |(lag, c): (usize, &f64)| 2.0 * c * (1.0 - lag as f64 / length as f64);
        let within_blocks = 1.0 + (1..length).zip(&self.correlation).map(within).sum::<f64>();
        (self.g / within_blocks.max(f64::MIN_POSITIVE)).clamp(1.0, 2.0)
    }
}

/// The scalar product in four partial sums, in a fixed order.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

const STARTS: usize = 40;

/// The index t of the first equilibrated sample: the one that maximizes the number of independent samples that follow, (N - t)/g(t)
/// (Chodera, J. Chem. Theory Comput. 12, 1799, 2016, doi:10.1021/acs.jctc.5b00784), of 40 evenly spaced candidates in the first three
/// quarters of the series.
pub fn equilibration(series: &[f64]) -> usize {
    let starts = (0..STARTS).map(|k| series.len() * k * 3 / (4 * STARTS));
    let independent = |start: usize| (series.len() - start) as f64 / Inefficiency::from_series(&series[start..]).g;
    let mut best = (0, f64::NEG_INFINITY);
    for start in starts {
        let samples = independent(start);
        if samples > best.1 {
            best = (start, samples);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    /// x' = a x + noise has g = (1 + a)/(1 - a).
    fn autoregressive(a: f64, n: usize) -> Vec<f64> {
        let mut stream = CampaignSeed(3).stream(0, Purpose::Hops);
        let mut x = stream.normal();
        let mut next = || {
            x = a * x + (1.0 - a * a).sqrt() * stream.normal();
            x
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn the_inefficiency_of_an_autoregressive_series_is_known() {
        for (a, tolerance) in [(0.0, 0.1), (0.5, 0.3), (0.9, 3.0)] {
            let expected = (1.0 + a) / (1.0 - a);
            let g = Inefficiency::from_series(&autoregressive(a, 40_000)).g;
            assert!((g - expected).abs() < tolerance, "{g} for {expected}");
        }
        assert_eq!(Inefficiency::from_series(&[2.0; 10]).g, 1.0);
        assert_eq!(Inefficiency::from_series(&[]).g, 1.0);
        assert_eq!(Inefficiency::from_series(&[1.0]).g, 1.0);
    }

    #[test]
    fn long_blocks_miss_little() {
        let inefficiency = Inefficiency::from_series(&autoregressive(0.9, 40_000));
        let missed = [10, 100, 1000].map(|length| inefficiency.missed_by_blocks(length));
        // Blocks of L see g - 2a/(1-a)^2/L of it, but for what lies beyond L.
        assert!(missed[0] > 1.5 && (1.05..1.2).contains(&missed[1]) && missed[2] < 1.02, "{missed:?}");
    }

    #[test]
    fn the_start_of_equilibrium_is_found() {
        let mut series = autoregressive(0.5, 4000);
        assert!(equilibration(&series) < 400);
        series.iter_mut().take(500).enumerate().for_each(|(k, x)| *x += 8.0 * (1.0 - k as f64 / 500.0));
        let start = equilibration(&series);
        assert!((300..900).contains(&start), "{start}");
    }
}
