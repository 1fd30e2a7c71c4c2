//! The multi-state mapping approach to surface hopping (Runeson and Manolopoulos, J. Chem. Phys. 159, 094115, 2023,
//! doi:10.1063/5.0158147).
use super::gauge::Gauge;
use super::rescaling::{Frustrated, Rescaling, shift};
use super::surface::SurfaceStep;
use super::{Algorithm, Stepper};
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lanes, Model, Observables, PhaseSpace, Vector, ZERO};
use crate::seed::Stream;

#[derive(Clone, Debug)]
pub struct Mash {
    /// `Keep` or `Reverse`; `JasperTruhlar` is not defined for this method.
    pub frustrated: Frustrated,
    /// Does not affect results: the method never compares phases at different times.
    pub gauge: Gauge,
    /// Maximum number of hops of a trajectory within one step; a further crossing is resolved at the end of the step.
    pub max_hops: usize,
    /// Number of bisections of the time of a crossing.
    pub bisections: usize,
}

/// alpha_N = (N - 1)/(H_N - 1) with the harmonic number H_N: populations are estimated by 1/N + alpha_N (|c_n|^2 - 1/N).
pub fn scale(states: usize) -> f64 {
    let harmonic: f64 = (1..=states).map(|k| 1.0 / k as f64).sum();
    if states == 1 { 1.0 } else { (states - 1) as f64 / (harmonic - 1.0) }
}

impl Algorithm for Mash {
    fn has_surfaces(&self) -> bool {
        true
    }

    /// Focused sampling: magnitudes for which the estimator gives the state exactly, and independent uniform phases.
    fn draw_amplitudes(&self, state: &[[f64; 2]], stream: &mut Stream) -> Vec<[f64; 2]> {
        let (n, alpha) = (state.len() as f64, scale(state.len()));
        let draw = |amplitude: &[f64; 2]| {
            let population = if *amplitude != [0.0; 2] { 1.0 } else { 0.0 };
            let magnitude = libm::sqrt(1.0 / n + (population - 1.0 / n) / alpha);
            let (sin, cos) = libm::sincos(2.0 * std::f64::consts::PI * stream.uniform());
            [magnitude * cos, magnitude * sin]
        };
        state.iter().map(draw).collect()
    }

    fn begin(&self, _model: &dyn Model, block: &mut Block, _branch: usize) -> Lanes {
        block.is_replay = block.has_given_amplitudes;
        block.to_adiabatic();
        block.active = dominant(&block.scratch[0], None);
        [1.0; LANES]
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let coordinates = model.bath().coordinates();
        Box::new(MashStep {
            method: self,
            surface: SurfaceStep::new(model, self.gauge, clock),
            begin: Block::blank(model),
            probe: Block::blank(model),
            direction: PhaseSpace::zero(coordinates),
            part: PhaseSpace::zero(coordinates),
        })
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observables) {
        block.to_adiabatic();
        observed.set_pure_state(&block.c);
        observed.set_adiabatic(&block.scratch[0]);
        observed.scale_state(scale(block.c.states()));
        observed.set_surfaces(&block.active);
        let quantum = std::array::from_fn(|l| block.eigen.values[block.active[l]][l]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

/// The state of largest population of each trajectory, excluding `except`; the first if several are equal.
fn dominant(c: &Vector, except: Option<&[usize; LANES]>) -> [usize; LANES] {
    let (mut best, mut largest) = ([0; LANES], [f64::NEG_INFINITY; LANES]);
    for k in 0..c.states() {
        let population = c.population(k);
        for l in (0..LANES).filter(|&l| except.is_none_or(|except| except[l] != k)) {
            if population[l] > largest[l] {
                (best[l], largest[l]) = (k, population[l]);
            }
        }
    }
    best
}

/// Which trajectories of a block are meant.
type Mask = [bool; LANES];

/// Propagation on the active surfaces, with hops at the times when the dominant state changes.
struct MashStep<'a> {
    method: &'a Mash,
    surface: SurfaceStep<'a>,
    begin: Block,
    /// Trial steps from there.
    probe: Block,
    /// Working memory for the rescaling direction.
    direction: PhaseSpace,
    part: PhaseSpace,
}

impl Stepper for MashStep<'_> {
    fn advance(&mut self, block: &mut Block, _step: usize) {
        // The coordinates are most of the memory: they are swapped rather than copied.
        std::mem::swap(&mut self.begin.z, &mut block.z);
        self.begin.copy_state(block);
        self.surface.advance_from(&self.begin.z, block);
        let dominant = dominant(&block.scratch[0], None);
        let has_crossed: Mask = std::array::from_fn(|l| dominant[l] != block.active[l]);
        if has_crossed.contains(&true) {
            self.resolve(block, has_crossed);
        }
    }
}

impl MashStep<'_> {
    /// Repeats the step for trajectories whose dominant state changes in it, with hops at the times of the changes. Lanes that are not `open`
    /// are propagated too, but never read.
    fn resolve(&mut self, block: &mut Block, mut open: Mask) {
        self.probe.eigen.restart();
        let mut left = [self.surface.length(); LANES];
        for _ in 0..self.method.max_hops {
            self.try_step(&left);
            let now = dominant(&self.probe.scratch[0], None);
            for (l, is_open) in open.iter_mut().enumerate().filter(|(_, is_open)| **is_open) {
                if now[l] == self.probe.active[l] {
                    *is_open = false;
                    block.copy_trajectory(&self.probe, l);
                }
            }
            if !open.contains(&true) {
                return;
            }
            let (lower, upper) = self.bisect(&left);
            let target = dominant(&self.probe.scratch[0], Some(&self.probe.active));
            let shifts = self.shifts(&target, &open);
            let time: Lanes = std::array::from_fn(|l| if shifts[l].is_some() { upper[l] } else { lower[l] });
            self.try_step(&time);
            self.hop(&target, &open);
            std::mem::swap(&mut self.begin.z, &mut self.probe.z);
            self.begin.copy_state(&self.probe);
            (0..LANES).for_each(|l| left[l] -= time[l]);
        }
        self.try_step(&left);
        let target = dominant(&self.probe.scratch[0], None);
        let is_left: Mask = std::array::from_fn(|l| open[l] && target[l] != self.probe.active[l]);
        self.hop(&target, &is_left);
        (0..LANES).filter(|&l| open[l]).for_each(|l| block.copy_trajectory(&self.probe, l));
    }

    /// Propagates the probe from the beginning of the step by each lane's own time.
    fn try_step(&mut self, t: &Lanes) {
        self.probe.copy_state(&self.begin);
        self.surface.advance_by(t, &self.begin.z, &mut self.probe);
    }

    /// Brackets the time at which another state becomes dominant by bisection. Leaves the probe at the last midpoint.
    fn bisect(&mut self, left: &Lanes) -> (Lanes, Lanes) {
        let (mut lower, mut upper) = (ZERO, *left);
        for _ in 0..self.method.bisections {
            let middle: Lanes = std::array::from_fn(|l| 0.5 * (lower[l] + upper[l]));
            self.try_step(&middle);
            let (c, active) = (&self.probe.scratch[0], &self.probe.active);
            let other = dominant(c, Some(active));
            let population = |k: usize, l: usize| c.re[k][l] * c.re[k][l] + c.im[k][l] * c.im[k][l];
            for l in 0..LANES {
                let is_ahead = population(active[l], l) - population(other[l], l) > 0.0;
                *(if is_ahead { &mut lower[l] } else { &mut upper[l] }) = middle[l];
            }
        }
        (lower, upper)
    }

    /// The shift along `direction`, which is computed too, that conserves the energy in a hop of each lane; none for a frustrated hop.
    fn shifts(&mut self, target: &[usize; LANES], open: &Mask) -> [Option<f64>; LANES] {
        self.find_direction(target);
        let Block { z, eigen, active, .. } = &self.probe;
        let bath = self.surface.model.bath();
        std::array::from_fn(|l| {
            let gap = eigen.values[target[l]][l] - eigen.values[active[l]][l];
            open[l].then(|| Rescaling::along(bath, z, &self.direction, l).shift_for_gap(gap)).flatten()
        })
    }

    /// Makes the probe's open lanes hop to `target`, or reflects them, and updates the Hamiltonian.
    fn hop(&mut self, target: &[usize; LANES], open: &Mask) {
        let shifts = self.shifts(target, open);
        let model = self.surface.model;
        let probe = &mut self.probe;
        for l in (0..LANES).filter(|&l| open[l]) {
            match shifts[l] {
                Some(gamma) => {
                    shift(&mut probe.z, &self.direction, l, gamma);
                    probe.active[l] = target[l];
                    probe.accepted_hops[l] += 1.0;
                }
                None => {
                    probe.frustrated_hops[l] += 1.0;
                    if self.method.frustrated != Frustrated::Keep {
                        let back = Rescaling::along(model.bath(), &probe.z, &self.direction, l).shift_to_reverse();
                        shift(&mut probe.z, &self.direction, l, back);
                    }
                }
            }
        }
        if model.depends_on_momenta() {
            model.hamiltonian(&probe.z, &mut probe.h);
            probe.last_vectors.clone_from(&probe.eigen.vectors);
            probe.eigen.solve(&probe.h);
            self.surface.follow_states(probe);
        }
    }

    /// The direction of momentum rescaling, delta = sum_k Re(d_kn c_k* c_n) - sum_k Re(d_km c_k* c_m) from surface n to m (eq. E2 of the paper). Re is
    /// the projection on real positions and momenta, also where z mixes them. QC Lab takes the real part of the expression as written, which is the
    /// same if the Hamiltonian depends on positions alone.
    fn find_direction(&mut self, target: &[usize; LANES]) {
        let model = self.surface.model;
        let is_as_written = self.surface.integrator == Integrator::Sequential;
        let Block { z, eigen, scratch, active, .. } = &mut self.probe;
        let [c, bra, ket, weights, ..] = scratch;
        for (state, sign) in [(&*active, 1.0), (target, -1.0)] {
            // The vector sum_k c_k/(e_n - e_k) |k>, and c_n |n>.
            weights.re.fill(ZERO);
            weights.im.fill(ZERO);
            for k in 0..c.states() {
                for l in (0..LANES).filter(|&l| k != state[l]) {
                    let gap = eigen.values[state[l]][l] - eigen.values[k][l];
                    let factor = if gap == 0.0 { 0.0 } else { 1.0 / gap };
                    (weights.re[k][l], weights.im[k][l]) = (factor * c.re[k][l], factor * c.im[k][l]);
                }
            }
            eigen.vectors.apply(weights, bra);
            weights.re.fill(ZERO);
            weights.im.fill(ZERO);
            for l in 0..LANES {
                (weights.re[state[l]][l], weights.im[state[l]][l]) = (c.re[state[l]][l], c.im[state[l]][l]);
            }
            eigen.vectors.apply(weights, ket);
            let is_first = sign > 0.0;
            add_gradient(model, z, (bra, ket), (sign, is_first), &mut self.part, &mut self.direction);
            if is_as_written {
                self.direction.y.fill(ZERO);
            } else {
                add_gradient(model, z, (ket, bra), (sign, false), &mut self.part, &mut self.direction);
            }
        }
    }
}

/// Adds sign <bra|d/dz*|ket> to `direction`, or overwrites it if `is_first`.
fn add_gradient(
    model: &dyn Model,
    z: &PhaseSpace,
    (bra, ket): (&Vector, &Vector),
    (sign, is_first): (f64, bool),
    part: &mut PhaseSpace,
    direction: &mut PhaseSpace,
) {
    model.gradient(z, bra, ket, part);
    for j in 0..part.x.len() {
        for l in 0..LANES {
            let (x, y) = (sign * part.x[j][l], sign * part.y[j][l]);
            let (dx, dy) = (&mut direction.x[j][l], &mut direction.y[j][l]);
            (*dx, *dy) = if is_first { (x, y) } else { (*dx + x, *dy + y) };
        }
    }
}
