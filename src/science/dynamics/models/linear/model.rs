//! How do harmonic modes with linear couplings implement [`Model`]?
use super::affine::AffineStep;
use super::{Group, LinearModel, Operator};
use crate::science::dynamics::models::{ClassicalScheme, ClassicalStep, Model};
use crate::science::dynamics::{Bath, LANES, Lanes, Matrix, PhaseSpace, Vector, ZERO};
use crate::science::simd::dispatch;
use crate::seed::Stream;

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

    fn hamiltonian(&self, z: &PhaseSpace, h: &mut Matrix) {
        self.set_uncoupled(h);
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

    fn gradient(&self, _z: &PhaseSpace, bra: &Vector, ket: &Vector, out: &mut PhaseSpace) {
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

    fn kick(&self, t: &Lanes, z: &mut PhaseSpace, psi: &Vector, _force: &mut PhaseSpace) {
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

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut PhaseSpace) {
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
            let mode_variance = |j: usize| {
                let (q, _) = self.bath.spread(self.thermal_energy, self.sampling, j);
                let (x, _) = self.bath.to_complex(j, q, 0.0);
                (2.0 * self.couplings[j] * x).powi(2)
            };
            group.modes.clone().map(mode_variance).sum()
        };
        let variances: Vec<f64> = self.groups.iter().map(variance).collect();
        let state_variance = |n: usize| -> f64 {
            let weight = |operator: &Operator| match operator {
                Operator::Diagonal(weights) => weights[n],
                Operator::Elements(_) => operator.norm(self.states),
            };
            self.groups.iter().zip(&variances).map(|(group, variance)| weight(&group.operator).powi(2) * variance).sum()
        };
        let largest = (0..self.states).map(state_variance).fold(0.0, f64::max);
        let (margin, [lowest, highest]) = (5.0 * libm::sqrt(largest), gershgorin_bounds(&self.h_q, self.states));
        [lowest - margin, highest + margin]
    }

    fn classical_step(&self, scheme: ClassicalScheme, t: f64) -> Box<dyn ClassicalStep + '_> {
        Box::new(AffineStep::new(self, scheme, t))
    }
}

/// Lower and upper bound on the eigenvalues of a constant Hermitian matrix `[S * S]`, by Gershgorin's discs.
fn gershgorin_bounds(h: &[[f64; 2]], states: usize) -> [f64; 2] {
    let size = |place: usize| libm::hypot(h[place][0], h[place][1]);
    let disc = |i: usize| -> [f64; 2] {
        let (centre, radius) =
            (h[i * states + i][0], (0..states).filter(|&j| j != i).map(|j| size(i * states + j)).sum::<f64>());
        [centre - radius, centre + radius]
    };
    let wider = |[lowest, highest]: [f64; 2], disc: [f64; 2]| [lowest.min(disc[0]), highest.max(disc[1])];
    (0..states).map(disc).reduce(wider).unwrap_or_default()
}

dispatch! {
    /// y <- y - g f for every mode.
    fn kick_modes(couplings: &[f64], impulse: &Lanes, y: &mut [Lanes]) {
        let impulse = *impulse;
        for (g, y) in couplings.iter().zip(y) {
            for l in 0..LANES {
                y[l] -= g * impulse[l];
            }
        }
    }
}
