//! What follows from windows that overlap one another?
use super::blocks::Blocks;
use super::consistency::Comparison;
use super::error::Error;
use super::initial_guess::initial_guess;
use super::layout::Layout;
use super::resampling::{Resampled, Resampling};
use super::solution::Solution;
use super::{Bins, Estimator, Window};
use std::sync::OnceLock;

/// Newton steps after which windows with samples in cells are given up: free energies far from the initial guess belong to absurd restraints.
const MOST_TRIAL_STEPS: usize = 400;

/// A connected component of the graph of overlapping windows: windows that are solved together.
pub struct Component {
    /// Indices among all windows, ascending.
    pub windows: Vec<usize>,
    estimator: Estimator,
    solution: Solution,
    /// -ln P of every bin with samples, kT: (bin, value).
    pub profile: Vec<(usize, f64)>,
    /// Each window compared with what all of them predict for it, from samples in fine cells, `[windows]`; none where their equations cannot be
    /// solved.
    pub comparisons: Option<Vec<Comparison>>,
    pub steps: usize,
    /// Prepared for the first replicate.
    resampling: OnceLock<Resampling>,
}

impl Component {
    pub fn new(all: &[Window], indices: Vec<usize>, bins: &Bins, estimator: Estimator) -> Result<Self, Error> {
        let windows: Vec<&Window> = indices.iter().map(|k| &all[*k]).collect();
        let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
        let initial = initial_guess(&windows, bins);
        let (solution, comparisons, steps) = match estimator {
            Estimator::Wham => {
                let layout = Layout::in_bins(&samples, bins, &windows);
                let solution = Solution::find(usize::MAX, layout, &windows, bins.axis, initial)?;
                let in_cells = solve_in_cells(&windows, bins, solution.free_energies.clone());
                let comparisons = in_cells.ok().map(|in_cells| in_cells.compare(&windows, bins.axis));
                let steps = solution.steps;
                (solution, comparisons, steps)
            }
            Estimator::Mbar => {
                let cells = Layout::in_fine_cells(&samples, bins, &windows);
                let all = Layout::as_sampled(&samples, &cells);
                // Some hundred points instead of all samples: most of the way to the solution.
                let in_cells = Solution::find(usize::MAX, cells, &windows, bins.axis, initial)?;
                let solution = Solution::find(usize::MAX, all, &windows, bins.axis, in_cells.free_energies.clone())?;
                let steps = in_cells.steps + solution.steps;
                (solution, Some(in_cells.compare(&windows, bins.axis)), steps)
            }
        };
        let (profile, resampling) = (solution.profile(), OnceLock::new());
        Ok(Self { windows: indices, estimator, solution, profile, comparisons, steps, resampling })
    }

    /// Free energies `[windows]`, kT; the first is zero.
    pub fn free_energies(&self) -> &[f64] {
        &self.solution.free_energies
    }

    /// sum_n p_k(x_n) p_l(x_n): what each pair of windows shares, `[windows][windows]`.
    pub fn shared(&self) -> Vec<Vec<f64>> {
        let k = self.windows.len();
        (0..k).map(|a| (0..k).map(|b| self.solution.shared(a, b)).collect()).collect()
    }

    /// One bootstrap replicate; `draw` writes the weights of the blocks of a window, given by its index among `all`. None where the equations
    /// cannot be solved.
    pub fn replicate(
        &self,
        all: &[Window],
        bins: &Bins,
        blocks: &[Blocks],
        mut draw: impl FnMut(usize, &mut Vec<f64>),
    ) -> Option<Resampled> {
        let resampling = self.resampling.get_or_init(|| {
            let windows: Vec<&Window> = self.windows.iter().map(|k| &all[*k]).collect();
            let blocks: Vec<&Blocks> = self.windows.iter().map(|k| &blocks[*k]).collect();
            Resampling::new(&windows, bins, self.estimator, &blocks, self.solution.free_energies.clone())
        });
        resampling.replicate(|window, weights| draw(self.windows[window], weights))
    }
}

/// The free energies of windows with samples in fine cells; the iteration starts from `initial`, kT.
pub fn solve_in_cells(windows: &[&Window], bins: &Bins, initial: Vec<f64>) -> Result<Solution, Error> {
    let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
    let layout = Layout::in_fine_cells(&samples, bins, windows);
    Solution::find(MOST_TRIAL_STEPS, layout, windows, bins.axis, initial)
}
