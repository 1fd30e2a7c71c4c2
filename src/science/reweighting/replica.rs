//! What are the weighted means over each replica, or over each block of a single one?
use super::error::Error;
use super::jackknife::PartMeans;
use std::ops::Range;

/// The samples of a replica after its bias has converged.
#[derive(Clone, Debug)]
pub struct Replica<'a> {
    /// `[variables][samples]`.
    pub coordinates: Vec<&'a [f64]>,
    /// The bias that acted on each sample, in the unit of kT, `[samples]`.
    pub bias: &'a [f64],
}

pub(super) struct Part {
    replica: usize,
    samples: Range<usize>,
    weight: f64,
}

pub(super) struct WeightedSamples<'a> {
    replicas: &'a [Replica<'a>],
    /// exp((V - max V)/kT), `[replicas][samples]`.
    weights: Vec<Vec<f64>>,
    parts: Vec<Part>,
}

impl<'a> WeightedSamples<'a> {
    pub fn new(
        replicas: &'a [Replica<'a>],
        thermal_energy: f64,
        variables: usize,
        blocks: usize,
    ) -> Result<Self, Error> {
        if replicas.is_empty() {
            return Err(Error::NoReplica);
        }
        if !(thermal_energy.is_finite() && thermal_energy > 0.0) {
            return Err(Error::ThermalEnergy(thermal_energy));
        }
        replicas.iter().enumerate().try_for_each(|(number, replica)| replica.check(number, variables))?;
        let weights: Vec<Vec<f64>> = replicas.iter().map(|replica| replica.weights(thermal_energy)).collect();
        let parts = match replicas {
            [single] => {
                let samples = single.bias.len();
                if blocks < 2 {
                    return Err(Error::Blocks(blocks));
                }
                if samples < blocks {
                    return Err(Error::TooFew { replica: 0, samples, blocks });
                }
                let block = |k: usize| {
                    let samples = k * samples / blocks..(k + 1) * samples / blocks;
                    Part { replica: 0, weight: weights[0][samples.clone()].iter().sum(), samples }
                };
                (0..blocks).map(block).collect()
            }
            _ => {
                let whole = |(replica, weights): (usize, &Vec<f64>)| Part {
                    replica,
                    weight: effective(weights),
                    samples: 0..weights.len(),
                };
                weights.iter().enumerate().map(whole).collect()
            }
        };
        Ok(Self { replicas, weights, parts })
    }

    /// The effective number of samples, `[replicas]`.
    pub fn effective_samples(&self) -> Vec<f64> {
        self.weights.iter().map(|weights| effective(weights)).collect()
    }

    /// Weighted means of `values` quantities over each part. `add` adds those of a sample, given its point and weight, to the sums.
    pub fn pool(&self, values: usize, mut add: impl FnMut(&[f64], f64, &mut [f64])) -> PartMeans {
        let mut point = vec![0.0; self.replicas[0].coordinates.len()];
        let mut means = Vec::with_capacity(self.parts.len());
        for Part { replica, samples, .. } in &self.parts {
            let mut sums = vec![0.0; values];
            let mut total = 0.0;
            for sample in samples.clone() {
                let weight = self.weights[*replica][sample];
                let coordinates = &self.replicas[*replica].coordinates;
                point.iter_mut().zip(coordinates).for_each(|(x, column)| *x = column[sample]);
                add(&point, weight, &mut sums);
                total += weight;
            }
            // All weights of a block may underflow relative to the largest one; its weight is then zero.
            let norm = if total > 0.0 { total } else { 1.0 };
            means.push(sums.into_iter().map(|sum| sum / norm).collect());
        }
        PartMeans { weights: self.parts.iter().map(|part| part.weight).collect(), means }
    }
}

impl Replica<'_> {
    fn check(&self, replica: usize, variables: usize) -> Result<(), Error> {
        if self.bias.is_empty() {
            return Err(Error::Empty { replica });
        }
        let length = |what, found, expected| match found == expected {
            true => Ok(()),
            false => Err(Error::Length { replica, what, found, expected }),
        };
        length("variables", self.coordinates.len(), variables)?;
        self.coordinates.iter().try_for_each(|column| length("a variable", column.len(), self.bias.len()))?;
        for column in self.coordinates.iter().chain([&self.bias]) {
            if let Some(sample) = column.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite { replica, sample });
            }
        }
        Ok(())
    }

    /// Relative to the largest weight, to avoid overflow.
    fn weights(&self, thermal_energy: f64) -> Vec<f64> {
        let most = self.bias.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.bias.iter().map(|bias| libm::exp((bias - most) / thermal_energy)).collect()
    }
}

/// The effective sample size (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965).
fn effective(weights: &[f64]) -> f64 {
    let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    sum * sum / squares
}
