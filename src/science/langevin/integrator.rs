//! How does a particle move in a time step?
use crate::seed::Stream;

/// An equation of motion and the scheme that integrates it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Integrator {
    /// Without inertia, zeta dx/dt = -dU/dx + noise: x += -dU/dx h/zeta + sqrt(2 kT h/zeta) N by Euler and Maruyama (Rend. Circ. Mat.
    /// Palermo 4, 48, 1955, doi:10.1007/BF02846028). Averages are in error by the first order of h.
    Overdamped {
        /// zeta, mass/time
        friction: f64,
    },
    /// m dv/dt = -dU/dx - m gamma v + noise, split as BAOAB: half a kick, half a drift, the exact friction and noise of a whole step, and
    /// the halves again (Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34, doi:10.1093/amrx/abs010). Averages over
    /// positions are in error by the second order of h, in a harmonic well by none.
    Underdamped {
        /// gamma, 1/time
        friction: f64,
        mass: f64,
    },
}

/// An integrator with its constants for one time step and temperature.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Overdamped { mobility: f64, noise: f64 },
    Underdamped { kick: f64, half: f64, keep: f64, noise: f64 },
}

impl Integrator {
    pub(super) fn prepare(self, step: f64, thermal_energy: f64) -> Scheme {
        match self {
            Self::Overdamped { friction } => Scheme::Overdamped {
                mobility: step / friction,
                noise: libm::sqrt(2.0 * thermal_energy * step / friction),
            },
            Self::Underdamped { friction, mass } => {
                let keep = libm::exp(-friction * step);
                let noise = libm::sqrt(-libm::expm1(-2.0 * friction * step) * thermal_energy / mass);
                Scheme::Underdamped { kick: 0.5 * step / mass, half: 0.5 * step, keep, noise }
            }
        }
    }

    /// The standard deviation of a velocity; none where there are none.
    pub(super) fn thermal_speed(self, thermal_energy: f64) -> Option<f64> {
        match self {
            Self::Overdamped { .. } => None,
            Self::Underdamped { mass, .. } => Some(libm::sqrt(thermal_energy / mass)),
        }
    }
}

impl Scheme {
    /// Moves a particle by what comes before the forces at the new position are known. `slope` is that of the energy.
    pub fn begin(self, at: &mut [f64], velocity: &mut [f64], slope: &[f64], stream: &mut Stream) {
        match self {
            Self::Overdamped { mobility, noise } => {
                for (x, slope) in at.iter_mut().zip(slope) {
                    *x += noise * stream.normal() - mobility * slope;
                }
            }
            Self::Underdamped { kick, half, keep, noise } => {
                for ((x, v), slope) in at.iter_mut().zip(velocity).zip(slope) {
                    *v -= kick * slope;
                    *x += half * *v;
                    *v = keep * *v + noise * stream.normal();
                    *x += half * *v;
                }
            }
        }
    }

    /// And by what comes after.
    pub fn end(self, velocity: &mut [f64], slope: &[f64]) {
        if let Self::Underdamped { kick, .. } = self {
            velocity.iter_mut().zip(slope).for_each(|(v, slope)| *v -= kick * slope);
        }
    }
}
