//! Fewest-switches surface hopping (Tully, J. Chem. Phys. 93, 1061, 1990, doi:10.1063/1.459170).
use super::{Algorithm, Stepper};
use crate::science::dynamics::bath::Flow;
use crate::science::dynamics::models::FrozenStep;
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lane, Model, Observed, Phase, ZERO};

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
            Integrator::Strang => Scheme::Strang(model.bath().flow(t)),
            Integrator::Sequential => Scheme::Sequential(model.fourth_order(t)),
        };
        Box::new(Step { method: self, model, t, scheme })
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

enum Scheme<'a> {
    /// Coordinates on the surface as it stood at the step's beginning, then the amplitudes with the energies of the step's
    /// beginning: first order, as QC Lab.
    Sequential(Box<dyn FrozenStep + 'a>),
    /// Symmetric, second order: half steps with the surface and energies of the beginning, free flow, half steps with those
    /// of the end.
    Strang(Flow),
}

struct Step<'a> {
    method: &'a Fssh,
    model: &'a dyn Model,
    t: f64,
    scheme: Scheme<'a>,
}

impl Stepper for Step<'_> {
    fn advance(&mut self, block: &mut Block, step: usize) {
        let half = 0.5 * self.t;
        block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
        match &mut self.scheme {
            Scheme::Sequential(classical) => {
                classical.advance(&mut block.z, &block.scratch[1]);
                propagate_exactly(block, self.t);
            }
            Scheme::Strang(flow) => {
                self.model.kick(half, &mut block.z, &block.scratch[1], &mut block.force);
                flow.advance(&mut block.z);
                propagate_exactly(block, half);
            }
        }
        block.last_vectors.clone_from(&block.eigen.vectors);
        self.model.hamiltonian(&block.z, &mut block.h);
        block.eigen.solve(&block.h);
        fix_gauge(self.method.gauge, block);
        if matches!(self.scheme, Scheme::Strang(_)) {
            block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
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
        for l in 0..LANES {
            let (sin, cos) = libm::sincos(energies[l] * t);
            let (re, im) = (adiabatic.re[k][l], adiabatic.im[k][l]);
            (adiabatic.re[k][l], adiabatic.im[k][l]) = (cos * re + sin * im, cos * im - sin * re);
        }
    }
    block.eigen.vectors.apply(adiabatic, &mut block.c);
}

/// <last vector k|present vector j>.
fn overlap(block: &Block, k: usize, j: usize) -> (Lane, Lane) {
    let n = block.h.states;
    let (mut re, mut im) = (ZERO, ZERO);
    for i in 0..n {
        let (a, b) = (&block.last_vectors.re[i * n + k], &block.last_vectors.im[i * n + k]);
        let (c, d) = (&block.eigen.vectors.re[i * n + j], &block.eigen.vectors.im[i * n + j]);
        for l in 0..LANES {
            re[l] += a[l] * c[l] + b[l] * d[l];
            im[l] += a[l] * d[l] - b[l] * c[l];
        }
    }
    (re, im)
}

fn fix_gauge(gauge: Gauge, block: &mut Block) {
    let n = block.h.states;
    for k in 0..n {
        let (re, im) = overlap(block, k, k);
        let phase: [(f64, f64); LANES] = std::array::from_fn(|l| match gauge {
            Gauge::SignOverlap => (if re[l] < 0.0 { -1.0 } else { 1.0 }, 0.0),
            Gauge::PhaseOverlap => {
                let size = (re[l] * re[l] + im[l] * im[l]).sqrt();
                if size > 0.0 { (re[l] / size, -im[l] / size) } else { (1.0, 0.0) }
            }
        });
        for i in 0..n {
            let vectors = &mut block.eigen.vectors;
            for (l, (c, s)) in phase.iter().enumerate() {
                let (a, b) = (vectors.re[i * n + k][l], vectors.im[i * n + k][l]);
                (vectors.re[i * n + k][l], vectors.im[i * n + k][l]) = (a * c - b * s, a * s + b * c);
            }
        }
    }
}

impl Step<'_> {
    /// Decides for every trajectory whether it hops, and lets it. `scratch[0]` holds the adiabatic amplitudes.
    fn hop(&self, block: &mut Block, step: usize) {
        let mut target = block.active;
        for l in 0..LANES {
            let u = block.uniform(l, step);
            target[l] = choose_target(block, l, u);
        }
        if target == block.active {
            return;
        }
        let [_, bra, ket, ..] = &mut block.scratch;
        bra.take_columns(&block.eigen.vectors, &block.active);
        ket.take_columns(&block.eigen.vectors, &target);
        self.model.gradient(&block.z, bra, ket, &mut block.force);
        let active = block.active;
        for l in (0..LANES).filter(|&l| target[l] != active[l]) {
            let gap = block.eigen.values[target[l]][l] - block.eigen.values[active[l]][l];
            if gap != 0.0 {
                for j in 0..block.force.x.len() {
                    block.force.x[j][l] /= gap;
                    block.force.y[j][l] /= gap;
                }
            }
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

/// The surface that the number `u` sends a trajectory to: the first whose cumulative probability exceeds it, or its own.
/// P_b = max(0, -2 Re(<a(t+dt)|b(t)> c_b/c_a)) (Hammes-Schiffer and Tully, J. Chem. Phys. 101, 4657, 1994,
/// doi:10.1063/1.467455, with the derivative coupling as an overlap).
fn choose_target(block: &Block, l: usize, u: f64) -> usize {
    let n = block.h.states;
    let a = block.active[l];
    let (c, last, now) = (&block.scratch[0], &block.last_vectors, &block.eigen.vectors);
    let (ar, ai) = (c.re[a][l], c.im[a][l]);
    let size = ar * ar + ai * ai;
    let mut cumulative = 0.0;
    for b in (0..n).filter(|&b| b != a) {
        let (mut or, mut oi) = (0.0, 0.0);
        for i in 0..n {
            let (p, q) = (last.re[i * n + b][l], last.im[i * n + b][l]);
            let (r, s) = (now.re[i * n + a][l], now.im[i * n + a][l]);
            or += p * r + q * s;
            oi += q * r - p * s;
        }
        let (br, bi) = (c.re[b][l], c.im[b][l]);
        let (rr, ri) = ((br * ar + bi * ai) / size, (bi * ar - br * ai) / size);
        let probability = -2.0 * (or * rr - oi * ri);
        // NaN (an amplitude of zero) is no probability; an infinite one is certainty.
        cumulative += if probability > 0.0 { probability.min(1e102) } else { 0.0 };
        if cumulative > u {
            return b;
        }
    }
    a
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
