//! Which numbers of a line are x, y and z?
//!
//! The first three; those after them (partial charges, forces, velocities) are not used. But some programs write a number before x
//! that is not a coordinate, the nuclear charge (GAMESS, refused) or a flag that freezes the atom (Gaussian), or a flag after each coordinate
//! (MOPAC). In a planar molecule a column of zeros may be either.
use super::{AtomRow, Number, geometry};
use crate::problem::{LineProblem, Problem};
use crate::science::chemistry::Element;

/// Where the coordinates are among the numbers of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Leading,
    /// After one number.
    Second,
    /// Each followed by another number.
    Alternating,
}

/// The layout of the columns, with a warning unless it is the plain one.
#[derive(Debug)]
pub struct Detected {
    pub layout: Layout,
    pub warning: Option<LineProblem>,
}

impl Layout {
    /// x, y and z of a line, in the unit of the file.
    pub fn position(self, row: &AtomRow) -> [f64; 3] {
        self.coordinates(row).map(|number| number.value)
    }

    fn coordinates<'a>(self, row: &AtomRow<'a>) -> [Number<'a>; 3] {
        match self {
            Layout::Leading => [0, 1, 2],
            Layout::Second => [1, 2, 3],
            Layout::Alternating => [0, 2, 4],
        }
        .map(|column| row.numbers[column])
    }

    /// Element and coordinates of a line as they are written.
    fn quote(self, row: &AtomRow) -> String {
        self.coordinates(row).map(|number| number.text).join(", ")
    }
}

/// A possible layout other than x, y, z first.
struct Alternative {
    layout: Layout,
    /// The other numbers, as in `nuclear charges (as written by GAMESS)`.
    content: &'static str,
    /// Whether the numbers cannot be anything else.
    is_certain: bool,
    /// Whether they belong to the input of another program, whose other parts would be lost.
    is_refused: bool,
}

/// The layout of `rows`, the lines of all frames; `unit_bohr` is their unit of length and `atoms` the number of atoms of a frame.
/// Fails where the numbers are not coordinates, or where two layouts are possible.
pub fn detect(rows: &[&AtomRow], atoms: usize, unit_bohr: f64) -> Result<Detected, LineProblem> {
    let leading = Detected { layout: Layout::Leading, warning: None };
    let Some(first) = rows.first() else { return Ok(leading) };
    let long: Vec<&AtomRow> = rows.iter().copied().filter(|row| row.numbers.len() > 3).collect();
    if long.len() < rows.len() {
        return flags_in_some(&long).map_or(Ok(leading), |problem| Err(problem.at_line(long[0].line)));
    }
    let frame = &rows[..atoms.min(rows.len())];
    if let Some(problem) = foreign_columns(frame) {
        return Err(problem.at_line(first.line));
    }
    let Some(other) = alternative(rows) else { return Ok(leading) };
    if other.is_certain && other.is_refused {
        return Err(other.refusal(first));
    }
    let is_other = other.is_certain || is_plausible(other.layout, frame, unit_bohr);
    let is_leading = !other.is_certain && is_plausible(Layout::Leading, frame, unit_bohr);
    match (is_leading, is_other) {
        (true, false) => Ok(leading),
        (false, true) if other.is_refused => Err(other.refusal(first)),
        (false, true) => Ok(Detected { layout: other.layout, warning: Some(other.warning(first)) }),
        _ => Err(other.ambiguity(first)),
    }
}

impl Alternative {
    fn warning(&self, first: &AtomRow) -> LineProblem {
        let side = if self.layout == Layout::Alternating { "after x, y and z" } else { "before x" };
        let (content, element, read) = (self.content, first.element, self.layout.quote(first));
        let message =
            format!("the numbers {side} are {content} and were ignored: the first atom is {element} at {read}");
        LineProblem::new(first.line, message, "remove that column: each line is symbol, x, y, z")
    }

    fn refusal(&self, first: &AtomRow) -> LineProblem {
        let (content, element, read) = (self.content, first.element, self.layout.quote(first));
        let message = format!("the numbers before x look like {content}: the first atom would be {element} at {read}");
        LineProblem::new(first.line, message, "remove that column: each line is symbol, x, y, z")
    }

    fn ambiguity(&self, first: &AtomRow) -> LineProblem {
        let (leading, other) = (Layout::Leading.quote(first), self.layout.quote(first));
        let message = format!(
            "the columns are ambiguous: either x, y and z come first (the first atom at {leading}), or there are {} (the first atom \
             at {other})",
            self.content
        );
        let help = "keep symbol, x, y, z only: remove the columns before, between and after them";
        LineProblem::new(first.line, message, help)
    }
}

fn all<'a>(rows: &[&AtomRow<'a>], column: usize, is: impl Fn(&Number<'a>) -> bool) -> bool {
    rows.iter().all(|row| row.numbers.get(column).is_some_and(&is))
}

/// Whether the numbers of a column are the atomic numbers.
fn are_nuclear_charges(rows: &[&AtomRow], column: usize) -> bool {
    rows.iter().all(|row| row.numbers[column].value == f64::from(row.element.number()))
}

/// The layout other than x, y, z first that these lines allow.
fn alternative(rows: &[&AtomRow]) -> Option<Alternative> {
    if are_nuclear_charges(rows, 0) {
        let is_certain = rows.iter().any(|row| row.element != rows[0].element) || has_distinct_first_column(rows);
        return Some(Alternative {
            layout: Layout::Second,
            content: "nuclear charges (as written by GAMESS)",
            is_certain,
            is_refused: true,
        });
    }
    if [1, 3, 5].into_iter().all(|column| all(rows, column, Number::is_flag)) {
        let is_certain = [0, 2, 4].into_iter().all(|column| all(rows, column, |number| !number.is_integer()));
        let content = "optimization flags (as written by MOPAC)";
        return Some(Alternative { layout: Layout::Alternating, content, is_certain, is_refused: false });
    }
    let content = "flags for frozen atoms (as written by Gaussian)";
    let is_certain = has_distinct_first_column(rows);
    all(rows, 0, Number::is_flag).then_some(Alternative {
        layout: Layout::Second,
        content,
        is_certain,
        is_refused: false,
    })
}

/// Whether the first numbers have another format than the next three, which all have the same number of decimals.
fn has_distinct_first_column(rows: &[&AtomRow]) -> bool {
    let numbers = || rows.iter().flat_map(|row| &row.numbers[1..4]);
    let decimals = numbers().next().and_then(Number::decimals);
    decimals.is_some_and(|decimals| decimals > 1)
        && numbers().all(|number| number.decimals() == decimals)
        && rows.iter().all(|row| row.numbers[0].decimals() != decimals)
}

/// Whether the atoms of a frame are at plausible distances in this layout.
fn is_plausible(layout: Layout, frame: &[&AtomRow], unit_bohr: f64) -> bool {
    let elements: Vec<Element> = frame.iter().map(|row| row.element).collect();
    let positions: Vec<_> = frame.iter().map(|row| layout.position(row).map(|x| x * unit_bohr)).collect();
    geometry::overlaps(0, &positions, None).is_empty() && geometry::wrong_unit(&elements, &positions, None).is_none()
}

/// Refuses lines of which only some have a flag before x.
fn flags_in_some(long: &[&AtomRow]) -> Option<Problem> {
    let is_flagged = |row: &&AtomRow| row.numbers[0].is_flag() && !row.numbers[1..4].iter().any(Number::is_integer);
    (!long.is_empty() && long.iter().all(is_flagged)).then(|| {
        Problem::new(
            "some lines have an integer before three other numbers, which looks like a flag for a frozen atom (as written by Gaussian)",
            "keep symbol, x, y, z only: remove the flags, or the numbers after z",
        )
    })
}

/// Refuses lines whose first columns are certainly not coordinates.
fn foreign_columns(frame: &[&AtomRow]) -> Option<Problem> {
    let keep = "keep symbol, x, y, z in each line";
    let counts = |words: Vec<&str>| {
        frame.len() > 1 && (1..).zip(words).all(|(count, word)| word.parse::<usize>().is_ok_and(|found| found == count))
    };
    if counts(frame.iter().map(|row| row.word).collect()) {
        return Some(Problem::new("the first column counts the atoms: it is not an atomic number", keep));
    }
    let is_distinct = has_distinct_first_column(frame);
    if (is_distinct || are_nuclear_charges(frame, 1)) && counts(frame.iter().map(|row| row.numbers[0].text).collect()) {
        let message = "the numbers after the symbols count the atoms: they are not coordinates";
        return Some(Problem::new(message, keep));
    }
    let heavy: Vec<&AtomRow> = frame.iter().copied().filter(|row| row.element.number() > 1).collect();
    let is_charge = |row: &&AtomRow| row.numbers[0].value.abs() == f64::from(row.element.number());
    let is_negative = |row: &&AtomRow| row.numbers[0].text.starts_with('-');
    if is_distinct && heavy.iter().any(is_negative) && heavy.iter().all(is_charge) {
        let help =
            "remove atoms of negative nuclear charge: simmpi adds the ghost atoms that each task needs for `bsse`";
        return Some(Problem::new("the numbers before x are nuclear charges, negative for ghost atoms", help));
    }
    let is_internal = |row: &&AtomRow| row.numbers.len() >= 9 && row.numbers[6..9].iter().all(Number::is_integer);
    if [1, 3, 5].into_iter().all(|column| all(frame, column, Number::is_flag)) && frame.iter().all(is_internal) {
        let message = "the lines are internal coordinates (as written by MOPAC)";
        return Some(Problem::new(message, "convert them to Cartesian coordinates"));
    }
    let is_type = all(frame, 0, Number::is_integer) && !all(frame, 0, Number::is_flag);
    (is_distinct && frame.len() > 2 && is_type && !are_nuclear_charges(frame, 0)).then(|| {
        Problem::new(
            "the number after each symbol is an integer and the next three have decimals: it does not look like a coordinate",
            "keep symbol, x, y, z in each line, or write all coordinates with a decimal point",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::atom_rows;
    use super::*;

    /// The layout of the lines of one frame, or why they are refused.
    fn detected(text: &str) -> Result<Layout, String> {
        let lines: Vec<_> = (1..).zip(text.lines()).collect();
        let rows = atom_rows::parse_all(&lines).unwrap();
        let found = detect(&rows.iter().collect::<Vec<_>>(), rows.len(), 1.0 / crate::units::BOHR_ANGSTROM)
            .map_err(|fault| fault.problem.message)?;
        assert_eq!(found.warning.is_some(), found.layout != Layout::Leading);
        Ok(found.layout)
    }

    /// A water molecule in the plane x = 0 with `before` in front of x, and `after` after z.
    fn planar(before: [&str; 3], x: &str, after: [&str; 3]) -> String {
        let rows = [("O", "0.000000 0.117000"), ("H", "0.757000 -0.470000"), ("H", "-0.757000 -0.470000")];
        let row = |k: usize| format!("{} {} {x} {} {}\n", rows[k].0, before[k], rows[k].1, after[k]);
        (0..3).map(row).collect()
    }

    const NOTHING: [&str; 3] = [""; 3];

    #[test]
    fn numbers_after_the_coordinates_are_ignored() {
        let charges = ["-0.6", "0.3", "0.3"];
        assert_eq!(detected(&planar(NOTHING, "0.000000", NOTHING)), Ok(Layout::Leading));
        assert_eq!(detected(&planar(NOTHING, "0", NOTHING)), Ok(Layout::Leading));
        assert_eq!(detected(&planar(NOTHING, "0.000000", charges)), Ok(Layout::Leading));
        assert_eq!(detected(&planar(NOTHING, "0.000000", ["1 2 3"; 3])), Ok(Layout::Leading));
        // As numbers are printed without trailing zeros.
        assert_eq!(detected("O 0 0 0.117 -0.6\nH 0 0.757 -0.47 0.3\nH 0 -0.757 -0.47 0.3"), Ok(Layout::Leading));
    }

    #[test]
    fn nuclear_charges_are_not_coordinates() {
        for charges in [["8.0", "1.0", "1.0"], ["8", "1", "1"], ["8.", "1.", "1."]] {
            let refused = detected(&planar(charges, "0.000000", NOTHING)).unwrap_err();
            assert!(refused.contains("GAMESS") && refused.contains("O at 0.000000, 0.000000, 0.117000"), "{refused}");
        }
        let ghosts = detected(&planar(["-8.0", "1.0", "1.0"], "0.000000", NOTHING)).unwrap_err();
        assert!(ghosts.contains("ghost"), "{ghosts}");
        // Of one element only they may be x.
        let refused = detected("O 8.0 0.000000 0.100000 0.200000\nO 8.0 0.000000 0.100000 1.400000").unwrap_err();
        assert!(refused.contains("GAMESS"), "{refused}");
        let either = detected("He 2.0 0.0 0.1 0.2\nHe 2.0 0.0 3.1 3.2").unwrap_err();
        assert!(either.contains("ambiguous") && either.contains("GAMESS"), "{either}");
    }

    #[test]
    fn flags_that_freeze_atoms_are_not_coordinates() {
        for flags in [["0"; 3], ["-1"; 3], ["0", "-1", "0"]] {
            assert_eq!(detected(&planar(flags, "0.000000", NOTHING)), Ok(Layout::Second), "{flags:?}");
        }
        // Both readings are possible molecules.
        let either = detected("O 0 0 0.117 3\nH 0 0 1.07 3\nO 0 0 3.0 3\nH 0 0 4.0 3").unwrap_err();
        assert!(either.contains("ambiguous") && either.contains("Gaussian"), "{either}");
        let some = detected("O -1 0.0 0.1 0.2\nH 0.0 0.1 1.2").unwrap_err();
        assert!(some.contains("some lines"), "{some}");
    }

    #[test]
    fn flags_after_each_coordinate_are_ignored() {
        let text = "O 0.0 1 0.1 1 0.2 1\nH 0.0 1 0.1 1 1.2 1\n";
        assert_eq!(detected(text), Ok(Layout::Alternating));
        assert_eq!(detected(&text.replace(" 1\n", " 0 -0.4\n")), Ok(Layout::Alternating));
        let internal = detected("C 0.0 0 0.0 0 0.0 0 0 0 0\nH 1.1 1 0.0 0 0.0 0 1 0 0\n").unwrap_err();
        assert!(internal.contains("internal coordinates"), "{internal}");
    }

    #[test]
    fn counts_and_atom_types_are_named() {
        let counted = detected("1 8 0.0 0.1 0.2\n2 1 0.0 0.1 1.2\n").unwrap_err();
        assert!(counted.contains("counts the atoms"), "{counted}");
        let molden = detected(&planar(["1 8", "2 1", "3 1"], "0.000000", NOTHING)).unwrap_err();
        assert!(molden.contains("count the atoms"), "{molden}");
        let types = detected(&planar(["1", "2", "2"], "0.000000", NOTHING)).unwrap_err();
        assert!(types.contains("not look like a coordinate"), "{types}");
    }
}
