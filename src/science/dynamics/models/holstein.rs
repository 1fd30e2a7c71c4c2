//! The Holstein lattice: an excitation that hops between neighbouring sites, each with its own oscillator (Krotz, Provazza and
//! Tempelaar, J. Chem. Phys. 154, 224101, 2021, doi:10.1063/5.0053177).
use super::{Group, LinearModel, Operator};
use crate::science::dynamics::{Bath, Sampling};

/// H_q[n, n+-1] = -J and <n|H_qc|n> = g w (z_n + z_n*).
#[derive(Clone, Debug)]
pub struct Holstein {
    pub thermal_energy: f64,
    /// g, dimensionless.
    pub coupling: f64,
    /// w of every oscillator.
    pub frequency: f64,
    /// N.
    pub sites: usize,
    /// J.
    pub hopping: f64,
    pub mass: f64,
    /// Whether the last site is a neighbour of the first; two sites have one bond either way.
    pub periodic: bool,
    pub sampling: Sampling,
}

impl Holstein {
    pub fn build(&self) -> LinearModel {
        let n = self.sites;
        let mut h_q = vec![[0.0; 2]; n * n];
        let mut connect =
            |i: usize, j: usize| (h_q[i * n + j], h_q[j * n + i]) = ([-self.hopping, 0.0], [-self.hopping, 0.0]);
        (1..n).for_each(|i| connect(i - 1, i));
        if self.periodic && n > 2 {
            connect(n - 1, 0);
        }
        let group = |site: usize| Group {
            modes: site..site + 1,
            operator: Operator::Diagonal((0..n).map(|k| f64::from(u8::from(k == site))).collect()),
        };
        LinearModel {
            states: n,
            h_q,
            bath: Bath::harmonic(vec![self.frequency; n], self.mass),
            couplings: vec![self.coupling * self.frequency; n],
            groups: (0..n).map(group).collect(),
            thermal_energy: self.thermal_energy,
            sampling: self.sampling,
        }
    }
}
