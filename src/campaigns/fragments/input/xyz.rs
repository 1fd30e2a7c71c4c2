//! What is in an xyz file?
//!
//! A number of atoms, a comment line, and a line for each atom: its symbol or atomic number, x, y and z. Numbers after them are ignored.
//! `Properties=` in the comment of extended xyz gives the columns another order.
//! More such blocks are more frames. Lines after the last frame that cannot begin another are ignored, too.
use super::atom_rows::ATOM_HELP;
use super::columns::Layout;
use super::{AtomRow, RowColumns, atom_rows, charge_spec, columns, comment, excerpt};
use crate::problem::LineProblem;
use crate::science::chemistry::Element;

/// Elements and positions of one frame, in the unit of the file.
#[derive(Debug, PartialEq)]
pub struct XyzFrame<'a> {
    pub elements: Vec<Element>,
    /// `[atoms, 3]`.
    pub positions: Vec<[f64; 3]>,
    /// The second line and its number; empty where there is none.
    pub comment: (usize, &'a str),
}

/// The contents of an xyz file.
#[derive(Debug)]
pub struct XyzFile<'a> {
    /// One at least, all of the same elements.
    pub frames: Vec<XyzFrame<'a>>,
    /// The symbols of the first frame and their lines.
    pub words: Vec<(usize, &'a str)>,
    /// Ignored columns.
    pub warnings: Vec<LineProblem>,
    /// Remarks on what changes no result.
    pub notes: Vec<String>,
}

/// A frame whose layout of columns is not known yet.
struct RawFrame<'a> {
    /// The line of the number of atoms.
    line: usize,
    comment: (usize, &'a str),
    rows: Vec<AtomRow<'a>>,
}

/// All frames of an xyz file whose positions are in units of `unit_bohr`. Fails where a frame cannot be read or has other elements than
/// the first one.
pub fn parse(text: &str, unit_bohr: f64) -> Result<XyzFile<'_>, Vec<LineProblem>> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let mut raw = Vec::<RawFrame>::new();
    let mut notes = Vec::new();
    loop {
        // Blank lines at the end, or between frames.
        while lines.next_if(|(_, line)| line.trim().is_empty()).is_some() {}
        let Some((line, count)) = lines.next() else { break };
        let atoms = match atom_count(line, count, raw.len()) {
            Err(_)
                if !raw.is_empty()
                    && !atom_rows::is_atom(count)
                    && !lines.clone().any(|(_, row)| atom_rows::is_atom(row)) =>
            {
                let rest: Vec<_> = lines.filter(|(_, row)| !row.trim().is_empty()).collect();
                check_trailing(&[&[(line, count)], &rest[..]].concat())?;
                let others = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
                notes.push(format!("line {line} (`{}`){others} after the last frame ignored", excerpt(count)));
                break;
            }
            atoms => atoms?,
        };
        let comment = lines.next().unwrap_or((line + 1, ""));
        let columns = row_columns(comment)?;
        let rows: Vec<_> = lines.by_ref().take(atoms).collect();
        // Blank lines at the end of the file are no atoms.
        let last = rows.iter().rposition(|(_, row)| !row.trim().is_empty());
        let rows = atom_rows::parse_with(columns, &rows[..last.map_or(0, |last| last + 1)])?;
        let frame = RawFrame { line, comment, rows };
        check_frame(raw.first(), &frame, raw.len(), atoms)?;
        raw.push(frame);
    }
    if raw.is_empty() {
        return Err(LineProblem::new(1, "the file is empty", ATOM_HELP).into());
    }
    with_columns(raw, unit_bohr, notes)
}

/// Lines of atoms without count and comment, in units of `unit_bohr`; blank lines are skipped, and `;` separates lines, too. A whole xyz
/// file is read as one.
pub fn parse_atoms(text: &str, unit_bohr: f64) -> Result<XyzFile<'_>, Vec<LineProblem>> {
    let rows = (1..).zip(text.lines()).flat_map(|(line, rows)| rows.split(';').map(move |row| (line, row)));
    let lines: Vec<_> = rows.filter(|(_, row)| !row.trim().is_empty()).collect();
    let Some((line, first)) = lines.first() else {
        return Err(LineProblem::new(1, "there are no atoms", ATOM_HELP).into());
    };
    if first.trim().parse::<usize>().is_ok() && lines.len() > 1 {
        return parse(text, unit_bohr);
    }
    let frame = RawFrame { line: *line, comment: (0, ""), rows: atom_rows::parse_all(&lines)? };
    with_columns(vec![frame], unit_bohr, Vec::new())
}

/// The frames with their coordinates: `Properties=` in a comment fixes the columns of its frame, those of all other frames are detected from
/// the numbers of these frames together.
fn with_columns<'a>(
    raw: Vec<RawFrame<'a>>,
    unit_bohr: f64,
    mut notes: Vec<String>,
) -> Result<XyzFile<'a>, Vec<LineProblem>> {
    let has_properties = |frame: &RawFrame| comment::value(frame.comment.1, "properties").is_some();
    let open: Vec<&RawFrame> = raw.iter().filter(|frame| !has_properties(frame)).collect();
    let rows: Vec<&AtomRow> = open.iter().flat_map(|frame| &frame.rows).collect();
    let detected = columns::detect(&rows, open.first().map_or(0, |frame| frame.rows.len()), unit_bohr)?;
    let first = raw.iter().find(|frame| has_properties(frame)).or(raw.first());
    notes.extend(first.and_then(|frame| isotopes(&frame.rows)));
    let frame = |raw: &RawFrame<'a>| {
        let layout = if has_properties(raw) { Layout::Leading } else { detected.layout };
        XyzFrame {
            elements: raw.rows.iter().map(|row| row.element).collect(),
            positions: raw.rows.iter().map(|row| layout.position(row)).collect(),
            comment: raw.comment,
        }
    };
    let words = raw.first().into_iter().flat_map(|raw| raw.rows.iter().map(|row| (row.line, row.word))).collect();
    let warnings = detected.warning.into_iter().collect();
    Ok(XyzFile { frames: raw.iter().map(frame).collect(), words, warnings, notes })
}

/// A note on isotopes, which have the energies and derivatives of their elements.
pub fn isotopes(rows: &[AtomRow]) -> Option<String> {
    let mut words: Vec<&str> = rows.iter().filter(|row| row.is_isotope).map(|row| row.word).collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    let names = words.join(", ");
    (count > 0)
        .then(|| format!("{count} atoms are isotopes ({names}): energies and derivatives do not depend on masses"))
}

/// Refuses charges that are specified after the last frame, where they would be ignored.
fn check_trailing(lines: &[(usize, &str)]) -> Result<(), LineProblem> {
    let has_charges = |(_, text): &&(usize, &str)| charge_spec::parse(text).has_keys();
    let Some(&(line, text)) = lines.iter().find(has_charges) else { return Ok(()) };
    let message = format!("`{}` after the atoms seems to specify a charge or a multiplicity", excerpt(text));
    let help = "remove the line and set `charges` and `multiplicities`, or move it into the comment line";
    Err(LineProblem::new(line, message, help))
}

fn atom_count(line: usize, text: &str, frame: usize) -> Result<usize, LineProblem> {
    match text.trim().parse() {
        Ok(0) => Err(LineProblem::new(line, format!("frame {frame} has no atoms"), "remove the frame")),
        Ok(count) => Ok(count),
        Err(_) => {
            let message = format!("expected the number of atoms of frame {frame}, found `{}`", excerpt(text));
            let help =
                "begin each frame with its number of atoms and a comment line; check the number of the frame before";
            Err(LineProblem::new(line, message, help))
        }
    }
}

/// The columns that `Properties=name:type:count:...` of extended xyz gives symbol and position.
fn row_columns((line, text): (usize, &str)) -> Result<RowColumns, LineProblem> {
    let Some(properties) = comment::value(text, "properties") else { return Ok(RowColumns::PLAIN) };
    let refuse = |message: String| {
        let help = "write Properties=species:S:1:pos:R:3, with other columns before or after them";
        LineProblem::new(line, message, help)
    };
    let (mut symbol, mut position, mut column) = (None, None, 0);
    for property in properties.split(':').collect::<Vec<_>>().chunks(3) {
        let [name, kind, count] = property else {
            return Err(refuse(format!("invalid columns `{}`", excerpt(properties))));
        };
        let count: usize = count.parse().map_err(|_| refuse(format!("invalid columns `{}`", excerpt(properties))))?;
        match (name.to_ascii_lowercase().as_str(), kind.to_ascii_uppercase().as_str(), count) {
            ("species" | "element" | "elements" | "symbol" | "symbols", "S", 1) => symbol = Some(column),
            ("z" | "numbers" | "atomic_numbers", "I", 1) => symbol = symbol.or(Some(column)),
            ("pos" | "positions" | "coordinates" | "coords", "R", 3) => position = Some(column),
            _ => {}
        }
        column += count;
    }
    let columns = symbol.zip(position).map(|(symbol, position)| RowColumns { symbol, position });
    columns.ok_or_else(|| refuse(format!("no symbols or positions in columns `{}`", excerpt(properties))))
}

/// Frames of one file are one cluster at different times: only positions may differ.
fn check_frame(first: Option<&RawFrame>, frame: &RawFrame, index: usize, count: usize) -> Result<(), LineProblem> {
    let (line, found) = (frame.line, frame.rows.len());
    if found < count {
        let message = format!("frame {index} must have {count} atoms, but the file ends after {found}");
        return Err(LineProblem::new(line, message, "correct the number of atoms, or add the missing ones"));
    }
    let Some(first) = first else { return Ok(()) };
    let help = "give all frames the same elements in the same order, or write this one to a file of its own";
    if first.rows.len() != found {
        let message = format!("frame {index} has {found} atoms, but frame 0 has {}", first.rows.len());
        return Err(LineProblem::new(line, message, help));
    }
    let mut pairs = first.rows.iter().zip(&frame.rows).enumerate();
    match pairs.find(|(_, (one, other))| one.element != other.element) {
        None => Ok(()),
        Some((atom, (one, other))) => {
            let message = format!("atom {atom} is {} in frame {index}, but {} in frame 0", other.element, one.element);
            Err(LineProblem::new(other.line, message, help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(usize, String)> {
        parse(text, 1.0).unwrap_err().into_iter().map(|fault| (fault.line, fault.problem.message)).collect()
    }

    #[test]
    fn symbols_numbers_columns_line_ends_and_blank_lines_are_read() {
        let frames = parse("2\r\n\r\nhe 0 0 0 0.1 label\r\n10  1.5D0 -2e-1 3\r\n\r\n\r\n", 1.0).unwrap().frames;
        let symbols: Vec<_> = frames[0].elements.iter().map(ToString::to_string).collect();
        assert_eq!(symbols, ["He", "Ne"]);
        assert_eq!(frames[0].positions, [[0.0; 3], [1.5, -0.2, 3.0]]);
        let frames =
            parse("1\na\nH 0 0 0\n\n1\nProperties=species:S:1:pos:R:3:forces:R:3\nH 1 0 0 9 9 9", 1.0).unwrap().frames;
        assert_eq!((frames.len(), frames[1].positions[0][0]), (2, 1.0));
    }

    #[test]
    fn every_fault_of_a_frame_has_its_line() {
        let text = "4\n\nH 0 0 0\nHW 0 0 0\nH 0 0\nH 0 zero 0\n";
        let expected = [(4, "unknown element `HW`"), (5, "z is missing"), (6, "y is `zero`, which is not a number")];
        assert_eq!(faults(text), expected.map(|(line, message)| (line, message.to_owned())));
    }

    #[test]
    fn lines_after_the_last_frame_are_ignored() {
        let qm9 = "1\ngdb 1\t2.0\nO\t2.1*^-6\t0.0\t0.1\t-0.6\n1595.0 3657.0 3756.0\nO\tO\n\nInChI=1S/H2O/h1H2\n";
        let read = parse(qm9, 1.0).unwrap();
        assert_eq!(read.frames[0].positions, [[2.1e-6, 0.0, 0.1]]);
        assert_eq!(read.notes, ["line 4 (`1595.0 3657.0 3756.0`) and 2 more after the last frame ignored"]);
        // A damaged number would lose what follows it.
        for damaged in ["1x\n\nO 0 0 0", "\u{1}\nO 0 0 0", "O 0 0 0"] {
            let reported = faults(&format!("1\n\nO 0 0 0\n{damaged}\n"));
            assert!(reported[0].1.starts_with("expected the number of atoms of frame 1"), "{reported:?}");
        }
        // Charges are not lost.
        let reported = faults("1\n\nO 0 0 0\nsome text\n$chrg -1\n");
        assert_eq!(
            reported,
            [(5, "`$chrg -1` after the atoms seems to specify a charge or a multiplicity".to_owned())]
        );
        // Where nothing was read yet, nothing is ignored.
        assert_eq!(faults("title\n")[0].1, "expected the number of atoms of frame 0, found `title`");
    }

    #[test]
    fn isotopes_are_reported_once() {
        let read = parse_atoms("O 0 0 0\nD 0 0 1\nD 0 1 0\n2H 1 0 0", 1.0).unwrap();
        let symbols: Vec<_> = read.frames[0].elements.iter().map(ToString::to_string).collect();
        assert_eq!(symbols, ["O", "H", "H", "H"]);
        assert!(read.notes.len() == 1 && read.notes[0].starts_with("3 atoms are isotopes (2H, D)"), "{:?}", read.notes);
    }

    #[test]
    fn a_whole_xyz_file_is_accepted_as_atoms() {
        let read = parse_atoms("He 0 0 0; He 0 0 3;\nNe 0 0 6", 1.0).unwrap();
        assert_eq!(read.frames[0].positions, [[0.0; 3], [0.0, 0.0, 3.0], [0.0, 0.0, 6.0]]);
        let read = parse_atoms("\n2\ncharge=1\nHe 0 0 0\nHe 0 0 3\n", 1.0).unwrap();
        assert_eq!((read.frames.len(), read.frames[0].comment), (1, (3, "charge=1")));
    }

    #[test]
    fn properties_give_columns_any_order() {
        let comment =
            "Lattice=\"9 0 0 0 9 0 0 0 9\" Properties=\"id:I:1:pos:R:3:forces:R:3:species:S:1:charge:R:1\" pbc=F";
        let text = format!("2\n{comment}\n1 0.5 0 0 9 9 9 He 0.1\n2 0 0 3 9 9 9 Ne 0\n");
        let frame = parse(&text, 1.0).unwrap().frames.remove(0);
        assert_eq!(frame.positions, [[0.5, 0.0, 0.0], [0.0, 0.0, 3.0]]);
        assert_eq!(frame.elements.iter().map(ToString::to_string).collect::<String>(), "HeNe");
        let numbers = parse("1\nProperties=Z:I:1:pos:R:3 energy=1\n10 0 1 2\n", 1.0).unwrap().frames.remove(0);
        assert_eq!((numbers.elements[0].symbol(), numbers.positions[0]), ("Ne", [0.0, 1.0, 2.0]));
    }

    #[test]
    fn columns_are_detected_from_all_frames() {
        // Only both frames together tell that zeros are x.
        let rows = |x: &str| format!("O {x} 0.000 0.117 3.000\nH {x} 0.757 -0.470 3.000\nH {x} -0.757 -0.470 3.000\n");
        let two = |one: &str, other: &str| format!("3\n\n{}3\n\n{}", rows(one), rows(other));
        let position = |text: &str, frame: usize| parse(text, 1.0).unwrap().frames[frame].positions[0];
        assert_eq!(position(&two("0", "0.5"), 1), [0.5, 0.0, 0.117]);
        assert_eq!(position(&two("0", "-1"), 1), [0.0, 0.117, 3.0]);
    }

    #[test]
    fn wrong_counts_and_unsupported_columns_are_reported() {
        for (text, line, message) in [
            ("", 1, "the file is empty"),
            ("\n0\n\n", 2, "frame 0 has no atoms"),
            ("H 0 0 0\n", 1, "expected the number of atoms of frame 0, found `H 0 0 0`"),
            ("1\n\nH 0 0 0\nH 0 0 1\n", 4, "expected the number of atoms of frame 1, found `H 0 0 1`"),
            ("3\n\nH 0 0 0\nH 0 0 1\n\n", 1, "frame 0 must have 3 atoms, but the file ends after 2"),
            ("1\n\nH inf 0 0\n", 3, "x is `inf`, which is not a number"),
            ("1\nProperties=pos:R:3:tag:S:1\n0 0 0 H\n", 2, "no symbols or positions in columns `pos:R:3:tag:S:1`"),
            ("1\nProperties=species:S:pos:R:3\nH 0 0 0\n", 2, "invalid columns `species:S:pos:R:3`"),
            ("1\nProperties=pos:R:3:species:S:1\nH 0 0 0\n", 3, "`0` is a dummy atom"),
            ("1\n\nH 0 0 0\n2\n\nH 0 0 0\nH 0 0 1", 4, "frame 1 has 2 atoms, but frame 0 has 1"),
            ("2\n\nH 0 0 0\nO 0 0 1\n2\n\nH 0 0 0\nC 0 0 1", 8, "atom 1 is C in frame 1, but O in frame 0"),
        ] {
            assert_eq!(faults(text), [(line, message.to_owned())], "{text:?}");
        }
    }
}
