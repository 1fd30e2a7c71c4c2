//! How are the molecules of a periodic frame made whole?
use super::cell::{CellSpec, LatticeSpec};
use super::formula;
use crate::problem::{LineProblem, Problem};
use crate::science::chemistry::Lattice;
use crate::science::chemistry::unwrapping::{self, Split};
use crate::science::expansion::Supersystem;
use crate::units::BOHR_ANGSTROM;

/// The cell of a periodic frame.
#[derive(Clone)]
pub struct Cell {
    pub lattice: Lattice,
    /// The line of the file that specifies it.
    line: usize,
}

/// Where a periodic frame specifies its cell, and how many of its molecules the cell boundary cut.
#[derive(Clone, Debug)]
pub struct PeriodicFrame {
    /// Where the cell is specified, as `file:line`.
    pub location: String,
    /// The number of fragments that crossed the cell boundary.
    pub made_whole: usize,
}

const CELL_HELP: &str =
    "give the three vectors in the unit of the atoms (see `units`): Lattice=\"ax ay az bx by bz cx cy cz\"";
const ALL_FRAMES_HELP: &str = "give every frame its Lattice, or pbc=\"F F F\" where it is a cluster of whole molecules; periodic = false ignores all cells";
const INFINITE_HELP: &str = "chains, layers and crystals that continue across the cell cannot be expanded in molecules: cut a cluster out \
    of the frame, saturate it, and write it without Lattice";
const UNCLEAR_HELP: &str = "make them separate fragments, or move them together and write pbc=\"F F F\"";

impl Cell {
    fn new(spec: &LatticeSpec, unit_bohr: f64) -> Result<Self, LineProblem> {
        let rows = spec.rows.map(|row| row.map(|x| x * unit_bohr));
        let lattice = Lattice::new(&rows, spec.is_periodic);
        let flat = || LineProblem::new(spec.line, "the vectors of the cell span no volume for molecules", CELL_HELP);
        Ok(Self { lattice: lattice.ok_or_else(flat)?, line: spec.line })
    }

    /// File and line that specify it.
    pub fn location(&self, file: &str) -> String {
        format!("{file}:{}", self.line)
    }
}

/// The cells of all frames, whose lengths are in units of `unit_bohr`. Fails where one has no volume, or some frames specify a cell and
/// others nothing.
pub fn cells(specs: &[CellSpec], unit_bohr: f64) -> Result<Vec<Option<Cell>>, LineProblem> {
    let first = specs.iter().find_map(|spec| if let CellSpec::Periodic(cell) = spec { Some(cell.line) } else { None });
    let without = specs.iter().position(|spec| *spec == CellSpec::Unspecified);
    if let (Some(line), Some(frame)) = (first, without) {
        let message = format!("this frame has a cell, but frame {frame} has none");
        return Err(LineProblem::new(line, message, ALL_FRAMES_HELP));
    }
    let cell = |spec: &CellSpec| match spec {
        CellSpec::Periodic(cell) => Cell::new(cell, unit_bohr).map(Some),
        _ => Ok(None),
    };
    specs.iter().map(cell).collect()
}

/// Makes the fragments of a frame whole and moves them next to one another. Returns the number of those that crossed the cell boundary.
pub fn make_whole(frame: usize, system: &mut Supersystem, cell: &Cell) -> Result<usize, Problem> {
    let lattice = &cell.lattice;
    let sets: Vec<Vec<usize>> = system.fragments.iter().map(|fragment| fragment.atoms.clone()).collect();
    let moves = unwrapping::make_whole(&system.elements, &system.positions, &sets, lattice);
    let moves = moves.map_err(|split| describe_split(frame, system, split))?;
    for (position, &counts) in system.positions.iter_mut().zip(&moves) {
        *position = lattice.translated(*position, counts);
    }
    system.arrange();
    Ok(sets.iter().filter(|set| set.iter().any(|&atom| moves[atom] != [0; 3])).count())
}

fn describe_split(frame: usize, system: &Supersystem, split: Split) -> Problem {
    let name = |set: usize| format!("fragment {set} ({})", formula(&system.elements, &system.fragments[set].atoms));
    match split {
        Split::Endless { set, atoms: (a, b) } => Problem::new(
            format!("frame {frame}: {} is bonded to its own image through atoms {a} and {b}", name(set)),
            INFINITE_HELP,
        ),
        Split::Unclear { set, atoms: (a, b), nearest } => {
            let [one, other] = [nearest.distance, nearest.next].map(|distance| distance * BOHR_ANGSTROM);
            let message = format!(
                "frame {frame}: {} is not connected by bonds, and two images of the part with atom {b} are equally close to the part \
                 with atom {a}, at {one:.2} and {other:.2} angstrom",
                name(set)
            );
            Problem::new(message, UNCLEAR_HELP)
        }
    }
}
