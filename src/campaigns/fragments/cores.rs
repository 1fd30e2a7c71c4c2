//! Does a frozen core leave what it should to correlate?
use super::Setup;
use super::levels::Level;
use crate::config::{Config, Fault};
use crate::science::chemistry::{Atom, Element, Molecule, is_below_core};
use crate::science::expansion::Supersystem;

/// Says which fragments have no correlation energy at a level because all their electrons are frozen.
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

/// Warnings of levels that are likely to freeze valence orbitals of one element in place of another's core.
pub fn warnings(config: &Config, setup: &Setup) -> Vec<Fault> {
    let system = &setup.frames[0].system;
    let mixed = |level: &Level| {
        let pairs = pairs(system).into_iter().filter(|(metal, _)| freezes_core(level, *metal));
        let names: Vec<String> = pairs.map(|(metal, other)| format!("{metal} and {other}")).collect();
        if names.is_empty() {
            return None;
        }
        let message = format!(
            "the frozen core may be the wrong one: the lowest orbitals are frozen, and valence orbitals of the second are likely to lie \
             below the outer core of the first of {}",
            names.join(", ")
        );
        let help =
            "correlate all electrons (`frozen_core = false`), in a basis set for that, or compare with such a result";
        Some(config.fault(&format!("fragments.level.{}.frozen_core", level.place), message, help).warning())
    };
    setup.levels.iter().filter_map(mixed).collect()
}

/// Metals and other elements of which the valence orbitals are likely to lie below the metal's outer core, each once.
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

/// Whether a level freezes the core of an element: then nothing is left of its ion that has the core alone.
fn freezes_core(level: &Level, element: Element) -> bool {
    let atom = Atom { element, position: [0.0; 3], is_ghost: false };
    let charge = element.number() as i32 - 2 * element.core_orbitals() as i32;
    level.is_all_frozen(&Molecule { atoms: vec![atom], charge, multiplicity: 1, point_charges: Vec::new() })
}
