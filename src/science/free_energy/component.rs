//! What is known of windows that overlap one another?
use super::blocks::Stretch;
use super::consistency::Comparison;
use super::guess::guess;
use super::layout::Layout;
use super::problem::{Error, Estimator};
use super::solution::{Changed, Solution};
use super::{Bins, Window};

/// Steps after which windows in cells are given up: free energies that are far from the first guess are those of absurd restraints.
const TRIED_STEPS: usize = 400;

/// Windows that are solved together.
pub struct Piece {
    /// Their indices among all, ascending.
    pub windows: Vec<usize>,
    told: Solution,
    /// (bin, kT).
    profile: Vec<(usize, f64)>,
    /// What replicates of MBAR are drawn with; those of WHAM, with `told` itself.
    coarse: Option<Coarse>,
}

/// Samples moved to the middles of cells, so narrow that a replicate differs from all samples by the same to a few parts in a thousand: some
/// hundred points instead of all samples.
struct Coarse {
    solution: Solution,
    /// (bin, kT).
    profile: Vec<(usize, f64)>,
}

impl Piece {
    /// The piece that `indices` of `all` windows make.
    ///
    /// # Errors
    /// The equations cannot be solved.
    pub fn new(all: &[Window], indices: Vec<usize>, bins: &Bins, estimator: Estimator) -> Result<Self, Error> {
        let windows: Vec<&Window> = indices.iter().map(|k| &all[*k]).collect();
        let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
        let begin = guess(&windows, bins);
        let (told, coarse) = match estimator {
            Estimator::Wham => {
                (Solution::find(Layout::in_bins(&samples, bins, &windows), &windows, bins.axis, begin)?, None)
            }
            Estimator::Mbar => {
                let cells = Layout::in_fine_cells(&samples, bins, &windows);
                let all = Layout::as_sampled(&samples, &cells);
                let coarse = Solution::find(cells, &windows, bins.axis, begin)?;
                let told = Solution::find(all, &windows, bins.axis, coarse.free_energies.clone())?;
                (told, Some(Coarse { profile: coarse.profile(), solution: coarse }))
            }
        };
        Ok(Self { windows: indices, profile: told.profile(), told, coarse })
    }

    /// kT, of each window; the first is zero.
    pub fn free_energies(&self) -> &[f64] {
        &self.told.free_energies
    }

    /// -ln P of every bin that has samples, kT: (bin, value).
    pub fn profile(&self) -> &[(usize, f64)] {
        &self.profile
    }

    /// How many Newton steps it took.
    pub fn steps(&self) -> usize {
        self.told.steps + self.coarse.as_ref().map_or(0, |coarse| coarse.solution.steps)
    }

    /// What samples of each two windows have in common, sum_n p_k(x_n) p_l(x_n), `[windows][windows]`.
    pub fn shared(&self) -> Vec<Vec<f64>> {
        let k = self.windows.len();
        (0..k).map(|a| (0..k).map(|b| self.told.shared(a, b)).collect()).collect()
    }

    /// Each window beside what all of the piece predict for it, from samples in fine cells.
    pub fn compare(&self, all: &[Window], bins: &Bins) -> Vec<Comparison> {
        let windows: Vec<&Window> = self.windows.iter().map(|k| &all[*k]).collect();
        match &self.coarse {
            Some(coarse) => coarse.solution.compare(&windows, bins.axis),
            None => match in_cells(&windows, bins, self.free_energies().to_vec()) {
                Ok(solution) => solution.compare(&windows, bins.axis),
                Err(_) => vec![Comparison::UNKNOWN; windows.len()],
            },
        }
    }

    /// The free energies and the profile of one replicate, where blocks of samples weigh as drawn; none where they cannot be found.
    pub fn replicate(&self, mut draw: impl FnMut(usize, &mut Vec<Stretch>)) -> Option<Redrawn> {
        let mut weighted = self.coarse.as_ref().map_or(&self.told, |coarse| &coarse.solution).weighted();
        let (mut stretches, mut begin) = (Vec::new(), 0);
        for window in &self.windows {
            draw(*window, &mut stretches);
            for Stretch { samples, weight } in &stretches {
                weighted.add(begin + samples.start..begin + samples.end, *weight);
            }
            // Stretches go on to the last sample of a window.
            begin += stretches.last().map_or(0, |stretch: &Stretch| stretch.samples.end);
        }
        let Changed { free_energies: change, mut profile } = weighted.solve()?;
        let free_energies = self.told.free_energies.iter().zip(&change).map(|(all, df)| all + df).collect();
        if let Some(coarse) = &self.coarse {
            // Both have the same bins.
            for ((value, of_all), of_cells) in profile.iter_mut().zip(&self.profile).zip(&coarse.profile) {
                value.1 += of_all.1 - of_cells.1;
            }
        }
        Some(Redrawn { free_energies, profile })
    }
}

/// The free energies of windows with samples in fine cells, searched for from `begin` on.
///
/// # Errors
/// The equations cannot be solved.
pub fn in_cells(windows: &[&Window], bins: &Bins, begin: Vec<f64>) -> Result<Solution, Error> {
    let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
    Solution::find_within(TRIED_STEPS, Layout::in_fine_cells(&samples, bins, windows), windows, bins.axis, begin)
}

/// What a replicate says.
pub struct Redrawn {
    /// [windows of the piece], kT.
    pub free_energies: Vec<f64>,
    /// (bin, kT).
    pub profile: Vec<(usize, f64)>,
}
