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
        let wrong = || vec![Wrong { line, message: message.to_owned(), help: CELL_HELP }];
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
        return Err(vec![Wrong { line, message, help: SAME_HELP }]);
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
