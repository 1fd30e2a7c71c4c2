//! At which places is the bias of every window known, and what do they weigh?
//!
//! MBAR's points are samples; WHAM's are the bins that have samples, with the bias in their middle: the equations are the same. Points are
//! ordered along the coordinate and worked at eight at a time, each eight with those windows only whose bias reaches
//! them: exp(-w_k) is kept relative to its largest at the point, so that nothing overflows at a thousand kT.
use super::{Axis, Window};
use crate::science::exponential::exp;
use crate::science::widest::widest;

pub const LANES: usize = 8;
/// Windows that reach a point, where there are many: room for so many is made beforehand.
const USUAL: usize = 8;
type Eight = [f64; LANES];
/// exp of less than this is nothing beside 1, whatever the numbers of samples are.
const NOTHING: f64 = -60.0;

/// Places along the coordinate: neighbours in the list are near one another.
pub struct Points {
    groups: Vec<Group>,
    /// The windows that reach a group, those of all groups one after another.
    members: Vec<u32>,
    /// exp(base_k - w_k(x) - shift(x)) of members.
    reach: Vec<Eight>,
    /// shift(x): the largest base_k - w_k(x).
    shifts: Vec<f64>,
    /// Free energies that these numbers are relative to, one of each window.
    base: Vec<f64>,
    len: usize,
}

/// Eight points: where their members begin.
#[derive(Clone, Copy)]
struct Group {
    first: u32,
    count: u32,
}

/// What one pass over all points gives.
pub struct Sums {
    /// sum_n m_n p_k(x_n): the samples that window k is expected to have.
    pub expected: Vec<f64>,
    /// sum_n m_n p_k(x_n) p_l(x_n), rows k >= l.
    pub shared: Vec<f64>,
    /// Of every member pair while it is summed.
    lanes: Vec<Eight>,
    lanes_of_one: Vec<Eight>,
    y: Vec<Eight>,
    q: Vec<Eight>,
}

impl Sums {
    pub fn new(windows: usize) -> Self {
        let pairs = windows * (windows + 1) / 2;
        Self {
            expected: vec![0.0; windows],
            shared: vec![0.0; pairs],
            lanes: vec![[0.0; LANES]; pairs],
            lanes_of_one: vec![[0.0; LANES]; windows],
            y: vec![[0.0; LANES]; windows],
            q: vec![[0.0; LANES]; windows],
        }
    }

    /// Of windows `a` and `b`.
    pub fn shared(&self, a: usize, b: usize) -> f64 {
        self.shared[pair(a.max(b), a.min(b))]
    }
}

/// The place of row `a` >= `b` in a triangle.
fn pair(a: usize, b: usize) -> usize {
    a * (a + 1) / 2 + b
}

impl Points {
    /// Points at `places`, neighbours near one another, for `windows` whose free energies are about `base`.
    pub fn new(places: &[f64], windows: &[&Window], axis: Axis, base: Vec<f64>) -> Self {
        let mut points = Self {
            groups: Vec::new(),
            members: Vec::new(),
            reach: Vec::new(),
            shifts: Vec::new(),
            base,
            len: places.len(),
        };
        points.reach.reserve(places.len().div_ceil(LANES) * windows.len().min(USUAL));
        reach(&mut points, places, windows, axis);
        points
    }

    /// The number of weights that a pass takes: points, and what fills up the last eight.
    pub fn padded(&self) -> usize {
        self.len.next_multiple_of(LANES)
    }

    /// Of windows at free energies base + `change`, with `numbers` of samples: what each window is expected to have, and, where `with_shared`,
    /// what each two share. `weights` are those of points, padded by zeros.
    pub fn pass(&self, numbers: &[f64], change: &[f64], weights: &[f64], with_shared: bool, sums: &mut Sums) {
        let scale: Vec<f64> = numbers.iter().zip(change).map(|(n, df)| n * libm::exp(*df)).collect();
        sums.lanes_of_one.fill([0.0; LANES]);
        if with_shared {
            sums.lanes.fill([0.0; LANES]);
        }
        sum(self, &scale, weights, with_shared, sums);
        for (expected, lanes) in sums.expected.iter_mut().zip(&sums.lanes_of_one) {
            *expected = total(lanes);
        }
        if with_shared {
            for (shared, lanes) in sums.shared.iter_mut().zip(&sums.lanes) {
                *shared = total(lanes);
            }
        }
    }

    /// 1/sum_k N_k exp(f_k - w_k(x)) relative to exp(-shift(x)), of every point, padded.
    pub fn relative_weights(&self, numbers: &[f64], change: &[f64], found: &mut Vec<f64>) {
        let scale: Vec<f64> = numbers.iter().zip(change).map(|(n, df)| n * libm::exp(*df)).collect();
        found.resize(self.padded(), 0.0);
        invert(self, &scale, found);
    }

    /// What [`relative_weights`](Points::relative_weights) are relative to, as logarithms.
    pub fn shifts(&self) -> &[f64] {
        &self.shifts
    }

    #[inline(always)]
    fn denominators(&self, group: Group, scale: &[f64]) -> Eight {
        let range = group.first as usize..(group.first + group.count) as usize;
        let mut sum = [0.0; LANES];
        for (member, reach) in self.members[range.clone()].iter().zip(&self.reach[range]) {
            let scale = scale[*member as usize];
            sum = std::array::from_fn(|lane| sum[lane] + scale * reach[lane]);
        }
        sum
    }
}

/// The bias of `window` at eight places, kT.
#[inline(always)]
fn biases(window: &Window, axis: Axis, x: &Eight) -> Eight {
    let displacements = match axis.period {
        Some(_) => x.map(|x| axis.displacement(x, window.center)),
        None => x.map(|x| x - window.center),
    };
    displacements.map(|d| 0.5 * window.stiffness * d * d)
}

fn total(lanes: &Eight) -> f64 {
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

widest! {
    /// Adds the points at `places`.
    fn reach(points: &mut Points, places: &[f64], windows: &[&Window], axis: Axis) {
        let mut exponents = vec![[0.0; LANES]; windows.len()];
        for eight in places.chunks(LANES) {
            // A last group that is not full goes on with its last point, which weighs nothing there.
            let x: Eight = std::array::from_fn(|lane| eight[lane.min(eight.len() - 1)]);
            let mut shift = [f64::NEG_INFINITY; LANES];
            for (exponents, (window, base)) in exponents.iter_mut().zip(windows.iter().zip(&points.base)) {
                let bias = biases(window, axis, &x);
                *exponents = bias.map(|bias| base - bias);
                shift = std::array::from_fn(|lane| if exponents[lane] > shift[lane] { exponents[lane] } else { shift[lane] });
            }
            let first = points.members.len() as u32;
            for (k, exponents) in (0..).zip(&exponents) {
                let relative: Eight = std::array::from_fn(|lane| exponents[lane] - shift[lane]);
                if relative.iter().any(|exponent| *exponent > NOTHING) {
                    points.members.push(k);
                    points.reach.push(relative);
                }
            }
            points.groups.push(Group { first, count: points.members.len() as u32 - first });
            points.shifts.extend_from_slice(&shift[..eight.len()]);
        }
        // All at once, so that the compiler finds vector instructions.
        for value in points.reach.as_flattened_mut() {
            *value = if *value > NOTHING { exp(*value) } else { 0.0 };
        }
    }
}

widest! {
    /// Sums over points, in lanes.
    fn sum(points: &Points, scale: &[f64], weights: &[f64], with_shared: bool, sums: &mut Sums) {
        for (group, weights) in points.groups.iter().zip(weights.chunks_exact(LANES)) {
            let range = group.first as usize..(group.first + group.count) as usize;
            let members = &points.members[range.clone()];
            let denominators = points.denominators(*group, scale);
            // Copies of lanes, not references into `sums`, tell the compiler that nothing overlaps.
            let weights: Eight = std::array::from_fn(|lane| weights[lane]);
            let inverse: Eight = std::array::from_fn(|lane| 1.0 / denominators[lane]);
            for (k, (member, reach)) in members.iter().zip(&points.reach[range]).enumerate() {
                let (member, reach) = (*member as usize, *reach);
                let scale = scale[member];
                let q: Eight = std::array::from_fn(|lane| scale * reach[lane] * inverse[lane]);
                let y: Eight = std::array::from_fn(|lane| q[lane] * weights[lane]);
                let expected = sums.lanes_of_one[member];
                sums.lanes_of_one[member] = std::array::from_fn(|lane| expected[lane] + y[lane]);
                (sums.q[k], sums.y[k]) = (q, y);
            }
            if with_shared {
                for (k, a) in members.iter().enumerate() {
                    let (y, row) = (sums.y[k], pair(*a as usize, 0));
                    // Members ascend.
                    for (l, b) in members[..=k].iter().enumerate() {
                        let (q, shared) = (sums.q[l], sums.lanes[row + *b as usize]);
                        sums.lanes[row + *b as usize] = std::array::from_fn(|lane| shared[lane] + y[lane] * q[lane]);
                    }
                }
            }
        }
    }
}

widest! {
    /// One over the denominator of every point.
    fn invert(points: &Points, scale: &[f64], found: &mut [f64]) {
        for (group, found) in points.groups.iter().zip(found.chunks_exact_mut(LANES)) {
            let denominators = points.denominators(*group, scale);
            let inverse: Eight = std::array::from_fn(|lane| 1.0 / denominators[lane]);
            found.copy_from_slice(&inverse);
        }
    }
}
