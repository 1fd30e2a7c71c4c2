//! Is a text a molecule block of psi4, and what has to be written in its place?
//!
//! Such a block has lines of charge and multiplicity, `--` between fragments, and words as `units` and `no_com` beside its atoms.
use super::number::is_whole;
use super::rows::{is_atom, is_ghost_row, is_labelled_row};
use super::xyz::Wrong;

/// Words that begin a line of such a block and are no atoms.
const WORDS: [&str; 12] = [
    "units",
    "no_com",
    "nocom",
    "no_reorient",
    "noreorient",
    "symmetry",
    "point_group",
    "input_units_to_au",
    "molecule",
    "}",
    "set",
    "fix_com",
];
/// Lines that a message lists, and fragments that a help spells out.
const LISTED: usize = 8;
const SPELT: usize = 32;

/// A part of a block between two lines of `--`.
#[derive(Clone, Debug, Default)]
struct Part {
    atoms: Vec<usize>,
    charge: Option<i32>,
    multiplicity: Option<u32>,
}

/// What a block says beside its atoms.
#[derive(Debug, Default)]
struct Block<'a> {
    parts: Vec<Part>,
    unit: Option<&'a str>,
    /// Of all fragments, where a first line says it before a first `--`.
    whole: Option<(i32, u32)>,
    /// Lines that are no atoms, with their texts.
    others: Vec<(usize, &'a str)>,
    ghosts: Vec<usize>,
    /// Lines that are nothing of all this.
    unknown: Vec<usize>,
    /// Labels stand in place of symbols.
    has_labels: bool,
    /// Atoms so far.
    count: usize,
}

/// One message for a text that is a molecule block of psi4; none where it is something else.
pub fn recognize(text: &str) -> Option<Wrong> {
    let mut block = Block { parts: vec![Part::default()], ..Block::default() };
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if !text.is_empty() {
            block.take(line, text);
        }
    }
    // The comments of an xyz file may be charge and multiplicity.
    let is_xyz = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| is_whole(line.trim()));
    let is_sign = |text: &str| !is_xyz || charge_and_multiplicity(text).is_none();
    let has_sign = block.count > 0 && block.others.iter().any(|(_, text)| is_sign(text));
    let &(line, _) = block.others.first().filter(|_| has_sign)?;
    Some(Wrong { line, message: block.message(), help: block.help() })
}

/// Charge and multiplicity, alone in a line.
fn charge_and_multiplicity(text: &str) -> Option<(i32, u32)> {
    let words: Vec<&str> = text.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
    match words[..] {
        [charge, multiplicity] if is_whole(charge) && is_whole(multiplicity) => {
            Some((charge.parse().ok()?, multiplicity.parse().ok().filter(|&multiplicity| multiplicity > 0)?))
        }
        _ => None,
    }
}

impl<'a> Block<'a> {
    fn take(&mut self, line: usize, text: &'a str) {
        let lower = text.to_ascii_lowercase();
        let mut words = lower.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
        let (first, is_last) = (words.next().unwrap_or_default(), self.parts.len() - 1);
        if text.chars().all(|c| c == '-') && text.len() > 1 {
            self.others.push((line, text));
            self.end_part();
        } else if let Some((charge, multiplicity)) = charge_and_multiplicity(text) {
            self.others.push((line, text));
            let part = &mut self.parts[is_last];
            (part.charge, part.multiplicity) = (Some(charge), Some(multiplicity));
        } else if WORDS.contains(&first) {
            self.others.push((line, text));
            if first == "units" {
                self.unit = text.split(|c: char| c.is_whitespace() || c == '=').rfind(|word| !word.is_empty());
            }
        } else if is_atom(text) || is_labelled_row(text) {
            self.has_labels |= !is_atom(text);
            self.parts[is_last].atoms.push(self.count);
            self.count += 1;
        } else if is_ghost_row(text) {
            self.ghosts.push(line);
        } else {
            self.unknown.push(line);
        }
    }

    /// What stands before a first `--` without atoms is said of all.
    fn end_part(&mut self) {
        match &self.parts[..] {
            [only] if only.atoms.is_empty() => {
                self.whole = only.charge.zip(only.multiplicity);
                self.parts[0] = Part::default();
            }
            _ => self.parts.push(Part::default()),
        }
    }

    fn message(&self) -> String {
        let shown: Vec<_> =
            self.others.iter().take(LISTED).map(|(line, text)| format!("`{text}` in line {line}")).collect();
        let more = if self.others.len() > LISTED { ", ..." } else { "" };
        let mut message = format!("this is a molecule block as psi4 reads it: {}{more}", shown.join(", "));
        for (what, lines) in [("ghost atoms", &self.ghosts), ("neither atoms nor known words", &self.unknown)] {
            if let Some(first) = lines.first() {
                message += &format!("; line {first}{}: {what}", if lines.len() > 1 { " and others" } else { "" });
            }
        }
        message
    }

    fn help(&self) -> String {
        if !self.unknown.is_empty() {
            return "give each atom as symbol, x, y and z, and fragments, charges and multiplicities by their keys"
                .to_owned();
        }
        let mut keys = Vec::new();
        let parts: Vec<&Part> = self.parts.iter().filter(|part| !part.atoms.is_empty()).collect();
        let is_divided = parts.len() > 1 && parts.len() <= SPELT;
        if is_divided {
            keys.push(format!("fragments = [{}]", joined(parts.iter().map(|part| format!("{:?}", part.atoms)))));
        }
        if is_divided && parts.iter().any(|part| part.charge.is_some()) {
            let charges = parts.iter().map(|part| part.charge.unwrap_or(0).to_string());
            keys.push(format!("charges = [{}]", joined(charges)));
        }
        if is_divided && parts.iter().all(|part| part.multiplicity.is_some()) {
            let multiplicities = parts.iter().filter_map(|part| part.multiplicity).map(|m| m.to_string());
            keys.push(format!("multiplicities = [{}]", joined(multiplicities)));
        }
        if let Some(unit) = self.unit {
            let is_bohr = ["bohr", "au", "a.u."].contains(&unit.to_ascii_lowercase().as_str());
            keys.push(format!("units = \"{}\"", if is_bohr { "bohr" } else { "angstrom" }));
        }
        let mut help = "keep the lines of atoms alone".to_owned();
        if self.has_labels {
            help += ", with symbols in place of labels";
        }
        if !self.ghosts.is_empty() {
            help += ", without ghosts (tasks get their own)";
        }
        if !keys.is_empty() {
            help += &format!(", and write {}", keys.join(", "));
        }
        let stated = parts.first().filter(|_| !is_divided).and_then(|part| part.charge.zip(part.multiplicity));
        if let Some((charge, multiplicity)) = self.whole.or(stated).filter(|_| !keys.iter().any(|k| k.starts_with('c')))
        {
            help += &format!(
                "; give `charges` and `multiplicities` of each fragment: charge {charge}, multiplicity {multiplicity} are of all"
            );
        }
        help
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_told_in_one_message_that_says_what_to_write() {
        let text = "0 1\nO1 0 0 0.1\nH1 0 0.7 -0.4\nH_w 0 -0.7 -0.4\n--\n1 2\n\nO2 0 0 2.9\nH4 1 1 1 # here\nunits bohr\nno_com\n";
        let reported = recognize(text).unwrap();
        assert_eq!(reported.line, 1);
        assert_eq!(
            reported.message,
            "this is a molecule block as psi4 reads it: `0 1` in line 1, `--` in line 5, `1 2` in line 6, `units bohr` in line 10, \
             `no_com` in line 11"
        );
        assert_eq!(
            reported.help,
            "keep the lines of atoms alone, and write fragments = [[0, 1, 2], [3, 4]], charges = [0, 1], multiplicities = [1, 2], \
             units = \"bohr\""
        );
    }

    #[test]
    fn each_sign_of_a_block_is_enough() {
        let atoms = "He 0 0 0\nHe 0 0 3\n";
        for (text, help) in [
            (format!("-1 2\n{atoms}"), "charge -1, multiplicity 2 are of all"),
            (format!("{atoms}symmetry c1"), "keep the lines of atoms alone"),
            (format!("units au\n{atoms}"), "write units = \"bohr\""),
            (format!("molecule dimer {{\n{atoms}}}"), "keep the lines of atoms alone"),
            ("He 0 0 0\n--\nHe 0 0 3".to_owned(), "fragments = [[0], [1]]"),
            ("0 1\n--\n1 2\nHe 0 0 0\n--\nHe 0 0 3".to_owned(), "fragments = [[0], [1]], charges = [1, 0]"),
            ("0 1\nOW 0 0 0\n--\n0 1\nHW 0 0 3".to_owned(), "in place of labels, and write fragments = [[0], [1]]"),
            ("0 1\nO\nH 1 0.96\nHe 0 0 3".to_owned(), "give each atom as symbol, x, y and z"),
            (format!("0 1\n@He 0 0 0\n{atoms}"), "without ghosts"),
        ] {
            let reported = recognize(&text).unwrap();
            assert!(reported.help.contains(help), "{text}: {}", reported.help);
        }
    }

    #[test]
    fn other_texts_are_no_blocks() {
        for text in [
            "2\n0 1\nHe 0 0 0\nHe 0 0",
            "He 0 0 0\nHe 0 0 3",
            "O1 0 0 0\nHx 0 0 1",
            "2\n\nHe 0 0 0\nHe 0 0 3",
            "",
            "0 1\n",
        ] {
            assert!(recognize(text).is_none(), "{text}");
        }
    }
}
