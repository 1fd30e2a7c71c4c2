//! Which stretches of a window's series are weighted together in a bootstrap?
use super::gamma::Gamma;
use super::inefficiency::Inefficiency;
use crate::seed::Stream;
use std::ops::Range;

/// Statistical inefficiencies to a block.
const PER_BLOCK: f64 = 3.0;
/// So many blocks are enough to know a variance.
const MOST: usize = 128;
/// Fewer blocks than this say nothing.
const FEWEST: usize = 4;

/// How a series is cut into blocks, and how much their weights scatter.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    samples: usize,
    pub length: usize,
    weights: Gamma,
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
        let weights = Gamma::of_mean_1(inefficiency.missed_by_blocks(length) * few);
        Self { samples, length, weights }
    }

    /// Draws blocks and their weights: mean 1 over the series. Where the first block begins is drawn too (the series is closed to a ring), so
    /// that over many draws all blocks of the length take part.
    ///
    /// Weights are from a gamma distribution, always positive: a Bayesian bootstrap (Rubin, Ann. Stat. 9, 130, 1981,
    /// doi:10.1214/aos/1176345338) of blocks, so that no bin is ever without weight.
    pub fn draw(&self, stream: &mut Stream, stretches: &mut Vec<Stretch>) {
        stretches.clear();
        let first = (stream.uniform() * self.length as f64) as usize;
        let ring = self.weights.draw(stream);
        let mut begin = first.min(self.samples);
        stretches.push(Stretch { samples: 0..begin, weight: ring });
        while begin < self.samples {
            let end = (begin + self.length).min(self.samples);
            // What is left at the end belongs to the block that began before the first.
            let is_rest = end == self.samples && first > 0 && end - begin + first <= self.length;
            stretches
                .push(Stretch { samples: begin..end, weight: if is_rest { ring } else { self.weights.draw(stream) } });
            begin = end;
        }
        let sum: f64 = stretches.iter().map(|stretch| stretch.weight * stretch.samples.len() as f64).sum();
        stretches.iter_mut().for_each(|stretch| stretch.weight *= self.samples as f64 / sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{CampaignSeed, Purpose};

    #[test]
    fn every_sample_has_a_weight_and_all_together_the_number_of_samples() {
        let mut stream = CampaignSeed(2).stream(1, Purpose::Bootstrap);
        for (samples, length) in [(1, 1), (7, 3), (100, 9), (100, 100), (5, 1)] {
            let blocks = Blocks { samples, length, weights: Gamma::of_mean_1(1.2) };
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
