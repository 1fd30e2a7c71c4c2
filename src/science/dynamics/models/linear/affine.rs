//! How do harmonic modes move in a step under a constant force? By one affine map each.
use super::{LinearModel, Operator};
use crate::science::dynamics::models::{ClassicalScheme, ClassicalStep, FrozenState, Model};
use crate::science::dynamics::sincos::sincos;
use crate::science::dynamics::{LANES, Lanes, Matrix, PhaseSpace, ZERO};
use crate::science::simd::dispatch;

/// A step of one mode under a constant force f, [m0, ..., m5]: x <- m0 x + m1 y + m2 Re f, y <- m3 x + m4 y + m5 Re f.
type Map = [f64; 6];
/// The contribution of the imaginary part of the force, [a0, a1]: x += a0 Im f, y += a1 Im f.
type ImaginaryMap = [f64; 2];

impl LinearModel {
    /// The map of mode j for a step of length `t`, in which its uncoupled motion is `flow`.
    #[inline(always)]
    fn map(&self, scheme: ClassicalScheme, j: usize, t: f64, flow: [f64; 4]) -> (Map, ImaginaryMap) {
        if scheme == ClassicalScheme::RungeKutta {
            return self.runge_kutta_map(j, t);
        }
        let ([r0, r1, r2, r3], half) = (flow, 0.5 * t * self.couplings[j]);
        // The second half of the kick, in a kick-drift-kick step only.
        let second = if scheme == ClassicalScheme::KickDriftKick { 1.0 } else { 0.0 };
        ([r0, r1, -r1 * half, r2, r3, -(second + r3) * half], [(second + r0) * half, r2 * half])
    }

    /// The fourth-order Runge-Kutta method takes u' = A u + b with A^2 = -w^2 to u + (t A + t^2 A^2/2 + t^3 A^3/6 + t^4 A^4/24) u
    /// + t (1 + t A/2 + t^2 A^2/6 + t^3 A^3/24) b.
    #[inline(always)]
    fn runge_kutta_map(&self, j: usize, t: f64) -> (Map, ImaginaryMap) {
        let (h, w, g) = (self.bath.weights[j], self.bath.frequencies[j], self.couplings[j]);
        let (k, theta) = (w * w / h, w * t * w * t);
        let even = 1.0 - theta / 2.0 + theta * theta / 24.0;
        let odd = t * (1.0 - theta / 6.0);
        let odd_b = 0.5 * t * t * (1.0 - theta / 12.0);
        ([even, odd * h, -odd_b * h * g, -odd * k, even, -odd * g], [odd * g, -odd_b * k * g])
    }
}

pub struct AffineStep<'a> {
    model: &'a LinearModel,
    scheme: ClassicalScheme,
    maps: Vec<Map>,
    imaginary_maps: Vec<ImaginaryMap>,
    /// Whether the modes only shift the energies of the states.
    is_diagonal: bool,
}

impl<'a> AffineStep<'a> {
    pub fn new(model: &'a LinearModel, scheme: ClassicalScheme, t: f64) -> Self {
        let (maps, imaginary_maps) =
            (0..model.bath.coordinates()).map(|j| model.map(scheme, j, t, model.bath.flow_of(j, t))).unzip();
        let is_diagonal = model.groups.iter().all(|group| matches!(group.operator, Operator::Diagonal(_)));
        Self { model, scheme, maps, imaginary_maps, is_diagonal }
    }

    /// Sets `h` to H_q in the elements that the modes will be added to.
    fn set_uncoupled(&self, h: &mut Matrix) {
        match self.is_diagonal {
            true => self.model.set_uncoupled_diagonal(h),
            false => self.model.set_uncoupled(h),
        }
    }
}

impl ClassicalStep for AffineStep<'_> {
    fn advance(&mut self, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        self.set_uncoupled(h);
        for group in &self.model.groups {
            let modes = group.modes.clone();
            let (force, imaginary) = self.model.frozen_force(group, frozen.psi);
            let (maps, couplings) = (&self.maps[modes.clone()], &self.model.couplings[modes.clone()]);
            let (x, y) = (&mut z.x[modes.clone()], &mut z.y[modes.clone()]);
            let (mut re, mut im) = (ZERO, ZERO);
            match imaginary {
                None => move_modes(maps, couplings, &force, x, y, &mut re),
                Some(imaginary) => {
                    let maps = (maps, &self.imaginary_maps[modes]);
                    move_modes_complex(maps, couplings, (&force, &imaginary), x, y, (&mut re, &mut im));
                }
            }
            self.model.add_shift(group, &re, &im, h);
        }
    }

    fn advance_from(&mut self, from: &PhaseSpace, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        if !self.is_diagonal {
            z.copy_from(from);
            return self.advance(z, frozen, h);
        }
        self.set_uncoupled(h);
        for group in &self.model.groups {
            let modes = group.modes.clone();
            let (force, _) = self.model.frozen_force(group, frozen.psi);
            let (maps, couplings) = (&self.maps[modes.clone()], &self.model.couplings[modes.clone()]);
            let from = (&from.x[modes.clone()], &from.y[modes.clone()]);
            let mut shift = ZERO;
            move_modes_from(maps, couplings, &force, from, &mut z.x[modes.clone()], &mut z.y[modes], &mut shift);
            self.model.add_shift(group, &shift, &ZERO, h);
        }
    }

    fn advance_by(&mut self, t: &Lanes, from: &PhaseSpace, z: &mut PhaseSpace, frozen: FrozenState, h: &mut Matrix) {
        for group in &self.model.groups {
            let (force, imaginary) = self.model.frozen_force(group, frozen.psi);
            let imaginary = imaginary.unwrap_or(ZERO);
            for j in group.modes.clone() {
                let (mut sin, mut cos) = (ZERO, ZERO);
                if self.scheme != ClassicalScheme::RungeKutta {
                    let w = self.model.bath.frequencies[j];
                    sincos(&t.map(|t| w * t), &mut cos, &mut sin);
                }
                (z.x[j], z.y[j]) = (from.x[j], from.y[j]);
                move_mode_by(
                    self.model,
                    self.scheme,
                    j,
                    t,
                    (&cos, &sin),
                    (&force, &imaginary),
                    &mut z.x[j],
                    &mut z.y[j],
                );
            }
        }
        self.model.hamiltonian(z, h);
    }
}

dispatch! {
    /// Moves modes by their maps and sums 2 g x of each into `shift`, in one pass over the coordinates, which are most of the memory.
    fn move_modes(maps: &[Map], couplings: &[f64], force: &Lanes, x: &mut [Lanes], y: &mut [Lanes], shift: &mut Lanes) {
        let force = *force;
        let mut sum = ZERO;
        for (((m, g), x), y) in maps.iter().zip(couplings).zip(x).zip(y) {
            let g = 2.0 * g;
            for l in 0..LANES {
                let (u, v) = (x[l], y[l]);
                x[l] = m[0] * u + m[1] * v + m[2] * force[l];
                y[l] = m[3] * u + m[4] * v + m[5] * force[l];
                sum[l] += g * x[l];
            }
        }
        *shift = sum;
    }
}

dispatch! {
    /// The same for modes that were at `from`.
    fn move_modes_from(
        maps: &[Map],
        couplings: &[f64],
        force: &Lanes,
        from: (&[Lanes], &[Lanes]),
        x: &mut [Lanes],
        y: &mut [Lanes],
        shift: &mut Lanes,
    ) {
        let force = *force;
        let mut sum = ZERO;
        for ((((m, g), (u, v)), x), y) in maps.iter().zip(couplings).zip(from.0.iter().zip(from.1)).zip(x).zip(y) {
            let g = 2.0 * g;
            for l in 0..LANES {
                x[l] = m[0] * u[l] + m[1] * v[l] + m[2] * force[l];
                y[l] = m[3] * u[l] + m[4] * v[l] + m[5] * force[l];
                sum[l] += g * x[l];
            }
        }
        *shift = sum;
    }
}

dispatch! {
    /// The same under a complex force, with 2 g z as the shift.
    fn move_modes_complex(
        maps: (&[Map], &[ImaginaryMap]),
        couplings: &[f64],
        force: (&Lanes, &Lanes),
        x: &mut [Lanes],
        y: &mut [Lanes],
        shift: (&mut Lanes, &mut Lanes),
    ) {
        let (re, im) = (*force.0, *force.1);
        for ((((m, a), g), x), y) in maps.0.iter().zip(maps.1).zip(couplings).zip(x).zip(y) {
            let g = 2.0 * g;
            for l in 0..LANES {
                let (u, v) = (x[l], y[l]);
                x[l] = m[0] * u + m[1] * v + m[2] * re[l] + a[0] * im[l];
                y[l] = m[3] * u + m[4] * v + m[5] * re[l] + a[1] * im[l];
                shift.0[l] += g * x[l];
                shift.1[l] += g * y[l];
            }
        }
    }
}

dispatch! {
    /// Moves mode j by each lane's own time `t`; `rotation` holds the cosine and sine of w t.
    fn move_mode_by(
        model: &LinearModel,
        scheme: ClassicalScheme,
        j: usize,
        t: &Lanes,
        rotation: (&Lanes, &Lanes),
        force: (&Lanes, &Lanes),
        x: &mut Lanes,
        y: &mut Lanes,
    ) {
        let (h, w) = (model.bath.weights[j], model.bath.frequencies[j]);
        for l in 0..LANES {
            let (cos, sin) = (rotation.0[l], rotation.1[l]);
            let (m, a) = model.map(scheme, j, t[l], [cos, h / w * sin, -w / h * sin, cos]);
            let (u, v) = (x[l], y[l]);
            x[l] = m[0] * u + m[1] * v + m[2] * force.0[l] + a[0] * force.1[l];
            y[l] = m[3] * u + m[4] * v + m[5] * force.0[l] + a[1] * force.1[l];
        }
    }
}
