//! How is the momentum rescaled after a hop, and what happens in a frustrated hop?
//!
//! A hop changes the quantum energy by a gap. The classical energy makes up for it by a shift of the coordinates, z <- z - i gamma d, along a
//! direction d, which is the derivative coupling in general: for real couplings a change of the momentum. A hop without a solution gamma is
//! frustrated.
use crate::science::dynamics::{Bath, PhaseSpace};

/// What a frustrated hop does to the momentum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frustrated {
    /// Nothing.
    Keep,
    /// The momentum along the rescaling direction is reversed.
    Reverse,
    /// It is reversed if the force of the target surface opposes it along that direction (Jasper and Truhlar, Chem. Phys. Lett.
    /// 369, 60, 2003, doi:10.1016/S0009-2614(02)01990-5).
    JasperTruhlar,
}

/// The condition that a shift z <- z - i gamma d conserves the total energy: a gamma^2 - b gamma + gap = 0.
pub struct Rescaling {
    a: f64,
    b: f64,
}

impl Rescaling {
    /// The condition along the direction `d` in lane `l`.
    pub fn along(bath: &Bath, z: &PhaseSpace, d: &PhaseSpace, l: usize) -> Self {
        let (mut a, mut b) = (0.0, 0.0);
        for j in 0..bath.coordinates() {
            let (h, k) = (bath.weights[j], bath.frequencies[j] * bath.frequencies[j] / bath.weights[j]);
            let (dr, di) = (d.x[j][l], d.y[j][l]);
            // H_c(z - i gamma d) = sum h (y - gamma dr)^2 + k (x + gamma di)^2
            a += h * dr * dr + k * di * di;
            b += 2.0 * (h * z.y[j][l] * dr - k * z.x[j][l] * di);
        }
        Self { a, b }
    }

    /// The gamma of smaller magnitude that compensates the energy `gap`; none if the hop is frustrated: too little energy along the direction, or no
    /// direction.
    pub fn shift_for_gap(&self, gap: f64) -> Option<f64> {
        let discriminant = self.b * self.b - 4.0 * self.a * gap;
        if self.a == 0.0 || discriminant < 0.0 || discriminant.is_nan() {
            return None;
        }
        let root = discriminant.sqrt();
        // The root of smaller magnitude, without cancellation.
        let far = self.b + if self.b < 0.0 { -root } else { root };
        Some(if far == 0.0 { 0.0 } else { 2.0 * gap / far })
    }

    /// Whether no shift along the direction changes the energy.
    pub fn has_no_direction(&self) -> bool {
        self.a == 0.0 && self.b == 0.0
    }

    /// The gamma that reverses the momentum along the direction and conserves the energy.
    pub fn shift_to_reverse(&self) -> f64 {
        if self.a == 0.0 { 0.0 } else { self.b / self.a }
    }

    /// Whether a quantum force (`force`, a gradient with respect to z*) together with that of the bath opposes the motion along `d`.
    pub fn is_opposed(&self, bath: &Bath, z: &PhaseSpace, d: &PhaseSpace, force: &PhaseSpace, l: usize) -> bool {
        let mut rate = 0.0;
        for j in 0..bath.coordinates() {
            let (h, k) = (bath.weights[j], bath.frequencies[j] * bath.frequencies[j] / bath.weights[j]);
            // dx/dt = h y + Im f, dy/dt = -k x - Re f
            rate -= h * (k * z.x[j][l] + force.x[j][l]) * d.x[j][l];
            rate -= k * (h * z.y[j][l] + force.y[j][l]) * d.y[j][l];
        }
        self.b * rate < 0.0
    }
}

/// z <- z - i gamma d in one lane.
pub fn shift(z: &mut PhaseSpace, d: &PhaseSpace, l: usize, gamma: f64) {
    for j in 0..z.x.len() {
        z.x[j][l] += gamma * d.y[j][l];
        z.y[j][l] -= gamma * d.x[j][l];
    }
}
