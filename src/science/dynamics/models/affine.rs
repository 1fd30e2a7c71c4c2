//! How do harmonic modes under a constant force make a step? By one affine map each.
use super::linear::{LinearModel, Operator};
use super::{Frozen, FrozenStep, Model, Motion};
use crate::science::dynamics::phase::turn;
use crate::science::dynamics::widest::widest;
use crate::science::dynamics::{LANES, Lane, Matrix, Phase, ZERO};

/// A step of one mode under a constant force f: x <- m0 x + m1 y + m2 Re f, y <- m3 x + m4 y + m5 Re f.
type Map = [f64; 6];
/// What the force's imaginary part adds: x += m0 Im f, y += m1 Im f.
type Across = [f64; 2];

impl LinearModel {
    /// The step of length `t` of mode j.
    fn map(&self, motion: Motion, j: usize, t: f64) -> (Map, Across) {
        let g = self.couplings[j];
        let [r0, r1, r2, r3] = self.bath.flow_of(j, t);
        let half = 0.5 * t * g;
        match motion {
            Motion::RungeKutta => self.runge_kutta_map(j, t),
            Motion::Opening => ([r0, r1, -r1 * half, r2, r3, -r3 * half], [r0 * half, r2 * half]),
            Motion::Symmetric => ([r0, r1, -r1 * half, r2, r3, -(1.0 + r3) * half], [(1.0 + r0) * half, r2 * half]),
        }
    }

    /// u' = A u + b with A^2 = -w^2 is solved by the method of Runge and Kutta to u + (t A + t^2 A^2/2 + t^3 A^3/6 + t^4 A^4/24) u
    /// + t (1 + t A/2 + t^2 A^2/6 + t^3 A^3/24) b.
    #[inline(always)]
    fn runge_kutta_map(&self, j: usize, t: f64) -> (Map, Across) {
        let (h, w, g) = (self.bath.weights[j], self.bath.frequencies[j], self.couplings[j]);
        let (k, theta) = (w * w / h, w * t * w * t);
        let even = 1.0 - theta / 2.0 + theta * theta / 24.0;
        let odd = t * (1.0 - theta / 6.0);
        let odd_b = 0.5 * t * t * (1.0 - theta / 12.0);
        ([even, odd * h, -odd_b * h * g, -odd * k, even, -odd * g], [odd * g, -odd_b * k * g])
    }
}

/// A step of all modes of a model.
pub struct AffineStep<'a> {
    model: &'a LinearModel,
    motion: Motion,
    maps: Vec<Map>,
    across: Vec<Across>,
    /// Whether modes change nothing but the energies of states.
    is_diagonal: bool,
}

impl<'a> AffineStep<'a> {
    /// Steps of length `t`.
    pub fn new(model: &'a LinearModel, motion: Motion, t: f64) -> Self {
        let (maps, across) = (0..model.bath.coordinates()).map(|j| model.map(motion, j, t)).unzip();
        let is_diagonal = model.groups.iter().all(|group| matches!(group.operator, Operator::Diagonal(_)));
        Self { model, motion, maps, across, is_diagonal }
    }

    /// Brings `h` to H_q where modes will be added.
    fn uncouple(&self, h: &mut Matrix) {
        match self.is_diagonal {
            true => self.model.uncouple_energies(h),
            false => self.model.uncoupled(h),
        }
    }
}

impl FrozenStep for AffineStep<'_> {
    fn advance(&mut self, z: &mut Phase, frozen: Frozen, h: &mut Matrix) {
        self.uncouple(h);
        for group in &self.model.groups {
            let modes = group.modes.clone();
            let (force, across) = self.model.frozen_force(group, frozen.psi);
            let (maps, couplings) = (&self.maps[modes.clone()], &self.model.couplings[modes.clone()]);
            let (x, y) = (&mut z.x[modes.clone()], &mut z.y[modes.clone()]);
            let (mut re, mut im) = (ZERO, ZERO);
            match across {
                None => move_modes(maps, couplings, &force, x, y, &mut re),
                Some(across) => {
                    let maps = (maps, &self.across[modes]);
                    move_modes_across(maps, couplings, (&force, &across), x, y, (&mut re, &mut im));
                }
            }
            self.model.add_shift(group, &re, &im, h);
        }
    }

    fn advance_from(&mut self, from: &Phase, z: &mut Phase, frozen: Frozen, h: &mut Matrix) {
        if !self.is_diagonal {
            z.copy_from(from);
            return self.advance(z, frozen, h);
        }
        self.uncouple(h);
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

    fn advance_by(&mut self, t: &Lane, from: &Phase, z: &mut Phase, frozen: Frozen, h: &mut Matrix) {
        for group in &self.model.groups {
            let (force, across) = self.model.frozen_force(group, frozen.psi);
            let across = across.unwrap_or(ZERO);
            for j in group.modes.clone() {
                let (mut sin, mut cos) = (ZERO, ZERO);
                if self.motion != Motion::RungeKutta {
                    let w = self.model.bath.frequencies[j];
                    turn(&t.map(|t| w * t), &mut cos, &mut sin);
                }
                (z.x[j], z.y[j]) = (from.x[j], from.y[j]);
                move_mode_by(self.model, self.motion, j, t, (&cos, &sin), (&force, &across), &mut z.x[j], &mut z.y[j]);
            }
        }
        self.model.hamiltonian(z, h);
    }
}

widest! {
    /// Moves modes by their maps and adds 2 g x of each to `shift`: one pass over the coordinates, which are the most memory.
    fn move_modes(maps: &[Map], couplings: &[f64], force: &Lane, x: &mut [Lane], y: &mut [Lane], shift: &mut Lane) {
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

widest! {
    /// The same for modes that were at `from`.
    fn move_modes_from(
        maps: &[Map],
        couplings: &[f64],
        force: &Lane,
        from: (&[Lane], &[Lane]),
        x: &mut [Lane],
        y: &mut [Lane],
        shift: &mut Lane,
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

widest! {
    /// The same under a complex force, with 2 g z as the shift.
    fn move_modes_across(
        maps: (&[Map], &[Across]),
        couplings: &[f64],
        force: (&Lane, &Lane),
        x: &mut [Lane],
        y: &mut [Lane],
        shift: (&mut Lane, &mut Lane),
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

widest! {
    /// Moves mode j by each lane's own time; `turned` are cosine and sine of w t.
    fn move_mode_by(
        model: &LinearModel,
        motion: Motion,
        j: usize,
        t: &Lane,
        turned: (&Lane, &Lane),
        force: (&Lane, &Lane),
        x: &mut Lane,
        y: &mut Lane,
    ) {
        let (h, w, g) = (model.bath.weights[j], model.bath.frequencies[j], model.couplings[j]);
        for l in 0..LANES {
            let (m, a) = if motion == Motion::RungeKutta {
                model.runge_kutta_map(j, t[l])
            } else {
                let (cos, sin) = (turned.0[l], turned.1[l]);
                let [r0, r1, r2, r3] = [cos, h / w * sin, -w / h * sin, cos];
                let half = 0.5 * t[l] * g;
                // Opening, or with the second half of the kick too.
                let second = if motion == Motion::Symmetric { 1.0 } else { 0.0 };
                ([r0, r1, -r1 * half, r2, r3, -(second + r3) * half], [(second + r0) * half, r2 * half])
            };
            let (u, v) = (x[l], y[l]);
            x[l] = m[0] * u + m[1] * v + m[2] * force.0[l] + a[0] * force.1[l];
            y[l] = m[3] * u + m[4] * v + m[5] * force.0[l] + a[1] * force.1[l];
        }
    }
}
