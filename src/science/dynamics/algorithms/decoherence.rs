//! How do amplitudes of surfaces without a trajectory fade? Energy-based decoherence (Granucci and Persico, J. Chem. Phys. 126,
//! 134114, 2007, doi:10.1063/1.2715585, eqs. 16 and 17).
use crate::science::dynamics::{Bath, Block, LANES, Phase};

/// What the decay of time constant tau_k = (1 + C/E_kin)/|e_k - e_active| is of: the paper has been read both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// c_k <- c_k exp(-t/tau_k), as eq. 17 stands.
    Amplitudes,
    /// |c_k|^2 <- |c_k|^2 exp(-t/tau_k).
    Populations,
}

/// The correction with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decoherence {
    /// C, an energy: 0.1 hartree in the paper.
    pub constant: f64,
    pub decay: Decay,
}

impl Decoherence {
    /// Lets the amplitudes of all surfaces but the active ones fade for a step `t`; those of the active ones make up for it and keep
    /// their phase. `scratch[0]` holds the adiabatic amplitudes before and after.
    pub fn fade(self, bath: &Bath, t: f64, block: &mut Block) {
        let Block { eigen, scratch, active, z, c, .. } = block;
        let adiabatic = &mut scratch[0];
        let states = adiabatic.states();
        for l in 0..LANES {
            let kinetic = kinetic_energy(bath, z, l);
            let own = active[l];
            let mut others = 0.0;
            for k in (0..states).filter(|&k| k != own) {
                let gap = (eigen.values[k][l] - eigen.values[own][l]).abs();
                // Without motion nothing moves apart: tau is infinite.
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

/// sum p^2/2m.
fn kinetic_energy(bath: &Bath, z: &Phase, l: usize) -> f64 {
    (0..bath.coordinates()).map(|j| bath.weights[j] * z.y[j][l] * z.y[j][l]).sum()
}
