//! Tully's three models of one particle and two states (J. Chem. Phys. 93, 1061, 1990, doi:10.1063/1.459170), in atomic units.
//!
//! A problem is a set of [`Curves`]; [`Tully`] is the scattering of a particle by any of them.
use super::{ClassicalScheme, ClassicalStep, FrozenState, GeneralStep, Model, UnitSystem};
use crate::science::dynamics::exponential::exp;
use crate::science::dynamics::{Bath, LANES, Lanes, Matrix, PhaseSpace, Vector, ZERO};
use crate::science::simd::dispatch;
use crate::seed::Stream;
use std::marker::PhantomData;

/// Diabatic energies and coupling at a point, hartree, and their slopes, hartree/bohr.
#[derive(Clone, Copy)]
pub struct Diabats {
    pub v00: f64,
    pub v11: f64,
    pub v01: f64,
    pub d00: f64,
    pub d11: f64,
    pub d01: f64,
}

/// Two real coupled curves along one coordinate.
pub trait Curves: Send + Sync + 'static {
    /// Largest magnitudes of an adiabatic energy, hartree.
    const LARGEST_ENERGY: f64;
    /// |q| beyond which a particle has left the interaction region, bohr.
    const RANGE: f64;

    /// The curves at `q`, bohr. Must be `#[inline(always)]` and call nothing that is not, so that it is vectorized.
    fn evaluate(q: f64) -> Diabats;
}

/// The single avoided crossing: V00 = sgn(q) A (1 - exp(-B |q|)), V11 = -V00, V01 = C exp(-D q^2).
#[derive(Clone, Copy, Debug)]
pub struct TullyOne;

impl Curves for TullyOne {
    const LARGEST_ENERGY: f64 = 0.0112;
    // The coupling is below a thousandth of its largest there.
    const RANGE: f64 = 2.63;

    #[inline(always)]
    fn evaluate(q: f64) -> Diabats {
        const A: f64 = 0.01;
        const B: f64 = 1.6;
        const C: f64 = 0.005;
        const D: f64 = 1.0;
        let decay = exp(-B * q.abs());
        let sign = if q < 0.0 { -1.0 } else { 1.0 };
        let (v00, d00) = (sign * A * (1.0 - decay), A * B * decay);
        let v01 = C * exp(-D * q * q);
        Diabats { v00, v11: -v00, v01, d00, d11: -d00, d01: -2.0 * D * q * v01 }
    }
}

/// The dual avoided crossing: V00 = 0, V11 = E - A exp(-B q^2), V01 = C exp(-D q^2).
#[derive(Clone, Copy, Debug)]
pub struct TullyTwo;

impl Curves for TullyTwo {
    const LARGEST_ENERGY: f64 = 0.055;
    // The wider of the two gaussians, the coupling's, is below a thousandth of its largest there.
    const RANGE: f64 = 10.73;

    #[inline(always)]
    fn evaluate(q: f64) -> Diabats {
        const A: f64 = 0.1;
        const B: f64 = 0.28;
        const C: f64 = 0.015;
        const D: f64 = 0.06;
        const E: f64 = 0.05;
        let well = A * exp(-B * q * q);
        let v01 = C * exp(-D * q * q);
        Diabats { v00: 0.0, v11: E - well, v01, d00: 0.0, d11: 2.0 * B * q * well, d01: -2.0 * D * q * v01 }
    }
}

/// The extended coupling with reflection: V00 = A, V11 = -A, V01 = B exp(C q) for q < 0, else B (2 - exp(-C q)). On the left the
/// upper state is the first one.
#[derive(Clone, Copy, Debug)]
pub struct TullyThree;

impl Curves for TullyThree {
    const LARGEST_ENERGY: f64 = 0.2;
    // The coupling is within a thousandth of its limits 0 and 2 B there.
    const RANGE: f64 = 7.68;

    #[inline(always)]
    fn evaluate(q: f64) -> Diabats {
        const A: f64 = 6e-4;
        const B: f64 = 0.1;
        const C: f64 = 0.9;
        let rise = B * exp(-C * q.abs());
        let v01 = if q < 0.0 { rise } else { 2.0 * B - rise };
        Diabats { v00: A, v11: -A, v01, d00: 0.0, d11: 0.0, d01: C * rise }
    }
}

/// A particle that is scattered by two coupled curves; every trajectory starts at the same point.
#[derive(Clone, Debug)]
pub struct Tully<C> {
    bath: Bath,
    position: f64,
    momentum: f64,
    stop_beyond: Option<f64>,
    curves: PhantomData<C>,
}

impl<C: Curves> Tully<C> {
    /// A particle of `mass` (electron masses) at `position` (bohr) with `momentum` (hbar/bohr). An outgoing trajectory is
    /// absorbed beyond |q| = `stop_beyond` (bohr).
    pub fn new(mass: f64, position: f64, momentum: f64, stop_beyond: Option<f64>) -> Self {
        Self { bath: Bath::free_particle(mass, 1), position, momentum, stop_beyond, curves: PhantomData }
    }

    /// q = scale x, with weight 1.
    #[inline(always)]
    fn scale(&self) -> f64 {
        libm::sqrt(2.0 / self.bath.masses[0])
    }

    /// d/dz* = slope_scale d/dq for a function of q alone.
    #[inline(always)]
    fn slope_scale(&self) -> f64 {
        1.0 / libm::sqrt(2.0 * self.bath.masses[0])
    }
}

impl<C: Curves> Model for Tully<C> {
    fn states(&self) -> usize {
        2
    }

    fn bath(&self) -> &Bath {
        &self.bath
    }

    fn hamiltonian(&self, z: &PhaseSpace, h: &mut Matrix) {
        let mut v = [ZERO; 3];
        energies::<C>(self.scale(), &z.x[0], &mut v);
        (h.re[0], h.re[1], h.re[2], h.re[3]) = (v[0], v[1], v[1], v[2]);
    }

    fn gradient(&self, z: &PhaseSpace, bra: &Vector, ket: &Vector, out: &mut PhaseSpace) {
        let mut d = [ZERO; 3];
        slopes::<C>(self.scale(), self.slope_scale(), &z.x[0], &mut d);
        for l in 0..LANES {
            let (d00, d01, d11) = (d[0][l], d[1][l], d[2][l]);
            let upper = (d00 * ket.re[0][l] + d01 * ket.re[1][l], d00 * ket.im[0][l] + d01 * ket.im[1][l]);
            let lower = (d01 * ket.re[0][l] + d11 * ket.re[1][l], d01 * ket.im[0][l] + d11 * ket.im[1][l]);
            let (b0, b1) = ((bra.re[0][l], bra.im[0][l]), (bra.re[1][l], bra.im[1][l]));
            out.x[0][l] = b0.0 * upper.0 + b0.1 * upper.1 + b1.0 * lower.0 + b1.1 * lower.1;
            out.y[0][l] = b0.0 * upper.1 - b0.1 * upper.0 + b1.0 * lower.1 - b1.1 * lower.0;
        }
    }

    fn kick(&self, t: &Lanes, z: &mut PhaseSpace, psi: &Vector, _force: &mut PhaseSpace) {
        kick::<C>(self, &Populations::from_state(psi), t, &z.x[0], &mut z.y[0]);
    }

    fn draw(&self, lane: usize, _stream: &mut Stream, z: &mut PhaseSpace) {
        let (x, y) = self.bath.to_complex(0, self.position, self.momentum);
        (z.x[0][lane], z.y[0][lane]) = (x, y);
    }

    fn energy_scale(&self) -> f64 {
        4.0 * C::LARGEST_ENERGY + self.momentum * self.momentum / self.bath.masses[0]
    }

    fn spectral_range(&self) -> [f64; 2] {
        [-C::LARGEST_ENERGY, C::LARGEST_ENERGY]
    }

    fn is_real(&self) -> bool {
        true
    }

    fn classical_step(&self, scheme: ClassicalScheme, t: f64) -> Box<dyn ClassicalStep + '_> {
        match scheme {
            ClassicalScheme::RungeKutta => Box::new(Scattering { model: self, t: [t; LANES] }),
            _ => Box::new(GeneralStep::new(self, scheme, t)),
        }
    }

    fn units(&self) -> UnitSystem {
        UnitSystem::Atomic
    }

    fn scattering_range(&self) -> Option<f64> {
        Some(self.stop_beyond.unwrap_or(C::RANGE))
    }

    fn stop_beyond(&self) -> Option<f64> {
        self.stop_beyond
    }
}

/// The elements of the density matrix that enter the force: |c0|^2, |c1|^2 and 2 Re(c0* c1).
struct Populations {
    first: Lanes,
    second: Lanes,
    coherence: Lanes,
}

impl Populations {
    fn from_state(psi: &Vector) -> Self {
        let (a, b, c, d) = (&psi.re[0], &psi.im[0], &psi.re[1], &psi.im[1]);
        Self {
            first: psi.population(0),
            second: psi.population(1),
            coherence: std::array::from_fn(|l| 2.0 * (a[l] * c[l] + b[l] * d[l])),
        }
    }

    /// The slope of the mean energy in a lane.
    #[inline(always)]
    fn slope(&self, curves: Diabats, l: usize) -> f64 {
        curves.d00 * self.first[l] + curves.d11 * self.second[l] + curves.d01 * self.coherence[l]
    }
}

/// A Runge-Kutta step of one coordinate without intermediate arrays.
struct Scattering<'a, C> {
    model: &'a Tully<C>,
    t: Lanes,
}

impl<C: Curves> ClassicalStep for Scattering<'_, C> {
    fn advance(&mut self, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        runge_kutta::<C>(self.model, &Populations::from_state(frozen.psi), &self.t, &mut z.x[0], &mut z.y[0]);
        self.model.hamiltonian(z, h);
    }

    fn advance_by(&mut self, t: &Lanes, from: &PhaseSpace, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        z.copy_from(from);
        runge_kutta::<C>(self.model, &Populations::from_state(frozen.psi), t, &mut z.x[0], &mut z.y[0]);
        self.model.hamiltonian(z, h);
    }
}

/// Minus the slope d/dz* of the mean energy at each lane's x. Loops over whole arrays: closures over a lane are not vectorized.
#[inline(always)]
fn forces<C: Curves>(scale: f64, slope: f64, populations: &Populations, x: &Lanes) -> Lanes {
    let mut force = ZERO;
    for l in 0..LANES {
        force[l] = -slope * populations.slope(C::evaluate(scale * x[l]), l);
    }
    force
}

/// x + t k for each lane.
#[inline(always)]
fn ahead(x: &Lanes, t: &Lanes, k: &Lanes) -> Lanes {
    let mut moved = ZERO;
    for l in 0..LANES {
        moved[l] = x[l] + t[l] * k[l];
    }
    moved
}

dispatch! {
    /// A fourth-order Runge-Kutta step of dx/dt = y, dy/dt = force.
    fn runge_kutta<type C: Curves>(model: &Tully<C>, populations: &Populations, t: &Lanes, x: &mut Lanes, y: &mut Lanes) {
        let (scale, slope) = (model.scale(), model.slope_scale());
        let (x1, y1) = (*x, *y);
        let mut half = ZERO;
        for l in 0..LANES {
            half[l] = 0.5 * t[l];
        }
        let f1 = forces::<C>(scale, slope, populations, &x1);
        let y2 = ahead(&y1, &half, &f1);
        let f2 = forces::<C>(scale, slope, populations, &ahead(&x1, &half, &y1));
        let y3 = ahead(&y1, &half, &f2);
        let f3 = forces::<C>(scale, slope, populations, &ahead(&x1, &half, &y2));
        let y4 = ahead(&y1, t, &f3);
        let f4 = forces::<C>(scale, slope, populations, &ahead(&x1, t, &y3));
        for l in 0..LANES {
            let sixth = t[l] * (1.0 / 6.0);
            x[l] = x1[l] + sixth * (y1[l] + 2.0 * y2[l] + 2.0 * y3[l] + y4[l]);
            y[l] = y1[l] + sixth * (f1[l] + 2.0 * f2[l] + 2.0 * f3[l] + f4[l]);
        }
    }
}

dispatch! {
    fn kick<type C: Curves>(model: &Tully<C>, populations: &Populations, t: &Lanes, x: &Lanes, y: &mut Lanes) {
        let force = forces::<C>(model.scale(), model.slope_scale(), populations, x);
        for l in 0..LANES {
            y[l] += t[l] * force[l];
        }
    }
}

dispatch! {
    /// V00, V01 and V11 at q = scale x.
    fn energies<type C: Curves>(scale: f64, x: &Lanes, v: &mut [Lanes; 3]) {
        let [v00, v01, v11] = v;
        for l in 0..LANES {
            let curves = C::evaluate(scale * x[l]);
            (v00[l], v01[l], v11[l]) = (curves.v00, curves.v01, curves.v11);
        }
    }
}

dispatch! {
    /// The three slopes d/dz* at q = scale x, with d/dz* = slope d/dq.
    fn slopes<type C: Curves>(scale: f64, slope: f64, x: &Lanes, d: &mut [Lanes; 3]) {
        let [d00, d01, d11] = d;
        for l in 0..LANES {
            let curves = C::evaluate(scale * x[l]);
            (d00[l], d01[l], d11[l]) = (slope * curves.d00, slope * curves.d01, slope * curves.d11);
        }
    }
}
