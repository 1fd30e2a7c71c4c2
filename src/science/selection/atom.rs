//! What is known of an atom?
use super::ambiguous_number::AmbiguousNumber;
use super::residue_names::{NUCLEIC, PROTEIN};
use crate::science::chemistry::Element;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Atom {
    pub name: String,
    pub residue: String,
    /// Number of the residue; if it is ambiguous, one of the possible values.
    pub resid: i64,
    pub resid_ambiguity: Option<Arc<AmbiguousNumber>>,
    pub icode: Option<char>,
    /// Number of the atom in its file, from 1; if it is ambiguous, one of the possible values.
    pub serial: i64,
    pub serial_ambiguity: Option<Arc<AmbiguousNumber>>,
    /// Chain; in a file without chains the segment. Empty without either.
    pub chain: String,
    /// Segment; in a file without segments the chain.
    pub segid: String,
    /// None if the file does not contain it.
    pub element: Option<Element>,
}

impl Atom {
    /// The element in the file, or else guessed from the name without digits; ions are recognized.
    pub(super) fn guessed_element(&self) -> Option<Element> {
        if self.element.is_some() {
            return self.element;
        }
        let letters: String = self.name.chars().filter(char::is_ascii_alphabetic).collect();
        // An atom with the name of its residue is an ion: CA in CA is calcium, in ALA a carbon.
        let is_ion = self.name.eq_ignore_ascii_case(&self.residue);
        let mut shorter = letters.chars().take(1).collect::<String>();
        if is_ion || letters.to_uppercase().starts_with("CL") || letters.to_uppercase().starts_with("BR") {
            shorter = letters.chars().take(2).collect();
        }
        Element::from_symbol(&shorter).or_else(|| Element::from_symbol(&letters))
    }

    /// Name and number of the residue, as in `ALA 52A`. An ambiguous number is written as in the file.
    pub fn residue_label(&self) -> String {
        let Self { residue, resid, resid_ambiguity, icode, .. } = self;
        let number = resid_ambiguity.as_ref().map_or_else(|| resid.to_string(), |number| number.text.clone());
        let code = icode.map_or(String::new(), String::from);
        format!("{residue} {number}{code}").trim_end().to_owned()
    }

    /// Whether it belongs to a protein or a nucleic acid.
    pub fn is_of_polymer(&self) -> bool {
        PROTEIN.contains(&self.residue.as_str()) || NUCLEIC.contains(&self.residue.as_str())
    }

    pub(super) fn is_hydrogen(&self) -> bool {
        self.guessed_element().is_some_and(|element| element.number() == 1)
    }
}
