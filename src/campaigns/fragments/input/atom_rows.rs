//! What is in the line of an atom?
//!
//! A symbol, numbers, and anything after them. `columns` decides which of the numbers are x, y and z.
use super::symbol::SymbolError;
use super::{Number, symbol};
use crate::problem::{LineProblem, Problem};
use crate::science::chemistry::Element;
use std::mem::discriminant;

/// The line of an atom.
#[derive(Clone, Debug)]
pub struct AtomRow<'a> {
    /// Counted from 1.
    pub line: usize,
    /// The first word.
    pub word: &'a str,
    pub element: Element,
    pub is_isotope: bool,
    /// The consecutive numbers after the first word; three at least.
    pub numbers: Vec<Number<'a>>,
}

pub const ATOM_HELP: &str = "write each atom as symbol or atomic number, x, y, z";
/// Lines that a message lists.
const LISTED: usize = 6;

/// Why a line is not an atom.
#[derive(Debug)]
enum RowError<'a> {
    Symbol(&'a str, SymbolError),
    Missing(&'static str),
    NotANumber(&'static str, &'a str),
}

/// Which words of a line are symbol and coordinates, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowColumns {
    pub symbol: usize,
    /// That of x, before y and z.
    pub position: usize,
}

impl RowColumns {
    /// Symbol, x, y, z.
    pub const PLAIN: Self = Self { symbol: 0, position: 1 };
}

/// All lines as atoms with plain columns: see [`parse_with`].
pub fn parse_all<'a>(lines: &[(usize, &'a str)]) -> Result<Vec<AtomRow<'a>>, Vec<LineProblem>> {
    parse_with(RowColumns::PLAIN, lines)
}

/// All lines as atoms, or the first line of each kind of error with the numbers of the other lines of that kind.
pub fn parse_with<'a>(columns: RowColumns, lines: &[(usize, &'a str)]) -> Result<Vec<AtomRow<'a>>, Vec<LineProblem>> {
    let mut rows = Vec::with_capacity(lines.len());
    let mut errors = Vec::<(usize, RowError, Vec<usize>)>::new();
    for &(line, text) in lines {
        match parse(columns, line, text) {
            Ok(row) => rows.push(row),
            Err(error) => match errors.iter_mut().find(|(_, other, _)| other.is_same_kind(&error)) {
                Some((.., others)) => others.push(line),
                None => errors.push((line, error, Vec::new())),
            },
        }
    }
    if errors.is_empty() {
        return Ok(rows);
    }
    let fault = |(line, error, others): &(usize, RowError, Vec<usize>)| {
        let Problem { message, help, .. } = error.problem();
        LineProblem::new(*line, message + &also_in(others), help)
    };
    Err(errors.iter().map(fault).collect())
}

/// Whether a line can be read as an atom.
pub fn is_atom(text: &str) -> bool {
    parse(RowColumns::PLAIN, 0, text).is_ok()
}

fn also_in(lines: &[usize]) -> String {
    let shown: Vec<_> = lines.iter().take(LISTED).map(ToString::to_string).collect();
    match lines.len() {
        0 => String::new(),
        1 => format!(" (also in line {})", shown[0]),
        count if count <= LISTED => format!(" (also in lines {})", shown.join(", ")),
        count => format!(" (also in {count} other lines: {}, ...)", shown.join(", ")),
    }
}

fn parse(columns: RowColumns, line: usize, text: &str) -> Result<AtomRow<'_>, RowError<'_>> {
    let word = text.split_whitespace().nth(columns.symbol).ok_or(RowError::Missing("the atom"))?;
    let mut words = text.split_whitespace().skip(columns.position).peekable();
    let symbol = symbol::parse(word).map_err(|error| RowError::Symbol(word, error))?;
    let mut numbers = Vec::with_capacity(4);
    while let Some(number) = words.peek().copied().and_then(Number::parse) {
        numbers.push(number);
        words.next();
    }
    match (["x", "y", "z"].get(numbers.len()).copied(), words.next()) {
        (None, _) => Ok(AtomRow { line, word, element: symbol.element, is_isotope: symbol.is_isotope, numbers }),
        (Some(axis), None) => Err(RowError::Missing(axis)),
        (Some(axis), Some(word)) => Err(RowError::NotANumber(axis, word)),
    }
}

impl RowError<'_> {
    fn is_same_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (RowError::Symbol(_, a), RowError::Symbol(_, b)) => discriminant(a) == discriminant(b),
            _ => discriminant(self) == discriminant(other),
        }
    }

    fn problem(&self) -> Problem {
        let (word, error) = match self {
            RowError::Missing(what) => return Problem::new(format!("{what} is missing"), ATOM_HELP),
            RowError::NotANumber(axis, word) => {
                return Problem::new(format!("{axis} is `{word}`, which is not a number"), ATOM_HELP);
            }
            RowError::Symbol(word, error) => (word.chars().take(40).collect::<String>(), error),
        };
        match error {
            SymbolError::Ghost => Problem::new(
                format!("`{word}` is a ghost atom (basis functions without a nucleus)"),
                "remove ghost atoms: simmpi adds those that each task needs for `bsse`; write the element alone if the atom is real",
            ),
            SymbolError::Dummy => Problem::new(
                format!("`{word}` is a dummy atom"),
                "remove dummy atoms: they have neither a nucleus nor basis functions",
            ),
            SymbolError::Label(element) => Problem::new(
                format!("unknown element `{word}`"),
                match word.contains(['+', '-']) {
                    true => {
                        format!("write `{element}` for `{word}` if that is meant, and set `charges` of the fragments")
                    }
                    false => format!("use element symbols, not labels: `{element}` for `{word}`, if that is meant"),
                },
            ),
            SymbolError::Unknown => Problem::new(format!("unknown element `{word}`"), ATOM_HELP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(text: &str) -> Vec<(usize, String)> {
        let lines: Vec<_> = (1..).zip(text.lines()).collect();
        parse_all(&lines).unwrap_err().into_iter().map(|fault| (fault.line, fault.problem.message)).collect()
    }

    #[test]
    fn faults_of_one_kind_are_reported_once() {
        let waters = "OW 0 0 0\nHW 0 0 1\nHW 0 1 0\n".repeat(4);
        assert_eq!(
            reported(&waters),
            [(1, "unknown element `OW` (also in 11 other lines: 2, 3, 4, 5, 6, 7, ...)".to_owned())]
        );
        let several = reported("H 0 0\nHx 0 0 0\nO 0 0\nO 0 0 1,5\n@He 0 0 0");
        let first = (1, "z is missing (also in line 3)".to_owned());
        assert_eq!((several.len(), &several[0]), (4, &first));
    }

    #[test]
    fn numbers_end_at_the_first_word_that_is_not_one() {
        let rows = parse_all(&[(3, "O1 0 -1.5 2*^-6 0.4 H 7"), (4, "2H 1 2 3")]).unwrap();
        assert_eq!(rows[0].numbers.iter().map(|number| number.text).collect::<Vec<_>>(), ["0", "-1.5", "2*^-6", "0.4"]);
        assert_eq!((rows[0].line, rows[0].word, rows[0].is_isotope, rows[1].is_isotope), (3, "O1", false, true));
        assert!(is_atom("8 1 2 3") && !is_atom("1595.0 3657.0 3756.0") && !is_atom("O O"));
    }
}
