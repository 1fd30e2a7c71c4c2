//! What do a trajectory and the parts of its step cost on one core?
//!
//! `cargo bench --bench dynamics` measures: `trajectories` in steps of trajectories per second, including drawing of initial conditions and a
//! sample every ten steps, and `kernels` in trajectories per second. With `-- --test` every case runs once.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use simmpi::science::dynamics::algorithms::{Frustrated, Fssh, Gauge, InitialSurface, Mash, MeanField};
use simmpi::science::dynamics::models::{ClassicalScheme, Fmo, FrozenState, Holstein, SpinBoson, Tully, TullyOne};
use simmpi::science::dynamics::{
    Algorithm, Clock, Correlations, InitialConditions, InitialState, Integrator, LANES, Model, Sampling, System,
    initial_block,
};
use simmpi::science::sum::{Moments, exponent_for};
use simmpi::seed::{CampaignSeed, Purpose};
use simmpi::task::Tasks;
use std::hint::black_box;
use std::time::Duration;

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

fn first_state(model: &dyn Model) -> InitialState {
    InitialState::Diabatic((0..model.states()).map(|k| [f64::from(u8::from(k == 0)), 0.0]).collect())
}

fn trajectories(criterion: &mut Criterion) {
    let cases = [
        ("spin-boson, mean field", spin_boson(), mean_field(), 0.01, 100),
        ("spin-boson, fssh", spin_boson(), fssh(), 0.01, 100),
        ("spin-boson, ms-mash", spin_boson(), mash(), 0.01, 100),
        ("fmo (1400 modes), mean field", fmo(), mean_field(), 0.01, 20),
        ("fmo (1400 modes), fssh", fmo(), fssh(), 0.01, 20),
        ("holstein, mean field", holstein(), mean_field(), 0.01, 100),
        ("holstein, fssh", holstein(), fssh(), 0.01, 100),
        ("holstein, ms-mash", holstein(), mash(), 0.01, 100),
        ("tully-1, mean field", tully(), mean_field(), 1.0, 200),
        ("tully-1, fssh", tully(), fssh(), 1.0, 200),
    ];
    let mut group = criterion.benchmark_group("trajectories");
    for (name, model, algorithm, time_step, samples) in &cases {
        for (scheme, integrator) in [("strang", Integrator::Strang), ("sequential", Integrator::Sequential)] {
            let (time_step, samples) = (*time_step, *samples);
            let clock = Clock { time_step, steps_per_sample: 10, samples, integrator };
            let (model, algorithm) = (model.as_ref(), algorithm.as_ref());
            let system = System { model, algorithm, clock: &clock, correlations: Correlations::default() };
            let (state, start) = (first_state(model), InitialConditions::default());
            group.throughput(Throughput::Elements((clock.steps() * LANES) as u64));
            group.bench_function(format!("{name}, {scheme}"), |bencher| {
                let mut first = 0;
                bencher.iter(|| {
                    first += LANES as u64;
                    let tasks = Tasks::new(first, first + LANES as u64);
                    black_box(system.run(tasks, (CampaignSeed(1), &state, &start), &mut || true))
                });
            });
        }
    }
    group.finish();
}

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernels");
    group.throughput(Throughput::Elements(LANES as u64));
    for (name, model, step) in [
        ("spin-boson", spin_boson(), 0.01),
        ("fmo", fmo(), 0.01),
        ("holstein", holstein(), 0.01),
        ("tully-1", tully(), 1.0),
    ] {
        let model = model.as_ref();
        let state = first_state(model);
        let begin = (CampaignSeed(1), &state, &InitialConditions::default());
        let mut block = initial_block(model, &MeanField, Tasks::new(0, LANES as u64), begin);
        for (kind, scheme) in
            [("runge-kutta", ClassicalScheme::RungeKutta), ("symmetric", ClassicalScheme::KickDriftKick)]
        {
            let mut prepared = model.classical_step(scheme, step);
            group.bench_function(format!("coordinates, {name}, {kind}"), |bencher| {
                let frozen = FrozenState { psi: &block.c, active: &block.active };
                bencher.iter(|| prepared.advance(&mut block.z, frozen, &mut block.h));
            });
        }
        // The eigenproblem after one more step each time, as it comes in surface hopping; the step itself is measured above.
        let mut prepared = model.classical_step(ClassicalScheme::KickDriftKick, step);
        group.bench_function(format!("coordinates and eigenproblem, {name}"), |bencher| {
            bencher.iter(|| {
                prepared.advance(&mut block.z, FrozenState { psi: &block.c, active: &block.active }, &mut block.h);
                block.eigen.solve(&block.h);
            });
        });
        group.bench_function(format!("initial conditions, {name}"), |bencher| {
            let mut task = 0;
            bencher.iter(|| {
                for lane in 0..LANES {
                    task += 1;
                    model.draw(lane, &mut CampaignSeed(1).stream(task, Purpose::InitialCoordinates), &mut block.z);
                }
            });
        });
    }
    let mut sums = Moments::new(1, exponent_for(2.0));
    let values: [f64; LANES] = std::array::from_fn(|l| 0.1 * l as f64);
    group.bench_function("exact sum and sum of squares", |bencher| {
        bencher.iter(|| {
            sums = Moments::new(1, exponent_for(2.0));
            sums.add_lanes(0, black_box(&values), &[true; LANES])
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2)).sample_size(20);
    targets = trajectories, kernels
}
criterion_main!(benches);
