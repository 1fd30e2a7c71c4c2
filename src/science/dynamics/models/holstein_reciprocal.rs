//! The Holstein lattice in reciprocal space (Krotz, Provazza and Tempelaar, J. Chem. Phys. 154, 224101, 2021,
//! doi:10.1063/5.0053177): periodic, with complex couplings.
use super::{Group, LinearModel, Operator};
use crate::science::dynamics::{Bath, Sampling};

/// H_q = diag(-2 J cos k) over k = 2 pi (-N/2, ..., N/2 - 1)/N, and <i|H_qc|j> = g w/sqrt(N) (z_(j-i) + z*_(i-j)).
///
/// States are in ascending order of k, modes in the order of the discrete Fourier transform: 0, 1, ..., N/2 - 1, -N/2, ..., -1.
#[derive(Clone, Debug)]
pub struct HolsteinReciprocal {
    pub thermal_energy: f64,
    /// g, dimensionless.
    pub coupling: f64,
    /// w of every mode.
    pub frequency: f64,
    /// N, even.
    pub sites: usize,
    /// J.
    pub hopping: f64,
    pub mass: f64,
    pub sampling: Sampling,
}

impl HolsteinReciprocal {
    pub fn build(&self) -> LinearModel {
        let n = self.sites;
        let mut h_q = vec![[0.0; 2]; n * n];
        for i in 0..n {
            let k = 2.0 * std::f64::consts::PI * (i as f64 - (n / 2) as f64) / n as f64;
            h_q[i * n + i] = [-2.0 * self.hopping * libm::cos(k), 0.0];
        }
        let group = |mode: usize| Group {
            modes: mode..mode + 1,
            operator: Operator::Elements((0..n).map(|i| (i, (i + mode) % n, [1.0, 0.0])).collect()),
        };
        LinearModel {
            states: n,
            h_q,
            bath: Bath::harmonic(vec![self.frequency; n], self.mass),
            couplings: vec![self.coupling * self.frequency / libm::sqrt(n as f64); n],
            groups: (0..n).map(group).collect(),
            thermal_energy: self.thermal_energy,
            sampling: self.sampling,
        }
    }
}
