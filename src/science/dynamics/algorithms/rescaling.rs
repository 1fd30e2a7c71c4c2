//! How does a trajectory pay for a hop?
use crate::science::dynamics::{Bath, Phase};

/// What a hop that the coordinates cannot pay for does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frustrated {
    /// Nothing.
    Keep,
    /// The momentum along the rescaling direction is reversed.
    Reverse,
    /// It is reversed where the force of the surface aimed at pushes against it along that direction (Jasper and Truhlar, Chem. Phys. Lett.
    /// 369, 60, 2003, doi:10.1016/S0009-2614(02)01990-5).
    JasperTruhlar,
}

/// The condition that a shift z <- z - i gamma d keeps the energy: a gamma^2 - b gamma + gap = 0.
pub struct Rescaling {
    a: f64,
    b: f64,
}

impl Rescaling {
    /// Along `d` in lane `l`.
    pub fn along(bath: &Bath, z: &Phase, d: &Phase, l: usize) -> Self {
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

    /// The smaller root, or none where the coordinates cannot pay or there is no direction to take it from.
    pub fn for_gap(&self, gap: f64) -> Option<f64> {
        let discriminant = self.b * self.b - 4.0 * self.a * gap;
        if self.a == 0.0 || discriminant < 0.0 || discriminant.is_nan() {
            return None;
        }
        let root = discriminant.sqrt();
        // The root of smaller magnitude, without cancellation.
        let far = self.b + if self.b < 0.0 { -root } else { root };
        Some(if far == 0.0 { 0.0 } else { 2.0 * gap / far })
    }

    /// The shift that turns the momentum around along the direction and keeps the energy.
    pub fn reversing(&self) -> f64 {
        if self.a == 0.0 { 0.0 } else { self.b / self.a }
    }

    /// Whether a quantum force, a gradient with respect to z*, together with that of the bath pushes against the motion along `d`.
    pub fn is_opposed(&self, bath: &Bath, z: &Phase, d: &Phase, force: &Phase, l: usize) -> bool {
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
pub fn shift(z: &mut Phase, d: &Phase, l: usize, gamma: f64) {
    for j in 0..z.x.len() {
        z.x[j][l] += gamma * d.y[j][l];
        z.y[j][l] -= gamma * d.x[j][l];
    }
}
