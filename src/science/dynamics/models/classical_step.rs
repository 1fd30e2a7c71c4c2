//! How do the coordinates move during a step, while the quantum state is held fixed?
use crate::science::dynamics::{LANES, Lanes, Matrix, PhaseSpace, Vector};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassicalScheme {
    /// The classical fourth-order Runge-Kutta method.
    RungeKutta,
    /// Half a kick by the quantum states, free motion, half a kick: second order, and exact without coupling.
    KickDriftKick,
    /// Half a kick and free motion: the caller applies the second half with the state at the end of the step.
    KickDrift,
}

/// The quantum state that acts on the coordinates during a step.
#[derive(Clone, Copy)]
pub struct FrozenState<'a> {
    pub psi: &'a Vector,
    /// The active surface of each trajectory, which exerts the Berry force if the model has one.
    pub active: &'a [usize; LANES],
}

/// One step for dz/dt = -i d(H_c + <psi|H_qc|psi>)/dz* with psi frozen.
pub trait ClassicalStep {
    /// Moves the coordinates by one step and updates `h` to the Hamiltonian at the new ones. `h` must hold a Hamiltonian of the same model.
    fn advance(&mut self, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix);

    /// The same from the coordinates `from`, which are kept; the previous contents of `z` are ignored.
    fn advance_from(&mut self, from: &PhaseSpace, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        z.copy_from(from);
        self.advance(z, frozen, h);
    }

    /// The same with a step length `t` of each trajectory's own.
    fn advance_by(&mut self, t: &Lanes, from: &PhaseSpace, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix);
}
