//! What stands in the lines of atoms?
//!
//! A symbol, numbers, and whatever stands behind them. Which of the numbers are x, y and z is for `columns` to say.
use super::number;
use super::symbol::{self, NoAtom};
use super::xyz::Wrong;
use crate::science::chemistry::Element;

/// A line of an atom.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Counted from 1.
    pub line: usize,
    /// The first word.
    pub word: &'a str,
    pub element: Element,
    pub is_isotope: bool,
    /// Numbers that follow one another behind the first word, as they are written; three at least.
    pub numbers: Vec<&'a str>,
}

pub const ATOM_HELP: &str = "give each atom as symbol or atomic number, x, y and z";
/// Lines that a message lists.
const LISTED: usize = 6;

/// What a fault is about; those about the same are reported once.
#[derive(PartialEq, Eq)]
enum About {
    Symbol,
    Ghost,
    Dummy,
    Label,
    Missing,
    Number,
}

/// Why a line is no atom.
struct NoRow {
    about: About,
    message: String,
    help: String,
}

impl NoRow {
    fn new(about: About, message: String) -> Self {
        Self { about, message, help: ATOM_HELP.to_owned() }
    }
}

/// Every line as an atom.
///
/// # Errors
/// The first line of every kind of fault, with the numbers of the lines that are alike.
pub fn read_all<'a>(lines: &[(usize, &'a str)]) -> Result<Vec<Row<'a>>, Vec<Wrong>> {
    let mut rows = Vec::with_capacity(lines.len());
    let mut faults = Vec::<(usize, NoRow, Vec<usize>)>::new();
    for &(line, text) in lines {
        match read(line, text) {
            Ok(row) => rows.push(row),
            Err(fault) => match faults.iter_mut().find(|(_, other, _)| other.about == fault.about) {
                Some((.., alike)) => alike.push(line),
                None => faults.push((line, fault, Vec::new())),
            },
        }
    }
    if faults.is_empty() {
        return Ok(rows);
    }
    let tell = |(line, fault, alike): (usize, NoRow, Vec<usize>)| Wrong {
        line,
        message: fault.message + &listed(&alike),
        help: fault.help,
    };
    Err(faults.into_iter().map(tell).collect())
}

/// Whether a line reads as an atom.
pub fn is_atom(text: &str) -> bool {
    read(0, text).is_ok()
}

/// Whether a line reads as a ghost atom.
pub fn is_ghost_row(text: &str) -> bool {
    read(0, text).is_err_and(|fault| fault.about == About::Ghost)
}

/// Whether a line reads as an atom but for a label in place of its symbol.
pub fn is_labelled_row(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_label = words.next().is_some_and(|word| matches!(symbol::read(word), Err(NoAtom::Label(_))));
    is_label && words.take(3).filter(|word| number::parse(word).is_some()).count() == 3
}

fn listed(lines: &[usize]) -> String {
    let shown: Vec<_> = lines.iter().take(LISTED).map(ToString::to_string).collect();
    match lines.len() {
        0 => String::new(),
        1 => format!(" (and the like in line {})", shown[0]),
        count if count <= LISTED => format!(" (and the like in lines {})", shown.join(", ")),
        count => format!(" (and the like in {count} lines: {}, ...)", shown.join(", ")),
    }
}

fn read(line: usize, text: &str) -> Result<Row<'_>, NoRow> {
    let mut words = text.split_whitespace().peekable();
    let missing = || NoRow::new(About::Missing, "there is no atom in this line".to_owned());
    let word = words.next().ok_or_else(missing)?;
    let symbol = symbol::read(word).map_err(|why| no_atom(word, why))?;
    let mut numbers = Vec::with_capacity(4);
    while let Some(word) = words.next_if(|word| number::parse(word).is_some()) {
        numbers.push(word);
    }
    if let Some(name) = ["x", "y", "z"].get(numbers.len()) {
        return Err(match words.next() {
            None => NoRow::new(About::Missing, format!("{name} is missing")),
            Some(word) => NoRow::new(About::Number, format!("{name} is `{word}`, not a number")),
        });
    }
    Ok(Row { line, word, element: symbol.element, is_isotope: symbol.is_isotope, numbers })
}

fn no_atom(word: &str, why: NoAtom) -> NoRow {
    let word: String = word.chars().take(40).collect();
    match why {
        NoAtom::Ghost => NoRow {
            about: About::Ghost,
            message: format!("`{word}` is a ghost atom"),
            help: "remove ghost atoms: tasks get their own, as `bsse` says".to_owned(),
        },
        NoAtom::Dummy => NoRow {
            about: About::Dummy,
            message: format!("`{word}` is a dummy atom"),
            help: "remove dummy atoms: they have neither nucleus nor functions".to_owned(),
        },
        NoAtom::Label(element) => NoRow {
            about: About::Label,
            message: format!("`{word}` is no element"),
            help: match word.contains(['+', '-']) {
                true => {
                    format!("write `{element}` for `{word}` if that is meant, and charges of fragments as `charges`")
                }
                false => format!("write symbols in place of labels: `{element}` for `{word}`, if that is meant"),
            },
        },
        NoAtom::Unknown => NoRow::new(About::Symbol, format!("`{word}` is no element")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(text: &str) -> Vec<(usize, String)> {
        let lines: Vec<_> = (1..).zip(text.lines()).collect();
        read_all(&lines).unwrap_err().into_iter().map(|wrong| (wrong.line, wrong.message)).collect()
    }

    #[test]
    fn faults_of_one_kind_are_told_once() {
        let waters = "OW 0 0 0\nHW 0 0 1\nHW 0 1 0\n".repeat(4);
        assert_eq!(
            reported(&waters),
            [(1, "`OW` is no element (and the like in 11 lines: 2, 3, 4, 5, 6, 7, ...)".to_owned())]
        );
        let several = reported("H 0 0\nHx 0 0 0\nO 0 0\nO 0 0 1,5\n@He 0 0 0");
        let first = (1, "z is missing (and the like in line 3)".to_owned());
        assert_eq!((several.len(), &several[0]), (4, &first));
    }

    #[test]
    fn numbers_end_at_the_first_other_word() {
        let rows = read_all(&[(3, "O1 0 -1.5 2*^-6 0.4 H 7"), (4, "2H 1 2 3")]).unwrap();
        assert_eq!(rows[0].numbers, ["0", "-1.5", "2*^-6", "0.4"]);
        assert_eq!((rows[0].line, rows[0].word, rows[0].is_isotope, rows[1].is_isotope), (3, "O1", false, true));
        assert!(is_atom("8 1 2 3") && !is_atom("1595.0 3657.0 3756.0") && !is_atom("O O"));
    }
}
