//! A user-defined model and algorithm, with simmpi as a library: photodissociation on two Morse curves that cross and couple, and
//! Born-Oppenheimer dynamics, which never leaves its surface, compared with surface hopping and mean field.
//!
//!     cargo run --release --example own_dynamics [TRAJECTORIES]
//!
//! Each would be one file in `src/science/dynamics/models` or `algorithms`; `CONTRIBUTING.md` says which two
//! lines more make it a `kind` in configurations.
#![expect(clippy::needless_range_loop, reason = "a lane index runs over several arrays at once")]

use simmpi::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, InitialSurface, MeanField, Stepper};
use simmpi::science::dynamics::models::{ClassicalScheme, ClassicalStep, FrozenState, GeneralStep, UnitSystem};
use simmpi::science::dynamics::{
    Algorithm, Bath, Block, Clock, Correlations, InitialConditions, InitialState, Integrator, LANES, Lanes, Matrix,
    Model, Observables, PhaseSpace, System, Vector,
};
use simmpi::science::sum::{Moments, exponent_for};
use simmpi::seed::{CampaignSeed, Stream};
use simmpi::task::Tasks;

/// Two Morse curves D (1 - exp(-b (q - r)))^2 + c with a gaussian coupling where they cross, in atomic units.
struct MorsePair {
    bath: Bath,
}

/// D, b, r, c of each curve (hartree, 1/bohr, bohr, hartree).
const CURVES: [[f64; 4]; 2] = [[0.02, 0.65, 4.5, 0.0], [0.01, 0.4, 4.0, 0.01]];
/// Height, exponent and center of the coupling (hartree, 1/bohr^2, bohr).
const COUPLING: [f64; 3] = [0.005, 32.0, 3.34];

impl MorsePair {
    fn new() -> Self {
        Self { bath: Bath::free_particle(20_000.0, 1) }
    }

    /// Energies of the curves and coupling at q, and their slopes.
    fn curves(q: f64) -> ([f64; 3], [f64; 3]) {
        let morse = |[d, b, r, c]: [f64; 4]| {
            let decay = libm::exp(-b * (q - r));
            (d * (1.0 - decay) * (1.0 - decay) + c, 2.0 * d * b * decay * (1.0 - decay))
        };
        let ([v0, d0], [v1, d1]) = (morse(CURVES[0]).into(), morse(CURVES[1]).into());
        let [height, width, center] = COUPLING;
        let v01 = height * libm::exp(-width * (q - center) * (q - center));
        ([v0, v1, v01], [d0, d1, -2.0 * width * (q - center) * v01])
    }
}

impl Model for MorsePair {
    fn states(&self) -> usize {
        2
    }

    fn bath(&self) -> &Bath {
        &self.bath
    }

    fn is_real(&self) -> bool {
        true
    }

    fn hamiltonian(&self, z: &PhaseSpace, h: &mut Matrix) {
        let q = self.bath.positions(0, z);
        for l in 0..LANES {
            let ([v0, v1, v01], _) = Self::curves(q[l]);
            (h.re[0][l], h.re[1][l], h.re[2][l], h.re[3][l]) = (v0, v01, v01, v1);
        }
    }

    fn gradient(&self, z: &PhaseSpace, bra: &Vector, ket: &Vector, out: &mut PhaseSpace) {
        // d/dz* = d/dq / sqrt(2 m h) for a function of q alone.
        let scale = 1.0 / (2.0 * self.bath.masses[0] * self.bath.weights[0]).sqrt();
        let q = self.bath.positions(0, z);
        let (both, (re, im)) = ((bra.product(ket, 0), bra.product(ket, 1)), cross(bra, ket));
        for l in 0..LANES {
            let (_, [d0, d1, d01]) = Self::curves(q[l]);
            out.x[0][l] = scale * (d0 * both.0.0[l] + d1 * both.1.0[l] + d01 * re[l]);
            out.y[0][l] = scale * (d0 * both.0.1[l] + d1 * both.1.1[l] + d01 * im[l]);
        }
    }

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut PhaseSpace) {
        // The ground state of an oscillator of 0.005 hartree around 2.9 bohr.
        let (m, w) = (self.bath.masses[0], 0.005);
        let (q, p) = (2.9 + stream.normal() / (2.0 * m * w).sqrt(), (0.5 * m * w).sqrt() * stream.normal());
        (z.x[0][lane], z.y[0][lane]) = self.bath.to_complex(0, q, p);
    }

    fn energy_scale(&self) -> f64 {
        0.1
    }

    fn spectral_range(&self) -> [f64; 2] {
        let largest = 0.1;
        [-largest, largest]
    }

    fn classical_step(&self, scheme: ClassicalScheme, t: f64) -> Box<dyn ClassicalStep + '_> {
        Box::new(GeneralStep::new(self, scheme, t))
    }

    fn units(&self) -> UnitSystem {
        UnitSystem::Atomic
    }
}

/// conj(bra_0) ket_1 + conj(bra_1) ket_0.
fn cross(bra: &Vector, ket: &Vector) -> (Lanes, Lanes) {
    let product = |i: usize, j: usize, l: usize| {
        let (a, b, c, d) = (bra.re[i][l], bra.im[i][l], ket.re[j][l], ket.im[j][l]);
        (a * c + b * d, a * d - b * c)
    };
    (
        std::array::from_fn(|l| product(0, 1, l).0 + product(1, 0, l).0),
        std::array::from_fn(|l| product(0, 1, l).1 + product(1, 0, l).1),
    )
}

/// Dynamics on the adiabatic surface of the largest initial population.
struct BornOppenheimer;

struct OnOneSurface<'a> {
    model: &'a dyn Model,
    half: Lanes,
    kick_drift: Box<dyn ClassicalStep + 'a>,
}

impl Algorithm for BornOppenheimer {
    fn has_surfaces(&self) -> bool {
        true
    }

    fn begin(&self, _model: &dyn Model, block: &mut Block, _branch: usize) -> Lanes {
        block.to_adiabatic();
        let (lower, upper) = (block.scratch[0].population(0), block.scratch[0].population(1));
        block.active = std::array::from_fn(|l| usize::from(upper[l] > lower[l]));
        [1.0; LANES]
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let t = clock.time_step;
        Box::new(OnOneSurface {
            model,
            half: [0.5 * t; LANES],
            kick_drift: model.classical_step(ClassicalScheme::KickDrift, t),
        })
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observables) {
        block.scratch[1].copy_columns(&block.eigen.vectors, &block.active);
        observed.set_pure_state(&block.scratch[1]);
        observed.set_surfaces(&block.active);
        let quantum = std::array::from_fn(|l| block.eigen.values[block.active[l]][l]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

impl Stepper for OnOneSurface<'_> {
    fn advance(&mut self, block: &mut Block, _step: usize) {
        let surface = &mut block.scratch[1];
        surface.copy_columns(&block.eigen.vectors, &block.active);
        self.kick_drift.advance(&mut block.z, FrozenState { psi: surface, active: &block.active }, &mut block.h);
        block.eigen.solve(&block.h);
        surface.copy_columns(&block.eigen.vectors, &block.active);
        self.model.kick(&self.half, &mut block.z, surface, &mut block.force);
    }
}

fn main() {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1600);
    let model = MorsePair::new();
    let clock = Clock { time_step: 5.0, steps_per_sample: 100, samples: 8, integrator: Integrator::Strang };
    let (initial_surface, frustrated) = (InitialSurface::Sampled, Frustrated::Reverse);
    let fssh = Fssh { initial_surface, frustrated, gauge: Gauge::PhaseOverlap, decoherence: None };
    let methods: [(&str, &dyn Algorithm); 3] =
        [("Born-Oppenheimer", &BornOppenheimer), ("surface hopping", &fssh), ("mean field", &MeanField)];
    let state = InitialState::Diabatic(vec![[1.0, 0.0], [0.0, 0.0]]);
    for (name, algorithm) in methods {
        let system = System { model: &model, algorithm, clock: &clock, correlations: Correlations::default() };
        let mut populations = Moments::new(clock.samples + 1, exponent_for(2.0));
        for block in Tasks::new(0, count).split(LANES as u64) {
            let result = system.run(block, (CampaignSeed(1), &state, &InitialConditions::default()), &mut || true);
            let is_filled = std::array::from_fn(|l| (l as u64) < block.count());
            for (sample, row) in result.samples.chunks(system.layout().size()).enumerate() {
                populations.add_lanes(sample, &row[0], &is_filled).expect("populations are at most one");
            }
        }
        println!("{name}: population of the first state");
        let rows = populations.means(count).into_iter().zip(populations.standard_errors(count));
        for (t, (mean, error)) in clock.times().iter().zip(rows) {
            let (Some(mean), Some(error)) = (mean, error) else { continue };
            println!("  t = {t:5} hbar/Eh   {mean:.4} +- {error:.4}");
        }
    }
}
