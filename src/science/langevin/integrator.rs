//! How does a particle move in one time step?
use crate::seed::Stream;

/// An equation of motion and its integration scheme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Integrator {
    /// Overdamped, zeta dx/dt = -dU/dx + noise: x += -dU/dx h/zeta + sqrt(2 kT h/zeta) N by Euler and Maruyama (Rend. Circ. Mat.
    /// Palermo 4, 48, 1955, doi:10.1007/BF02846028). Averages have an error of first order in h.
    Overdamped {
        /// zeta, mass/time.
        friction: f64,
    },
    /// m dv/dt = -dU/dx - m gamma v + noise, by the splitting BAOAB: half a kick, half a drift, friction and noise of a full step (exact), and
    /// the halves again (Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34, doi:10.1093/amrx/abs010). Averages over
    /// positions have an error of second order in h, and none in a harmonic well.
    Underdamped {
        /// gamma, 1/time.
        friction: f64,
        mass: f64,
    },
}

/// An integrator with its constants for one time step and temperature.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Overdamped { mobility: f64, noise: f64 },
    Underdamped { kick: f64, half: f64, damping: f64, noise: f64 },
}

impl Integrator {
    /// The constants for a time step and kT.
    pub(super) fn prepare(self, step: f64, thermal_energy: f64) -> Scheme {
        match self {
            Self::Overdamped { friction } => Scheme::Overdamped {
                mobility: step / friction,
                noise: libm::sqrt(2.0 * thermal_energy * step / friction),
            },
            Self::Underdamped { friction, mass } => {
                let damping = libm::exp(-friction * step);
                let noise = libm::sqrt(-libm::expm1(-2.0 * friction * step) * thermal_energy / mass);
                Scheme::Underdamped { kick: 0.5 * step / mass, half: 0.5 * step, damping, noise }
            }
        }
    }

    /// The standard deviation of a velocity; none without inertia.
    pub(super) fn thermal_speed(self, thermal_energy: f64) -> Option<f64> {
        match self {
            Self::Overdamped { .. } => None,
            Self::Underdamped { mass, .. } => Some(libm::sqrt(thermal_energy / mass)),
        }
    }
}

impl Scheme {
    /// The part of a step before the forces at the new position are known. `gradient` is that of the energy.
    pub fn first_part(self, position: &mut [f64], velocity: &mut [f64], gradient: &[f64], stream: &mut Stream) {
        match self {
            Self::Overdamped { mobility, noise } => {
                for (x, gradient) in position.iter_mut().zip(gradient) {
                    *x += noise * stream.normal() - mobility * gradient;
                }
            }
            Self::Underdamped { kick, half, damping, noise } => {
                for ((x, v), gradient) in position.iter_mut().zip(velocity).zip(gradient) {
                    *v -= kick * gradient;
                    *x += half * *v;
                    *v = damping * *v + noise * stream.normal();
                    *x += half * *v;
                }
            }
        }
    }

    pub fn second_part(self, velocity: &mut [f64], gradient: &[f64]) {
        if let Self::Underdamped { kick, .. } = self {
            velocity.iter_mut().zip(gradient).for_each(|(v, gradient)| *v -= kick * gradient);
        }
    }
}
