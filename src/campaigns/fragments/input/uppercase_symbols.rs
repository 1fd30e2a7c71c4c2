//! Are symbols in capitals elements, or labels of atoms?
//!
//! `CA` is calcium in the files of some programs and the alpha carbon in those of others: the distance from the nearest atom tells.
use super::symbol;
use crate::problem::LineProblem;
use crate::science::chemistry::bonds::{bond_length, neighbours};
use crate::science::chemistry::{Element, Lattice};

/// Bonds are not shorter than this times the sum of covalent radii.
const SHORTEST: f64 = 0.72;
/// Bonds are not longer than this times the sum of covalent radii.
const LONGEST: f64 = 1.25;

/// Refuses two capitals whose element is too large for the distance of the nearest atom, but not the element of the first letter. `words` are the
/// symbols and their lines, positions in bohr.
pub fn check(
    words: &[(usize, &str)],
    positions: &[[f64; 3]],
    lattice: Option<&Lattice>,
) -> Result<(), Vec<LineProblem>> {
    let elements: Option<Vec<(Element, Option<Element>)>> = words.iter().map(|(_, word)| readings(word)).collect();
    let elements = elements.unwrap_or_default();
    if elements.iter().all(|(_, label)| label.is_none()) {
        return Ok(());
    }
    let longest = elements.iter().map(|(element, _)| bond_length(*element, *element)).fold(0.0, f64::max);
    let mut problems = Vec::<LineProblem>::new();
    for pair in neighbours(positions, lattice, longest) {
        for (atom, other) in [(pair.one, pair.other), (pair.other, pair.one)] {
            let (element, Some(label)) = elements[atom] else { continue };
            // The neighbour may be such a label itself.
            let other = elements[other].1.unwrap_or(elements[other].0);
            let is_label = (SHORTEST..LONGEST).contains(&(pair.distance / bond_length(label, other)));
            let (line, word) = words[atom];
            let is_close = pair.distance < SHORTEST * bond_length(element, other);
            if is_close && is_label && problems.iter().all(|one| one.line != line) {
                let message = format!("`{word}` is {element}, too close to its neighbour, or a label of {label}");
                let help = format!("write `{label}`, or `{element}` if that is meant, and check the distances");
                problems.push(LineProblem::new(line, message, help));
            }
        }
    }
    problems.sort_by_key(|problem| problem.line);
    let more = problems.len().saturating_sub(1);
    problems.truncate(1);
    for problem in problems.iter_mut().filter(|_| more > 0) {
        problem.problem.message += &format!(" ({more} other lines alike)");
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The element of a symbol, and of its first letter if the symbol consists of two capitals.
fn readings(word: &str) -> Option<(Element, Option<Element>)> {
    let element = symbol::parse(word).ok()?.element;
    let is_capitals = word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase());
    Some((element, word.get(..1).filter(|_| is_capitals).and_then(Element::from_symbol)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BOHR_ANGSTROM;

    fn reported(atoms: &[(&str, f64)]) -> Option<(usize, String)> {
        let words: Vec<(usize, &str)> = atoms.iter().enumerate().map(|(k, (word, _))| (k + 3, *word)).collect();
        let positions: Vec<[f64; 3]> = atoms.iter().map(|(_, x)| [x / BOHR_ANGSTROM, 0.0, 0.0]).collect();
        let problems = check(&words, &positions, None).err()?;
        Some((problems[0].line, problems[0].problem.message.clone()))
    }

    #[test]
    fn labels_in_capitals_are_refused_and_elements_are_not() {
        let (line, message) = reported(&[("N", 0.0), ("CA", 1.46), ("C", 2.98), ("O", 4.2)]).unwrap();
        assert_eq!((line, message.as_str()), (4, "`CA` is Ca, too close to its neighbour, or a label of C"));
        for atoms in [
            [("CA", 0.0), ("O", 2.4)],
            [("NA", 0.0), ("CL", 2.36)],
            [("HE", 0.0), ("HE", 3.0)],
            [("C", 0.0), ("CL", 1.77)],
            [("Ca", 0.0), ("H", 1.0)],
            [("HF", 0.0), ("O", 1.9)],
        ] {
            assert_eq!(reported(&atoms), None, "{atoms:?}");
        }
        assert!(reported(&[("HG", 0.0), ("C", 1.09)]).unwrap().1.contains("a label of H"));
    }
}
