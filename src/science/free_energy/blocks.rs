//! Which stretches of a window's time series are reweighted together in a bootstrap?
use super::gamma::gamma_of_mean_one;
use super::inefficiency::Inefficiency;
use crate::seed::Stream;
use std::ops::Range;

/// Length of a block in statistical inefficiencies.
const INEFFICIENCIES_PER_BLOCK: f64 = 3.0;
/// More blocks do not improve the estimate of a variance.
const MOST: usize = 128;
const FEWEST: usize = 4;

/// A time series cut into blocks of equal length (to one sample), and the variance of their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    samples: usize,
    pub count: usize,
    variance: f64,
}

impl Blocks {
    /// Blocks of a series of `samples` samples with this statistical inefficiency.
    pub fn new(samples: usize, inefficiency: &Inefficiency) -> Self {
        let wanted = libm::ceil(INEFFICIENCIES_PER_BLOCK * inefficiency.g) as usize;
        let longest = (samples / FEWEST).max(1);
        let length = wanted.max(samples.div_ceil(MOST)).min(longest).max(1);
        let count = samples.div_ceil(length);
        // Weights that must sum to the number of samples scatter less by one block's worth, count/(count - 1); and an error that is known from
        // few blocks has Student's distribution, of variance nu/(nu - 2) with nu = count - 1.
        let few = count as f64 / (count as f64 - 3.0).max(2.0);
        Self { samples, count, variance: inefficiency.missed_by_blocks(length) * few }
    }

    /// The samples of block `k`.
    pub fn samples(&self, k: usize) -> Range<usize> {
        k * self.samples / self.count..(k + 1) * self.samples / self.count
    }

    /// Draws the weights of the blocks into `weights`; over all samples their mean is 1.
    ///
    /// The weights follow a gamma distribution: a Bayesian bootstrap (Rubin, Ann. Stat. 9, 130, 1981, doi:10.1214/aos/1176345338) over blocks.
    /// They are always positive, so that no bin loses all of its weight.
    pub fn draw(&self, stream: &mut Stream, weights: &mut Vec<f64>) {
        weights.clear();
        weights.extend((0..self.count).map(|_| gamma_of_mean_one(self.variance, stream)));
        let sum: f64 = (0..self.count).map(|k| weights[k] * self.samples(k).len() as f64).sum();
        weights.iter_mut().for_each(|weight| *weight *= self.samples as f64 / sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn every_sample_is_in_one_block_and_weights_sum_to_the_number_of_samples() {
        let mut stream = CampaignSeed(2).stream(1, Purpose::Bootstrap);
        for samples in [1, 5, 7, 100, 1000] {
            let blocks = Blocks::new(samples, &Inefficiency::from_series(&vec![1.0; samples]));
            assert!((0..blocks.count).flat_map(|k| blocks.samples(k)).eq(0..samples));
            let mut weights = Vec::new();
            for _ in 0..50 {
                blocks.draw(&mut stream, &mut weights);
                let sum: f64 = (0..blocks.count).map(|k| weights[k] * blocks.samples(k).len() as f64).sum();
                assert!((sum - samples as f64).abs() < 1e-9 && weights.iter().all(|weight| *weight > 0.0));
            }
        }
    }
}
