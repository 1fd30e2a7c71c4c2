//! What is in a molecule block of psi4?
//!
//! Within `molecule name { ... }` or `geometry("""...""")` of an input file, or alone: fragments with charges and multiplicities, and
//! keywords (psi4 manual, "Geometry"). Lengths are in angstrom unless `units` says otherwise.
use super::{MoleculeBlocks, excerpt, fragment_blocks, is_integer};
use crate::campaigns::fragments::section::LengthUnit;
use crate::problem::LineProblem;

/// A molecule section of an input file.
#[derive(Debug)]
pub struct MoleculeInput<'a> {
    pub blocks: MoleculeBlocks<'a>,
    /// The unit that the file specifies, and its line.
    pub unit: Option<(usize, LengthUnit)>,
    /// What changes no result.
    pub notes: Vec<String>,
}

/// Keywords that change neither energies nor the order of atoms.
const IGNORED: [&str; 9] = [
    "no_com",
    "nocom",
    "fix_com",
    "no_reorient",
    "noreorient",
    "fix_orientation",
    "symmetry",
    "point_group",
    "fix_symmetry",
];
/// Beginnings of the molecule of a psi4 script in Python.
const CALLS: [&str; 4] = ["geometry(\"\"\"", "geometry('''", "from_data(\"\"\"", "from_string(\"\"\""];

/// Lines with their numbers, from 1.
type NumberedLines<'a> = Vec<(usize, &'a str)>;

/// The lines of the molecule block of `text`, which must be the only one, and whether it is marked; all lines where none is.
fn block_lines(text: &str) -> Result<(NumberedLines<'_>, bool), LineProblem> {
    let mut blocks = Vec::<(usize, NumberedLines)>::new();
    let mut end: Option<&str> = None;
    for (line, text) in (1..).zip(text.lines()) {
        let mut rest = text;
        if end.is_none() {
            let Some((begin, mark)) = block_start(text) else { continue };
            (rest, end) = (&text[begin..], Some(mark));
            blocks.push((line, Vec::new()));
        }
        let Some(mark) = end else { continue };
        let content = rest.split(mark).next().unwrap_or_default();
        if rest.contains(mark) {
            end = None;
        }
        blocks.last_mut().into_iter().for_each(|(_, lines)| lines.push((line, content)));
    }
    match &mut blocks[..] {
        [] => Ok(((1..).zip(text.lines()).collect(), false)),
        [(line, _)] if end.is_some() => {
            Err(LineProblem::new(*line, "the molecule block that begins here has no end", "close it, with `}`"))
        }
        [(_, lines)] => Ok((std::mem::take(lines), true)),
        [(first, _), (second, _), ..] => {
            let message = format!("there are several molecule blocks: the first is in line {first}");
            Err(LineProblem::new(*second, message, "keep one block, or copy one to a file of its own"))
        }
    }
}

/// Where the contents of a block begin in a line, and the text that ends them.
pub fn block_start(text: &str) -> Option<(usize, &'static str)> {
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.trim_start().strip_prefix("molecule") {
        let name = rest.split('{').next().unwrap_or_default();
        let is_name = name.trim().chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if rest.contains('{') && is_name && (name.is_empty() || name.starts_with(char::is_whitespace)) {
            return Some((text.find('{')? + 1, "}"));
        }
    }
    let call = CALLS.iter().find(|call| lower.contains(*call))?;
    Some((lower.find(call)? + call.len(), if call.ends_with('"') { "\"\"\"" } else { "'''" }))
}

/// Whether a text without marks is a molecule block, by its first lines and keywords.
pub fn is_bare_block(text: &str) -> bool {
    let mut lines = text.lines().map(|line| line.split(['#', '!']).next().unwrap_or_default().trim());
    let mut lines = lines.by_ref().filter(|line| !line.is_empty()).peekable();
    match lines.peek() {
        None => return false,
        // An xyz file.
        Some(first) if is_integer(first) => return false,
        Some(first) if super::charge_pairs::bare(first).is_some() => return lines.count() > 1,
        Some(_) => {}
    }
    lines.any(|line| fragment_blocks::is_separator(line) || keyword(line).is_some())
}

/// The keyword that a line consists of.
fn keyword(text: &str) -> Option<(&'static str, String)> {
    let lower = text.trim().to_ascii_lowercase();
    let (word, rest) = lower.split_once(|c: char| c.is_whitespace() || c == '=').unwrap_or((&lower, ""));
    let known = IGNORED.iter().chain(&["units", "unit", "input_units_to_au"]).find(|known| **known == word)?;
    let values = rest.trim_matches(|c: char| c.is_whitespace() || c == '=');
    Some((known, values.to_owned()))
}

/// The molecule of `text`, or all of its faults.
pub fn parse(text: &str) -> Result<MoleculeInput<'_>, Vec<LineProblem>> {
    let (lines, is_marked) = block_lines(text)?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    let mut input = MoleculeInput { blocks: MoleculeBlocks::default(), unit: None, notes: Vec::new() };
    for (line, text) in lines {
        let text = text.split(['#', '!']).next().unwrap_or_default().trim();
        if let Some(refusal) = refusal(text) {
            problems.push(refusal.at_line(line));
            continue;
        }
        match keyword(text) {
            None => rows.push((line, text)),
            Some(("units" | "unit", value)) => match unit(&value) {
                Some(unit) => input.unit = Some((line, unit)),
                None => problems.push(LineProblem::new(
                    line,
                    format!("unknown unit `{}`", excerpt(text)),
                    "write units angstrom, or units bohr",
                )),
            },
            Some(("input_units_to_au", _)) => problems.push(LineProblem::new(
                line,
                format!("`{}` is not supported", excerpt(text)),
                "convert the coordinates to angstrom or bohr and remove the line",
            )),
            Some(_) => input.notes.push(format!("line {line}: `{}` ignored; it changes no energy", excerpt(text))),
        }
    }
    if is_marked {
        input
            .notes
            .push("lines outside of the molecule block ignored: methods are those of [[fragments.level]]".into());
    }
    match MoleculeBlocks::parse(&rows) {
        Ok(blocks) => input.blocks = blocks,
        Err(more) => problems.extend(more),
    }
    if problems.is_empty() { Ok(input) } else { Err(problems) }
}

/// What a line asks for that is not supported.
fn refusal(text: &str) -> Option<crate::problem::Problem> {
    let lower = text.to_ascii_lowercase();
    let name = excerpt(text);
    let problem = |message: String, help: &str| Some(crate::problem::Problem::new(message, help));
    if lower.starts_with("pubchem:") {
        return problem(
            format!("`{name}` asks psi4 to download a molecule"),
            "write its atoms: symbol, x, y, z, as psi4 prints them",
        );
    }
    if lower.starts_with("efp ") {
        return problem(
            format!("`{name}` is an effective fragment potential, which is not supported"),
            "write its atoms: symbol, x, y, z",
        );
    }
    let (before, _) = text.split_once('=')?;
    let is_variable = before.split_whitespace().count() == 1 && keyword(text).is_none() && !before.contains('(');
    if is_variable && before.trim().chars().all(|c| c.is_alphanumeric() || c == '_') {
        return problem(
            format!("`{name}` sets a variable of a geometry"),
            "write the coordinates themselves: symbol, x, y, z",
        );
    }
    None
}

/// The unit of a name.
pub fn unit(name: &str) -> Option<LengthUnit> {
    match name.trim().to_ascii_lowercase().as_str() {
        "angstrom" | "angstroms" | "ang" | "a" => Some(LengthUnit::Angstrom),
        "bohr" | "au" | "a.u." | "atomic" => Some(LengthUnit::Bohr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> (usize, String) {
        let LineProblem { line, problem } = parse(text).unwrap_err().remove(0);
        (line, problem.message)
    }

    #[test]
    fn a_block_within_an_input_is_found() {
        let text = "memory 2 gb\n# a dimer\nmolecule dimer {\n0 1\nHe 0 0 0\n--\n0 1\nHe 0 0 3 # far\nunits bohr\nno_com\n\
                    symmetry c1\n}\nset basis sto-3g\nenergy('scf')\n";
        let input = parse(text).unwrap();
        assert_eq!(input.unit, Some((9, LengthUnit::Bohr)));
        assert_eq!(input.blocks.fragments[1].rows, [(8, "He 0 0 3")]);
        assert_eq!(input.notes.len(), 3, "{:?}", input.notes);
        let python =
            "import psi4\nmol = psi4.geometry(\"\"\"\n0 1\nHe 0 0 0\n--\nHe 0 0 3\n\"\"\")\npsi4.energy('hf')\n";
        assert_eq!(parse(python).unwrap().blocks.fragments.len(), 2);
        let inline = parse("molecule {He 0 0 0\nHe 0 0 3}").unwrap();
        assert_eq!(inline.blocks.fragments[0].rows.len(), 2);
    }

    #[test]
    fn what_is_not_supported_is_refused_by_line() {
        let atoms = "He 0 0 0\n--\nHe 0 0 3\n";
        for (text, line, message) in [
            (format!("molecule a {{\n{atoms}}}\nmolecule b {{\n{atoms}}}"), 6, "several molecule blocks"),
            (format!("molecule a {{\n{atoms}"), 1, "has no end"),
            (format!("0 1\n{atoms}units furlong"), 5, "unknown unit `units furlong`"),
            (format!("{atoms}input_units_to_au 1.88"), 4, "is not supported"),
            ("0 1\npubchem:benzene".to_owned(), 2, "download"),
            ("0 1\nO\nH 1 R\nR = 0.96".to_owned(), 4, "sets a variable"),
            ("0 1\nO\nH 1 0.96\nH 1 0.96 2 104".to_owned(), 3, "Z-matrix"),
        ] {
            let (found, reported) = first(&text);
            assert!(found == line && reported.contains(message), "{text}: {found} {reported}");
        }
    }

    #[test]
    fn bare_blocks_differ_from_lists_of_atoms() {
        let atoms = "He 0 0 0\nHe 0 0 3\n";
        for text in ["0 1\nHe 0 0 0\nHe 0 0 3", "He 0 0 0\n--\nHe 0 0 3", "He 0 0 0\nunits au", "symmetry c1\nHe 0 0 0"]
        {
            assert!(is_bare_block(text), "{text}");
        }
        for text in [atoms, "2\n0 1\nHe 0 0 0\nHe 0 0 3", "", "0 1\n", "2\n\nHe 0 0 0\nHe 0 0 3\n"] {
            assert!(!is_bare_block(text), "{text}");
        }
    }
}
