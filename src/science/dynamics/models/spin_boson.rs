//! The spin-boson model with a Debye bath (Tempelaar and Reichman, J. Chem. Phys. 148, 102309, 2018, doi:10.1063/1.5000843).
use super::{Group, LinearModel, Operator};
use crate::science::dynamics::{Bath, Sampling};

/// H_q = [`[E, V]`, `[V, -E]`], and modes w_j = W tan((j + 1/2) pi/2A) that shift the two energies by +-sum w_j sqrt(2 l/A) q_j.
#[derive(Clone, Debug)]
pub struct SpinBoson {
    pub thermal_energy: f64,
    /// E, half the gap.
    pub bias: f64,
    /// V.
    pub coupling: f64,
    /// A.
    pub modes: usize,
    /// W.
    pub characteristic_frequency: f64,
    /// l, a quarter of the Marcus reorganization energy.
    pub reorganization_energy: f64,
    pub mass: f64,
    pub sampling: Sampling,
}

/// The frequencies of a Debye spectral density in `modes` equal shares.
pub fn debye_frequencies(characteristic: f64, modes: usize) -> Vec<f64> {
    let angle = |j: usize| (j as f64 + 0.5) * std::f64::consts::PI / (2.0 * modes as f64);
    (0..modes).map(|j| characteristic * libm::tan(angle(j))).collect()
}

/// g_j of a mode in a bath of `modes` with reorganization energy `l`.
pub fn debye_coupling(frequency: f64, l: f64, modes: usize, mass: f64) -> f64 {
    frequency * libm::sqrt(2.0 * l / modes as f64) / libm::sqrt(2.0 * mass * frequency)
}

impl SpinBoson {
    pub fn build(&self) -> LinearModel {
        let frequencies = debye_frequencies(self.characteristic_frequency, self.modes);
        let coupling = |&w: &f64| debye_coupling(w, self.reorganization_energy, self.modes, self.mass);
        let couplings = frequencies.iter().map(coupling).collect();
        LinearModel {
            states: 2,
            h_q: vec![[self.bias, 0.0], [self.coupling, 0.0], [self.coupling, 0.0], [-self.bias, 0.0]],
            bath: Bath::harmonic(frequencies, self.mass),
            couplings,
            groups: vec![Group { modes: 0..self.modes, operator: Operator::Diagonal(vec![1.0, -1.0]) }],
            thermal_energy: self.thermal_energy,
            sampling: self.sampling,
        }
    }
}
