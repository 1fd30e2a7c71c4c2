//! Is a text a molecule block of psi4, and which keys express the same?
//!
//! Such a block has lines with charge and multiplicity, `--` between fragments, and keywords as `units` and `no_com` beside its atoms.
use super::atom_rows::{is_atom, is_ghost_row, is_labelled_row};
use super::{Pair, charge_pairs, is_integer};
use crate::problem::LineProblem;

/// Keywords that begin a line of such a block.
const KEYWORDS: &str =
    "units no_com nocom no_reorient noreorient symmetry point_group input_units_to_au molecule } set fix_com";
/// Lines that a message lists, and fragments that a help text spells out.
const MAX_LISTED: usize = 8;
const MAX_FRAGMENTS: usize = 32;

/// Atoms between two lines of `--`.
#[derive(Clone, Debug, Default)]
struct BlockFragment {
    atoms: Vec<usize>,
    /// Charge and multiplicity.
    pair: Option<Pair>,
}

/// The contents of a block.
#[derive(Debug, Default)]
struct MoleculeBlock<'a> {
    fragments: Vec<BlockFragment>,
    unit: Option<&'a str>,
    /// Charge and multiplicity of all fragments, from a line before the first `--`.
    total: Option<Pair>,
    /// Lines that only such a block has.
    block_lines: Vec<(usize, &'a str)>,
    ghosts: Vec<usize>,
    unknown: Vec<usize>,
    has_labels: bool,
    /// Atoms so far.
    count: usize,
}

/// The refusal of a molecule block of psi4; none for any other text.
pub fn recognize(text: &str) -> Option<LineProblem> {
    let mut block = MoleculeBlock { fragments: vec![BlockFragment::default()], ..MoleculeBlock::default() };
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if !text.is_empty() {
            block.add(line, text);
        }
    }
    // Charge and multiplicity may also be the comment of an xyz file.
    let is_xyz = text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| is_integer(line.trim()));
    let is_certain = |text: &str| !is_xyz || charge_pairs::bare(text).is_none();
    let &(line, _) = block.block_lines.first()?;
    let is_block = block.count > 0 && block.block_lines.iter().any(|(_, text)| is_certain(text));
    is_block.then(|| LineProblem::new(line, block.message(), block.help()))
}

impl<'a> MoleculeBlock<'a> {
    fn add(&mut self, line: usize, text: &'a str) {
        let lower = text.to_ascii_lowercase();
        let first = lower.split(|c: char| c.is_whitespace() || c == '=').find(|word| !word.is_empty());
        let keyword = first.filter(|word| KEYWORDS.split(' ').any(|keyword| keyword == *word));
        let pair = charge_pairs::bare(text);
        let is_separator = text.chars().all(|c| c == '-') && text.len() > 1;
        let last = self.fragments.len() - 1;
        if is_separator || pair.is_some() || keyword.is_some() {
            self.block_lines.push((line, text));
        }
        if is_separator {
            self.end_fragment();
        } else if pair.is_some() {
            self.fragments[last].pair = pair;
        } else if let Some(keyword) = keyword {
            if keyword == "units" {
                self.unit = text.split(|c: char| c.is_whitespace() || c == '=').rfind(|word| !word.is_empty());
            }
        } else if is_atom(text) || is_labelled_row(text) {
            self.has_labels |= !is_atom(text);
            self.fragments[last].atoms.push(self.count);
            self.count += 1;
        } else if is_ghost_row(text) {
            self.ghosts.push(line);
        } else {
            self.unknown.push(line);
        }
    }

    /// Without atoms before the first `--`, charge and multiplicity there are those of all fragments.
    fn end_fragment(&mut self) {
        if self.fragments.len() == 1 && self.fragments[0].atoms.is_empty() {
            self.total = std::mem::take(&mut self.fragments[0]).pair;
        } else {
            self.fragments.push(BlockFragment::default());
        }
    }

    fn message(&self) -> String {
        let shown: Vec<_> =
            self.block_lines.iter().take(MAX_LISTED).map(|(line, text)| format!("`{text}` in line {line}")).collect();
        let more = if self.block_lines.len() > MAX_LISTED { ", ..." } else { "" };
        let mut message = format!("this is a molecule block of psi4: {}{more}", shown.join(", "));
        for (what, lines) in [("ghost atoms", &self.ghosts), ("neither atoms nor known keywords", &self.unknown)] {
            if let Some(first) = lines.first() {
                message += &format!("; line {first}{}: {what}", if lines.len() > 1 { " and others" } else { "" });
            }
        }
        message
    }

    fn help(&self) -> String {
        if !self.unknown.is_empty() {
            return "write each atom as symbol, x, y, z, and set `fragments`, `charges` and `multiplicities`"
                .to_owned();
        }
        let fragments: Vec<&BlockFragment> = self.fragments.iter().filter(|one| !one.atoms.is_empty()).collect();
        let is_divided = fragments.len() > 1 && fragments.len() <= MAX_FRAGMENTS;
        let pairs: Vec<Option<Pair>> = fragments.iter().map(|fragment| fragment.pair).collect();
        let mut keys = Vec::new();
        if is_divided {
            keys.push(format!("fragments = {:?}", fragments.iter().map(|one| &one.atoms).collect::<Vec<_>>()));
            if pairs.iter().any(Option::is_some) {
                keys.push(format!(
                    "charges = {:?}",
                    pairs.iter().map(|pair| pair.map_or(0, |pair| pair.0)).collect::<Vec<_>>()
                ));
            }
            if let Some(pairs) = pairs.iter().copied().collect::<Option<Vec<Pair>>>() {
                keys.push(format!("multiplicities = {:?}", pairs.iter().map(|pair| pair.1).collect::<Vec<_>>()));
            }
        }
        let has_charges = keys.iter().any(|key| key.starts_with("charges"));
        if let Some(unit) = self.unit {
            let is_bohr = ["bohr", "au", "a.u."].contains(&unit.to_ascii_lowercase().as_str());
            keys.push(format!("units = \"{}\"", if is_bohr { "bohr" } else { "angstrom" }));
        }
        let mut help = "keep only the lines of atoms".to_owned();
        if self.has_labels {
            help += ", with element symbols instead of labels";
        }
        if !self.ghosts.is_empty() {
            help += ", without ghost atoms (simmpi adds those that each task needs)";
        }
        if !keys.is_empty() {
            help += &format!(", and set {}", keys.join(", "));
        }
        let undivided = if is_divided { None } else { pairs.first().copied().flatten() };
        if let Some((charge, multiplicity)) = self.total.or(undivided).filter(|_| !has_charges) {
            help += &format!(
                "; set `charges` and `multiplicities` of each fragment: charge {charge}, multiplicity {multiplicity} are the total"
            );
        }
        help
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_refused_with_the_keys_to_set_instead() {
        let text = "0 1\nO1 0 0 0.1\nH1 0 0.7 -0.4\nH_w 0 -0.7 -0.4\n--\n1 2\n\nO2 0 0 2.9\nH4 1 1 1 # here\nunits bohr\nno_com\n";
        let reported = recognize(text).unwrap();
        assert_eq!(reported.line, 1);
        assert_eq!(
            reported.problem.message,
            "this is a molecule block of psi4: `0 1` in line 1, `--` in line 5, `1 2` in line 6, `units bohr` in line 10, \
             `no_com` in line 11"
        );
        assert_eq!(
            reported.problem.help,
            "keep only the lines of atoms, and set fragments = [[0, 1, 2], [3, 4]], charges = [0, 1], multiplicities = [1, 2], \
             units = \"bohr\""
        );
    }

    #[test]
    fn each_kind_of_block_line_is_enough() {
        let atoms = "He 0 0 0\nHe 0 0 3\n";
        for (text, help) in [
            (format!("-1 2\n{atoms}"), "charge -1, multiplicity 2 are the total"),
            (format!("{atoms}symmetry c1"), "keep only the lines of atoms"),
            (format!("units au\n{atoms}"), "set units = \"bohr\""),
            (format!("molecule dimer {{\n{atoms}}}"), "keep only the lines of atoms"),
            ("He 0 0 0\n--\nHe 0 0 3".to_owned(), "fragments = [[0], [1]]"),
            ("0 1\n--\n1 2\nHe 0 0 0\n--\nHe 0 0 3".to_owned(), "fragments = [[0], [1]], charges = [1, 0]"),
            ("0 1\nOW 0 0 0\n--\n0 1\nHW 0 0 3".to_owned(), "instead of labels, and set fragments = [[0], [1]]"),
            ("0 1\nO\nH 1 0.96\nHe 0 0 3".to_owned(), "write each atom as symbol, x, y, z"),
            (format!("0 1\n@He 0 0 0\n{atoms}"), "without ghost atoms"),
        ] {
            let reported = recognize(&text).unwrap();
            assert!(reported.problem.help.contains(help), "{text}: {}", reported.problem.help);
        }
    }

    #[test]
    fn other_texts_are_not_blocks() {
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
