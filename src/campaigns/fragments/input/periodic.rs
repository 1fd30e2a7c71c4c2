//! Are the molecules of a periodic frame whole, and where do they stand?
use super::Input;
use super::cell::{Stated, StatedCell};
use super::cluster::formula;
use super::xyz::Wrong;
use crate::science::chemistry::Lattice;
use crate::science::chemistry::whole::{Split, make_whole};
use crate::science::expansion::Supersystem;
use crate::units::BOHR_ANGSTROM;

/// The cell of a periodic frame.
#[derive(Clone)]
pub struct Cell {
    pub lattice: Lattice,
    /// The line of the file that states it.
    line: usize,
}

/// What was done because a frame is periodic.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// Where its cell is stated, as `file:line`.
    pub place: String,
    /// How many fragments were in pieces.
    pub made_whole: usize,
}

const CELL_HELP: &str = "give the three vectors in the unit of the atoms: Lattice=\"ax ay az bx by bz cx cy cz\"; the unit is that of `units`";
const SAME_HELP: &str = "give every frame its Lattice, or pbc=\"F F F\" where it is a cluster of whole molecules";
const ENDLESS_HELP: &str = "chains, layers and crystals that go on through the cell have no whole molecules to expand: cut a cluster out \
    of the frame, saturate it, and give it without Lattice";
const UNCLEAR_HELP: &str = "give them as fragments of their own, or move them together and write pbc=\"F F F\"";

impl Cell {
    fn new(stated: &StatedCell, unit_bohr: f64) -> Result<Self, Vec<Wrong>> {
        let rows = stated.rows.map(|row| row.map(|x| x * unit_bohr));
        let line = stated.line;
        let message = "the vectors of Lattice span no cell in which molecules could be";
        let wrong = || vec![Wrong { line, message: message.to_owned(), help: CELL_HELP.into() }];
        Lattice::new(&rows, stated.is_periodic).map(|lattice| Self { lattice, line }).ok_or_else(wrong)
    }

    /// The file and the line that state it.
    pub fn place(&self, file: &str) -> String {
        format!("{file}:{}", self.line)
    }
}

/// The cells of all frames, whose lengths are in units of `unit_bohr`.
///
/// # Errors
/// A cell has no volume, or some frames have one and others do not say.
pub fn cells(stated: &[Stated], unit_bohr: f64) -> Result<Vec<Option<Cell>>, Vec<Wrong>> {
    let first = stated.iter().find_map(|stated| if let Stated::Cell(cell) = stated { Some(cell.line) } else { None });
    let silent = stated.iter().position(|stated| *stated == Stated::Nothing);
    if let (Some(line), Some(frame)) = (first, silent) {
        let message = format!("a cell is stated here, but frame {frame} states none");
        return Err(vec![Wrong { line, message, help: SAME_HELP.into() }]);
    }
    let cell = |stated: &Stated| match stated {
        Stated::Cell(cell) => Cell::new(cell, unit_bohr).map(Some),
        _ => Ok(None),
    };
    stated.iter().map(cell).collect()
}

/// Makes the fragments of a frame whole and puts them next to one another. Gives the number of those that were in pieces.
///
/// # Errors
/// What is wrong and what to do, where a fragment cannot be made whole.
pub fn gather(frame: usize, system: &mut Supersystem, cell: &Cell) -> Result<usize, (String, &'static str)> {
    let lattice = &cell.lattice;
    let sets: Vec<Vec<usize>> = system.fragments.iter().map(|fragment| fragment.atoms.clone()).collect();
    let moves = make_whole(&system.elements, &system.positions, &sets, lattice);
    let moves = moves.map_err(|split| tell(frame, system, split))?;
    for (position, &counts) in system.positions.iter_mut().zip(&moves) {
        *position = lattice.moved(*position, counts);
    }
    system.arrange();
    Ok(sets.iter().filter(|set| set.iter().any(|&atom| moves[atom] != [0; 3])).count())
}

fn tell(frame: usize, system: &Supersystem, split: Split) -> (String, &'static str) {
    let name = |set: usize| format!("fragment {set} ({})", formula(&system.elements, &system.fragments[set].atoms));
    match split {
        Split::Endless { set, atoms: (a, b) } => {
            let bond = format!("by the bond of atoms {a} and {b}");
            (format!("frame {frame}: {} is bonded to its own image, {bond}", name(set)), ENDLESS_HELP)
        }
        Split::Unclear { set, atoms: (a, b), nearest } => {
            let [one, other] = [nearest.distance, nearest.next].map(|distance| distance * BOHR_ANGSTROM);
            let message = format!(
                "frame {frame}: {} is not held together by bonds, and two images of the part with atom {b} are equally near to \
                 that with atom {a}, at {one:.2} and {other:.2} angstrom",
                name(set)
            );
            (message, UNCLEAR_HELP)
        }
    }
}

impl Input {
    /// What was understood of the cells of periodic frames.
    pub(super) fn understood_of_cells(&self) -> Vec<(String, String)> {
        let frames = || self.supersystems.iter().filter_map(|system| system.lattice.as_ref());
        let Some(lattice) = frames().next() else { return Vec::new() };
        let (count, all) = (frames().count(), self.supersystems.len());
        let mut cell = describe(lattice);
        if frames().any(|other| other != lattice) {
            cell += ", another one in other frames";
        }
        if count < all {
            cell += &format!("; {} of {all} frames are not periodic", all - count);
        }
        let made_whole: usize = self.gathered.iter().flatten().map(|gathered| gathered.made_whole).sum();
        let in_all = if all > 1 { " in all frames" } else { "" };
        let whole = match made_whole {
            0 => "none was cut by the border of the cell".to_owned(),
            1 => format!("1 was cut by the border of the cell and made whole{in_all}"),
            cut => format!("{cut} were cut by the border of the cell and made whole{in_all}"),
        };
        vec![("periodic cell".to_owned(), cell), ("molecules".to_owned(), whole)]
    }
}

/// Lengths, angles and directions.
fn describe(lattice: &Lattice) -> String {
    let rows = lattice.rows();
    let dot = |u: [f64; 3], v: [f64; 3]| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    let length = |k: usize| libm::sqrt(dot(rows[k], rows[k]));
    let along: Vec<usize> = (0..3).filter(|&k| lattice.is_periodic()[k]).collect();
    let lengths: Vec<String> = along.iter().map(|&k| format!("{:.3}", length(k) * BOHR_ANGSTROM)).collect();
    let angle = |a: usize, b: usize| libm::acos(dot(rows[a], rows[b]) / (length(a) * length(b))).to_degrees();
    // Alpha is the angle of the second and third vector, ...
    let angles = [(1, 2), (0, 2), (0, 1)].into_iter().filter(|(a, b)| along.contains(a) && along.contains(b));
    let angles: Vec<String> = angles.map(|(a, b)| format!("{:.1}", angle(a, b))).collect();
    let names: Vec<&str> = along.iter().map(|&k| ["a", "b", "c"][k]).collect();
    let mut text = format!("along {}, {} angstrom", names.join(", "), lengths.join(" x "));
    if !angles.is_empty() {
        text += &format!(", angles {} degrees", angles.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::{expect, with_file};
    use super::super::*;

    /// Two water molecules, the first one cut by the border of a cell of 10 angstrom.
    const WATERS: &str =
        "O 0.30 5.00 5.00\nH 9.73 5.76 5.00\nH 9.73 4.24 5.00\nO 3.20 5.00 5.00\nH 2.25 5.00 5.00\nH 3.44 5.92 5.00\n";
    const CUBE: &str = "Lattice=\"10 0 0 0 10 0 0 0 10\"";

    fn frame(comment: &str, atoms: &str) -> String {
        format!("{}\n{comment}\n{atoms}", atoms.lines().count())
    }

    fn read_xyz(text: &str, keys: &str) -> Result<Input, Faults> {
        with_file("m.xyz", text, &format!("molecule = \"m.xyz\"\n{keys}"))
    }

    #[test]
    fn a_molecule_across_the_border_is_one_fragment() {
        let input = read_xyz(&frame(CUBE, WATERS), "").unwrap();
        assert_eq!(input.section.fragments, Some(vec![vec![0, 1, 2], vec![3, 4, 5]]));
        assert!((input.supersystems[0].positions[1][0] * BOHR_ANGSTROM + 0.27).abs() < 1e-9);
        assert!(input.warnings.is_empty());
        let lines = input.understood();
        let cell = "along a, b, c, 10.000 x 10.000 x 10.000 angstrom, angles 90.0, 90.0, 90.0 degrees";
        assert_eq!(lines[1], ("periodic cell".to_owned(), cell.to_owned()));
        assert_eq!(lines[2].1, "1 was cut by the border of the cell and made whole");
        let in_bohr = read_xyz(&frame(CUBE, WATERS), "units = \"bohr\"\nfragments = [[0, 1, 2], [3, 4, 5]]").unwrap();
        assert_eq!(in_bohr.supersystems[0].lattice.unwrap().rows()[0][0], 10.0, "the cell is in the unit of the atoms");
    }

    #[test]
    fn every_frame_has_its_own_cell() {
        let wide = frame("Lattice=\"11 0 0 0 10 0 0 0 10\"", &WATERS.replace("9.73", "10.73"));
        let input = read_xyz(&(frame(CUBE, WATERS) + &wide), "").unwrap();
        let [one, other] = [0, 1].map(|frame| &input.supersystems[frame].positions);
        assert!(one.as_flattened().iter().zip(other.as_flattened()).all(|(a, b)| (a - b).abs() < 1e-9));
        assert!(input.understood()[1].1.ends_with("another one in other frames"));
        let silent = frame(CUBE, WATERS) + &frame("no cell", WATERS);
        expect(read_xyz(&silent, ""), &["m.xyz:2: a cell is stated here, but frame 1 states none", "pbc=\"F F F\""]);
        let cluster = frame(CUBE, WATERS) + &frame("pbc=\"F F F\"", &WATERS.replace("9.73", "-0.27"));
        let mixed = read_xyz(&cluster, "").unwrap();
        assert!(mixed.supersystems[1].lattice.is_none());
        assert!(mixed.understood()[1].1.ends_with("1 of 2 frames are not periodic"));
    }

    #[test]
    fn a_cell_that_is_not_periodic_changes_nothing() {
        let whole = WATERS.replace("9.73", "-0.27");
        let bits = |comment: &str| {
            let input = read_xyz(&frame(comment, &whole), "").unwrap();
            assert!(input.warnings.is_empty());
            (input.supersystems[0].positions.clone(), input.digest)
        };
        assert_eq!(bits(&format!("{CUBE} pbc=\"F F F\"")), bits("two waters"));
        let huge = bits("Lattice=\"99 0 0 0 99 0 0 0 99\" pbc=\"T T T\"");
        assert_eq!(huge.0, bits("two waters").0);
        assert_ne!(huge.1, bits("two waters").1, "a cell is part of what determines results");
    }

    #[test]
    fn what_has_no_whole_molecules_is_refused() {
        let chain = "C 0 0 0\nC 1.4 0 0\nC 2.8 0 0\nHe 0 5 5\n";
        expect(
            read_xyz(&frame("Lattice=\"4.2 0 0 0 10 0 0 0 10\"", chain), ""),
            &["m.xyz:2: frame 0: fragment 0 (C3) is bonded to its own image", "chains, layers and crystals"],
        );
        // Two molecules in one fragment, half a cell apart.
        let half = "He 0 0 0\nHe 5.02 0 0\nHe 0 3 0\n";
        expect(
            read_xyz(&frame(CUBE, half), "fragments = [[0, 1], [2]]"),
            &["fragment 0 (He2) is not held together by bonds", "4.98 and 5.02 angstrom"],
        );
        expect(
            read_xyz(&frame(CUBE, "He 0 0 0\nHe 10.0 0 0.05\n"), ""),
            &["atoms 0 and 1 of frame 0 stand on top of each other across the border of the cell"],
        );
        expect(
            read_xyz(&frame("Lattice=\"9 0 0 18 0 0 0 0 9\"", WATERS), ""),
            &["m.xyz:2: the vectors of Lattice span no cell"],
        );
        expect(read_xyz(&frame("pbc=\"T T T\"", WATERS), ""), &["m.xyz:2: pbc says that the frame is periodic"]);
    }

    #[test]
    fn a_molecule_in_json_that_states_a_cell_is_refused() {
        let molecule = |more: &str| {
            let text = format!("{{\"symbols\": [\"He\", \"He\"], \"geometry\": [0, 0, 0, 0, 0, 6]{more}}}");
            with_file("m.json", &text, "molecule = \"m.json\"")
        };
        for more in [
            ", \"extras\": {\"cell\": [[9, 0, 0], [0, 9, 0], [0, 0, 9]]}",
            ", \"lattice\": [9, 9, 9]",
            ", \"extras\": {\"PBC\": \"T T T\"}",
        ] {
            expect(
                molecule(more),
                &["states a periodic cell, but a QCSchema molecule is taken as a cluster", "Lattice="],
            );
        }
        for more in ["", ", \"extras\": {\"cell\": null, \"pbc\": [false, false, false], \"note\": 1}"] {
            assert!(molecule(more).is_ok(), "{more}");
        }
    }
}
