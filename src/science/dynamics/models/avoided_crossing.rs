//! Avoided crossings of two complex states in two dimensions (Krotz and Tempelaar, Phys. Rev. A 109, 032210, 2024,
//! doi:10.1103/PhysRevA.109.032210), whose states exert a Berry force.
use super::{ClassicalScheme, ClassicalStep, GeneralStep, Model};
use crate::science::dynamics::{Bath, LANES, Lanes, Matrix, PhaseSpace, Vector};
use crate::seed::Stream;

/// How the angles of H = A ((-cos theta, sin theta exp(i phi)), (c.c., cos theta)) depend on x and y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Landscape {
    /// theta = pi/2 (erf(x) + 1), phi = W y.
    A,
    /// theta = -pi exp(-(x^2 + y^2/4)/3), phi = W y.
    B,
    /// theta as in B, phi = W (y + x y/5).
    C,
}

/// A wave packet exp(-|q - q0|^2 + i p0 q), sampled from its Wigner distribution, that meets the crossing.
#[derive(Clone, Debug)]
pub struct AvoidedCrossing {
    landscape: Landscape,
    bath: Bath,
    position: [f64; 2],
    momentum: [f64; 2],
    has_berry_force: bool,
}

struct Angles {
    theta: f64,
    phi: f64,
    grad_theta: [f64; 2],
    grad_phi: [f64; 2],
}

impl Landscape {
    /// A, the adiabatic energies being -A and A everywhere.
    fn height(self) -> f64 {
        if self == Self::A { 20.0 } else { 10.0 }
    }

    /// The default centre of the wave packet.
    pub fn position(self) -> [f64; 2] {
        if self == Self::A { [-3.0, 0.0] } else { [-4.0, -2.0] }
    }

    fn angles(self, x: f64, y: f64) -> Angles {
        const PI: f64 = std::f64::consts::PI;
        let w = if self == Self::A { 2.0 } else { 1.5 };
        let (theta, grad_theta) = match self {
            Self::A => (0.5 * PI * (libm::erf(x) + 1.0), [libm::sqrt(PI) * libm::exp(-x * x), 0.0]),
            Self::B | Self::C => {
                let bump = PI * libm::exp(-(x * x + 0.25 * y * y) / 3.0);
                (-bump, [2.0 / 3.0 * x * bump, 2.0 / 3.0 * 0.25 * y * bump])
            }
        };
        let (phi, grad_phi) = match self {
            Self::A | Self::B => (w * y, [0.0, w]),
            Self::C => (w * (y + 0.2 * x * y), [0.2 * w * y, w * (1.0 + 0.2 * x)]),
        };
        Angles { theta, phi, grad_theta, grad_phi }
    }
}

impl AvoidedCrossing {
    /// A particle of `mass` around `position` with mean `momentum`.
    pub fn new(landscape: Landscape, mass: f64, position: [f64; 2], momentum: [f64; 2], has_berry_force: bool) -> Self {
        Self { landscape, bath: Bath::free_particle(mass, 2), position, momentum, has_berry_force }
    }

    fn angles(&self, z: &PhaseSpace, l: usize) -> Angles {
        let at = |j: usize| self.bath.to_real(j, z.x[j][l], 0.0).0;
        self.landscape.angles(at(0), at(1))
    }

    /// d/dz* = sqrt(1/(2 m h)) d/dq for a function of q alone.
    fn slope_scale(&self) -> f64 {
        1.0 / libm::sqrt(2.0 * self.bath.masses[0])
    }

    /// The Berry curvature of a surface: Omega = -+1/2 sin theta (grad theta x grad phi), upper sign for the upper one.
    fn curvature(&self, angles: &Angles, surface: usize) -> f64 {
        let cross = angles.grad_theta[0] * angles.grad_phi[1] - angles.grad_theta[1] * angles.grad_phi[0];
        let lower = 0.5 * libm::sin(angles.theta) * cross;
        if surface == 0 { lower } else { -lower }
    }
}

impl Model for AvoidedCrossing {
    fn states(&self) -> usize {
        2
    }

    fn bath(&self) -> &Bath {
        &self.bath
    }

    fn hamiltonian(&self, z: &PhaseSpace, h: &mut Matrix) {
        let a = self.landscape.height();
        for l in 0..LANES {
            let Angles { theta, phi, .. } = self.angles(z, l);
            let (diagonal, off) = (a * libm::cos(theta), a * libm::sin(theta));
            let (re, im) = (off * libm::cos(phi), off * libm::sin(phi));
            (h.re[0][l], h.re[1][l], h.re[2][l], h.re[3][l]) = (-diagonal, re, re, diagonal);
            (h.im[1][l], h.im[2][l]) = (im, -im);
        }
    }

    fn gradient(&self, z: &PhaseSpace, bra: &Vector, ket: &Vector, out: &mut PhaseSpace) {
        let scale = self.slope_scale() * self.landscape.height();
        for l in 0..LANES {
            let Angles { theta, phi, grad_theta, grad_phi } = self.angles(z, l);
            let (sin, cos) = (libm::sin(theta), libm::cos(theta));
            let (s, c) = (libm::sin(phi), libm::cos(phi));
            let (k0, k1) = ([ket.re[0][l], ket.im[0][l]], [ket.re[1][l], ket.im[1][l]]);
            let (b0, b1) = ([bra.re[0][l], bra.im[0][l]], [bra.re[1][l], bra.im[1][l]]);
            for j in 0..2 {
                let diagonal = scale * sin * grad_theta[j];
                // (cos theta grad theta + i sin theta grad phi) exp(i phi)
                let (u, v) = (scale * cos * grad_theta[j], scale * sin * grad_phi[j]);
                let off = [u * c - v * s, u * s + v * c];
                let upper = [
                    diagonal * k0[0] + off[0] * k1[0] - off[1] * k1[1],
                    diagonal * k0[1] + off[0] * k1[1] + off[1] * k1[0],
                ];
                let lower = [
                    off[0] * k0[0] + off[1] * k0[1] - diagonal * k1[0],
                    off[0] * k0[1] - off[1] * k0[0] - diagonal * k1[1],
                ];
                out.x[j][l] = b0[0] * upper[0] + b0[1] * upper[1] + b1[0] * lower[0] + b1[1] * lower[1];
                out.y[j][l] = b0[0] * upper[1] - b0[1] * upper[0] + b1[0] * lower[1] - b1[1] * lower[0];
            }
        }
    }

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut PhaseSpace) {
        // |psi|^2 = exp(-2 |q - q0|^2): sd(q) = 1/2, sd(p) = 1.
        let q = self.position.map(|mean| mean + 0.5 * stream.normal());
        let p = self.momentum.map(|mean| mean + stream.normal());
        for j in 0..2 {
            (z.x[j][lane], z.y[j][lane]) = self.bath.to_complex(j, q[j], p[j]);
        }
    }

    fn energy_scale(&self) -> f64 {
        let square: f64 = self.momentum.iter().map(|p| p * p + 1.0).sum();
        4.0 * self.landscape.height() + square / self.bath.masses[0]
    }

    fn spectral_range(&self) -> [f64; 2] {
        [-self.landscape.height(), self.landscape.height()]
    }

    fn is_real(&self) -> bool {
        false
    }

    fn classical_step(&self, scheme: ClassicalScheme, t: f64) -> Box<dyn ClassicalStep + '_> {
        Box::new(GeneralStep::new(self, scheme, t))
    }

    fn has_berry_force(&self) -> bool {
        self.has_berry_force
    }

    fn add_berry_force(&self, z: &PhaseSpace, active: &[usize; LANES], gradient: &mut PhaseSpace) {
        if !self.has_berry_force {
            return;
        }
        let scale = self.slope_scale();
        for l in 0..LANES {
            let curvature = self.curvature(&self.angles(z, l), active[l]);
            let velocity = |j: usize| self.bath.to_real(j, 0.0, z.y[j][l]).1 / self.bath.masses[j];
            // The force Omega (v_y, -v_x) is minus a gradient.
            gradient.x[0][l] -= scale * curvature * velocity(1);
            gradient.x[1][l] += scale * curvature * velocity(0);
        }
    }

    fn rotate_momenta(&self, t: &Lanes, active: &[usize; LANES], z: &mut PhaseSpace) {
        if !self.has_berry_force {
            return;
        }
        for l in 0..LANES {
            let angle = self.curvature(&self.angles(z, l), active[l]) * t[l] / self.bath.masses[0];
            let (sin, cos) = (libm::sin(angle), libm::cos(angle));
            let (px, py) = (z.y[0][l], z.y[1][l]);
            (z.y[0][l], z.y[1][l]) = (cos * px + sin * py, cos * py - sin * px);
        }
    }

    /// grad theta: twice the derivative coupling between the states of least metric, which is real.
    fn rescaling_direction(&self, z: &PhaseSpace, l: usize, out: &mut PhaseSpace) -> bool {
        let grad = self.angles(z, l).grad_theta;
        let norm = libm::hypot(grad[0], grad[1]);
        for j in 0..2 {
            out.x[j][l] = if norm > 0.0 { self.slope_scale() * grad[j] / norm } else { 0.0 };
            out.y[j][l] = 0.0;
        }
        true
    }
}
