//! How do messages write atoms, fragments and values?
use crate::science::chemistry::{Atom, Element, Molecule};

/// Values of a key that messages spell out.
const MAX_LISTED: usize = 24;

/// The formula of some of the atoms.
pub fn formula(elements: &[Element], atoms: &[usize]) -> String {
    let atom = |&a: &usize| Atom { element: elements[a], position: [0.0; 3], is_ghost: false };
    let atoms = atoms.iter().map(atom).collect();
    Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() }.formula()
}

/// Values as in the configuration; long lists are cut.
pub fn list<T: ToString>(values: &[T]) -> String {
    let shown: Vec<String> = values.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    format!("[{}{}]", shown.join(", "), if values.len() > MAX_LISTED { ", ..." } else { "" })
}

/// Ascending numbers as ranges, as in `0-2, 5`.
pub fn ranges(numbers: &[usize]) -> String {
    let run = |run: &[usize]| match run {
        [first, .., last] => format!("{first}-{last}"),
        _ => run[0].to_string(),
    };
    numbers.chunk_by(|a, b| a + 1 == *b).map(run).collect::<Vec<_>>().join(", ")
}

/// The first characters of a text, as messages quote it.
pub fn excerpt(text: &str) -> String {
    text.trim().chars().take(40).collect()
}
