//! What is common to all models of harmonic modes that shift the energies of states?
//!
//! H_qc is diagonal and linear: <n|H_qc|n> = sum over groups G of W[G][n] sum_{j in G} g_j (z_j + z_j*). Forces are formed per
//! group, never as a [modes, states, states] array, and a Runge-Kutta step under a constant force is one affine map per mode.
use super::{Bath, FrozenStep, Model, Phase, Sampling, weighted_population, width_of};
use crate::science::dynamics::{LANES, Lane, Matrix, Vector, ZERO};
use crate::seed::Stream;
use std::ops::Range;

/// Modes that act on the states with the same weights.
#[derive(Clone, Debug)]
pub struct Group {
    pub modes: Range<usize>,
    /// Weight of each state, W[n].
    pub weights: Vec<f64>,
}

/// Harmonic modes coupled linearly to the energies of states.
#[derive(Clone, Debug)]
pub struct LinearModel {
    pub states: usize,
    /// H_q, row-major, real and imaginary part.
    pub h_q: Vec<[f64; 2]>,
    pub bath: Bath,
    /// g_j of every mode.
    pub couplings: Vec<f64>,
    pub groups: Vec<Group>,
    pub thermal_energy: f64,
    pub sampling: Sampling,
}

impl LinearModel {
    /// The sum over states of W[n] conj(bra_n) ket_n, for every group.
    fn group_forces<'a>(&'a self, bra: &'a Vector, ket: &'a Vector) -> impl Iterator<Item = (&'a Group, Lane, Lane)> {
        self.groups.iter().map(move |group| {
            let (mut re, mut im) = (ZERO, ZERO);
            for (n, weight) in group.weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                let (a, b) = bra.product(ket, n);
                (0..LANES).for_each(|l| {
                    re[l] += weight * a[l];
                    im[l] += weight * b[l];
                });
            }
            (group, re, im)
        })
    }
}

impl Model for LinearModel {
    fn states(&self) -> usize {
        self.states
    }

    fn bath(&self) -> &Bath {
        &self.bath
    }

    fn hamiltonian(&self, z: &Phase, h: &mut Matrix) {
        for (place, [re, im]) in self.h_q.iter().enumerate() {
            (h.re[place], h.im[place]) = ([*re; LANES], [*im; LANES]);
        }
        for group in &self.groups {
            let mut shift = ZERO;
            for j in group.modes.clone() {
                let g = 2.0 * self.couplings[j];
                (0..LANES).for_each(|l| shift[l] += g * z.x[j][l]);
            }
            for (n, weight) in group.weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                let diagonal = &mut h.re[n * self.states + n];
                (0..LANES).for_each(|l| diagonal[l] += weight * shift[l]);
            }
        }
    }

    fn gradient(&self, _z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase) {
        for (group, re, im) in self.group_forces(bra, ket) {
            for j in group.modes.clone() {
                let g = self.couplings[j];
                for l in 0..LANES {
                    out.x[j][l] = g * re[l];
                    out.y[j][l] = g * im[l];
                }
            }
        }
    }

    fn kick(&self, t: f64, z: &mut Phase, psi: &Vector, _force: &mut Phase) {
        for group in &self.groups {
            let force = weighted_population(&group.weights, psi);
            for j in group.modes.clone() {
                let g = t * self.couplings[j];
                (0..LANES).for_each(|l| z.y[j][l] -= g * force[l]);
            }
        }
    }

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut Phase) {
        self.bath.draw(self.thermal_energy, self.sampling, lane, stream, z);
    }

    fn energy_scale(&self) -> f64 {
        2.0 * self.thermal_energy * self.bath.coordinates() as f64 + self.spectral_width() + 1.0
    }

    fn spectral_width(&self) -> f64 {
        width_of(&self.h_q, self.states)
    }

    fn fourth_order(&self, t: f64) -> Box<dyn FrozenStep + '_> {
        Box::new(AffineStep { model: self, maps: (0..self.bath.coordinates()).map(|j| self.affine(j, t)).collect() })
    }
}

impl LinearModel {
    /// The step of length `t` of mode j under a constant force f: x <- m0 x + m1 y + m2 f, y <- m3 x + m4 y + m5 f.
    ///
    /// u' = A u + b with A^2 = -w^2 is solved by the method of Runge and Kutta to u + (t A + t^2 A^2/2 + t^3 A^3/6 + t^4 A^4/24) u
    /// + t (1 + t A/2 + t^2 A^2/6 + t^3 A^3/24) b.
    fn affine(&self, j: usize, t: f64) -> [f64; 6] {
        let (h, w, g) = (self.bath.weights[j], self.bath.frequencies[j], self.couplings[j]);
        let (k, theta) = (w * w / h, w * t * w * t);
        let even = 1.0 - theta / 2.0 + theta * theta / 24.0;
        let odd = t * (1.0 - theta / 6.0);
        let odd_b = 0.5 * t * t * (1.0 - theta / 12.0);
        [even, odd * h, -odd_b * h * g, -odd * k, even, -odd * g]
    }
}

struct AffineStep<'a> {
    model: &'a LinearModel,
    maps: Vec<[f64; 6]>,
}

impl FrozenStep for AffineStep<'_> {
    fn advance(&mut self, z: &mut Phase, psi: &Vector) {
        for group in &self.model.groups {
            let force = weighted_population(&group.weights, psi);
            for j in group.modes.clone() {
                let (m, x, y) = (&self.maps[j], &mut z.x[j], &mut z.y[j]);
                for l in 0..LANES {
                    let (u, v) = (x[l], y[l]);
                    x[l] = m[0] * u + m[1] * v + m[2] * force[l];
                    y[l] = m[3] * u + m[4] * v + m[5] * force[l];
                }
            }
        }
    }
}
