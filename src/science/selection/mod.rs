//! Which atoms does a phrase such as `protein and name CA` mean?
//!
//! The language is MDAnalysis' (docs.mdanalysis.org, "Atom selection language"), as far as it speaks of names and numbers:
//!
//! | phrase | atoms |
//! |---|---|
//! | `all`, `none` | every one, no one |
//! | `protein`, `backbone`, `nucleic`, `water` | by the names of residues and atoms, as MDAnalysis knows them |
//! | `heavy` | all but hydrogen |
//! | `name CA CB H*` | of these names; `*` is any text, `?` any character, `[AB]` one of some |
//! | `resname ALA`, `chain A` or `segid A`, `element C` | likewise |
//! | `resid 2-4 7`, `resid 2:4`, `resid 2 to 4` | of residues of these numbers, ends included |
//! | `index 0:9` | by place, counted from 0; `bynum` or `serial` by number in the file, from 1 |
//! | `not ...`, `... and ...`, `... or ...`, `( ... )` | `not` binds closest, then `and`, then `or` |
mod groups;
mod pattern;
mod phrase;
mod words;

use super::chemistry::Element;
use std::collections::BTreeSet;

/// What is known of an atom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Atom {
    pub name: String,
    /// The residue's name.
    pub residue: String,
    /// The residue's number.
    pub resid: i64,
    /// The atom's number in its file, from 1.
    pub serial: i64,
    /// The chain or segment; empty where there is none.
    pub chain: String,
    /// None where the file does not tell it.
    pub element: Option<Element>,
}

impl Atom {
    /// The element that the file tells, or else that the name does: digits left out, with regard to ions.
    fn guessed_element(&self) -> Option<Element> {
        if self.element.is_some() {
            return self.element;
        }
        let letters: String = self.name.chars().filter(char::is_ascii_alphabetic).collect();
        // An atom that has its residue's name is an ion: CA in CA is calcium, in ALA a carbon.
        let is_ion = self.name.eq_ignore_ascii_case(&self.residue);
        let mut shorter = letters.chars().take(1).collect::<String>();
        if is_ion || letters.to_uppercase().starts_with("CL") || letters.to_uppercase().starts_with("BR") {
            shorter = letters.chars().take(2).collect();
        }
        Element::of_symbol(&shorter).or_else(|| Element::of_symbol(&letters))
    }

    /// Whether it is of a chain of residues that are bonded to each other: of a protein or a nucleic acid.
    pub fn is_of_polymer(&self) -> bool {
        groups::is_protein(&self.residue) || groups::is_nucleic(&self.residue)
    }

    fn is_hydrogen(&self) -> bool {
        self.guessed_element().is_some_and(|element| element.number() == 1)
    }
}

/// Why a phrase selects nothing. Columns are counted from 0, in characters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("`{word}` (column {column}) is no word of the selection language: {}", known(.nearest))]
    Unknown { word: String, column: usize, nearest: Option<&'static str> },
    #[error("after `{word}` (column {column}) there must be {wanted}")]
    Incomplete { word: String, column: usize, wanted: &'static str },
    #[error("`{word}` (column {column}) is not expected there: join conditions by `and` or `or`")]
    Unexpected { word: String, column: usize },
    #[error("`{word}` (column {column}) is neither a number nor a range such as 2-4, 2:4 or 2 to 4")]
    Number { word: String, column: usize },
    #[error("the parenthesis in column {column} is not closed")]
    Open { column: usize },
    #[error("the selection is empty")]
    Empty,
    #[error("it matches none of the {atoms} atoms: {hint}")]
    Nothing { atoms: usize, hint: String },
}

fn known(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("it knows {}", words::ALL.join(", ")),
    }
}

/// The places of the atoms that `phrase` means, in ascending order; never none.
///
/// # Errors
/// The phrase is not of the language, or matches no atom.
pub fn select(phrase: &str, atoms: &[Atom]) -> Result<Vec<usize>, Error> {
    let condition = phrase::parse(phrase)?;
    let found: Vec<usize> = (0..atoms.len()).filter(|&place| condition.holds(&atoms[place], place)).collect();
    if found.is_empty() {
        return Err(Error::Nothing { atoms: atoms.len(), hint: hint(&condition, atoms) });
    }
    Ok(found)
}

/// Which names there are of a kind that the phrase asks for.
fn hint(condition: &phrase::Condition, atoms: &[Atom]) -> String {
    const SHOWN: usize = 20;
    let kind = condition.first_kind();
    let of = |atom: &Atom| match kind {
        Some(phrase::Kind::Residue) | None => atom.residue.clone(),
        Some(phrase::Kind::Name) => atom.name.clone(),
        Some(phrase::Kind::Chain) => atom.chain.clone(),
        Some(phrase::Kind::Element) => atom.guessed_element().map_or("?", Element::symbol).to_owned(),
    };
    if let Some((least, most)) = condition.first_numbers(atoms) {
        return format!("the numbers there are go from {least} to {most}");
    }
    let names: BTreeSet<String> = atoms.iter().map(of).collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| if name.is_empty() { "(none)" } else { name }).collect();
    let rest = if names.len() > SHOWN { ", ..." } else { "" };
    let what = match kind {
        Some(phrase::Kind::Name) => "names",
        Some(phrase::Kind::Chain) => "chains",
        Some(phrase::Kind::Element) => "elements",
        Some(phrase::Kind::Residue) | None => "residues",
    };
    format!("the {what} there are: {}{rest}", shown.join(", "))
}

#[cfg(test)]
mod tests;
