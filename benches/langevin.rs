//! What does a step of Langevin dynamics cost on one core, with and without an OPES bias?
//!
//! `cargo bench --bench langevin` measures steps per second of whole runs including the deposition of kernels; with `-- --test` every case runs
//! once. `benches/opes_numpy.py` is the same simulation in numpy.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use simmpi::science::langevin::surfaces::{DoubleWell, MuellerBrown};
use simmpi::science::langevin::{Biasing, Group, Integrator, Surface, System};
use simmpi::science::opes::{Settings, Variant, WidthRule};
use simmpi::seed::CampaignSeed;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const STEPS: u64 = 200_000;

/// Overdamped on the surface of Mueller and Brown at kT = 15.
fn mueller_brown() -> System {
    let surface = Arc::new(MuellerBrown { scale: 1.0 });
    System {
        start: surface.start(),
        surface,
        integrator: Integrator::Overdamped { friction: 1.0 },
        thermal_energy: 15.0,
        time_step: 1e-4,
        sample_every: 100,
        walkers: 1,
        biasing: None,
    }
}

fn double_well() -> System {
    let surface = Arc::new(DoubleWell { barrier: 8.0, half_distance: 1.0, difference: 0.0, across: None });
    let integrator = Integrator::Underdamped { friction: 1.0, mass: 1.0 };
    System { start: surface.start(), surface, integrator, thermal_energy: 1.0, time_step: 0.05, ..mueller_brown() }
}

fn biased(system: System, coordinates: Vec<usize>, barrier: f64, sigma: f64) -> System {
    let periods = vec![None; coordinates.len()];
    let widths = WidthRule::Fixed(vec![sigma; coordinates.len()]);
    let settings = Settings { widths, ..Settings::new(Variant::Metad, system.thermal_energy, barrier, 100, periods) };
    System { biasing: Some(Biasing { coordinates, settings }), ..system }
}

fn langevin(criterion: &mut Criterion) {
    let cases = [
        ("double well", double_well()),
        ("double well, opes", biased(double_well(), vec![0], 10.0, 0.2)),
        ("mueller-brown", mueller_brown()),
        ("mueller-brown, opes", biased(mueller_brown(), vec![0, 1], 120.0, 0.1)),
    ];
    let mut group = criterion.benchmark_group("langevin");
    group.throughput(Throughput::Elements(STEPS));
    for (name, system) in &cases {
        group.bench_function(*name, |bencher| {
            let mut number = 0;
            bencher.iter(|| {
                number += 1;
                let mut walkers = Group::new(system, CampaignSeed(1), number).expect("the system is valid");
                walkers.advance(STEPS).expect("the time step is short");
                black_box(walkers.into_series())
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(4)).sample_size(10);
    targets = langevin
}
criterion_main!(benches);
