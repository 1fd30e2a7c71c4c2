//! What is the sum of many hills?
use super::grid::{Grid, GridAxis};
use super::hill::{CUTOFF, Hill, Truncation};
use std::num::NonZero;
use std::thread;

/// Points that one thread evaluates at least.
const MIN_POINTS: usize = 256;
/// Grid points per reach of the narrowest hill, by default.
const POINTS_PER_REACH: f64 = 10.0;

/// What the sum is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Heights as in the file: minus the free energy.
    FreeEnergy,
    /// The bias that acts on the system.
    Bias,
}

/// Hills of one bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Hills {
    pub hills: Vec<Hill>,
    pub truncation: Truncation,
    /// Of each variable.
    pub periods: Vec<Option<f64>>,
}

impl Hills {
    /// Minus the sum on a grid.
    pub fn negative_on(&self, axes: &[GridAxis], scale: Scale) -> Grid {
        let counts: Vec<usize> = axes.iter().map(GridAxis::count).collect();
        let points: Vec<Vec<f64>> = axes.iter().map(GridAxis::points).collect();
        let mut values = vec![0.0; counts.iter().product()];
        let mut d = vec![0.0; axes.len()];
        for hill in &self.hills {
            let height = height(hill, scale);
            let near: Vec<Vec<usize>> =
                (0..axes.len()).map(|k| axes[k].around(hill.center[k], CUTOFF * hill.sigma[k])).collect();
            if near.iter().any(Vec::is_empty) {
                continue;
            }
            let mut at = vec![0; axes.len()];
            loop {
                let index = (0..axes.len()).fold(0, |index, k| index * counts[k] + near[k][at[k]]);
                for k in 0..axes.len() {
                    d[k] = axes[k].shortest(points[k][near[k][at[k]]] - hill.center[k]);
                }
                values[index] -= height * hill.shape_on_grid(&d, self.truncation);
                if !advance(&mut at, &near) {
                    break;
                }
            }
        }
        Grid { axes: axes.to_vec(), values }
    }

    /// The bias at points, `[points]` of `coordinates` `[variables][points]`.
    pub fn bias_at(&self, coordinates: &[&[f64]]) -> Vec<f64> {
        let count = coordinates.first().map_or(0, |column| column.len());
        let sorted = self.sorted();
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let chunk = count.div_ceil(threads).max(MIN_POINTS);
        let mut bias = vec![0.0; count];
        thread::scope(|scope| {
            for (number, part) in bias.chunks_mut(chunk).enumerate() {
                let sorted = &sorted;
                scope.spawn(move || {
                    let mut point = vec![0.0; coordinates.len()];
                    for (k, value) in part.iter_mut().enumerate() {
                        point.iter_mut().zip(coordinates).for_each(|(x, column)| *x = column[number * chunk + k]);
                        *value = self.bias_near(sorted, &point);
                    }
                });
            }
        });
        bias
    }

    /// The hills by their center of the first variable, moved into one period.
    fn sorted(&self) -> SortedHills<'_> {
        let mut by_center: Vec<(f64, &Hill)> =
            self.hills.iter().map(|hill| (wrapped(hill.center[0], self.periods[0]), hill)).collect();
        by_center.sort_by(|a, b| a.0.total_cmp(&b.0));
        let reach = self.hills.iter().map(|hill| CUTOFF * hill.sigma[0]).fold(0.0, f64::max);
        SortedHills { by_center, reach }
    }

    /// The bias at a point, from the hills that reach it along the first variable.
    fn bias_near(&self, sorted: &SortedHills, point: &[f64]) -> f64 {
        let SortedHills { by_center, reach } = sorted;
        let mut d = vec![0.0; point.len()];
        let mut add = |low: f64, high: f64| -> f64 {
            let first = by_center.partition_point(|(center, _)| *center < low);
            let near = by_center[first..].iter().take_while(|(center, _)| *center <= high);
            near.map(|(_, hill)| {
                for (k, d) in d.iter_mut().enumerate() {
                    let displacement = point[k] - hill.center[k];
                    *d = self.periods[k].map_or(displacement, |p| displacement - p * libm::rint(displacement / p));
                }
                height(hill, Scale::Bias) * hill.shape(&d, self.truncation)
            })
            .sum()
        };
        let x = wrapped(point[0], self.periods[0]);
        match self.periods[0] {
            Some(period) if 2.0 * reach >= period => add(f64::NEG_INFINITY, f64::INFINITY),
            // Hills near both ends of the period reach across the boundary.
            Some(period) => [-period, 0.0, period].iter().map(|shift| add(x + shift - reach, x + shift + reach)).sum(),
            None => add(x - reach, x + reach),
        }
    }

    /// The grid that PLUMED's sum_hills takes by default: a tenth of the reach of the narrowest hill, over all hills or a whole period.
    /// `domains` are the ends of periodic variables.
    pub fn default_axis(&self, variable: usize, domain: Option<[f64; 2]>) -> GridAxis {
        let reach = |hill: &Hill| CUTOFF * hill.sigma[variable];
        let [mut lower, mut upper, mut least] = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY];
        for hill in &self.hills {
            lower = lower.min(hill.center[variable] - reach(hill));
            upper = upper.max(hill.center[variable] + reach(hill));
            least = least.min(reach(hill));
        }
        if let Some([low, high]) = domain {
            [lower, upper] = [low, high];
        }
        let bins = ((upper - lower) / (least / POINTS_PER_REACH)).ceil().max(1.0) as usize;
        GridAxis { lower, upper, bins, period: self.periods[variable] }
    }
}

struct SortedHills<'a> {
    /// Each with its center of the first variable.
    by_center: Vec<(f64, &'a Hill)>,
    /// The largest reach along the first variable.
    reach: f64,
}

fn height(hill: &Hill, scale: Scale) -> f64 {
    match scale {
        Scale::FreeEnergy => hill.height,
        Scale::Bias => hill.height * hill.bias_fraction(),
    }
}

fn wrapped(x: f64, period: Option<f64>) -> f64 {
    period.map_or(x, |period| x.rem_euclid(period))
}

/// The next combination of indices into `near`; whether there is one.
fn advance(at: &mut [usize], near: &[Vec<usize>]) -> bool {
    for k in (0..at.len()).rev() {
        at[k] += 1;
        if at[k] < near[k].len() {
            return true;
        }
        at[k] = 0;
    }
    false
}
