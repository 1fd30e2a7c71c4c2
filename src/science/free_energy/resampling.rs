//! What are the free energies when blocks of samples are weighted anew?
//!
//! A replicate gives every block of every window's time series a weight and solves all equations again. As all samples of a block have one
//! weight, and sums over samples are sums of smooth functions of the coordinate, a block enters by its moments: within narrow intervals a
//! function is its interpolant at the Chebyshev nodes (Trefethen, Approximation Theory and Approximation Practice, SIAM 2013, chapters 2 and 7),
//! so that the sum over the samples of a block is a weighted sum over nodes. Positions of samples are not rounded. The intervals are so narrow that the
//! free energies are those of the samples themselves to about 1e-5 kT, the convergence of a replicate.
use super::bin_points::BinPoints;
use super::blocks::Blocks;
use super::grid::Grid;
use super::layout::{Intervals, histogram_parts, largest_stiffness};
use super::newton::{Convergence, Equations, Status};
use super::{Bins, Estimator, Window};
use std::f64::consts::PI;

/// Part of the identity of recorded replicates: incremented whenever the same samples give different ones.
pub const REPLICATE_VERSION: u8 = 2;
/// Nodes per interval of MBAR.
const NODES: usize = 6;
/// The largest change of a window's bias over an interval, kT, at its own samples.
const LARGEST_RISE: f64 = 1.5;
/// The distance from the center, in standard deviations of the narrowest window, at which the slope of the bias counts in any case.
const FARTHEST: f64 = 3.0;
const MOST_PARTS: f64 = 65_536.0;
/// The free energies of a replicate are right to about 1e-5 kT.
const CONVERGENCE: Convergence = Convergence { tolerance: 1e-3, reuses_hessian_below: 0.1 };

/// Windows of one connected component, ready for replicates.
pub struct Resampling {
    /// Numbers of samples `[windows]`.
    numbers: Vec<f64>,
    /// The nodes of all intervals with samples, relative to the free energies of all samples.
    grid: Grid,
    bins: Vec<BinPoints>,
    /// `[windows][blocks]`.
    blocks: Vec<Vec<NodeWeights>>,
}

/// The samples of a block as weights of nodes.
struct NodeWeights {
    first_node: usize,
    weights: Vec<f64>,
}

pub struct Resampled {
    /// Change against all samples `[windows]`, kT; the first one is zero.
    pub change: Vec<f64>,
    /// -ln P of every bin with samples, kT: (bin, value).
    pub profile: Vec<(usize, f64)>,
}

impl Resampling {
    /// `blocks` are those of each of the `windows`, `free_energies` those of all samples, kT.
    pub fn new(
        windows: &[&Window],
        bins: &Bins,
        estimator: Estimator,
        blocks: &[&Blocks],
        free_energies: Vec<f64>,
    ) -> Self {
        let samples: Vec<f64> = windows.iter().flat_map(|window| window.samples.iter().copied()).collect();
        let (nodes, per_bin) = match estimator {
            // One node is the center of the interval: WHAM's own bins.
            Estimator::Wham => (1, histogram_parts(bins, windows)),
            Estimator::Mbar => (NODES, parts(bins, windows)),
        };
        let intervals = Intervals::new(&samples, bins, per_bin);
        let rule = Chebyshev::new(nodes);
        let half = 0.5 * bins.width() / per_bin as f64;
        let positions = intervals.occupied.iter().flat_map(|interval| {
            let center = bins.part_center(*interval, per_bin);
            rule.nodes.iter().map(move |node| center + half * node)
        });
        let positions: Vec<f64> = positions.collect();
        let grid = Grid::new(&positions, windows, bins.axis, free_energies);
        let of_bins = intervals.by_bin(bins).into_iter();
        let of_bins = of_bins.map(|(bin, run)| BinPoints::new(bin, run.start * nodes..run.end * nodes, &grid));
        let mut begin = 0;
        let of_windows = windows.iter().zip(blocks).map(|(window, blocks)| {
            let of_sample = &intervals.of_sample[begin..begin + window.samples.len()];
            begin += window.samples.len();
            let of_block = |k: usize| {
                let samples = blocks.samples(k);
                rule.node_weights(&window.samples[samples.clone()], &of_sample[samples], bins, per_bin)
            };
            (0..blocks.count).map(of_block).collect()
        });
        let numbers = windows.iter().map(|window| window.samples.len() as f64).collect();
        Self { numbers, bins: of_bins.collect(), blocks: of_windows.collect(), grid }
    }

    /// One replicate: `draw` writes the weights of the blocks of a window `[blocks]`. None where the equations cannot be solved.
    pub fn replicate(&self, mut draw: impl FnMut(usize, &mut Vec<f64>)) -> Option<Resampled> {
        let mut weights = vec![0.0; self.grid.padded()];
        let mut of_blocks = Vec::new();
        for (window, blocks) in self.blocks.iter().enumerate() {
            draw(window, &mut of_blocks);
            for (factor, block) in of_blocks.iter().zip(blocks) {
                let nodes = &mut weights[block.first_node..][..block.weights.len()];
                nodes.iter_mut().zip(&block.weights).for_each(|(sum, weight)| *sum += factor * weight);
            }
        }
        let mut change = vec![0.0; self.numbers.len()];
        let mut equations = Equations::new(self.numbers.len());
        let (status, _) = equations.solve(&self.grid, &self.numbers, &weights, &mut change, CONVERGENCE);
        let relative = self.grid.relative_weights(&self.numbers, &change);
        let profile = self.bins.iter().map(|bin| bin.free_energy(&weights, &relative)).collect();
        (status == Status::Converged).then_some(Resampled { change, profile })
    }
}

/// Into how many intervals a bin is divided for MBAR.
fn parts(bins: &Bins, windows: &[&Window]) -> i64 {
    let slope = |window: &&Window| {
        let farthest =
            window.samples.iter().map(|x| bins.axis.displacement(*x, window.center).abs()).fold(0.0, f64::max);
        farthest * window.stiffness
    };
    let steepest = windows.iter().map(slope).fold(FARTHEST * libm::sqrt(largest_stiffness(windows)), f64::max);
    libm::ceil(bins.width() * steepest / LARGEST_RISE).clamp(1.0, MOST_PARTS) as i64
}

/// Interpolation at Chebyshev nodes on [-1, 1].
struct Chebyshev {
    nodes: Vec<f64>,
}

impl Chebyshev {
    /// `count` nodes, ascending.
    fn new(count: usize) -> Self {
        Self { nodes: (0..count).rev().map(|k| libm::cos(PI * (k as f64 + 0.5) / count as f64)).collect() }
    }

    /// The weights of nodes that `samples` are equivalent to; `of_sample` are the indices of their intervals.
    fn node_weights(&self, samples: &[f64], of_sample: &[u32], bins: &Bins, per_bin: i64) -> NodeWeights {
        let count = self.nodes.len();
        let (Some(&first), Some(&last)) = (of_sample.iter().min(), of_sample.iter().max()) else {
            return NodeWeights { first_node: 0, weights: Vec::new() };
        };
        // Sums of the Chebyshev polynomials T_0, T_1, ... over the samples, `[intervals, count]`.
        let mut moments = vec![0.0; (last - first + 1) as usize * count];
        for (x, interval) in samples.iter().zip(of_sample) {
            let moments = &mut moments[(interval - first) as usize * count..][..count];
            let t = bins.offset_in_part(*x, per_bin);
            let (mut value, mut next) = (1.0, t);
            for moment in moments {
                *moment += value;
                (value, next) = (next, 2.0 * t * next - value);
            }
        }
        let weights =
            moments.chunks_exact(count).flat_map(|moments| self.nodes.iter().map(|node| self.weight(*node, moments)));
        NodeWeights { first_node: first as usize * count, weights: weights.collect() }
    }

    /// The weight of a node: (T_0 + 2 T_1(node) M_1 + 2 T_2(node) M_2 + ...)/count with the moments M_k.
    fn weight(&self, node: f64, moments: &[f64]) -> f64 {
        let (mut value, mut next) = (node, 2.0 * node * node - 1.0);
        let mut sum = moments[0];
        for moment in &moments[1..] {
            sum += 2.0 * value * moment;
            (value, next) = (next, 2.0 * node * next - value);
        }
        sum / moments.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    #[test]
    fn sums_over_nodes_are_sums_over_samples() {
        let bins = Bins { low: -1.0, high: 1.0, count: 2, axis: Axis::default() };
        let samples: Vec<f64> = (0..50).map(|k| 0.99 * libm::sin(f64::from(k))).collect();
        let intervals = Intervals::new(&samples, &bins, 3);
        let rule = Chebyshev::new(NODES);
        let found = rule.node_weights(&samples, &intervals.of_sample, &bins, 3);
        let position = |k: usize| {
            let interval = intervals.occupied[(found.first_node + k) / NODES];
            bins.part_center(interval, 3) + rule.nodes[k % NODES] / 6.0
        };
        for function in [|_| 1.0, |x| x, |x: f64| x * x * x * x * x, |x| libm::exp(2.0 * x)] {
            let exact: f64 = samples.iter().map(|x| function(*x)).sum();
            let by_nodes: f64 =
                found.weights.iter().enumerate().map(|(k, weight)| weight * function(position(k))).sum();
            assert!((exact - by_nodes).abs() < 1e-6 * (1.0 + exact.abs()), "{exact} {by_nodes}");
        }
    }
}
