//! Properties that hold whatever the numbers are: equal bits on all code paths, derivatives, invariances, errors.
use super::fock::{DensityInput, build_jk};
use super::one_electron::one_electron;
use super::problem::ScfProblem;
use super::search::{Search, converge};
use super::shells::Shells;
use super::stability::{Rotations, Stability};
use super::*;
use crate::science::basis::named;
use crate::science::chemistry::{Atom, Element, Molecule, PointCharge};
use crate::science::simd::tests::FORCE_BASELINE;

/// A molecule of symbols, followed by `*` for ghosts, and positions in bohr.
fn molecule(atoms: &[(&str, [f64; 3])], charge: i32, multiplicity: u32) -> Molecule {
    let atom = |&(symbol, position): &(&str, [f64; 3])| Atom {
        element: Element::from_symbol(symbol.trim_end_matches('*')).unwrap(),
        position,
        is_ghost: symbol.ends_with('*'),
    };
    Molecule { atoms: atoms.iter().map(atom).collect(), charge, multiplicity, point_charges: Vec::new() }
}

const WATER: [(&str, [f64; 3]); 3] =
    [("O", [0.0, 0.0, 0.2217]), ("H", [0.0, 1.4309, -0.8867]), ("H", [0.0, -1.4309, -0.8867])];

fn water() -> Molecule {
    molecule(&WATER, 0, 1)
}

/// Water without any symmetry.
pub(super) fn skewed_water() -> Molecule {
    molecule(&[("O", [0.0, 0.0, 0.2]), ("H", [0.1, 1.5, -0.9]), ("H", [0.0, -1.3, -0.8])], 0, 1)
}

/// Two waters that are not symmetric to one another.
fn dimer(is_ghost: [bool; 2]) -> Molecule {
    let second = [("O", [0.3, 0.2, 5.6]), ("H", [0.1, -0.3, 3.8]), ("H", [1.6, 1.1, 6.3])];
    let mut dimer = molecule(&[WATER, second].concat(), 0, 1);
    dimer.atoms.iter_mut().enumerate().for_each(|(at, atom)| atom.is_ghost = is_ghost[at / 3]);
    dimer
}

/// Two charges beside water.
fn charged_water() -> Molecule {
    let point = |charge, position| PointCharge { charge, position };
    let point_charges = vec![point(-0.8, [0.0, 0.0, 4.0]), point(0.4, [1.0, 3.0, -4.0])];
    Molecule { point_charges, ..water() }
}

fn mp2() -> Settings {
    Settings { method: Method::Mp2, ..Settings::default() }
}

/// Hartree-Fock, converged further.
fn tight() -> Settings {
    Settings { convergence: 1e-12, ..Settings::default() }
}

fn run(molecule: &Molecule, set: &str, settings: &Settings, derivative: Derivative) -> Result<ScfResult, Error> {
    solve(&System { molecule, basis: &named(set).unwrap() }, settings, derivative)
}

fn energy(molecule: &Molecule, set: &str, settings: &Settings) -> f64 {
    run(molecule, set, settings, Derivative::Energy).unwrap().energy
}

fn gradient_of(molecule: &Molecule, set: &str) -> Vec<[f64; 3]> {
    run(molecule, set, &tight(), Derivative::Gradient).unwrap().gradient.unwrap()
}

/// All numbers of a result, bit by bit.
fn bits(result: &ScfResult) -> Vec<u64> {
    let gradient = result.gradient.iter().flatten().flatten();
    let all = [result.energy, result.scf_energy, result.s_squared, result.iterations as f64];
    all.iter().chain(result.orbital_energies.iter().flatten()).chain(gradient).map(|x| x.to_bits()).collect()
}

/// Calculations of all kinds: RHF, UHF and MP2 on both, gradients.
fn calculations() -> Vec<(Molecule, Settings, Derivative)> {
    let mut radical = dimer([false, false]);
    (radical.charge, radical.multiplicity) = (1, 2);
    let calculations = [
        (dimer([false, false]), mp2(), Derivative::Energy),
        (dimer([false, true]), Settings::default(), Derivative::Gradient),
        (radical.clone(), mp2(), Derivative::Energy),
        (radical, Settings::default(), Derivative::Gradient),
    ];
    calculations.into()
}

#[test]
fn j_and_k_are_plain_sums_over_all_integrals() {
    for set in ["6-31g*", "cc-pvtz"] {
        let (water, basis) = (water(), named(set).unwrap());
        let integrals = Integrals::new(&System { molecule: &water, basis: &basis }, 500).unwrap();
        // The crate's own dense tensor, which holds every integral eight times.
        let shell = |shell: &shells::Shell| {
            let norm = |a: &f64| integral::math::norm::cart_norm(*a, shell.angular, 0, 0);
            let plain = shell.coefficients.iter().zip(&shell.exponents).map(|(c, a)| c / norm(a)).collect();
            let make = if shell.cartesian() == shell.functions {
                integral::Shell::new
            } else {
                integral::Shell::new_spherical
            };
            make(shell.angular, shell.center, shell.exponents.clone(), plain).unwrap()
        };
        let tensor = integral::Basis::new(integrals.shells().list.iter().map(shell).collect()).eri();
        let n = integrals.functions();
        let density: Vec<f64> = (0..n * n).map(|k| ((k / n + 1) as f64 * (k % n + 1) as f64).sin()).collect();
        let [coulomb, exchange] = integrals.coulomb_and_exchange(&density);
        for p in 0..n {
            for r in 0..n {
                let (mut j, mut k) = (0.0, 0.0);
                for q in 0..n {
                    for s in 0..n {
                        j += density[q * n + s] * tensor[((p * n + r) * n + q) * n + s];
                        k += density[q * n + s] * tensor[((p * n + q) * n + r) * n + s];
                    }
                }
                assert!(
                    (coulomb[p * n + r] - j).abs() < 1e-10 && (exchange[p * n + r] - k).abs() < 1e-10,
                    "{set} {p} {r}"
                );
            }
        }
    }
}

#[test]
fn the_memory_limit_changes_no_bit() {
    for (set, memory_mb) in [("6-31g*", 3), ("cc-pvdz", 5)] {
        let basis = named(set).unwrap();
        for (molecule, settings, derivative) in calculations() {
            let system = System { molecule: &molecule, basis: &basis };
            let (much, little) = (Integrals::new(&system, 100).unwrap(), Integrals::new(&system, memory_mb).unwrap());
            assert!(much.eri.is_stored() && !little.eri.is_stored() && little.bytes() < memory_mb * integrals::MB);
            let stored = solve_with(&much, &system, &settings, derivative).unwrap();
            let scarce = Settings { memory_mb, ..settings };
            assert_eq!(bits(&stored), bits(&solve_with(&little, &system, &scarce, derivative).unwrap()));
        }
    }
}

#[test]
fn shared_integrals_change_no_bit() {
    fn threads_may_share<T: Send + Sync>(_: &T) {}

    let basis = named("6-31g*").unwrap();
    let first = dimer([true, true]);
    let shared = Integrals::new(&System { molecule: &first, basis: &basis }, 100).unwrap();
    threads_may_share(&shared);
    let mut calculations = calculations();
    calculations.push((dimer([true, false]), mp2(), Derivative::Energy));
    calculations.extend(calculations.clone());
    for (molecule, settings, derivative) in calculations {
        let system = System { molecule: &molecule, basis: &basis };
        let together = solve_with(&shared, &system, &settings, derivative).unwrap();
        assert_eq!(bits(&together), bits(&solve(&system, &settings, derivative).unwrap()));
    }
    let other = water();
    let refused = solve_with(&shared, &System { molecule: &other, basis: &basis }, &mp2(), Derivative::Energy);
    assert_eq!(refused, Err(Error::OtherIntegrals));
}

#[test]
fn processors_with_other_vector_instructions_give_the_same_bits() {
    for (molecule, settings, derivative) in calculations() {
        let wide = run(&molecule, "6-31g", &settings, derivative).unwrap();
        FORCE_BASELINE.set(true);
        let plain = run(&molecule, "6-31g", &settings, derivative).unwrap();
        FORCE_BASELINE.set(false);
        assert_eq!(bits(&wide), bits(&plain));
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_energy() {
    let mut radical = molecule(&[("O", [0.1, 0.2, 0.3]), ("H", [0.3, 1.5, 1.4]), ("He*", [1.5, -1.2, 0.8])], 0, 2);
    radical.point_charges.push(PointCharge { charge: 0.7, position: [-3.0, 0.5, 0.0] });
    let mut charged = charged_water();
    charged.atoms.push(Atom { position: [2.0, 0.4, 0.3], is_ghost: true, ..charged.atoms[0] });
    // Spherical d and f, Cartesian d; a heavier atom.
    let sulfide = molecule(&[("S", [0.0; 3]), ("H", [1.8, 1.7, 0.2])], -1, 1);
    let cases = [
        (&radical, "6-31g*"),
        (&radical, "cc-pvdz"),
        (&charged, "6-31g*"),
        (&charged, "cc-pvdz"),
        (&sulfide, "def2-svp"),
    ];
    for (molecule, set) in cases {
        let gradient = gradient_of(molecule, set);
        for (atom, axis) in [(0, 2), (1, 1), (molecule.atoms.len() - 1, 0)] {
            let at = |step: f64| {
                let mut moved = molecule.clone();
                moved.atoms[atom].position[axis] += step;
                energy(&moved, set, &tight())
            };
            let h = 2e-3;
            let slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            let difference = (slope - gradient[atom][axis]).abs();
            assert!(difference < 1e-8, "{set} atom {atom} axis {axis}: {slope} and {}", gradient[atom][axis]);
        }
    }
    // f functions, one component.
    let gradient = gradient_of(&sulfide, "cc-pvtz");
    let at = |x: f64| energy(&molecule(&[("S", [0.0; 3]), ("H", [1.8 + x, 1.7, 0.2])], -1, 1), "cc-pvtz", &tight());
    let slope = (8.0 * (at(2e-3) - at(-2e-3)) - (at(4e-3) - at(-4e-3))) / 24e-3;
    assert!((slope - gradient[1][0]).abs() < 1e-8);
}

#[test]
fn energies_do_not_depend_on_position_and_orientation() {
    let mut moved = charged_water();
    // A rotation by 0.7 about z, then by -1.1 about x, then a shift.
    let rotate_and_shift = |[x, y, z]: [f64; 3]| {
        let ((s, c), (t, d)) = (0.7_f64.sin_cos(), (-1.1_f64).sin_cos());
        let (x, y) = (c * x - s * y, s * x + c * y);
        [x + 3.0, d * y - t * z - 20.0, t * y + d * z + 1.0]
    };
    moved.atoms.iter_mut().for_each(|atom| atom.position = rotate_and_shift(atom.position));
    moved.point_charges.iter_mut().for_each(|point| point.position = rotate_and_shift(point.position));
    for set in ["6-31g*", "cc-pvdz"] {
        assert!((energy(&charged_water(), set, &mp2()) - energy(&moved, set, &mp2())).abs() < 1e-9);
        let (gradient, rotated) = (gradient_of(&charged_water(), set), gradient_of(&moved, set));
        for (a, b) in gradient.iter().zip(&rotated) {
            let origin = rotate_and_shift([0.0; 3]);
            let expected = rotate_and_shift(*a);
            (0..3).for_each(|k| assert!((expected[k] - origin[k] - b[k]).abs() < 1e-8));
        }
    }
    // Without outer charges forces cancel.
    let gradient = gradient_of(&dimer([false, true]), "6-31g*");
    (0..3).for_each(|k| assert!(gradient.iter().map(|atom| atom[k]).sum::<f64>().abs() < 1e-10));
}

#[test]
fn ghosts_are_functions_and_nothing_else() {
    let alone = energy(&water(), "6-31g*", &mp2());
    let mut far = water();
    far.atoms.push(Atom { position: [0.0, 0.0, 1e3], is_ghost: true, ..far.atoms[0] });
    assert!((energy(&far, "6-31g*", &mp2()) - alone).abs() < 1e-10);
    assert!(energy(&dimer([false, true]), "6-31g*", &mp2()) < alone - 1e-4);
}

#[test]
fn frozen_cores_and_point_charges_are_those_of_pyscf() {
    // PySCF 2.14, conv_tol 1e-13, `mp.MP2(mf, frozen=cores)`, `qmmm.mm_charge` with its gradient.
    let frozen = Settings { frozen_core: true, ..mp2() };
    let oxygen = molecule(&[("O", [0.0; 3]), ("O", [0.0, 0.0, 2.282])], 0, 3);
    let salt = molecule(&[("Na", [0.0; 3]), ("Cl", [0.0, 0.0, 4.5])], 0, 1);
    for (molecule, set, settings, expected) in [
        (water(), "6-31g*", &frozen, -76.19662554391338),
        (water(), "cc-pvdz", &frozen, -76.22843901454499),
        (water(), "def2-tzvp", &mp2(), -76.33160810537308),
        (oxygen.clone(), "6-31g*", &frozen, -149.94788957438809),
        (salt, "6-31g*", &frozen, -621.534349563827),
        (charged_water(), "6-31g*", &Settings::default(), -75.96603409602663),
        (charged_water(), "cc-pvdz", &Settings::default(), -75.98589254903406),
    ] {
        let energy = energy(&molecule, set, settings);
        assert!((energy - expected).abs() < 2e-8, "{set}: {energy} and not {expected}");
    }
    let expected = [
        [-0.0022225418544773827, -0.0012229641256328305, 0.02068696296095407],
        [0.0027977729138382373, 0.011276599679722388, -0.0065712154310442195],
        [0.0007201358326336213, -0.009564149782354647, -0.005767508034127067],
    ];
    for (atom, expected) in gradient_of(&charged_water(), "cc-pvdz").iter().zip(expected) {
        (0..3).for_each(|k| assert!((atom[k] - expected[k]).abs() < 1e-7, "{atom:?} and not {expected:?}"));
    }
    assert!((gradient_of(&oxygen, "6-31g*")[0][2] + 0.07950382151330793).abs() < 1e-7);
}

#[test]
fn systems_of_no_and_few_electrons_have_energies() {
    let proton = molecule(&[("H", [0.0; 3])], 1, 1);
    let result = run(&proton, "6-31g", &mp2(), Derivative::Energy).unwrap();
    assert_eq!((result.energy, result.correlation_energy), (0.0, Some(0.0)));
    assert_eq!(result.diagnostics, [Diagnostic::NoElectrons]);
    let protons = molecule(&[("H", [0.0; 3]), ("H", [0.0, 0.0, 2.0])], 2, 1);
    assert_eq!(energy(&protons, "6-31g", &Settings::default()), 0.5);
    let slope = gradient_of(&protons, "6-31g");
    assert!((slope[0][2] - 0.25).abs() < 1e-15 && (slope[1][2] + 0.25).abs() < 1e-15);
    // One electron: the energies of both ways are the same, no pairs.
    let atom = run(&molecule(&[("H", [0.0; 3])], 0, 2), "cc-pvdz", &mp2(), Derivative::Energy).unwrap();
    assert!((atom.energy + 0.499_278_403_4).abs() < 1e-9 && atom.correlation_energy == Some(0.0));
    assert!((atom.s_squared - 0.75).abs() < 1e-12);
    // A minimal basis with no virtual orbital.
    let helium = run(&molecule(&[("He", [0.0; 3])], 0, 1), "sto-3g", &mp2(), Derivative::Energy).unwrap();
    assert_eq!(helium.correlation_energy, Some(0.0));
    // A singlet has the same energy from both references.
    let unrestricted = Settings { reference: Reference::Uhf, ..mp2() };
    assert!((energy(&water(), "6-31g*", &unrestricted) - energy(&water(), "6-31g*", &mp2())).abs() < 1e-9);
    // Far apart, energies add up.
    let pair = molecule(&[("He", [0.0; 3]), ("He", [0.0, 0.0, 200.0])], 0, 1);
    let one = energy(&molecule(&[("He", [0.0; 3])], 0, 1), "cc-pvdz", &mp2());
    assert!((energy(&pair, "cc-pvdz", &mp2()) - 2.0 * one).abs() < 1e-10);
}

#[test]
fn dependent_functions_are_left_out_and_reported() {
    let two = |distance: f64| {
        molecule(&[WATER[0], WATER[1], WATER[2], ("O*", [3.0, 0.0, 0.0]), ("O*", [3.0, 0.0, distance])], 0, 1)
    };
    let one = molecule(&[WATER[0], WATER[1], WATER[2], ("O*", [3.0, 0.0, 0.0])], 0, 1);
    let single = energy(&one, "6-31g*", &mp2());
    for distance in [0.0, 1e-6, 1e-5] {
        let result = run(&two(distance), "6-31g*", &mp2(), Derivative::Energy).unwrap();
        let [Diagnostic::Dependent { left_out, functions, .. }] = result.diagnostics[..] else {
            panic!("{:?}", result.diagnostics)
        };
        assert_eq!((left_out, functions), (15, 49));
        assert!((result.energy - single).abs() < 1e-6, "{} and {single}", result.energy);
    }
    let diagnostics = run(&two(4e-3), "6-31g", &Settings::default(), Derivative::Energy).unwrap().diagnostics;
    let is_dependent =
        |of: &Diagnostic| matches!(of, Diagnostic::NearlyDependent { .. } | Diagnostic::Dependent { .. });
    assert!(diagnostics.iter().any(is_dependent), "{diagnostics:?}");
}

#[test]
fn a_level_shift_helps_where_extrapolation_alone_fails() {
    // Atoms far from one another in a minimal basis, from either guess; PySCF 2.14 does not converge with DIIS either, and ends at
    // -257.481269904 with `newton`: a saddle point whose occupied orbitals are not the lowest, with -257.5036525 below it.
    let salt = molecule(&[("Na", [0.0; 3]), ("F", [0.0, 0.0, 12.0])], 0, 1);
    for guess in [Guess::Sad, Guess::Core] {
        let settings = Settings { guess, ..Settings::default() };
        let result = run(&salt, "sto-3g", &settings, Derivative::Energy).unwrap();
        assert!(result.iterations > 100);
        let is_followed = |diagnostic: &Diagnostic| matches!(diagnostic, Diagnostic::Followed { .. });
        assert!(result.diagnostics.iter().any(is_followed), "{:?}", result.diagnostics);
        assert!((result.energy + 257.503_667).abs() < 2e-6, "{}", result.energy);
    }
}

#[test]
fn the_error_of_an_unconverged_scf_has_its_history() {
    let settings = Settings { max_iterations: 4, ..Settings::default() };
    let error = run(&water(), "6-31g*", &settings, Derivative::Energy).unwrap_err();
    let Error::NotConverged(History { attempts }) = &error else { panic!("{error}") };
    assert_eq!(attempts.iter().map(|attempt| attempt.iterates.len()).collect::<Vec<_>>(), [4, 4]);
    assert!(attempts[0].iterates.iter().all(|iterate| iterate.energy < -75.0 && iterate.residual > 0.0));
    assert!(error.to_string().contains("4 iterations with level shift 0.5"), "{error}");
}

#[test]
fn invalid_input_is_refused_with_its_reason() {
    let refused =
        |molecule: &Molecule, settings: &Settings| run(molecule, "6-31g", settings, Derivative::Energy).unwrap_err();
    let plain = Settings::default();
    let with = |charge, multiplicity| Molecule { charge, multiplicity, ..water() };
    assert_eq!(refused(&with(11, 1), &plain), Error::Charge { charge: 11, nuclear: 10 });
    for (charge, multiplicity) in [(0, 2), (0, 0), (0, 13), (1, 1)] {
        let electrons = 10 - i64::from(charge);
        assert_eq!(refused(&with(charge, multiplicity), &plain), Error::Multiplicity { electrons, multiplicity });
    }
    let restricted = Settings { reference: Reference::Rhf, ..plain.clone() };
    assert_eq!(refused(&with(0, 3), &restricted), Error::Restricted { multiplicity: 3 });
    let anion = molecule(&[("H", [0.0; 3])], -4, 1);
    let too_few = run(&anion, "sto-3g", &plain, Derivative::Energy).unwrap_err();
    assert!(
        matches!(too_few, Error::TooFewFunctions { electrons, .. } if electrons > 1)
            || matches!(too_few, Error::Multiplicity { .. })
    );
    let iron = molecule(&[("Fe", [0.0; 3])], 0, 1);
    assert!(matches!(refused(&iron, &plain), Error::NoFunctions { .. }));
    let twice = molecule(&[("He", [0.0; 3]), ("He", [0.0; 3])], 0, 1);
    assert_eq!(refused(&twice, &plain), Error::Coincident { first: 0, second: 1 });
    let nowhere = molecule(&[("He", [f64::NAN, 0.0, 0.0])], 0, 1);
    assert_eq!(refused(&nowhere, &plain), Error::NotFinite);
    let fitted = Settings { density_fitting: true, ..plain.clone() };
    assert_eq!(refused(&water(), &fitted), Error::Unsupported(Unsupported::DensityFitting));
    let slope = run(&water(), "6-31g", &mp2(), Derivative::Gradient).unwrap_err();
    assert_eq!(slope, Error::Unsupported(Unsupported::Mp2Gradient));
    let little = Settings { memory_mb: 1, ..plain };
    let Error::Memory { functions: 38, needed_mb, available_mb: 1 } =
        run(&dimer([false, false]), "6-31g*", &little, Derivative::Energy).unwrap_err()
    else {
        panic!("a refusal with the figures")
    };
    assert!(
        run(&dimer([false, false]), "6-31g*", &Settings { memory_mb: needed_mb, ..little }, Derivative::Energy).is_ok()
    );
}

#[test]
fn systems_iterated_together_give_the_bits_of_each_alone_and_one_that_is_refused_disturbs_none() {
    let far = |(symbol, [x, y, z]): (&'static str, [f64; 3])| (symbol, [x, y, z + 6.0]);
    let ghosts = [("O*", WATER[0].1), ("H*", WATER[1].1), ("H*", WATER[2].1)];
    let of = |first: [(&'static str, [f64; 3]); 3], second: [(&'static str, [f64; 3]); 3], multiplicity| {
        molecule(&[first, second.map(far)].concat(), 0, multiplicity)
    };
    let molecules =
        [of(WATER, ghosts, 1), of(WATER, WATER, 2), of(ghosts, WATER, 1), of(WATER, WATER, 1), of(WATER, ghosts, 3)];
    let basis = named("6-31g").unwrap();
    let systems = molecules.each_ref().map(|molecule| System { molecule, basis: &basis });
    let settings = Settings { method: Method::Mp2, ..Settings::default() };
    let integrals = Integrals::new(&systems[0], 500).unwrap();
    let together = solve_all(&integrals, &systems, &settings, Derivative::Energy);
    for (system, together) in systems.iter().zip(&together) {
        assert_eq!(&solve_with(&integrals, system, &settings, Derivative::Energy), together);
    }
    assert!(matches!(together[1], Err(Error::Multiplicity { .. })), "{:?}", together[1]);
    assert_eq!(together.iter().filter(|result| result.is_ok()).count(), 4);
}

#[test]
fn the_lowest_eigenvalue_is_the_curvature_of_the_energy_along_its_rotations() {
    let water = skewed_water();
    let basis = named("6-31g").unwrap();
    let integrals = Integrals::new(&System { molecule: &water, basis: &basis }, 100).unwrap();
    let settings = Settings { convergence: 1e-12, ..Settings::default() };
    for (electrons, is_restricted) in [([5, 5], true), ([5, 4], false), ([6, 4], false)] {
        let terms = (&settings, Derivative::Gradient);
        let search = Search::new(&integrals, &water, electrons, is_restricted, terms);
        let state = converge(&integrals, vec![search]).swap_remove(0).unwrap();
        let mut stability = Stability::new(&state, Rotations::Internal).unwrap();
        let lowest = loop {
            let jk = build_jk(&integrals.eri, &stability.density_inputs());
            if let Some(lowest) = stability.advance(jk) {
                break lowest;
            }
        };
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let problem = ScfProblem::new(&integrals, &water, occupied);
        let energy = |angle: f64| {
            let mut rotated = problem.rotate_all(&state.spins, &lowest.rotations, angle);
            let jk = build_jk(&integrals.eri, &[DensityInput::from_spins(&rotated)]).swap_remove(0);
            problem.update_fock(&mut rotated, &jk)
        };
        let curvature = (energy(1e-2) + energy(-1e-2) - 2.0 * energy(0.0)) / 2e-4;
        let expected = if is_restricted { 2.0 } else { 1.0 } * lowest.eigenvalue;
        assert!(lowest.is_stable() && (curvature - expected).abs() < 1e-3 * expected, "{curvature} and {expected}");
    }
}

#[test]
fn every_set_has_functions_of_unit_norm() {
    let neon = Element::from_symbol("Ne").unwrap();
    for set in ["sto-3g", "6-31g*", "aug-cc-pvdz", "def2-tzvp"] {
        let shells = Shells::for_atoms(&[(neon, [0.3, -0.2, 0.1])], &named(set).unwrap()).unwrap();
        let overlap = one_electron(&shells, integral::engine::os::overlap_into);
        for shell in &shells.list {
            // Of Cartesian functions x^l, which is the first.
            let alike = if shells.is_spherical { shell.functions } else { 1 };
            for p in shell.range().take(alike) {
                assert!((overlap.get(p, p) - 1.0).abs() < 1e-13, "{set} {p}: {}", overlap.get(p, p));
            }
        }
    }
}
