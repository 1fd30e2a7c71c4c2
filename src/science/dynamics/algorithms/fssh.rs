//! Fewest-switches surface hopping (Tully, J. Chem. Phys. 93, 1061, 1990, doi:10.1063/1.459170).
use super::{Algorithm, Stepper};
use crate::science::dynamics::models::{FrozenStep, Motion};
use crate::science::dynamics::phase::turn;
use crate::science::dynamics::widest::widest;
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lane, Matrix, Model, Observed, Phase, ZERO};

/// What a hop that the coordinates cannot pay for does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frustrated {
    /// Nothing.
    Keep,
    /// The momentum along the rescaling direction is reversed.
    Reverse,
}

/// How the phases of adiabatic states are carried from one step to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// The overlap with the last state is made real and positive.
    PhaseOverlap,
    /// Only the sign of the overlap's real part is made positive.
    SignOverlap,
}

/// The method with its settings.
pub struct Fssh {
    pub frustrated: Frustrated,
    pub gauge: Gauge,
}

impl Algorithm for Fssh {
    fn has_surfaces(&self) -> bool {
        true
    }

    fn begin(&self, _model: &dyn Model, block: &mut Block) {
        block.to_adiabatic();
        let populations: Vec<Lane> = (0..block.c.states()).map(|k| block.scratch[0].population(k)).collect();
        for l in 0..LANES {
            let u = block.surface_uniform(l);
            let mut sum = 0.0;
            let chosen = populations.iter().position(|population| {
                sum += population[l];
                sum > u
            });
            // Rounding may leave the sum just below u: then it is the last state that has any population.
            let last = || populations.iter().rposition(|population| population[l] > 0.0).unwrap_or(0);
            block.active[l] = chosen.unwrap_or_else(last);
        }
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let t = clock.time_step;
        let scheme = match clock.integrator {
            Integrator::Strang => Scheme::Strang,
            Integrator::Sequential => Scheme::Sequential,
        };
        let motion = if scheme == Scheme::Strang { Motion::Opening } else { Motion::RungeKutta };
        Box::new(Step { method: self, model, t, scheme, classical: model.prepare(motion, t) })
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observed) {
        block.to_adiabatic();
        observed.set_adiabatic(&block.scratch[0]);
        observed.set_surfaces(&block.active);
        observed.set_hopping_state(&block.scratch[0], &block.active, &block.eigen.vectors);
        let quantum = std::array::from_fn(|l| block.eigen.values[block.active[l]][l]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// Coordinates on the surface as it stood at the step's beginning, then the amplitudes with the energies of the step's
    /// beginning: first order, as QC Lab.
    Sequential,
    /// Symmetric, second order: half steps with the surface and energies of the beginning, free flow, half steps with those
    /// of the end.
    Strang,
}

struct Step<'a> {
    method: &'a Fssh,
    model: &'a dyn Model,
    t: f64,
    scheme: Scheme,
    classical: Box<dyn FrozenStep + 'a>,
}

impl Stepper for Step<'_> {
    fn advance(&mut self, block: &mut Block, step: usize) {
        let half = 0.5 * self.t;
        propagate_exactly(block, if self.scheme == Scheme::Strang { half } else { self.t });
        block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
        self.classical.advance(&mut block.z, &block.scratch[1], &mut block.h);
        block.last_vectors.clone_from(&block.eigen.vectors);
        block.eigen.solve(&block.h);
        fix_gauge(self.method.gauge, block);
        block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
        if self.scheme == Scheme::Strang {
            self.model.kick(half, &mut block.z, &block.scratch[1], &mut block.force);
            propagate_exactly(block, half);
        }
        block.to_adiabatic();
        self.hop(block, step);
    }
}

/// c <- U exp(-i e t) U^+ c.
fn propagate_exactly(block: &mut Block, t: f64) {
    block.to_adiabatic();
    let [adiabatic, ..] = &mut block.scratch;
    for (k, energies) in block.eigen.values.iter().enumerate() {
        let (mut cos, mut sin) = (ZERO, ZERO);
        turn(&energies.map(|energy| energy * t), &mut cos, &mut sin);
        let (re, im) = (&mut adiabatic.re[k], &mut adiabatic.im[k]);
        for l in 0..LANES {
            (re[l], im[l]) = (cos[l] * re[l] + sin[l] * im[l], cos[l] * im[l] - sin[l] * re[l]);
        }
    }
    block.eigen.vectors.apply(adiabatic, &mut block.c);
}

/// Carries the vectors' phases on from the last ones.
fn fix_gauge(gauge: Gauge, block: &mut Block) {
    let (last, now) = (&block.last_vectors, &mut block.eigen.vectors);
    match (now.is_real, gauge) {
        // The sign is all the phase there is.
        (true, _) => carry_phases::<true>(last, now, true),
        (false, Gauge::SignOverlap) => carry_phases::<false>(last, now, true),
        (false, Gauge::PhaseOverlap) => carry_phases::<false>(last, now, false),
    }
}

widest! {
    /// Multiplies column k of `now` by the inverse phase, or only the sign, of its overlap <last k|now k>.
    fn carry_phases<const REAL: bool>(last: &Matrix, now: &mut Matrix, sign_only: bool) {
        let n = last.states;
        for k in 0..n {
            let (mut re, mut im) = (ZERO, ZERO);
            for place in (k..n * n).step_by(n) {
                let (a, b, c, d) = (&last.re[place], &last.im[place], &now.re[place], &now.im[place]);
                for l in 0..LANES {
                    if REAL {
                        re[l] += a[l] * c[l];
                    } else {
                        re[l] += a[l] * c[l] + b[l] * d[l];
                        im[l] += a[l] * d[l] - b[l] * c[l];
                    }
                }
            }
            let (mut cos, mut sin) = (ZERO, ZERO);
            for l in 0..LANES {
                let size = (re[l] * re[l] + im[l] * im[l]).sqrt();
                let sign = if re[l] < 0.0 { -1.0 } else { 1.0 };
                cos[l] = if sign_only || size == 0.0 { sign } else { re[l] / size };
                sin[l] = if sign_only || size == 0.0 { 0.0 } else { -im[l] / size };
            }
            for place in (k..n * n).step_by(n) {
                let (a, b) = (&mut now.re[place], &mut now.im[place]);
                for l in 0..LANES {
                    if REAL {
                        a[l] *= cos[l];
                    } else {
                        (a[l], b[l]) = (a[l] * cos[l] - b[l] * sin[l], a[l] * sin[l] + b[l] * cos[l]);
                    }
                }
            }
        }
    }
}

impl Step<'_> {
    /// Decides for every trajectory whether it hops, and lets it. `scratch[0]` holds the adiabatic amplitudes.
    fn hop(&self, block: &mut Block, step: usize) {
        let uniforms: Lane = std::array::from_fn(|l| block.uniform(l, step));
        let target = choose_targets(block, &uniforms);
        if target == block.active {
            return;
        }
        let [_, bra, ket, ..] = &mut block.scratch;
        bra.take_columns(&block.eigen.vectors, &block.active);
        ket.take_columns(&block.eigen.vectors, &target);
        let active = block.active;
        let values = &block.eigen.values;
        let gaps: Lane = std::array::from_fn(|l| values[target[l]][l] - values[active[l]][l]);
        // The derivative coupling is the gradient's element divided by the gap.
        for part in bra.re.iter_mut().chain(&mut bra.im) {
            (0..LANES).filter(|&l| gaps[l] != 0.0).for_each(|l| part[l] /= gaps[l]);
        }
        self.model.gradient(&block.z, bra, ket, &mut block.force);
        for l in (0..LANES).filter(|&l| target[l] != active[l]) {
            let gap = gaps[l];
            let rescaling = Rescaling::along(self.model, &block.z, &block.force, l);
            match rescaling.for_gap(gap) {
                Some(gamma) => {
                    shift(&mut block.z, &block.force, l, gamma);
                    block.active[l] = target[l];
                    block.accepted_hops[l] += 1.0;
                }
                None => {
                    if self.method.frustrated == Frustrated::Reverse {
                        shift(&mut block.z, &block.force, l, rescaling.reversing());
                    }
                    block.frustrated_hops[l] += 1.0;
                }
            }
        }
    }
}

/// The surfaces that the numbers `u` send trajectories to: the first whose cumulative probability exceeds it, or its own.
/// P_b = max(0, -2 Re(<a(t+dt)|b(t)> c_b/c_a)) (Hammes-Schiffer and Tully, J. Chem. Phys. 101, 4657, 1994,
/// doi:10.1063/1.467455, with the derivative coupling as an overlap). `scratch[0]` holds the adiabatic amplitudes,
/// `scratch[1]` the vectors of the active surfaces.
fn choose_targets(block: &mut Block, u: &Lane) -> [usize; LANES] {
    let [c, surface, overlap, ..] = &mut block.scratch;
    // <b(t)|a(t+dt)>
    block.last_vectors.apply_adjoint(surface, overlap);
    let own = block.active;
    let (ar, ai): (Lane, Lane) = (std::array::from_fn(|l| c.re[own[l]][l]), std::array::from_fn(|l| c.im[own[l]][l]));
    let (mut targets, mut cumulative) = (own, ZERO);
    for b in 0..c.states() {
        for l in 0..LANES {
            if b == own[l] || targets[l] != own[l] {
                continue;
            }
            let size = ar[l] * ar[l] + ai[l] * ai[l];
            let (br, bi) = (c.re[b][l], c.im[b][l]);
            let (rr, ri) = ((br * ar[l] + bi * ai[l]) / size, (bi * ar[l] - br * ai[l]) / size);
            let probability = -2.0 * (overlap.re[b][l] * rr + overlap.im[b][l] * ri);
            // NaN (an amplitude of zero) is no probability; an infinite one is certainty.
            cumulative[l] += if probability > 0.0 { probability.min(1e102) } else { 0.0 };
            if cumulative[l] > u[l] {
                targets[l] = b;
            }
        }
    }
    targets
}

/// The condition that a shift z <- z - i gamma d keeps the energy: a gamma^2 - b gamma + gap = 0.
struct Rescaling {
    a: f64,
    b: f64,
}

impl Rescaling {
    fn along(model: &dyn Model, z: &Phase, d: &Phase, l: usize) -> Self {
        let bath = model.bath();
        let (mut a, mut b) = (0.0, 0.0);
        for j in 0..bath.coordinates() {
            let (h, k) = (bath.weights[j], bath.frequencies[j] * bath.frequencies[j] / bath.weights[j]);
            let (dr, di) = (d.x[j][l], d.y[j][l]);
            // H_c(z - i gamma d) = sum h (y - gamma dr)^2 + k (x + gamma di)^2
            a += h * dr * dr + k * di * di;
            b += 2.0 * (h * z.y[j][l] * dr - k * z.x[j][l] * di);
        }
        Self { a, b }
    }

    /// The smaller root, or none where the coordinates cannot pay or there is no direction to take it from.
    fn for_gap(&self, gap: f64) -> Option<f64> {
        let discriminant = self.b * self.b - 4.0 * self.a * gap;
        if self.a == 0.0 || discriminant < 0.0 || discriminant.is_nan() {
            return None;
        }
        let root = discriminant.sqrt();
        // The root of smaller magnitude, without cancellation.
        let far = self.b + if self.b < 0.0 { -root } else { root };
        Some(if far == 0.0 { 0.0 } else { 2.0 * gap / far })
    }

    /// The shift that turns the momentum around along the direction and keeps the energy.
    fn reversing(&self) -> f64 {
        if self.a == 0.0 { 0.0 } else { self.b / self.a }
    }
}

/// z <- z - i gamma d in one lane.
fn shift(z: &mut Phase, d: &Phase, l: usize, gamma: f64) {
    for j in 0..z.x.len() {
        z.x[j][l] += gamma * d.y[j][l];
        z.y[j][l] -= gamma * d.x[j][l];
    }
}
