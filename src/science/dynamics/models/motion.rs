//! How do coordinates move while the quantum state stands still?
use super::Model;
use crate::science::dynamics::bath::Flow;
use crate::science::dynamics::{LANES, Lane, Matrix, Phase, Vector};

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

/// What acts on the coordinates while they move.
#[derive(Clone, Copy)]
pub struct Frozen<'a> {
    pub psi: &'a Vector,
    /// The surface whose Berry force is felt, where the model has one.
    pub active: &'a [usize; LANES],
}

/// One step for dz/dt = -i d(H_c + <psi|H_qc|psi>)/dz* with psi frozen.
pub trait FrozenStep {
    /// Moves the coordinates by the step that was prepared, and brings `h`, which is the Hamiltonian elsewhere, up to date.
    fn advance(&mut self, z: &mut Phase, frozen: Frozen, h: &mut Matrix);

    /// The same for coordinates that were at `from`, which saves the one who wants to keep them a copy.
    fn advance_from(&mut self, from: &Phase, z: &mut Phase, frozen: Frozen, h: &mut Matrix) {
        z.copy_from(from);
        self.advance(z, frozen, h);
    }

    /// The same with a step `t` of each lane's own.
    fn advance_by(&mut self, t: &Lane, from: &Phase, z: &mut Phase, frozen: Frozen, h: &mut Matrix);
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
    fn differentiate(&mut self, frozen: Frozen) {
        self.model.gradient(&self.stage, frozen.psi, frozen.psi, &mut self.slope);
        self.model.add_berry_force(&self.stage, frozen.active, &mut self.slope);
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

    fn runge_kutta(&mut self, t: &Lane, z: &mut Phase, frozen: Frozen) {
        self.stage.clone_from(z);
        self.sum.clone_from(z);
        for (weight, reach) in [(1.0 / 6.0, 0.5), (1.0 / 3.0, 0.5), (1.0 / 3.0, 1.0), (1.0 / 6.0, 0.0)] {
            self.differentiate(frozen);
            for j in 0..z.x.len() {
                for l in 0..LANES {
                    let (part, ahead) = (weight * t[l], reach * t[l]);
                    self.sum.x[j][l] += part * self.slope.x[j][l];
                    self.sum.y[j][l] += part * self.slope.y[j][l];
                    self.stage.x[j][l] = z.x[j][l] + ahead * self.slope.x[j][l];
                    self.stage.y[j][l] = z.y[j][l] + ahead * self.slope.y[j][l];
                }
            }
        }
        z.clone_from(&self.sum);
    }

    /// `flow` moves the coordinates freely for the time `t`.
    fn kick_and_flow(&mut self, t: &Lane, z: &mut Phase, frozen: Frozen, flow: impl FnOnce(&mut Phase)) {
        let half = t.map(|t| 0.5 * t);
        self.model.kick(&half, z, frozen.psi, &mut self.slope);
        self.model.turn_momenta(&half, frozen.active, z);
        flow(z);
        if self.motion == Motion::Symmetric {
            self.model.turn_momenta(&half, frozen.active, z);
            self.model.kick(&half, z, frozen.psi, &mut self.slope);
        }
    }
}

impl FrozenStep for GeneralStep<'_> {
    fn advance(&mut self, z: &mut Phase, frozen: Frozen, h: &mut Matrix) {
        let t = [self.t; LANES];
        if self.motion == Motion::RungeKutta {
            self.runge_kutta(&t, z, frozen);
        } else {
            let flow = std::mem::take(&mut self.flow);
            self.kick_and_flow(&t, z, frozen, |z| flow.advance(z));
            self.flow = flow;
        }
        self.model.hamiltonian(z, h);
    }

    fn advance_by(&mut self, t: &Lane, from: &Phase, z: &mut Phase, frozen: Frozen, h: &mut Matrix) {
        z.copy_from(from);
        if self.motion == Motion::RungeKutta {
            self.runge_kutta(t, z, frozen);
        } else {
            let bath = self.model.bath();
            self.kick_and_flow(t, z, frozen, |z| bath.flow_by(t, z));
        }
        self.model.hamiltonian(z, h);
    }
}
