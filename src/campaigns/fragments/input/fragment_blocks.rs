//! Which fragments do the lines of a molecule section consist of?
//!
//! psi4 and Q-Chem write them alike: lines with a charge and a multiplicity, and `--` between fragments. A pair before the first `--`,
//! without atoms, is that of the whole molecule.
use super::{Pair, charge_pairs, excerpt, is_integer, symbol};
use crate::problem::LineProblem;

/// Lines of atoms between two lines of `--`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FragmentBlock<'a> {
    /// Charge and multiplicity, and their line.
    pub pair: Option<(usize, Pair)>,
    pub rows: Vec<(usize, &'a str)>,
}

/// The fragments of a molecule section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MoleculeBlocks<'a> {
    /// Charge and multiplicity of all fragments, and their line.
    pub total: Option<(usize, Pair)>,
    pub fragments: Vec<FragmentBlock<'a>>,
}

impl<'a> MoleculeBlocks<'a> {
    /// The fragments of `lines`, which have neither comments nor keywords. Fails where a fragment has no atoms or several pairs.
    pub fn parse(lines: &[(usize, &'a str)]) -> Result<Self, Vec<LineProblem>> {
        let (mut blocks, mut problems) = (Self::default(), Vec::new());
        let mut last = FragmentBlock::default();
        for &(line, text) in lines.iter().filter(|(_, text)| !text.trim().is_empty()) {
            if is_separator(text) {
                problems.extend(blocks.end_fragment(line, std::mem::take(&mut last)));
            } else if let Some(pair) = charge_pairs::bare(text) {
                let is_first = last.pair.is_none() && last.rows.is_empty();
                if !is_first {
                    let message = format!("`{}` is a second charge and multiplicity of this fragment", excerpt(text));
                    let help = "write charge and multiplicity once, before the atoms of a fragment, and `--` between fragments";
                    problems.push(LineProblem::new(line, message, help));
                }
                last.pair = Some((line, pair));
            } else {
                last.rows.push((line, text));
            }
        }
        let end = lines.last().map_or(1, |(line, _)| *line);
        problems.extend(blocks.end_fragment(end, last));
        problems.extend(blocks.z_matrix());
        if problems.is_empty() { Ok(blocks) } else { Err(problems) }
    }

    fn end_fragment(&mut self, line: usize, fragment: FragmentBlock<'a>) -> Option<LineProblem> {
        match (fragment.rows.is_empty(), fragment.pair) {
            (true, Some(total)) if self.fragments.is_empty() && self.total.is_none() => {
                self.total = Some(total);
                None
            }
            // A line `--` before the first fragment, or after the last one.
            (true, None) => None,
            (true, _) => {
                Some(LineProblem::new(line, "the fragment that ends here has no atoms", "remove one of the lines `--`"))
            }
            (false, _) => {
                self.fragments.push(fragment);
                None
            }
        }
    }

    /// The first line of a Z-matrix.
    fn z_matrix(&self) -> Option<LineProblem> {
        let rows = self.fragments.iter().flat_map(|fragment| &fragment.rows);
        z_matrix(rows.copied())
    }
}

/// Whether a line separates fragments.
pub fn is_separator(text: &str) -> bool {
    let text = text.trim();
    text.len() > 1 && text.bytes().all(|b| b == b'-')
}

/// The refusal of a Z-matrix, by the first of its lines that cannot be an atom with coordinates: a symbol, the number or label of another
/// atom and a distance.
pub fn z_matrix<'t>(rows: impl Iterator<Item = (usize, &'t str)>) -> Option<LineProblem> {
    let mut labels = Vec::<&str>::new();
    for (line, text) in rows {
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_atom = |word: &&str| {
            labels.contains(word) || (is_integer(word) && !word.starts_with(['-', '0']) && word.len() < 4)
        };
        let is_internal = matches!(words.len(), 3 | 5 | 7)
            && symbol::parse(words[0]).is_ok()
            && words[1..].iter().step_by(2).all(is_atom)
            && !words[2..].iter().step_by(2).all(|word| is_integer(word));
        if is_internal {
            let message = format!(
                "`{}` looks like a line of a Z-matrix: an atom, the number of another one, a distance",
                excerpt(text)
            );
            let help = "write Cartesian coordinates, as programs print them: symbol, x, y, z";
            return Some(LineProblem::new(line, message, help));
        }
        labels.extend(words.first().filter(|word| !is_integer(word)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MoleculeBlocks<'_>, Vec<(usize, String)>> {
        let lines: Vec<_> = (1..).zip(text.lines()).collect();
        let reported = |problems: Vec<LineProblem>| problems.into_iter().map(|one| (one.line, one.problem.message));
        MoleculeBlocks::parse(&lines).map_err(|problems| reported(problems).collect())
    }

    #[test]
    fn pairs_belong_to_fragments_or_to_all() {
        let two = parse("0 1\nHe 0 0 0\n--\n-1 2\nHe 0 0 3\n").unwrap();
        let pairs = |blocks: &MoleculeBlocks| -> Vec<_> { blocks.fragments.iter().map(|one| one.pair).collect() };
        assert_eq!((two.total, pairs(&two)), (None, vec![Some((1, (0, 1))), Some((4, (-1, 2)))]));
        let all = parse("-1 2\n--\n0 1\nHe 0 0 0\nHe 0 0 1\n--\nHe 0 0 3\n--\n").unwrap();
        assert_eq!((all.total, pairs(&all)), (Some((1, (-1, 2))), vec![Some((3, (0, 1))), None]));
        assert_eq!(all.fragments[0].rows.len(), 2);
        assert_eq!(parse("He 0 0 0\nHe 0 0 3").unwrap().fragments.len(), 1);
    }

    #[test]
    fn empty_fragments_second_pairs_and_internal_coordinates_are_refused_by_line() {
        let first = |text: &str| parse(text).unwrap_err().remove(0);
        assert_eq!(first("He 0 0 0\n--\n0 1\n--\nHe 0 0 3").0, 4);
        assert_eq!(first("0 1\nHe 0 0 0\n1 2\nHe 0 0 3").0, 3);
        for text in ["0 1\nO\nH 1 0.96\nH 1 0.96 2 104.5", "O\nH 1 R", "O\nH 1 0.96 2 A 3 D", "O1\nH1 O1 0.96"] {
            let (line, message) = first(text);
            assert!(message.contains("Z-matrix"), "{text}: {line} {message}");
        }
        assert!(parse("He 1 0.0 0.5\nHe 1 2 3").is_ok());
    }
}
