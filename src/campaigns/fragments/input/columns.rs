//! Which numbers of a line are x, y and z?
//!
//! The first three, and those behind them (charges of atoms, forces, velocities) mean nothing here. But lines of other programs have
//! a number before x that is no coordinate: the nuclear charge (GAMESS), a flag that freezes the atom (Gaussian); or a flag behind
//! each coordinate (MOPAC). Molecules are often planar, so that a column of zeros may be either.
use super::geometry;
use super::number::{decimals, is_whole, parse};
use super::rows::Row;
use crate::science::chemistry::Element;

/// Where the coordinates stand among the numbers of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Leading,
    /// Behind one number.
    Second,
    /// With a number behind each.
    Alternating,
}

/// What was found, and what to say of it.
#[derive(Debug)]
pub struct Found {
    pub layout: Layout,
    pub warning: Option<Doubt>,
}

/// Something about columns that must be said.
#[derive(Debug, PartialEq)]
pub struct Doubt {
    pub line: usize,
    pub message: String,
    pub help: String,
}

impl Layout {
    /// x, y and z of a line.
    pub fn position(self, row: &Row) -> [f64; 3] {
        self.places().map(|place| row.numbers.get(place).and_then(|word| parse(word)).unwrap_or(f64::NAN))
    }

    fn places(self) -> [usize; 3] {
        match self {
            Layout::Leading => [0, 1, 2],
            Layout::Second => [1, 2, 3],
            Layout::Alternating => [0, 2, 4],
        }
    }
}

/// A reading of the numbers other than x, y, z first.
struct Other {
    layout: Layout,
    /// What the other numbers are, as in `nuclear charges (as GAMESS writes them)`.
    what: &'static str,
    /// Whether the numbers cannot be meant otherwise.
    is_certain: bool,
}

/// Where coordinates stand in `rows`, lines of all frames; `unit_bohr` is their unit and `atoms` the number of atoms of a frame.
///
/// # Errors
/// Numbers that are no coordinates, or that can be read in two ways.
pub fn find(rows: &[Row], atoms: usize, unit_bohr: f64) -> Result<Found, Doubt> {
    let leading = Found { layout: Layout::Leading, warning: None };
    let Some(first) = rows.first() else { return Ok(leading) };
    let refuse = |(message, help): (&str, &str)| Doubt { line: first.line, message: message.into(), help: help.into() };
    let long: Vec<&Row> = rows.iter().filter(|row| row.numbers.len() > 3).collect();
    if long.len() < rows.len() {
        return match mixed(&long) {
            Some(why) => Err(Doubt { line: long[0].line, ..refuse(why) }),
            None => Ok(leading),
        };
    }
    if let Some(why) = foreign(&rows[..atoms.min(rows.len())]) {
        return Err(refuse(why));
    }
    let Some(other) = other(rows) else { return Ok(leading) };
    let frame = &rows[..atoms.min(rows.len())];
    let is_other = other.is_certain || is_sensible(other.layout, frame, unit_bohr);
    let is_leading = !other.is_certain && is_sensible(Layout::Leading, frame, unit_bohr);
    match (is_leading, is_other) {
        (true, false) => Ok(leading),
        (false, true) => Ok(Found { layout: other.layout, warning: Some(other.warning(first)) }),
        _ => Err(other.refusal(first)),
    }
}

impl Other {
    /// The coordinates of the first line, as they are written.
    fn shown(row: &Row, layout: Layout) -> String {
        layout.places().map(|place| row.numbers[place]).join(", ")
    }

    fn side(&self) -> &'static str {
        match self.layout {
            Layout::Alternating => "the numbers behind x, y and z",
            _ => "the numbers before x",
        }
    }

    fn warning(&self, first: &Row) -> Doubt {
        let (side, what) = (self.side(), self.what);
        let read = Self::shown(first, self.layout);
        Doubt {
            line: first.line,
            message: format!("{side} are {what} and were left out: the first atom is {} at {read}", first.element),
            help: "remove that column, so that each line is symbol, x, y and z".to_owned(),
        }
    }

    fn refusal(&self, first: &Row) -> Doubt {
        let (leading, other) = (Self::shown(first, Layout::Leading), Self::shown(first, self.layout));
        Doubt {
            line: first.line,
            message: format!(
                "the numbers can be read in two ways: x, y and z first (the first atom at {leading}), or with {} (at {other})",
                self.what
            ),
            help: "leave x, y and z alone behind each symbol: remove the columns before, between and behind them"
                .to_owned(),
        }
    }
}

fn all(rows: &[Row], place: usize, is: impl Fn(&str) -> bool) -> bool {
    rows.iter().all(|row| row.numbers.get(place).is_some_and(|word| is(word)))
}

fn is_flag(word: &str) -> bool {
    is_whole(word) && parse(word).is_some_and(|x| x.abs() <= 1.0)
}

/// The other reading that these lines allow.
fn other(rows: &[Row]) -> Option<Other> {
    let is_charge = |row: &Row| parse(row.numbers[0]) == Some(f64::from(row.element.number()));
    if rows.iter().all(is_charge) {
        let is_certain = rows.iter().any(|row| row.element != rows[0].element) || is_apart(rows);
        let what = "nuclear charges (as GAMESS writes them)";
        return Some(Other { layout: Layout::Second, what, is_certain });
    }
    if all(rows, 1, is_flag) && all(rows, 3, is_flag) && all(rows, 5, is_flag) {
        let is_certain = [0, 2, 4].into_iter().all(|place| all(rows, place, |word| !is_whole(word)));
        return Some(Other {
            layout: Layout::Alternating,
            what: "optimization flags (as MOPAC writes them)",
            is_certain,
        });
    }
    let what = "flags that freeze atoms (as Gaussian writes them)";
    all(rows, 0, is_flag).then(|| Other { layout: Layout::Second, what, is_certain: is_apart(rows) })
}

/// Whether the first numbers are written otherwise than the next three, all of which have the same number of digits behind the point.
fn is_apart(rows: &[Row]) -> bool {
    let words = || rows.iter().flat_map(|row| &row.numbers[1..4]);
    if words().any(|word| is_whole(word)) {
        return false;
    }
    let digits = words().next().and_then(|word| decimals(word));
    let is_fixed = digits.is_some_and(|digits| digits > 1) && words().all(|word| decimals(word) == digits);
    is_fixed && !rows.iter().any(|row| decimals(row.numbers[0]) == digits)
}

/// Whether atoms of a frame, read so, stand where atoms can.
fn is_sensible(layout: Layout, frame: &[Row], unit_bohr: f64) -> bool {
    let elements: Vec<Element> = frame.iter().map(|row| row.element).collect();
    let positions: Vec<_> = frame.iter().map(|row| layout.position(row).map(|x| x * unit_bohr)).collect();
    geometry::coincidences(0, &positions, None).is_empty() && geometry::doubt(&elements, &positions, None).is_none()
}

/// Lines of which only some have a number before x.
fn mixed(long: &[&Row]) -> Option<(&'static str, &'static str)> {
    let is_flagged = |row: &&Row| is_flag(row.numbers[0]) && row.numbers[1..4].iter().all(|word| !is_whole(word));
    (!long.is_empty() && long.iter().all(is_flagged)).then_some((
        "some lines have a whole number before three others, which looks like a flag that freezes the atom (as Gaussian writes it)",
        "leave x, y and z alone behind each symbol: remove the flags, or what stands behind z",
    ))
}

/// Lines whose first columns are certainly no coordinates, by what they are.
fn foreign(frame: &[Row]) -> Option<(&'static str, &'static str)> {
    let counts = |words: Vec<&str>| {
        frame.len() > 1 && (1..).zip(words).all(|(count, word)| word.parse::<usize>().is_ok_and(|found| found == count))
    };
    let is_negative_charge =
        |row: &Row| parse(row.numbers[0]).is_some_and(|x| x.abs() == f64::from(row.element.number()) && x.abs() > 1.0);
    let leave = "leave the symbol and x, y and z in each line";
    if counts(frame.iter().map(|row| row.word).collect()) {
        return Some(("the first column counts the atoms: it is no atomic number", leave));
    }
    let is_apart = is_apart(frame);
    let is_atomic = |row: &Row| parse(row.numbers[1]) == Some(f64::from(row.element.number()));
    if (is_apart || frame.iter().all(is_atomic)) && counts(frame.iter().map(|row| row.numbers[0]).collect()) {
        return Some(("the numbers behind the symbols count the atoms: they are no coordinates", leave));
    }
    let is_heavy = |row: &Row| row.element.number() > 1;
    let (negative, positive): (Vec<&Row>, Vec<&Row>) =
        frame.iter().filter(|row| is_heavy(row)).partition(|row| row.numbers[0].starts_with('-'));
    if is_apart && !negative.is_empty() && negative.into_iter().chain(positive).all(is_negative_charge) {
        let help = "remove atoms whose nuclear charge is negative: tasks get their own ghosts, as `bsse` says";
        return Some(("the numbers before x are nuclear charges, those of ghost atoms negative", help));
    }
    let is_internal = |row: &Row| row.numbers.len() >= 9 && row.numbers[6..9].iter().all(|word| is_whole(word));
    if all(frame, 5, is_flag) && all(frame, 1, is_flag) && all(frame, 3, is_flag) && frame.iter().all(is_internal) {
        return Some(("the lines are internal coordinates (as MOPAC writes them)", "convert them to x, y and z"));
    }
    (is_apart && frame.len() > 2 && all(frame, 0, is_whole) && !all(frame, 0, is_flag) && !charges(frame)).then_some((
        "the number behind each symbol is whole, the next three have fractions: it looks like no coordinate",
        "leave the symbol and x, y and z in each line, or write all coordinates with a point",
    ))
}

fn charges(frame: &[Row]) -> bool {
    frame.iter().all(|row| parse(row.numbers[0]) == Some(f64::from(row.element.number())))
}

#[cfg(test)]
mod tests {
    use super::super::rows;
    use super::*;

    /// What becomes of lines of one frame: the layout, or the message of a refusal.
    fn found(text: &str) -> Result<Layout, String> {
        let lines: Vec<_> = (1..).zip(text.lines()).collect();
        let rows = rows::read_all(&lines).unwrap();
        let found = find(&rows, rows.len(), 1.0 / crate::units::BOHR_ANGSTROM).map_err(|doubt| doubt.message)?;
        assert_eq!(found.warning.is_some(), found.layout != Layout::Leading);
        Ok(found.layout)
    }

    /// A water molecule in the plane x = 0 with `before` in front of each line's numbers, and `behind` behind the three of them.
    fn planar(before: [&str; 3], x: &str, behind: [&str; 3]) -> String {
        let rows = [("O", "0.000000 0.117000"), ("H", "0.757000 -0.470000"), ("H", "-0.757000 -0.470000")];
        let row = |k: usize| format!("{} {} {x} {} {}\n", rows[k].0, before[k], rows[k].1, behind[k]);
        (0..3).map(row).collect()
    }

    const NOTHING: [&str; 3] = [""; 3];

    #[test]
    fn numbers_behind_the_coordinates_are_ignored() {
        let charges = ["-0.6", "0.3", "0.3"];
        assert_eq!(found(&planar(NOTHING, "0.000000", NOTHING)), Ok(Layout::Leading));
        assert_eq!(found(&planar(NOTHING, "0", NOTHING)), Ok(Layout::Leading));
        assert_eq!(found(&planar(NOTHING, "0.000000", charges)), Ok(Layout::Leading));
        assert_eq!(found(&planar(NOTHING, "0.000000", ["1 2 3"; 3])), Ok(Layout::Leading));
        // As numbers are printed without trailing zeros.
        assert_eq!(found("O 0 0 0.117 -0.6\nH 0 0.757 -0.47 0.3\nH 0 -0.757 -0.47 0.3"), Ok(Layout::Leading));
    }

    #[test]
    fn nuclear_charges_are_no_coordinates() {
        for charges in [["8.0", "1.0", "1.0"], ["8", "1", "1"], ["8.", "1.", "1."]] {
            assert_eq!(found(&planar(charges, "0.000000", NOTHING)), Ok(Layout::Second), "{charges:?}");
        }
        let ghosts = found(&planar(["-8.0", "1.0", "1.0"], "0.000000", NOTHING)).unwrap_err();
        assert!(ghosts.contains("ghost"), "{ghosts}");
        // Of one element only they may be x.
        assert_eq!(found("O 8.0 0.000000 0.100000 0.200000\nO 8.0 0.000000 0.100000 1.400000"), Ok(Layout::Second));
        let either = found("He 2.0 0.0 0.1 0.2\nHe 2.0 0.0 3.1 3.2").unwrap_err();
        assert!(either.contains("two ways") && either.contains("GAMESS"), "{either}");
    }

    #[test]
    fn flags_that_freeze_atoms_are_no_coordinates() {
        for flags in [["0"; 3], ["-1"; 3], ["0", "-1", "0"]] {
            assert_eq!(found(&planar(flags, "0.000000", NOTHING)), Ok(Layout::Second), "{flags:?}");
        }
        // Both readings are possible molecules.
        let either = found("O 0 0 0.117 3\nH 0 0 1.07 3\nO 0 0 3.0 3\nH 0 0 4.0 3").unwrap_err();
        assert!(either.contains("two ways") && either.contains("Gaussian"), "{either}");
        let some = found("O -1 0.0 0.1 0.2\nH 0.0 0.1 1.2").unwrap_err();
        assert!(some.contains("some lines"), "{some}");
    }

    #[test]
    fn flags_behind_each_coordinate_are_left_out() {
        let text = "O 0.0 1 0.1 1 0.2 1\nH 0.0 1 0.1 1 1.2 1\n";
        assert_eq!(found(text), Ok(Layout::Alternating));
        assert_eq!(found(&text.replace(" 1\n", " 0 -0.4\n")), Ok(Layout::Alternating));
        let internal = found("C 0.0 0 0.0 0 0.0 0 0 0 0\nH 1.1 1 0.0 0 0.0 0 1 0 0\n").unwrap_err();
        assert!(internal.contains("internal coordinates"), "{internal}");
    }

    #[test]
    fn counts_and_types_are_named() {
        let counted = found("1 8 0.0 0.1 0.2\n2 1 0.0 0.1 1.2\n").unwrap_err();
        assert!(counted.contains("counts the atoms"), "{counted}");
        let molden = found(&planar(["1 8", "2 1", "3 1"], "0.000000", NOTHING)).unwrap_err();
        assert!(molden.contains("count the atoms"), "{molden}");
        let types = found(&planar(["1", "2", "2"], "0.000000", NOTHING)).unwrap_err();
        assert!(types.contains("no coordinate"), "{types}");
    }
}
