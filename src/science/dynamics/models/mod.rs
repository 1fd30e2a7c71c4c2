//! Which systems are there? A model is one file here and one line below.
mod fmo;
mod linear;
mod spin_boson;
mod tully_one;

pub use fmo::Fmo;
pub use linear::{Group, LinearModel};
pub use spin_boson::SpinBoson;
pub use tully_one::TullyOne;

use super::{Bath, LANES, Lane, Matrix, Phase, Sampling, Vector, ZERO};
use crate::seed::Stream;

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

    /// Prepares steps of length `t` with the classical equation of motion and a state that stands still in them.
    fn fourth_order(&self, t: f64) -> Box<dyn FrozenStep + '_>;

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

    /// Where a particle is said to have left the region of interaction: |q| beyond this. None where nothing is scattered.
    fn scattering_range(&self) -> Option<f64> {
        None
    }

    /// Where a trajectory has ended: |q| of the first coordinate beyond this, moving outwards.
    fn stop_beyond(&self) -> Option<f64> {
        None
    }
}

/// One step of the classical Runge-Kutta method of fourth order for dz/dt = -i d(H_c + <psi|H_qc|psi>)/dz* with psi frozen.
pub trait FrozenStep {
    /// Moves the coordinates.
    fn advance(&mut self, z: &mut Phase, psi: &Vector);
}

/// The step for any model.
pub struct RungeKutta<'a> {
    model: &'a dyn Model,
    t: f64,
    slope: Phase,
    stage: Phase,
    sum: Phase,
}

impl<'a> RungeKutta<'a> {
    /// Steps of length `t`.
    pub fn new(model: &'a dyn Model, t: f64) -> Self {
        let zero = || Phase::zero(model.bath().coordinates());
        Self { model, t, slope: zero(), stage: zero(), sum: zero() }
    }

    /// slope = dz/dt at `stage`.
    fn differentiate(&mut self, psi: &Vector) {
        self.model.gradient(&self.stage, psi, psi, &mut self.slope);
        let bath = self.model.bath();
        for j in 0..bath.coordinates() {
            let (h, k) = (bath.weights[j], bath.frequencies[j] * bath.frequencies[j] / bath.weights[j]);
            for l in 0..LANES {
                let (re, im) =
                    (k * self.stage.x[j][l] + self.slope.x[j][l], h * self.stage.y[j][l] + self.slope.y[j][l]);
                (self.slope.x[j][l], self.slope.y[j][l]) = (im, -re);
            }
        }
    }
}

impl FrozenStep for RungeKutta<'_> {
    fn advance(&mut self, z: &mut Phase, psi: &Vector) {
        self.stage.clone_from(z);
        self.sum.clone_from(z);
        for (weight, reach) in [(1.0 / 6.0, 0.5), (1.0 / 3.0, 0.5), (1.0 / 3.0, 1.0), (1.0 / 6.0, 0.0)] {
            self.differentiate(psi);
            let (part, ahead) = (weight * self.t, reach * self.t);
            for j in 0..z.x.len() {
                for l in 0..LANES {
                    self.sum.x[j][l] += part * self.slope.x[j][l];
                    self.sum.y[j][l] += part * self.slope.y[j][l];
                    self.stage.x[j][l] = z.x[j][l] + ahead * self.slope.x[j][l];
                    self.stage.y[j][l] = z.y[j][l] + ahead * self.slope.y[j][l];
                }
            }
        }
        z.clone_from(&self.sum);
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

/// sum_n W[n] |psi_n|^2.
fn weighted_population(weights: &[f64], psi: &Vector) -> Lane {
    let mut sum = ZERO;
    for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        let population = psi.population(n);
        (0..LANES).for_each(|l| sum[l] += weight * population[l]);
    }
    sum
}
