//! All models and methods. The tests of `src/science/dynamics` include this file, too: names come from the module that does.
use super::*;

pub fn spin_boson(modes: usize, reorganization_energy: f64) -> LinearModel {
    let model = SpinBoson {
        thermal_energy: 1.0,
        bias: 0.5,
        coupling: 0.5,
        modes,
        characteristic_frequency: 0.5,
        reorganization_energy,
        mass: 1.3,
        sampling: Sampling::Boltzmann,
    };
    model.build()
}

pub fn fmo(modes_per_site: usize) -> LinearModel {
    let model = Fmo {
        temperature_k: 300.0,
        modes_per_site,
        characteristic_frequency_per_cm: 106.14,
        reorganization_energy_per_cm: 35.0,
        mass: 1.0,
        sampling: Sampling::Boltzmann,
    };
    model.build()
}

pub fn holstein() -> LinearModel {
    let (thermal_energy, coupling, frequency, sites, hopping, mass) = (1.0, 0.7, 0.5, 4, 1.0, 1.2);
    let (periodic, sampling) = (true, Sampling::Boltzmann);
    Holstein { thermal_energy, coupling, frequency, sites, hopping, mass, periodic, sampling }.build()
}

pub fn holstein_reciprocal() -> LinearModel {
    let (thermal_energy, coupling, frequency, sites, hopping, mass) = (1.0, 0.7, 0.5, 4, 1.0, 1.2);
    let sampling = Sampling::Boltzmann;
    HolsteinReciprocal { thermal_energy, coupling, frequency, sites, hopping, mass, sampling }.build()
}

/// Three states, one coupling complex, two modes of one kind and one off the diagonal.
pub fn linear_vibronic() -> LinearModel {
    let real = |x: f64| [x, 0.0];
    let coupling = |mode, row, column, value| Coupling { mode, row, column, value };
    let model = LinearVibronic {
        thermal_energy: 0.6,
        mass: 0.8,
        sampling: Sampling::Wigner,
        hamiltonian: vec![
            vec![real(0.2), [0.3, 0.1], real(0.05)],
            vec![[0.3, -0.1], real(-0.1), real(0.2)],
            vec![real(0.05), real(0.2), real(0.0)],
        ],
        frequencies: vec![0.5, 0.9, 1.3],
        couplings: vec![
            coupling(0, 0, 0, 0.2),
            coupling(0, 1, 1, -0.1),
            coupling(1, 0, 0, 0.4),
            coupling(1, 1, 1, -0.2),
            coupling(2, 2, 0, 0.15),
            coupling(2, 1, 1, 0.1),
        ],
    };
    model.build()
}

pub fn fssh() -> Fssh {
    let (initial_surface, frustrated, gauge) = (InitialSurface::Sampled, Frustrated::Keep, Gauge::PhaseOverlap);
    Fssh { initial_surface, frustrated, gauge, decoherence: None }
}

pub fn mash() -> Mash {
    Mash { frustrated: Frustrated::Reverse, gauge: Gauge::PhaseOverlap, max_hops: 10, bisections: 10 }
}

pub fn algorithms() -> Vec<(&'static str, Box<dyn Algorithm>)> {
    let decoherence = Some(Decoherence { constant: 0.1, decay: Decay::Amplitudes });
    vec![
        ("mean field", Box::new(MeanField)),
        ("fssh", Box::new(fssh())),
        ("fssh, all surfaces", Box::new(Fssh { initial_surface: InitialSurface::All, ..fssh() })),
        ("fssh, phase coupling", Box::new(Fssh { gauge: Gauge::PhaseCoupling, decoherence, ..fssh() })),
        ("fssh, Jasper and Truhlar", Box::new(Fssh { frustrated: Frustrated::JasperTruhlar, ..fssh() })),
        ("mash", Box::new(mash())),
    ]
}

pub fn tully_one(position: f64, momentum: f64, stop_beyond: Option<f64>) -> Tully<TullyOne> {
    Tully::new(2000.0, position, momentum, stop_beyond)
}

pub fn first_state(states: usize) -> InitialState {
    InitialState::Diabatic((0..states).map(|k| [f64::from(u8::from(k == 0)), 0.0]).collect())
}

pub fn clock(time_step: f64, steps_per_sample: usize, samples: usize, integrator: Integrator) -> Clock {
    Clock { time_step, steps_per_sample, samples, integrator }
}

pub fn run(
    model: &dyn Model,
    algorithm: &dyn Algorithm,
    clock: &Clock,
    tasks: Tasks,
    start: &InitialConditions,
) -> BlockResult {
    let state = first_state(model.states());
    system(model, algorithm, clock).run(tasks, (CampaignSeed(11), &state, start), &mut || true)
}

pub fn system<'a>(model: &'a dyn Model, algorithm: &'a dyn Algorithm, clock: &'a Clock) -> System<'a> {
    System { model, algorithm, clock, correlations: Correlations { populations: true, coordinates: true } }
}

pub fn systems() -> Vec<(&'static str, Box<dyn Model>, f64)> {
    vec![
        ("spin-boson", Box::new(spin_boson(7, 0.2)), 0.1),
        ("fmo", Box::new(fmo(4)), 0.1),
        ("tully-1", Box::new(tully_one(-3.0, 12.0, None)), 20.0),
        ("tully-2", Box::new(Tully::<TullyTwo>::new(2000.0, -3.0, 20.0, None)), 10.0),
        ("tully-3", Box::new(Tully::<TullyThree>::new(2000.0, -3.0, 12.0, None)), 20.0),
        ("holstein", Box::new(holstein()), 0.1),
        ("holstein-k", Box::new(holstein_reciprocal()), 0.1),
        ("linear-vibronic", Box::new(linear_vibronic()), 0.1),
        ("avoided-crossing-a", Box::new(crossing(Landscape::A, true)), 0.002),
        ("avoided-crossing-b", Box::new(crossing(Landscape::B, false)), 0.002),
        ("avoided-crossing-c", Box::new(crossing(Landscape::C, true)), 0.002),
    ]
}

pub fn crossing(landscape: Landscape, has_berry_force: bool) -> AvoidedCrossing {
    AvoidedCrossing::new(landscape, 1.0, [-0.6, 0.3], [16.0, 3.0], has_berry_force)
}
