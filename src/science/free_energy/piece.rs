//! What is known of windows that overlap one another?
use super::blocks::Stretch;
use super::points::{LANES, Points};
use super::problem::{Error, Estimator};
use super::solve::{End, Equations, FAR, Goal};
use super::{Bins, Window};

/// For what is told.
const FINE: Goal = Goal { tolerance: 1e-8, keeps_below: 0.0 };
/// For replicates: their free energies are right to about 1e-5 kT.
const ROUGH: Goal = Goal { tolerance: 1e-3, keeps_below: 0.1 };
/// One step only, for its sums.
const NONE: Goal = Goal { tolerance: f64::INFINITY, keeps_below: 0.0 };

/// Windows that are solved together.
pub struct Piece {
    /// Their indices among all, ascending.
    pub windows: Vec<usize>,
    numbers: Vec<f64>,
    points: Points,
    /// The point of every sample, window by window.
    point_of: Vec<u32>,
    /// The bins, each with its points, which follow one another.
    bins: Vec<Run>,
    /// p_k of every sample, summed up to it, to begin replicates with: (sample, window) in the order of `point_of`, and one row more.
    up_to: Vec<f64>,
    /// The equations at the free energies, factorized.
    solved: Equations,
    /// Free energies of the windows, kT; the first is zero.
    pub free_energies: Vec<f64>,
    pub steps: usize,
}

/// The points of a bin.
struct Run {
    bin: usize,
    points: std::ops::Range<usize>,
    /// The largest -shift of its points: what logarithms are relative to.
    log_scale: f64,
    /// exp(-shift - log_scale) of its points.
    scales: Vec<f64>,
}

impl Piece {
    /// The piece that `indices` of `all` windows make.
    ///
    /// # Errors
    /// The equations cannot be solved.
    pub fn new(all: &[Window], indices: Vec<usize>, bins: &Bins, estimator: Estimator) -> Result<Self, Error> {
        let windows: Vec<&Window> = indices.iter().map(|k| &all[*k]).collect();
        let numbers: Vec<f64> = windows.iter().map(|window| window.samples.len() as f64).collect();
        let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
        let (places, bin_of, point_of) = match estimator {
            Estimator::Mbar => at_samples(&samples, bins),
            Estimator::Wham => at_bins(&samples, bins),
        };
        let ones = padded_counts(&point_of, places.len());
        let mut base = guess(&windows, bins);
        let mut equations = Equations::new(windows.len());
        let mut steps = 0;
        let points = loop {
            let points = Points::new(&places, &windows, bins.axis, base.clone());
            let mut change = vec![0.0; windows.len()];
            let (end, more) = equations.solve(&points, &numbers, &ones, &mut change, FINE);
            steps += more;
            let far = change.iter().map(|df| df.abs()).fold(0.0, f64::max);
            base.iter_mut().zip(&change).for_each(|(base, df)| *base += df);
            match end {
                End::Lost => return Err(Error::NotConverged { steps }),
                // What follows is relative to the result.
                End::Converged if far < 1e-3 => break points,
                End::Converged | End::Far => debug_assert!(far <= FAR + 1.0),
            }
        };
        let bins = runs(&bin_of, points.shifts());
        let up_to = sums_up_to(&points, &numbers, &point_of);
        equations.solve(&points, &numbers, &ones, &mut vec![0.0; windows.len()], NONE);
        let (solved, free_energies) = (equations, base);
        Ok(Self { windows: indices, numbers, points, point_of, bins, up_to, solved, free_energies, steps })
    }

    /// What samples of each two windows have in common, sum_n p_k(x_n) p_l(x_n), `[windows][windows]`.
    pub fn shared(&self) -> Vec<Vec<f64>> {
        let k = self.windows.len();
        (0..k).map(|a| (0..k).map(|b| self.solved.sums().shared(a, b)).collect()).collect()
    }

    /// -ln P of every bin that has points, kT: (bin, value).
    pub fn profile(&self) -> Vec<(usize, f64)> {
        let weights = padded_counts(&self.point_of, self.points.shifts().len());
        self.profile_of(&weights, &self.unchanged())
    }

    /// The free energies and the profile of one replicate, where blocks of samples weigh as drawn; none where they cannot be found.
    pub fn replicate(&self, mut draw: impl FnMut(usize, &mut Vec<Stretch>)) -> Option<Redrawn> {
        let k = self.windows.len();
        let mut weights = vec![0.0; self.points.padded()];
        let (mut stretches, mut begin, mut expected) = (Vec::new(), 0, vec![0.0; k]);
        for (window, number) in self.windows.iter().zip(&self.numbers) {
            draw(*window, &mut stretches);
            for stretch in &stretches {
                let (from, to) = (begin + stretch.samples.start, begin + stretch.samples.end);
                self.point_of[from..to].iter().for_each(|point| weights[*point as usize] += stretch.weight);
                for (window, expected) in expected.iter_mut().enumerate() {
                    *expected += stretch.weight * (self.up_to[to * k + window] - self.up_to[from * k + window]);
                }
            }
            begin += *number as usize;
        }
        // The first step, with the Hessian of all samples, needs no pass over them.
        let mut change = self.solved.step_for(&self.numbers, &expected);
        let mut equations = Equations::new(k);
        let (end, _) = equations.solve(&self.points, &self.numbers, &weights, &mut change, ROUGH);
        let profile = self.profile_of(&weights, &change);
        let free_energies = self.free_energies.iter().zip(&change).map(|(base, df)| base + df).collect();
        (end == End::Converged).then_some(Redrawn { free_energies, profile })
    }

    fn unchanged(&self) -> Vec<f64> {
        vec![0.0; self.windows.len()]
    }

    fn profile_of(&self, weights: &[f64], change: &[f64]) -> Vec<(usize, f64)> {
        let mut relative = Vec::with_capacity(weights.len());
        self.points.relative_weights(&self.numbers, change, &mut relative);
        let of_run = |run: &Run| {
            let points = weights[run.points.clone()].iter().zip(&relative[run.points.clone()]).zip(&run.scales);
            let sum: f64 = points.map(|((weight, relative), scale)| weight * relative * scale).sum();
            (run.bin, -(libm::log(sum) + run.log_scale))
        };
        self.bins.iter().map(of_run).collect()
    }
}

/// What a replicate says.
pub struct Redrawn {
    /// [windows of the piece], kT.
    pub free_energies: Vec<f64>,
    /// (bin, kT).
    pub profile: Vec<(usize, f64)>,
}

/// Samples as points, ascending: places, their bins, and the point of every sample.
fn at_samples(samples: &[f64], bins: &Bins) -> (Vec<f64>, Vec<Option<usize>>, Vec<u32>) {
    // Round the ring, so that points of a bin follow one another.
    let along = |x: f64| match bins.axis.period {
        Some(period) => x - period * libm::floor((x - bins.low) / period),
        None => x,
    };
    let mut order: Vec<(f64, u32)> = samples.iter().zip(0..).map(|(x, k)| (along(*x), k)).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut point_of = vec![0; samples.len()];
    (0..).zip(&order).for_each(|(point, (_, sample))| point_of[*sample as usize] = point);
    let places: Vec<f64> = order.iter().map(|(x, _)| *x).collect();
    let bin_of = places.iter().map(|x| bins.index(*x)).collect();
    (places, bin_of, point_of)
}

/// Bins that have samples as points, and those of the same width that go on beyond the ends: as [`at_samples`].
fn at_bins(samples: &[f64], bins: &Bins) -> (Vec<f64>, Vec<Option<usize>>, Vec<u32>) {
    let of_samples: Vec<i64> = samples.iter().map(|x| bins.unbounded_index(*x)).collect();
    let mut taken = of_samples.clone();
    taken.sort_unstable();
    taken.dedup();
    let point = |bin: &i64| taken.partition_point(|other| other < bin) as u32;
    let point_of = of_samples.iter().map(point).collect();
    let places = taken.iter().map(|bin| bins.center(*bin)).collect();
    let bin_of = taken.iter().map(|bin| (0..bins.count as i64).contains(bin).then_some(*bin as usize)).collect();
    (places, bin_of, point_of)
}

/// p_k of samples in the order of `point_of`, summed up: `[samples + 1][windows]`.
fn sums_up_to(points: &Points, numbers: &[f64], point_of: &[u32]) -> Vec<f64> {
    let k = numbers.len();
    let shares = points.shares(numbers);
    let mut sums = Vec::with_capacity((point_of.len() + 1) * k);
    sums.resize(k, 0.0);
    for (row, point) in point_of.iter().enumerate() {
        for (window, share) in shares[*point as usize * k..][..k].iter().enumerate() {
            sums.push(sums[row * k + window] + share);
        }
    }
    sums
}

/// How many samples each point has, padded.
fn padded_counts(point_of: &[u32], points: usize) -> Vec<f64> {
    let mut counts = vec![0.0; points.next_multiple_of(LANES)];
    point_of.iter().for_each(|point| counts[*point as usize] += 1.0);
    counts
}

/// The points of every bin that has some.
fn runs(bin_of: &[Option<usize>], shifts: &[f64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (point, bin) in bin_of.iter().enumerate().filter_map(|(point, bin)| Some((point, (*bin)?))) {
        match runs.last_mut() {
            Some(run) if run.bin == bin => run.points.end = point + 1,
            _ => runs.push(Run { bin, points: point..point + 1, log_scale: 0.0, scales: Vec::new() }),
        }
    }
    for run in &mut runs {
        let shifts = &shifts[run.points.clone()];
        run.log_scale = shifts.iter().map(|shift| -shift).fold(f64::NEG_INFINITY, f64::max);
        run.scales = shifts.iter().map(|shift| libm::exp(-shift - run.log_scale)).collect();
    }
    runs
}

/// Free energies to begin with: from each window to the next of the order of centres by thermodynamic integration over center and stiffness,
/// df/dc = beta k <c - x>, df/dk = <(x - c)^2>/2 (Kästner and Thiel, J. Chem. Phys. 123, 144104, 2005, doi:10.1063/1.2052648, use
/// the same means).
fn guess(windows: &[&Window], bins: &Bins) -> Vec<f64> {
    let slopes = |window: &Window| {
        let n = window.samples.len() as f64;
        let displacements = || window.samples.iter().map(|x| bins.axis.displacement(*x, window.center));
        let mean = displacements().sum::<f64>() / n;
        let square = displacements().map(|d| d * d).sum::<f64>() / n;
        (-window.stiffness * mean, 0.5 * square)
    };
    let slopes: Vec<(f64, f64)> = windows.iter().map(|window| slopes(window)).collect();
    let mut order: Vec<usize> = (0..windows.len()).collect();
    order.sort_by(|a, b| windows[*a].center.total_cmp(&windows[*b].center).then(a.cmp(b)));
    let mut energies = vec![0.0; windows.len()];
    for pair in order.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let along = bins.axis.displacement(windows[b].center, windows[a].center);
        let stiffer = windows[b].stiffness - windows[a].stiffness;
        let slope = |of: (f64, f64)| along * of.0 + stiffer * of.1;
        energies[b] = energies[a] + 0.5 * (slope(slopes[a]) + slope(slopes[b]));
    }
    let first = energies[0];
    energies.iter().map(|energy| energy - first).collect()
}
