//! Tully's first model, the single avoided crossing (J. Chem. Phys. 93, 1061, 1990, doi:10.1063/1.459170), in atomic units.
use super::{Bath, FrozenStep, GeneralStep, Model, Motion, Phase, UnitSystem};
use crate::science::dynamics::{LANES, Matrix, Vector};
use crate::seed::Stream;

/// V11 = sgn(q) A (1 - exp(-B |q|)), V22 = -V11, V12 = C exp(-D q^2); every trajectory starts at the same point.
#[derive(Clone, Debug)]
pub struct TullyOne {
    bath: Bath,
    position: f64,
    momentum: f64,
    stop_beyond: Option<f64>,
}

const A: f64 = 0.01;
const B: f64 = 1.6;
const C: f64 = 0.005;
const D: f64 = 1.0;

/// The coupling is below a thousandth of its largest there: D q^2 = ln 1000.
const RANGE: f64 = 2.63;

impl TullyOne {
    /// A particle of `mass` (electron masses) at `position` (bohr) with `momentum` (hbar/bohr), whose trajectory has ended
    /// when it is further out than `stop_beyond` (bohr) and moves outwards.
    pub fn new(mass: f64, position: f64, momentum: f64, stop_beyond: Option<f64>) -> Self {
        Self { bath: Bath::free_particle(mass), position, momentum, stop_beyond }
    }

    /// V11, V12 and their slopes at x = sqrt(m/2) q.
    fn potential(&self, x: f64) -> (f64, f64, f64, f64) {
        let (q, _) = self.bath.to_real(0, x, 0.0);
        let decay = libm::exp(-B * q.abs());
        let sign = if q < 0.0 { -1.0 } else { 1.0 };
        let coupling = C * libm::exp(-D * q * q);
        (sign * A * (1.0 - decay), coupling, A * B * decay, -2.0 * D * q * coupling)
    }
}

impl Model for TullyOne {
    fn states(&self) -> usize {
        2
    }

    fn bath(&self) -> &Bath {
        &self.bath
    }

    fn hamiltonian(&self, z: &Phase, h: &mut Matrix) {
        for l in 0..LANES {
            let (v11, v12, ..) = self.potential(z.x[0][l]);
            (h.re[0][l], h.re[1][l], h.re[2][l], h.re[3][l]) = (v11, v12, v12, -v11);
        }
    }

    fn gradient(&self, z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase) {
        // d/dz* = sqrt(1/(2 m h)) d/dq for a function of q alone.
        let scale = 1.0 / libm::sqrt(2.0 * self.bath.masses[0] * self.bath.weights[0]);
        for l in 0..LANES {
            let (_, _, d11, d12) = self.potential(z.x[0][l]);
            let (d11, d12) = (scale * d11, scale * d12);
            // (d11, d12; d12, -d11) |ket>
            let upper = (d11 * ket.re[0][l] + d12 * ket.re[1][l], d11 * ket.im[0][l] + d12 * ket.im[1][l]);
            let lower = (d12 * ket.re[0][l] - d11 * ket.re[1][l], d12 * ket.im[0][l] - d11 * ket.im[1][l]);
            let (b0, b1) = ((bra.re[0][l], bra.im[0][l]), (bra.re[1][l], bra.im[1][l]));
            out.x[0][l] = b0.0 * upper.0 + b0.1 * upper.1 + b1.0 * lower.0 + b1.1 * lower.1;
            out.y[0][l] = b0.0 * upper.1 - b0.1 * upper.0 + b1.0 * lower.1 - b1.1 * lower.0;
        }
    }

    fn draw(&self, lane: usize, _stream: &mut Stream, z: &mut Phase) {
        let (x, y) = self.bath.to_complex(0, self.position, self.momentum);
        (z.x[0][lane], z.y[0][lane]) = (x, y);
    }

    fn energy_scale(&self) -> f64 {
        4.0 * A + self.momentum * self.momentum / self.bath.masses[0]
    }

    fn spectral_radius(&self) -> f64 {
        libm::hypot(A, C)
    }

    fn is_real(&self) -> bool {
        true
    }

    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_> {
        Box::new(GeneralStep::new(self, motion, t))
    }

    fn units(&self) -> UnitSystem {
        UnitSystem::Atomic
    }

    fn scattering_range(&self) -> Option<f64> {
        Some(self.stop_beyond.unwrap_or(RANGE))
    }

    fn stop_beyond(&self) -> Option<f64> {
        self.stop_beyond
    }
}
