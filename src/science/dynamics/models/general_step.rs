//! The step of the coordinates for any model, by its gradient.
use super::{ClassicalScheme, ClassicalStep, FrozenState, Model};
use crate::science::dynamics::bath::Flow;
use crate::science::dynamics::{LANES, Lanes, Matrix, PhaseSpace};

pub struct GeneralStep<'a> {
    model: &'a dyn Model,
    scheme: ClassicalScheme,
    t: f64,
    flow: Flow,
    slope: PhaseSpace,
    stage: PhaseSpace,
    sum: PhaseSpace,
}

impl<'a> GeneralStep<'a> {
    pub fn new(model: &'a dyn Model, scheme: ClassicalScheme, t: f64) -> Self {
        let zero = || PhaseSpace::zero(model.bath().coordinates());
        Self { model, scheme, t, flow: model.bath().flow(t), slope: zero(), stage: zero(), sum: zero() }
    }

    /// Sets `slope` to dz/dt at `stage`.
    fn differentiate(&mut self, frozen: FrozenState) {
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

    fn runge_kutta(&mut self, t: &Lanes, z: &mut PhaseSpace, frozen: FrozenState) {
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

    /// Half a kick, then `flow`, the free motion for the time `t`, then another half kick in a kick-drift-kick step.
    fn kick_drift(&mut self, t: &Lanes, z: &mut PhaseSpace, frozen: FrozenState, flow: impl FnOnce(&mut PhaseSpace)) {
        let half = t.map(|t| 0.5 * t);
        self.model.kick(&half, z, frozen.psi, &mut self.slope);
        self.model.rotate_momenta(&half, frozen.active, z);
        flow(z);
        if self.scheme == ClassicalScheme::KickDriftKick {
            self.model.rotate_momenta(&half, frozen.active, z);
            self.model.kick(&half, z, frozen.psi, &mut self.slope);
        }
    }
}

impl ClassicalStep for GeneralStep<'_> {
    fn advance(&mut self, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        let t = [self.t; LANES];
        if self.scheme == ClassicalScheme::RungeKutta {
            self.runge_kutta(&t, z, frozen);
        } else {
            let flow = std::mem::take(&mut self.flow);
            self.kick_drift(&t, z, frozen, |z| flow.advance(z));
            self.flow = flow;
        }
        self.model.hamiltonian(z, h);
    }

    fn advance_by(&mut self, t: &Lanes, from: &PhaseSpace, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        z.copy_from(from);
        if self.scheme == ClassicalScheme::RungeKutta {
            self.runge_kutta(t, z, frozen);
        } else {
            let bath = self.model.bath();
            self.kick_drift(t, z, frozen, |z| bath.flow_by(t, z));
        }
        self.model.hamiltonian(z, h);
    }
}
