//! What is the potential of mean force, and what are its errors?
use super::{Problem, Replicate};

/// A potential of mean force on bins, kT.
///
/// Its zero is its smallest value, and errors are those of the free energy relative to that: the root mean square deviation of replicates, each
/// relative to its own smallest value. So they include the error of the zero, and are not zero where the free energy is. The error of a
/// difference between bins a and b is sqrt(C_aa + C_bb - 2 C_ab) with the covariance C.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Centers of bins `[bins]`.
    pub coordinate: Vec<f64>,
    /// Relative to the smallest of the component `[bins]`; none without samples and where components meet.
    pub free_energy: Vec<Option<f64>>,
    /// `[bins]`; none without a value or without replicates.
    pub stderr: Vec<Option<f64>>,
    /// `[bins, bins]`; none between components or without replicates.
    pub covariance: Vec<Option<f64>>,
    /// Numbers of samples `[bins]`.
    pub counts: Vec<u64>,
    /// The component of windows whose samples are in a bin, counted from 0 `[bins]`.
    pub component: Vec<Option<usize>>,
    pub windows: WindowEnergies,
}

/// Free energies of windows, kT, each relative to the first window of its component.
#[derive(Clone, Debug)]
pub struct WindowEnergies {
    /// `[windows]`.
    pub free_energy: Vec<f64>,
    /// `[windows, windows]`; none between components or without replicates.
    pub covariance: Vec<Option<f64>>,
    /// `[windows]`.
    pub component: Vec<usize>,
}

impl Problem {
    /// The potential of mean force with errors from `replicates`.
    pub fn profile(&self, replicates: &[Replicate]) -> Profile {
        let counts: Vec<Vec<u64>> = self.components.iter().map(|one| counts_of(self, &one.windows)).collect();
        let component = components_of_bins(&counts, self.bins.is_closed());
        let estimate = self.estimate();
        let free_energy = relative_to_smallest(&estimate.profile, &component);
        let deviations = |replicate: &Replicate| {
            let relative = relative_to_smallest(&replicate.profile, &component);
            // A bin without a value is connected to none, so that its deviation does not matter.
            let deviation =
                |(one, all): (&Option<f64>, &Option<f64>)| one.zip(*all).map_or(0.0, |(one, all)| one - all);
            relative.iter().zip(&free_energy).map(deviation).collect::<Vec<_>>()
        };
        let bins = free_energy.len();
        let is_connected = |a: usize, b: usize| component[a].is_some() && component[a] == component[b];
        let covariance = second_moments(bins, replicates.iter().map(deviations), is_connected);
        Profile {
            coordinate: self.bins.centers(),
            stderr: (0..bins).map(|k| covariance[k * bins + k].map(f64::sqrt)).collect(),
            free_energy,
            covariance,
            counts: (0..bins).map(|k| counts.iter().map(|of| of[k]).sum()).collect(),
            component,
            windows: self.window_energies(estimate.free_energies, replicates),
        }
    }

    fn window_energies(&self, free_energy: Vec<f64>, replicates: &[Replicate]) -> WindowEnergies {
        let component = self.component_of_windows();
        let deviations = |replicate: &Replicate| {
            replicate.free_energies.iter().zip(&free_energy).map(|(one, all)| one - all).collect::<Vec<_>>()
        };
        let is_connected = |a: usize, b: usize| component[a] == component[b];
        let covariance = second_moments(component.len(), replicates.iter().map(deviations), is_connected);
        WindowEnergies { free_energy, covariance, component }
    }
}

/// The histogram of these windows, `[bins]`.
fn counts_of(problem: &Problem, windows: &[usize]) -> Vec<u64> {
    let mut counts = vec![0; problem.bins.count];
    for window in windows {
        let more = problem.bins.counts(&problem.windows[*window].samples);
        counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
    }
    counts
}

/// The component of each bin; none without samples, where two components have some, and for the less sampled one of two adjacent bins of
/// different components: the profile is not continuous between components.
fn components_of_bins(counts: &[Vec<u64>], is_closed: bool) -> Vec<Option<usize>> {
    let bins = counts.first().map_or(0, Vec::len);
    let owner = |bin: usize| {
        let mut owners = (0..counts.len()).filter(|component| counts[*component][bin] > 0);
        owners.next().filter(|_| owners.next().is_none())
    };
    let mut found: Vec<Option<usize>> = (0..bins).map(owner).collect();
    let last = if is_closed { bins } else { bins.saturating_sub(1) };
    for bin in 0..last {
        let next = (bin + 1) % bins;
        if let (Some(one), Some(other)) = (found[bin], found[next])
            && one != other
        {
            let fewer = if counts[one][bin] < counts[other][next] { bin } else { next };
            found[fewer] = None;
        }
    }
    found
}

/// `values` relative to the smallest one of their component.
fn relative_to_smallest(values: &[Option<f64>], component: &[Option<usize>]) -> Vec<Option<f64>> {
    let smallest = |index: usize| {
        let own = values.iter().zip(component).filter(|(_, component)| **component == Some(index));
        own.filter_map(|(value, _)| *value).fold(f64::INFINITY, f64::min)
    };
    let count = component.iter().flatten().max().map_or(0, |last| last + 1);
    let smallest: Vec<f64> = (0..count).map(smallest).collect();
    let relative = |(value, component): (&Option<f64>, &Option<usize>)| Some((*value)? - smallest[(*component)?]);
    values.iter().zip(component).map(relative).collect()
}

/// Means of products of deviations `[n, n]`; none for pairs that are not `connected`, and without replicates.
fn second_moments(
    n: usize,
    deviations: impl Iterator<Item = Vec<f64>>,
    is_connected: impl Fn(usize, usize) -> bool,
) -> Vec<Option<f64>> {
    let (mut sums, mut count) = (vec![0.0; n * n], 0.0);
    for d in deviations {
        count += 1.0;
        for (row, a) in sums.chunks_exact_mut(n).zip(&d) {
            row.iter_mut().zip(&d).for_each(|(sum, b)| *sum += a * b);
        }
    }
    let mean = |(k, sum): (usize, f64)| (count > 0.0 && is_connected(k / n, k % n)).then(|| sum / count);
    sums.into_iter().enumerate().map(mean).collect()
}
