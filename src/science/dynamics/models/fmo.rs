//! The Fenna-Matthews-Olson complex: seven sites, each with its own Debye bath (Mulvihill et al., J. Chem. Phys. 154, 204109,
//! 2021, doi:10.1063/5.0051101).
use super::spin_boson::{debye_coupling, debye_frequencies};
use super::{Group, LinearModel, Operator};
use crate::science::dynamics::{Bath, Sampling};
use crate::units::thermal_energy_per_cm;

const SITES: usize = 7;
/// Site energies and couplings, cm^-1, upper triangle.
const HAMILTONIAN_PER_CM: [[f64; SITES]; SITES] = [
    [12410.0, -87.7, 5.5, -5.9, 6.7, -13.7, -9.9],
    [0.0, 12530.0, 30.8, 8.2, 0.7, 11.8, 4.3],
    [0.0, 0.0, 12210.0, -53.5, -2.2, -9.6, 6.0],
    [0.0, 0.0, 0.0, 12320.0, -70.7, -17.0, -63.3],
    [0.0, 0.0, 0.0, 0.0, 12480.0, 81.1, -1.3],
    [0.0, 0.0, 0.0, 0.0, 0.0, 12630.0, 39.7],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 12440.0],
];

/// The temperature that defines the unit of energy of a complex at 0 K, K.
const UNIT_AT_ZERO_K: f64 = 300.0;

/// The complex at a temperature, in units of k_B T and hbar/(k_B T); at 0 K in those of 300 K.
#[derive(Clone, Debug)]
pub struct Fmo {
    pub temperature_k: f64,
    pub modes_per_site: usize,
    pub characteristic_frequency_per_cm: f64,
    pub reorganization_energy_per_cm: f64,
    pub mass: f64,
    pub sampling: Sampling,
}

impl Fmo {
    /// The temperature whose thermal energy k_B T is the unit of energy, K.
    pub fn unit_temperature_k(temperature_k: f64) -> f64 {
        if temperature_k > 0.0 { temperature_k } else { UNIT_AT_ZERO_K }
    }

    /// The model in general form; energies are relative to the lowest site.
    pub fn build(&self) -> LinearModel {
        let per_cm = 1.0 / thermal_energy_per_cm(Self::unit_temperature_k(self.temperature_k));
        let modes = self.modes_per_site;
        let lowest = (0..SITES).map(|n| HAMILTONIAN_PER_CM[n][n]).fold(f64::INFINITY, f64::min);
        let element = |(i, j): (usize, usize)| {
            let value = HAMILTONIAN_PER_CM[i.min(j)][i.max(j)];
            [per_cm * if i == j { value - lowest } else { value }, 0.0]
        };
        let site = debye_frequencies(per_cm * self.characteristic_frequency_per_cm, modes);
        let frequencies: Vec<f64> = (0..SITES).flat_map(|_| site.iter().copied()).collect();
        let coupling = |&w: &f64| debye_coupling(w, per_cm * self.reorganization_energy_per_cm, modes, self.mass);
        let couplings = frequencies.iter().map(coupling).collect();
        let group = |n: usize| Group {
            modes: n * modes..(n + 1) * modes,
            operator: Operator::Diagonal((0..SITES).map(|k| f64::from(u8::from(k == n))).collect()),
        };
        LinearModel {
            states: SITES,
            h_q: (0..SITES * SITES).map(|place| element((place / SITES, place % SITES))).collect(),
            bath: Bath::harmonic(frequencies, self.mass),
            couplings,
            groups: (0..SITES).map(group).collect(),
            thermal_energy: if self.temperature_k > 0.0 { 1.0 } else { 0.0 },
            sampling: self.sampling,
        }
    }
}
