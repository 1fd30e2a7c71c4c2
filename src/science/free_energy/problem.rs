//! What is asked of a set of windows, and which of them can be joined?
use super::blocks::Blocks;
use super::consistency::Consistency;
use super::inefficiency::Inefficiency;
use super::overlap::{components, histogram_overlap};
use super::piece::Piece;
use super::window::by_center;
use super::{Bins, Overlap, Profile, Window};
use crate::seed::{CampaignSeed, Purpose};
use serde::{Deserialize, Serialize};

/// Why there are no free energies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("there is no window")]
    NoWindow,
    #[error("window {window} has no samples")]
    NoSamples { window: usize },
    #[error(
        "the free energies of the windows do not converge within {steps} steps: look at the histograms of the windows"
    )]
    NotConverged { steps: usize },
}

/// How free energies are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// From every sample.
    Mbar,
    /// From histograms: the bias is taken at the middle of a bin, or of its parts where it is wide beside the restraints.
    Wham,
}

/// Two windows are joined where their samples alone tell the difference of their free energies to this much, kT.
const LARGEST_ERROR: f64 = 2.0;

/// Windows, and what is known of them.
pub struct Problem {
    pub windows: Vec<Window>,
    pub bins: Bins,
    pub inefficiencies: Vec<Inefficiency>,
    /// Neighbours in the order of centres, the last and the first too where the coordinate is periodic.
    pub overlaps: Vec<Overlap>,
    /// MBAR's overlap matrix `[windows][windows]`: each row sums to 1.
    pub overlap_matrix: Vec<Vec<f64>>,
    /// `[windows]`.
    pub consistency: Vec<Consistency>,
    pub(super) pieces: Vec<Piece>,
    blocks: Vec<Blocks>,
}

/// Free energies from weights drawn for blocks of samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replicate {
    /// `[windows]`, kT, relative to the first of each piece.
    pub free_energies: Vec<f64>,
    /// -ln P `[bins]`, kT; NaN without samples.
    pub profile: Vec<f64>,
}

impl Problem {
    /// Finds the free energies of `windows`.
    ///
    /// # Errors
    /// There is no window, one has no samples, or nothing converges.
    pub fn new(windows: Vec<Window>, bins: Bins, estimator: Estimator) -> Result<Self, Error> {
        if windows.is_empty() {
            return Err(Error::NoWindow);
        }
        if let Some(window) = windows.iter().position(|window| window.samples.is_empty()) {
            return Err(Error::NoSamples { window });
        }
        let inefficiencies: Vec<Inefficiency> = windows.iter().map(|window| inefficiency(window, &bins)).collect();
        let blocks = windows.iter().zip(&inefficiencies).map(|(w, g)| Blocks::new(w.samples.len(), g)).collect();
        let whole = Piece::new(&windows, (0..windows.len()).collect(), &bins, estimator)?;
        let shared = whole.shared();
        // The error of a difference from what two windows share, S, is about sqrt(g/S).
        let is_joined = |a: usize, b: usize| {
            let g = f64::max(inefficiencies[a].g, inefficiencies[b].g);
            shared[a][b] * LARGEST_ERROR * LARGEST_ERROR >= g
        };
        let groups = components(windows.len(), is_joined);
        let pieces = match groups.len() {
            1 => vec![whole],
            _ => groups
                .into_iter()
                .map(|group| Piece::new(&windows, group, &bins, estimator))
                .collect::<Result<_, _>>()?,
        };
        let size = |k: usize| windows[k].samples.len() as f64;
        let overlap_matrix: Vec<Vec<f64>> =
            shared.iter().enumerate().map(|(a, row)| row.iter().map(|s| s / size(a)).collect()).collect();
        let overlap = |(a, b): (usize, usize)| Overlap {
            windows: (a, b),
            histogram: histogram_overlap(&bins, &windows[a].samples, &windows[b].samples),
            matrix: overlap_matrix[a][b].min(overlap_matrix[b][a]),
        };
        let overlaps = neighbours(&windows, &bins).into_iter().map(overlap).collect();
        let consistency = consistency(&windows, &bins, &inefficiencies, &pieces);
        Ok(Self { bins, inefficiencies, overlaps, overlap_matrix, consistency, pieces, blocks, windows })
    }

    /// Neighbours that nothing joins.
    pub fn gaps(&self) -> Vec<&Overlap> {
        let pieces = self.piece_of_windows();
        self.overlaps.iter().filter(|overlap| pieces[overlap.windows.0] != pieces[overlap.windows.1]).collect()
    }

    /// The piece of every window.
    pub fn piece_of_windows(&self) -> Vec<usize> {
        let mut found = vec![0; self.windows.len()];
        for (piece, windows) in self.pieces.iter().enumerate() {
            windows.windows.iter().for_each(|window| found[*window] = piece);
        }
        found
    }

    /// The largest number of Newton steps that a piece took.
    pub fn steps(&self) -> usize {
        self.pieces.iter().map(|piece| piece.steps()).max().unwrap_or(0)
    }

    /// The number of blocks that a window's series is cut into.
    pub fn blocks(&self, window: usize) -> usize {
        self.windows[window].samples.len().div_ceil(self.blocks[window].length)
    }

    /// Replicate `index` of the bootstrap: a function of the windows, the seed and the index alone. None where its free energies
    /// cannot be found.
    pub fn replicate(&self, index: u64, seed: CampaignSeed) -> Option<Replicate> {
        let mut found = self.nothing();
        for piece in &self.pieces {
            let redrawn = piece.replicate(|window, stretches| {
                let stream = index * self.windows.len() as u64 + window as u64;
                self.blocks[window].draw(&mut seed.stream(stream, Purpose::Bootstrap), stretches);
            })?;
            piece.windows.iter().zip(redrawn.free_energies).for_each(|(k, f)| found.free_energies[*k] = f);
            redrawn.profile.into_iter().for_each(|(bin, f)| found.profile[bin] = f);
        }
        Some(found)
    }

    /// What all samples say, without weights.
    pub(super) fn estimate(&self) -> Replicate {
        let mut found = self.nothing();
        for piece in &self.pieces {
            piece.windows.iter().zip(piece.free_energies()).for_each(|(k, f)| found.free_energies[*k] = *f);
            piece.profile().iter().for_each(|(bin, f)| found.profile[*bin] = *f);
        }
        found
    }

    /// The potential of mean force with errors from `replicates`.
    pub fn profile(&self, replicates: &[Replicate]) -> Profile {
        Profile::new(self, replicates)
    }

    fn nothing(&self) -> Replicate {
        Replicate { free_energies: vec![f64::NAN; self.windows.len()], profile: vec![f64::NAN; self.bins.count] }
    }
}

/// How well each window agrees with the others of its piece.
fn consistency(windows: &[Window], bins: &Bins, inefficiencies: &[Inefficiency], pieces: &[Piece]) -> Vec<Consistency> {
    let variance = |k: &usize| inefficiencies[*k].g / windows[*k].samples.len() as f64;
    let mut found = Vec::with_capacity(windows.len());
    for piece in pieces {
        let variances: Vec<f64> = piece.windows.iter().map(variance).collect();
        let compared = piece.compare(windows, bins);
        for (place, (compared, shared)) in compared.into_iter().zip(piece.shared()).enumerate() {
            let k = piece.windows[place];
            let row: Vec<f64> = shared.iter().map(|shared| shared / windows[k].samples.len() as f64).collect();
            found.push((k, Consistency::new(compared, place, &row, &variances)));
        }
    }
    found.sort_by_key(|(k, _)| *k);
    found.into_iter().map(|(_, consistency)| consistency).collect()
}

pub(super) fn inefficiency(window: &Window, bins: &Bins) -> Inefficiency {
    let displacement = |x: &f64| bins.axis.displacement(*x, window.center);
    Inefficiency::of(&window.samples.iter().map(displacement).collect::<Vec<_>>())
}

/// Pairs of windows in the order of their centres.
fn neighbours(windows: &[Window], bins: &Bins) -> Vec<(usize, usize)> {
    let order = by_center(windows.iter());
    let mut pairs: Vec<(usize, usize)> = order.windows(2).map(|pair| (pair[0], pair[1])).collect();
    if bins.axis.period.is_some() && order.len() > 2 {
        pairs.push((order[order.len() - 1], order[0]));
    }
    pairs
}
