//! What is common to all models of harmonic modes that couple linearly to the states?
//!
//! H_qc = sum over groups G of modes sum_{j in G} g_j (B_G z_j + B_G^+ z_j*). Most couplings only shift the energies of states: B is
//! then a list of weights. Forces are formed per group, never as a `[modes, states, states]` array, and a step under a constant
//! force is one affine map per mode.
use super::affine::AffineStep;
use super::{Bath, FrozenStep, Model, Motion, Phase, Sampling, range_of, weighted_population};
use crate::science::dynamics::widest::widest;
use crate::science::dynamics::{LANES, Lane, Matrix, Vector, ZERO};
use crate::seed::Stream;
use std::ops::Range;

/// How modes act on the states: B of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// A real number on the diagonal for each state.
    Diagonal(Vec<f64>),
    /// Any matrix by its elements (row, column, real and imaginary part), each given once.
    Elements(Vec<(usize, usize, [f64; 2])>),
}

/// Modes that act on the states alike.
#[derive(Clone, Debug)]
pub struct Group {
    pub modes: Range<usize>,
    pub operator: Operator,
}

/// Harmonic modes coupled linearly to states.
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

impl Operator {
    /// Whether B has no imaginary part and is symmetric: then z appears as z + z* only, and H is real if H_q is.
    fn is_real_symmetric(&self) -> bool {
        let Self::Elements(elements) = self else { return true };
        let has = |row: usize, column: usize, value: [f64; 2]| elements.contains(&(row, column, value));
        elements.iter().all(|&(row, column, value)| value[1] == 0.0 && has(column, row, value))
    }

    /// Whether B is its own adjoint: then z appears as z + z* only.
    fn is_hermitian(&self) -> bool {
        let Self::Elements(elements) = self else { return true };
        let has = |row: usize, column: usize, value: [f64; 2]| elements.contains(&(row, column, value));
        elements.iter().all(|&(row, column, [re, im])| has(column, row, [re, -im]))
    }

    /// <bra|B^+|ket>.
    fn force(&self, bra: &Vector, ket: &Vector) -> (Lane, Lane) {
        let (mut re, mut im) = (ZERO, ZERO);
        match self {
            Self::Diagonal(weights) => {
                for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let (a, b) = bra.product(ket, n);
                    for l in 0..LANES {
                        re[l] += weight * a[l];
                        im[l] += weight * b[l];
                    }
                }
            }
            Self::Elements(elements) => {
                for &(row, column, [u, v]) in elements {
                    // conj(B[row, column]) conj(bra[column]) ket[row]
                    let (a, b, c, d) = (&bra.re[column], &bra.im[column], &ket.re[row], &ket.im[row]);
                    for l in 0..LANES {
                        let (p, q) = (a[l] * c[l] + b[l] * d[l], a[l] * d[l] - b[l] * c[l]);
                        re[l] += u * p + v * q;
                        im[l] += u * q - v * p;
                    }
                }
            }
        }
        (re, im)
    }

    /// Largest sum of a row's magnitudes: no eigenvalue of a Hermitian B is larger.
    fn norm(&self, states: usize) -> f64 {
        match self {
            Self::Diagonal(weights) => weights.iter().fold(0.0, |largest, weight| largest.max(weight.abs())),
            Self::Elements(elements) => {
                let row = |n: usize| -> f64 {
                    elements.iter().filter(|element| element.0 == n).map(|(_, _, [u, v])| libm::hypot(*u, *v)).sum()
                };
                (0..states).map(row).fold(0.0, f64::max)
            }
        }
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
        self.h_q.iter().all(|[_, im]| *im == 0.0) && self.groups.iter().all(|group| group.operator.is_real_symmetric())
    }

    fn couples(&self, i: usize, j: usize) -> bool {
        let has = |group: &Group| match &group.operator {
            Operator::Diagonal(weights) => i == j && weights[i] != 0.0,
            Operator::Elements(elements) => elements.iter().any(|e| (e.0, e.1) == (i, j) || (e.1, e.0) == (i, j)),
        };
        self.h_q[i * self.states + j] != [0.0; 2] || self.groups.iter().any(has)
    }

    fn depends_on_momenta(&self) -> bool {
        !self.groups.iter().all(|group| group.operator.is_hermitian())
    }

    fn hamiltonian(&self, z: &Phase, h: &mut Matrix) {
        self.uncoupled(h);
        for group in &self.groups {
            let (mut re, mut im) = (ZERO, ZERO);
            for j in group.modes.clone() {
                let g = self.couplings[j];
                for l in 0..LANES {
                    re[l] += 2.0 * g * z.x[j][l];
                    im[l] += 2.0 * g * z.y[j][l];
                }
            }
            self.add_shift(group, &re, &im, h);
        }
    }

    fn gradient(&self, _z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase) {
        for group in &self.groups {
            let (re, im) = group.operator.force(bra, ket);
            for j in group.modes.clone() {
                let g = self.couplings[j];
                for l in 0..LANES {
                    out.x[j][l] = g * re[l];
                    out.y[j][l] = g * im[l];
                }
            }
        }
    }

    fn kick(&self, t: &Lane, z: &mut Phase, psi: &Vector, _force: &mut Phase) {
        for group in &self.groups {
            let (force, across) = self.frozen_force(group, psi);
            let impulse = std::array::from_fn(|l| t[l] * force[l]);
            kick_modes(&self.couplings[group.modes.clone()], &impulse, &mut z.y[group.modes.clone()]);
            if let Some(across) = across {
                let impulse = std::array::from_fn(|l| -t[l] * across[l]);
                kick_modes(&self.couplings[group.modes.clone()], &impulse, &mut z.x[group.modes.clone()]);
            }
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

    fn spectral_range(&self) -> [f64; 2] {
        // The energies of states fluctuate with a variance of sum |B|^2 (2 g)^2 <x^2>.
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
            let weight = |operator: &Operator| match operator {
                Operator::Diagonal(weights) => weights[n],
                Operator::Elements(_) => operator.norm(self.states),
            };
            self.groups.iter().zip(&variances).map(|(group, variance)| weight(&group.operator).powi(2) * variance).sum()
        };
        let largest = (0..self.states).map(of_state).fold(0.0, f64::max);
        let (beyond, [lowest, highest]) = (5.0 * libm::sqrt(largest), range_of(&self.h_q, self.states));
        [lowest - beyond, highest + beyond]
    }

    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_> {
        Box::new(AffineStep::new(self, motion, t))
    }
}

impl LinearModel {
    /// h = H_q.
    pub(super) fn uncoupled(&self, h: &mut Matrix) {
        for (place, [re, im]) in self.h_q.iter().enumerate() {
            (h.re[place], h.im[place]) = ([*re; LANES], [*im; LANES]);
        }
    }

    /// The same for the diagonal alone.
    pub(super) fn uncouple_energies(&self, h: &mut Matrix) {
        for place in (0..self.states).map(|n| n * self.states + n) {
            h.re[place] = [self.h_q[place][0]; LANES];
        }
    }

    /// Adds (B S + B^+ S*)/2, where S = 2 sum g_j z_j of a group, to the Hamiltonian.
    pub(super) fn add_shift(&self, group: &Group, re: &Lane, im: &Lane, h: &mut Matrix) {
        let n = self.states;
        match &group.operator {
            Operator::Diagonal(weights) => {
                for (k, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let diagonal = &mut h.re[k * n + k];
                    (0..LANES).for_each(|l| diagonal[l] += weight * re[l]);
                }
            }
            Operator::Elements(elements) => {
                for &(row, column, [u, v]) in elements {
                    for l in 0..LANES {
                        let (a, b) = (0.5 * (u * re[l] - v * im[l]), 0.5 * (u * im[l] + v * re[l]));
                        h.re[row * n + column][l] += a;
                        h.im[row * n + column][l] += b;
                        h.re[column * n + row][l] += a;
                        h.im[column * n + row][l] -= b;
                    }
                }
            }
        }
    }

    /// <psi|B^+|psi>, and its imaginary part where it has any.
    pub(super) fn frozen_force(&self, group: &Group, psi: &Vector) -> (Lane, Option<Lane>) {
        match &group.operator {
            Operator::Diagonal(weights) => (weighted_population(weights, psi), None),
            operator => {
                let (re, im) = operator.force(psi, psi);
                (re, Some(im))
            }
        }
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
