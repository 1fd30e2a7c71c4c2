//! Which element does the first word of an atom's line name?
//!
//! Element symbols and atomic numbers; isotopes, which have the energies of their element; labels whose element is unambiguous.
use super::is_integer;
use crate::science::chemistry::Element;

/// An element symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    pub element: Element,
    /// A particular isotope: `D`, `2H`, `H-2`, `H(iso=2)`, `H@2.014`.
    pub is_isotope: bool,
}

/// Why a word does not name an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolError {
    /// Basis functions without a nucleus: `@He`, `Gh(He)`, `He-Bq`, `He:`.
    Ghost,
    /// A position without nucleus and basis functions: `X`.
    Dummy,
    /// A label that may stand for this element.
    Label(Element),
    Unknown,
}

/// Longer words are no labels.
const MAX_LENGTH: usize = 40;

/// The element that `word` names, unless it is ambiguous.
pub fn parse(word: &str) -> Result<Symbol, SymbolError> {
    let plain = word.parse().ok().and_then(Element::from_number).or_else(|| Element::from_symbol(word));
    if let Some(element) = plain {
        return Ok(Symbol { element, is_isotope: false });
    }
    if word.len() > MAX_LENGTH {
        return Err(SymbolError::Unknown);
    }
    if is_ghost(word) {
        return Err(SymbolError::Ghost);
    }
    let lower = word.to_ascii_lowercase();
    if ["x", "xx", "du", "dummy", "bq", "q", "0"].contains(&lower.as_str()) {
        return Err(SymbolError::Dummy);
    }
    isotope(word, &lower).or_else(|| labelled(word)).ok_or_else(|| guess(word))
}

/// Whether it is a ghost atom in the notation of psi4, Gaussian, NWChem or ORCA.
fn is_ghost(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let inner = lower.strip_prefix("gh(").and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.or_else(|| lower.strip_prefix('@')).or_else(|| lower.strip_suffix("-bq"));
    let inner = inner.or_else(|| lower.strip_suffix("(bq)")).or_else(|| lower.strip_suffix(':'));
    let inner = inner.or_else(|| lower.strip_prefix("ghost-"));
    let inner = inner.or_else(|| lower.strip_prefix("bq").map(|rest| rest.trim_start_matches(['-', '_'])));
    inner.is_some_and(|inner| !inner.is_empty() && parse(inner).is_ok())
}

fn isotope(word: &str, lower: &str) -> Option<Symbol> {
    let isotope_of = |symbol: &str| Some(Symbol { element: Element::from_symbol(symbol)?, is_isotope: true });
    let is_digit = |c: char| c.is_ascii_digit();
    if ["d", "t"].iter().any(|letter| lower.strip_prefix(letter).is_some_and(is_label)) {
        return isotope_of("H");
    }
    if let Some((symbol, inner)) = lower.strip_suffix(')').and_then(|word| word.split_once('(')) {
        return inner.strip_prefix("iso=").filter(|mass| mass.parse::<f64>().is_ok()).and_then(|_| isotope_of(symbol));
    }
    if let Some((symbol, mass)) = word.split_once('@') {
        return mass.parse::<f64>().is_ok().then(|| isotope_of(symbol.trim_end_matches(is_digit)))?;
    }
    if word.starts_with(is_digit) {
        return isotope_of(word.trim_start_matches(is_digit).trim_start_matches('-'));
    }
    // `H-2` is deuterium, but `Cl-1` an ion.
    let (symbol, mass) = word.split_once('-')?;
    let mass: u32 = mass.parse().ok()?;
    isotope_of(symbol).filter(|found| match found.element.number() {
        1 => (2..=3).contains(&mass),
        number => ((3 * number).div_ceil(2)..=4 * number).contains(&mass),
    })
}

/// Whether it can follow a symbol: nothing, a number, or `_name`.
fn is_label(rest: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    rest.is_empty()
        || (is_integer(rest) && !rest.starts_with(['-', '+']))
        || rest.strip_prefix('_').is_some_and(is_name)
}

/// A symbol followed by a label: `O1`, `H_w`. `HE1` is a hydrogen in proteins and a helium elsewhere.
fn labelled(word: &str) -> Option<Symbol> {
    let letters = word.find(|c: char| !c.is_ascii_alphabetic())?;
    let (symbol, rest) = word.split_at(letters);
    let element = Element::from_symbol(symbol).filter(|_| is_label(rest))?;
    let is_clear = symbol.len() == 1 || symbol == element.symbol() || Element::from_symbol(&symbol[..1]).is_none();
    is_clear.then_some(Symbol { element, is_isotope: false })
}

/// The element that a label may stand for: its first two letters or its first one.
fn guess(word: &str) -> SymbolError {
    let letters: String = word.chars().take_while(char::is_ascii_alphabetic).collect();
    let starts = [letters.get(..2), letters.get(..1)].into_iter().flatten();
    let mut elements = starts.filter_map(|start| Element::from_symbol(start).filter(|found| found.symbol() == start));
    elements.next().map_or(SymbolError::Unknown, SymbolError::Label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(word: &str) -> String {
        match parse(word) {
            Ok(Symbol { element, is_isotope }) => format!("{element}{}", if is_isotope { " isotope" } else { "" }),
            Err(SymbolError::Label(element)) => format!("label of {element}?"),
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn isotopes_count_as_their_element() {
        for word in ["D", "T", "d", "2H", "3H", "H-2", "H(iso=2)", "H(Iso=2)", "H@2.014", "H1@2.01410178", "D1", "D_w"]
        {
            assert_eq!(reported(word), "H isotope", "{word}");
        }
        for word in ["13C", "C-13", "C(iso=13)", "C@13.00335", "14C"] {
            assert_eq!(reported(word), "C isotope", "{word}");
        }
        assert_eq!(
            (reported("O-18"), reported("U-235"), reported("He-3")),
            ("O isotope".into(), "U isotope".into(), "He isotope".into())
        );
    }

    #[test]
    fn labels_are_read_where_their_element_is_unambiguous() {
        for (what, words) in [
            ("O", "O 8 O1"),
            ("Cl", "cl Cl12"),
            ("H", "H2 H_w"),
            ("C", "C13"),
            ("Li", "Li1 LI1"),
            ("label of H?", "HE1 HW H-1 H(Fragment=1)"),
            ("label of C?", "CA1"),
            ("label of O?", "OW1 O-2"),
            ("label of Na?", "Na+"),
            ("label of Cl?", "Cl-1"),
            ("Unknown", "qq 1.5 119 --"),
        ] {
            words.split(' ').for_each(|word| assert_eq!(reported(word), what, "{word}"));
        }
    }

    #[test]
    fn ghost_and_dummy_atoms_are_recognized() {
        for word in ["@He", "Gh(He)", "GH(O1)", "He-Bq", "H(bq)", "BqHe", "bq-O", "O:"] {
            assert_eq!(reported(word), "Ghost", "{word}");
        }
        assert_eq!((reported("X"), reported("Bq"), reported("0")), ("Dummy".into(), "Dummy".into(), "Dummy".into()));
    }
}
