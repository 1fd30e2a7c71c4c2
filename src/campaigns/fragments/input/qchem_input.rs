//! What is in the `$molecule` section of a Q-Chem input?
//!
//! Charge and multiplicity, and atoms in angstrom (bohr with `INPUT_BOHR TRUE` in `$rem`); in inputs of several fragments `--` and a charge
//! and a multiplicity before the atoms of each (Q-Chem manual, "Molecular coordinate input").
use super::{MoleculeBlocks, excerpt, psi4_input::MoleculeInput};
use crate::campaigns::fragments::section::LengthUnit;
use crate::problem::LineProblem;

/// Sections that hold a part of the system that would be lost.
const REFUSED: [(&str, &str); 3] = [
    ("$efp_fragments", "effective fragment potentials"),
    ("$external_charges", "point charges"),
    ("$qm_atoms", "the atoms of a QM/MM calculation"),
];

/// The lines of a section, without comments.
struct InputSection<'a> {
    /// In lower case, with the dollar sign.
    name: String,
    line: usize,
    lines: Vec<(usize, &'a str)>,
    is_closed: bool,
}

fn sections(text: &str) -> Vec<InputSection<'_>> {
    let mut sections = Vec::<InputSection>::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('!').next().unwrap_or_default().trim();
        let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        match sections.last_mut().filter(|section| !section.is_closed) {
            Some(section) if word == "$end" => section.is_closed = true,
            Some(section) if !word.starts_with('$') => section.lines.push((line, text)),
            _ if word.starts_with('$') && word != "$end" => {
                sections.push(InputSection { name: word, line, lines: Vec::new(), is_closed: false });
            }
            _ => {}
        }
    }
    sections
}

/// Whether a line begins the molecule of such an input.
pub fn is_start(text: &str) -> bool {
    text.trim().to_ascii_lowercase().starts_with("$molecule")
}

/// The molecule of `text`, or all of its faults.
pub fn parse(text: &str) -> Result<MoleculeInput<'_>, Vec<LineProblem>> {
    let sections = sections(text);
    let mut problems: Vec<LineProblem> = sections.iter().filter_map(refusal).collect();
    let reads = |section: &&InputSection| {
        section
            .lines
            .iter()
            .any(|(_, text)| text.split_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case("read")))
    };
    let molecules: Vec<&InputSection> = sections.iter().filter(|section| section.name == "$molecule").collect();
    let own: Vec<&InputSection> = molecules.iter().copied().filter(|section| !reads(section)).collect();
    let section = match own[..] {
        [section] => section,
        [] => {
            let line = molecules.first().map_or(1, |section| section.line);
            let message = "the $molecule section has no atoms of its own";
            return Err(LineProblem::new(line, message, "write charge, multiplicity and atoms into it").into());
        }
        [first, second, ..] => {
            let message = format!("there are several $molecule sections: the first is in line {}", first.line);
            let help = "keep one of them, or copy one job to a file of its own";
            return Err(LineProblem::new(second.line, message, help).into());
        }
    };
    if !section.is_closed {
        problems.push(LineProblem::new(
            section.line,
            "the $molecule section has no $end",
            "add it after the last atom",
        ));
    }
    let blocks = match MoleculeBlocks::parse(&section.lines) {
        Ok(blocks) => blocks,
        Err(more) => {
            problems.extend(more);
            MoleculeBlocks::default()
        }
    };
    let bohr = sections.iter().filter(|section| section.name == "$rem").find_map(bohr_line);
    let unit = bohr.map(|line| (line, LengthUnit::Bohr));
    let notes = vec!["sections other than $molecule ignored: methods are those of [[fragments.level]]".to_owned()];
    let notes = if sections.len() > 1 { notes } else { Vec::new() };
    if problems.is_empty() { Ok(MoleculeInput { blocks, unit, notes }) } else { Err(problems) }
}

fn refusal(section: &InputSection) -> Option<LineProblem> {
    let (_, content) = REFUSED.iter().find(|(name, _)| section.name.starts_with(name))?;
    let message = format!("`{}` holds {content}, which would be left out", excerpt(&section.name));
    let help = "remove the section, and add its atoms to $molecule; `embedding_charges` are charges of fragments";
    Some(LineProblem::new(section.line, message, help))
}

/// The line of a `$rem` section that says that coordinates are in bohr.
fn bohr_line(section: &InputSection) -> Option<usize> {
    let is_bohr = |text: &str| {
        let lower = text.to_ascii_lowercase().replace('=', " ");
        let mut words = lower.split_whitespace();
        words.next() == Some("input_bohr") && words.next().is_some_and(|word| matches!(word, "true" | "1" | "yes"))
    };
    section.lines.iter().find(|(_, text)| is_bohr(text)).map(|(line, _)| *line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: &str = "$molecule\n-1 1\n--\n-1 1\nO 0 0 0\nH 0 0 1 ! bonded\n--\n0 1\nHe 0 0 4\n$end\n";

    #[test]
    fn fragments_and_unit_are_read() {
        let text = format!("$comment\na pair\n$end\n{PAIR}$rem\nmethod hf\nINPUT_BOHR = TRUE\n$end\n");
        let input = parse(&text).unwrap();
        assert_eq!(input.blocks.total, Some((5, (-1, 1))));
        assert_eq!(input.blocks.fragments[0].rows, [(8, "O 0 0 0"), (9, "H 0 0 1")]);
        assert_eq!(input.unit, Some((16, LengthUnit::Bohr)));
        let jobs = format!("{PAIR}$rem\nmethod hf\n$end\n@@@\n$molecule\nread\n$end\n");
        assert_eq!(parse(&jobs).unwrap().blocks.fragments.len(), 2);
    }

    #[test]
    fn what_would_be_lost_is_refused_by_line() {
        for (text, line, message) in [
            (format!("{PAIR}$external_charges\n0 0 9 1.0\n$end"), 11, "point charges"),
            (format!("{PAIR}@@@\n{PAIR}"), 12, "several $molecule sections"),
            ("\n$molecule\nread\n$end".to_owned(), 2, "no atoms of its own"),
            (PAIR.replace("$end", ""), 1, "no $end"),
            ("$molecule\n0 1\nO\nH 1 0.96\nH 1 0.96 2 104\n$end".to_owned(), 4, "Z-matrix"),
        ] {
            let reported = parse(&text).unwrap_err().remove(0);
            assert!(reported.line == line && reported.problem.message.contains(message), "{text}: {reported:?}");
        }
    }
}
