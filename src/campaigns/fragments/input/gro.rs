//! What is in a GRO file of GROMACS?
//!
//! A title, the number of atoms, a line of fixed columns for each, and the vectors of the box; lengths in nm, with as many decimals as the
//! writer chose (manual.gromacs.org, "gro"). More such blocks are more frames.
use super::cell::{CellSpec, LatticeSpec};
use super::residues::{Residue, ResidueFrame, Site};
use super::{excerpt, number};
use crate::problem::LineProblem;
use std::iter::Peekable;

const COLUMNS_HELP: &str = "GRO files have fixed columns: residue number and name, atom name and number of five columns each, then x, y and z in nm";
const COUNT_HELP: &str = "a GRO file has a title, the number of atoms, a line for each atom and the box";

/// The frames of a file, and how many decimals its coordinates have.
#[derive(Debug)]
pub struct GroFile<'a> {
    pub frames: Vec<ResidueFrame<'a>>,
    pub decimals: usize,
}

/// Columns `from..to` of a line, without blanks.
fn columns(line: &str, from: usize, to: usize) -> &str {
    line.get(from..to.min(line.len())).unwrap_or_default().trim()
}

/// The distance of decimal points is the width of a coordinate; none where the line is no atom.
fn coordinate_width(line: &str) -> Option<usize> {
    let mut points = line.get(20..)?.match_indices('.').map(|(byte, _)| byte);
    let (first, second) = (points.next()?, points.next()?);
    Some(second - first)
}

fn position(line: &str, width: usize) -> Option<[f64; 3]> {
    let coordinate = |axis: usize| number::parse(columns(line, 20 + axis * width, 20 + (axis + 1) * width));
    Some([coordinate(0)?, coordinate(1)?, coordinate(2)?])
}

/// Whether a line is an atom: a residue number in the first five columns and three coordinates.
pub fn is_atom(line: &str) -> bool {
    let number = columns(line, 0, 5);
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let has_names = !columns(line, 5, 10).is_empty() && !columns(line, 10, 15).is_empty();
    is_number && has_names && coordinate_width(line).and_then(|width| position(line, width)).is_some()
}

/// Whether a text has such a form: a title, a number, and an atom.
pub fn is_gro(text: &str) -> bool {
    let mut lines = text.lines().skip(1);
    let count = lines.next().unwrap_or_default().trim();
    count.parse::<usize>().is_ok() && lines.next().is_some_and(is_atom)
}

/// The frames of `text`. `has_cell` is whether cells are used.
pub fn parse(text: &str, has_cell: bool) -> Result<GroFile<'_>, Vec<LineProblem>> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let (mut frames, mut decimals) = (Vec::new(), 0);
    while lines.clone().any(|(_, line)| !line.trim().is_empty()) {
        frames.push(frame(&mut lines, has_cell, &mut decimals)?);
    }
    if frames.is_empty() {
        return Err(LineProblem::new(1, "the file is empty", COUNT_HELP).into());
    }
    Ok(GroFile { frames, decimals })
}

fn frame<'a>(
    lines: &mut Peekable<impl Iterator<Item = (usize, &'a str)> + Clone>,
    has_cell: bool,
    decimals: &mut usize,
) -> Result<ResidueFrame<'a>, Vec<LineProblem>> {
    let (title, _) = lines.next().unwrap_or((1, ""));
    let end = |line: usize, what: &str| LineProblem::new(line, format!("the file ends before {what}"), COUNT_HELP);
    let (line, count) = lines.next().ok_or_else(|| end(title, "the number of atoms"))?;
    let expected = || format!("expected the number of atoms, found `{}`", excerpt(count));
    let atoms: usize = count.trim().parse().map_err(|_| LineProblem::new(line, expected(), COUNT_HELP))?;
    let mut frame = ResidueFrame::default();
    let (mut last, mut problems) = ("", Vec::new());
    for _ in 0..atoms {
        let Some((line, text)) = lines.next() else {
            problems.push(end(line + frame.sites.len(), "all atoms"));
            break;
        };
        let Some(position) = coordinate_width(text).and_then(|width| position(text, width)) else {
            let message = format!("expected an atom with x, y and z in nm, found `{}`", excerpt(text));
            problems.push(LineProblem::new(line, message, COLUMNS_HELP));
            continue;
        };
        let residue = text.get(..10).unwrap_or_default();
        if residue != last || frame.residues.is_empty() {
            let (number, name) = (columns(text, 0, 5), columns(text, 5, 10));
            let label = format!("{name} {number}");
            frame.residues.push(Residue { name: name.to_owned(), label, line, atoms: Vec::new() });
            last = residue;
        }
        *decimals = (*decimals).max(coordinate_width(text).unwrap_or(0).saturating_sub(5));
        frame.sites.push(Site {
            line,
            name: columns(text, 10, 15),
            residue: frame.residues.len() - 1,
            element: None,
            has_one_letter: false,
            charge: None,
            position,
        });
    }
    match lines.next() {
        None => problems.push(end(line + atoms, "the box")),
        Some((line, text)) => match cell(line, text, has_cell) {
            Ok(cell) => frame.cell = cell,
            Err(problem) => problems.push(problem),
        },
    }
    // The number of atoms is probably wrong where many lines are no atoms.
    problems.truncate(5);
    if problems.is_empty() { Ok(frame) } else { Err(problems) }
}

/// The box `v1x v2y v3z [v1y v1z v2x v2z v3x v3y]`, nm; zeros where there is none.
fn cell(line: usize, text: &str, has_cell: bool) -> Result<CellSpec, LineProblem> {
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(number::parse).collect();
    let rows = match numbers.as_deref() {
        Some(&[x, y, z]) => [[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, z]],
        Some(&[x, y, z, xy, xz, yx, yz, zx, zy]) => [[x, xy, xz], [yx, y, yz], [zx, zy, z]],
        _ => {
            let message = format!("expected the box of three or nine lengths in nm, found `{}`", excerpt(text));
            return Err(LineProblem::new(line, message, "correct the number of atoms, or the box"));
        }
    };
    let is_periodic = has_cell && rows.as_flattened().iter().any(|x| *x != 0.0);
    let spec = LatticeSpec { rows, is_periodic: [true; 3], line };
    Ok(if is_periodic { CellSpec::Periodic(spec) } else { CellSpec::NotPeriodic })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATER: &str = "water t= 1.0\n    3\n    1SOL     OW    1   0.126   1.624   1.679  0.1227 -0.0580  0.0434\n    \
                         1SOL    HW1    2   0.190   1.661   1.747\n    1SOL    HW2    3   0.177   1.568   1.613\n   1.86824   1.86824   1.86824\n";

    #[test]
    fn frames_with_velocities_and_any_box_are_read() {
        let file = parse(WATER, true).unwrap();
        let frame = &file.frames[0];
        assert_eq!((frame.sites[0].name, frame.sites[0].position, file.decimals), ("OW", [0.126, 1.624, 1.679], 3));
        assert_eq!((frame.residues.len(), &*frame.residues[0].label), (1, "SOL 1"));
        let CellSpec::Periodic(spec) = frame.cell else { panic!("there is a box") };
        assert_eq!((spec.rows[2][2], spec.line), (1.86824, 6));
        let tilted = WATER.replace("   1.86824\n", "   1.86824 0 0 0.5 0 0.25 0.75\n") + WATER;
        let file = parse(&tilted, true).unwrap();
        assert_eq!(file.frames.len(), 2);
        let CellSpec::Periodic(spec) = file.frames[0].cell else { panic!("there is a box") };
        assert_eq!(spec.rows[1..], [[0.5, 1.86824, 0.0], [0.25, 0.75, 1.86824]]);
        assert_eq!(parse(WATER, false).unwrap().frames[0].cell, CellSpec::NotPeriodic);
        let none = WATER.replace("   1.86824   1.86824   1.86824", "   0.0   0.0   0.0");
        assert_eq!(parse(&none, true).unwrap().frames[0].cell, CellSpec::NotPeriodic);
    }

    #[test]
    fn coordinates_have_any_number_of_decimals_and_need_no_blanks() {
        let text = "t\n1\n99999VERYLATOMX99999 -10.12345-100.12345  10.12345\n 20 20 20\n";
        let file = parse(text, true).unwrap();
        assert_eq!((file.frames[0].sites[0].position, file.decimals), ([-10.12345, -100.12345, 10.12345], 5));
    }

    #[test]
    fn invalid_lines_are_refused() {
        for (text, line, message) in [
            (WATER.replace("    3\n", "three\n"), 2, "expected the number of atoms"),
            (WATER.replace("   0.190   1.661", "   0.190       x"), 4, "expected an atom with x, y and z"),
            (WATER.replace("    3\n", "    4\n"), 6, "expected an atom"),
            (WATER.replace("    3\n", "    2\n"), 5, "expected the box"),
            (WATER.replace("   1.86824   1.86824   1.86824\n", ""), 5, "the file ends before the box"),
            (String::new(), 1, "the file is empty"),
        ] {
            let reported = parse(&text, true).unwrap_err().remove(0);
            assert!(reported.line == line && reported.problem.message.contains(message), "{text}: {reported:?}");
        }
        assert!(is_gro(WATER) && !is_gro("3\n\nO 0 0 0\n") && !is_gro("2\n10\n1 2 3\n"));
    }
}
