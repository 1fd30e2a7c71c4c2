//! What does an xyz file say?
//!
//! A number of atoms, a line of comment, and a line for each atom: its symbol or atomic number and x, y and z. Numbers behind them
//! are ignored, and another such block is another frame. Lines behind the last frame that can begin none are ignored, too.
use super::columns::{self, Doubt, Layout};
use super::rows::{self, ATOM_HELP, Row};
use super::stated;
use crate::science::chemistry::Element;

/// Something that is wrong in a line, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub line: usize,
    pub message: String,
    pub help: String,
}

impl From<Doubt> for Wrong {
    fn from(Doubt { line, message, help }: Doubt) -> Self {
        Self { line, message, help }
    }
}

/// Elements and positions, in the file's own unit, of one frame.
#[derive(Debug, PartialEq)]
pub struct Frame<'a> {
    pub elements: Vec<Element>,
    pub positions: Vec<[f64; 3]>,
    /// The second line and its number; empty where there is none.
    pub comment: (usize, &'a str),
}

/// What a file says.
#[derive(Debug)]
pub struct Molecules<'a> {
    /// One at least, all of the same elements.
    pub frames: Vec<Frame<'a>>,
    /// What was left out and may have been meant.
    pub warnings: Vec<Doubt>,
    /// What was read in a way that changes no number, and is worth a word.
    pub notes: Vec<String>,
}

/// A frame whose columns are still open.
struct Block<'a> {
    /// The line of the number of atoms.
    line: usize,
    comment: (usize, &'a str),
    rows: Vec<Row<'a>>,
}

/// Every frame of an xyz file whose positions are in units of `unit_bohr`.
///
/// # Errors
/// What is wrong in the first frame that cannot be read, or where frames differ in their elements.
pub fn parse(text: &str, unit_bohr: f64) -> Result<Molecules<'_>, Vec<Wrong>> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let mut blocks = Vec::<Block>::new();
    let mut notes = Vec::new();
    loop {
        // Blank lines at the end, or between frames.
        while lines.next_if(|(_, line)| line.trim().is_empty()).is_some() {}
        let Some((line, count)) = lines.next() else { break };
        let count = match atom_count(line, count, blocks.len()) {
            Err(_)
                if !blocks.is_empty() && !lines.clone().any(|(_, row)| rows::is_atom(row)) && !rows::is_atom(count) =>
            {
                let behind: Vec<_> = lines.filter(|(_, row)| !row.trim().is_empty()).collect();
                check_trailing(&[&[(line, count)], &behind[..]].concat())?;
                notes.push(trailing(line, count, behind.len()));
                break;
            }
            count => count.map_err(|wrong| vec![wrong])?,
        };
        let comment = lines.next().unwrap_or((line + 1, ""));
        check_columns(comment)?;
        let rows: Vec<_> = lines.by_ref().take(count).collect();
        let block = Block { line, comment, rows: rows::read_all(without_blank_end(&rows))? };
        check_block(blocks.first(), &block, blocks.len(), count).map_err(|wrong| vec![wrong])?;
        blocks.push(block);
    }
    if blocks.is_empty() {
        return Err(vec![Wrong { line: 1, message: "the file is empty".into(), help: ATOM_HELP.into() }]);
    }
    let (stated, open): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| states_columns(block.comment.1));
    with_columns(stated, open, unit_bohr, notes).map_err(|doubt| vec![doubt.into()])
}

/// Lines of atoms alone, in units of `unit_bohr`; blank ones are left out.
///
/// # Errors
/// A line is no atom, or there is none.
pub fn parse_atoms(text: &str, unit_bohr: f64) -> Result<Molecules<'_>, Vec<Wrong>> {
    let lines: Vec<_> = (1..).zip(text.lines()).filter(|(_, row)| !row.trim().is_empty()).collect();
    if lines.is_empty() {
        return Err(vec![Wrong { line: 1, message: "there are no atoms".into(), help: ATOM_HELP.into() }]);
    }
    // A whole xyz file was put there.
    if lines[0].1.trim().parse::<usize>().is_ok() && lines.len() > 1 {
        return parse(text, unit_bohr);
    }
    let block = Block { line: lines[0].0, comment: (0, ""), rows: rows::read_all(&lines)? };
    with_columns(Vec::new(), vec![block], unit_bohr, Vec::new()).map_err(|doubt| vec![doubt.into()])
}

/// The frames, `stated` those whose comments say which columns are the coordinates.
fn with_columns<'a>(
    stated: Vec<Block<'a>>,
    open: Vec<Block<'a>>,
    unit_bohr: f64,
    mut notes: Vec<String>,
) -> Result<Molecules<'a>, Doubt> {
    let atoms = open.first().map_or(0, |block| block.rows.len());
    let (heads, rows): (Vec<_>, Vec<_>) =
        open.into_iter().map(|block| ((block.line, block.comment), block.rows)).unzip();
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let found = columns::find(&rows, atoms, unit_bohr)?;
    let of_stated = stated.iter().map(|block| frame_of(block.line, block.comment, &block.rows, Layout::Leading));
    let of_open =
        heads.iter().zip(rows.chunks(atoms.max(1))).map(|(head, rows)| frame_of(head.0, head.1, rows, found.layout));
    let mut frames: Vec<_> = of_stated.chain(of_open).collect();
    frames.sort_by_key(|(line, _)| *line);
    let first = stated.first().map_or(&rows[..atoms], |block| &block.rows[..]);
    notes.extend(isotopes(first));
    Ok(Molecules {
        frames: frames.into_iter().map(|(_, frame)| frame).collect(),
        warnings: found.warning.into_iter().collect(),
        notes,
    })
}

fn frame_of<'a>(line: usize, comment: (usize, &'a str), rows: &[Row], layout: Layout) -> (usize, Frame<'a>) {
    let elements = rows.iter().map(|row| row.element).collect();
    let positions = rows.iter().map(|row| layout.position(row)).collect();
    (line, Frame { elements, positions, comment })
}

/// Which isotopes were named: the energies and derivatives are those of their elements.
fn isotopes(rows: &[Row]) -> Option<String> {
    let mut words: Vec<&str> = rows.iter().filter(|row| row.is_isotope).map(|row| row.word).collect();
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    let named = words.join(", ");
    (count > 0).then(|| format!("{count} atoms are isotopes ({named}): energies and derivatives depend on no mass"))
}

/// Lines behind the atoms may be ignored, but not the charges that they state.
fn check_trailing(lines: &[(usize, &str)]) -> Result<(), Vec<Wrong>> {
    let states = |(_, text): &&(usize, &str)| stated::read(text).is_by_words();
    let Some(&(line, text)) = lines.iter().find(states) else { return Ok(()) };
    let message = format!("`{}` behind the atoms seems to state a charge or a multiplicity", shortened(text));
    let help = "remove the line, and write `charges` and `multiplicities`, or put it into the line of comment";
    Err(vec![Wrong { line, message, help: help.into() }])
}

fn trailing(line: usize, text: &str, behind: usize) -> String {
    let lines = if behind == 0 { "it is ignored".to_owned() } else { format!("it and {behind} behind it are ignored") };
    format!("line {line} (`{}`) begins no frame: {lines}", shortened(text))
}

/// Lines up to the blank ones at the end of the file; the caller counts.
fn without_blank_end<'r, 'a>(rows: &'r [(usize, &'a str)]) -> &'r [(usize, &'a str)] {
    let last = rows.iter().rposition(|(_, row)| !row.trim().is_empty());
    &rows[..last.map_or(0, |last| last + 1)]
}

fn atom_count(line: usize, text: &str, frame: usize) -> Result<usize, Wrong> {
    match text.trim().parse() {
        Ok(0) => Err(Wrong { line, message: format!("frame {frame} has no atoms"), help: "remove the frame".into() }),
        Ok(count) => Ok(count),
        Err(_) => {
            let message = format!("expected the number of atoms of frame {frame}, found `{}`", shortened(text));
            let help = "begin every frame with its number of atoms and a line of comment; check the number before";
            Err(Wrong { line, message, help: help.into() })
        }
    }
}

fn states_columns(comment: &str) -> bool {
    comment.contains("Properties=")
}

/// Extended xyz files tell their columns: others than the usual ones would be misread.
fn check_columns((line, comment): (usize, &str)) -> Result<(), Vec<Wrong>> {
    let Some((_, columns)) = comment.split_once("Properties=") else { return Ok(()) };
    let columns = columns.trim_start_matches('"').to_ascii_lowercase();
    if columns.starts_with("species:s:1:pos:r:3") {
        return Ok(());
    }
    let message = format!("the columns are `{}`", shortened(&columns));
    let help = "write species and pos first: Properties=species:S:1:pos:R:3";
    Err(vec![Wrong { line, message, help: help.into() }])
}

/// Frames of one file are one cluster at several times: only positions may differ.
fn check_block(first: Option<&Block>, block: &Block, number: usize, count: usize) -> Result<(), Wrong> {
    let (line, found) = (block.line, block.rows.len());
    if found < count {
        let message = format!("frame {number} must have {count} atoms, but the file ends after {found}");
        return Err(Wrong { line, message, help: "correct the number of atoms, or add those that miss".into() });
    }
    let Some(first) = first else { return Ok(()) };
    let help = "give every frame the same elements in the same order, or put it into a file of its own".to_owned();
    if first.rows.len() != found {
        let message = format!("frame {number} has {found} atoms, but frame 0 has {}", first.rows.len());
        return Err(Wrong { line, message, help });
    }
    let mut pairs = first.rows.iter().zip(&block.rows).enumerate();
    match pairs.find(|(_, (one, other))| one.element != other.element) {
        None => Ok(()),
        Some((atom, (one, other))) => {
            let message = format!("atom {atom} of frame {number} is {}, but {} in frame 0", other.element, one.element);
            Err(Wrong { line: other.line, message, help })
        }
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<(usize, String)> {
        parse(text, 1.0).unwrap_err().into_iter().map(|wrong| (wrong.line, wrong.message)).collect()
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
    fn every_fault_of_a_frame_names_its_line() {
        let text = "4\n\nH 0 0 0\nHW 0 0 0\nH 0 0\nH 0 zero 0\n";
        let told = [(4, "`HW` is no element"), (5, "z is missing"), (6, "y is `zero`, not a number")];
        assert_eq!(wrong(text), told.map(|(line, message)| (line, message.to_owned())));
    }

    #[test]
    fn lines_that_begin_no_frame_end_the_file() {
        let qm9 = "1\ngdb 1\t2.0\nO\t2.1*^-6\t0.0\t0.1\t-0.6\n1595.0 3657.0 3756.0\nO\tO\n\nInChI=1S/H2O/h1H2\n";
        let read = parse(qm9, 1.0).unwrap();
        assert_eq!(read.frames[0].positions, [[2.1e-6, 0.0, 0.1]]);
        assert_eq!(read.notes, ["line 4 (`1595.0 3657.0 3756.0`) begins no frame: it and 2 behind it are ignored"]);
        // A damaged number would lose what follows it.
        for damaged in ["1x\n\nO 0 0 0", "\u{1}\nO 0 0 0", "O 0 0 0"] {
            let told = wrong(&format!("1\n\nO 0 0 0\n{damaged}\n"));
            assert!(told[0].1.starts_with("expected the number of atoms of frame 1"), "{told:?}");
        }
        // Charges are not lost.
        let told = wrong("1\n\nO 0 0 0\nsome text\n$chrg -1\n");
        assert_eq!(told, [(5, "`$chrg -1` behind the atoms seems to state a charge or a multiplicity".to_owned())]);
        // Where nothing was read yet, nothing is ignored.
        assert_eq!(wrong("title\n")[0].1, "expected the number of atoms of frame 0, found `title`");
    }

    #[test]
    fn isotopes_are_noted_once() {
        let read = parse_atoms("O 0 0 0\nD 0 0 1\nD 0 1 0\n2H 1 0 0", 1.0).unwrap();
        let symbols: Vec<_> = read.frames[0].elements.iter().map(ToString::to_string).collect();
        assert_eq!(symbols, ["O", "H", "H", "H"]);
        assert!(read.notes.len() == 1 && read.notes[0].starts_with("3 atoms are isotopes (2H, D)"), "{:?}", read.notes);
    }

    #[test]
    fn a_whole_file_may_stand_in_place_of_atoms() {
        let read = parse_atoms("\n2\ncharge=1\nHe 0 0 0\nHe 0 0 3\n", 1.0).unwrap();
        assert_eq!((read.frames.len(), read.frames[0].comment), (1, (3, "charge=1")));
    }

    #[test]
    fn columns_are_those_of_all_frames() {
        // Only both frames together tell that zeros are x.
        let rows = |x: &str| format!("O {x} 0.000 0.117 3.000\nH {x} 0.757 -0.470 3.000\nH {x} -0.757 -0.470 3.000\n");
        let two = |one: &str, other: &str| format!("3\n\n{}3\n\n{}", rows(one), rows(other));
        let position = |text: &str, frame: usize| parse(text, 1.0).unwrap().frames[frame].positions[0];
        assert_eq!(position(&two("0", "0.5"), 1), [0.5, 0.0, 0.117]);
        assert_eq!(position(&two("0", "-1"), 1), [0.0, 0.117, 3.0]);
    }

    #[test]
    fn wrong_counts_and_other_columns_are_told() {
        for (text, line, message) in [
            ("", 1, "the file is empty"),
            ("\n0\n\n", 2, "frame 0 has no atoms"),
            ("H 0 0 0\n", 1, "expected the number of atoms of frame 0, found `H 0 0 0`"),
            ("1\n\nH 0 0 0\nH 0 0 1\n", 4, "expected the number of atoms of frame 1, found `H 0 0 1`"),
            ("3\n\nH 0 0 0\nH 0 0 1\n\n", 1, "frame 0 must have 3 atoms, but the file ends after 2"),
            ("1\n\nH inf 0 0\n", 3, "x is `inf`, not a number"),
            ("1\nProperties=pos:R:3:species:S:1\nH 0 0 0\n", 2, "the columns are `pos:r:3:species:s:1`"),
            ("1\n\nH 0 0 0\n2\n\nH 0 0 0\nH 0 0 1", 4, "frame 1 has 2 atoms, but frame 0 has 1"),
            ("2\n\nH 0 0 0\nO 0 0 1\n2\n\nH 0 0 0\nC 0 0 1", 8, "atom 1 of frame 1 is C, but O in frame 0"),
        ] {
            assert_eq!(wrong(text), [(line, message.to_owned())], "{text:?}");
        }
    }
}
