//! What is the free energy along variables, and what is its difference between two regions?
use super::axis::Axis;
use super::error::Error;
use super::jackknife::Estimate;
use super::replica::{Replica, WeightedSamples};

/// A free energy on a grid; arrays of two variables are row-major (the last variable runs fastest).
#[derive(Clone, Debug, PartialEq)]
pub struct FreeEnergy {
    /// Centers of bins, `[variables][bins]`.
    pub coordinates: Vec<Vec<f64>>,
    /// -kT ln p relative to its minimum, `[bins of the first][bins of the second]`; none without samples.
    pub free_energy: Vec<Option<f64>>,
    /// The standard error of -kT ln p, where p is normalized over all samples; none where only one part has samples.
    pub standard_error: Vec<Option<f64>>,
    /// The effective number of samples, `[replicas]`.
    pub effective_samples: Vec<f64>,
    /// Number of replicas or blocks that the errors are computed from.
    pub parts: usize,
}

/// A box in the space of the variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Lower and upper end of each variable, `[variables]`; for a periodic one the range may extend across the boundary.
    pub ranges: Vec<[f64; 2]>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// -kT ln (P of the first / P of the second); infinite if one of them was never visited.
    pub value: f64,
    /// None if only one part visited both.
    pub standard_error: Option<f64>,
    /// From each replica separately, `[replicas]`.
    pub of_replicas: Vec<f64>,
    /// Number of replicas or blocks that the error is computed from.
    pub parts: usize,
}

impl Region {
    /// Whether `point` `[variables]` is inside, with the `periods` of the variables.
    pub fn contains(&self, point: &[f64], periods: &[Option<f64>]) -> bool {
        self.ranges.iter().zip(point).zip(periods).all(|(([lower, upper], x), period)| match period {
            None => lower <= x && x < upper,
            // A full period contains all points.
            Some(period) if upper - lower >= *period => true,
            Some(period) => (x - lower).rem_euclid(*period) < (upper - lower).rem_euclid(*period),
        })
    }
}

/// The free energy along the variables of `axes`, one or two. A single replica is divided into `blocks` for its error.
pub fn free_energy(
    replicas: &[Replica],
    thermal_energy: f64,
    axes: &[Axis],
    blocks: usize,
) -> Result<FreeEnergy, Error> {
    if axes.is_empty() || axes.len() > 2 {
        return Err(Error::Axes(axes.len()));
    }
    // Checked first, because ranges that follow from samples are invalid without samples.
    let weighted = WeightedSamples::new(replicas, thermal_energy, axes.len(), blocks)?;
    axes.iter().enumerate().try_for_each(|(variable, axis)| axis.check(variable))?;
    let coordinates: Vec<Vec<f64>> = axes.iter().map(Axis::centers).collect();
    let bins: usize = axes.iter().map(|axis| axis.bins).product();
    let mut shares: Vec<Vec<f64>> = axes.iter().map(|axis| vec![0.0; axis.bins]).collect();
    let pooled = weighted.pool(bins, |point, weight, sums| add(axes, &coordinates, point, weight, &mut shares, sums));
    let of_density = |density: &f64| -thermal_energy * libm::log(*density);
    let estimates = pooled.estimate(|densities| densities.iter().map(of_density).collect());
    let least = estimates.iter().map(|estimate| estimate.value).fold(f64::INFINITY, f64::min);
    let relative = |estimate: &Estimate| estimate.value.is_finite().then_some(estimate.value - least);
    Ok(FreeEnergy {
        coordinates,
        free_energy: estimates.iter().map(relative).collect(),
        standard_error: estimates.iter().map(|estimate| estimate.error).collect(),
        effective_samples: weighted.effective_samples(),
        parts: pooled.weights.len(),
    })
}

/// Adds a sample to the bins `sums`.
fn add(axes: &[Axis], centers: &[Vec<f64>], point: &[f64], weight: f64, shares: &mut [Vec<f64>], sums: &mut [f64]) {
    // A histogram does not need the contributions to all bins.
    if axes.iter().all(|axis| axis.bandwidth.is_none()) {
        let bins: Option<Vec<usize>> = axes.iter().zip(point).map(|(axis, x)| axis.bin(*x)).collect();
        if let Some(bins) = bins {
            sums[axes.iter().zip(bins).fold(0, |at, (axis, bin)| at * axis.bins + bin)] += weight;
        }
        return;
    }
    for (k, axis) in axes.iter().enumerate() {
        axis.share(point[k], &centers[k], &mut shares[k]);
    }
    let rows = sums.chunks_mut(axes[axes.len() - 1].bins);
    match shares {
        [only] => sums.iter_mut().zip(only).for_each(|(sum, share)| *sum += weight * *share),
        [first, second] => {
            for (row, first) in rows.zip(first) {
                let weight = weight * *first;
                row.iter_mut().zip(second.iter()).for_each(|(sum, share)| *sum += weight * share);
            }
        }
        _ => {}
    }
}

/// The free energy of region `first` relative to `second`, from the samples themselves, independent of any grid. A single replica is divided into
/// `blocks` for its error.
pub fn difference(
    replicas: &[Replica],
    thermal_energy: f64,
    (first, second): (&Region, &Region),
    periods: &[Option<f64>],
    blocks: usize,
) -> Result<Difference, Error> {
    for found in [first.ranges.len(), second.ranges.len()] {
        if found != periods.len() {
            return Err(Error::Axes(found));
        }
    }
    let weighted = WeightedSamples::new(replicas, thermal_energy, periods.len(), blocks)?;
    let add = |point: &[f64], weight: f64, sums: &mut [f64]| {
        for (sum, region) in sums.iter_mut().zip([first, second]) {
            *sum += if region.contains(point, periods) { weight } else { 0.0 };
        }
    };
    let difference = |p: &[f64]| thermal_energy * (libm::log(p[1]) - libm::log(p[0]));
    let pooled = weighted.pool(2, add);
    let estimate = pooled.estimate(|means| vec![difference(means)])[0];
    let of_replicas = match replicas {
        [_] => vec![estimate.value],
        _ => pooled.means.iter().map(|means| difference(means)).collect(),
    };
    let (value, standard_error) = (estimate.value, estimate.error);
    Ok(Difference { value, standard_error, of_replicas, parts: pooled.weights.len() })
}
