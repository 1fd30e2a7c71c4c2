//! A model and an algorithm of one's own, with simmpi as a library: photodissociation on two Morse curves that cross and couple, and
//! Born-Oppenheimer dynamics, which never leaves its surface, beside surface hopping and mean field.
//!
//!     cargo run --release --example own_dynamics [TRAJECTORIES]
//!
//! What is written here once is what a file in `src/science/dynamics/models` or `algorithms` holds; `CONTRIBUTING.md` says which two
//! lines more make it a `kind` in configurations.
#![expect(clippy::needless_range_loop, reason = "a lane index runs over several arrays at once")]

use simmpi::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, InitialSurface, MeanField, Stepper};
use simmpi::science::dynamics::models::{Frozen, FrozenStep, GeneralStep, Motion, UnitSystem};
use simmpi::science::dynamics::{
    Algorithm, Bath, Block, Clock, Correlations, InitialState, Integrator, LANES, Lane, Matrix, Model, Observed, Phase,
    Start, System, Vector,
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
/// Height, width and place of the coupling (hartree, 1/bohr^2, bohr).
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
        let [height, width, place] = COUPLING;
        let v01 = height * libm::exp(-width * (q - place) * (q - place));
        ([v0, v1, v01], [d0, d1, -2.0 * width * (q - place) * v01])
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

    fn hamiltonian(&self, z: &Phase, h: &mut Matrix) {
        let q = self.bath.positions(0, z);
        for l in 0..LANES {
            let ([v0, v1, v01], _) = Self::curves(q[l]);
            (h.re[0][l], h.re[1][l], h.re[2][l], h.re[3][l]) = (v0, v01, v01, v1);
        }
    }

    fn gradient(&self, z: &Phase, bra: &Vector, ket: &Vector, out: &mut Phase) {
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

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut Phase) {
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

    fn prepare(&self, motion: Motion, t: f64) -> Box<dyn FrozenStep + '_> {
        Box::new(GeneralStep::new(self, motion, t))
    }

    fn units(&self) -> UnitSystem {
        UnitSystem::Atomic
    }
}

/// conj(bra_0) ket_1 + conj(bra_1) ket_0.
fn cross(bra: &Vector, ket: &Vector) -> (Lane, Lane) {
    let product = |i: usize, j: usize, l: usize| {
        let (a, b, c, d) = (bra.re[i][l], bra.im[i][l], ket.re[j][l], ket.im[j][l]);
        (a * c + b * d, a * d - b * c)
    };
    (
        std::array::from_fn(|l| product(0, 1, l).0 + product(1, 0, l).0),
        std::array::from_fn(|l| product(0, 1, l).1 + product(1, 0, l).1),
    )
}

/// Dynamics on the adiabatic surface that is populated most at the beginning.
struct BornOppenheimer;

struct OnOneSurface<'a> {
    model: &'a dyn Model,
    half: Lane,
    opening: Box<dyn FrozenStep + 'a>,
}

impl Algorithm for BornOppenheimer {
    fn has_surfaces(&self) -> bool {
        true
    }

    fn begin(&self, _model: &dyn Model, block: &mut Block, _branch: usize) -> Lane {
        block.to_adiabatic();
        let (lower, upper) = (block.scratch[0].population(0), block.scratch[0].population(1));
        block.active = std::array::from_fn(|l| usize::from(upper[l] > lower[l]));
        [1.0; LANES]
    }

    fn stepper<'a>(&'a self, model: &'a dyn Model, clock: &Clock) -> Box<dyn Stepper + 'a> {
        let t = clock.time_step;
        Box::new(OnOneSurface { model, half: [0.5 * t; LANES], opening: model.prepare(Motion::Opening, t) })
    }

    fn observe(&self, model: &dyn Model, block: &mut Block, observed: &mut Observed) {
        block.scratch[1].take_columns(&block.eigen.vectors, &block.active);
        observed.set_pure_state(&block.scratch[1]);
        observed.set_surfaces(&block.active);
        let quantum = std::array::from_fn(|l| block.eigen.values[block.active[l]][l]);
        observed.set_energies(model.bath().energy(&block.z), quantum);
    }
}

impl Stepper for OnOneSurface<'_> {
    fn advance(&mut self, block: &mut Block, _step: usize) {
        let surface = &mut block.scratch[1];
        surface.take_columns(&block.eigen.vectors, &block.active);
        self.opening.advance(&mut block.z, Frozen { psi: surface, active: &block.active }, &mut block.h);
        block.eigen.solve(&block.h);
        surface.take_columns(&block.eigen.vectors, &block.active);
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
        for block in Tasks::new(0, count).pieces(LANES as u64) {
            let found = system.run(block, (CampaignSeed(1), &state, &Start::default()), &mut || true);
            let is_meant = std::array::from_fn(|l| (l as u64) < block.count());
            for (sample, row) in found.samples.chunks(system.layout().len()).enumerate() {
                populations.add_lanes(sample, &row[0], &is_meant).expect("populations are no large numbers");
            }
        }
        println!("{name}: population of the first state");
        let rows = populations.means(count).into_iter().zip(populations.standard_errors(count));
        for (t, (mean, error)) in clock.times().iter().zip(rows) {
            println!("  t = {t:5} hbar/Eh   {mean:.4} +- {error:.4}");
        }
    }
}
