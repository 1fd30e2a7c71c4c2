//! Fewest-switches surface hopping (Tully, J. Chem. Phys. 93, 1061, 1990, doi:10.1063/1.459170).
use super::decoherence::Decoherence;
use super::gauge::{self, Gauge};
use super::rescaling::{Frustrated, Rescaling, shift};
use super::surface::SurfaceStep;
use super::{Algorithm, Stepper};
use crate::science::dynamics::{Block, Clock, Integrator, LANES, Lanes, Model, Observables, PhaseSpace, Vector, ZERO};

/// Which surfaces an initial condition starts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialSurface {
    /// One, drawn by the populations.
    Sampled,
    /// Every surface, each weighted by its population.
    All,
}

#[derive(Clone, Debug)]
pub struct Fssh {
    pub initial_surface: InitialSurface,
    pub frustrated: Frustrated,
    pub gauge: Gauge,
    pub decoherence: Option<Decoherence>,
}

impl Algorithm for Fssh {
    fn has_surfaces(&self) -> bool {
        true
    }

    fn branches(&self, states: usize) -> usize {
        if self.initial_surface == InitialSurface::All { states } else { 1 }
    }

    fn begin(&self, model: &dyn Model, block: &mut Block, branch: usize) -> Lanes {
        block.is_replay = block.has_given_hops();
        if block.is_replay && !block.eigen.vectors.is_real {
            // The direction of rescaling of a replay depends on the phases: these are QC Lab's at t = 0.
            gauge::make_couplings_real(model, &block.z, &mut block.eigen.vectors);
        }
        block.to_adiabatic();
        if self.initial_surface == InitialSurface::All {
            block.active = [branch; LANES];
            return block.scratch[0].population(branch);
        }
        let populations: Vec<Lanes> = (0..block.c.states()).map(|k| block.scratch[0].population(k)).collect();
        for l in 0..LANES {
            let u = block.first_uniform[l];
            let mut sum = 0.0;
            let chosen = populations.iter().position(|population| {
                sum += population[l];
                sum > u
            });
            // Rounding can leave the sum just below u: then the last state with any population is taken.
            let last = || populations.iter().rposition(|population| population[l] > 0.0).unwrap_or(0);
            block.active[l] = chosen.unwrap_or_else(last);
        }
        [1.0; LANES]
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let coordinates = model.bath().coordinates();
        Box::new(FsshStep {
            method: self,
            surface: SurfaceStep::new(model, self.gauge, clock),
            direction: PhaseSpace::zero(coordinates),
            reverse: PhaseSpace::zero(coordinates),
        })
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observables) {
        block.to_adiabatic();
        observed.set_adiabatic(&block.scratch[0]);
        observed.set_surfaces(&block.active);
        observed.set_hopping_state(&block.scratch[0], &block.active, &block.eigen.vectors);
        let quantum = std::array::from_fn(|l| block.eigen.values[block.active[l]][l]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

/// Propagation on the active surfaces, hops with momentum rescaling, decoherence.
struct FsshStep<'a> {
    method: &'a Fssh,
    surface: SurfaceStep<'a>,
    /// Working memory for the rescaling direction.
    direction: PhaseSpace,
    reverse: PhaseSpace,
}

impl Stepper for FsshStep<'_> {
    fn advance(&mut self, block: &mut Block, step: usize) {
        self.surface.advance(block);
        self.hop(block, step);
        if let Some(decoherence) = self.method.decoherence {
            decoherence.apply(self.surface.model.bath(), self.surface.length(), block);
        }
    }
}

impl FsshStep<'_> {
    /// Decides for every trajectory whether it hops, and rescales the momentum of those that do. `scratch[0]` holds the adiabatic amplitudes.
    fn hop(&mut self, block: &mut Block, step: usize) {
        let uniforms: Lanes = std::array::from_fn(|l| block.uniform(l, step));
        let mut target = choose_targets(block, &uniforms);
        for l in (0..LANES).filter(|&l| self.surface.crossed[l]) {
            target[l] = target_by_populations(&self.surface.before, &block.scratch[0], block.active[l], l, uniforms[l]);
        }
        if target == block.active {
            return;
        }
        let gaps = self.find_direction(block, &target);
        let model = self.surface.model;
        if self.method.frustrated == Frustrated::JasperTruhlar {
            let [_, _, target_state, ..] = &mut block.scratch;
            target_state.copy_columns(&block.eigen.vectors, &target);
            model.gradient(&block.z, target_state, target_state, &mut block.force);
        }
        let before = block.active;
        let mut moved = [false; LANES];
        for l in (0..LANES).filter(|&l| target[l] != before[l]) {
            let rescaling = Rescaling::along(model.bath(), &block.z, &self.direction, l);
            // QC Lab lets a hop without a direction happen for free.
            let is_free = self.surface.is_qc_lab(block) && rescaling.has_no_direction();
            if let Some(gamma) = rescaling.shift_for_gap(gaps[l]).or(is_free.then_some(0.0)) {
                shift(&mut block.z, &self.direction, l, gamma);
                block.active[l] = target[l];
                block.accepted_hops[l] += 1.0;
                moved[l] = true;
                continue;
            }
            block.frustrated_hops[l] += 1.0;
            let is_reversed = match self.method.frustrated {
                Frustrated::Keep => false,
                Frustrated::Reverse => true,
                Frustrated::JasperTruhlar => {
                    rescaling.is_opposed(model.bath(), &block.z, &self.direction, &block.force, l)
                }
            };
            if is_reversed {
                shift(&mut block.z, &self.direction, l, rescaling.shift_to_reverse());
                moved[l] = true;
            }
        }
        // QC Lab keeps the Hamiltonian from before the hop.
        if self.surface.integrator == Integrator::Strang && model.depends_on_momenta() && moved.contains(&true) {
            self.surface.refresh(block, &moved);
        }
    }

    /// Computes the direction of momentum rescaling of every lane that is to hop, and returns the energy gaps. The direction is the derivative
    /// coupling <a|d/dz*|b>, unless the model has its own. A replay of QC Lab takes complex couplings as they are.
    fn find_direction(&mut self, block: &mut Block, target: &[usize; LANES]) -> Lanes {
        let model = self.surface.model;
        let is_as_written = self.surface.is_qc_lab(block);
        let active = block.active;
        let Block { eigen, scratch, z, .. } = block;
        let [_, bra, ket, ..] = scratch;
        bra.copy_columns(&eigen.vectors, &active);
        ket.copy_columns(&eigen.vectors, target);
        let gaps: Lanes = std::array::from_fn(|l| eigen.values[target[l]][l] - eigen.values[active[l]][l]);
        divide_by_gaps(bra, &gaps);
        model.gradient(z, bra, ket, &mut self.direction);
        if !eigen.vectors.is_real && !is_as_written {
            model.gradient(z, ket, bra, &mut self.reverse);
            (0..LANES).for_each(|l| project_to_real(&mut self.direction, &self.reverse, l));
        }
        (0..LANES).filter(|&l| target[l] != active[l]).for_each(|l| {
            model.rescaling_direction(z, l, &mut self.direction);
        });
        gaps
    }
}

/// Divides by the gap: the derivative coupling is the matrix element of the gradient divided by it.
fn divide_by_gaps(bra: &mut Vector, gaps: &Lanes) {
    for part in bra.re.iter_mut().chain(&mut bra.im) {
        (0..LANES).filter(|&l| gaps[l] != 0.0).for_each(|l| part[l] /= gaps[l]);
    }
}

/// Projects u = <a|d/dz*|b> on real changes of positions and momenta, (exp(i eta) u + exp(-i eta) v)/2 with v = <b|d/dz*|a>, for the phase eta
/// of largest norm: independent of the phases of the eigenvectors (Krotz and Tempelaar, Phys. Rev. A
/// 109, 032210, 2024, doi:10.1103/PhysRevA.109.032210).
fn project_to_real(u: &mut PhaseSpace, v: &PhaseSpace, l: usize) {
    let (mut re, mut im) = (0.0, 0.0);
    for j in 0..u.x.len() {
        // u conj(v)
        re += u.x[j][l] * v.x[j][l] + u.y[j][l] * v.y[j][l];
        im += u.y[j][l] * v.x[j][l] - u.x[j][l] * v.y[j][l];
    }
    let eta = -0.5 * libm::atan2(im, re);
    let (sin, cos) = libm::sincos(eta);
    for j in 0..u.x.len() {
        let (a, b, p, q) = (u.x[j][l], u.y[j][l], v.x[j][l], v.y[j][l]);
        u.x[j][l] = 0.5 * (cos * a - sin * b + cos * p + sin * q);
        u.y[j][l] = 0.5 * (cos * b + sin * a + cos * q - sin * p);
    }
}

/// The surface that trajectory `l` on surface `own` hops to, or `own`, given the uniform random number `u` and the amplitudes at the beginning and
/// the end of the step. Equal to the probability by couplings in the limit of short steps, and valid for a step of any length. P_b = max(0, dp_b) max(0, -dp_own)/(p_own sum_k max(0, -dp_k)) (Wang,
/// Trivedi and Prezhdo, J. Chem. Theory Comput. 10, 3598, 2014, doi:10.1021/ct5003835).
fn target_by_populations(before: &Vector, after: &Vector, own: usize, l: usize, u: f64) -> usize {
    let (first, last) = (|k: usize| before.population(k)[l], |k: usize| after.population(k)[l]);
    let loss = |k: usize| (first(k) - last(k)).max(0.0);
    let all: f64 = (0..after.states()).map(loss).sum();
    if loss(own) == 0.0 {
        return own;
    }
    let part = loss(own) / (all * first(own));
    let mut cumulative = 0.0;
    let others = (0..after.states()).filter(|&b| b != own);
    let chosen = others.map(|b| (b, (last(b) - first(b)).max(0.0) * part)).find(|(_, probability)| {
        cumulative += probability;
        *probability > 0.0 && cumulative > u
    });
    chosen.map_or(own, |(b, _)| b)
}

/// The surfaces that trajectories hop to, given the uniform random numbers `u`: the first whose cumulative probability exceeds u, or their own.
/// P_b = max(0, -2 Re(<a(t+dt)|b(t)> c_b/c_a)) (Hammes-Schiffer and Tully, J. Chem. Phys. 101, 4657, 1994,
/// doi:10.1063/1.467455, with the derivative coupling as an overlap). `scratch[0]` holds the adiabatic amplitudes,
/// `scratch[1]` the vectors of the active surfaces.
fn choose_targets(block: &mut Block, u: &Lanes) -> [usize; LANES] {
    let [c, surface, overlap, ..] = &mut block.scratch;
    // <b(t)|a(t+dt)>
    block.last_vectors.apply_adjoint(surface, overlap);
    let own = block.active;
    let (ar, ai): (Lanes, Lanes) = (std::array::from_fn(|l| c.re[own[l]][l]), std::array::from_fn(|l| c.im[own[l]][l]));
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
            // NaN (an amplitude of zero) counts as zero; an infinite probability as certainty.
            cumulative[l] += if probability > 0.0 { probability.min(1e102) } else { 0.0 };
            if cumulative[l] > u[l] {
                targets[l] = b;
            }
        }
    }
    targets
}
