//! Which stretches of a window's series are weighted together in a bootstrap?
use super::inefficiency::Inefficiency;
use crate::science::exponential::exp;
use crate::seed::Stream;
use std::ops::Range;

/// Statistical inefficiencies to a block.
const PER_BLOCK: f64 = 3.0;
/// So many blocks are enough to know a variance.
const MOST: usize = 128;
/// Fewer blocks than this say nothing.
const FEWEST: usize = 4;

/// How a series is cut into blocks, and how much their weights scatter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocks {
    samples: usize,
    pub length: usize,
    /// The variance of a weight, of which the mean is 1.
    variance: f64,
}

/// Samples that have one weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    pub samples: Range<usize>,
    pub weight: f64,
}

impl Blocks {
    /// Blocks of a series of `samples` with this inefficiency.
    pub fn new(samples: usize, inefficiency: &Inefficiency) -> Self {
        let wanted = libm::ceil(PER_BLOCK * inefficiency.g) as usize;
        let length = wanted.max(samples.div_ceil(MOST)).min((samples / FEWEST).max(1)).max(1);
        let count = samples.div_ceil(length) as f64;
        // Weights that must sum to the number of samples scatter less by one block's worth, count/(count - 1); and an error that is known from
        // few blocks has Student's distribution, of variance nu/(nu - 2) with nu = count - 1.
        let few = count / (count - 3.0).max(2.0);
        let variance = inefficiency.missed_by_blocks(length) * few;
        Self { samples, length, variance }
    }

    /// Draws blocks and their weights: mean 1 over the series. Where the first block begins is drawn too (the series is closed to a ring), so
    /// that over many draws all blocks of the length take part.
    ///
    /// Weights are from a gamma distribution, always positive: a Bayesian bootstrap (Rubin, Ann. Stat. 9, 130, 1981,
    /// doi:10.1214/aos/1176345338) of blocks, so that no bin is ever without weight.
    pub fn draw(&self, stream: &mut Stream, stretches: &mut Vec<Stretch>) {
        stretches.clear();
        let first = (stream.uniform() * self.length as f64) as usize;
        let ring = self.gamma(stream);
        let mut begin = first.min(self.samples);
        stretches.push(Stretch { samples: 0..begin, weight: ring });
        while begin < self.samples {
            let end = (begin + self.length).min(self.samples);
            // What is left at the end belongs to the block that began before the first.
            let is_rest = end == self.samples && first > 0 && end - begin + first <= self.length;
            stretches.push(Stretch { samples: begin..end, weight: if is_rest { ring } else { self.gamma(stream) } });
            begin = end;
        }
        let sum: f64 = stretches.iter().map(|stretch| stretch.weight * stretch.samples.len() as f64).sum();
        stretches.iter_mut().for_each(|stretch| stretch.weight *= self.samples as f64 / sum);
    }

    /// A number from the gamma distribution of mean 1 and this variance, at least 1, by Marsaglia and Tsang, ACM Trans. Math. Softw. 26,
    /// 363, 2000, doi:10.1145/358407.358414.
    fn gamma(&self, stream: &mut Stream) -> f64 {
        let shape = 1.0 / self.variance;
        let d = shape + 1.0 - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        let of_one_more = loop {
            let x = stream.normal();
            let v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
            // 1 - u lies in (0, 1], so that its logarithm is finite.
            let u = 1.0 - stream.uniform();
            // Their squeeze spares most logarithms, and decides nothing otherwise than they would.
            let is_inside = u < 1.0 - 0.0331 * (x * x) * (x * x);
            if v > 0.0 && (is_inside || libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v)) {
                break d * v;
            }
        };
        let power = libm::log(1.0 - stream.uniform()) / shape;
        // A weight of zero would be a bin without weight.
        f64::max(self.variance * of_one_more * exp(power), 1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn weights_have_the_mean_and_the_variance_asked_for() {
        let mut stream = CampaignSeed(2).stream(0, Purpose::Bootstrap);
        for variance in [1.0, 1.3, 2.0] {
            let blocks = Blocks { samples: 1, length: 1, variance };
            let drawn: Vec<f64> = (0..40_000).map(|_| blocks.gamma(&mut stream)).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let found = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / drawn.len() as f64;
            assert!((mean - 1.0).abs() < 0.03 && (found / variance - 1.0).abs() < 0.1, "{mean} {found} {variance}");
        }
    }

    #[test]
    fn every_sample_has_a_weight_and_all_together_the_number_of_samples() {
        let mut stream = CampaignSeed(2).stream(1, Purpose::Bootstrap);
        for (samples, length) in [(1, 1), (7, 3), (100, 9), (100, 100), (5, 1)] {
            let blocks = Blocks { samples, length, variance: 1.2 };
            let mut stretches = Vec::new();
            for _ in 0..50 {
                blocks.draw(&mut stream, &mut stretches);
                let mut end = 0;
                for stretch in &stretches {
                    assert!(stretch.samples.start == end && stretch.weight > 0.0 && stretch.samples.len() <= length);
                    end = stretch.samples.end;
                }
                let sum: f64 = stretches.iter().map(|stretch| stretch.weight * stretch.samples.len() as f64).sum();
                assert!(end == samples && (sum - samples as f64).abs() < 1e-9);
            }
        }
    }
}
