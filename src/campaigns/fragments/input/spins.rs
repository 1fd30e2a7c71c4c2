//! Have fragments unpaired electrons, or should they have some, that nobody asked for?
use super::cluster::{Cluster, formula, list, lowest_multiplicity, ranges};
use crate::science::chemistry::Element;
use crate::science::chemistry::bonds::bonded_sets;
use crate::science::chemistry::spin::{ground_multiplicity, is_mostly_open};
use crate::science::expansion::Fragment;

/// What is to be said, and what to do about it.
pub type Doubt = (String, String);

/// What was found of a fragment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// An odd number of electrons, and no charge given.
    Odd,
    /// Another multiplicity in the ground state.
    Ground(u32),
    /// An element whose compounds have unpaired electrons, mostly.
    Metal,
}

/// Kinds of fragments that a message names.
const NAMED: usize = 8;

/// Doubts about multiplicities that were not given and taken as the lowest. `keys` are the names of the keys for charges and
/// multiplicities.
pub fn doubts(cluster: &Cluster, fragments: &[Fragment], keys: (&str, &str)) -> Vec<Doubt> {
    if cluster.multiplicities.is_some() {
        return Vec::new();
    }
    let unpaired: u32 = fragments.iter().map(|fragment| fragment.multiplicity - 1).sum();
    // A total that has these unpaired electrons was compared with them.
    let is_asked_for = cluster.charges.is_some() || (unpaired > 0 && cluster.multiplicity.is_some());
    let found: Vec<Option<Finding>> =
        fragments.iter().map(|fragment| finding(cluster, fragment, is_asked_for)).collect();
    let of = |is: fn(Finding) -> bool| -> Vec<usize> {
        (0..fragments.len()).filter(|&k| found[k].is_some_and(is)).collect()
    };
    let odd = of(|finding| finding == Finding::Odd);
    let known = of(|finding| matches!(finding, Finding::Ground(_)));
    let metals = of(|finding| finding == Finding::Metal);
    let ground = |k: usize| match found[k] {
        Some(Finding::Ground(multiplicity)) => multiplicity,
        _ => fragments[k].multiplicity,
    };
    let ground: Vec<u32> = (0..fragments.len()).map(ground).collect();
    let taken: Vec<u32> = fragments.iter().map(|fragment| fragment.multiplicity).collect();
    let mut doubts = Vec::new();
    if !odd.is_empty() {
        doubts.push(odd_doubt(&named(cluster, fragments, &odd), fragments.len(), &ground, keys));
    }
    if !known.is_empty() {
        let named = named(cluster, fragments, &known);
        let message = format!(
            "no multiplicities are given and the lowest were taken, but the ground state has more unpaired electrons in {named}"
        );
        let help = format!("write {} = {}, or {} if low spin is meant", keys.1, list(&ground), list(&taken));
        doubts.push((message, help));
    }
    if !metals.is_empty() {
        let named = named(cluster, fragments, &metals);
        let message = format!(
            "no multiplicities are given and the lowest were taken, which metals with open d or f shells rarely have: {named}"
        );
        let help = format!("write {} = {} with the true multiplicities", keys.1, list(&taken));
        doubts.push((message, help));
    }
    doubts
}

fn odd_doubt(named: &str, count: usize, multiplicities: &[u32], keys: (&str, &str)) -> Doubt {
    let message =
        format!("neither charges nor multiplicities are given, but the number of electrons is odd in {named}");
    let zeros = list(&vec![0; count]);
    let help = format!(
        "a charge is missing, a molecule is cut, or columns are misread: write {} = {zeros} with the true charges, or {} = {} if \
         these are radicals",
        keys.0,
        keys.1,
        list(multiplicities)
    );
    (message, help)
}

fn finding(cluster: &Cluster, fragment: &Fragment, is_asked_for: bool) -> Option<Finding> {
    let elements: Vec<Element> = fragment.atoms.iter().map(|&atom| cluster.elements[atom]).collect();
    let ground = ground_of(cluster, fragment, &elements);
    if let Some(ground) = ground.filter(|&ground| ground > fragment.multiplicity) {
        return Some(Finding::Ground(ground));
    }
    if ground.is_none() && elements.iter().any(|&element| is_mostly_open(element)) {
        return Some(Finding::Metal);
    }
    (fragment.multiplicity == 2 && !is_asked_for).then_some(Finding::Odd)
}

/// The multiplicity of the ground state: that of the whole, or of neutral molecules beside one another.
fn ground_of(cluster: &Cluster, fragment: &Fragment, elements: &[Element]) -> Option<u32> {
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
    // Two radicals beside one another may be ions; only what has more than one unpaired electron is certain.
    known.iter().flatten().any(|&multiplicity| multiplicity > 2).then(|| {
        1 + molecules
            .iter()
            .zip(&known)
            .map(|(elements, known)| known.unwrap_or_else(|| lowest(elements)) - 1)
            .sum::<u32>()
    })
}

/// Fragments by formula, those of one kind together.
fn named(cluster: &Cluster, fragments: &[Fragment], places: &[usize]) -> String {
    let mut kinds = Vec::<(String, Vec<usize>)>::new();
    for &place in places {
        let Fragment { atoms, charge, multiplicity } = &fragments[place];
        let charged = if *charge == 0 { String::new() } else { format!("charge {charge}, ") };
        let electrons = electrons(cluster, &fragments[place]);
        let unit = if electrons == 1 { "electron" } else { "electrons" };
        let kind = format!(
            "{}: {charged}{electrons} {unit}, taken as multiplicity {multiplicity}",
            formula(&cluster.elements, atoms)
        );
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, of_kind)) => of_kind.push(place),
            None => kinds.push((kind, vec![place])),
        }
    }
    let name = |(kind, places): &(String, Vec<usize>)| {
        let plural = if places.len() == 1 { "" } else { "s" };
        format!("fragment{plural} {} ({kind})", shortened(&ranges(places)))
    };
    let mut shown: Vec<String> = kinds.iter().take(NAMED).map(name).collect();
    if kinds.len() > NAMED {
        shown.push(format!("and {} more kinds", kinds.len() - NAMED));
    }
    shown.join("; ")
}

/// The beginning of a list of ranges.
fn shortened(ranges: &str) -> String {
    let shown: Vec<&str> = ranges.split(", ").collect();
    match shown.len() > NAMED {
        true => format!("{}, ...", shown[..NAMED].join(", ")),
        false => ranges.to_owned(),
    }
}

fn electrons(cluster: &Cluster, fragment: &Fragment) -> i64 {
    let nuclei = fragment.atoms.iter().map(|&atom| i64::from(cluster.elements[atom].number()));
    nuclei.sum::<i64>() - i64::from(fragment.charge)
}
