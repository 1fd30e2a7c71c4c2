//! What is the free energy along variables, and what is its difference between two regions?
use super::pooled::Estimate;
use super::replica::Weighted;
use super::{Axis, Error, Replica};

/// A free energy on a grid; arrays of two variables are row-major, the last variable runs fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeEnergy {
    /// The middle of each bin of each variable, `[variables][bins]`.
    pub coordinates: Vec<Vec<f64>>,
    /// -kT ln p with the smallest 0, `[bins of the first][bins of the second]`; NaN where there are no samples.
    pub free_energy: Vec<f64>,
    /// The standard error of -kT ln p, where p is normalised over all samples; NaN where only one part has samples.
    pub standard_error: Vec<f64>,
    /// The effective number of samples, `[replicas]`.
    pub effective_samples: Vec<f64>,
    /// The replicas or blocks that errors come from.
    pub parts: usize,
}

/// A box of variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Lower and upper end of each variable, `[variables]`; of a periodic one the upper end may lie across the boundary.
    pub ranges: Vec<[f64; 2]>,
}

/// The free energy of one region less that of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// -kT ln (P of the first / P of the second); infinite where one of them was never visited.
    pub value: f64,
    /// NaN where only one part has seen both.
    pub standard_error: f64,
    /// From each replica alone, `[replicas]`.
    pub of_replicas: Vec<f64>,
    /// The replicas or blocks that the error comes from.
    pub parts: usize,
}

impl Region {
    /// Whether `point` is inside; periods as in `periods`.
    pub fn contains(&self, point: &[f64], periods: &[Option<f64>]) -> bool {
        self.ranges.iter().zip(point).zip(periods).all(|(([lower, upper], x), period)| match period {
            None => lower <= x && x < upper,
            // Whole periods leave nothing outside.
            Some(period) if upper - lower >= *period => true,
            Some(period) => (x - lower).rem_euclid(*period) < (upper - lower).rem_euclid(*period),
        })
    }
}

/// The free energy along the variables of `axes`, one or two. A single replica is divided into `blocks` for its error.
///
/// # Errors
/// Replicas or axes make no sense.
pub fn free_energy(
    replicas: &[Replica],
    thermal_energy: f64,
    axes: &[Axis],
    blocks: usize,
) -> Result<FreeEnergy, Error> {
    if axes.is_empty() || axes.len() > 2 {
        return Err(Error::Axes(axes.len()));
    }
    // Ranges that follow from samples make no sense without any, which is the better message.
    let weighted = Weighted::new(replicas, thermal_energy, axes.len(), blocks)?;
    axes.iter().enumerate().try_for_each(|(variable, axis)| axis.check(variable))?;
    let coordinates: Vec<Vec<f64>> = axes.iter().map(Axis::centers).collect();
    let bins: usize = axes.iter().map(|axis| axis.bins).product();
    let mut shares: Vec<Vec<f64>> = axes.iter().map(|axis| vec![0.0; axis.bins]).collect();
    let pooled = weighted.pool(bins, |point, weight, sums| add(axes, &coordinates, point, weight, &mut shares, sums));
    let estimates = pooled.estimate(bins, |density, out| {
        out.iter_mut().zip(density).for_each(|(out, density)| *out = -thermal_energy * libm::log(*density));
    });
    let least = estimates.iter().map(|estimate| estimate.value).fold(f64::INFINITY, f64::min);
    let relative = |estimate: &Estimate| if estimate.value.is_finite() { estimate.value - least } else { f64::NAN };
    Ok(FreeEnergy {
        coordinates,
        free_energy: estimates.iter().map(relative).collect(),
        standard_error: estimates.iter().map(|estimate| estimate.error).collect(),
        effective_samples: weighted.effective_samples(),
        parts: pooled.weights.len(),
    })
}

/// Adds a sample to the bins.
fn add(axes: &[Axis], centers: &[Vec<f64>], point: &[f64], weight: f64, shares: &mut [Vec<f64>], sums: &mut [f64]) {
    // Counting needs no share of every bin.
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

/// The free energy of region `first` less that of `second`, from the samples themselves, whatever the grid. A single replica is divided into
/// `blocks` for its error.
///
/// # Errors
/// Replicas or regions make no sense.
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
    let weighted = Weighted::new(replicas, thermal_energy, periods.len(), blocks)?;
    let look = |point: &[f64], weight: f64, sums: &mut [f64]| {
        for (sum, region) in sums.iter_mut().zip([first, second]) {
            *sum += if region.contains(point, periods) { weight } else { 0.0 };
        }
    };
    let of = |p: &[f64]| thermal_energy * (libm::log(p[1]) - libm::log(p[0]));
    let pooled = weighted.pool(2, look);
    let estimate = pooled.estimate(1, |means, out| out[0] = of(means))[0];
    let of_replicas = match replicas {
        [_] => vec![estimate.value],
        _ => pooled.means.iter().map(|means| of(means)).collect(),
    };
    let (value, standard_error) = (estimate.value, estimate.error);
    Ok(Difference { value, standard_error, of_replicas, parts: pooled.weights.len() })
}
