//! Which periodic cell does the comment line of an xyz frame specify?
//!
//! Extended xyz has `Lattice="ax ay az bx by bz cx cy cz"` and `pbc="T T T"`; a lattice without `pbc` is periodic along all three vectors, as
//! in ASE and libAtoms. A cell in any other notation is refused, not ignored: the atoms are then most likely wrapped.
use super::comment::{value, word_starts};
use super::{excerpt, number};
use crate::problem::{LineProblem, Problem};

/// The cell that a comment specifies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum CellSpec {
    #[default]
    Unspecified,
    NotPeriodic,
    Periodic(LatticeSpec),
}

/// A cell as it is in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatticeSpec {
    /// The vectors in rows, in the unit of the file.
    pub rows: [[f64; 3]; 3],
    /// Along which of them the frame is periodic, one at least.
    pub is_periodic: [bool; 3],
    pub line: usize,
}

const LATTICE_HELP: &str = "give the three vectors in the unit of the atoms: Lattice=\"ax ay az bx by bz cx cy cz\"";
const PBC_HELP: &str = "give T or F for each of the three vectors, as in pbc=\"T T T\"";
const NO_LATTICE_HELP: &str =
    "add Lattice=\"ax ay az bx by bz cx cy cz\", or write pbc=\"F F F\" if this is a cluster of whole molecules";
const NOTATION_HELP: &str = "write the cell into the comment line as Lattice=\"ax ay az bx by bz cx cy cz\" in the unit of the atoms, or \
    pbc=\"F F F\" if this is a cluster of whole molecules";
const LINE_HELP: &str = "write the cell into the comment line as Lattice=\"ax ay az bx by bz cx cy cz\" in the unit of the atoms, or remove \
    it if this is a cluster of whole molecules";

/// The cell in `comment`, line `line` of the file. Fails where it is malformed, or in a notation other than that of extended xyz.
pub fn parse(line: usize, comment: &str) -> Result<CellSpec, LineProblem> {
    let problem = |message: String, help: &str| Problem::new(message, help).at_line(line);
    let invalid_pbc = |text: &str| problem(format!("invalid pbc `{}`", excerpt(text)), PBC_HELP);
    let pbc = value(comment, "pbc").map(|text| flags(text).ok_or_else(|| invalid_pbc(text))).transpose()?;
    let rows = value(comment, "lattice").map(vectors).transpose().map_err(|message| problem(message, LATTICE_HELP))?;
    match (rows, pbc) {
        (_, Some([false, false, false])) => Ok(CellSpec::NotPeriodic),
        (None, Some(_)) => {
            Err(problem("pbc says that the frame is periodic, but Lattice is missing".into(), NO_LATTICE_HELP))
        }
        // Some programs write zeros where there is no cell.
        (Some(rows), None) if rows == [[0.0; 3]; 3] => Ok(CellSpec::NotPeriodic),
        (Some(rows), pbc) => Ok(CellSpec::Periodic(LatticeSpec { rows, is_periodic: pbc.unwrap_or([true; 3]), line })),
        (None, None) => match other_notation(comment) {
            Some(found) => Err(problem(format!("the cell is in an unsupported notation: `{found}`"), NOTATION_HELP)),
            None => Ok(CellSpec::Unspecified),
        },
    }
}

/// Refuses lines of other formats that specify a cell: those of ADF (`VEC1`), of Gaussian and MOPAC (`Tv`) and of the PDB (`CRYST1`).
pub fn check_lines(text: &str) -> Result<(), LineProblem> {
    let is_cell = |row: &str| {
        let mut words = row.split_whitespace();
        let first = words.next().unwrap_or_default().to_ascii_lowercase();
        ["vec1", "vec2", "vec3", "tv", "cryst1"].contains(&first.as_str())
            && words.take(3).filter(is_number).count() == 3
    };
    let Some((line, row)) = (1..).zip(text.lines()).find(|(_, row)| is_cell(row)) else { return Ok(()) };
    Err(LineProblem::new(line, format!("unsupported notation of a periodic cell: `{}`", excerpt(row)), LINE_HELP))
}

/// Numbers or words, however they are separated.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || ",;[](){}\"'".contains(c)).filter(|word| !word.is_empty())
}

fn is_number(word: &&str) -> bool {
    number::parse(word).is_some()
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
    let number =
        |word: &str| number::parse(word).ok_or_else(|| format!("`{}` in Lattice is not a number", excerpt(word)));
    let numbers: Vec<f64> = words(text).map(number).collect::<Result<_, _>>()?;
    match numbers.as_chunks::<3>().0 {
        [a, b, c] if numbers.len() == 9 => Ok([*a, *b, *c]),
        _ => Err(format!("Lattice has {} numbers, not 9", numbers.len())),
    }
}

/// Names of a cell that are followed by its numbers, separated by commas.
const NAMES: &str = "lattice,lattice_vectors,latt,cell,unitcell,unit_cell,unit cell,cell_parameters,cellpar,supercell,box,boxsize,box_size,\
    boxlength,box_length,box size,cryst1,crystal,pbc";

/// A cell in a notation other than that of extended xyz: a name of it and numbers, or just lengths and angles.
fn other_notation(comment: &str) -> Option<String> {
    let lower = comment.to_ascii_lowercase();
    let named = |name: &str| {
        let start = word_starts(&lower, name).find(|&start| has_lengths(&lower[start + name.len()..]))?;
        Some(excerpt(&comment[start..]))
    };
    let has_angles = ["alpha", "beta", "gamma"].iter().all(|name| lower.contains(name))
        && words(&lower.replace('=', " ")).filter(is_number).count() >= 6;
    let is_bare = has_angles || is_lengths_and_angles(comment);
    NAMES.split(',').find_map(named).or_else(|| is_bare.then(|| excerpt(comment)))
}

/// Whether three numbers follow, at once or after an equals sign, a colon or words in brackets, such as `(ABC):`. After an equals sign
/// one number with a decimal point is enough, the length of a cube.
fn has_lengths(rest: &str) -> bool {
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return false;
    }
    let rest = rest.trim_start();
    // A unit or a convention in brackets.
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

/// Six numbers and nothing else, of which the last three are right angles, as in files of Tinker.
fn is_lengths_and_angles(comment: &str) -> bool {
    let numbers: Option<Vec<f64>> = comment.split_whitespace().map(|word| word.parse().ok()).collect();
    numbers
        .is_some_and(|numbers| numbers.len() == 6 && numbers[..3].iter().all(|x| *x > 0.0) && numbers[3..] == [90.0; 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [[f64; 3]; 3] = [[10.0, 0.0, 0.0], [2.0, 9.0, 0.0], [0.0, -1.0, 8.0]];

    fn lattice_of(comment: &str) -> Option<([[f64; 3]; 3], [bool; 3])> {
        match parse(2, comment).unwrap() {
            CellSpec::Periodic(cell) => Some((cell.rows, cell.is_periodic)),
            _ => None,
        }
    }

    #[test]
    fn a_lattice_is_periodic_by_default() {
        let lattice = "Properties=species:S:1:pos:R:3 Lattice=\"10 0 0 2 9 0 0.0 -1 8\" energy=-1.0";
        assert_eq!(lattice_of(lattice), Some((ROWS, [true; 3])));
        for (pbc, is_periodic) in [
            ("pbc=\"T T T\"", [true; 3]),
            ("pbc=\"T T F\"", [true, true, false]),
            ("pbc = [True, false, FALSE]", [true, false, false]),
            ("PBC='1 0 1'", [true, false, true]),
            ("pbc=T", [true; 3]),
            ("pbc=.true.,.true.,.FALSE.", [true, true, false]),
        ] {
            assert_eq!(lattice_of(&format!("{lattice} {pbc}")), Some((ROWS, is_periodic)), "{pbc}");
            assert_eq!(lattice_of(&format!("{pbc} {lattice}")), Some((ROWS, is_periodic)), "{pbc}");
        }
        for nested in [
            "lattice=[[10,0,0],[2,9,0],[0,-1,8]]",
            "Lattice={10 0 0 2 9 0 0 -1 8}",
            "Lattice = '10 0 0 2 9 0 0 -1 8D0'",
            "Lattice=\"10 0 0 2 9 0 0 -1 8",
            "Lattice=10,0,0,2,9,.0,0,-1,8",
        ] {
            assert_eq!(lattice_of(nested), Some((ROWS, [true; 3])), "{nested}");
        }
        for cluster in [
            "Lattice=\"10 0 0 2 9 0 0 -1 8\" pbc=\"F F F\"",
            "pbc=\"F F F\"",
            "pbc=F cell = 10.0 10.0 10.0",
            "Lattice=\"0 0 0 0 0 0 0 0 0\"",
        ] {
            assert_eq!(parse(2, cluster), Ok(CellSpec::NotPeriodic), "{cluster}");
        }
    }

    #[test]
    fn a_cell_in_another_notation_is_quoted_and_refused() {
        for (comment, message) in [
            ("Lattice=\"10 0 0 0 10 0 0 0\"", "Lattice has 8 numbers, not 9"),
            ("Lattice=\"10 0 0 0 10 0 0 0 10 1\"", "Lattice has 10 numbers, not 9"),
            ("Lattice=\"10 0 0 0 ten 0 0 0 10\"", "`ten` in Lattice is not a number"),
            ("Lattice=\"10 0 0 0 10 0 0 0 10\" pbc=\"maybe\"", "invalid pbc `maybe`"),
            ("pbc=\"T T\"", "invalid pbc `T T`"),
            ("pbc=\"T T F\"", "pbc says that the frame is periodic, but Lattice is missing"),
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
            let fault = parse(2, comment).unwrap_err();
            assert!(fault.problem.message.contains(message) && fault.line == 2, "{comment}: {}", fault.problem.message);
        }
    }

    #[test]
    fn other_comments_specify_no_cell() {
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
            assert_eq!(parse(2, comment), Ok(CellSpec::Unspecified), "{comment}");
        }
    }

    #[test]
    fn vectors_among_the_atoms_are_refused() {
        for row in ["VEC1 10.0 0.0 0.0", "Tv 10 0 0", "  CRYST1 10.0 10.0 10.0 90 90 90 P 1"] {
            let fault = check_lines(&format!("1\n\nHe 0 0 0\n{row}\n")).unwrap_err();
            assert_eq!(fault.line, 4, "{row}");
            assert!(fault.problem.message.contains("periodic cell"), "{}", fault.problem.message);
        }
        assert_eq!(check_lines("1\nTv set\nHe 0 0 0\n"), Ok(()));
    }
}
