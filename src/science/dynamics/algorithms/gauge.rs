//! How are the phases of adiabatic states continued from one step to the next?
use super::tracking;
use crate::science::dynamics::{Block, LANES, Matrix, Model, PhaseSpace, Vector, ZERO};
use crate::science::simd::dispatch;

/// The rule that fixes the phases. For a real Hamiltonian all are the same: only the sign is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// The overlap with the previous state is real and positive.
    PhaseOverlap,
    /// The real part of the overlap is positive; the phases are those of the eigensolver up to a sign.
    SignOverlap,
    /// The largest derivative coupling between neighbouring states along a position is real; signs as above.
    PhaseCoupling,
}

/// Fixes the phases of the block's eigenvectors relative to `last_vectors`, which must be in the same order; `overlaps` holds <last k|now k>.
pub fn fix(gauge: Gauge, model: &dyn Model, block: &mut Block, overlaps: &mut Vector) {
    let (last, now) = (&block.last_vectors, &mut block.eigen.vectors);
    match (now.is_real, gauge) {
        (true, _) => continue_phases::<true>(overlaps, now, true),
        (false, Gauge::SignOverlap) => continue_phases::<false>(overlaps, now, true),
        (false, Gauge::PhaseOverlap) => continue_phases::<false>(overlaps, now, false),
        (false, Gauge::PhaseCoupling) => {
            make_couplings_real(model, &block.z, now);
            tracking::find_overlaps(last, now, overlaps);
            continue_phases::<false>(overlaps, now, true);
        }
    }
}

dispatch! {
    /// Multiplies column k of `now` by the inverse phase, or the sign only, of its overlap <last k|now k>.
    fn continue_phases<const REAL: bool>(overlaps: &Vector, now: &mut Matrix, sign_only: bool) {
        let n = now.states;
        for k in 0..n {
            let (re, im) = (overlaps.re[k], overlaps.im[k]);
            let (mut cos, mut sin) = (ZERO, ZERO);
            for l in 0..LANES {
                let size = (re[l] * re[l] + im[l] * im[l]).sqrt();
                let sign = if re[l] < 0.0 { -1.0 } else { 1.0 };
                cos[l] = if sign_only || size == 0.0 { sign } else { re[l] / size };
                sin[l] = if sign_only || size == 0.0 { 0.0 } else { -im[l] / size };
            }
            for index in (k..n * n).step_by(n) {
                let (a, b) = (&mut now.re[index], &mut now.im[index]);
                for l in 0..LANES {
                    if REAL {
                        a[l] *= cos[l];
                    } else {
                        (a[l], b[l]) = (a[l] * cos[l] - b[l] * sin[l], a[l] * sin[l] + b[l] * cos[l]);
                    }
                }
            }
        }
    }
}

/// Multiplies each state by a phase that makes the largest component of <k-1|d/dq|k> real.
pub fn make_couplings_real(model: &dyn Model, z: &PhaseSpace, vectors: &mut Matrix) {
    let (n, bath) = (vectors.states, model.bath());
    let (mut bra, mut ket) = (Vector::zero(n), Vector::zero(n));
    let (mut along, mut back) = (PhaseSpace::zero(bath.coordinates()), PhaseSpace::zero(bath.coordinates()));
    for k in 1..n {
        bra.copy_columns(vectors, &[k - 1; LANES]);
        ket.copy_columns(vectors, &[k; LANES]);
        model.gradient(z, &bra, &ket, &mut along);
        model.gradient(z, &ket, &bra, &mut back);
        for l in 0..LANES {
            // d/dq is sqrt(m h/2) (d/dz + d/dz*), and <a|dH/dz|b> the conjugate of <b|dH/dz*|a>.
            let component = |j: usize| {
                let scale = libm::sqrt(0.5 * bath.masses[j] * bath.weights[j]);
                let (re, im) = (scale * (along.x[j][l] + back.x[j][l]), scale * (along.y[j][l] - back.y[j][l]));
                (re * re + im * im, re, im)
            };
            let components = (0..bath.coordinates()).map(component);
            let (square, re, im) =
                components.fold((0.0, 1.0, 0.0), |best, next| if next.0 > best.0 { next } else { best });
            let size = libm::sqrt(square);
            let (cos, sin) = if size > 0.0 { (re / size, -im / size) } else { (1.0, 0.0) };
            for index in (k..n * n).step_by(n) {
                let (a, b) = (vectors.re[index][l], vectors.im[index][l]);
                (vectors.re[index][l], vectors.im[index][l]) = (a * cos - b * sin, a * sin + b * cos);
            }
        }
    }
}
