//! Which systems are there? A model is one file here and one line below.
mod fmo;
mod linear;
mod motion;
mod spin_boson;
mod tully_one;

pub use fmo::Fmo;
pub use linear::{Group, LinearModel};
pub use motion::{FrozenStep, GeneralStep, Motion};
pub use spin_boson::SpinBoson;
pub use tully_one::TullyOne;

use super::{Bath, LANES, Lane, Matrix, Phase, Sampling, Vector, ZERO};
use crate::seed::Stream;

/// The units that a model is written in; hbar is 1 in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitSystem {
    /// Any consistent ones: those of the model's own constants.
    Reduced,
    /// Hartree atomic units.
    Atomic,
}

/// Quantum states coupled to classical coordinates: H(z) = H_q + H_qc(z) + H_c(z).
pub trait Model: Send + Sync {
    /// The number of quantum states.
    fn states(&self) -> usize;

    /// The classical degrees of freedom and H_c.
    fn bath(&self) -> &Bath;

    /// h = H_q + H_qc(z).
    fn hamiltonian(&self, z: &Phase, h: &mut Matrix);

    /// out = <bra| dH_qc/dz* |ket> for every coordinate.
    fn gradient(&self, z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase);

    /// Draws the initial coordinates of one trajectory.
    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut Phase);

    /// A magnitude that energies seldom exceed, to choose the quantum of exact sums by.
    fn energy_scale(&self) -> f64;

    /// The largest difference of energies of H_q, for the stability of a step.
    fn spectral_width(&self) -> f64;

    /// Whether H has no imaginary part, whatever the coordinates.
    fn is_real(&self) -> bool;

    /// Prepares steps of length `t`.
    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_>;

    /// z <- z - i t <psi|dH_qc/dz*|psi>: what the quantum states alone do to the coordinates in time `t`.
    fn kick(&self, t: f64, z: &mut Phase, psi: &Vector, force: &mut Phase) {
        self.gradient(z, psi, psi, force);
        for j in 0..z.x.len() {
            for l in 0..LANES {
                z.x[j][l] += t * force.y[j][l];
                z.y[j][l] -= t * force.x[j][l];
            }
        }
    }

    /// The units of the model's times and energies.
    fn units(&self) -> UnitSystem {
        UnitSystem::Reduced
    }

    /// Where a particle is said to have left the region of interaction: |q| beyond this. None where nothing is scattered.
    fn scattering_range(&self) -> Option<f64> {
        None
    }

    /// Where a trajectory has ended: |q| of the first coordinate beyond this, moving outwards.
    fn stop_beyond(&self) -> Option<f64> {
        None
    }
}

/// The largest distance between two Gershgorin discs' far ends of a constant matrix: a bound on the spectral width.
fn width_of(h: &[[f64; 2]], states: usize) -> f64 {
    let radius = |i: usize| -> f64 {
        (0..states).filter(|&j| j != i).map(|j| libm::hypot(h[i * states + j][0], h[i * states + j][1])).sum()
    };
    let ends = |sign: f64| (0..states).map(move |i| h[i * states + i][0] + sign * radius(i));
    let high = ends(1.0).fold(f64::NEG_INFINITY, f64::max);
    let low = ends(-1.0).fold(f64::INFINITY, f64::min);
    high - low
}

/// sum_n `W[n]` |psi_n|^2.
fn weighted_population(weights: &[f64], psi: &Vector) -> Lane {
    let mut sum = ZERO;
    for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        let population = psi.population(n);
        (0..LANES).for_each(|l| sum[l] += weight * population[l]);
    }
    sum
}
