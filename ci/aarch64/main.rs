//! Prints digests of results: equal ones on two processors are results with equal bits.
#![allow(dead_code, unused_imports)]
#[path = "../../src/science/mod.rs"]
mod science;
#[path = "../../src/seed.rs"]
mod seed;
#[path = "../../src/task/mod.rs"]
mod task;
#[path = "../../src/units/mod.rs"]
mod units;

use science::basis::named;
use science::chemistry::{Atom, Element, Molecule};
use science::dynamics::algorithms::{Frustrated, Fssh, Gauge, InitialSurface, Mash, MeanField};
use science::dynamics::models::{Fmo, SpinBoson, Tully, TullyOne};
use science::dynamics::{
    self, Algorithm, Clock, Correlations, InitialConditions, InitialState, Integrator, LANES, Model, Sampling,
};
use science::free_energy::{Axis, Bins, Estimator, Problem, Window};
use science::langevin::surfaces::MuellerBrown;
use science::langevin::{Biasing, Group, Surface};
use science::opes::{Settings as OpesSettings, Variant, WidthRule};
use science::pca::{Krylov, Rows, VectorBlock, Width};
use science::scf::{Derivative, Method, Settings, System, solve};
use seed::{CampaignSeed, Purpose};
use std::sync::Arc;
use task::Tasks;

/// FNV-1a over the bits of numbers.
fn print(name: &str, numbers: impl IntoIterator<Item = f64>) {
    let mut count = 0;
    let digest = numbers.into_iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, number| {
        count += 1;
        let bytes = number.to_bits().to_le_bytes();
        bytes.iter().fold(digest, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    });
    println!("{name}: {digest:016x} of {count} numbers");
}

fn trajectories(name: &str, model: &dyn Model, algorithm: &dyn Algorithm, time_step: f64) {
    let clock = Clock { time_step, steps_per_sample: 10, samples: 20, integrator: Integrator::Strang };
    let system = dynamics::System { model, algorithm, clock: &clock, correlations: Correlations::default() };
    let state = InitialState::Diabatic((0..model.states()).map(|k| [f64::from(u8::from(k == 0)), 0.0]).collect());
    let start = (CampaignSeed(1), &state, &InitialConditions::default());
    let block = system.run(Tasks::new(0, LANES as u64), start, &mut || true);
    print(name, block.samples.into_iter().flatten());
}

fn dynamics() {
    let (sampling, mass) = (Sampling::Boltzmann, 1.0);
    let (characteristic_frequency, reorganization_energy) = (0.1, 0.005);
    let (thermal_energy, bias, coupling, modes) = (1.0, 0.5, 0.5, 100);
    let spin_boson = SpinBoson {
        thermal_energy,
        bias,
        coupling,
        modes,
        characteristic_frequency,
        reorganization_energy,
        mass,
        sampling,
    };
    let spin_boson = spin_boson.build();
    let (temperature_k, modes_per_site) = (300.0, 20);
    let (characteristic_frequency_per_cm, reorganization_energy_per_cm) = (106.14, 35.0);
    let fmo = Fmo {
        temperature_k,
        modes_per_site,
        characteristic_frequency_per_cm,
        reorganization_energy_per_cm,
        mass,
        sampling,
    };
    let gauge = Gauge::PhaseOverlap;
    let (initial_surface, frustrated) = (InitialSurface::Sampled, Frustrated::Keep);
    let fssh = Fssh { initial_surface, frustrated, gauge, decoherence: None };
    let mash = Mash { frustrated: Frustrated::Reverse, gauge, max_hops: 10, bisections: 10 };
    trajectories("spin-boson, mean field", &spin_boson, &MeanField, 0.01);
    trajectories("spin-boson, fssh", &spin_boson, &fssh, 0.01);
    trajectories("spin-boson, ms-mash", &spin_boson, &mash, 0.01);
    trajectories("fmo, fssh", &fmo.build(), &fssh, 0.01);
    trajectories("tully-1, fssh", &Tully::<TullyOne>::new(2000.0, -8.0, 10.0, None), &fssh, 1.0);
}

/// A biased walker on the surface of Mueller and Brown.
fn langevin() -> Vec<f64> {
    let surface = Arc::new(MuellerBrown { scale: 1.0 });
    let widths = WidthRule::Fixed(vec![0.1, 0.1]);
    let settings = OpesSettings { widths, ..OpesSettings::new(Variant::Metad, 15.0, 120.0, 100, vec![None, None]) };
    let system = science::langevin::System {
        start: surface.start(),
        surface,
        integrator: science::langevin::Integrator::Overdamped { friction: 1.0 },
        thermal_energy: 15.0,
        time_step: 1e-4,
        sample_every: 100,
        walkers: 1,
        biasing: Some(Biasing { coordinates: vec![0, 1], settings }),
    };
    let mut group = Group::new(&system, CampaignSeed(1), 1).expect("the system is valid");
    group.advance(20_000).expect("the time step is short");
    let names = science::langevin::Series::names_of(&system);
    group
        .into_series()
        .iter()
        .flat_map(|series| names.iter().filter_map(|name| series.column(name)))
        .flatten()
        .copied()
        .collect()
}

/// Free energies of four windows whose samples are those of the walker.
fn free_energies(walker: &[f64]) {
    let window = |k: usize| Window {
        center: k as f64,
        stiffness: 4.0,
        samples: walker.iter().take(200).map(|x| k as f64 + 0.4 * fraction(*x)).collect(),
    };
    for (name, estimator) in [("mbar", Estimator::Mbar), ("wham", Estimator::Wham)] {
        let bins = Bins { low: -1.0, high: 4.0, count: 40, axis: Axis::default() };
        let problem = Problem::new((0..4).map(window).collect(), bins, estimator).expect("the equations converge");
        let profile = problem.profile(&[]);
        print(name, profile.free_energy.into_iter().flatten().chain(profile.windows.free_energy));
    }
}

/// A bounded number made of another one by exact operations alone.
fn fraction(x: f64) -> f64 {
    x - x.floor() - 0.5
}

fn components() {
    let (coordinates, frames) = (300, 200);
    let mut rows = Rows::with_capacity(coordinates, frames);
    let mut state = 1_u64;
    for frame in 0..frames {
        for (k, x) in rows.add().iter_mut().take(coordinates).enumerate() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *x = (state >> 40) as f32 / 1e7 + (frame * (k % 7)) as f32 * 1e-3;
        }
    }
    let mean: Vec<f64> = rows.sum().iter().map(|sum| sum / frames as f64).collect();
    let mut krylov =
        Krylov::new(coordinates, 10, Width::Narrow, &mut CampaignSeed(1).stream(0, Purpose::KrylovVectors));
    let components = loop {
        let products = VectorBlock::new(&mean, &krylov.block()).product(&rows);
        if let Some(components) = krylov.add_products(&products) {
            break components;
        }
    };
    print("pca", components.values.into_iter().chain(components.vectors.into_iter().flatten()));
}

fn electrons() {
    let atom = |(symbol, position): (&str, [f64; 3])| Atom {
        element: Element::from_symbol(symbol).expect("an element"),
        position,
        is_ghost: false,
    };
    let water = [("O", [0.0, 0.0, 0.22]), ("H", [0.0, 1.43, -0.88]), ("H", [0.0, -1.43, -0.88])];
    let molecule = Molecule {
        atoms: water.into_iter().map(atom).collect(),
        charge: 0,
        multiplicity: 1,
        point_charges: Vec::new(),
    };
    let basis = named("6-31g*").expect("a set that is compiled in");
    let system = System { molecule: &molecule, basis: &basis };
    for (name, method, derivative) in
        [("hf with gradient", Method::Hf, Derivative::Gradient), ("mp2", Method::Mp2, Derivative::Energy)]
    {
        let settings = Settings { method, ..Settings::default() };
        let result = solve(&system, &settings, derivative).expect("the iterations converge");
        let gradient = result.gradient.into_iter().flatten().flatten();
        print(name, [result.energy].into_iter().chain(result.orbital_energies.into_iter().flatten()).chain(gradient));
    }
}

fn main() {
    dynamics();
    let walker = langevin();
    free_energies(&walker);
    print("langevin with opes", walker);
    components();
    electrons();
}
