//! Which elements are the atoms of a file with residues?
//!
//! An atom whose name may be that of two elements, as `CA`, is the one whose distance from the nearest atom is that of a bond.
use super::cell::CellSpec;
use super::ranges;
use super::residues::{self, Residue, ResidueFrame, Site};
use super::symbol::{self, SymbolError};
use crate::problem::{LineProblem, Problem};
use crate::science::chemistry::bonds::neighbours;
use crate::science::chemistry::{Element, Lattice};
use crate::units::BOHR_ANGSTROM;

/// The atoms of all frames of a file with residues.
#[derive(Debug, Default)]
pub struct ResidueAtoms {
    pub elements: Vec<Element>,
    /// `[frames][atoms]`, in the unit of the file.
    pub frames: Vec<Vec<[f64; 3]>>,
    pub cells: Vec<CellSpec>,
    pub residues: Vec<Residue>,
    /// The index of each atom's residue.
    pub residue_of: Vec<usize>,
    /// Formal charges of atoms, and their lines.
    pub charges: Vec<(usize, i32, usize)>,
    pub warnings: Vec<LineProblem>,
    pub notes: Vec<String>,
}

/// Distance within which a bond is looked for, bohr.
const BOND_CUTOFF: f64 = 3.2 / BOHR_ANGSTROM;
/// Lengths of bonds are within this factor of the sum of covalent radii.
const BOND_RANGE: std::ops::Range<f64> = 0.72..1.25;
/// An element whose bond is better by less than this, as the logarithm of a ratio, is not certain.
const MARGIN: f64 = 0.02;
/// Carbon without hydrogen and without double bonds has longer bonds than this with two or three neighbours, bohr.
const SINGLE_BOND: f64 = 1.44 / BOHR_ANGSTROM;
/// Lines that a message lists.
const MAX_LISTED: usize = 6;

/// The atoms of `frames`, whose positions are in units of `unit_bohr`. Fails where an element is unknown, or frames have other atoms.
pub fn read(mut frames: Vec<ResidueFrame>, unit_bohr: f64) -> Result<ResidueAtoms, Vec<LineProblem>> {
    let mut atoms = ResidueAtoms { notes: drop_virtual_sites(&mut frames), ..ResidueAtoms::default() };
    let first = &frames[0];
    check_frames(&frames)?;
    let elements = elements(first, unit_bohr)?;
    atoms.elements = elements;
    atoms.residues.clone_from(&first.residues);
    for (atom, site) in first.sites.iter().enumerate() {
        atoms.residues[site.residue].atoms.push(atom);
        atoms.residue_of.push(site.residue);
        atoms.charges.extend(site.charge.map(|charge| (atom, charge, site.line)));
    }
    atoms.notes.extend(isotopes(&first.sites));
    atoms.cells = frames.iter().map(|frame| frame.cell).collect();
    let position = |frame: &ResidueFrame| frame.sites.iter().map(|site| site.position).collect();
    atoms.frames = frames.iter().map(position).collect();
    atoms.warnings.extend(without_hydrogen(first, &atoms.elements, unit_bohr));
    Ok(atoms)
}

/// Drops the sites of water models that are no atoms, with a note.
fn drop_virtual_sites(frames: &mut [ResidueFrame]) -> Vec<String> {
    let mut note = None;
    for ResidueFrame { sites, residues, .. } in frames {
        let is_virtual = |site: &Site| residues::is_virtual(site.name, &residues[site.residue].name);
        let names = sites.iter().filter(|site| is_virtual(site));
        if let Some(first) = names.clone().next() {
            let (count, name, line) = (names.count(), first.name, first.line);
            note.get_or_insert(format!(
                "{count} virtual sites ({name} in line {line}) are no atoms and were left out; atoms are counted without them"
            ));
        }
        sites.retain(|site| !is_virtual(site));
    }
    note.into_iter().collect()
}

/// Frames of one file are one cluster at different times: only positions may differ.
fn check_frames(frames: &[ResidueFrame]) -> Result<(), LineProblem> {
    let help = "give all frames or models the same atoms in the same order, or write this one to a file of its own";
    let first = &frames[0];
    let name = |frame: &ResidueFrame, site: &Site| format!("{} of {}", site.name, frame.residues[site.residue].name);
    for (index, frame) in frames.iter().enumerate() {
        let (count, found) = (first.sites.len(), frame.sites.len());
        if found == 0 {
            return Err(LineProblem::new(1, format!("frame {index} has no atoms"), help));
        }
        let mut pairs = first.sites.iter().zip(&frame.sites);
        if let Some((one, other)) = pairs.find(|(one, other)| name(first, one) != name(frame, other)) {
            let (one, found) = (name(first, one), name(frame, other));
            return Err(LineProblem::new(other.line, format!("{found} in frame {index} is {one} in frame 0"), help));
        }
        if count != found {
            let message = format!("frame {index} has {found} atoms, but frame 0 has {count}");
            return Err(LineProblem::new(frame.sites[0].line, message, help));
        }
    }
    Ok(())
}

/// The elements of the sites of a frame, or the sites whose element is not certain.
fn elements(frame: &ResidueFrame, unit_bohr: f64) -> Result<Vec<Element>, Vec<LineProblem>> {
    let mut counts = vec![0; frame.residues.len()];
    frame.sites.iter().for_each(|site| counts[site.residue] += 1);
    let mut problems = Vec::new();
    let mut candidates = Vec::with_capacity(frame.sites.len());
    for site in &frame.sites {
        let Residue { name, label, .. } = &frame.residues[site.residue];
        match specified(site) {
            Some(Ok(element)) => candidates.push(vec![element]),
            Some(Err(problem)) => problems.push(problem),
            None => {
                let possible = residues::candidates(site, name, counts[site.residue]);
                if possible.is_empty() {
                    let message = format!("the element of `{}` in {label} is unknown", site.name);
                    problems.push(LineProblem::new(site.line, message, unknown_help(counts[site.residue])));
                }
                candidates.push(possible);
            }
        }
    }
    if !problems.is_empty() {
        return Err(joined(problems));
    }
    resolve(frame, candidates, unit_bohr)
}

fn unknown_help(count: usize) -> &'static str {
    match count {
        1 => {
            "sites of coarse-grained models and united atoms cannot be computed; otherwise write the element into columns 77-78 of a PDB file"
        }
        _ => {
            "begin names of atoms with their elements, write elements into columns 77-78 of a PDB file, or remove sites that are no atoms"
        }
    }
}

/// One problem for all lines with the same text.
fn joined(problems: Vec<LineProblem>) -> Vec<LineProblem> {
    let mut kinds = Vec::<(LineProblem, Vec<String>)>::new();
    for problem in problems {
        let kind = |one: &LineProblem| one.problem.help.clone();
        match kinds.iter_mut().find(|(first, _)| kind(first) == kind(&problem)) {
            Some((_, lines)) => lines.push(problem.line.to_string()),
            None => kinds.push((problem, Vec::new())),
        }
    }
    let join = |(mut first, lines): (LineProblem, Vec<String>)| {
        if !lines.is_empty() {
            let more = if lines.len() > MAX_LISTED { ", ..." } else { "" };
            let shown = &lines[..lines.len().min(MAX_LISTED)];
            first.problem.message += &format!(" (others alike in lines {}{more})", shown.join(", "));
        }
        first
    };
    kinds.into_iter().map(join).collect()
}

/// The element that the file specifies for a site.
fn specified(site: &Site) -> Option<Result<Element, LineProblem>> {
    let word = site.element?;
    Some(symbol::parse(word).map(|symbol| symbol.element).map_err(|error| {
        let what = match error {
            SymbolError::Dummy => "is a dummy atom",
            SymbolError::Ghost => "is a ghost atom",
            SymbolError::Label(_) | SymbolError::Unknown => "is no element",
        };
        let message = format!("`{word}` in columns 77-78 {what}");
        LineProblem::new(site.line, message, "write the element of the atom, or remove the atom")
    }))
}

/// The elements of sites with one candidate, and of those with two the one that fits the distance from the nearest atom.
fn resolve(
    frame: &ResidueFrame,
    candidates: Vec<Vec<Element>>,
    unit_bohr: f64,
) -> Result<Vec<Element>, Vec<LineProblem>> {
    if candidates.iter().all(|possible| possible.len() == 1) {
        return Ok(candidates.into_iter().flatten().collect());
    }
    let nearest = nearest_atoms(frame, unit_bohr);
    let (mut elements, mut problems) = (Vec::with_capacity(candidates.len()), Vec::new());
    for (atom, possible) in candidates.iter().enumerate() {
        let deviation = |element: Element| -> Option<f64> {
            let (other, distance) = nearest[atom]?;
            let radii = element.covalent_radius() + candidates[other][0].covalent_radius();
            let ratio = distance * BOHR_ANGSTROM / radii;
            BOND_RANGE.contains(&ratio).then(|| libm::log(ratio).abs())
        };
        let chosen = match possible[..] {
            [only] => Some(only),
            [first, second] => match (deviation(first), deviation(second)) {
                (Some(_), None) => Some(first),
                (None, Some(_)) => Some(second),
                (Some(a), Some(b)) if (a - b).abs() > MARGIN => Some(if a < b { first } else { second }),
                _ => None,
            },
            _ => None,
        };
        let site = &frame.sites[atom];
        elements.push(chosen.unwrap_or(possible[0]));
        if chosen.is_none() {
            let names: Vec<&str> = possible.iter().map(|element| element.symbol()).collect();
            let label = &frame.residues[site.residue].label;
            let message = format!("`{}` in {label} may be {}", site.name, names.join(" or "));
            let help =
                "write the element into columns 77-78 of a PDB file, or the second letter of the element in lower case";
            problems.push(LineProblem::new(site.line, message, help));
        }
    }
    if problems.is_empty() { Ok(elements) } else { Err(joined(problems)) }
}

/// The nearest other atom of each, and its distance, bohr.
fn nearest_atoms(frame: &ResidueFrame, unit_bohr: f64) -> Vec<Option<(usize, f64)>> {
    let mut nearest: Vec<Option<(usize, f64)>> = vec![None; frame.sites.len()];
    for (one, other, distance) in close_pairs(frame, unit_bohr) {
        for (atom, other) in [(one, other), (other, one)] {
            if nearest[atom].is_none_or(|(_, known)| distance < known) {
                nearest[atom] = Some((other, distance));
            }
        }
    }
    nearest
}

/// Pairs of atoms that may be bonded, and their distances, bohr.
fn close_pairs(frame: &ResidueFrame, unit_bohr: f64) -> Vec<(usize, usize, f64)> {
    let scaled = |row: [f64; 3]| row.map(|x| x * unit_bohr);
    let points: Vec<[f64; 3]> = frame.sites.iter().map(|site| scaled(site.position)).collect();
    let lattice = match frame.cell {
        CellSpec::Periodic(spec) => Lattice::new(&spec.rows.map(scaled), spec.is_periodic),
        _ => None,
    };
    neighbours(&points, lattice.as_ref(), BOND_CUTOFF)
        .iter()
        .map(|pair| (pair.one, pair.other, pair.distance))
        .collect()
}

/// A note on isotopes, which have the energies and derivatives of their elements.
fn isotopes(sites: &[Site]) -> Option<String> {
    let is_isotope = |site: &&Site| {
        site.element
            .map_or(site.name.starts_with('D'), |word| symbol::parse(word).is_ok_and(|symbol| symbol.is_isotope))
    };
    let count = sites.iter().filter(is_isotope).count();
    (count > 0 && sites.iter().filter(is_isotope).any(|site| site.element.is_some()))
        .then(|| format!("{count} atoms are isotopes: energies and derivatives do not depend on masses"))
}

/// Warnings where atoms of hydrogen seem to be missing: nowhere any, or carbon with single bonds to fewer than four atoms.
fn without_hydrogen(frame: &ResidueFrame, elements: &[Element], unit_bohr: f64) -> Option<LineProblem> {
    let help = "add hydrogen atoms: structures from X-ray diffraction and models of united atoms lack them";
    let is_hydrogen = |atom: usize| elements[atom].number() == 1;
    let is_organic = elements.iter().any(|element| matches!(element.number(), 6..=8));
    if is_organic && !(0..elements.len()).any(is_hydrogen) {
        let line = frame.sites[0].line;
        return Some(Problem::new("the file has no hydrogen atoms", help).at_line(line));
    }
    let mut shortest = vec![f64::INFINITY; elements.len()];
    let mut counts = vec![0; elements.len()];
    for (one, other, distance) in close_pairs(frame, unit_bohr) {
        let radii = (elements[one].covalent_radius() + elements[other].covalent_radius()) / BOHR_ANGSTROM;
        if distance < BOND_RANGE.end * radii {
            for (atom, other) in [(one, other), (other, one)] {
                counts[atom] += 1;
                // Bonds to other elements say nothing.
                let is_known = matches!(elements[other].number(), 6..=8);
                shortest[atom] = shortest[atom].min(if is_known { distance } else { 0.0 });
            }
        }
    }
    let lacks = |&atom: &usize| elements[atom].number() == 6 && counts[atom] < 4 && shortest[atom] > SINGLE_BOND;
    let lacking: Vec<usize> = (0..elements.len()).filter(lacks).collect();
    let first = frame.sites.get(*lacking.first()?)?;
    let message = format!(
        "atoms {} seem to lack hydrogen, the first of them {} of {}: carbon with single bonds to fewer than four atoms",
        ranges(&lacking),
        first.name,
        frame.residues[first.residue].label
    );
    Some(LineProblem::new(first.line, message, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANGSTROM: f64 = 1.0 / BOHR_ANGSTROM;

    /// A frame of one residue, from names and positions in angstrom.
    fn frame<'a>(residue: &str, atoms: &[(&'a str, [f64; 3])]) -> ResidueFrame<'a> {
        let site = |(k, &(name, position)): (usize, &(&'a str, [f64; 3]))| Site {
            line: k + 1,
            name,
            residue: 0,
            element: None,
            has_one_letter: false,
            charge: None,
            position,
        };
        let residues = vec![Residue { name: residue.into(), label: format!("{residue} 1"), line: 1, atoms: vec![] }];
        ResidueFrame { sites: atoms.iter().enumerate().map(site).collect(), residues, cell: CellSpec::NotPeriodic }
    }

    fn symbols(residue: &str, atoms: &[(&str, [f64; 3])]) -> Result<String, String> {
        let read = read(vec![frame(residue, atoms)], ANGSTROM);
        let read = read.map_err(|problems| format!("{}: {}", problems[0].line, problems[0].problem.message))?;
        Ok(read.elements.iter().map(|element| element.symbol()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn ambiguous_names_are_decided_by_bonds() {
        // Calcium is farther from everything than carbon.
        let carbon = [("CA", [0.0, 0.0, 0.0]), ("HA", [1.09, 0.0, 0.0]), ("HB", [-0.4, 1.0, 0.0])];
        assert_eq!(symbols("LIG", &carbon).unwrap(), "C H H");
        let calcium = [("CA", [0.0, 0.0, 0.0]), ("O1", [2.4, 0.0, 0.0]), ("H1", [2.9, 0.8, 0.0])];
        assert_eq!(symbols("LIG", &calcium).unwrap(), "Ca O H");
        let chloride = [("C1", [0.0, 0.0, 0.0]), ("CL", [1.76, 0.0, 0.0]), ("H1", [-0.4, 1.0, 0.0])];
        assert_eq!(symbols("LIG", &chloride).unwrap(), "C Cl H");
        let far = [("CA", [0.0, 0.0, 0.0]), ("O1", [9.0, 0.0, 0.0])];
        assert_eq!(symbols("LIG", &far).unwrap_err(), "1: `CA` in LIG 1 may be C or Ca");
    }

    #[test]
    fn virtual_sites_are_left_out_and_unknown_ones_refused() {
        let water =
            [("OW", [0.0, 0.0, 0.0]), ("HW1", [0.8, 0.6, 0.0]), ("HW2", [-0.8, 0.6, 0.0]), ("MW", [0.0, 0.1, 0.0])];
        let read = read(vec![frame("SOL", &water)], ANGSTROM).unwrap();
        assert_eq!((read.elements.len(), read.residues[0].atoms.len()), (3, 3));
        assert!(read.notes[0].contains("1 virtual sites (MW in line 4)"), "{:?}", read.notes);
        assert_eq!(symbols("LIG", &water).unwrap_err(), "4: the element of `MW` in LIG 1 is unknown");
        assert!(symbols("W", &[("W", [0.0; 3])]).unwrap_err().contains("the element of `W`"));
    }

    #[test]
    fn missing_hydrogen_is_pointed_out() {
        let warned = |atoms: &[(&str, [f64; 3])]| {
            let read = read(vec![frame("LIG", atoms)], ANGSTROM).unwrap();
            read.warnings.first().map(|warning| warning.problem.message.clone()).unwrap_or_default()
        };
        assert!(warned(&[("O", [0.0; 3]), ("C", [1.2, 0.0, 0.0])]).contains("no hydrogen atoms"));
        // Methanol of three sites.
        let united = [("C1", [0.0, 0.0, 0.0]), ("O1", [1.45, 0.0, 0.0]), ("H1", [1.8, 0.9, 0.0])];
        assert!(warned(&united).contains("seem to lack hydrogen"));
        let formaldehyde =
            [("C1", [0.0; 3]), ("O1", [1.2, 0.0, 0.0]), ("H1", [-0.5, 0.95, 0.0]), ("H2", [-0.5, -0.95, 0.0])];
        assert_eq!(warned(&formaldehyde), "");
    }

    #[test]
    fn frames_have_the_same_atoms() {
        let one = frame("LIG", &[("O1", [0.0; 3]), ("H1", [0.96, 0.0, 0.0])]);
        let other = frame("LIG", &[("O1", [0.0; 3]), ("C1", [1.4, 0.0, 0.0])]);
        let problem = read(vec![one, other], ANGSTROM).unwrap_err().remove(0);
        assert_eq!(
            (problem.line, problem.problem.message.as_str()),
            (2, "C1 of LIG in frame 1 is H1 of LIG in frame 0")
        );
    }
}
