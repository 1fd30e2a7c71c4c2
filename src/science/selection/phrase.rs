//! What does a phrase say?
use super::numbers::{self, Count, Truth};
use super::words::{ALL, Word, split};
use super::{Atom, Error, groups, pattern};
use crate::science::chemistry::Element;

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
    Number(Count, Vec<numbers::Range>),
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
    Segment,
    Element,
}

impl Condition {
    /// Whether the atom at `place` fulfils it.
    pub fn holds(&self, atom: &Atom, place: usize) -> Truth {
        match self {
            Condition::All => Truth::Yes,
            Condition::None => Truth::No,
            Condition::Protein => groups::is_protein(&atom.residue).into(),
            Condition::Backbone => (groups::is_protein(&atom.residue) && groups::is_backbone(&atom.name)).into(),
            Condition::Nucleic => groups::is_nucleic(&atom.residue).into(),
            Condition::Water => groups::is_water(&atom.residue).into(),
            Condition::Heavy => (!atom.is_hydrogen()).into(),
            Condition::Text(kind, patterns) => matches_any(*kind, patterns, atom).into(),
            Condition::Number(count, ranges) => numbers::is_among(*count, ranges, atom, place),
            Condition::Not(inner) => inner.holds(atom, place).not(),
            Condition::And(left, right) => match left.holds(atom, place) {
                Truth::No => Truth::No,
                truth => truth.min(right.holds(atom, place)),
            },
            Condition::Or(left, right) => match left.holds(atom, place) {
                Truth::Yes => Truth::Yes,
                truth => truth.max(right.holds(atom, place)),
            },
        }
    }

    /// What the first number in it that is in doubt for the atom counts.
    pub fn first_doubt(&self, atom: &Atom, place: usize) -> Option<Count> {
        self.parts().into_iter().find_map(|part| match part {
            Condition::Number(count, _) if part.holds(atom, place) == Truth::InDoubt => Some(*count),
            _ => None,
        })
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
        let known = |(_, atom): &(usize, &Atom)| count.doubt(atom).is_none();
        let numbers = || atoms.iter().enumerate().filter(known).map(|(place, atom)| count.of(atom, place));
        Some((numbers().min()?, numbers().max()?))
    }

    /// Whether it names an insertion code.
    pub fn asks_for_codes(&self) -> bool {
        let has_code = |part: &&Condition| matches!(part, Condition::Number(_, ranges) if numbers::have_codes(ranges));
        self.parts().iter().any(has_code)
    }
}

fn matches_any(kind: Kind, patterns: &[Vec<char>], atom: &Atom) -> bool {
    let text = match kind {
        Kind::Name => &*atom.name,
        Kind::Residue => &*atom.residue,
        Kind::Chain => &*atom.chain,
        Kind::Segment => &*atom.segid,
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
            "chain" | "chainID" => Condition::Text(Kind::Chain, self.patterns()?),
            "segid" => Condition::Text(Kind::Segment, self.patterns()?),
            "element" => Condition::Text(Kind::Element, self.patterns()?),
            "resid" => self.numbers(Count::Residue)?,
            "resnum" => self.numbers(Count::ResidueNumber)?,
            "index" => self.numbers(Count::Place)?,
            "bynum" => self.numbers(Count::PlaceFromOne)?,
            "serial" => self.numbers(Count::Serial)?,
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

    fn numbers(&mut self, count: Count) -> Result<Condition, Error> {
        Ok(Condition::Number(count, numbers::parse(self.list("one number at least")?, count)?))
    }
}

/// The word of the language that differs least, where it is near.
fn nearest(text: &str) -> Option<&'static str> {
    let distance = |word: &&&str| strsim::damerau_levenshtein(&text.to_lowercase(), word);
    ALL.iter().min_by_key(distance).filter(|word| distance(word) <= 1.max(text.len() / 3)).copied()
}
