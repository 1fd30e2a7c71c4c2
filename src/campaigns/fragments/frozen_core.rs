//! Does a frozen core leave the right electrons to correlate?
use super::{Level, Setup};
use crate::config::{Config, Faults};
use crate::science::chemistry::{Atom, Element, Molecule, is_below_core};
use crate::science::expansion::Supersystem;

/// A line on the fragments without correlation energy at a level, all of whose electrons are frozen.
pub fn without_correlation(setup: &Setup, level: usize) -> Option<(String, String)> {
    let system = &setup.frames[0].system;
    let alone = |fragment: &u16| system.molecule(&[(*fragment).into()], &[(*fragment).into()]);
    let mut fragments: Vec<u16> = (setup.units.iter())
        .filter(|unit| usize::from(unit.task.level) == level && unit.task.real.len() == 1)
        .map(|unit| unit.task.real[0])
        .collect();
    fragments.sort_unstable();
    fragments.dedup();
    fragments.retain(|fragment| setup.levels[level].is_all_frozen(&alone(fragment)));
    let names: Vec<String> =
        fragments.iter().map(|fragment| format!("{fragment} ({})", alone(fragment).formula())).collect();
    let are = match names.as_slice() {
        [] => return None,
        [one] => format!("fragment {one} has no correlation energy"),
        _ => format!("fragments {} have no correlation energy", names.join(", ")),
    };
    Some((String::new(), format!("{are}: the frozen core leaves no electrons to correlate")))
}

/// Warnings of levels that are likely to freeze valence orbitals of one element instead of the core of another.
pub fn warnings(config: &Config, setup: &Setup) -> Faults {
    let system = &setup.frames[0].system;
    let mixed = |level: &Level| {
        let pairs = pairs(system).into_iter().filter(|(metal, _)| freezes_core(level, *metal));
        let names: Vec<String> = pairs.map(|(metal, other)| format!("{metal} and {other}")).collect();
        if names.is_empty() {
            return None;
        }
        let message = format!(
            "the frozen core may be wrong: the lowest orbitals are frozen, and in {} valence orbitals of the second element are likely to lie \
             below the outer core of the first",
            names.join(", ")
        );
        let help =
            "correlate all electrons (`frozen_core = false`) in a basis set for that, or compare with such a result";
        Some(config.fault(&format!("fragments.level.{}.frozen_core", level.index), message, help).warning())
    };
    setup.levels.iter().filter_map(mixed).collect()
}

/// Pairs of a metal and an element whose valence orbitals are likely to lie below the metal's outer core.
fn pairs(system: &Supersystem) -> Vec<(Element, Element)> {
    let mut kinds: Vec<(Element, bool)> = (system.fragments.iter())
        .flat_map(|fragment| fragment.atoms.iter().map(|&atom| (system.elements[atom], fragment.charge < 0)))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let below = |&(metal, _): &(Element, bool)| {
        let others = kinds.iter().filter(move |(other, is_anion)| is_below_core(metal, *other, *is_anion));
        others.map(move |&(other, _)| (metal, other)).collect::<Vec<_>>()
    };
    let mut pairs: Vec<_> = kinds.iter().flat_map(below).collect();
    pairs.dedup();
    pairs
}

/// Whether a level freezes the core of an element: then its ion of core electrons alone has nothing to correlate.
fn freezes_core(level: &Level, element: Element) -> bool {
    let atom = Atom { element, position: [0.0; 3], is_ghost: false };
    let charge = element.number() as i32 - 2 * element.core_orbitals() as i32;
    level.is_all_frozen(&Molecule { atoms: vec![atom], charge, multiplicity: 1, point_charges: Vec::new() })
}
