//! What does the comment line of an xyz frame say of a periodic cell?
//!
//! Extended xyz has `Lattice="ax ay az bx by bz cx cy cz"` and `pbc="T T T"`; a lattice without `pbc` is periodic along all three vectors, as
//! ASE and libAtoms have it. Where a cell stands in other words, it is refused and never passed over: atoms are then most likely wrapped.
use super::xyz::Wrong;

/// What a frame states.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Stated {
    /// Neither a cell nor that there is none.
    #[default]
    Nothing,
    /// That it is not periodic.
    Cluster,
    Cell(StatedCell),
}

/// A cell as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatedCell {
    /// The vectors in rows, in the file's own unit.
    pub rows: [[f64; 3]; 3],
    /// Along which of them the frame is periodic, along one at least.
    pub is_periodic: [bool; 3],
    pub line: usize,
}

const LATTICE_HELP: &str = "give the three vectors in the unit of the atoms: Lattice=\"ax ay az bx by bz cx cy cz\"";
const PBC_HELP: &str = "give T or F for each of the three vectors, as in pbc=\"T T T\"";
const NO_LATTICE_HELP: &str =
    "add Lattice=\"ax ay az bx by bz cx cy cz\", or write pbc=\"F F F\" if it is a cluster of whole molecules";
const OTHER_HELP: &str = "write the cell as Lattice=\"ax ay az bx by bz cx cy cz\" in the unit of the atoms, or pbc=\"F F F\" if it is a \
    cluster of whole molecules";
const LINE_HELP: &str = "write the cell into the comment line, as Lattice=\"ax ay az bx by bz cx cy cz\" in the unit of the atoms, or remove \
    it if this is a cluster of whole molecules";

/// The cell that `comment`, line `line` of the file, states.
///
/// # Errors
/// It is malformed, or stated in other words than extended xyz has.
pub fn read(line: usize, comment: &str) -> Result<Stated, Wrong> {
    let refuse = |message: String, help: &str| Wrong { line, message, help: help.into() };
    let pbc = match value(comment, "pbc") {
        None => None,
        Some(text) => Some(flags(text).ok_or_else(|| refuse(format!("pbc is `{}`", shortened(text)), PBC_HELP))?),
    };
    let rows = match value(comment, "lattice") {
        None => None,
        Some(text) => Some(vectors(text).map_err(|message| refuse(message, LATTICE_HELP))?),
    };
    match (rows, pbc) {
        (_, Some([false, false, false])) => Ok(Stated::Cluster),
        (None, Some(_)) => {
            Err(refuse("pbc says that the frame is periodic, but there is no Lattice".into(), NO_LATTICE_HELP))
        }
        // What programs write where there is no cell.
        (Some(rows), None) if rows == [[0.0; 3]; 3] => Ok(Stated::Cluster),
        (Some(rows), pbc) => Ok(Stated::Cell(StatedCell { rows, is_periodic: pbc.unwrap_or([true; 3]), line })),
        (None, None) => match in_other_words(comment) {
            Some(found) => {
                Err(refuse(format!("the comment states a cell that is not understood: `{found}`"), OTHER_HELP))
            }
            None => Ok(Stated::Nothing),
        },
    }
}

/// Looks for lines of other formats that state a cell: those of ADF (`VEC1`), of Gaussian and MOPAC (`Tv`) and of the PDB (`CRYST1`).
///
/// # Errors
/// There are such lines.
pub fn check_lines(text: &str) -> Result<(), Vec<Wrong>> {
    let is_cell = |row: &str| {
        let mut words = row.split_whitespace();
        let first = words.next().unwrap_or_default().to_ascii_lowercase();
        ["vec1", "vec2", "vec3", "tv", "cryst1"].contains(&first.as_str())
            && words.take(3).filter(is_number).count() == 3
    };
    let wrong = |(line, row): (usize, &str)| {
        let message = format!("the line states a periodic cell, which is not read here: `{}`", shortened(row));
        Wrong { line, message, help: LINE_HELP.into() }
    };
    match (1..).zip(text.lines()).find(|(_, row)| is_cell(row)).map(wrong) {
        None => Ok(()),
        Some(wrong) => Err(vec![wrong]),
    }
}

/// The value behind `key` and an equals sign, without its quotes or brackets.
fn value<'a>(comment: &'a str, key: &str) -> Option<&'a str> {
    let lower = comment.to_ascii_lowercase();
    let after = |at: usize| -> Option<&'a str> {
        let is_inside = lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = comment[at + key.len()..].trim_start().strip_prefix('=').filter(|_| !is_inside)?;
        Some(unquoted(rest.trim_start()))
    };
    lower.match_indices(key).find_map(|(at, _)| after(at))
}

/// What stands in quotes or brackets at the beginning of `text`, or the first word.
fn unquoted(text: &str) -> &str {
    let inner = text.get(1..).unwrap_or_default();
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => inner.split(quote).next().unwrap_or(inner),
        Some('{') => inner.split('}').next().unwrap_or(inner),
        // A list may hold lists; it ends where all of them do.
        Some('[') => {
            let mut depth = 0_i32;
            let end = text.find(|c: char| {
                depth += i32::from(c == '[') - i32::from(c == ']');
                depth == 0
            });
            &text[..end.unwrap_or(text.len())]
        }
        _ => text.split_whitespace().next().unwrap_or_default(),
    }
}

/// Numbers or words, however they are separated.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || ",;[](){}\"'".contains(c)).filter(|word| !word.is_empty())
}

/// One flag for each vector, or one for all.
fn flags(text: &str) -> Option<[bool; 3]> {
    let flag = |word: &str| match word.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" | ".true." => Some(true),
        "f" | "false" | "0" | ".false." => Some(false),
        _ => None,
    };
    match words(text).map(flag).collect::<Option<Vec<bool>>>()?[..] {
        [all] => Some([all; 3]),
        [a, b, c] => Some([a, b, c]),
        _ => None,
    }
}

fn vectors(text: &str) -> Result<[[f64; 3]; 3], String> {
    let number = |word: &str| word.replace(['d', 'D'], "e").parse::<f64>().ok().filter(|x| x.is_finite());
    let mut rows = [[0.0; 3]; 3];
    let mut count = 0;
    for word in words(text) {
        let x = number(word).ok_or_else(|| format!("`{}` in Lattice is not a number", shortened(word)))?;
        if let Some(place) = rows.as_flattened_mut().get_mut(count) {
            *place = x;
        }
        count += 1;
    }
    if count == 9 { Ok(rows) } else { Err(format!("Lattice has {count} numbers, not 9")) }
}

/// Words for a cell, behind which its numbers stand.
const NAMES: [&str; 19] = [
    "lattice",
    "lattice_vectors",
    "latt",
    "cell",
    "unitcell",
    "unit_cell",
    "unit cell",
    "cell_parameters",
    "cellpar",
    "supercell",
    "box",
    "boxsize",
    "box_size",
    "boxlength",
    "box_length",
    "box size",
    "cryst1",
    "crystal",
    "pbc",
];

/// What states a cell in other words than those of extended xyz: a name of it and numbers, or lengths and angles alone.
fn in_other_words(comment: &str) -> Option<String> {
    let lower = comment.to_ascii_lowercase();
    let named = |name: &&str| {
        let found = lower.match_indices(*name).map(|(at, _)| at).find(|&at| {
            let is_inside = lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            !is_inside && has_lengths(&lower[at + name.len()..])
        })?;
        Some(shortened(&comment[found..]))
    };
    let has_angles = ["alpha", "beta", "gamma"].iter().all(|name| lower.contains(name))
        && words(&lower.replace('=', " ")).filter(is_number).count() >= 6;
    let alone = has_angles || is_lengths_and_angles(comment);
    NAMES.iter().find_map(named).or_else(|| alone.then(|| shortened(comment)))
}

/// Whether three numbers follow: at once, or behind an equals sign, a colon or words in brackets, such as `(ABC):`. One number is
/// enough behind an equals sign if it has a fraction, as the length of a cube has.
fn has_lengths(rest: &str) -> bool {
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return false;
    }
    let rest = rest.trim_start();
    // A unit or the convention in brackets.
    let rest = match rest.split_once([')', '}', ']']) {
        Some((inside, rest)) if inside.starts_with(['(', '{', '[']) && !words(inside).any(|word| is_number(&word)) => {
            rest
        }
        _ => rest,
    };
    let values = rest.trim_start_matches(|c: char| c.is_whitespace() || "=:,([{\"'".contains(c));
    let count = words(values).take_while(is_number).count();
    let is_cube = rest.starts_with('=') && words(values).next().is_some_and(|word| word.contains('.'));
    count >= 3 || (count > 0 && is_cube)
}

/// Six numbers alone of which the last are right angles, as in files of Tinker.
fn is_lengths_and_angles(comment: &str) -> bool {
    let numbers: Option<Vec<f64>> = comment.split_whitespace().map(|word| word.parse().ok()).collect();
    numbers
        .is_some_and(|numbers| numbers.len() == 6 && numbers[..3].iter().all(|x| *x > 0.0) && numbers[3..] == [90.0; 3])
}

fn is_number(word: &&str) -> bool {
    word.parse::<f64>().is_ok_and(f64::is_finite)
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [[f64; 3]; 3] = [[10.0, 0.0, 0.0], [2.0, 9.0, 0.0], [0.0, -1.0, 8.0]];

    fn found(comment: &str) -> Option<([[f64; 3]; 3], [bool; 3])> {
        match read(2, comment).unwrap() {
            Stated::Cell(cell) => Some((cell.rows, cell.is_periodic)),
            _ => None,
        }
    }

    #[test]
    fn a_lattice_is_periodic_unless_pbc_says_otherwise() {
        let lattice = "Properties=species:S:1:pos:R:3 Lattice=\"10 0 0 2 9 0 0.0 -1 8\" energy=-1.0";
        assert_eq!(found(lattice), Some((ROWS, [true; 3])));
        for (pbc, is_periodic) in [
            ("pbc=\"T T T\"", [true; 3]),
            ("pbc=\"T T F\"", [true, true, false]),
            ("pbc = [True, false, FALSE]", [true, false, false]),
            ("PBC='1 0 1'", [true, false, true]),
            ("pbc=T", [true; 3]),
        ] {
            assert_eq!(found(&format!("{lattice} {pbc}")), Some((ROWS, is_periodic)), "{pbc}");
            assert_eq!(found(&format!("{pbc} {lattice}")), Some((ROWS, is_periodic)), "{pbc}");
        }
        for nested in [
            "lattice=[[10,0,0],[2,9,0],[0,-1,8]]",
            "Lattice={10 0 0 2 9 0 0 -1 8}",
            "Lattice = '10 0 0 2 9 0 0 -1 8D0'",
        ] {
            assert_eq!(found(nested), Some((ROWS, [true; 3])), "{nested}");
        }
        for cluster in [
            "Lattice=\"10 0 0 2 9 0 0 -1 8\" pbc=\"F F F\"",
            "pbc=\"F F F\"",
            "pbc=F cell = 10.0 10.0 10.0",
            "Lattice=\"0 0 0 0 0 0 0 0 0\"",
        ] {
            assert_eq!(read(2, cluster), Ok(Stated::Cluster), "{cluster}");
        }
    }

    #[test]
    fn a_cell_that_is_not_understood_is_refused_by_name() {
        for (comment, message) in [
            ("Lattice=\"10 0 0 0 10 0 0 0\"", "Lattice has 8 numbers, not 9"),
            ("Lattice=\"10 0 0 0 10 0 0 0 10 1\"", "Lattice has 10 numbers, not 9"),
            ("Lattice=\"10 0 0 0 ten 0 0 0 10\"", "`ten` in Lattice is not a number"),
            ("Lattice=\"10 0 0 0 10 0 0 0 10\" pbc=\"maybe\"", "pbc is `maybe`"),
            ("pbc=\"T T\"", "pbc is `T T`"),
            ("pbc=\"T T F\"", "pbc says that the frame is periodic, but there is no Lattice"),
            ("# CELL(abcABC):   10.0 10.0 10.0 90.0 90.0 90.0  Step: 0", "`CELL(abcABC):   10.0 10.0 10.0 90.0 90.0`"),
            ("Cell{H} 10 0 0 0 10 0 0 0 10", "`Cell{H} 10 0 0 0 10 0 0 0 10`"),
            ("water, box = 12.4", "`box = 12.4`"),
            ("cell=\"10 10 10\"", "`cell=\"10 10 10\"`"),
            ("CRYST1   10.000   10.000   10.000  90.00  90.00  90.00 P 1", "`CRYST1   10.000   10.000"),
            ("Box size (angstrom): 10 10 10", "`Box size (angstrom): 10 10 10`"),
            ("Lattice 10 0 0 0 10 0 0 0 10", "`Lattice 10 0 0 0 10 0 0 0 10`"),
            ("a=10.0 b=10.0 c=10.0 alpha=90 beta=90 gamma=90", "`a=10.0 b=10.0 c=10.0 alpha=90 beta=90 ga`"),
            ("  18.643  18.643  18.643  90.0 90.0 90.0", "`18.643  18.643  18.643  90.0 90.0 90.0`"),
        ] {
            let wrong = read(2, comment).unwrap_err();
            assert!(wrong.message.contains(message) && wrong.line == 2, "{comment}: {}", wrong.message);
        }
    }

    #[test]
    fn other_comments_are_no_cells() {
        for comment in [
            "",
            "a box of 3 water molecules, lattice model, cell 1",
            "energy=-76.02 box=1 cell_id=3 supercells: none",
            "i = 5, time = 2.5, E = -17.1",
            "-1 1",
            "1.0 2.0 3.0 4.0 5.0 6.0",
            "Frame 3 box 2 of 5",
            "Properties=species:S:1:pos:R:3 dipole=\"0.1 0.2 0.3\" virial=\"1 2 3 4 5 6 7 8 9\" Origin=\"0 0 0\"",
            "jmolscript: unitcell off",
        ] {
            assert_eq!(read(2, comment), Ok(Stated::Nothing), "{comment}");
        }
    }

    #[test]
    fn vectors_among_the_atoms_are_told() {
        for row in ["VEC1 10.0 0.0 0.0", "Tv 10 0 0", "  CRYST1 10.0 10.0 10.0 90 90 90 P 1"] {
            let wrong = check_lines(&format!("1\n\nHe 0 0 0\n{row}\n")).unwrap_err();
            assert_eq!((wrong.len(), wrong[0].line), (1, 4), "{row}");
            assert!(wrong[0].message.contains("states a periodic cell"), "{}", wrong[0].message);
        }
        assert_eq!(check_lines("1\nTv set\nHe 0 0 0\n"), Ok(()));
    }
}
