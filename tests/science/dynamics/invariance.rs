//! What must not change anything: a constant in the Hamiltonian, states that are coupled to nothing, the order of states, crossings of
//! states that are not coupled.
use super::*;
use simmpi::seed::Stream;

/// A model's states among others that are coupled to nothing, all shifted by a constant.
struct Embedded<'a> {
    inner: &'a dyn Model,
    /// Where each state of the model stands.
    place: Vec<usize>,
    /// Energies of all states, without the constant; those of the model's own are not looked at.
    energies: Vec<f64>,
    /// A second copy of the model, state by state, in the places that these name; else empty.
    twin: Vec<usize>,
    constant: f64,
}

impl<'a> Embedded<'a> {
    fn shifted(inner: &'a dyn Model, constant: f64) -> Self {
        let n = inner.states();
        Self { inner, place: (0..n).collect(), energies: vec![0.0; n], twin: Vec::new(), constant }
    }

    fn reversed(inner: &'a dyn Model) -> Self {
        Self { place: (0..inner.states()).rev().collect(), ..Self::shifted(inner, 0.0) }
    }

    /// With one more state, of this energy, in the place `at`.
    fn with_spectator(inner: &'a dyn Model, at: usize, energy: f64) -> Self {
        let n = inner.states();
        let place = (0..n).map(|k| if k < at { k } else { k + 1 }).collect();
        Self { place, energies: vec![energy; n + 1], ..Self::shifted(inner, 0.0) }
    }

    /// With every state twice.
    fn doubled(inner: &'a dyn Model) -> Self {
        let n = inner.states();
        let (place, twin) = (0..n).map(|k| (2 * k, 2 * k + 1)).unzip();
        Self { place, twin, energies: vec![0.0; 2 * n], ..Self::shifted(inner, 0.0) }
    }

    fn copies(&self) -> impl Iterator<Item = &Vec<usize>> {
        [&self.place, &self.twin].into_iter().filter(|places| !places.is_empty())
    }

    fn part(&self, places: &[usize], v: &Vector) -> Vector {
        Vector { re: places.iter().map(|&k| v.re[k]).collect(), im: places.iter().map(|&k| v.im[k]).collect() }
    }
}

impl Model for Embedded<'_> {
    fn states(&self) -> usize {
        self.energies.len()
    }

    fn bath(&self) -> &Bath {
        self.inner.bath()
    }

    fn hamiltonian(&self, z: &PhaseSpace, h: &mut Matrix) {
        let (n, inner_n) = (self.states(), self.inner.states());
        let mut inner = Matrix::zero(inner_n, self.inner.is_real());
        self.inner.hamiltonian(z, &mut inner);
        (h.re, h.im) = (vec![ZERO; n * n], vec![ZERO; n * n]);
        (0..n).for_each(|k| h.re[k * n + k] = [self.energies[k]; LANES]);
        for places in self.copies() {
            for (i, j) in (0..inner_n).flat_map(|i| (0..inner_n).map(move |j| (i, j))) {
                let to = places[i] * n + places[j];
                (h.re[to], h.im[to]) = (inner.re[i * inner_n + j], inner.im[i * inner_n + j]);
            }
        }
        (0..n).for_each(|k| h.re[k * n + k].iter_mut().for_each(|e| *e += self.constant));
    }

    fn gradient(&self, z: &PhaseSpace, bra: &Vector, ket: &Vector, out: &mut PhaseSpace) {
        let mut one = PhaseSpace::zero(out.x.len());
        *out = one.clone();
        for places in self.copies() {
            self.inner.gradient(z, &self.part(places, bra), &self.part(places, ket), &mut one);
            for j in 0..out.x.len() {
                for l in 0..LANES {
                    out.x[j][l] += one.x[j][l];
                    out.y[j][l] += one.y[j][l];
                }
            }
        }
    }

    fn draw(&self, lane: usize, stream: &mut Stream, z: &mut PhaseSpace) {
        self.inner.draw(lane, stream, z);
    }

    fn energy_scale(&self) -> f64 {
        self.inner.energy_scale()
    }

    fn spectral_range(&self) -> [f64; 2] {
        self.inner.spectral_range()
    }

    fn is_real(&self) -> bool {
        self.inner.is_real()
    }

    fn classical_step(&self, scheme: ClassicalScheme, t: f64) -> Box<dyn ClassicalStep + '_> {
        Box::new(GeneralStep::new(self, scheme, t))
    }

    fn depends_on_momenta(&self) -> bool {
        self.inner.depends_on_momenta()
    }

    fn rescaling_direction(&self, z: &PhaseSpace, l: usize, out: &mut PhaseSpace) -> bool {
        self.inner.rescaling_direction(z, l, out)
    }

    // Surfaces are counted by energy: theirs are the model's own where no state is added.
    fn has_berry_force(&self) -> bool {
        self.inner.has_berry_force()
    }

    fn add_berry_force(&self, z: &PhaseSpace, active: &[usize; LANES], gradient: &mut PhaseSpace) {
        assert!(!self.has_berry_force() || self.states() == self.inner.states());
        self.inner.add_berry_force(z, active, gradient);
    }

    fn rotate_momenta(&self, t: &Lanes, active: &[usize; LANES], z: &mut PhaseSpace) {
        assert!(!self.has_berry_force() || self.states() == self.inner.states());
        self.inner.rotate_momenta(t, active, z);
    }
}

/// What trajectories that start in the state `first` come to: the diabatic density matrix among the states `places` as observed, energies and
/// hops of every trajectory, `[number][lane]`.
fn outcome(
    model: &dyn Model,
    algorithm: &dyn Algorithm,
    clock: &Clock,
    places: &[usize],
    start: &InitialConditions,
) -> Vec<Lanes> {
    let n = model.states();
    let mut amplitudes = vec![[0.0; 2]; n];
    amplitudes[places[0]] = [1.0, 0.0];
    let system = System { model, algorithm, clock, correlations: Correlations::default() };
    let begin = (CampaignSeed(11), &InitialState::Diabatic(amplitudes), start);
    let found = system.run(Tasks::new(0, LANES as u64), begin, &mut || true);
    assert!(found.breakdown.iter().all(Option::is_none), "{:?}", found.breakdown);
    let layout = system.layout();
    let mut numbers = Vec::new();
    for row in found.samples.chunks(layout.size()) {
        let lanes: Vec<_> =
            (0..LANES).map(|l| layout.unpack_density(&row.iter().map(|x| x[l]).collect::<Vec<_>>())).collect();
        for (i, j) in places.iter().flat_map(|&i| places.iter().map(move |&j| (i, j))) {
            (0..2).for_each(|part| numbers.push(std::array::from_fn(|l| lanes[l][i * n + j][part])));
        }
        numbers.push(row[layout.energies()]);
    }
    numbers.extend([found.accepted_hops, found.frustrated_hops]);
    numbers
}

fn difference(a: &[Lanes], b: &[Lanes]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// All models without a Berry force, which is one of a surface by its number among those of the model.
fn plain_systems() -> impl Iterator<Item = (&'static str, Box<dyn Model>, f64)> {
    systems().into_iter().filter(|(_, model, _)| !model.has_berry_force())
}

#[test]
fn a_constant_in_the_hamiltonian_changes_no_observable() {
    for (name, model, step) in systems() {
        let places: Vec<_> = (0..model.states()).collect();
        for (method, algorithm) in algorithms() {
            for integrator in [Integrator::Strang, Integrator::Sequential] {
                // QC Lab's series does not advance amplitudes exactly: its error depends on the constant.
                if (method, integrator) == ("mean field", Integrator::Sequential) {
                    continue;
                }
                let clock = clock(0.5 * step, 10, 3, integrator);
                let of = |constant: f64| {
                    let shifted = Embedded::shifted(model.as_ref(), constant);
                    outcome(&shifted, algorithm.as_ref(), &clock, &places, &InitialConditions::default())
                };
                let off = difference(&of(0.0), &of(-547.0 / (1.0 + step)));
                assert!(off < 1e-7 * (1.0 + model.energy_scale()), "{name}, {method}, {integrator:?}: {off:e}");
            }
        }
    }
}

#[test]
fn the_order_of_states_changes_no_observable() {
    for (name, model, step) in systems() {
        let n = model.states();
        let (places, reversed): (Vec<_>, Vec<_>) = (0..n).map(|k| (k, n - 1 - k)).unzip();
        for (method, algorithm) in algorithms() {
            let clock = clock(0.5 * step, 10, 3, Integrator::Strang);
            // Phases of ms-mash are drawn state by state, so that they are given here.
            let amplitudes = |order: &[usize]| {
                let mut of_state = vec![[0.0; 2]; n];
                order
                    .iter()
                    .enumerate()
                    .for_each(|(k, &to)| of_state[to] = [if k == 0 { 0.9 } else { 0.3 }, 0.1 * k as f64]);
                vec![of_state; LANES]
            };
            let start = |order: &[usize]| InitialConditions {
                wavefunctions: (method == "mash").then(|| amplitudes(order)),
                ..InitialConditions::default()
            };
            let as_is = Embedded::shifted(model.as_ref(), 0.0);
            let as_is = outcome(&as_is, algorithm.as_ref(), &clock, &places, &start(&places));
            let other = Embedded::reversed(model.as_ref());
            let other = outcome(&other, algorithm.as_ref(), &clock, &reversed, &start(&reversed));
            let off = difference(&as_is, &other);
            assert!(off < 1e-9 * (1.0 + model.energy_scale()), "{name}, {method}: {off:e}");
        }
    }
}

#[test]
fn a_state_that_is_coupled_to_nothing_changes_nothing_of_the_others() {
    for (name, model, step) in plain_systems() {
        let n = model.states();
        let places: Vec<_> = (0..n).collect();
        // ms-mash draws the populations of all states: with another number of them it is another sample.
        for (method, algorithm) in algorithms().into_iter().filter(|(method, _)| *method != "mash") {
            for integrator in [Integrator::Strang, Integrator::Sequential] {
                let clock = clock(0.5 * step, 10, 3, integrator);
                let alone = Embedded::shifted(model.as_ref(), 0.0);
                let alone = outcome(&alone, algorithm.as_ref(), &clock, &places, &InitialConditions::default());
                // Among the energies of the others, which cross it, and below and above all of them.
                for energy in [0.0, 0.1, -1e3, 1e3] {
                    for at in [0, 1, n] {
                        let beside = Embedded::with_spectator(model.as_ref(), at, energy);
                        let found =
                            outcome(&beside, algorithm.as_ref(), &clock, &beside.place, &InitialConditions::default());
                        let off = difference(&alone, &found);
                        let allowed = 1e-8 * (1.0 + model.energy_scale());
                        assert!(off < allowed, "{name}, {method}, {integrator:?}, {energy} at {at}: {off:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_model_with_every_state_twice_moves_as_with_each_once() {
    for (name, model, step) in plain_systems() {
        let places: Vec<_> = (0..model.states()).collect();
        for (method, algorithm) in algorithms().into_iter().filter(|(method, _)| *method != "mash") {
            let clock = clock(0.5 * step, 10, 3, Integrator::Strang);
            let once = Embedded::shifted(model.as_ref(), 0.0);
            let once = outcome(&once, algorithm.as_ref(), &clock, &places, &InitialConditions::default());
            let twice = Embedded::doubled(model.as_ref());
            let twice = outcome(&twice, algorithm.as_ref(), &clock, &twice.place, &InitialConditions::default());
            let off = difference(&once, &twice);
            assert!(off < 1e-8 * (1.0 + model.energy_scale()), "{name}, {method}: {off:e}");
        }
    }
}

/// Curves of one mode that cross while it swings, coupled by `coupling` everywhere.
fn crossing_curves(slopes: &[f64], coupling: f64) -> LinearModel {
    let n = slopes.len();
    let element = |i: usize, j: usize| [if i == j { 0.03 * i as f64 } else { coupling }, 0.0];
    let model = LinearVibronic {
        thermal_energy: 0.1,
        mass: 1.0,
        sampling: Sampling::Wigner,
        hamiltonian: (0..n).map(|i| (0..n).map(|j| element(i, j)).collect()).collect(),
        frequencies: vec![0.3],
        couplings: (0..n).map(|k| Coupling { mode: 0, row: k, column: k, value: slopes[k] }).collect(),
    };
    model.build()
}

/// All methods that move on surfaces, with every gauge, and decoherence both ways.
fn surface_methods() -> Vec<(String, Box<dyn Algorithm>)> {
    let mut methods: Vec<(String, Box<dyn Algorithm>)> = Vec::new();
    for gauge in [Gauge::PhaseOverlap, Gauge::SignOverlap, Gauge::PhaseCoupling] {
        for decay in [None, Some(Decay::Amplitudes), Some(Decay::Populations)] {
            let decoherence = decay.map(|decay| Decoherence { constant: 0.1, decay });
            methods.push((format!("fssh, {gauge:?}, {decay:?}"), Box::new(Fssh { gauge, decoherence, ..fssh() })));
        }
        methods.push((format!("mash, {gauge:?}"), Box::new(Mash { gauge, ..mash() })));
    }
    methods
}

#[test]
fn a_trajectory_stays_on_its_curve_where_curves_cross_that_hardly_couple() {
    for slopes in [&[0.1, -0.1][..], &[0.1, -0.1, 0.0], &[0.1, 0.1, -0.1, -0.1]] {
        for coupling in [0.0, 1e-8, 1e-6] {
            let model = crossing_curves(slopes, coupling);
            for (method, algorithm) in surface_methods() {
                for integrator in [Integrator::Strang, Integrator::Sequential] {
                    let clock = clock(0.02, 500, 4, integrator);
                    let system =
                        System { correlations: Correlations::default(), ..system(&model, algorithm.as_ref(), &clock) };
                    let state = first_state(slopes.len());
                    let begin = (CampaignSeed(5), &state, &InitialConditions::default());
                    let found = system.run(Tasks::new(0, LANES as u64), begin, &mut || true);
                    let what = format!("{} curves, coupling {coupling}, {method}, {integrator:?}", slopes.len());
                    for row in found.samples.chunks(system.layout().size()) {
                        row[0].iter().for_each(|p| assert!((p - 1.0).abs() < 1e-9 + 100.0 * coupling, "{what}: {p}"));
                    }
                    let hops: f64 = found.accepted_hops.iter().chain(&found.frustrated_hops).sum();
                    // A step may end within the crossing.
                    assert!(hops <= 1e7 * coupling, "{what}: {hops} hops");
                }
            }
        }
    }
}

#[test]
fn a_superposition_of_states_that_are_not_coupled_keeps_its_populations() {
    let model = crossing_curves(&[0.1, -0.1, 0.0], 0.0);
    let amplitudes = vec![[0.6, 0.0], [0.0, 0.64], [0.48, 0.0]];
    for (method, algorithm) in surface_methods().into_iter().filter(|(method, _)| method.contains("None")) {
        let clock = clock(0.02, 500, 4, Integrator::Strang);
        let system = System { correlations: Correlations::default(), ..system(&model, algorithm.as_ref(), &clock) };
        let begin = (CampaignSeed(5), &InitialState::Diabatic(amplitudes.clone()), &InitialConditions::default());
        let found = system.run(Tasks::new(0, LANES as u64), begin, &mut || true);
        let mut rows = found.samples.chunks(system.layout().size()).map(|row| row[..3].to_vec());
        let first = rows.next().unwrap();
        rows.for_each(|row| assert!(difference(&row, &first) < 1e-9, "{method}"));
    }
}

#[test]
fn the_norm_of_a_mean_field_does_not_depend_on_the_size_of_energies() {
    // Energies of hundreds, as site energies and total energies are, and a coupling of a hundred; no bath.
    let energies = [125.05, 124.25, -547.0];
    let element =
        |i: usize, j: usize| [if i == j { energies[i] } else { 1.0 + 120.0 * f64::from(u8::from(i + j == 1)) }, 0.0];
    let model = LinearVibronic {
        thermal_energy: 0.1,
        mass: 1.0,
        sampling: Sampling::Wigner,
        hamiltonian: (0..3).map(|i| (0..3).map(|j| element(i, j)).collect()).collect(),
        frequencies: vec![1.0],
        couplings: Vec::new(),
    };
    let model = model.build();
    let populations = |step: f64, steps: usize, integrator: Integrator| {
        let clock = clock(step, steps, 2, integrator);
        let system = System { correlations: Correlations::default(), ..system(&model, &MeanField, &clock) };
        let found = system.run(
            Tasks::new(0, 1),
            (CampaignSeed(1), &first_state(3), &InitialConditions::default()),
            &mut || true,
        );
        let last: Vec<f64> = found.samples[2 * system.layout().size()..][..3].iter().map(|lanes| lanes[0]).collect();
        (last, found.breakdown[0].clone())
    };
    let (long, breakdown) = populations(0.1, 50, Integrator::Strang);
    assert_eq!(breakdown, None);
    let (short, _) = populations(0.001, 5000, Integrator::Strang);
    assert!((long.iter().sum::<f64>() - 1.0).abs() < 1e-11);
    assert!(long.iter().zip(&short).all(|(a, b)| (a - b).abs() < 1e-9), "{long:?} and {short:?}");
    let (_, breakdown) = populations(0.004, 1250, Integrator::Sequential);
    assert!(
        matches!(breakdown, Some(Breakdown::NormLost { norm, .. }) if norm < 1.0 - NORM_TOLERANCE),
        "{breakdown:?}"
    );
    let (_, breakdown) = populations(0.0002, 25_000, Integrator::Sequential);
    assert_eq!(breakdown, None);
}
