//! Identities that hold for every model and algorithm.
use simmpi::science::dynamics::algorithms::{
    Decay, Decoherence, Frustrated, Fssh, Gauge, InitialSurface, Mash, MeanField,
};
use simmpi::science::dynamics::models::{
    AvoidedCrossing, ClassicalScheme, ClassicalStep, Coupling, Fmo, FrozenState, GeneralStep, Holstein,
    HolsteinReciprocal, Landscape, LinearModel, LinearVibronic, SpinBoson, Tully, TullyOne, TullyThree, TullyTwo,
};
use simmpi::science::dynamics::*;
use simmpi::seed::CampaignSeed;
use simmpi::task::Tasks;
use systems::*;

mod invariance;
mod physics;
mod systems;

fn begin(model: &dyn Model, algorithm: &dyn Algorithm, seed: u64, start: &InitialConditions) -> Block {
    initial_block(model, algorithm, Tasks::new(0, 16), (CampaignSeed(seed), &first_state(model.states()), start))
}

/// Numbers that never let a trajectory hop.
fn never(steps: usize, lanes: usize) -> InitialConditions {
    InitialConditions { hop_uniforms: Some(vec![vec![1e300; steps]; lanes]), ..InitialConditions::default() }
}

/// The largest error of the density matrix and the energies at the end, as the step is halved: its ratios.
fn convergence(model: &dyn Model, algorithm: &dyn Algorithm, integrator: Integrator, step: f64) -> Vec<f64> {
    let layout = system(model, algorithm, &clock(step, 1, 1, integrator)).layout();
    let end = |halvings: u32, integrator| {
        let steps = 10 << halvings;
        let clock = clock(step / f64::from(1u32 << halvings), steps, 1, integrator);
        let found = run(model, algorithm, &clock, Tasks::new(0, 4), &never(steps, 4));
        found.samples[layout.size()..].to_vec()
    };
    let exact = end(9, Integrator::Strang);
    let error = |halvings: u32| {
        let off = |(a, b): (&Lanes, &Lanes)| (0..4).map(|l| (a[l] - b[l]).abs()).fold(0.0, f64::max);
        end(halvings, integrator).iter().zip(&exact).map(off).fold(0.0, f64::max)
    };
    let errors: Vec<f64> = (2..5).map(error).collect();
    errors.windows(2).map(|pair| pair[0] / pair[1]).collect()
}

#[test]
fn halving_the_step_divides_the_error_by_four_with_strang_and_by_two_with_sequential() {
    for (name, model, step) in systems() {
        for (method, algorithm) in [("mean field", &MeanField as &dyn Algorithm), ("fssh", &fssh())] {
            let strang = convergence(model.as_ref(), algorithm, Integrator::Strang, step);
            assert!(strang.iter().all(|r| (3.6..4.4).contains(r)), "{name}, {method}, strang: {strang:?}");
            let sequential = convergence(model.as_ref(), algorithm, Integrator::Sequential, step);
            assert!(sequential.iter().all(|r| (1.7..2.4).contains(r)), "{name}, {method}, sequential: {sequential:?}");
        }
    }
}

#[test]
fn strang_steps_can_be_undone() {
    for (name, model, step) in systems() {
        for (method, algorithm) in [("mean field", &MeanField as &dyn Algorithm), ("fssh", &fssh())] {
            let start = never(100, LANES);
            let mut block = begin(model.as_ref(), algorithm, 3, &start);
            algorithm.begin(model.as_ref(), &mut block, 0);
            let (z, c) = (block.z.clone(), block.c.clone());
            for sign in [1.0, -1.0] {
                let clock = clock(sign * 0.1 * step, 50, 1, Integrator::Strang);
                let mut stepper = algorithm.stepper(model.as_ref(), &clock);
                (0..50).for_each(|step| stepper.advance(&mut block, step));
            }
            let off = |a: &[Lanes], b: &[Lanes]| {
                a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
            };
            let worst =
                [off(&block.z.x, &z.x), off(&block.z.y, &z.y), off(&block.c.re, &c.re), off(&block.c.im, &c.im)];
            assert!(worst.iter().all(|&w| w < 1e-11), "{name}, {method}: {worst:?}");
        }
    }
}

#[test]
fn the_affine_step_is_that_of_any_model() {
    let model = spin_boson(9, 0.3);
    for scheme in [ClassicalScheme::RungeKutta, ClassicalScheme::KickDriftKick, ClassicalScheme::KickDrift] {
        let mut block = begin(&model, &MeanField, 3, &InitialConditions::default());
        (0..LANES).for_each(|l| (block.c.re[0][l], block.c.im[1][l]) = (0.6, 0.8));
        let (mut z, mut h) = (block.z.clone(), block.h.clone());
        let (mut affine, mut general) = (model.classical_step(scheme, 0.2), GeneralStep::new(&model, scheme, 0.2));
        for _ in 0..20 {
            let frozen = FrozenState { psi: &block.c, active: &block.active };
            affine.advance(&mut block.z, frozen, &mut block.h);
            general.advance(&mut z, frozen, &mut h);
        }
        let near = |a: &[Lanes], b: &[Lanes]| {
            a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 2e-14 * (1.0 + a.abs()))
        };
        assert!(near(&block.z.x, &z.x) && near(&block.z.y, &z.y) && near(&block.h.re, &h.re), "{scheme:?}");
    }
}

#[test]
fn gradients_are_the_slopes_of_the_hamiltonian() {
    for (name, model, _) in systems() {
        let n = model.states();
        let block = begin(model.as_ref(), &MeanField, 3, &InitialConditions::default());
        let mut psi = Vector::zero(n);
        (0..n).for_each(|k| (psi.re[k], psi.im[k]) = ([0.3 + 0.1 * k as f64; LANES], [0.2 - 0.1 * k as f64; LANES]));
        let mut gradient = PhaseSpace::zero(model.bath().coordinates());
        model.gradient(&block.z, &psi, &psi, &mut gradient);
        let energy = |z: &PhaseSpace| {
            let mut h = Matrix::zero(n, model.is_real());
            model.hamiltonian(z, &mut h);
            h.expectation(&psi, &mut Vector::zero(n))
        };
        for j in 0..model.bath().coordinates() {
            // d/dz* = (d/dx + i d/dy)/2
            let slope = |along_y: bool| {
                let at = |shift: f64| {
                    let mut z = block.z.clone();
                    let part = if along_y { &mut z.y[j] } else { &mut z.x[j] };
                    part.iter_mut().for_each(|value| *value += shift);
                    energy(&z)
                };
                let (ahead, behind) = (at(1e-4), at(-1e-4));
                ahead.iter().zip(&behind).map(|(a, b)| (a - b) / 4e-4).collect::<Vec<f64>>()
            };
            let (re, im) = (slope(false), slope(true));
            for l in 0..LANES {
                let off = (gradient.x[j][l] - re[l]).abs().max((gradient.y[j][l] - im[l]).abs());
                assert!(off < 1e-8 * (1.0 + model.energy_scale()), "{name}, coordinate {j}: {off:e}");
            }
        }
    }
}

#[test]
fn a_trajectory_does_not_depend_on_the_others_of_its_block() {
    for (name, model, step) in systems() {
        for (method, algorithm) in algorithms() {
            let algorithm = algorithm.as_ref();
            for integrator in [Integrator::Strang, Integrator::Sequential] {
                let clock = clock(step, 40, 3, integrator);
                let of = |tasks: Tasks| run(model.as_ref(), algorithm, &clock, tasks, &InitialConditions::default());
                let whole = of(Tasks::new(0, 16));
                for company in [Tasks::new(5, 6), Tasks::new(3, 12), Tasks::new(5, 21)] {
                    let (found, lane) = (of(company), (5 - company.first) as usize);
                    let same =
                        |a: &[Lanes], b: &[Lanes]| a.iter().zip(b).all(|(a, b)| a[5].to_bits() == b[lane].to_bits());
                    assert!(same(&whole.samples, &found.samples), "{name}, {method}, {integrator:?}, {company}");
                    assert_eq!(whole.drift[5].to_bits(), found.drift[lane].to_bits());
                    assert_eq!(whole.accepted_hops[5], found.accepted_hops[lane]);
                    assert_eq!(whole.end.1[5].to_bits(), found.end.1[lane].to_bits());
                }
            }
        }
    }
}

#[test]
fn a_trajectory_that_is_not_finite_is_reported_and_disturbs_no_other() {
    for (name, model, step) in systems() {
        for (method, algorithm) in algorithms() {
            let algorithm = algorithm.as_ref();
            let clock = clock(step, 40, 3, Integrator::Strang);
            let coordinates = |poison: f64| {
                let block = begin(model.as_ref(), &MeanField, 9, &InitialConditions::default());
                let z = |l: usize| (0..block.z.x.len()).map(|j| [block.z.x[j][l], block.z.y[j][l]]).collect();
                let mut all: Vec<Vec<[f64; 2]>> = (0..LANES).map(z).collect();
                all[4][0][1] += poison;
                InitialConditions { coordinates: Some(all), ..InitialConditions::default() }
            };
            let healthy = run(model.as_ref(), algorithm, &clock, Tasks::new(0, 16), &coordinates(0.0));
            assert!(healthy.breakdown.iter().all(Option::is_none), "{name}");
            for poison in [f64::NAN, f64::INFINITY] {
                let found = run(model.as_ref(), algorithm, &clock, Tasks::new(0, 16), &coordinates(poison));
                let first = found.breakdown[4].as_ref().unwrap();
                let is_at_once = matches!(first, Breakdown::NotFinite { time: 0.0, value, .. } if !value.is_finite());
                assert!(is_at_once, "{name}: {first:?}");
                for l in (0..LANES).filter(|&l| l != 4) {
                    assert_eq!(found.breakdown[l], None);
                    let same =
                        healthy.samples.iter().zip(&found.samples).all(|(a, b)| a[l].to_bits() == b[l].to_bits());
                    assert!(same, "{name}, {method}: trajectory {l}");
                }
            }
        }
    }
}

#[test]
fn hops_keep_the_energy() {
    let model = spin_boson(20, 0.2);
    let drift = |step: f64, steps: usize| {
        let clock = clock(step, steps, 40, Integrator::Strang);
        let found = run(&model, &fssh(), &clock, Tasks::new(0, 16), &InitialConditions::default());
        assert!(found.accepted_hops.iter().sum::<f64>() > 10.0);
        found.drift.iter().copied().fold(0.0, f64::max)
    };
    let drifts = [drift(0.02, 10), drift(0.005, 40)];
    // Single decisions may fall differently with another step, so that the ratio is not exactly 16.
    assert!(drifts[0] < 1e-2 && drifts[1] < drifts[0] / 6.0, "{drifts:?}");
}

#[test]
fn a_hop_without_a_rescaling_direction_is_frustrated() {
    // Without coupling of the bath to the states there is no direction to take the energy from.
    let model = spin_boson(5, 0.0);
    let always = InitialConditions { hop_uniforms: Some(vec![vec![-1.0; 10]; 1]), ..InitialConditions::default() };
    let clock = clock(0.05, 10, 1, Integrator::Strang);
    let found = run(&model, &fssh(), &clock, Tasks::new(0, 1), &always);
    assert_eq!((found.accepted_hops[0], found.frustrated_hops[0]), (0.0, 10.0));
    assert!(found.drift[0] < 1e-12, "{}", found.drift[0]);
    assert_eq!(found.breakdown[0], None);
}

#[test]
fn a_reversed_momentum_keeps_the_energy_and_turns_the_particle_back() {
    // Too slow to reach the upper surface, told to hop there at every step.
    let model = tully_one(-0.5, 3.0, None);
    let always = InitialConditions { hop_uniforms: Some(vec![vec![-1.0; 1]; 1]), ..InitialConditions::default() };
    let clock = clock(1.0, 1, 1, Integrator::Strang);
    for (frustrated, sign) in [(Frustrated::Keep, 1.0), (Frustrated::Reverse, -1.0)] {
        let algorithm = Fssh { frustrated, ..fssh() };
        let state = InitialState::Adiabatic(vec![[1.0, 0.0], [0.0, 0.0]]);
        let begin = (CampaignSeed(1), &state, &always);
        let found = system(&model, &algorithm, &clock).run(Tasks::new(0, 1), begin, &mut || true);
        assert_eq!(found.frustrated_hops[0], 1.0);
        assert!(found.end.1[0] * sign > 2.0, "{frustrated:?}: p = {}", found.end.1[0]);
        assert!(found.drift[0] < 1e-6);
    }
}

#[test]
fn an_absorbed_trajectory_no_longer_moves() {
    let stops = tully_one(-5.0, 20.0, Some(6.0));
    let clock = clock(1.0, 50, 60, Integrator::Strang);
    let found = run(&stops, &fssh(), &clock, Tasks::new(0, 16), &InitialConditions::default());
    for l in 0..LANES {
        let (q, p) = (found.end.0[l], found.end.1[l]);
        assert!(q.abs() > 6.0 && q.abs() < 6.0 + p.abs() / 2000.0 && q * p > 0.0, "q = {q}, p = {p}");
    }
    // Until then it is the same as without an end.
    let goes_on = run(&tully_one(-5.0, 20.0, None), &fssh(), &clock, Tasks::new(0, 16), &InitialConditions::default());
    let before = 20 * (2 * 2 + 2 + 2 + 3);
    assert_eq!(found.samples[..before], goes_on.samples[..before]);
    assert_ne!(found.end.0, goes_on.end.0);
}

/// FNV-1a of all samples' bits.
fn digest(found: &BlockResult) -> u64 {
    let bits = found.samples.iter().flatten().map(|value| value.to_bits());
    bits.fold(0xcbf2_9ce4_8422_2325, |hash, bits| (hash ^ bits).wrapping_mul(0x0000_0100_0000_01b3))
}

#[test]
fn trajectories_are_frozen() {
    let digests = systems().into_iter().map(|(_, model, step)| {
        let clock = clock(step, 50, 4, Integrator::Strang);
        let of = |algorithm: &dyn Algorithm| {
            let (state, start) = (first_state(model.states()), InitialConditions::default());
            let system = System { correlations: Correlations::default(), ..system(model.as_ref(), algorithm, &clock) };
            digest(&system.run(Tasks::new(0, 16), (CampaignSeed(11), &state, &start), &mut || true))
        };
        [of(&MeanField), of(&fssh()), of(&mash())]
    });
    // A change here breaks the promise that a campaign can be repeated with another version of simmpi: say so in a release.
    let expected = [
        [7_457_156_727_047_190_943, 1_558_958_040_263_840_187, 15_830_078_860_546_037_113],
        [14_944_326_767_325_646_606, 6_955_171_376_890_848_879, 4_955_922_830_440_871_149],
        [2_319_567_672_114_703_877, 5_291_739_270_499_003_299, 13_950_911_501_716_755_341],
        [1_501_499_690_047_514_245, 3_570_051_307_292_620_512, 9_095_222_367_213_683_937],
        [8_512_777_652_453_413_173, 1_282_942_866_164_079_119, 1_383_932_817_575_243_366],
        [8_758_612_202_481_871_901, 1_378_711_629_545_724_493, 7_537_304_264_234_335_603],
        [8_529_345_495_598_209_076, 10_926_127_853_734_918_249, 418_529_815_079_155_922],
        [2_872_220_119_959_533_502, 1_272_540_562_495_755_077, 12_812_579_742_317_669_708],
        [13_814_828_000_057_303_820, 9_218_338_109_513_168_793, 15_729_173_675_116_466_601],
        [3_796_065_235_730_125_660, 11_956_607_216_337_272_201, 1_695_870_870_846_599_863],
        [13_031_829_477_689_051_343, 11_695_985_969_583_595_280, 8_935_769_420_156_521_266],
    ];
    assert_eq!(digests.collect::<Vec<_>>(), expected);
}
