//! Which adiabatic state at the end of a step continues which one at its beginning?
//!
//! Adiabatic states are ordered by energy. Where two weakly coupled states cross, their order changes within one step while their character does
//! not: a trivial crossing (Fernandez-Alberti, Roitberg, Nelson and Tretiak, J. Chem. Phys. 137, 014512, 2012,
//! doi:10.1063/1.4732536; Wang and Prezhdo, J. Phys. Chem. Lett. 5, 713, 2014, doi:10.1021/jz500025c). A trajectory stays on its state
//! and keeps its momenta.
use crate::science::dynamics::arrays::{column_product, for_kind};
use crate::science::dynamics::{Block, LANES, Lanes, Matrix, Vector};
use crate::science::simd::dispatch;

/// Squared overlap above which a state continues another: at most one state has more than half.
pub const MAJORITY: f64 = 0.5;
/// Squared overlap of states that are equal to rounding: states that exchange their order are then not coupled.
pub const ALL: f64 = 1.0 - 1e-12;

/// Rounding error of <last j|now k>^2 of uncoupled states.
const ROUNDING: f64 = 1e-24;

/// Reorders the states at the beginning of the step (`last_vectors`) and the active surface to match the states at its end: a state continues the
/// one with which its squared overlap exceeds `least`, which is at least one half; others keep their order. Leaves <last k|now k> of all states in
/// `overlaps`, and marks in `crossed` the lanes where the active state crossed a coupled one.
pub fn follow_states(least: f64, block: &mut Block, overlaps: &mut Vector, crossed: &mut [bool; LANES]) {
    let held = find_overlaps(&block.last_vectors, &block.eigen.vectors, overlaps);
    let lost = held.map(|held| held < 1.0 - least);
    if lost == [false; LANES] {
        return;
    }
    for l in (0..LANES).filter(|&l| lost[l]) {
        let origin = origins(least, &block.last_vectors, &block.eigen.vectors, l);
        reorder(&mut block.last_vectors, &origin, l);
        let active = origin.iter().position(|&from| from == block.active[l]).unwrap_or(block.active[l]);
        let is_crossed = |k: &usize| (*k < active) != (origin[*k] < origin[active]);
        let is_coupled = |k: usize| weight(&block.last_vectors, &block.eigen.vectors, (k, active), l) > ROUNDING;
        crossed[l] |= (0..origin.len()).filter(|k| *k != active).filter(is_crossed).any(is_coupled);
        block.active[l] = active;
    }
    find_overlaps(&block.last_vectors, &block.eigen.vectors, overlaps);
}

/// Computes <last k|now k> of every state k, and returns the smallest of their squares.
pub fn find_overlaps(last: &Matrix, now: &Matrix, overlaps: &mut Vector) -> Lanes {
    let mut smallest = [f64::INFINITY; LANES];
    for_kind!(now, diagonal_overlaps(last, now, overlaps, &mut smallest));
    smallest
}

dispatch! {
    fn diagonal_overlaps<const REAL: bool>(last: &Matrix, now: &Matrix, overlaps: &mut Vector, smallest: &mut Lanes) {
        let mut least = *smallest;
        for k in 0..last.states {
            let (re, im) = column_product::<REAL>((last, k), (now, k));
            for l in 0..LANES {
                let square = re[l] * re[l] + im[l] * im[l];
                // NaN is not smaller.
                least[l] = if square < least[l] { square } else { least[l] };
            }
            (overlaps.re[k], overlaps.im[k]) = (re, im);
        }
        *smallest = least;
    }
}

/// The previous index of every state of lane `l`: that with a squared overlap above `least`, otherwise the next unassigned one.
fn origins(least: f64, last: &Matrix, now: &Matrix, l: usize) -> Vec<usize> {
    let n = last.states;
    let certain = |k: usize| (0..n).find(|&j| weight(last, now, (j, k), l) > least);
    let certain: Vec<Option<usize>> = (0..n).map(certain).collect();
    let mut left = (0..n).filter(|j| !certain.contains(&Some(*j)));
    certain.iter().map(|origin| origin.or_else(|| left.next()).unwrap_or_default()).collect()
}

/// |<last j|now k>|^2 in lane `l`.
fn weight(last: &Matrix, now: &Matrix, (j, k): (usize, usize), l: usize) -> f64 {
    let n = last.states;
    let (mut re, mut im) = (0.0, 0.0);
    for row in (0..n * n).step_by(n) {
        let (a, b, c, d) = (last.re[row + j][l], last.im[row + j][l], now.re[row + k][l], now.im[row + k][l]);
        re += a * c + b * d;
        im += a * d - b * c;
    }
    re * re + im * im
}

/// Replaces column k by column `origin[k]`, in lane `l`.
fn reorder(vectors: &mut Matrix, origin: &[usize], l: usize) {
    let n = vectors.states;
    for part in [&mut vectors.re, &mut vectors.im] {
        for row in part.chunks_mut(n) {
            let before: Vec<f64> = row.iter().map(|lanes| lanes[l]).collect();
            (0..n).for_each(|k| row[k][l] = before[origin[k]]);
        }
    }
}
