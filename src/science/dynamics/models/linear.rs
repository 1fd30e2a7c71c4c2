//! What is common to all models of harmonic modes that shift the energies of states?
//!
//! H_qc is diagonal and linear: <n|H_qc|n> = sum over groups G of `W[G][n]` sum_{j in G} g_j (z_j + z_j*). Forces are formed per
//! group, never as a `[modes, states, states]` array, and a step under a constant force is one affine map per mode.
use super::{Bath, FrozenStep, Model, Motion, Phase, Sampling, radius_of, weighted_population};
use crate::science::dynamics::widest::widest;
use crate::science::dynamics::{LANES, Lane, Matrix, Vector, ZERO};
use crate::seed::Stream;
use std::ops::Range;

/// Modes that act on the states with the same weights.
#[derive(Clone, Debug)]
pub struct Group {
    pub modes: Range<usize>,
    /// Weight of each state, `W[n]`.
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
    /// The sum over states of `W[n]` conj(bra_n) ket_n, for every group.
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

    fn is_real(&self) -> bool {
        self.h_q.iter().all(|[_, im]| *im == 0.0)
    }

    fn hamiltonian(&self, z: &Phase, h: &mut Matrix) {
        self.uncoupled(h);
        for group in &self.groups {
            let mut shift = ZERO;
            for j in group.modes.clone() {
                let g = 2.0 * self.couplings[j];
                (0..LANES).for_each(|l| shift[l] += g * z.x[j][l]);
            }
            self.add_shift(group, &shift, h);
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
            let impulse = weighted_population(&group.weights, psi).map(|force| t * force);
            kick_modes(&self.couplings[group.modes.clone()], &impulse, &mut z.y[group.modes.clone()]);
        }
    }

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut Phase) {
        self.bath.draw(self.thermal_energy, self.sampling, lane, stream, z);
    }

    fn energy_scale(&self) -> f64 {
        let energy = |j: usize| {
            let (m, w) = (self.bath.masses[j], self.bath.frequencies[j]);
            let (q, p) = self.bath.spread(self.thermal_energy, self.sampling, j);
            0.5 * (p * p / m + m * w * w * q * q)
        };
        2.0 * (0..self.bath.coordinates()).map(energy).sum::<f64>() + self.spectral_radius()
    }

    fn spectral_radius(&self) -> f64 {
        // The energies of states fluctuate with a variance of sum W^2 (2 g)^2 <x^2>.
        let variance = |group: &Group| -> f64 {
            let of_mode = |j: usize| {
                let (q, _) = self.bath.spread(self.thermal_energy, self.sampling, j);
                let (x, _) = self.bath.to_complex(j, q, 0.0);
                (2.0 * self.couplings[j] * x).powi(2)
            };
            group.modes.clone().map(of_mode).sum()
        };
        let variances: Vec<f64> = self.groups.iter().map(variance).collect();
        let of_state = |n: usize| -> f64 {
            self.groups.iter().zip(&variances).map(|(group, variance)| group.weights[n].powi(2) * variance).sum()
        };
        let largest = (0..self.states).map(of_state).fold(0.0, f64::max);
        radius_of(&self.h_q, self.states) + 5.0 * libm::sqrt(largest)
    }

    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_> {
        Box::new(AffineStep {
            model: self,
            maps: (0..self.bath.coordinates()).map(|j| self.map(motion, j, t)).collect(),
        })
    }
}

/// A step of one mode under a constant force f: x <- m0 x + m1 y + m2 f, y <- m3 x + m4 y + m5 f.
type Map = [f64; 6];

impl LinearModel {
    /// h = H_q.
    fn uncoupled(&self, h: &mut Matrix) {
        for (place, [re, im]) in self.h_q.iter().enumerate() {
            (h.re[place], h.im[place]) = ([*re; LANES], [*im; LANES]);
        }
    }

    /// Adds `W[n]` `shift` to the energies of the states.
    fn add_shift(&self, group: &Group, shift: &Lane, h: &mut Matrix) {
        for (n, weight) in group.weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            let diagonal = &mut h.re[n * self.states + n];
            (0..LANES).for_each(|l| diagonal[l] += weight * shift[l]);
        }
    }

    /// The step of length `t` of mode j.
    fn map(&self, motion: Motion, j: usize, t: f64) -> Map {
        let g = self.couplings[j];
        let [r0, r1, r2, r3] = self.bath.flow_of(j, t);
        let half = 0.5 * t * g;
        match motion {
            Motion::RungeKutta => self.runge_kutta_map(j, t),
            Motion::Opening => [r0, r1, -r1 * half, r2, r3, -r3 * half],
            Motion::Symmetric => [r0, r1, -r1 * half, r2, r3, -(1.0 + r3) * half],
        }
    }

    /// u' = A u + b with A^2 = -w^2 is solved by the method of Runge and Kutta to u + (t A + t^2 A^2/2 + t^3 A^3/6 + t^4 A^4/24) u
    /// + t (1 + t A/2 + t^2 A^2/6 + t^3 A^3/24) b.
    fn runge_kutta_map(&self, j: usize, t: f64) -> Map {
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
    maps: Vec<Map>,
}

impl FrozenStep for AffineStep<'_> {
    fn advance(&mut self, z: &mut Phase, psi: &Vector, h: &mut Matrix) {
        self.model.uncoupled(h);
        for group in &self.model.groups {
            let modes = group.modes.clone();
            let force = weighted_population(&group.weights, psi);
            let (maps, couplings) = (&self.maps[modes.clone()], &self.model.couplings[modes.clone()]);
            let mut shift = ZERO;
            move_modes(maps, couplings, &force, &mut z.x[modes.clone()], &mut z.y[modes], &mut shift);
            self.model.add_shift(group, &shift, h);
        }
    }
}

widest! {
    /// Moves modes by their maps and adds 2 g x of each to `shift`: one pass over the coordinates, which are the most memory.
    fn move_modes(maps: &[Map], couplings: &[f64], force: &Lane, x: &mut [Lane], y: &mut [Lane], shift: &mut Lane) {
        let force = *force;
        let mut sum = ZERO;
        for (((m, g), x), y) in maps.iter().zip(couplings).zip(x).zip(y) {
            let g = 2.0 * g;
            for l in 0..LANES {
                let (u, v) = (x[l], y[l]);
                x[l] = m[0] * u + m[1] * v + m[2] * force[l];
                y[l] = m[3] * u + m[4] * v + m[5] * force[l];
                sum[l] += g * x[l];
            }
        }
        *shift = sum;
    }
}

widest! {
    /// y <- y - g f.
    fn kick_modes(couplings: &[f64], impulse: &Lane, y: &mut [Lane]) {
        let impulse = *impulse;
        for (g, y) in couplings.iter().zip(y) {
            for l in 0..LANES {
                y[l] -= g * impulse[l];
            }
        }
    }
}
