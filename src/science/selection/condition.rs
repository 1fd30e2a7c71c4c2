//! Does an atom satisfy the condition of a selection?
use super::atom::Atom;
use super::number_ranges::{self, NumberKind, Truth};
use super::residue_names::{BACKBONE, NUCLEIC, PROTEIN, WATER};
use super::wildcard;
use crate::science::chemistry::Element;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    All,
    None,
    Protein,
    Backbone,
    Nucleic,
    Water,
    Heavy,
    Text(Attribute, Vec<Vec<char>>),
    Number(NumberKind, Vec<number_ranges::Range>),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Attribute {
    Name,
    Residue,
    Chain,
    Segment,
    Element,
}

impl Condition {
    pub fn holds(&self, atom: &Atom, index: usize) -> Truth {
        match self {
            Condition::All => Truth::Yes,
            Condition::None => Truth::No,
            Condition::Protein => PROTEIN.contains(&atom.residue.as_str()).into(),
            Condition::Backbone => {
                (PROTEIN.contains(&atom.residue.as_str()) && BACKBONE.contains(&atom.name.as_str())).into()
            }
            Condition::Nucleic => NUCLEIC.contains(&atom.residue.as_str()).into(),
            Condition::Water => WATER.contains(&atom.residue.as_str()).into(),
            Condition::Heavy => (!atom.is_hydrogen()).into(),
            Condition::Text(attribute, patterns) => matches_any(*attribute, patterns, atom).into(),
            Condition::Number(kind, ranges) => number_ranges::is_among(*kind, ranges, atom, index),
            Condition::Not(inner) => inner.holds(atom, index).not(),
            Condition::And(left, right) => match left.holds(atom, index) {
                Truth::No => Truth::No,
                truth => truth.min(right.holds(atom, index)),
            },
            Condition::Or(left, right) => match left.holds(atom, index) {
                Truth::Yes => Truth::Yes,
                truth => truth.max(right.holds(atom, index)),
            },
        }
    }

    /// The kind of the first number in it that is ambiguous for the atom.
    pub fn first_ambiguity(&self, atom: &Atom, index: usize) -> Option<NumberKind> {
        self.parts().into_iter().find_map(|part| match part {
            Condition::Number(kind, _) if part.holds(atom, index) == Truth::Unknown => Some(*kind),
            _ => None,
        })
    }

    /// The elementary conditions, in order.
    fn parts(&self) -> Vec<&Condition> {
        match self {
            Condition::Not(inner) => inner.parts(),
            Condition::And(left, right) | Condition::Or(left, right) => [left.parts(), right.parts()].concat(),
            other => vec![other],
        }
    }

    pub fn first_attribute(&self) -> Option<Attribute> {
        self.parts().into_iter().find_map(|part| match part {
            Condition::Text(attribute, _) => Some(*attribute),
            _ => None,
        })
    }

    /// The smallest and the largest number among `atoms`, for a selection by numbers only.
    pub fn first_numbers(&self, atoms: &[Atom]) -> Option<(i64, i64)> {
        let parts = self.parts();
        let kind = parts.iter().find_map(|part| match part {
            Condition::Number(kind, _) => Some(*kind),
            _ => None,
        })?;
        if self.first_attribute().is_some() {
            return None;
        }
        let known = |(_, atom): &(usize, &Atom)| kind.ambiguity(atom).is_none();
        let numbers = || atoms.iter().enumerate().filter(known).map(|(index, atom)| kind.number(atom, index));
        Some((numbers().min()?, numbers().max()?))
    }

    pub fn has_insertion_codes(&self) -> bool {
        let has_code =
            |part: &&Condition| matches!(part, Condition::Number(_, ranges) if number_ranges::have_codes(ranges));
        self.parts().iter().any(has_code)
    }
}

fn matches_any(attribute: Attribute, patterns: &[Vec<char>], atom: &Atom) -> bool {
    let text = match attribute {
        Attribute::Name => &*atom.name,
        Attribute::Residue => &*atom.residue,
        Attribute::Chain => &*atom.chain,
        Attribute::Segment => &*atom.segid,
        Attribute::Element => atom.guessed_element().map_or("", Element::symbol),
    };
    // Many files write elements in capitals.
    let fold = |c: &char| if attribute == Attribute::Element { c.to_ascii_uppercase() } else { *c };
    let text: Vec<char> = text.chars().map(|c| fold(&c)).collect();
    patterns.iter().any(|wanted| wildcard::matches(&wanted.iter().map(fold).collect::<Vec<_>>(), &text))
}
