//! Which numbers does a list such as `2-4 52A 60 to 70` contain?
use super::ambiguous_number::AmbiguousNumber;
use super::atom::Atom;
use super::error::Error;
use super::tokens::Token;
use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NumberKind {
    /// The residue, with its insertion code.
    Residue,
    /// The residue, with any insertion code.
    ResidueNumber,
    /// The index of the atom, from 0.
    Index,
    /// The index of the atom, from 1.
    IndexFromOne,
    Serial,
}

impl NumberKind {
    pub fn number(self, atom: &Atom, index: usize) -> i64 {
        match self {
            NumberKind::Residue | NumberKind::ResidueNumber => atom.resid,
            NumberKind::Index => index as i64,
            NumberKind::IndexFromOne => index as i64 + 1,
            NumberKind::Serial => atom.serial,
        }
    }

    pub fn ambiguity(self, atom: &Atom) -> Option<&Arc<AmbiguousNumber>> {
        match self {
            NumberKind::Residue | NumberKind::ResidueNumber => atom.resid_ambiguity.as_ref(),
            NumberKind::Serial => atom.serial_ambiguity.as_ref(),
            NumberKind::Index | NumberKind::IndexFromOne => None,
        }
    }

    fn has_codes(self) -> bool {
        self == NumberKind::Residue
    }
}

/// Three-valued logic; in this order `and` is the minimum and `or` the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    /// The number is ambiguous.
    Unknown,
    Yes,
}

impl Truth {
    pub fn not(self) -> Self {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }
}

/// A number with an optional insertion code; without a code it precedes those with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NumberWithCode {
    number: i64,
    code: Option<char>,
}

pub(super) type Range = RangeInclusive<NumberWithCode>;

pub(super) fn is_among(kind: NumberKind, ranges: &[Range], atom: &Atom, index: usize) -> Truth {
    let code = atom.icode.filter(|_| kind.has_codes());
    let holds = |number: i64| ranges.iter().any(|range| range.contains(&NumberWithCode { number, code }));
    let Some(ambiguous) = kind.ambiguity(atom) else { return holds(kind.number(atom, index)).into() };
    if ambiguous.outside.is_none() && ambiguous.values.iter().all(|value| holds(*value)) {
        return Truth::Yes;
    }
    // Insertion codes at the ends are ignored: few files have both.
    let touches = |range: &Range| ambiguous.may_be_in(&(range.start().number..=range.end().number));
    if ranges.iter().any(touches) { Truth::Unknown } else { Truth::No }
}

pub(super) fn have_codes(ranges: &[Range]) -> bool {
    ranges.iter().any(|range| range.start().code.is_some() || range.end().code.is_some())
}

/// The ranges in a list of tokens: `4`, `52A`, `2-4`, `52A:53`, `2 to 4`, also with spaces around the sign.
pub(super) fn parse(tokens: &[Token], kind: NumberKind) -> Result<Vec<Range>, Error> {
    grouped(tokens).into_iter().map(|group| parse_range(group, kind)).collect()
}

fn parse_range(tokens: &[Token], kind: NumberKind) -> Result<Range, Error> {
    let text = tokens.iter().map(|token| &*token.text).collect::<Vec<_>>().join(" ");
    let column = tokens[0].column;
    let Some((first, last)) = range(&text) else {
        let is_invalid = |token: &&Token| !SEPARATORS.contains(&&*token.text) && range(&token.text).is_none();
        let (word, column) = match tokens.iter().find(is_invalid) {
            Some(token) => (token.text.clone(), token.column),
            None => (text, column),
        };
        return Err(Error::Number { word, column });
    };
    let has_code = first.code.is_some() || last.code.is_some();
    match first.cmp(&last) {
        _ if has_code && !kind.has_codes() => Err(Error::InsertionCode { word: text, column }),
        Ordering::Greater => Err(Error::Reversed { word: text, column }),
        _ => Ok(first..=last),
    }
}

const SEPARATORS: [&str; 3] = ["to", ":", "-"];

/// Groups of tokens, each a number or a range with spaces around its separator.
fn grouped(tokens: &[Token]) -> Vec<&[Token]> {
    let is_continued = |before: &Token, token: &Token| {
        let text = &*token.text;
        let continues = SEPARATORS.contains(&text) || text.starts_with(':') || text.starts_with("--");
        continues || SEPARATORS.iter().any(|separator| before.text.ends_with(separator))
    };
    tokens.chunk_by(is_continued).collect()
}

/// Both ends of a range; numbers may be negative.
fn range(text: &str) -> Option<(NumberWithCode, NumberWithCode)> {
    let (first, rest) = leading_number(text)?;
    if rest.is_empty() {
        return Some((first, first));
    }
    let rest = rest.trim_start();
    let rest = SEPARATORS.iter().find_map(|separator| rest.strip_prefix(separator))?;
    let (last, rest) = leading_number(rest.trim_start())?;
    rest.is_empty().then_some((first, last))
}

/// The leading number of a text, and the rest.
fn leading_number(text: &str) -> Option<(NumberWithCode, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (number, rest) = text.split_at(end + text.len() - digits.len());
    let number = number.parse().ok()?;
    let code = rest.chars().next().filter(char::is_ascii_alphabetic);
    // `2to4` is a range.
    let code = code.filter(|_| !rest.starts_with("to"));
    Some((NumberWithCode { number, code }, &rest[code.map_or(0, char::len_utf8)..]))
}
