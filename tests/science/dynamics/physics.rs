//! Known physics: norms, Rabi oscillations, energy conservation, equivalent representations.
use super::*;
use simmpi::science::sum::{Moments, exponent_for};

/// The largest deviation of the sum of populations from one, diabatic and adiabatic.
fn norm_fault(layout: Layout, found: &BlockResult) -> f64 {
    let n = layout.states;
    let sums = found.samples.chunks(layout.size()).flat_map(|row| {
        [0, layout.adiabatic()].map(|start| {
            let sum = |l: usize| row[start..start + n].iter().map(|lanes| lanes[l]).sum::<f64>();
            (0..LANES).map(|l| (sum(l) - 1.0).abs()).fold(0.0, f64::max)
        })
    });
    sums.fold(0.0, f64::max)
}

#[test]
fn populations_add_up_to_one() {
    for (name, model, step) in systems() {
        for (method, algorithm) in algorithms() {
            for integrator in [Integrator::Strang, Integrator::Sequential] {
                let clock = clock(0.05 * step, 50, 4, integrator);
                let layout = system(model.as_ref(), algorithm.as_ref(), &clock).layout();
                let found =
                    run(model.as_ref(), algorithm.as_ref(), &clock, Tasks::new(0, 16), &InitialConditions::default());
                // Only QC Lab's scheme of the mean field does not advance amplitudes exactly.
                let is_series = method == "mean field" && integrator == Integrator::Sequential;
                let fault = norm_fault(layout, &found);
                assert!(fault < if is_series { 1e-6 } else { 1e-10 }, "{name}, {method}, {integrator:?}: {fault:e}");
            }
        }
    }
}

#[test]
fn two_states_without_a_bath_oscillate_at_the_rabi_frequency() {
    let model = spin_boson(1, 0.0);
    let clock = clock(0.01, 20, 50, Integrator::Strang);
    let (bias, coupling) = (0.5f64, 0.5f64);
    let frequency = (bias * bias + coupling * coupling).sqrt();
    let expected = |t: f64| 1.0 - (coupling / frequency * (frequency * t).sin()).powi(2);
    // The focused sample with four phases in quadrature: their mean is the pure state.
    let magnitudes = Mash::draw_amplitudes(
        &mash(),
        &[[1.0, 0.0], [0.0, 0.0]],
        &mut CampaignSeed(1).stream(0, simmpi::seed::Purpose::MappingPhases),
    );
    let size = |k: usize| libm::hypot(magnitudes[k][0], magnitudes[k][1]);
    let phases = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
    let focused = phases.map(|[re, im]| vec![[size(0), 0.0], [size(1) * re, size(1) * im]]).to_vec();
    let cases: [(&dyn Algorithm, InitialConditions); 3] = [
        (&MeanField, InitialConditions::default()),
        (&Fssh { initial_surface: InitialSurface::All, ..fssh() }, InitialConditions::default()),
        (&mash(), InitialConditions { wavefunctions: Some(focused), ..InitialConditions::default() }),
    ];
    for (algorithm, start) in cases {
        let layout = system(&model, algorithm, &clock).layout();
        let found = run(&model, algorithm, &clock, Tasks::new(0, 4), &start);
        for (row, t) in found.samples.chunks(layout.size()).zip(clock.times()) {
            let population = row[0][..4].iter().sum::<f64>() / 4.0;
            assert!((population - expected(t)).abs() < 1e-9, "at {t}: {population}, not {}", expected(t));
        }
    }
}

#[test]
fn a_hop_keeps_the_energy_to_rounding() {
    for (name, model, _) in systems() {
        for frustrated in [Frustrated::Keep, Frustrated::Reverse, Frustrated::JasperTruhlar] {
            // Steps so short that nothing but hops can change the energy, and a hop wherever there is one to be had.
            let always =
                InitialConditions { hop_uniforms: Some(vec![vec![-1.0; 10]; 16]), ..InitialConditions::default() };
            let clock = clock(1e-12, 1, 10, Integrator::Strang);
            let found = run(model.as_ref(), &Fssh { frustrated, ..fssh() }, &clock, Tasks::new(0, 16), &always);
            let drift = found.drift.iter().copied().fold(0.0, f64::max);
            assert!(drift < 1e-10 * (1.0 + model.energy_scale()), "{name}, {frustrated:?}: {drift:e}");
            assert!(found.accepted_hops.iter().chain(&found.frustrated_hops).any(|&hops| hops > 0.0), "{name}");
        }
    }
}

#[test]
fn the_energy_drift_of_every_method_falls_with_the_square_of_the_step() {
    for (name, model, step) in systems() {
        for algorithm in [&MeanField as &dyn Algorithm, &fssh(), &mash()] {
            let drift = |halvings: usize| {
                let clock = clock(0.5 * step / (1 << halvings) as f64, 10 << halvings, 4, Integrator::Strang);
                let found = run(model.as_ref(), algorithm, &clock, Tasks::new(0, 16), &InitialConditions::default());
                // The median: where a decision falls differently with another step, so does the drift.
                let mut drifts = found.drift;
                drifts.sort_by(f64::total_cmp);
                drifts[LANES / 2]
            };
            let (coarse, fine) = (drift(0), drift(3));
            assert!(fine < coarse / 20.0 || fine < 1e-12 * model.energy_scale(), "{name}: {coarse:e}, then {fine:e}");
        }
    }
}

/// The lattice in reciprocal space, its modes and states as sums over sites: z_m = sum_n exp(2 pi i m n/N) z_n/sqrt(N).
fn transformed(values: &[[f64; 2]], shift: usize, sign: f64) -> Vec<[f64; 2]> {
    let n = values.len();
    let component = |m: usize| {
        let mut sum = [0.0; 2];
        for (site, [re, im]) in values.iter().enumerate() {
            let angle = sign * 2.0 * std::f64::consts::PI * (m as f64 - shift as f64) * site as f64 / n as f64;
            let (sin, cos) = libm::sincos(angle);
            sum = [sum[0] + cos * re - sin * im, sum[1] + cos * im + sin * re];
        }
        sum.map(|x| x / (n as f64).sqrt())
    };
    (0..n).map(component).collect()
}

#[test]
fn a_lattice_moves_the_same_in_real_and_in_reciprocal_space() {
    let (sites, waves) = (holstein(), holstein_reciprocal());
    let n = sites.states();
    let block = begin(&sites, &MeanField, 5, &InitialConditions::default());
    let coordinates_of = |l: usize| (0..n).map(|j| [block.z.x[j][l], block.z.y[j][l]]).collect::<Vec<_>>();
    let coordinates: Vec<_> = (0..LANES).map(coordinates_of).collect();
    let mut first = vec![[0.0; 2]; n];
    first[0] = [1.0, 0.0];
    let start = |is_wave: bool| InitialConditions {
        coordinates: Some(
            coordinates.iter().map(|z| if is_wave { transformed(z, 0, 1.0) } else { z.clone() }).collect(),
        ),
        wavefunctions: Some(vec![if is_wave { transformed(&first, n / 2, -1.0) } else { first.clone() }; LANES]),
        ..InitialConditions::default()
    };
    for integrator in [Integrator::Strang, Integrator::Sequential] {
        let coupled = Fssh { gauge: Gauge::PhaseCoupling, ..fssh() };
        // Decoherence asks for a kinetic energy, which is another one where modes are combinations of positions and momenta.
        let algorithms = algorithms().into_iter().filter(|(method, _)| *method != "fssh, phase coupling");
        for (method, algorithm) in algorithms.chain([("fssh, phase coupling alone", Box::new(coupled) as _)]) {
            if method == "mash" && integrator == Integrator::Sequential {
                // QC Lab's direction of rescaling is another one in reciprocal space.
                continue;
            }
            let clock = clock(0.01, 20, 10, integrator);
            let layout = system(&sites, algorithm.as_ref(), &clock).layout();
            let real = run(&sites, algorithm.as_ref(), &clock, Tasks::new(0, 16), &start(false));
            let reciprocal = run(&waves, algorithm.as_ref(), &clock, Tasks::new(0, 16), &start(true));
            let rows = real.samples.chunks(layout.size()).zip(reciprocal.samples.chunks(layout.size()));
            let mut worst = 0.0f64;
            for (a, b) in rows {
                // What does not depend on the basis: adiabatic populations and energies.
                for k in (layout.adiabatic()..layout.surfaces()).chain(layout.energies()..layout.energies() + 3) {
                    (0..LANES).for_each(|l| worst = worst.max((a[k][l] - b[k][l]).abs()));
                }
            }
            // Splittings differ where the Hamiltonian depends on momenta, by their error.
            let allowed = if integrator == Integrator::Strang && method != "mean field" { 2e-3 } else { 1e-9 };
            assert!(worst < allowed, "{method}, {integrator:?}: {worst:e}");
        }
    }
}

#[test]
fn an_own_model_with_the_constants_of_a_known_one_is_that_one() {
    let known = spin_boson(6, 0.3);
    let real = |x: f64| [x, 0.0];
    let coupling = |(mode, g): (usize, &f64)| {
        let own = |row, value| Coupling { mode, row, column: row, value };
        [own(0, *g), own(1, -g)]
    };
    let own = LinearVibronic {
        thermal_energy: 1.0,
        mass: 1.3,
        sampling: Sampling::Boltzmann,
        hamiltonian: vec![vec![real(0.5), real(0.5)], vec![real(0.5), real(-0.5)]],
        frequencies: known.bath.frequencies.clone(),
        couplings: known.couplings.iter().enumerate().flat_map(coupling).collect(),
    };
    let own = own.build();
    assert_eq!(own.groups.len(), 1);
    for (_, algorithm) in algorithms() {
        let clock = clock(0.05, 20, 3, Integrator::Strang);
        let of = |model: &dyn Model| {
            run(model, algorithm.as_ref(), &clock, Tasks::new(0, 16), &InitialConditions::default()).samples
        };
        assert_eq!(of(&own), of(&known));
    }
}

#[test]
fn equal_energies_and_a_crossing_at_a_step_leave_no_trace() {
    // Two states that never couple cross at q = 0, where a step ends exactly; two sites without hopping are degenerate for ever.
    let crossing = LinearVibronic {
        thermal_energy: 1.0,
        mass: 1.0,
        sampling: Sampling::Boltzmann,
        hamiltonian: vec![vec![[0.0; 2]; 2]; 2],
        frequencies: vec![1.0],
        couplings: vec![
            Coupling { mode: 0, row: 0, column: 0, value: 0.5 },
            Coupling { mode: 0, row: 1, column: 1, value: -0.5 },
        ],
    };
    let still = LinearVibronic { couplings: Vec::new(), hamiltonian: vec![vec![[0.0; 2]; 3]; 3], ..crossing.clone() };
    for model in [crossing.build(), still.build()] {
        for (method, algorithm) in algorithms() {
            let at_zero =
                InitialConditions { coordinates: Some(vec![vec![[0.0, 0.7]]; 16]), ..InitialConditions::default() };
            let clock = clock(0.05, 20, 3, Integrator::Strang);
            let found = run(&model, algorithm.as_ref(), &clock, Tasks::new(0, 16), &at_zero);
            assert!(found.breakdown.iter().all(Option::is_none), "{method}: {:?}", found.breakdown[0]);
        }
    }
}

#[test]
fn every_surface_weighted_is_the_mean_of_sampled_ones() {
    let model = spin_boson(4, 0.3);
    let clock = clock(0.1, 10, 4, Integrator::Strang);
    let layout = system(&model, &MeanField, &clock).layout();
    let mean = |algorithm: &dyn Algorithm, n: u64| {
        let mut sums = Moments::new(layout.states, exponent_for(2.0));
        for block in Tasks::new(0, n).split(LANES as u64) {
            let found = run(&model, algorithm, &clock, block, &InitialConditions::default());
            let last = &found.samples[found.samples.len() - system(&model, algorithm, &clock).layout().size()..];
            (0..layout.states).for_each(|k| sums.add_lanes(k, &last[k], &[true; LANES]).unwrap());
        }
        (sums.means(n)[0].unwrap(), sums.standard_errors(n)[0].unwrap())
    };
    let (sampled, all) = (mean(&fssh(), 3200), mean(&Fssh { initial_surface: InitialSurface::All, ..fssh() }, 1600));
    let error = libm::hypot(sampled.1, all.1);
    assert!((sampled.0 - all.0).abs() < 5.0 * error, "{sampled:?} and {all:?}");
}

#[test]
fn correlations_are_products_with_the_beginning() {
    let model = spin_boson(3, 0.2);
    let clock = clock(0.05, 10, 3, Integrator::Strang);
    let layout = system(&model, &mash(), &clock).layout();
    let found = run(&model, &mash(), &clock, Tasks::new(0, 16), &InitialConditions::default());
    let at = |sample: usize, k: usize, l: usize| found.samples[sample * layout.size() + k][l];
    for (sample, l) in [(0, 0), (2, 7), (3, 15)] {
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let product = at(sample, layout.population_correlations() + 2 * i + j, l);
            assert_eq!(product, at(sample, i, l) * at(0, j, l));
        }
    }
    // At t = 0 the product of a position with itself is positive, and its mean is that of the distribution.
    assert!((0..3).all(|j| (0..LANES).all(|l| at(0, layout.position_correlations() + j, l) > 0.0)));
}

#[test]
fn decoherence_lets_other_amplitudes_fade_and_keeps_the_norm() {
    let model = spin_boson(4, 0.3);
    let never = never(400, 16);
    let clock = clock(0.05, 400, 1, Integrator::Strang);
    let left = |decay: Option<Decay>| {
        let decoherence = decay.map(|decay| Decoherence { constant: 0.1, decay });
        let algorithm = Fssh { decoherence, ..fssh() };
        let layout = system(&model, &algorithm, &clock).layout();
        let found = run(&model, &algorithm, &clock, Tasks::new(0, 16), &never);
        let last = &found.samples[layout.size()..];
        // The population of the surface that is not active, over all trajectories.
        let other = |l: usize| {
            (0..2).map(|k| last[layout.adiabatic() + k][l] * (1.0 - last[layout.surfaces() + k][l])).sum::<f64>()
        };
        assert!(norm_fault(layout, &found) < 1e-12);
        (0..LANES).map(other).sum::<f64>()
    };
    let (without, slow, fast) = (left(None), left(Some(Decay::Populations)), left(Some(Decay::Amplitudes)));
    assert!(fast < slow && slow < 0.5 * without, "{without}, {slow}, {fast}");
}
