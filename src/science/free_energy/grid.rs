//! What is the bias of every window at the grid points, and which sums over the points do the estimators need?
//!
//! MBAR's grid points are samples; WHAM's are the centers of bins with samples: the equations are the same. Grid are ordered along the
//! coordinate and processed in groups of eight, each group with only those windows whose bias reaches it: exp(-w_k) is kept relative to its
//! largest value at the point, so that nothing overflows at a thousand kT.
use super::{Axis, Window};
use crate::science::exponential::exp;
use crate::science::simd::dispatch;

pub const LANES: usize = 8;
/// Windows per point for which memory is reserved.
const USUAL_WINDOWS: usize = 8;
type Lanes = [f64; LANES];
/// exp of less than this is negligible beside 1, whatever the numbers of samples are.
const NEGLIGIBLE: f64 = -60.0;

/// Grid points along the coordinate; consecutive points are close to one another.
pub struct Grid {
    groups: Vec<Group>,
    /// The windows that reach each group, group after group.
    members: Vec<u32>,
    /// exp(base_k - w_k(x) - shift(x)), `[members]`.
    factors: Vec<Lanes>,
    /// shift(x) = max_k(base_k - w_k(x)), `[points]`.
    pub shifts: Vec<f64>,
    /// Reference free energies of the factors, `[windows]`, kT.
    base: Vec<f64>,
    len: usize,
}

/// Lanes points: where their members begin.
#[derive(Clone, Copy)]
struct Group {
    first: u32,
    count: u32,
}

/// Sums over all grid points n, which represent m_n samples each, of the probabilities p_k(x_n) that a sample at x_n is from window k.
pub struct Sums {
    /// sum_n m_n p_k(x_n): the expected number of samples of window k, `[windows]`.
    pub expected: Vec<f64>,
    /// sum_n m_n p_k(x_n) p_l(x_n), the lower triangle k >= l row by row.
    pub shared: Vec<f64>,
    /// `shared` and `expected` by lane, while they are summed.
    shared_lanes: Vec<Lanes>,
    expected_lanes: Vec<Lanes>,
    /// p_k m and p_k of the members of one group.
    weighted: Vec<Lanes>,
    probabilities: Vec<Lanes>,
}

impl Sums {
    pub fn new(windows: usize) -> Self {
        let pairs = windows * (windows + 1) / 2;
        Self {
            expected: vec![0.0; windows],
            shared: vec![0.0; pairs],
            shared_lanes: vec![[0.0; LANES]; pairs],
            expected_lanes: vec![[0.0; LANES]; windows],
            weighted: vec![[0.0; LANES]; windows],
            probabilities: vec![[0.0; LANES]; windows],
        }
    }

    /// sum_n m_n p_a(x_n) p_b(x_n).
    pub fn shared(&self, a: usize, b: usize) -> f64 {
        self.shared[pair(a.max(b), a.min(b))]
    }
}

/// The index of row `a`, column `b` <= `a` of a lower triangle.
fn pair(a: usize, b: usize) -> usize {
    a * (a + 1) / 2 + b
}

impl Grid {
    /// Points at `positions`, consecutive ones close to one another, for `windows` whose free energies are about `base`, kT.
    pub fn new(positions: &[f64], windows: &[&Window], axis: Axis, base: Vec<f64>) -> Self {
        let mut grid = Self {
            groups: Vec::new(),
            members: Vec::new(),
            factors: Vec::new(),
            shifts: Vec::new(),
            base,
            len: positions.len(),
        };
        grid.factors.reserve(positions.len().div_ceil(LANES) * windows.len().min(USUAL_WINDOWS));
        add_points(&mut grid, positions, windows, axis);
        grid
    }

    /// The number of points, padded to a multiple of [`LANES`].
    pub fn padded(&self) -> usize {
        self.len.next_multiple_of(LANES)
    }

    /// Sums over the points at free energies base + `change` `[windows]`, of windows with `numbers` of samples `[windows]`; those of pairs only
    /// if `with_shared`. `weights` are the m_n, padded with zeros.
    pub fn accumulate(&self, numbers: &[f64], change: &[f64], weights: &[f64], with_shared: bool, sums: &mut Sums) {
        let scale: Vec<f64> = numbers.iter().zip(change).map(|(n, df)| n * libm::exp(*df)).collect();
        sums.expected_lanes.fill([0.0; LANES]);
        if with_shared {
            sums.shared_lanes.fill([0.0; LANES]);
        }
        sum(self, &scale, weights, with_shared, sums);
        for (expected, lanes) in sums.expected.iter_mut().zip(&sums.expected_lanes) {
            *expected = total(lanes);
        }
        if with_shared {
            for (shared, lanes) in sums.shared.iter_mut().zip(&sums.shared_lanes) {
                *shared = total(lanes);
            }
        }
    }

    /// 1/sum_k N_k exp(f_k - w_k(x)) relative to exp(-shift(x)), `[points]`, padded.
    pub fn relative_weights(&self, numbers: &[f64], change: &[f64]) -> Vec<f64> {
        let scale: Vec<f64> = numbers.iter().zip(change).map(|(n, df)| n * libm::exp(*df)).collect();
        let mut inverse = vec![0.0; self.padded()];
        invert(self, &scale, &mut inverse);
        inverse
    }

    #[inline(always)]
    fn denominators(&self, group: Group, scale: &[f64]) -> Lanes {
        let range = group.first as usize..(group.first + group.count) as usize;
        let mut sum = [0.0; LANES];
        for (member, factor) in self.members[range.clone()].iter().zip(&self.factors[range]) {
            let scale = scale[*member as usize];
            sum = std::array::from_fn(|lane| sum[lane] + scale * factor[lane]);
        }
        sum
    }
}

/// The bias of `window` at eight positions, kT.
#[inline(always)]
fn biases(window: &Window, axis: Axis, x: &Lanes) -> Lanes {
    let displacements = match axis.period {
        Some(_) => x.map(|x| axis.displacement(x, window.center)),
        None => x.map(|x| x - window.center),
    };
    displacements.map(|d| 0.5 * window.stiffness * d * d)
}

fn total(lanes: &Lanes) -> f64 {
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

dispatch! {
    fn add_points(grid: &mut Grid, positions: &[f64], windows: &[&Window], axis: Axis) {
        let mut exponents = vec![[0.0; LANES]; windows.len()];
        for group in positions.chunks(LANES) {
            // An incomplete last group repeats its last point, which has no weight there.
            let x: Lanes = std::array::from_fn(|lane| group[lane.min(group.len() - 1)]);
            let mut shift = [f64::NEG_INFINITY; LANES];
            for (exponents, (window, base)) in exponents.iter_mut().zip(windows.iter().zip(&grid.base)) {
                let bias = biases(window, axis, &x);
                *exponents = bias.map(|bias| base - bias);
                shift = std::array::from_fn(|lane| if exponents[lane] > shift[lane] { exponents[lane] } else { shift[lane] });
            }
            let first = grid.members.len() as u32;
            for (k, exponents) in (0..).zip(&exponents) {
                let relative: Lanes = std::array::from_fn(|lane| exponents[lane] - shift[lane]);
                if relative.iter().any(|exponent| *exponent > NEGLIGIBLE) {
                    grid.members.push(k);
                    grid.factors.push(relative);
                }
            }
            grid.groups.push(Group { first, count: grid.members.len() as u32 - first });
            grid.shifts.extend_from_slice(&shift[..group.len()]);
        }
        // In one loop, so that the compiler vectorizes it.
        for value in grid.factors.as_flattened_mut() {
            *value = if *value > NEGLIGIBLE { exp(*value) } else { 0.0 };
        }
    }
}

dispatch! {
    /// Sums over points, in lanes.
    fn sum(grid: &Grid, scale: &[f64], weights: &[f64], with_shared: bool, sums: &mut Sums) {
        for (group, weights) in grid.groups.iter().zip(weights.chunks_exact(LANES)) {
            let range = group.first as usize..(group.first + group.count) as usize;
            let members = &grid.members[range.clone()];
            let denominators = grid.denominators(*group, scale);
            // Copies of lanes, not references into `sums`, show the compiler that nothing overlaps.
            let weights: Lanes = std::array::from_fn(|lane| weights[lane]);
            let inverse: Lanes = std::array::from_fn(|lane| 1.0 / denominators[lane]);
            for (k, (member, factor)) in members.iter().zip(&grid.factors[range]).enumerate() {
                let (member, factor) = (*member as usize, *factor);
                let scale = scale[member];
                let p: Lanes = std::array::from_fn(|lane| scale * factor[lane] * inverse[lane]);
                let weighted: Lanes = std::array::from_fn(|lane| p[lane] * weights[lane]);
                let expected = sums.expected_lanes[member];
                sums.expected_lanes[member] = std::array::from_fn(|lane| expected[lane] + weighted[lane]);
                (sums.probabilities[k], sums.weighted[k]) = (p, weighted);
            }
            if with_shared {
                for (k, a) in members.iter().enumerate() {
                    let (weighted, row) = (sums.weighted[k], pair(*a as usize, 0));
                    // Members ascend.
                    for (l, b) in members[..=k].iter().enumerate() {
                        let (p, shared) = (sums.probabilities[l], sums.shared_lanes[row + *b as usize]);
                        sums.shared_lanes[row + *b as usize] = std::array::from_fn(|lane| shared[lane] + weighted[lane] * p[lane]);
                    }
                }
            }
        }
    }
}

dispatch! {
    /// The inverse of the denominator at every point.
    fn invert(grid: &Grid, scale: &[f64], found: &mut [f64]) {
        for (group, found) in grid.groups.iter().zip(found.chunks_exact_mut(LANES)) {
            let denominators = grid.denominators(*group, scale);
            let inverse: Lanes = std::array::from_fn(|lane| 1.0 / denominators[lane]);
            found.copy_from_slice(&inverse);
        }
    }
}
