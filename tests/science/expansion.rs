//! Does the expansion obey its identities, and does it have the same tasks as QCManyBody?
use simmpi::science::expansion::assembly::{self, TaskIndex};
use simmpi::science::expansion::*;

fn expansion(fragments: usize, max_order: usize, bsse: &[Bsse], total: bool) -> Expansion {
    Expansion {
        clusters: ClusterSet::all(fragments, max_order).unwrap(),
        bsse: bsse.to_vec(),
        level_of: vec![0; max_order],
        supersystem: None,
        total,
        is_interaction_only: false,
    }
}

const ALL: [Bsse; 3] = [Bsse::Nocp, Bsse::Cp, Bsse::Vmfc];

/// An energy with contributions of all orders that depends on the basis too.
fn energy(expansion: &Expansion, task: &Task) -> f64 {
    let real: f64 = task.real.iter().map(|&f| libm::cos(f64::from(f) * 1.7) - 76.0).sum();
    let together: f64 = task.real.iter().map(|&f| 1.0 + f64::from(f)).product::<f64>() * 1e-3;
    let basis: f64 = expansion.basis_of(task).iter().map(|&f| libm::sin(f64::from(f) * 0.3)).sum();
    real + together - 1e-4 * basis * task.real.len() as f64 + f64::from(task.level)
}

fn through(expansion: &Expansion) -> Vec<Vec<assembly::OrderSums>> {
    let tasks = expansion.tasks();
    let energies: Vec<_> = tasks.iter().map(|task| Some(energy(expansion, task))).collect();
    assembly::energies(expansion, &tasks, &energies).unwrap()
}

#[test]
fn there_are_as_many_tasks_as_in_qcmanybody() {
    for (fragments, order, counts) in
        [(6, 2, [21, 27, 51]), (6, 3, [41, 47, 191]), (6, 6, [63, 69, 665]), (16, 3, [696, 712, 4296])]
    {
        for (bsse, count) in ALL.into_iter().zip(counts) {
            assert_eq!(expansion(fragments, order, &[bsse], true).tasks().len(), count, "{bsse:?} {fragments} {order}");
        }
    }
    assert_eq!(expansion(64, 3, &[Bsse::Cp], true).tasks().len(), 43_808);
    assert_eq!(expansion(4, 4, &ALL, true).tasks().len(), 65);
    let mut levels = expansion(4, 4, &ALL, true);
    levels.level_of = vec![0, 1, 1, 1];
    assert_eq!(levels.tasks().len(), 69);
    levels.level_of = vec![0, 0, 1, 1];
    assert_eq!(levels.tasks().len(), 85);
    let mut whole = expansion(4, 2, &ALL, true);
    whole.supersystem = Some(1);
    assert_eq!(whole.tasks().len(), 43);
}

#[test]
fn the_full_expansion_is_the_energy_of_the_supersystem() {
    let expansion = expansion(5, 5, &ALL, true);
    let whole = expansion.tasks().into_iter().find(|task| task.real.len() == 5).unwrap();
    let results = through(&expansion);
    assert!((results[0][4].total.value().unwrap() - energy(&expansion, &whole)).abs() < 1e-12);
    // Counterpoise: interactions are exact in the basis of all fragments.
    let alone: f64 = (0..5u16)
        .map(|f| energy(&expansion, &Task { generation: 1, level: 0, real: [f].into(), basis: Basis::Whole }))
        .sum();
    assert!((results[1][4].interaction.value().unwrap() - (energy(&expansion, &whole) - alone)).abs() < 1e-12);
    for result in &results {
        let sum: f64 = result.iter().map(|through| through.contribution.value().unwrap()).sum();
        assert!((sum - result[4].total.value().unwrap()).abs() < 1e-10);
        assert_eq!(result[0].interaction.value(), Some(0.0));
    }
}

/// The terms of all clusters of an order are its contribution.
fn check_terms(expansion: &Expansion) {
    let tasks = expansion.tasks();
    let energies: Vec<_> = tasks.iter().map(|task| Some(energy(expansion, task))).collect();
    let results = through(expansion);
    for (k, &bsse) in ALL.iter().enumerate() {
        for order in [2, 3] {
            let terms = assembly::cluster_terms(expansion, &TaskIndex::new(&tasks), &energies, bsse, order).unwrap();
            let sum: f64 = terms.iter().map(|term| term.energy.value().unwrap()).sum();
            assert!((sum - results[k][order - 1].contribution.value().unwrap()).abs() < 1e-11, "{bsse:?} {order}");
        }
    }
}

#[test]
fn terms_of_clusters_add_up_to_their_order() {
    check_terms(&expansion(5, 3, &ALL, true));
}

#[test]
fn a_larger_order_adds_tasks_behind_those_that_are_there() {
    for total in [false, true] {
        for bsse in [&ALL[..], &[Bsse::Cp], &[Bsse::Vmfc], &[Bsse::Nocp]] {
            for levels in [[0, 0, 0, 0], [0, 1, 1, 1], [0, 0, 1, 1]] {
                let of = |order: usize| {
                    let mut expansion = expansion(5, order, bsse, total);
                    expansion.level_of = levels[..order].to_vec();
                    expansion.tasks()
                };
                for order in [3, 4] {
                    let (fewer, more) = (of(order - 1), of(order));
                    assert_eq!(fewer, more[..fewer.len()], "{bsse:?} {levels:?}");
                }
            }
        }
    }
}

#[test]
fn a_missing_task_is_named_where_it_counts_and_nowhere_else() {
    let expansion = expansion(4, 4, &[Bsse::Nocp], true);
    let tasks = expansion.tasks();
    let mut energies: Vec<_> = tasks.iter().map(|task| Some(energy(&expansion, task))).collect();
    let gone = tasks.iter().position(|task| *task.real == [0, 2]).unwrap();
    energies[gone] = None;
    let result = &assembly::energies(&expansion, &tasks, &energies).unwrap()[0];
    assert!(result[0].total.value().is_some_and(f64::is_finite));
    assert_eq!(result[1].total.missing, [gone]);
    assert!(result[2].total.value().is_none());
    // OrderSums all orders it is the energy of the whole alone.
    assert!((result[3].total.value().unwrap() - through(&expansion)[0][3].total.value().unwrap()).abs() < 1e-12);
    assert!(result[3].contribution.value().is_none());
}

#[test]
fn the_interaction_of_all_at_once_needs_nothing_in_between() {
    let mut expansion = expansion(6, 1, &[Bsse::Nocp, Bsse::Cp], false);
    (expansion.clusters, expansion.level_of, expansion.is_interaction_only) = (ClusterSet::ends(6), vec![0; 6], true);
    assert_eq!(expansion.tasks().len(), 6 + 6 + 1);
    let results = through(&expansion);
    assert_eq!(results[0].iter().map(|through| through.order).collect::<Vec<_>>(), [1, 6]);
    let at = |real: Cluster, basis: Basis| energy(&expansion, &Task { generation: 1, level: 0, real, basis });
    let whole = at((0..6).collect(), Basis::Own);
    for (result, basis) in results.iter().zip([Basis::Own, Basis::Whole]) {
        let alone: f64 = (0..6).map(|f| at([f].into(), basis.clone())).sum();
        assert!((result[1].interaction.value().unwrap() - (whole - alone)).abs() < 1e-12);
    }
}

/// Fragments of one atom each along a line, `spacing` apart.
fn line(spacings: &[f64]) -> Supersystem {
    let hydrogen = simmpi::science::chemistry::Element::from_symbol("He").unwrap();
    let places = spacings.iter().scan(0.0, |x, d| {
        *x += d;
        Some([*x, 0.0, 0.0])
    });
    let positions: Vec<[f64; 3]> = std::iter::once([0.0; 3]).chain(places).collect();
    let fragments = (0..positions.len()).map(|a| Fragment { atoms: vec![a], charge: 0, multiplicity: 1 }).collect();
    Supersystem { elements: vec![hydrogen; positions.len()], positions, fragments, lattice: None }
}

#[test]
fn a_cutoff_that_cuts_nothing_changes_nothing() {
    let system = line(&[3.0, 4.0, 5.0, 6.0]);
    let mut cut = expansion(5, 3, &ALL, true);
    let all = (cut.tasks(), through(&cut));
    cut.clusters = ClusterSet::within(&system, 3, &[100.0]).unwrap();
    assert_eq!((cut.tasks(), through(&cut)), all);
}

#[test]
fn tasks_without_a_cutoff_are_counted_as_they_are_enumerated() {
    for (fragments, order) in [(3, 3), (4, 2), (5, 3), (6, 5), (7, 1), (7, 3)] {
        for bsse in [&ALL[..], &[Bsse::Cp], &[Bsse::Vmfc], &[Bsse::Nocp]] {
            for (total, levels) in [(true, [0; 5]), (false, [0; 5]), (true, [0, 1, 1, 2, 2])] {
                let mut expansion = expansion(fragments, order, bsse, total);
                expansion.level_of = levels[..order].to_vec();
                expansion.supersystem = (order < fragments).then_some(3);
                assert_eq!(
                    expansion.uncut_count(),
                    Some(expansion.tasks().len() as i64),
                    "{fragments} {order} {bsse:?}"
                );
            }
        }
    }
    // Too many clusters to enumerate.
    let mut large = expansion(4, 3, &[Bsse::Nocp], true);
    large.clusters = ClusterSet::within(&line(&[1e3; 999]), 3, &[1.0]).unwrap();
    assert_eq!((large.tasks().len(), large.uncut_count()), (1000, Some(1000 + 499_500 + 166_167_000)));
}

#[test]
fn under_a_cutoff_each_kept_cluster_adds_its_own_term() {
    let system = line(&[3.0, 4.0, 5.0, 6.0]);
    let mut expansion = expansion(5, 3, &ALL, true);
    expansion.clusters = ClusterSet::within(&system, 3, &[10.0, 9.0]).unwrap();
    let pairs: Vec<_> = expansion.clusters.of_size(2).iter().map(|c| c.to_vec()).collect();
    assert_eq!(pairs, [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3], [3, 4]].map(|c| c.to_vec()));
    let triples: Vec<_> = expansion.clusters.of_size(3).iter().map(|c| c.to_vec()).collect();
    assert_eq!(triples, [[0, 1, 2], [1, 2, 3]].map(|c| c.to_vec()));
    check_terms(&expansion);
    // Every task has a part in something.
    assert!(expansion.tasks().iter().all(|task| !expansion.weights(task).is_empty()));
}

#[test]
fn amplification_grows_as_binomials_do() {
    let pairs = expansion(10, 2, &[Bsse::Nocp], true);
    // 45 pairs, and each of 10 fragments 1 - 9 times.
    assert_eq!(assembly::amplification(&pairs, &pairs.tasks()), 45.0 + 80.0);
}

#[test]
fn charges_add_and_spins_stand_parallel() {
    let mut system = line(&[3.0, 4.0, 5.0]);
    for (fragment, (charge, multiplicity)) in system.fragments.iter_mut().zip([(0, 2), (0, 2), (-1, 1), (1, 3)]) {
        (fragment.charge, fragment.multiplicity) = (charge, multiplicity);
    }
    let molecule = system.molecule(&[0, 1], &[0, 1, 3]);
    assert_eq!((molecule.charge, molecule.multiplicity), (0, 3));
    assert_eq!(molecule.atoms.iter().map(|atom| atom.is_ghost).collect::<Vec<_>>(), [false, false, true]);
    let whole = system.molecule(&[0, 1, 2, 3], &[0, 1, 2, 3]);
    assert_eq!((whole.charge, whole.multiplicity), (0, 5));
}
