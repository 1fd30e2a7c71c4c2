//! Which systems are there? A model is one file here and one line below.
mod affine;
mod avoided_crossing;
mod fmo;
mod holstein;
mod holstein_reciprocal;
mod linear;
mod linear_vibronic;
mod motion;
mod spin_boson;
mod tully;

pub use avoided_crossing::{AvoidedCrossing, Landscape};
pub use fmo::Fmo;
pub use holstein::Holstein;
pub use holstein_reciprocal::HolsteinReciprocal;
pub use linear::{Group, LinearModel, Operator};
pub use linear_vibronic::{Coupling, LinearVibronic};
pub use motion::{Frozen, FrozenStep, GeneralStep, Motion};
pub use spin_boson::SpinBoson;
pub use tully::{Curves, Tully, TullyOne, TullyThree, TullyTwo};

use super::{Bath, LANES, Lane, Matrix, Phase, Sampling, Vector, ZERO};
use crate::seed::Stream;

/// The units that a model is written in; hbar is 1 in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitSystem {
    /// Any consistent ones: those of the model's own constants.
    Reduced,
    /// Hartree atomic units.
    Atomic,
}

/// Quantum states coupled to classical coordinates: H(z) = H_q + H_qc(z) + H_c(z).
pub trait Model: Send + Sync {
    /// The number of quantum states.
    fn states(&self) -> usize;

    /// The classical degrees of freedom and H_c.
    fn bath(&self) -> &Bath;

    /// h = H_q + H_qc(z).
    fn hamiltonian(&self, z: &Phase, h: &mut Matrix);

    /// out = <bra| dH_qc/dz* |ket> for every coordinate.
    fn gradient(&self, z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase);

    /// Draws the initial coordinates of one trajectory.
    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut Phase);

    /// A magnitude that energies seldom exceed, to choose the quantum of exact sums by.
    fn energy_scale(&self) -> f64;

    /// Bounds that adiabatic energies seldom lie beyond, lower and upper.
    fn spectral_range(&self) -> [f64; 2];

    /// A bound that the magnitudes of adiabatic energies seldom exceed.
    fn spectral_radius(&self) -> f64 {
        let [lowest, highest] = self.spectral_range();
        lowest.abs().max(highest.abs())
    }

    /// Whether H has no imaginary part, whatever the coordinates.
    fn is_real(&self) -> bool;

    /// Whether element (i, j) of H differs from zero, whatever the coordinates.
    fn couples(&self, _i: usize, _j: usize) -> bool {
        true
    }

    /// Prepares steps of length `t`.
    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_>;

    /// z <- z - i t <psi|dH_qc/dz*|psi>: what the quantum states alone do to the coordinates in each lane's time `t`.
    fn kick(&self, t: &Lane, z: &mut Phase, psi: &Vector, force: &mut Phase) {
        self.gradient(z, psi, psi, force);
        for j in 0..z.x.len() {
            for l in 0..LANES {
                z.x[j][l] += t[l] * force.y[j][l];
                z.y[j][l] -= t[l] * force.x[j][l];
            }
        }
    }

    /// Whether H_qc depends on momenta too, not on positions alone.
    fn depends_on_momenta(&self) -> bool {
        false
    }

    /// Whether a surface exerts a force across the velocity, by its Berry curvature.
    fn has_berry_force(&self) -> bool {
        false
    }

    /// Adds the Berry force on the active surfaces, as a gradient with respect to z*.
    fn add_berry_force(&self, _z: &Phase, _active: &[usize; LANES], _gradient: &mut Phase) {}

    /// Moves the momenta as the Berry force alone does in each lane's time `t`: it turns them.
    fn turn_momenta(&self, _t: &Lane, _active: &[usize; LANES], _z: &mut Phase) {}

    /// Puts the model's own direction of rescaling in lane `l`, in z-space, into `out` and says so: for models whose derivative
    /// couplings are complex and whose authors chose a direction. Else the coupling's is taken.
    fn rescaling_direction(&self, _z: &Phase, _l: usize, _out: &mut Phase) -> bool {
        false
    }

    /// The units of the model's times and energies.
    fn units(&self) -> UnitSystem {
        UnitSystem::Reduced
    }

    /// Where a particle is said to have left the region of interaction: |q| beyond this. None where nothing is scattered.
    fn scattering_range(&self) -> Option<f64> {
        None
    }

    /// Where a trajectory has ended: |q| of the first coordinate beyond this, moving outwards.
    fn stop_beyond(&self) -> Option<f64> {
        None
    }
}

/// Bounds on the eigenvalues of a constant Hermitian matrix, by Gershgorin's discs.
fn range_of(h: &[[f64; 2]], states: usize) -> [f64; 2] {
    let size = |place: usize| libm::hypot(h[place][0], h[place][1]);
    let disc = |i: usize| -> [f64; 2] {
        let (centre, radius) =
            (h[i * states + i][0], (0..states).filter(|&j| j != i).map(|j| size(i * states + j)).sum::<f64>());
        [centre - radius, centre + radius]
    };
    let wider = |[lowest, highest]: [f64; 2], disc: [f64; 2]| [lowest.min(disc[0]), highest.max(disc[1])];
    (0..states).map(disc).reduce(wider).unwrap_or_default()
}

/// sum_n `W[n]` |psi_n|^2.
fn weighted_population(weights: &[f64], psi: &Vector) -> Lane {
    let mut sum = ZERO;
    for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        let population = psi.population(n);
        (0..LANES).for_each(|l| sum[l] += weight * population[l]);
    }
    sum
}
