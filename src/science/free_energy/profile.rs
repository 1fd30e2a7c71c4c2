//! What is the potential of mean force, and how well is it known?
use super::{Problem, Replicate};

/// A potential of mean force on bins, kT.
///
/// Its zero is its own smallest value, and errors are of the free energy above that: the root mean square of what replicates, each above
/// its own smallest value, differ from it. So they contain the error of the zero, and are not zero where the free
/// energy is. Between two bins a, b the error is sqrt(C_aa + C_bb - 2 C_ab) with the covariance C.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Middles of bins `[bins]`.
    pub coordinate: Vec<f64>,
    /// Above the smallest of the piece `[bins]`; NaN without samples and where pieces meet.
    pub free_energy: Vec<f64>,
    /// `[bins]`; NaN where there is no value or no replicate.
    pub stderr: Vec<f64>,
    /// `[bins, bins]`; NaN between pieces.
    pub covariance: Vec<f64>,
    /// Samples `[bins]`.
    pub counts: Vec<u64>,
    /// Which windows know a bin: the piece, counted from 0 `[bins]`.
    pub piece: Vec<Option<usize>>,
    pub windows: WindowEnergies,
}

/// Free energies of windows, kT, each relative to the first window of its piece.
#[derive(Clone, Debug)]
pub struct WindowEnergies {
    /// `[windows]`.
    pub free_energy: Vec<f64>,
    /// `[windows, windows]`; NaN between pieces.
    pub covariance: Vec<f64>,
    /// `[windows]`.
    pub piece: Vec<usize>,
}

impl Profile {
    pub(super) fn new(problem: &Problem, replicates: &[Replicate]) -> Self {
        let counts: Vec<Vec<u64>> = problem.pieces.iter().map(|piece| counts_of(problem, &piece.windows)).collect();
        let piece = pieces_of_bins(&counts, problem.bins.is_closed());
        let estimate = problem.estimate();
        let free_energy = above_smallest(&estimate.profile, &piece);
        let deviations = |replicate: &Replicate| {
            let above = above_smallest(&replicate.profile, &piece);
            above.iter().zip(&free_energy).map(|(one, all)| one - all).collect::<Vec<_>>()
        };
        let covariance =
            second_moments(free_energy.len(), replicates.iter().map(deviations), |a, b| piece[a] == piece[b]);
        let bins = free_energy.len();
        let of_windows = problem.piece_of_windows();
        let deviations = |replicate: &Replicate| {
            replicate.free_energies.iter().zip(&estimate.free_energies).map(|(one, all)| one - all).collect::<Vec<_>>()
        };
        let is_known = |a: usize, b: usize| of_windows[a] == of_windows[b];
        let of_window_energies = second_moments(of_windows.len(), replicates.iter().map(deviations), is_known);
        Self {
            coordinate: problem.bins.centers(),
            stderr: (0..bins).map(|k| covariance[k * bins + k].sqrt()).collect(),
            free_energy,
            covariance,
            counts: (0..bins).map(|k| counts.iter().map(|of| of[k]).sum()).collect(),
            piece,
            windows: WindowEnergies {
                free_energy: estimate.free_energies,
                covariance: of_window_energies,
                piece: of_windows,
            },
        }
    }
}

fn counts_of(problem: &Problem, windows: &[usize]) -> Vec<u64> {
    let mut counts = vec![0; problem.bins.count];
    for window in windows {
        let more = problem.bins.counts(&problem.windows[*window].samples);
        counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
    }
    counts
}

/// The piece that knows each bin; none where there are no samples, where two pieces have some, and at one of two bins that touch but are
/// of different pieces: there is nothing smooth between pieces.
fn pieces_of_bins(counts: &[Vec<u64>], is_closed: bool) -> Vec<Option<usize>> {
    let bins = counts.first().map_or(0, Vec::len);
    let owner = |bin: usize| {
        let mut owners = (0..counts.len()).filter(|piece| counts[*piece][bin] > 0);
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

/// `values` of each piece above their smallest.
fn above_smallest(values: &[f64], piece: &[Option<usize>]) -> Vec<f64> {
    let smallest = |of: usize| {
        let own = values.iter().zip(piece).filter(|(_, piece)| **piece == Some(of)).map(|(value, _)| *value);
        own.fold(f64::INFINITY, f64::min)
    };
    let pieces = piece.iter().flatten().max().map_or(0, |last| last + 1);
    let smallest: Vec<f64> = (0..pieces).map(smallest).collect();
    values.iter().zip(piece).map(|(value, piece)| piece.map_or(f64::NAN, |piece| value - smallest[piece])).collect()
}

/// Means of products of deviations, row-major; NaN where they are not `known`, and without replicates.
fn second_moments(
    n: usize,
    deviations: impl Iterator<Item = Vec<f64>>,
    known: impl Fn(usize, usize) -> bool,
) -> Vec<f64> {
    let (mut sums, mut count) = (vec![0.0; n * n], 0.0);
    for d in deviations {
        count += 1.0;
        for (row, a) in sums.chunks_exact_mut(n).zip(&d) {
            row.iter_mut().zip(&d).for_each(|(sum, b)| *sum += a * b);
        }
    }
    let mean = |(k, sum): (usize, f64)| if known(k / n, k % n) { sum / count } else { f64::NAN };
    sums.into_iter().enumerate().map(mean).collect()
}
