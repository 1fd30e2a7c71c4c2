//! What is in a PDB file?
//!
//! Fixed columns and angstrom (wwpdb.org, version 3.3). Every model is a frame. Numbers of atoms and residues are only compared, so that any
//! continuation after 99999 or 9999 will do.
use super::cell::{CellSpec, LatticeSpec};
use super::residues::{Residue, ResidueFrame, Site};
use super::{excerpt, number};
use crate::problem::LineProblem;
use std::collections::BTreeMap;

/// The models of a file, and what was left out of them.
#[derive(Debug, Default)]
pub struct PdbFile<'a> {
    pub frames: Vec<ResidueFrame<'a>>,
    pub warnings: Vec<LineProblem>,
}

/// A site with what decides among alternative locations.
struct Record<'a> {
    site: Site<'a>,
    /// The letter of the alternative location, a blank where there is none.
    location: &'a str,
    /// Chain, number and insertion code of the residue.
    residue_id: String,
    occupancy: f64,
}

/// The model that is being read.
#[derive(Default)]
struct OpenModel<'a> {
    records: Vec<Record<'a>>,
    residues: Vec<Residue>,
    /// Whether the next atom begins a residue, whatever its name and number.
    is_chain_end: bool,
}

const COLUMNS_HELP: &str = "PDB files have fixed columns: x, y and z in columns 31-54; convert files whose columns are separated by blanks (PQR) to xyz";

/// Columns `from` to `to` of a line, counted from 1, without blanks; empty beyond its end.
fn columns(line: &str, from: usize, to: usize) -> &str {
    line.get(from - 1..to.min(line.len())).unwrap_or_default().trim()
}

/// The record that a line is.
fn record_name(line: &str) -> &str {
    // Serial numbers from 100000 on may begin one column earlier.
    if line.starts_with("ATOM ") { "ATOM" } else { columns(line, 1, 6) }
}

/// Whether a line is an atom with coordinates.
pub fn is_atom(line: &str) -> bool {
    matches!(record_name(line), "ATOM" | "HETATM") && position(line).is_some()
}

fn position(line: &str) -> Option<[f64; 3]> {
    let coordinate = |axis: usize| number::parse(columns(line, 31 + 8 * axis, 38 + 8 * axis));
    Some([coordinate(0)?, coordinate(1)?, coordinate(2)?])
}

/// The models of `text`. `has_cell` is whether cells are used. Fails with all invalid lines.
pub fn parse(text: &str, has_cell: bool) -> Result<PdbFile<'_>, Vec<LineProblem>> {
    let (mut file, mut model, mut problems) = (PdbFile::default(), OpenModel::default(), Vec::new());
    let mut cell = CellSpec::Unspecified;
    for (line, text) in (1..).zip(text.lines()) {
        match record_name(text) {
            "ATOM" | "HETATM" => problems.extend(model.add(line, text).err()),
            "TER" => model.is_chain_end = true,
            "MODEL" | "ENDMDL" | "END" => file.end_model(&mut model, cell),
            "CRYST1" => {
                file.end_model(&mut model, cell);
                match cryst1(line, text, has_cell) {
                    Ok(found) => cell = found,
                    Err(problem) => problems.push(problem),
                }
            }
            "ROOT" | "BRANCH" | "TORSDOF" => {
                let help = "convert it to PDB or xyz: elements and hydrogens are not those of a molecule here";
                return Err(LineProblem::new(line, "this looks like a PDBQT file of AutoDock", help).into());
            }
            _ => {}
        }
    }
    file.end_model(&mut model, cell);
    if file.frames.is_empty() && problems.is_empty() {
        let help = "give a PDB file with coordinates, or set `format` if it is of another kind";
        problems.push(LineProblem::new(1, "there is no ATOM or HETATM record", help));
    }
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

impl<'a> OpenModel<'a> {
    fn add(&mut self, line: usize, text: &'a str) -> Result<(), LineProblem> {
        let position = position(text).ok_or_else(|| {
            let found = excerpt(text.get(30..54.min(text.len())).unwrap_or_default());
            LineProblem::new(line, format!("expected x, y and z, found `{found}`"), COLUMNS_HELP)
        })?;
        let name = columns(text, 13, 16);
        let (residue, chain, code) = (columns(text, 18, 21), columns(text, 22, 22), columns(text, 27, 27));
        let (number, segment) = (columns(text, 23, 26), columns(text, 73, 76));
        let element =
            Some(columns(text, 77, 78)).filter(|symbol| symbol.starts_with(|c: char| c.is_ascii_alphabetic()));
        let residue_id = format!("{chain} {segment} {number}{code}");
        let label = format!("{residue} {chain}{}{number}{code}", if chain.is_empty() { "" } else { " " });
        let is_same = self.records.last().is_some_and(|last| last.residue_id == residue_id)
            && self.residues.last().is_some_and(|last| last.name == residue)
            && !self.is_chain_end;
        if !is_same {
            self.residues.push(Residue { name: residue.to_owned(), label, line, atoms: Vec::new() });
            self.is_chain_end = false;
        }
        let begins_blank = text.get(12..13).is_some_and(|c| c == " " || c.starts_with(|c: char| c.is_ascii_digit()));
        let site = Site {
            line,
            name,
            residue: self.residues.len() - 1,
            element,
            has_one_letter: begins_blank,
            charge: element.and_then(|_| formal_charge(columns(text, 79, 80))),
            position,
        };
        let location = text.get(16..17).map_or("", str::trim);
        let occupancy = number::parse(columns(text, 55, 60)).unwrap_or(1.0);
        self.records.push(Record { site, location, residue_id, occupancy });
        Ok(())
    }

    /// The location of each residue that has several: the one with the largest occupancy, and of equal ones the first.
    fn locations(&self) -> BTreeMap<&str, &'a str> {
        let mut sums = BTreeMap::<(&str, &str), (f64, f64)>::new();
        for Record { location, residue_id, occupancy, .. } in self.records.iter().filter(|one| !one.location.is_empty())
        {
            let (sum, count) = sums.entry((residue_id, location)).or_default();
            (*sum, *count) = (*sum + occupancy, *count + 1.0);
        }
        let mut chosen = BTreeMap::<&str, (&'a str, f64)>::new();
        for Record { location, residue_id, .. } in self.records.iter().filter(|one| !one.location.is_empty()) {
            let (sum, count) = sums[&(residue_id.as_str(), *location)];
            let best = chosen.entry(residue_id).or_insert((location, sum / count));
            if sum / count > best.1 + 1e-9 || ((sum / count - best.1).abs() <= 1e-9 && *location < best.0) {
                *best = (location, sum / count);
            }
        }
        chosen.into_iter().map(|(residue, (location, _))| (residue, location)).collect()
    }
}

impl<'a> PdbFile<'a> {
    /// Adds the model, if it has atoms, and begins another one.
    fn end_model(&mut self, model: &mut OpenModel<'a>, cell: CellSpec) {
        let model = std::mem::take(model);
        if model.records.is_empty() {
            return;
        }
        let locations = model.locations();
        let is_used =
            |record: &Record| record.location.is_empty() || locations[record.residue_id.as_str()] == record.location;
        let unused: Vec<&Record> = model.records.iter().filter(|record| !is_used(record)).collect();
        if let Some(first) = unused.first().filter(|_| self.frames.is_empty()) {
            let residue = &model.residues[first.site.residue].label;
            let message = format!(
                "{} atoms are alternative locations and were left out, the first of them location {} of {} in {residue}: of each residue \
                 the location of the largest occupancy is used",
                unused.len(),
                first.location,
                first.site.name
            );
            self.warnings.push(LineProblem::new(
                first.site.line,
                message,
                "keep one location of each atom in the file",
            ));
        }
        let sites = model.records.iter().filter(|record| is_used(record)).map(|record| record.site.clone()).collect();
        self.frames.push(ResidueFrame { sites, residues: model.residues.clone(), cell });
    }
}

/// A charge as `2+` or `-1`; none where the columns contain something else.
fn formal_charge(text: &str) -> Option<i32> {
    let digits = text.trim_matches(['+', '-']);
    let sign = if text.contains('-') { -1 } else { 1 };
    let is_charge = digits.len() == 1 && text.len() == 2 || text == "0";
    is_charge.then(|| digits.parse::<i32>().ok()).flatten().map(|charge| sign * charge)
}

/// The cell of a CRYST1 line, angstrom. Only that of space group P 1 contains all of its molecules.
fn cryst1(line: usize, text: &str, has_cell: bool) -> Result<CellSpec, LineProblem> {
    if !has_cell {
        return Ok(CellSpec::NotPeriodic);
    }
    let number = |from: usize, to: usize| number::parse(columns(text, from, to));
    let lengths = [number(7, 15), number(16, 24), number(25, 33)];
    let angles = [number(34, 40), number(41, 47), number(48, 54)];
    let invalid = || {
        let help = "write a, b, c and alpha, beta, gamma into columns 7-54, or set periodic = false";
        LineProblem::new(line, format!("invalid cell `{}`", excerpt(text)), help)
    };
    let [Some(a), Some(b), Some(c), Some(alpha), Some(beta), Some(gamma)] = [lengths, angles].concat()[..] else {
        return Err(invalid());
    };
    // Structures that are no crystals have a cell of 1 angstrom, or none.
    if a * b * c <= 1.001 {
        return Ok(CellSpec::NotPeriodic);
    }
    let group = columns(text, 56, 66);
    if !["", "P 1", "P1", "1"].contains(&group) {
        let message = format!("the space group is {group}: the file has only a part of the cell");
        let help = "write all molecules of the cell with space group P 1, or set periodic = false to take the atoms as a cluster";
        return Err(LineProblem::new(line, message, help));
    }
    let rows = lattice_rows([a, b, c], [alpha, beta, gamma]).ok_or_else(invalid)?;
    Ok(CellSpec::Periodic(LatticeSpec { rows, is_periodic: [true; 3], line }))
}

/// Vectors of the given lengths and angles (degrees), the first along x, the second in the plane of x and y.
fn lattice_rows([a, b, c]: [f64; 3], angles: [f64; 3]) -> Option<[[f64; 3]; 3]> {
    let cosine = |degree: f64| if degree == 90.0 { 0.0 } else { libm::cos(degree.to_radians()) };
    let [alpha, beta, gamma] = angles.map(cosine);
    let sine = libm::sqrt(1.0 - gamma * gamma);
    let y = (alpha - beta * gamma) / sine;
    let z = libm::sqrt(1.0 - beta * beta - y * y);
    let rows = [[a, 0.0, 0.0], [b * gamma, b * sine, 0.0], [c * beta, c * y, c * z]];
    rows.as_flattened().iter().all(|x| x.is_finite()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with the given columns.
    fn atom(name: &str, rest: &str, position: [f64; 3], end: &str) -> String {
        let [x, y, z] = position;
        format!("HETATM    1 {name:<4}{rest:<10}    {x:8.3}{y:8.3}{z:8.3}{end}\n")
    }

    #[test]
    fn names_residues_elements_and_charges_are_read_by_column() {
        let text = atom("NA  ", " NA  A  12", [1.0, 2.0, -3.25], "  1.00  0.00          NA1+")
            + &atom(" O  ", " HOH A  13", [4.0, 5.0, 6.0], "")
            + "TER\n"
            + &atom(" O  ", " HOH A  13", [4.0, 5.0, 9.0], "  1.00  0.00           O");
        let frame = parse(&text, true).unwrap().frames.remove(0);
        let first = &frame.sites[0];
        assert_eq!((first.name, first.element, first.charge, first.has_one_letter), ("NA", Some("NA"), Some(1), false));
        assert_eq!((first.position, frame.sites[1].has_one_letter), ([1.0, 2.0, -3.25], true));
        let labels: Vec<&str> = frame.residues.iter().map(|residue| residue.label.as_str()).collect();
        assert_eq!(labels, ["NA A 12", "HOH A 13", "HOH A 13"]);
        assert_eq!(frame.sites[2].element, Some("O"));
    }

    #[test]
    fn one_alternative_location_of_each_residue_is_used() {
        let text = atom(" O  ", "AHOH A  13", [0.0; 3], "  0.40  0.00           O")
            + &atom(" O  ", "BHOH A  13", [0.5, 0.0, 0.0], "  0.60  0.00           O")
            + &atom(" O  ", "AHOH A  14", [9.0, 0.0, 0.0], "  0.50  0.00           O")
            + &atom(" O  ", "BHOH A  14", [9.5, 0.0, 0.0], "  0.50  0.00           O");
        let file = parse(&text, true).unwrap();
        let x: Vec<f64> = file.frames[0].sites.iter().map(|site| site.position[0]).collect();
        assert_eq!(x, [0.5, 9.0]);
        assert_eq!(file.warnings[0].line, 1);
        assert!(file.warnings[0].problem.message.starts_with("2 atoms are alternative locations"));
    }

    #[test]
    fn models_end_in_every_way_and_share_a_cell() {
        let one = atom(" O  ", " HOH A  13", [0.0; 3], "");
        let cell = "CRYST1   20.000   20.000   30.000  90.00  90.00 120.00 P 1           1\n";
        for text in [
            format!("{cell}MODEL        1\n{one}ENDMDL\nMODEL        2\n{one}ENDMDL\nEND\n"),
            format!("{cell}{one}END\n{one}END\n"),
            format!("{cell}{one}{cell}{one}"),
        ] {
            let file = parse(&text, true).unwrap();
            assert_eq!(file.frames.len(), 2, "{text}");
            let CellSpec::Periodic(spec) = file.frames[1].cell else { panic!("{text}") };
            assert!((spec.rows[1][0] + 10.0).abs() < 1e-9 && (spec.rows[2][2] - 30.0).abs() < 1e-9);
        }
    }

    #[test]
    fn cells_of_crystals_and_invalid_lines_are_refused() {
        let one = atom(" O  ", " HOH A  13", [0.0; 3], "");
        let reported = |text: &str| {
            let problem = parse(text, true).unwrap_err().remove(0);
            (problem.line, problem.problem.message)
        };
        let crystal = format!("{one}CRYST1   20.000   20.000   30.000  90.00  90.00  90.00 P 21 21 21    8\n");
        assert_eq!(
            reported(&crystal),
            (2, "the space group is P 21 21 21: the file has only a part of the cell".into())
        );
        assert_eq!(parse(&crystal, false).unwrap().frames[0].cell, CellSpec::Unspecified);
        let placeholder = format!("CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n{one}");
        assert_eq!(parse(&placeholder, true).unwrap().frames[0].cell, CellSpec::NotPeriodic);
        assert_eq!(reported("ATOM  1 O HOH 1 0.0 0.0 0.0 -0.8 1.5\n").0, 1);
        assert_eq!(reported("TITLE     nothing\n").1, "there is no ATOM or HETATM record");
        assert!(reported(&format!("ROOT\n{one}")).1.contains("PDBQT"));
        assert!(reported("CRYST1   20.000   20.000\n").1.contains("invalid cell"));
    }
}
