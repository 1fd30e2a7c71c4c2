//! Do particles sample the Boltzmann distribution, do schemes have their order, and does a bias lead to the exact free energy?
use simmpi::science::langevin::surfaces::{Across, DoubleWell, MuellerBrown};
use simmpi::science::langevin::*;
use simmpi::science::opes::{self, Settings, Variant, WidthRule};
use simmpi::science::reweighting::{Axis, Replica, free_energy};
use simmpi::seed::CampaignSeed;
use std::sync::Arc;

const SEED: CampaignSeed = CampaignSeed(17);

/// U = k x^2/2 with k = 4.
#[derive(Debug)]
struct Spring;

const K: f64 = 4.0;

impl Surface for Spring {
    fn coordinates(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn energy(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        gradient[0] = K * position[0];
        0.5 * K * position[0] * position[0]
    }

    fn start(&self) -> Vec<f64> {
        vec![0.0]
    }
}

fn double_well(barrier: f64) -> DoubleWell {
    DoubleWell { barrier, half_distance: 1.0, difference: 1.5, across: None }
}

fn tilted_valley() -> DoubleWell {
    DoubleWell { across: Some(Across { stiffness: 12.0, slant: 0.5 }), ..double_well(3.0) }
}

fn system(surface: impl Surface + 'static, integrator: Integrator, time_step: f64) -> System {
    let start = surface.start();
    let surface: Arc<dyn Surface> = Arc::new(surface);
    System { surface, integrator, thermal_energy: 1.0, time_step, sample_every: 1, start, walkers: 1, biasing: None }
}

const OVERDAMPED: Integrator = Integrator::Overdamped { friction: 1.0 };
const UNDERDAMPED: Integrator = Integrator::Underdamped { friction: 1.0, mass: 1.0 };

fn run(system: &System, number: u64, steps: u64) -> Vec<Series> {
    let mut group = Group::new(system, SEED, number).unwrap();
    group.advance(steps).unwrap();
    group.into_series()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}

#[test]
fn gradients_are_those_of_the_energy() {
    let surfaces: [Box<dyn Surface>; 3] =
        [Box::new(double_well(8.0)), Box::new(tilted_valley()), Box::new(MuellerBrown { scale: 0.7 })];
    for surface in surfaces {
        for k in 0..50 {
            let at = [1.3 * libm::sin(f64::from(k)), 0.8 + libm::cos(1.7 * f64::from(k))];
            let at = &at[..surface.dimensions()];
            let mut slope = vec![0.0; at.len()];
            surface.energy(at, &mut slope);
            for i in 0..at.len() {
                let energy = |shift: f64| {
                    let mut moved = at.to_vec();
                    moved[i] += shift;
                    surface.energy(&moved, &mut vec![0.0; at.len()])
                };
                let expected = (energy(1e-6) - energy(-1e-6)) / 2e-6;
                assert!((slope[i] - expected).abs() < 1e-6 * (1.0 + expected.abs()), "{surface:?} {at:?}");
            }
        }
    }
}

#[test]
fn mueller_and_brown_have_their_published_minima() {
    let surface = MuellerBrown { scale: 1.0 };
    for (at, energy) in [
        ([-0.558_223_65, 1.441_725_84], -146.699_517),
        ([0.623_499_40, 0.028_037_75], -108.166_724),
        ([-0.050_010_83, 0.466_694_10], -80.767_818),
    ] {
        let mut slope = [0.0; 2];
        assert!((surface.energy(&at, &mut slope) - energy).abs() < 1e-6);
        assert!(slope.iter().all(|slope| slope.abs() < 1e-4), "{slope:?}");
    }
}

#[test]
fn a_spring_has_the_variances_that_the_schemes_are_known_to_give() {
    // Leimkuhler and Matthews: BAOAB samples a harmonic well exactly at any step, here 0.8 of the period's 2 pi/2; Euler and
    // Maruyama's variance is too large by 1/(1 - k h/2 zeta).
    for (integrator, step, expected) in
        [(UNDERDAMPED, 0.8, 0.25), (OVERDAMPED, 0.1, 0.25 / 0.8), (OVERDAMPED, 0.05, 0.25 / 0.9)]
    {
        let series = run(&system(Spring, integrator, step), 0, 400_000);
        let found = mean(series[0].column("x").unwrap().iter().map(|x| x * x));
        assert!((found / expected - 1.0).abs() < 0.02, "{integrator:?} {step}: {found} and {expected}");
    }
}

#[test]
fn without_noise_a_halved_step_leaves_half_or_a_quarter_of_the_error() {
    let still = Integrator::Underdamped { friction: 0.0, mass: 1.0 };
    for (integrator, order) in [(OVERDAMPED, 1.0), (still, 2.0)] {
        let end = |steps: u64| {
            let start = vec![0.3, 0.9];
            let system =
                System { thermal_energy: 1e-24, start, ..system(tilted_valley(), integrator, 0.4 / steps as f64) };
            let series = run(&system, 0, steps);
            series[0].column("x").unwrap()[steps as usize]
        };
        let exact = end(40_000);
        let ratio = (end(100) - exact) / (end(200) - exact);
        assert!((libm::log2(ratio) - order).abs() < 0.1, "{integrator:?}: {ratio}");
    }
}

#[test]
fn averages_are_those_of_the_boltzmann_distribution() {
    // Of exp(-U(x)/kT), by quadrature: the second coordinate follows the first one.
    let well = tilted_valley();
    let grid = || (0..4000).map(|k| -2.5 + 5.0 * (f64::from(k) + 0.5) / 4000.0);
    let weight = |x: f64| libm::exp(-well.along(x).0);
    let exact = mean(grid().map(|x| x * weight(x))) / mean(grid().map(weight));
    for (integrator, step, tolerance) in [(UNDERDAMPED, 0.1, 0.02), (OVERDAMPED, 0.001, 0.03)] {
        let system = System { sample_every: 5, ..system(tilted_valley(), integrator, step) };
        let replicas: Vec<Series> = (0..8).flat_map(|number| run(&system, number, 100_000)).collect();
        let means: Vec<f64> = replicas.iter().map(|s| mean(s.column("x").unwrap().iter().copied())).collect();
        let found = mean(means.iter().copied());
        let error = libm::sqrt(mean(means.iter().map(|m| (m - found).powi(2))) / 7.0);
        assert!(
            (found - exact).abs() < 4.0 * error + 0.01 && error < 0.1,
            "{integrator:?}: {found} +- {error}, {exact}"
        );
        // The configurational temperature, <|grad U|^2>/<laplacian of U> = kT (Rugh, Phys. Rev. Lett. 78, 772, 1997,
        // doi:10.1103/PhysRevLett.78.772).
        let (mut squares, mut curvature) = (0.0, 0.0);
        for series in &replicas {
            for (x, y) in series.column("x").unwrap().iter().zip(series.column("y").unwrap()) {
                let mut slope = [0.0; 2];
                well.energy(&[*x, *y], &mut slope);
                squares += slope[0] * slope[0] + slope[1] * slope[1];
                curvature += 4.0 * 3.0 * (3.0 * x * x - 1.0) + 12.0 * 0.25 + 12.0;
            }
        }
        assert!((squares / curvature - 1.0).abs() < tolerance, "{integrator:?}: {}", squares / curvature);
    }
}

fn biased(variant: Variant, widths: WidthRule, walkers: usize) -> System {
    let settings = Settings { widths, ..Settings::new(variant, 1.0, 10.0, 100, vec![None]) };
    let biasing = Some(Biasing { coordinates: vec![0], settings });
    System { sample_every: 20, walkers, biasing, ..system(double_well(8.0), UNDERDAMPED, 0.05) }
}

#[test]
fn results_do_not_depend_on_the_calls_and_streams_differ() {
    let system = biased(Variant::Metad, WidthRule::Fixed(vec![0.2]), 2);
    let whole = run(&system, 3, 5000);
    let mut in_parts = Group::new(&system, SEED, 3).unwrap();
    for steps in [1, 0, 999, 17, 3983] {
        in_parts.advance(steps).unwrap();
    }
    assert_eq!(in_parts.step(), 5000);
    assert_eq!(in_parts.into_series(), whole);
    assert_eq!(whole[0].values[0].len(), 251);
    let x = |series: &Series| series.column("x").unwrap()[250].to_bits();
    let other = run(&system, 4, 5000);
    let mut ends = [x(&whole[0]), x(&whole[1]), x(&other[0]), x(&other[1])];
    ends.sort_unstable();
    assert!(ends.windows(2).all(|pair| pair[0] != pair[1]), "{ends:?}");
}

#[test]
fn a_bias_leads_to_the_exact_free_energy_of_a_double_well() {
    let fixed = || WidthRule::Fixed(vec![0.2]);
    for (variant, widths, walkers, steps) in [
        (Variant::Metad, fixed(), 1, 400_000),
        (Variant::Metad, WidthRule::Adaptive { stride: 1000 }, 1, 400_000),
        (Variant::Metad, fixed(), 4, 100_000),
        (Variant::Explore, fixed(), 1, 400_000),
    ] {
        let system = biased(variant, widths, walkers);
        let groups = if walkers == 1 { 4 } else { 1 };
        let series: Vec<Series> = (0..groups).flat_map(|number| run(&system, number, steps)).collect();
        let columns = |name: &'static str| {
            series.iter().map(move |series| &series.column(name).unwrap()[steps as usize / 20 / 5..])
        };
        let replicas: Vec<Replica> =
            columns("x").zip(columns("opes.bias")).map(|(x, bias)| Replica { coordinates: vec![x], bias }).collect();
        let axis = Axis { lower: -1.6, upper: 1.6, bins: 32, period: None, bandwidth: None };
        let found = free_energy(&replicas, 1.0, &[axis], 10).unwrap();
        // Averages of exp(-U/kT) over the bins.
        let well = double_well(8.0);
        let average = |x: &f64| mean((0..50).map(|k| libm::exp(-well.along(x + 0.002 * (f64::from(k) - 24.5)).0)));
        let exact: Vec<f64> = found.coordinates[0].iter().map(|x| -libm::log(average(x))).collect();
        let least = exact.iter().copied().fold(f64::INFINITY, f64::min);
        let mut worst = 0.0f64;
        for (value, exact) in found.free_energy.iter().zip(&exact).filter(|(_, exact)| **exact - least < 8.0) {
            worst = worst.max((value.unwrap() - (exact - least)).abs());
        }
        println!("{variant:?}, {walkers} walkers: {worst:.3} kT, {:?}", found.effective_samples);
        assert!(worst < 0.2, "{variant:?}, {walkers} walkers: {worst}");
        let crossings = |x: &[f64]| x.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count();
        assert!(columns("x").map(crossings).sum::<usize>() > 50, "the barrier is crossed");
    }
}

#[test]
fn a_diverging_trajectory_is_reported() {
    let mut group = Group::new(&system(MuellerBrown { scale: 1.0 }, OVERDAMPED, 0.05), SEED, 0).unwrap();
    let error = group.advance(1000).unwrap_err();
    assert!(matches!(error, Error::NotFinite { walker: 0, .. }) && error.to_string().contains("shorten the time step"));
}

#[test]
fn invalid_systems_are_refused() {
    let plain = || biased(Variant::Metad, WidthRule::Fixed(vec![0.2]), 1);
    let with = |coordinates: Vec<usize>| {
        let Some(Biasing { settings, .. }) = plain().biasing else { panic!() };
        System { biasing: Some(Biasing { coordinates, settings }), ..plain() }
    };
    let refused = |system: System| system.check().unwrap_err();
    assert_eq!(refused(with(vec![1])), Error::NoCoordinate { coordinate: 1, dimensions: 1 });
    assert_eq!(refused(with(vec![0, 0])), Error::Twice(0));
    assert_eq!(refused(with(vec![])), Error::Bias(opes::Error::Variables(0)));
    assert_eq!(refused(System { start: vec![0.0; 2], ..plain() }), Error::Start { found: 2, expected: 1 });
    assert_eq!(refused(System { time_step: 0.0, ..plain() }), Error::NotPositive { what: "the time step", value: 0.0 });
    assert_eq!(refused(System { sample_every: 0, ..plain() }), Error::Zero { what: "the number of steps per sample" });
    let hot = System { thermal_energy: 20.0, ..plain() };
    assert_eq!(refused(hot), Error::Bias(opes::Error::BiasFactor(0.5)));
}
