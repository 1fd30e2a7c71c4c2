//! Are the lowest multiplicities right where none were specified?
use super::{Cluster, formula, list, lowest_multiplicity, ranges};
use crate::problem::Problem;
use crate::science::chemistry::Element;
use crate::science::chemistry::bonds::bonded_sets;
use crate::science::chemistry::spin::{ground_multiplicity, is_mostly_open};
use crate::science::expansion::Fragment;

/// Why the lowest multiplicity of a fragment is doubtful.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpinProblem {
    /// An odd number of electrons, and no charge specified.
    Odd,
    /// The multiplicity of the ground state is another one.
    GroundState(u32),
    /// An element whose compounds usually have unpaired electrons.
    OpenShellMetal,
}

/// Kinds of fragments that a message lists.
const MAX_LISTED: usize = 8;

/// Warnings where multiplicities were not specified and the lowest ones are doubtful. `keys` are the names of the keys for charges and
/// multiplicities.
pub fn warnings(cluster: &Cluster, fragments: &[Fragment], keys: (&str, &str)) -> Vec<Problem> {
    if cluster.multiplicities.is_some() && cluster.default_multiplicities.is_empty() {
        return Vec::new();
    }
    let unpaired: u32 = fragments.iter().map(|fragment| fragment.multiplicity - 1).sum();
    // A total multiplicity was compared with these unpaired electrons already.
    let is_intended = |k: usize| cluster.has_charge(k) || (unpaired > 0 && cluster.multiplicity.is_some());
    let problem = |k: usize| match cluster.has_multiplicity(k) {
        true => None,
        false => problem(cluster, &fragments[k], is_intended(k)),
    };
    let problems: Vec<_> = (0..fragments.len()).map(problem).collect();
    let named = |is: fn(SpinProblem) -> bool| -> Option<String> {
        let found: Vec<usize> = (0..fragments.len()).filter(|&k| problems[k].is_some_and(is)).collect();
        (!found.is_empty()).then(|| names(cluster, fragments, &found))
    };
    let ground = |(fragment, problem): (&Fragment, &Option<SpinProblem>)| match problem {
        Some(SpinProblem::GroundState(multiplicity)) => *multiplicity,
        _ => fragment.multiplicity,
    };
    let ground = list(&fragments.iter().zip(&problems).map(ground).collect::<Vec<u32>>());
    let lowest = list(&fragments.iter().map(|fragment| fragment.multiplicity).collect::<Vec<u32>>());
    let zeros = list(&vec![0; fragments.len()]);
    let odd = named(|problem| problem == SpinProblem::Odd).map(|names| {
        Problem::new(
            format!("neither charges nor multiplicities are set, but the number of electrons is odd in {names}"),
            format!(
                "a charge is missing, a molecule is cut, or columns are misread: set {} = {zeros} with the true charges, or {} = {ground} \
                 if these are radicals",
                keys.0, keys.1
            ),
        )
    });
    let assumed = "no multiplicities are set and the lowest were assumed";
    let known = named(|problem| matches!(problem, SpinProblem::GroundState(_))).map(|names| {
        let help = format!("set {} = {ground}, or {lowest} if low spin is meant", keys.1);
        Problem::new(format!("{assumed}, but the ground state has more unpaired electrons in {names}"), help)
    });
    let metals = named(|problem| problem == SpinProblem::OpenShellMetal).map(|names| {
        let help = format!("set {} = {lowest} with the true multiplicities", keys.1);
        Problem::new(format!("{assumed}, which is rarely right for metals with open d or f shells: {names}"), help)
    });
    [odd, known, metals].into_iter().flatten().collect()
}

fn problem(cluster: &Cluster, fragment: &Fragment, is_intended: bool) -> Option<SpinProblem> {
    let elements: Vec<Element> = fragment.atoms.iter().map(|&atom| cluster.elements[atom]).collect();
    let ground = ground_state(cluster, fragment, &elements);
    if let Some(ground) = ground.filter(|&ground| ground > fragment.multiplicity) {
        return Some(SpinProblem::GroundState(ground));
    }
    if ground.is_none() && elements.iter().any(|&element| is_mostly_open(element)) {
        return Some(SpinProblem::OpenShellMetal);
    }
    (fragment.multiplicity == 2 && !is_intended).then_some(SpinProblem::Odd)
}

/// The multiplicity of the ground state of a fragment, or of the neutral molecules that it consists of.
fn ground_state(cluster: &Cluster, fragment: &Fragment, elements: &[Element]) -> Option<u32> {
    if let Some(multiplicity) = ground_multiplicity(elements, fragment.charge) {
        return Some(multiplicity);
    }
    if fragment.charge != 0 {
        return None;
    }
    let positions: Vec<[f64; 3]> = fragment.atoms.iter().map(|&atom| cluster.frames[0][atom]).collect();
    let molecules: Vec<Vec<Element>> = bonded_sets(elements, &positions, cluster.lattice(0))
        .into_iter()
        .map(|set| set.into_iter().map(|atom| elements[atom]).collect())
        .collect();
    if molecules.len() == 1 {
        return None;
    }
    let known: Vec<Option<u32>> = molecules.iter().map(|elements| ground_multiplicity(elements, 0)).collect();
    let lowest = |elements: &[Element]| lowest_multiplicity(elements.iter().map(|e| i64::from(e.number())).sum());
    // Two radicals may also be ions; only more than one unpaired electron in a molecule is certain.
    known.iter().flatten().any(|&multiplicity| multiplicity > 2).then(|| {
        let molecules = molecules.iter().zip(&known);
        1 + molecules.map(|(elements, known)| known.unwrap_or_else(|| lowest(elements)) - 1).sum::<u32>()
    })
}

/// Fragments by number, formula, electrons and multiplicity; those of one kind together.
fn names(cluster: &Cluster, fragments: &[Fragment], indices: &[usize]) -> String {
    let mut kinds = Vec::<(String, Vec<usize>)>::new();
    for &index in indices {
        let Fragment { atoms, charge, multiplicity } = &fragments[index];
        let charged = if *charge == 0 { String::new() } else { format!("charge {charge}, ") };
        let electrons = cluster.nuclear_charge(atoms) - i64::from(*charge);
        let unit = if electrons == 1 { "electron" } else { "electrons" };
        let formula = formula(&cluster.elements, atoms);
        let kind = format!("{formula}: {charged}{electrons} {unit}, assumed multiplicity {multiplicity}");
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, indices)) => indices.push(index),
            None => kinds.push((kind, vec![index])),
        }
    }
    let name = |(kind, indices): &(String, Vec<usize>)| {
        let plural = if indices.len() == 1 { "" } else { "s" };
        let ranges = ranges(indices);
        let shown: Vec<&str> = ranges.split(", ").take(MAX_LISTED).collect();
        let more = if ranges.split(", ").count() > MAX_LISTED { ", ..." } else { "" };
        format!("fragment{plural} {}{more} ({kind})", shown.join(", "))
    };
    let mut shown: Vec<String> = kinds.iter().take(MAX_LISTED).map(name).collect();
    if kinds.len() > MAX_LISTED {
        shown.push(format!("and {} more kinds", kinds.len() - MAX_LISTED));
    }
    shown.join("; ")
}
