//! What is the sum of Gaussian kernels at a point, and how are kernels merged?
use super::bounding_boxes::{BoundingBoxes, Extents, View, compact_order};
use super::error::MOST_VARIABLES;
use super::period::{LANES, Period};
use crate::science::exponential::exp;
use crate::science::simd::dispatch;
use serde::{Deserialize, Serialize};

/// A Gaussian with diagonal covariance, `height` exp(-r^2/2) with r^2 = sum ((s - center)/sigma)^2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    pub height: f64,
    /// `[variables]`
    pub center: Vec<f64>,
    /// `[variables]`
    pub sigma: Vec<f64>,
}

/// The cutoff of kernels: they are shifted to be zero at r = `radius`.
#[derive(Clone, Copy, Debug)]
struct Cutoff {
    /// In widths.
    radius: f64,
    r2: f64,
    /// exp(-radius^2/2).
    value: f64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KernelSum {
    pub value: f64,
    pub gradient: [f64; MOST_VARIABLES],
}

/// Kernels in arrays, padded with kernels of height zero to a multiple of [`LANES`].
#[derive(Clone, Debug)]
pub(super) struct Kernels {
    count: usize,
    periods: Vec<Period>,
    cutoff: Cutoff,
    height: Vec<f64>,
    /// `[variables][kernels]`
    center: Vec<Vec<f64>>,
    sigma: Vec<Vec<f64>>,
    /// 1/sigma.
    inverse: Vec<Vec<f64>>,
    boxes: BoundingBoxes,
}

/// Arrays of N variables in lanes.
type Arrays<'a, const N: usize> = [&'a [[f64; LANES]]; N];

dispatch! {
    fn sum_at<const N: usize>(
        height: &[[f64; LANES]],
        center: &Arrays<'_, N>,
        inverse: &Arrays<'_, N>,
        boxes: &View<'_, N>,
        point: &[f64; N],
        periods: &[Period; N],
        cutoff: Cutoff,
        out: &mut KernelSum,
    ) {
        let mut value = [0.0; LANES];
        let mut gradient = [[0.0; LANES]; N];
        for group in 0..boxes.groups() {
            let outside = boxes.outside(group, point, &[0.0; N], periods);
            for member in 0..LANES {
                // The terms skipped here and below are zero.
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
                    is_near |= r2[l] < cutoff.r2;
                }
                if !is_near {
                    continue;
                }
                let mut gaussian = [0.0; LANES];
                for l in 0..LANES {
                    let full = height[c][l] * exp(-0.5 * r2[l]);
                    gaussian[l] = if r2[l] < cutoff.r2 { full } else { 0.0 };
                    let shift = if r2[l] < cutoff.r2 { height[c][l] * cutoff.value } else { 0.0 };
                    value[l] += gaussian[l] - shift;
                }
                for i in 0..N {
                    for l in 0..LANES {
                        gradient[i][l] -= gaussian[l] * r[i][l] * inverse[i][c][l];
                    }
                }
            }
        }
        out.value = in_pairs(&value);
        for i in 0..N {
            out.gradient[i] = in_pairs(&gradient[i]);
        }
    }
}

dispatch! {
    /// The sum of one kernel of height 1, with center `at` and widths `sigma`, over the first `count` of `centers`.
    fn sum_over<const N: usize>(
        centers: &Arrays<'_, N>,
        count: usize,
        boxes: &View<'_, N>,
        at: &[f64; N],
        sigma: &[f64; N],
        periods: &[Period; N],
        cutoff: Cutoff,
        out: &mut f64,
    ) {
        let mut value = [0.0; LANES];
        let (mut reach, mut inverse) = ([0.0; N], [0.0; N]);
        for i in 0..N {
            reach[i] = sigma[i] * cutoff.radius;
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
                    let above = exp(-0.5 * r2[l]) - cutoff.value;
                    let is_included = (r2[l] < cutoff.r2) & (c * LANES + l < count);
                    value[l] += if is_included { above } else { 0.0 };
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

/// `$function::<N>` for N variables.
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
    /// No kernels yet, of variables with these periods and a cutoff of `radius` widths.
    pub fn new(periods: &[Option<f64>], radius: f64) -> Self {
        let none = || vec![Vec::new(); periods.len()];
        Self {
            count: 0,
            periods: periods.iter().map(|period| Period::new(*period)).collect(),
            cutoff: Cutoff { radius, r2: radius * radius, value: libm::exp(-0.5 * radius * radius) },
            height: Vec::new(),
            center: none(),
            sigma: none(),
            inverse: none(),
            boxes: BoundingBoxes::new(periods.len()),
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
        self.update_boxes(k / LANES..k / LANES + 1);
    }

    fn update_boxes(&mut self, chunks: std::ops::Range<usize>) {
        let Self { count, ref center, ref sigma, cutoff, .. } = *self;
        self.boxes.update(chunks, &Extents { count, center, sigma, cutoff: cutoff.radius });
    }

    /// Sorts kernels spatially, so that few chunks are within reach of a point.
    pub fn reorder(&mut self) {
        let Self { count, ref center, ref sigma, cutoff, .. } = *self;
        let order = compact_order(&Extents { count, center, sigma, cutoff: cutoff.radius });
        for array in self.arrays() {
            let old = array.clone();
            array.iter_mut().zip(&order).for_each(|(value, k)| *value = old[*k]);
        }
        self.update_boxes(0..count.div_ceil(LANES));
    }

    /// Removes kernel `k`; those after it move up.
    fn remove(&mut self, k: usize) {
        self.count -= 1;
        let last = self.count;
        self.arrays().for_each(|array| {
            array.copy_within(k + 1..last + 1, k);
            array[last] = 0.0;
        });
        self.update_boxes(k / LANES..self.count.div_ceil(LANES));
    }

    fn arrays(&mut self) -> impl Iterator<Item = &mut Vec<f64>> {
        let of_variables = self.center.iter_mut().chain(&mut self.sigma).chain(&mut self.inverse);
        [&mut self.height].into_iter().chain(of_variables)
    }

    pub fn sum(&self, point: &[f64]) -> KernelSum {
        for_variables!(point.len(), sum_of)(self, point)
    }

    /// The sum of `kernel` over the centers of all kernels.
    pub fn sum_over_centers(&self, kernel: &Kernel) -> f64 {
        kernel.height * for_variables!(kernel.center.len(), unit_sum)(self, kernel)
    }

    pub fn value(&self, kernel: &Kernel, point: &[f64]) -> f64 {
        let mut r2 = 0.0;
        for (i, period) in self.periods.iter().enumerate() {
            let r = period.shortest(point[i] - kernel.center[i]) / kernel.sigma[i];
            r2 += r * r;
        }
        if r2 < self.cutoff.r2 { kernel.height * (exp(-0.5 * r2) - self.cutoff.value) } else { 0.0 }
    }

    /// The kernel nearest to `point` in units of its own widths, except `except`, if its squared distance is below `squared_threshold`.
    fn nearest(&self, point: &[f64], except: Option<usize>, squared_threshold: f64) -> Option<usize> {
        let (mut found, mut least) = (None, squared_threshold);
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

    /// Adds a kernel, merged with the nearest one if that is closer than the threshold; with `merges_again` the merged kernel is merged in turn.
    /// Returns the removed kernels (with negative height) and the added one: their sum is the change.
    pub fn add(&mut self, new: &Kernel, squared_threshold: f64, merges_again: bool) -> Vec<Kernel> {
        let Some(mut at) = self.nearest(&new.center, None, squared_threshold) else {
            self.push(new);
            return vec![new.clone()];
        };
        let mut changes = vec![removed(self.get(at))];
        self.set(at, &self.merged(&self.get(at), new));
        while merges_again && let Some(other) = self.nearest(&self.center_of(at), Some(at), squared_threshold) {
            changes.push(removed(self.get(other)));
            let (target, source) = (at.min(other), at.max(other));
            self.set(target, &self.merged(&self.get(target), &self.get(source)));
            self.remove(source);
            at = target;
        }
        changes.push(self.get(at));
        changes
    }

    fn center_of(&self, k: usize) -> Vec<f64> {
        self.center.iter().map(|center| center[k]).collect()
    }

    /// The kernel with the total height, the mean and the variance of two kernels.
    fn merged(&self, one: &Kernel, two: &Kernel) -> Kernel {
        let height = one.height + two.height;
        let mut merged = Kernel { height, ..Kernel::default() };
        for (i, period) in self.periods.iter().enumerate() {
            let c2 = two.center[i];
            let c1 = c2 + period.shortest(one.center[i] - c2);
            let center = (one.height * c1 + two.height * c2) / height;
            let within = (one.height * one.sigma[i] * one.sigma[i] + two.height * two.sigma[i] * two.sigma[i]) / height;
            let between = (one.height / height) * (two.height / height) * (c1 - c2) * (c1 - c2);
            merged.center.push(period.shortest(center));
            merged.sigma.push(libm::sqrt(within + between));
        }
        merged
    }
}

fn removed(kernel: Kernel) -> Kernel {
    Kernel { height: -kernel.height, ..kernel }
}

fn in_lanes<const N: usize>(arrays: &[Vec<f64>]) -> Arrays<'_, N> {
    std::array::from_fn(|i| arrays[i].as_chunks().0)
}

fn sum_of<const N: usize>(kernels: &Kernels, point: &[f64]) -> KernelSum {
    let (point, periods) = (std::array::from_fn(|i| point[i]), std::array::from_fn(|i| kernels.periods[i]));
    let (center, inverse) = (in_lanes(&kernels.center), in_lanes(&kernels.inverse));
    let mut out = KernelSum::default();
    sum_at::<N>(
        kernels.height.as_chunks().0,
        &center,
        &inverse,
        &kernels.boxes.view(),
        &point,
        &periods,
        kernels.cutoff,
        &mut out,
    );
    out
}

fn unit_sum<const N: usize>(kernels: &Kernels, kernel: &Kernel) -> f64 {
    let at = std::array::from_fn(|i| kernel.center[i]);
    let sigma = std::array::from_fn(|i| kernel.sigma[i]);
    let (centers, periods) = (in_lanes(&kernels.center), std::array::from_fn(|i| kernels.periods[i]));
    let mut out = 0.0;
    sum_over::<N>(&centers, kernels.count, &kernels.boxes.view(), &at, &sigma, &periods, kernels.cutoff, &mut out);
    out
}
