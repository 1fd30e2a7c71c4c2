//! The Hamiltonian of harmonic modes that couple linearly to the states, and the forces that a state exerts on them.
use super::{Group, Operator};
use crate::science::dynamics::{Bath, LANES, Lanes, Matrix, Sampling, Vector, ZERO};

#[derive(Clone, Debug)]
pub struct LinearModel {
    pub states: usize,
    /// H_q `[S * S]`, row-major, real and imaginary part.
    pub h_q: Vec<[f64; 2]>,
    pub bath: Bath,
    /// g_j of every mode, `[C]`.
    pub couplings: Vec<f64>,
    pub groups: Vec<Group>,
    pub thermal_energy: f64,
    pub sampling: Sampling,
}

impl LinearModel {
    /// h = H_q.
    pub(super) fn set_uncoupled(&self, h: &mut Matrix) {
        for (place, [re, im]) in self.h_q.iter().enumerate() {
            (h.re[place], h.im[place]) = ([*re; LANES], [*im; LANES]);
        }
    }

    /// Sets the diagonal of h to that of H_q.
    pub(super) fn set_uncoupled_diagonal(&self, h: &mut Matrix) {
        for place in (0..self.states).map(|n| n * self.states + n) {
            h.re[place] = [self.h_q[place][0]; LANES];
        }
    }

    /// Adds (B S + B^+ S*)/2, where S = 2 sum g_j z_j of a group, to the Hamiltonian.
    pub(super) fn add_shift(&self, group: &Group, re: &Lanes, im: &Lanes, h: &mut Matrix) {
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

    /// <psi|B^+|psi>: its real part, and its imaginary part where B is not diagonal.
    pub(super) fn frozen_force(&self, group: &Group, psi: &Vector) -> (Lanes, Option<Lanes>) {
        match &group.operator {
            Operator::Diagonal(weights) => (weighted_population(weights, psi), None),
            operator => {
                let (re, im) = operator.force(psi, psi);
                (re, Some(im))
            }
        }
    }
}

/// sum_n w_n |psi_n|^2.
fn weighted_population(weights: &[f64], psi: &Vector) -> Lanes {
    let mut sum = ZERO;
    for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        let population = psi.population(n);
        (0..LANES).for_each(|l| sum[l] += weight * population[l]);
    }
    sum
}
