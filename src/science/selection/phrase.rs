//! What does a phrase say?
use super::words::{ALL, Word, split};
use super::{Atom, Error, groups, pattern};
use crate::science::chemistry::Element;
use std::ops::RangeInclusive;

/// A condition that an atom fulfils or not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    All,
    None,
    Protein,
    Backbone,
    Nucleic,
    Water,
    Heavy,
    Text(Kind, Vec<Vec<char>>),
    Number(Count, Vec<RangeInclusive<i64>>),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

/// What a pattern is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Name,
    Residue,
    Chain,
    Element,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Count {
    Residue,
    Place,
    Serial,
}

impl Count {
    fn of(self, atom: &Atom, place: usize) -> i64 {
        match self {
            Count::Residue => atom.resid,
            Count::Place => place as i64,
            Count::Serial => atom.serial,
        }
    }
}

impl Condition {
    /// Whether the atom at `place` fulfils it.
    pub fn holds(&self, atom: &Atom, place: usize) -> bool {
        match self {
            Condition::All => true,
            Condition::None => false,
            Condition::Protein => groups::is_protein(&atom.residue),
            Condition::Backbone => groups::is_protein(&atom.residue) && groups::is_backbone(&atom.name),
            Condition::Nucleic => groups::is_nucleic(&atom.residue),
            Condition::Water => groups::is_water(&atom.residue),
            Condition::Heavy => !atom.is_hydrogen(),
            Condition::Text(kind, patterns) => matches_any(*kind, patterns, atom),
            Condition::Number(count, ranges) => ranges.iter().any(|range| range.contains(&count.of(atom, place))),
            Condition::Not(inner) => !inner.holds(atom, place),
            Condition::And(left, right) => left.holds(atom, place) && right.holds(atom, place),
            Condition::Or(left, right) => left.holds(atom, place) || right.holds(atom, place),
        }
    }

    /// The conditions that it consists of, first ones first.
    fn parts(&self) -> Vec<&Condition> {
        match self {
            Condition::Not(inner) => inner.parts(),
            Condition::And(left, right) | Condition::Or(left, right) => [left.parts(), right.parts()].concat(),
            other => vec![other],
        }
    }

    /// Of what the first pattern in it is.
    pub fn first_kind(&self) -> Option<Kind> {
        self.parts().into_iter().find_map(|part| match part {
            Condition::Text(kind, _) => Some(*kind),
            _ => None,
        })
    }

    /// The least and the largest number there is, where only numbers are asked for.
    pub fn first_numbers(&self, atoms: &[Atom]) -> Option<(i64, i64)> {
        let parts = self.parts();
        let count = parts.iter().find_map(|part| match part {
            Condition::Number(count, _) => Some(*count),
            _ => None,
        })?;
        if self.first_kind().is_some() {
            return None;
        }
        let numbers = || atoms.iter().enumerate().map(|(place, atom)| count.of(atom, place));
        Some((numbers().min()?, numbers().max()?))
    }
}

fn matches_any(kind: Kind, patterns: &[Vec<char>], atom: &Atom) -> bool {
    let text = match kind {
        Kind::Name => &*atom.name,
        Kind::Residue => &*atom.residue,
        Kind::Chain => &*atom.chain,
        Kind::Element => atom.guessed_element().map_or("", Element::symbol),
    };
    // Elements are written in capitals in many files.
    let fold = |c: &char| if kind == Kind::Element { c.to_ascii_uppercase() } else { *c };
    let text: Vec<char> = text.chars().map(|c| fold(&c)).collect();
    patterns.iter().any(|wanted| pattern::matches(&wanted.iter().map(fold).collect::<Vec<_>>(), &text))
}

/// The condition that a phrase is.
///
/// # Errors
/// It is not of the language.
pub(super) fn parse(phrase: &str) -> Result<Condition, Error> {
    let words = split(phrase);
    let mut parser = Parser { words: &words, at: 0 };
    if words.is_empty() {
        return Err(Error::Empty);
    }
    let condition = parser.either()?;
    match parser.peek() {
        None => Ok(condition),
        Some(word) => Err(Error::Unexpected { word: word.text.clone(), column: word.column }),
    }
}

struct Parser<'a> {
    words: &'a [Word],
    at: usize,
}

const CONDITION: &str = "a condition such as `name CA`";

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Word> {
        self.words.get(self.at)
    }

    fn accept(&mut self, text: &str) -> bool {
        let is_there = self.peek().is_some_and(|word| word.text == text);
        self.at += usize::from(is_there);
        is_there
    }

    /// What is missing after the last word taken.
    fn incomplete(&self, wanted: &'static str) -> Error {
        let last = self.at.checked_sub(1).and_then(|at| self.words.get(at));
        let (word, column) = last.map_or((String::new(), 0), |word| (word.text.clone(), word.column));
        Error::Incomplete { word, column, wanted }
    }

    fn either(&mut self) -> Result<Condition, Error> {
        let mut condition = self.both()?;
        while self.accept("or") {
            condition = Condition::Or(condition.into(), self.both()?.into());
        }
        Ok(condition)
    }

    fn both(&mut self) -> Result<Condition, Error> {
        let mut condition = self.single()?;
        while self.accept("and") {
            condition = Condition::And(condition.into(), self.single()?.into());
        }
        Ok(condition)
    }

    fn single(&mut self) -> Result<Condition, Error> {
        let Some(word) = self.peek() else { return Err(self.incomplete(CONDITION)) };
        self.at += 1;
        Ok(match &*word.text {
            "not" => Condition::Not(self.single()?.into()),
            "(" => {
                let inner = self.either()?;
                match self.peek() {
                    _ if self.accept(")") => inner,
                    Some(word) => return Err(Error::Unexpected { word: word.text.clone(), column: word.column }),
                    None => return Err(Error::Open { column: word.column }),
                }
            }
            "all" => Condition::All,
            "none" => Condition::None,
            "protein" => Condition::Protein,
            "backbone" => Condition::Backbone,
            "nucleic" => Condition::Nucleic,
            "water" => Condition::Water,
            "heavy" => Condition::Heavy,
            "name" => Condition::Text(Kind::Name, self.patterns()?),
            "resname" => Condition::Text(Kind::Residue, self.patterns()?),
            "chain" | "segid" | "chainID" => Condition::Text(Kind::Chain, self.patterns()?),
            "element" => Condition::Text(Kind::Element, self.patterns()?),
            "resid" | "resnum" => Condition::Number(Count::Residue, self.ranges()?),
            "index" => Condition::Number(Count::Place, self.ranges()?),
            "bynum" | "serial" => Condition::Number(Count::Serial, self.ranges()?),
            "and" | "or" | ")" => {
                return Err(Error::Unexpected { word: word.text.clone(), column: word.column });
            }
            text => return Err(Error::Unknown { word: text.to_owned(), column: word.column, nearest: nearest(text) }),
        })
    }

    /// The words up to the next that has a meaning of its own.
    fn list(&mut self, wanted: &'static str) -> Result<&'a [Word], Error> {
        let rest = &self.words[self.at..];
        let count = rest.iter().position(Word::is_keyword).unwrap_or(rest.len());
        if count == 0 {
            return Err(self.incomplete(wanted));
        }
        self.at += count;
        Ok(&rest[..count])
    }

    fn patterns(&mut self) -> Result<Vec<Vec<char>>, Error> {
        Ok(self.list("one name at least")?.iter().map(|word| word.text.chars().collect()).collect())
    }

    fn ranges(&mut self) -> Result<Vec<RangeInclusive<i64>>, Error> {
        let words = self.list("one number at least")?;
        let mut ranges: Vec<RangeInclusive<i64>> = Vec::new();
        let mut place = 0;
        while place < words.len() {
            let Word { text, column } = &words[place];
            let bad = || Error::Number { word: text.clone(), column: *column };
            let range = range(text).ok_or_else(bad)?;
            match words[place + 1..] {
                [ref to, ref last, ..] if to.text == "to" => {
                    let bad = || Error::Number { word: last.text.clone(), column: last.column };
                    ranges.push(*range.start()..=last.text.parse().map_err(|_| bad())?);
                    place += 3;
                }
                _ => {
                    ranges.push(range);
                    place += 1;
                }
            }
        }
        Ok(ranges)
    }
}

/// `4`, `2-4` or `2:4`; numbers may be negative.
fn range(text: &str) -> Option<RangeInclusive<i64>> {
    if let Ok(number) = text.parse() {
        return Some(number..=number);
    }
    let (first, last) = text.split_once(':').or_else(|| {
        let (at, _) = text.char_indices().skip(1).find(|(_, c)| *c == '-')?;
        Some((&text[..at], &text[at + 1..]))
    })?;
    Some(first.parse().ok()?..=last.parse().ok()?)
}

/// The word of the language that differs least, where it is near.
fn nearest(text: &str) -> Option<&'static str> {
    let distance = |word: &&&str| strsim::damerau_levenshtein(&text.to_lowercase(), word);
    ALL.iter().min_by_key(distance).filter(|word| distance(word) <= 1.max(text.len() / 3)).copied()
}
