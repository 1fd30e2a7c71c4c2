//! What do the parts of an electronic-structure calculation cost one core?
//!
//! `cargo bench --bench scf` measures waters in 6-31G* (19 functions each): integrals of three, one pass of J and K and whole
//! energies with 57 and with 114 functions, a gradient. With `-- --test` every case runs once.
use criterion::{Criterion, criterion_group, criterion_main};
use simmpi::science::basis::{BasisSet, named};
use simmpi::science::chemistry::{Atom, Element, Molecule};
use simmpi::science::scf::{Derivative, Integrals, Method, Settings, System, solve_with};
use std::hint::black_box;

/// Two rings of three waters, one above the other, bohr.
const HEXAMER: [(&str, [f64; 3]); 18] = [
    ("O", [-2.763732, -1.243777, -0.154446]),
    ("H", [-1.123578, -2.06228, -0.052438]),
    ("H", [-3.807924, -2.087055, 1.060904]),
    ("O", [2.469246, -1.754377, -0.170929]),
    ("H", [3.763683, -2.214254, 1.008461]),
    ("H", [2.305983, 0.070984, -0.039425]),
    ("O", [0.291279, 3.008756, 0.203085]),
    ("H", [-1.21253, 1.958209, 0.103033]),
    ("H", [0.10002, 4.249581, -1.102221]),
    ("O", [-2.000957, -2.724016, 5.133008]),
    ("H", [-0.17322, -2.775926, 5.297752]),
    ("H", [-2.633962, -3.935404, 6.3206]),
    ("O", [2.95738, -0.982445, 5.296938]),
    ("H", [4.283642, -0.860705, 6.523404]),
    ("H", [2.036027, 0.603495, 5.405545]),
    ("O", [-1.035685, 2.417707, 5.552412]),
    ("H", [-1.952658, 0.831978, 5.411952]),
    ("H", [-1.686735, 3.469661, 4.229696]),
];

/// The first waters, of which the first `real` are no ghosts.
fn waters(number: usize, real: usize) -> Molecule {
    let atom = |(at, &(symbol, position)): (usize, &(&str, [f64; 3]))| Atom {
        element: Element::from_symbol(symbol).expect("an element"),
        position,
        is_ghost: at / 3 >= real,
    };
    let atoms = HEXAMER.iter().take(3 * number).enumerate().map(atom).collect();
    Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() }
}

fn basis() -> BasisSet {
    named("6-31g*").expect("a set that is compiled in")
}

fn integrals(criterion: &mut Criterion) {
    let (molecule, basis) = (waters(3, 3), basis());
    let system = System { molecule: &molecule, basis: &basis };
    let mut group = criterion.benchmark_group("integrals");
    group.sample_size(10);
    group.bench_function("3 waters", |b| b.iter(|| black_box(Integrals::new(&system, 2000).expect("integrals"))));
    group.finish();
}

/// One J and one K.
fn fock(criterion: &mut Criterion) {
    let basis = basis();
    let mut group = criterion.benchmark_group("J and K");
    for number in [3, 6] {
        let molecule = waters(number, 3);
        let integrals = Integrals::new(&System { molecule: &molecule, basis: &basis }, 2000).expect("integrals");
        let n = integrals.functions();
        let density = vec![0.1; n * n];
        group.bench_function(format!("{n} functions"), |b| {
            b.iter(|| black_box(integrals.coulomb_and_exchange(black_box(&density))))
        });
    }
    group.finish();
}

/// Energies of three real waters in the basis of three and of six, integrals given.
fn energies(criterion: &mut Criterion) {
    let basis = basis();
    let mut group = criterion.benchmark_group("energy");
    group.sample_size(10);
    for (number, method) in [(3, Method::Hf), (6, Method::Hf), (3, Method::Mp2), (6, Method::Mp2)] {
        let molecule = waters(number, 3);
        let system = System { molecule: &molecule, basis: &basis };
        let integrals = Integrals::new(&system, 2000).expect("integrals");
        let settings = Settings { method, ..Settings::default() };
        group.bench_function(format!("{method:?} of 3 waters in the basis of {number}"), |b| {
            b.iter(|| black_box(solve_with(&integrals, &system, &settings, Derivative::Energy).expect("an energy")))
        });
    }
    group.finish();
}

fn gradients(criterion: &mut Criterion) {
    let (molecule, basis) = (waters(3, 3), basis());
    let system = System { molecule: &molecule, basis: &basis };
    let integrals = Integrals::new(&system, 2000).expect("integrals");
    let mut group = criterion.benchmark_group("gradient");
    group.sample_size(10);
    group.bench_function("3 waters", |b| {
        b.iter(|| solve_with(&integrals, &system, &Settings::default(), Derivative::Gradient).expect("a gradient"))
    });
    group.finish();
}

criterion_group!(all, integrals, fock, energies, gradients);
criterion_main!(all);
