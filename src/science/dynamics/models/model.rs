//! What must a model provide?
use super::{ClassicalScheme, ClassicalStep};
use crate::science::dynamics::{Bath, LANES, Lanes, Matrix, PhaseSpace, Vector};
use crate::seed::Stream;

/// The unit system of a model; hbar is 1 in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitSystem {
    /// Any consistent units: those of the model's constants.
    Reduced,
    /// Hartree atomic units.
    Atomic,
}

/// Quantum states coupled to classical coordinates: H(z) = H_q + H_qc(z) + H_c(z).
pub trait Model: Send + Sync {
    fn states(&self) -> usize;

    /// The classical degrees of freedom and H_c.
    fn bath(&self) -> &Bath;

    /// h = H_q + H_qc(z).
    fn hamiltonian(&self, z: &PhaseSpace, h: &mut Matrix);

    /// out_j = <bra| dH_qc/dz_j* |ket> for every coordinate j.
    fn gradient(&self, z: &PhaseSpace, bra: &Vector, ket: &Vector, out: &mut PhaseSpace);

    /// Draws the initial coordinates of one trajectory into `lane`.
    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut PhaseSpace);

    /// A magnitude that energies rarely exceed; it sets the resolution of the exact sums.
    fn energy_scale(&self) -> f64;

    /// Lower and upper bound that adiabatic energies rarely exceed.
    fn spectral_range(&self) -> [f64; 2];

    /// A bound that the magnitudes of adiabatic energies rarely exceed.
    fn spectral_radius(&self) -> f64 {
        let [lowest, highest] = self.spectral_range();
        lowest.abs().max(highest.abs())
    }

    /// Whether H is real at all coordinates.
    fn is_real(&self) -> bool;

    /// Whether element (i, j) of H can differ from zero at any coordinates.
    fn couples(&self, _i: usize, _j: usize) -> bool {
        true
    }

    /// An integrator of the coordinates with steps of length `t`.
    fn classical_step(&self, scheme: ClassicalScheme, t: f64) -> Box<dyn ClassicalStep + '_>;

    /// z <- z - i t <psi|dH_qc/dz*|psi>: the force of the quantum state alone, for each lane's time `t`. `force` is working memory.
    fn kick(&self, t: &Lanes, z: &mut PhaseSpace, psi: &Vector, force: &mut PhaseSpace) {
        self.gradient(z, psi, psi, force);
        for j in 0..z.x.len() {
            for l in 0..LANES {
                z.x[j][l] += t[l] * force.y[j][l];
                z.y[j][l] -= t[l] * force.x[j][l];
            }
        }
    }

    /// Whether H_qc depends on the momenta as well as on the positions.
    fn depends_on_momenta(&self) -> bool {
        false
    }

    /// Whether a surface exerts a Berry force, perpendicular to the velocity.
    fn has_berry_force(&self) -> bool {
        false
    }

    /// Adds the Berry force of the active surfaces to `gradient`, as a gradient with respect to z*.
    fn add_berry_force(&self, _z: &PhaseSpace, _active: &[usize; LANES], _gradient: &mut PhaseSpace) {}

    /// Applies the Berry force alone for each lane's time `t`: it rotates the momenta.
    fn rotate_momenta(&self, _t: &Lanes, _active: &[usize; LANES], _z: &mut PhaseSpace) {}

    /// Writes the model's own direction of momentum rescaling in lane `l`, in z-space, into `out` and returns true. For models with complex
    /// derivative couplings whose authors chose a direction; otherwise the derivative coupling is the direction.
    fn rescaling_direction(&self, _z: &PhaseSpace, _l: usize, _out: &mut PhaseSpace) -> bool {
        false
    }

    fn units(&self) -> UnitSystem {
        UnitSystem::Reduced
    }

    /// The |q| of the first coordinate beyond which a particle has left the interaction region; none unless the model is a scattering problem.
    fn scattering_range(&self) -> Option<f64> {
        None
    }

    /// The |q| of the first coordinate beyond which an outgoing trajectory is absorbed.
    fn stop_beyond(&self) -> Option<f64> {
        None
    }
}
