//! What is common to all models of harmonic modes that couple linearly to the states?
//!
//! H_qc = sum over groups G of modes sum_{j in G} g_j (B_G z_j + B_G^+ z_j*). Most couplings only shift the energies of states: B is
//! then a list of weights. Forces are formed per group, never as a `[modes, states, states]` array, and a step under a constant
//! force is one affine map per mode.
use super::{Bath, Frozen, FrozenStep, Model, Motion, Phase, Sampling, radius_of, weighted_population};
use crate::science::dynamics::phase::turn;
use crate::science::dynamics::widest::widest;
use crate::science::dynamics::{LANES, Lane, Matrix, Vector, ZERO};
use crate::seed::Stream;
use std::ops::Range;

/// How modes act on the states: B of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// A real number on the diagonal for each state.
    Diagonal(Vec<f64>),
    /// Any matrix by its elements (row, column, real and imaginary part), each given once.
    Elements(Vec<(usize, usize, [f64; 2])>),
}

/// Modes that act on the states alike.
#[derive(Clone, Debug)]
pub struct Group {
    pub modes: Range<usize>,
    pub operator: Operator,
}

/// Harmonic modes coupled linearly to states.
#[derive(Clone, Debug)]
pub struct LinearModel {
    pub states: usize,
    /// H_q, row-major, real and imaginary part.
    pub h_q: Vec<[f64; 2]>,
    pub bath: Bath,
    /// g_j of every mode.
    pub couplings: Vec<f64>,
    pub groups: Vec<Group>,
    pub thermal_energy: f64,
    pub sampling: Sampling,
}

impl Operator {
    /// Whether B has no imaginary part and is symmetric: then z appears as z + z* only, and H is real if H_q is.
    fn is_real_symmetric(&self) -> bool {
        let Self::Elements(elements) = self else { return true };
        let has = |row: usize, column: usize, value: [f64; 2]| elements.contains(&(row, column, value));
        elements.iter().all(|&(row, column, value)| value[1] == 0.0 && has(column, row, value))
    }

    /// Whether B is its own adjoint: then z appears as z + z* only.
    fn is_hermitian(&self) -> bool {
        let Self::Elements(elements) = self else { return true };
        let has = |row: usize, column: usize, value: [f64; 2]| elements.contains(&(row, column, value));
        elements.iter().all(|&(row, column, [re, im])| has(column, row, [re, -im]))
    }

    /// <bra|B^+|ket>.
    fn force(&self, bra: &Vector, ket: &Vector) -> (Lane, Lane) {
        let (mut re, mut im) = (ZERO, ZERO);
        match self {
            Self::Diagonal(weights) => {
                for (n, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let (a, b) = bra.product(ket, n);
                    for l in 0..LANES {
                        re[l] += weight * a[l];
                        im[l] += weight * b[l];
                    }
                }
            }
            Self::Elements(elements) => {
                for &(row, column, [u, v]) in elements {
                    // conj(B[row, column]) conj(bra[column]) ket[row]
                    let (a, b, c, d) = (&bra.re[column], &bra.im[column], &ket.re[row], &ket.im[row]);
                    for l in 0..LANES {
                        let (p, q) = (a[l] * c[l] + b[l] * d[l], a[l] * d[l] - b[l] * c[l]);
                        re[l] += u * p + v * q;
                        im[l] += u * q - v * p;
                    }
                }
            }
        }
        (re, im)
    }

    /// Largest sum of a row's magnitudes: no eigenvalue of a Hermitian B is larger.
    fn norm(&self, states: usize) -> f64 {
        match self {
            Self::Diagonal(weights) => weights.iter().fold(0.0, |largest, weight| largest.max(weight.abs())),
            Self::Elements(elements) => {
                let row = |n: usize| -> f64 {
                    elements.iter().filter(|element| element.0 == n).map(|(_, _, [u, v])| libm::hypot(*u, *v)).sum()
                };
                (0..states).map(row).fold(0.0, f64::max)
            }
        }
    }
}

impl Model for LinearModel {
    fn states(&self) -> usize {
        self.states
    }

    fn bath(&self) -> &Bath {
        &self.bath
    }

    fn is_real(&self) -> bool {
        self.h_q.iter().all(|[_, im]| *im == 0.0) && self.groups.iter().all(|group| group.operator.is_real_symmetric())
    }

    fn couples(&self, i: usize, j: usize) -> bool {
        let has = |group: &Group| match &group.operator {
            Operator::Diagonal(weights) => i == j && weights[i] != 0.0,
            Operator::Elements(elements) => elements.iter().any(|e| (e.0, e.1) == (i, j) || (e.1, e.0) == (i, j)),
        };
        self.h_q[i * self.states + j] != [0.0; 2] || self.groups.iter().any(has)
    }

    fn depends_on_momenta(&self) -> bool {
        !self.groups.iter().all(|group| group.operator.is_hermitian())
    }

    fn hamiltonian(&self, z: &Phase, h: &mut Matrix) {
        self.uncoupled(h);
        for group in &self.groups {
            let (mut re, mut im) = (ZERO, ZERO);
            for j in group.modes.clone() {
                let g = self.couplings[j];
                for l in 0..LANES {
                    re[l] += 2.0 * g * z.x[j][l];
                    im[l] += 2.0 * g * z.y[j][l];
                }
            }
            self.add_shift(group, &re, &im, h);
        }
    }

    fn gradient(&self, _z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase) {
        for group in &self.groups {
            let (re, im) = group.operator.force(bra, ket);
            for j in group.modes.clone() {
                let g = self.couplings[j];
                for l in 0..LANES {
                    out.x[j][l] = g * re[l];
                    out.y[j][l] = g * im[l];
                }
            }
        }
    }

    fn kick(&self, t: &Lane, z: &mut Phase, psi: &Vector, _force: &mut Phase) {
        for group in &self.groups {
            let (force, across) = self.frozen_force(group, psi);
            let impulse = std::array::from_fn(|l| t[l] * force[l]);
            kick_modes(&self.couplings[group.modes.clone()], &impulse, &mut z.y[group.modes.clone()]);
            if let Some(across) = across {
                let impulse = std::array::from_fn(|l| -t[l] * across[l]);
                kick_modes(&self.couplings[group.modes.clone()], &impulse, &mut z.x[group.modes.clone()]);
            }
        }
    }

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut Phase) {
        self.bath.draw(self.thermal_energy, self.sampling, lane, stream, z);
    }

    fn energy_scale(&self) -> f64 {
        let energy = |j: usize| {
            let (m, w) = (self.bath.masses[j], self.bath.frequencies[j]);
            let (q, p) = self.bath.spread(self.thermal_energy, self.sampling, j);
            0.5 * (p * p / m + m * w * w * q * q)
        };
        2.0 * (0..self.bath.coordinates()).map(energy).sum::<f64>() + self.spectral_radius()
    }

    fn spectral_radius(&self) -> f64 {
        // The energies of states fluctuate with a variance of sum |B|^2 (2 g)^2 <x^2>.
        let variance = |group: &Group| -> f64 {
            let of_mode = |j: usize| {
                let (q, _) = self.bath.spread(self.thermal_energy, self.sampling, j);
                let (x, _) = self.bath.to_complex(j, q, 0.0);
                (2.0 * self.couplings[j] * x).powi(2)
            };
            group.modes.clone().map(of_mode).sum()
        };
        let variances: Vec<f64> = self.groups.iter().map(variance).collect();
        let of_state = |n: usize| -> f64 {
            let weight = |operator: &Operator| match operator {
                Operator::Diagonal(weights) => weights[n],
                Operator::Elements(_) => operator.norm(self.states),
            };
            self.groups.iter().zip(&variances).map(|(group, variance)| weight(&group.operator).powi(2) * variance).sum()
        };
        let largest = (0..self.states).map(of_state).fold(0.0, f64::max);
        radius_of(&self.h_q, self.states) + 5.0 * libm::sqrt(largest)
    }

    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_> {
        let maps = (0..self.bath.coordinates()).map(|j| self.map(motion, j, t));
        let (maps, across) = maps.unzip();
        let is_diagonal = self.groups.iter().all(|group| matches!(group.operator, Operator::Diagonal(_)));
        Box::new(AffineStep { model: self, motion, maps, across, is_diagonal })
    }
}

/// A step of one mode under a constant force f: x <- m0 x + m1 y + m2 Re f, y <- m3 x + m4 y + m5 Re f.
type Map = [f64; 6];
/// What the force's imaginary part adds: x += m0 Im f, y += m1 Im f.
type Across = [f64; 2];

impl LinearModel {
    /// h = H_q.
    fn uncoupled(&self, h: &mut Matrix) {
        for (place, [re, im]) in self.h_q.iter().enumerate() {
            (h.re[place], h.im[place]) = ([*re; LANES], [*im; LANES]);
        }
    }

    /// The same for the diagonal alone.
    fn uncouple_energies(&self, h: &mut Matrix) {
        for place in (0..self.states).map(|n| n * self.states + n) {
            h.re[place] = [self.h_q[place][0]; LANES];
        }
    }

    /// Adds (B S + B^+ S*)/2, where S = 2 sum g_j z_j of a group, to the Hamiltonian.
    fn add_shift(&self, group: &Group, re: &Lane, im: &Lane, h: &mut Matrix) {
        let n = self.states;
        match &group.operator {
            Operator::Diagonal(weights) => {
                for (k, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let diagonal = &mut h.re[k * n + k];
                    (0..LANES).for_each(|l| diagonal[l] += weight * re[l]);
                }
            }
            Operator::Elements(elements) => {
                for &(row, column, [u, v]) in elements {
                    for l in 0..LANES {
                        let (a, b) = (0.5 * (u * re[l] - v * im[l]), 0.5 * (u * im[l] + v * re[l]));
                        h.re[row * n + column][l] += a;
                        h.im[row * n + column][l] += b;
                        h.re[column * n + row][l] += a;
                        h.im[column * n + row][l] -= b;
                    }
                }
            }
        }
    }

    /// <psi|B^+|psi>, and its imaginary part where it has any.
    fn frozen_force(&self, group: &Group, psi: &Vector) -> (Lane, Option<Lane>) {
        match &group.operator {
            Operator::Diagonal(weights) => (weighted_population(weights, psi), None),
            operator => {
                let (re, im) = operator.force(psi, psi);
                (re, Some(im))
            }
        }
    }

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

struct AffineStep<'a> {
    model: &'a LinearModel,
    motion: Motion,
    maps: Vec<Map>,
    across: Vec<Across>,
    /// Whether modes change nothing but the energies of states.
    is_diagonal: bool,
}

impl AffineStep<'_> {
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

widest! {
    /// y <- y - g f.
    fn kick_modes(couplings: &[f64], impulse: &Lane, y: &mut [Lane]) {
        let impulse = *impulse;
        for (g, y) in couplings.iter().zip(y) {
            for l in 0..LANES {
                y[l] -= g * impulse[l];
            }
        }
    }
}
