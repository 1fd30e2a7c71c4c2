//! What is a sum of gaussian kernels at a point, and which kernel is near it?
use super::MOST_VARIABLES;
use super::boxes::{Boxes, Extent, View, compact_order};
use crate::science::exponential::exp;
use crate::science::widest::widest;
use serde::{Deserialize, Serialize};

/// Kernels that are evaluated together; part of the order of sums, hence of every result's bits.
pub(super) const LANES: usize = 8;
/// Adding and subtracting it rounds to the nearest integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// A gaussian of diagonal width, `height` exp(-r^2/2) with r^2 = sum ((s - center)/sigma)^2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    pub height: f64,
    /// `[variables]`
    pub center: Vec<f64>,
    /// `[variables]`
    pub sigma: Vec<f64>,
}

/// A variable that comes back to itself after `length`; 0 where it never does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Period {
    length: f64,
    inverse: f64,
}

impl Period {
    pub fn new(length: Option<f64>) -> Self {
        length.map_or(Self::default(), |length| Self { length, inverse: 1.0 / length })
    }

    /// The shortest of the ways that `way` is modulo the period.
    #[inline(always)]
    pub fn shortest(self, way: f64) -> f64 {
        way - ((way * self.inverse + ROUNDER) - ROUNDER) * self.length
    }
}

/// Where kernels end: at r = `cutoff` they are lowered to zero.
#[derive(Clone, Copy, Debug)]
struct Cut {
    cutoff: f64,
    /// Its square.
    r2: f64,
    /// exp(-cutoff^2/2)
    value: f64,
}

/// A sum of kernels at a point, and its slope along each variable.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub value: f64,
    pub slope: [f64; MOST_VARIABLES],
}

/// Kernels in arrays, each filled up with kernels of no height to a multiple of [`LANES`].
#[derive(Clone, Debug)]
pub(super) struct Kernels {
    count: usize,
    periods: Vec<Period>,
    cut: Cut,
    height: Vec<f64>,
    /// `[variables][kernels]`
    center: Vec<Vec<f64>>,
    sigma: Vec<Vec<f64>>,
    /// 1/sigma
    inverse: Vec<Vec<f64>>,
    boxes: Boxes,
}

/// Arrays of N variables.
type Arrays<'a, const N: usize> = [&'a [[f64; LANES]]; N];

widest! {
    /// The sum over all kernels at `point`.
    fn sum_at<const N: usize>(
        height: &[[f64; LANES]],
        center: &Arrays<'_, N>,
        inverse: &Arrays<'_, N>,
        boxes: &View<'_, N>,
        point: &[f64; N],
        periods: &[Period; N],
        cut: Cut,
        out: &mut Sum,
    ) {
        let mut value = [0.0; LANES];
        let mut slope = [[0.0; LANES]; N];
        for group in 0..boxes.groups() {
            let outside = boxes.outside(group, point, &[0.0; N], periods);
            for member in 0..LANES {
                // What is left out here and below would add zeros.
                if outside[member] > 0.0 {
                    continue;
                }
                let c = group * LANES + member;
                let mut r = [[0.0; LANES]; N];
                let mut r2 = [0.0; LANES];
                for i in 0..N {
                    let (center, inverse) = (&center[i][c], &inverse[i][c]);
                    for l in 0..LANES {
                        r[i][l] = periods[i].shortest(point[i] - center[l]) * inverse[l];
                        r2[l] += r[i][l] * r[i][l];
                    }
                }
                let mut is_near = false;
                for l in 0..LANES {
                    is_near |= r2[l] < cut.r2;
                }
                if !is_near {
                    continue;
                }
                let mut gaussian = [0.0; LANES];
                for l in 0..LANES {
                    let full = height[c][l] * exp(-0.5 * r2[l]);
                    gaussian[l] = if r2[l] < cut.r2 { full } else { 0.0 };
                    let foot = if r2[l] < cut.r2 { height[c][l] * cut.value } else { 0.0 };
                    value[l] += gaussian[l] - foot;
                }
                for i in 0..N {
                    for l in 0..LANES {
                        slope[i][l] -= gaussian[l] * r[i][l] * inverse[i][c][l];
                    }
                }
            }
        }
        out.value = in_pairs(&value);
        for i in 0..N {
            out.slope[i] = in_pairs(&slope[i]);
        }
    }
}

widest! {
    /// The sum of one kernel, of centre `at` and widths `sigma`, over the first `count` of `centers`, for height 1.
    fn sum_over<const N: usize>(
        centers: &Arrays<'_, N>,
        count: usize,
        boxes: &View<'_, N>,
        at: &[f64; N],
        sigma: &[f64; N],
        periods: &[Period; N],
        cut: Cut,
        out: &mut f64,
    ) {
        let mut value = [0.0; LANES];
        let (mut reach, mut inverse) = ([0.0; N], [0.0; N]);
        for i in 0..N {
            reach[i] = sigma[i] * cut.cutoff;
            inverse[i] = 1.0 / sigma[i];
        }
        for group in 0..boxes.groups() {
            let outside = boxes.outside(group, at, &reach, periods);
            for member in 0..LANES {
                if outside[member] > 0.0 {
                    continue;
                }
                let c = group * LANES + member;
                let mut r2 = [0.0; LANES];
                for i in 0..N {
                    for l in 0..LANES {
                        let r = periods[i].shortest(centers[i][c][l] - at[i]) * inverse[i];
                        r2[l] += r * r;
                    }
                }
                for l in 0..LANES {
                    let above = exp(-0.5 * r2[l]) - cut.value;
                    let is_meant = (r2[l] < cut.r2) & (c * LANES + l < count);
                    value[l] += if is_meant { above } else { 0.0 };
                }
            }
        }
        *out = in_pairs(&value);
    }
}

/// The sum of all lanes, always in the same order.
#[inline(always)]
fn in_pairs(x: &[f64; LANES]) -> f64 {
    ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}

/// Calls `$function::<N>` for as many variables as there are.
macro_rules! for_variables {
    ($variables:expr, $function:ident) => {
        match $variables {
            1 => $function::<1>,
            2 => $function::<2>,
            3 => $function::<3>,
            _ => $function::<4>,
        }
    };
}

impl Kernels {
    /// No kernels yet, of variables with these periods, ending at `cutoff` widths.
    pub fn new(periods: &[Option<f64>], cutoff: f64) -> Self {
        let none = || vec![Vec::new(); periods.len()];
        Self {
            count: 0,
            periods: periods.iter().map(|period| Period::new(*period)).collect(),
            cut: Cut { cutoff, r2: cutoff * cutoff, value: libm::exp(-0.5 * cutoff * cutoff) },
            height: Vec::new(),
            center: none(),
            sigma: none(),
            inverse: none(),
            boxes: Boxes::new(periods.len()),
        }
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn get(&self, k: usize) -> Kernel {
        let at = |arrays: &[Vec<f64>]| arrays.iter().map(|array| array[k]).collect();
        Kernel { height: self.height[k], center: at(&self.center), sigma: at(&self.sigma) }
    }

    pub fn iter(&self) -> impl Iterator<Item = Kernel> + '_ {
        (0..self.count).map(|k| self.get(k))
    }

    pub fn push(&mut self, kernel: &Kernel) {
        if self.count == self.height.len() {
            let longer = self.count + LANES;
            self.arrays().for_each(|array| array.resize(longer, 0.0));
        }
        self.count += 1;
        self.set(self.count - 1, kernel);
    }

    fn set(&mut self, k: usize, kernel: &Kernel) {
        self.height[k] = kernel.height;
        for i in 0..self.center.len() {
            self.center[i][k] = kernel.center[i];
            self.sigma[i][k] = kernel.sigma[i];
            self.inverse[i][k] = 1.0 / kernel.sigma[i];
        }
        self.refresh(k / LANES..k / LANES + 1);
    }

    fn refresh(&mut self, chunks: std::ops::Range<usize>) {
        let Self { count, ref center, ref sigma, cut, .. } = *self;
        self.boxes.refresh(chunks, &Extent { count, center, sigma, cutoff: cut.cutoff });
    }

    /// Brings kernels that are near one another together: a point then has few chunks in reach.
    pub fn arrange(&mut self) {
        let Self { count, ref center, ref sigma, cut, .. } = *self;
        let order = compact_order(&Extent { count, center, sigma, cutoff: cut.cutoff });
        for array in self.arrays() {
            let old = array.clone();
            array.iter_mut().zip(&order).for_each(|(value, k)| *value = old[*k]);
        }
        self.refresh(0..count.div_ceil(LANES));
    }

    /// Takes kernel `k` away; those behind it move up.
    fn remove(&mut self, k: usize) {
        self.count -= 1;
        let last = self.count;
        self.arrays().for_each(|array| {
            array.copy_within(k + 1..last + 1, k);
            array[last] = 0.0;
        });
        self.refresh(k / LANES..self.count.div_ceil(LANES));
    }

    fn arrays(&mut self) -> impl Iterator<Item = &mut Vec<f64>> {
        let of_variables = self.center.iter_mut().chain(&mut self.sigma).chain(&mut self.inverse);
        [&mut self.height].into_iter().chain(of_variables)
    }

    /// The sum of all kernels at `point`.
    pub fn sum(&self, point: &[f64]) -> Sum {
        for_variables!(point.len(), sum_of)(self, point)
    }

    /// The sum of `kernel` over the centres of all kernels.
    pub fn sum_over_centers(&self, kernel: &Kernel) -> f64 {
        kernel.height * for_variables!(kernel.center.len(), unit_sum)(self, kernel)
    }

    /// The value of `kernel` at a point.
    pub fn value(&self, kernel: &Kernel, point: &[f64]) -> f64 {
        let mut r2 = 0.0;
        for (i, period) in self.periods.iter().enumerate() {
            let r = period.shortest(point[i] - kernel.center[i]) / kernel.sigma[i];
            r2 += r * r;
        }
        if r2 < self.cut.r2 { kernel.height * (exp(-0.5 * r2) - self.cut.value) } else { 0.0 }
    }

    /// The kernel nearest to `point` in units of its own widths, but for `except`, where its squared distance is below `threshold2`.
    fn nearest(&self, point: &[f64], except: Option<usize>, threshold2: f64) -> Option<usize> {
        let (mut found, mut least) = (None, threshold2);
        for k in (0..self.count).filter(|&k| Some(k) != except) {
            let mut r2 = 0.0;
            for (i, period) in self.periods.iter().enumerate() {
                let r = period.shortest(self.center[i][k] - point[i]) / self.sigma[i][k];
                r2 += r * r;
            }
            if r2 < least {
                (found, least) = (Some(k), r2);
            }
        }
        found
    }

    /// Adds a kernel, merged with the nearest one where that is closer than the threshold; and this again with what is near it where
    /// `merges_again`. Returns what has gone (with the opposite height) and what has come instead, whose sum is the change.
    pub fn add(&mut self, new: &Kernel, threshold2: f64, merges_again: bool) -> Vec<Kernel> {
        let Some(mut at) = self.nearest(&new.center, None, threshold2) else {
            self.push(new);
            return vec![new.clone()];
        };
        let mut changes = vec![gone(self.get(at))];
        self.set(at, &self.merged(&self.get(at), new));
        while merges_again && let Some(other) = self.nearest(&self.center_of(at), Some(at), threshold2) {
            changes.push(gone(self.get(other)));
            let (taker, giver) = (at.min(other), at.max(other));
            self.set(taker, &self.merged(&self.get(taker), &self.get(giver)));
            self.remove(giver);
            at = taker;
        }
        changes.push(self.get(at));
        changes
    }

    fn center_of(&self, k: usize) -> Vec<f64> {
        self.center.iter().map(|center| center[k]).collect()
    }

    /// The kernel that has the height, mean and variance of two together.
    fn merged(&self, one: &Kernel, two: &Kernel) -> Kernel {
        let height = one.height + two.height;
        let mut merged = Kernel { height, ..Kernel::default() };
        for (i, period) in self.periods.iter().enumerate() {
            let c2 = two.center[i];
            let c1 = c2 + period.shortest(one.center[i] - c2);
            let center = (one.height * c1 + two.height * c2) / height;
            let inside = (one.height * one.sigma[i] * one.sigma[i] + two.height * two.sigma[i] * two.sigma[i]) / height;
            let apart = (one.height / height) * (two.height / height) * (c1 - c2) * (c1 - c2);
            merged.center.push(period.shortest(center));
            merged.sigma.push(libm::sqrt(inside + apart));
        }
        merged
    }
}

fn gone(kernel: Kernel) -> Kernel {
    Kernel { height: -kernel.height, ..kernel }
}

fn in_lanes<const N: usize>(arrays: &[Vec<f64>]) -> Arrays<'_, N> {
    std::array::from_fn(|i| arrays[i].as_chunks().0)
}

fn sum_of<const N: usize>(kernels: &Kernels, point: &[f64]) -> Sum {
    let (point, periods) = (std::array::from_fn(|i| point[i]), std::array::from_fn(|i| kernels.periods[i]));
    let (center, inverse) = (in_lanes(&kernels.center), in_lanes(&kernels.inverse));
    let mut out = Sum::default();
    sum_at::<N>(
        kernels.height.as_chunks().0,
        &center,
        &inverse,
        &kernels.boxes.view(),
        &point,
        &periods,
        kernels.cut,
        &mut out,
    );
    out
}

fn unit_sum<const N: usize>(kernels: &Kernels, kernel: &Kernel) -> f64 {
    let at = std::array::from_fn(|i| kernel.center[i]);
    let sigma = std::array::from_fn(|i| kernel.sigma[i]);
    let (centers, periods) = (in_lanes(&kernels.center), std::array::from_fn(|i| kernels.periods[i]));
    let mut out = 0.0;
    sum_over::<N>(&centers, kernels.count, &kernels.boxes.view(), &at, &sigma, &periods, kernels.cut, &mut out);
    out
}
