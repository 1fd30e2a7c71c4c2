//! What is the free energy of a bin, given the weights of the grid points in it?
use super::grid::Grid;
use crate::science::exponential::exp;
use crate::science::simd::dispatch;
use std::ops::Range;

pub struct BinPoints {
    bin: usize,
    points: Range<usize>,
    /// The largest -shift of the points: the reference of the logarithm.
    log_scale: f64,
    /// exp(-shift - log_scale), `[points]`.
    scales: Vec<f64>,
}

impl BinPoints {
    pub fn new(bin: usize, points: Range<usize>, grid: &Grid) -> Self {
        let shifts = &grid.shifts[points.clone()];
        let log_scale = shifts.iter().map(|shift| -shift).fold(f64::NEG_INFINITY, f64::max);
        let mut scales = vec![0.0; shifts.len()];
        find_scales(shifts, log_scale, &mut scales);
        Self { bin, points, log_scale, scales }
    }

    /// (bin, -ln P), kT: minus the logarithm of the sum of weight/sum_k N_k exp(f_k - w_k(x)) over the points, from the weights and the
    /// [relative denominators](Grid::relative_weights) of all points.
    pub fn free_energy(&self, weights: &[f64], relative: &[f64]) -> (usize, f64) {
        let points = weights[self.points.clone()].iter().zip(&relative[self.points.clone()]).zip(&self.scales);
        let sum: f64 = points.map(|((weight, relative), scale)| weight * relative * scale).sum();
        (self.bin, -(libm::log(sum) + self.log_scale))
    }
}

dispatch! {
    fn find_scales(shifts: &[f64], log_scale: f64, scales: &mut [f64]) {
        for (scale, shift) in scales.iter_mut().zip(shifts) {
            *scale = exp(-shift - log_scale);
        }
    }
}
