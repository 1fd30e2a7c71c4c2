//! How many trajectory-steps does one core do in a second, drawing of initial conditions and observables included?
//!
//! `cargo bench --bench dynamics` measures; with `--test` every case runs once for a few steps.
use simmpi::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, InitialSurface, Mash, MeanField};
use simmpi::science::dynamics::models::{Fmo, Holstein, SpinBoson, Tully, TullyOne};
use simmpi::science::dynamics::{
    Algorithm, Clock, Correlations, InitialState, Integrator, LANES, Model, Sampling, Start, System,
};
use simmpi::seed::CampaignSeed;
use simmpi::task::Tasks;
use std::time::Instant;

fn spin_boson() -> Box<dyn Model> {
    let model = SpinBoson {
        thermal_energy: 1.0,
        bias: 0.5,
        coupling: 0.5,
        modes: 100,
        characteristic_frequency: 0.1,
        reorganization_energy: 0.005,
        mass: 1.0,
        sampling: Sampling::Boltzmann,
    };
    Box::new(model.build())
}

fn fmo() -> Box<dyn Model> {
    let model = Fmo {
        temperature_k: 300.0,
        modes_per_site: 200,
        characteristic_frequency_per_cm: 106.14,
        reorganization_energy_per_cm: 35.0,
        mass: 1.0,
        sampling: Sampling::Boltzmann,
    };
    Box::new(model.build())
}

fn holstein() -> Box<dyn Model> {
    let (thermal_energy, coupling, frequency, sites, hopping, mass) = (1.0, 0.5, 0.5, 10, 1.0, 1.0);
    let (periodic, sampling) = (true, Sampling::Boltzmann);
    Box::new(Holstein { thermal_energy, coupling, frequency, sites, hopping, mass, periodic, sampling }.build())
}

fn tully() -> Box<dyn Model> {
    Box::new(Tully::<TullyOne>::new(2000.0, -8.0, 10.0, None))
}

fn fssh() -> Box<dyn Algorithm> {
    let (initial_surface, frustrated, gauge) = (InitialSurface::Sampled, Frustrated::Keep, Gauge::PhaseOverlap);
    Box::new(Fssh { initial_surface, frustrated, gauge, decoherence: None })
}

fn mean_field() -> Box<dyn Algorithm> {
    Box::new(MeanField)
}

fn mash() -> Box<dyn Algorithm> {
    let (frustrated, gauge) = (Frustrated::Reverse, Gauge::PhaseOverlap);
    Box::new(Mash { frustrated, gauge, max_hops: 10, bisections: 10 })
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let cases = [
        ("spin-boson, mean field", spin_boson(), mean_field(), 0.01, 20_000),
        ("spin-boson, fssh", spin_boson(), fssh(), 0.01, 20_000),
        ("spin-boson, ms-mash", spin_boson(), mash(), 0.01, 20_000),
        ("fmo (1400 modes), mean field", fmo(), mean_field(), 0.01, 1000),
        ("fmo (1400 modes), fssh", fmo(), fssh(), 0.01, 1000),
        ("holstein, mean field", holstein(), mean_field(), 0.01, 10_000),
        ("holstein, fssh", holstein(), fssh(), 0.01, 2000),
        ("holstein, ms-mash", holstein(), mash(), 0.01, 2000),
        ("tully-1, mean field", tully(), mean_field(), 1.0, 20_000),
        ("tully-1, fssh", tully(), fssh(), 1.0, 20_000),
    ];
    println!("{:32} {:>14} {:>14}   trajectory-steps per second and core", "", "strang", "sequential");
    for (name, model, algorithm, time_step, samples) in &cases {
        let rate = |integrator| {
            let samples = if is_test { 2 } else { samples / 10 };
            let clock = Clock { time_step: *time_step, steps_per_sample: 10, samples, integrator };
            let state =
                InitialState::Diabatic((0..model.states()).map(|k| [f64::from(u8::from(k == 0)), 0.0]).collect());
            let run = |first: u64| {
                let start = Start::default();
                let tasks = Tasks::new(first, first + LANES as u64);
                let (model, algorithm) = (model.as_ref(), algorithm.as_ref());
                let system = System { model, algorithm, clock: &clock, correlations: Correlations::default() };
                system.run(tasks, (CampaignSeed(1), &state, &start), &mut || true)
            };
            let best = (0..3).map(|k| {
                let began = Instant::now();
                std::hint::black_box(run(k * LANES as u64));
                began.elapsed().as_secs_f64()
            });
            (clock.steps() * LANES) as f64 / best.fold(f64::INFINITY, f64::min)
        };
        println!("{name:32} {:>14.0} {:>14.0}", rate(Integrator::Strang), rate(Integrator::Sequential));
    }
}
