//! How do coordinates move while the quantum state stands still?
use super::Model;
use crate::science::dynamics::bath::Flow;
use crate::science::dynamics::{LANES, Matrix, Phase, Vector};

/// Ways to move coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// The classical method of Runge and Kutta, of fourth order.
    RungeKutta,
    /// Half a kick by the quantum states, free flow, half a kick: of second order, and exact where nothing couples.
    Symmetric,
    /// Half a kick and free flow: the other half is left to be given by another state.
    Opening,
}

/// One step for dz/dt = -i d(H_c + <psi|H_qc|psi>)/dz* with psi frozen.
pub trait FrozenStep {
    /// Moves the coordinates and brings `h` up to date.
    fn advance(&mut self, z: &mut Phase, psi: &Vector, h: &mut Matrix);
}

/// The step for any model.
pub struct GeneralStep<'a> {
    model: &'a dyn Model,
    motion: Motion,
    t: f64,
    flow: Flow,
    slope: Phase,
    stage: Phase,
    sum: Phase,
}

impl<'a> GeneralStep<'a> {
    /// Steps of length `t`.
    pub fn new(model: &'a dyn Model, motion: Motion, t: f64) -> Self {
        let zero = || Phase::zero(model.bath().coordinates());
        Self { model, motion, t, flow: model.bath().flow(t), slope: zero(), stage: zero(), sum: zero() }
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

    fn runge_kutta(&mut self, z: &mut Phase, psi: &Vector) {
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

impl FrozenStep for GeneralStep<'_> {
    fn advance(&mut self, z: &mut Phase, psi: &Vector, h: &mut Matrix) {
        if self.motion == Motion::RungeKutta {
            self.runge_kutta(z, psi);
        } else {
            self.model.kick(0.5 * self.t, z, psi, &mut self.slope);
            self.flow.advance(z);
        }
        if self.motion == Motion::Symmetric {
            self.model.kick(0.5 * self.t, z, psi, &mut self.slope);
        }
        self.model.hamiltonian(z, h);
    }
}
