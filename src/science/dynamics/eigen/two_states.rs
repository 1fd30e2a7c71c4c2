//! The closed form of energies and eigenvectors of two states.
use crate::science::dynamics::{LANES, Lanes, Matrix};
use crate::science::simd::dispatch;

/// A branch-free choice.
#[inline(always)]
fn choose(condition: bool, yes: f64, no: f64) -> f64 {
    if condition { yes } else { no }
}

dispatch! {
    /// Computes the energies `values`, lower first, and the eigenvectors `v` of `h`.
    pub fn solve(h: &Matrix, values: &mut [Lanes], v: &mut Matrix) {
        let [lower, upper] = values else { return };
        for l in 0..LANES {
            let (mean, delta) = (0.5 * (h.re[0][l] + h.re[3][l]), 0.5 * (h.re[0][l] - h.re[3][l]));
            let (b, c) = (h.re[1][l], h.im[1][l]);
            let coupling = b * b + c * c;
            let root = (delta * delta + coupling).sqrt();
            (lower[l], upper[l]) = (mean - root, mean + root);
            // The lower vector is (-b, delta + root) or, without cancellation where delta < 0, (root - delta, -b*).
            let long = root + delta.abs();
            let norm = (coupling + long * long).sqrt();
            let is_degenerate = norm == 0.0;
            let scale = choose(is_degenerate, 0.0, 1.0 / norm);
            let (re, im, long) = (-b * scale, c * scale, long * scale);
            let is_below = delta < 0.0 || is_degenerate;
            let (a0, a1) = (choose(is_below, choose(is_degenerate, 1.0, long), re), choose(is_below, re, long));
            let (i0, i1) = (choose(is_below, 0.0, -im), choose(is_below, im, 0.0));
            (v.re[0][l], v.im[0][l], v.re[2][l], v.im[2][l]) = (a0, i0, a1, i1);
            // The upper one is (-a1*, a0*).
            (v.re[1][l], v.im[1][l], v.re[3][l], v.im[3][l]) = (-a1, i1, a0, -i0);
        }
    }
}
