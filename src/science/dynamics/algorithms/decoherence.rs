//! How are the amplitudes of inactive surfaces damped? Energy-based decoherence correction (Granucci and Persico, J. Chem. Phys. 126,
//! 134114, 2007, doi:10.1063/1.2715585, eqs. 16 and 17).
use crate::science::dynamics::{Bath, Block, LANES, PhaseSpace};

/// The quantity that decays with the time constant tau_k = (1 + C/E_kin)/|e_k - e_active|; the paper has been read both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// c_k <- c_k exp(-t/tau_k), as written in eq. 17.
    Amplitudes,
    /// |c_k|^2 <- |c_k|^2 exp(-t/tau_k).
    Populations,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decoherence {
    /// C, an energy: 0.1 hartree in the paper.
    pub constant: f64,
    pub decay: Decay,
}

impl Decoherence {
    /// Damps the amplitudes of all inactive surfaces for a step `t` and rescales that of the active surface to keep the norm. Phases are kept.
    /// `scratch[0]` must hold the adiabatic amplitudes, and holds the damped ones afterwards.
    pub fn apply(self, bath: &Bath, t: f64, block: &mut Block) {
        let Block { eigen, scratch, active, z, c, .. } = block;
        let adiabatic = &mut scratch[0];
        let states = adiabatic.states();
        for l in 0..LANES {
            let kinetic = kinetic_energy(bath, z, l);
            let own = active[l];
            let mut others = 0.0;
            for k in (0..states).filter(|&k| k != own) {
                let gap = (eigen.values[k][l] - eigen.values[own][l]).abs();
                // Without kinetic energy tau is infinite.
                let rate = gap * kinetic / (kinetic + self.constant);
                let rate = if self.decay == Decay::Populations { 0.5 * rate } else { rate };
                let factor = libm::exp(-t * rate);
                adiabatic.re[k][l] *= factor;
                adiabatic.im[k][l] *= factor;
                others += adiabatic.re[k][l] * adiabatic.re[k][l] + adiabatic.im[k][l] * adiabatic.im[k][l];
            }
            let (re, im) = (adiabatic.re[own][l], adiabatic.im[own][l]);
            let population = re * re + im * im;
            if population > 0.0 {
                let factor = libm::sqrt((1.0 - others) / population);
                (adiabatic.re[own][l], adiabatic.im[own][l]) = (re * factor, im * factor);
            }
        }
        eigen.vectors.apply(adiabatic, c);
    }
}

/// sum_j p_j^2/2m_j of one trajectory.
fn kinetic_energy(bath: &Bath, z: &PhaseSpace, l: usize) -> f64 {
    (0..bath.coordinates()).map(|j| bath.weights[j] * z.y[j][l] * z.y[j][l]).sum()
}
