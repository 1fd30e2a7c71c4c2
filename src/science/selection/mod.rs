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
//! | `resname ALA`, `chain A` or `chainID A`, `segid PROA`, `element C` | likewise |
//! | `resid 2-4 7`, `resid 2:4`, `resid 2 to 4` | of residues of these numbers, ends included |
//! | `resid 52A`, `resid 52A-53` | with an insertion code; `resid 52` is the residue without one. In a range numbers come in the order 52, 52A, 52B, 53 |
//! | `resnum 52` | of residues of this number, whatever the insertion code |
//! | `index 0:9`, `bynum 1:10` | by place, counted from 0 and from 1 |
//! | `serial 1:10` | by the atom's number in the file |
//! | `not ...`, `... and ...`, `... or ...`, `( ... )` | `not` binds closest, then `and`, then `or` |
//!
//! A number of a residue or atom that cannot be known, since its field was too narrow, has its [`Doubt`]. A phrase is refused where it depends on
//! one of these, and only there.
mod doubt;
mod groups;
mod numbers;
mod pattern;
mod phrase;
mod words;

pub use doubt::Doubt;

use super::chemistry::Element;
use numbers::{Count, Truth};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is known of an atom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Atom {
    pub name: String,
    /// The residue's name.
    pub residue: String,
    /// The residue's number; where that is in doubt, one of those it may be.
    pub resid: i64,
    pub resid_doubt: Option<Arc<Doubt>>,
    /// The letter behind the residue's number.
    pub icode: Option<char>,
    /// The atom's number in its file, from 1; where that is in doubt, one of those it may be.
    pub serial: i64,
    pub serial_doubt: Option<Arc<Doubt>>,
    /// The chain; in a file without chains the segment. Empty where there is neither.
    pub chain: String,
    /// The segment; in a file without segments the chain.
    pub segid: String,
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

    /// The residue's name and number, as in `ALA 52A`. A number in doubt is as it is written in the file.
    pub fn residue_label(&self) -> String {
        let Self { residue, resid, resid_doubt, icode, .. } = self;
        let number = resid_doubt.as_ref().map_or_else(|| resid.to_string(), |doubt| doubt.text.clone());
        let code = icode.map_or(String::new(), String::from);
        format!("{residue} {number}{code}").trim_end().to_owned()
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
    #[error("`{word}` (column {column}) runs backwards: give the lower number first")]
    Backwards { word: String, column: usize },
    #[error("`{word}` (column {column}) has an insertion code, which only `resid` takes")]
    Code { word: String, column: usize },
    #[error(
        "it depends on {what} that cannot be known from the file, of {label} (atom {atom}, counted from 0){more}: {doubt}; \
         select by names or `index` there, or name a structure whose numbers fit their field"
    )]
    Doubt { what: &'static str, label: String, atom: usize, more: String, doubt: Arc<Doubt> },
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
/// The phrase is not of the language, matches no atom, or asks for numbers that are in doubt.
pub fn select(phrase: &str, atoms: &[Atom]) -> Result<Vec<usize>, Error> {
    let condition = phrase::parse(phrase)?;
    let (mut found, mut in_doubt) = (Vec::new(), Vec::new());
    for (place, atom) in atoms.iter().enumerate() {
        match condition.holds(atom, place) {
            Truth::Yes => found.push(place),
            Truth::InDoubt => in_doubt.push(place),
            Truth::No => {}
        }
    }
    if let Some(error) = in_doubt.first().and_then(|&place| doubted(&condition, atoms, place, in_doubt.len())) {
        return Err(error);
    }
    if found.is_empty() {
        return Err(Error::Nothing { atoms: atoms.len(), hint: hint(&condition, atoms) });
    }
    Ok(found)
}

/// The error of a condition that cannot be decided for `count` atoms, the first of which stands at `place`.
fn doubted(condition: &phrase::Condition, atoms: &[Atom], place: usize, count: usize) -> Option<Error> {
    let atom = &atoms[place];
    let count_of = condition.first_doubt(atom, place)?;
    let what = if count_of == Count::Serial { "atom numbers" } else { "residue numbers" };
    let chain = if atom.chain.is_empty() { String::new() } else { format!(" in chain {}", atom.chain) };
    let label = format!("{} of {}{chain}", atom.name, atom.residue);
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    Some(Error::Doubt { what, label, atom: place, more, doubt: Arc::clone(count_of.doubt(atom)?) })
}

/// Which names there are of a kind that the phrase asks for.
fn hint(condition: &phrase::Condition, atoms: &[Atom]) -> String {
    const SHOWN: usize = 20;
    let kind = condition.first_kind();
    let of = |atom: &Atom| match kind {
        Some(phrase::Kind::Residue) | None => atom.residue.clone(),
        Some(phrase::Kind::Name) => atom.name.clone(),
        Some(phrase::Kind::Chain) => atom.chain.clone(),
        Some(phrase::Kind::Segment) => atom.segid.clone(),
        Some(phrase::Kind::Element) => atom.guessed_element().map_or("?", Element::symbol).to_owned(),
    };
    if let Some((least, most)) = condition.first_numbers(atoms) {
        let codes = if condition.asks_for_codes() { insertion_codes(atoms) } else { String::new() };
        return format!("the numbers there are go from {least} to {most}{codes}");
    }
    let names: BTreeSet<String> = atoms.iter().map(of).collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(|name| if name.is_empty() { "(none)" } else { name }).collect();
    let rest = if names.len() > SHOWN { ", ..." } else { "" };
    let what = match kind {
        Some(phrase::Kind::Name) => "names",
        Some(phrase::Kind::Chain) => "chains",
        Some(phrase::Kind::Segment) => "segments",
        Some(phrase::Kind::Element) => "elements",
        Some(phrase::Kind::Residue) | None => "residues",
    };
    format!("the {what} there are: {}{rest}", shown.join(", "))
}

/// Which insertion codes there are, or that there are none.
fn insertion_codes(atoms: &[Atom]) -> String {
    const SHOWN: usize = 5;
    let mut labels: Vec<String> = atoms.iter().filter(|atom| atom.icode.is_some()).map(Atom::residue_label).collect();
    labels.dedup();
    if labels.is_empty() {
        return "; no residue has an insertion code".into();
    }
    let rest = if labels.len() > SHOWN { ", ..." } else { "" };
    labels.truncate(SHOWN);
    format!("; with an insertion code there are {}{rest}", labels.join(", "))
}

#[cfg(test)]
mod tests;
