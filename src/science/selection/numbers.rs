//! Which numbers does a list such as `2-4 52A 60 to 70` mean?
use super::words::Word;
use super::{Atom, Doubt, Error};
use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Count {
    /// Residues, by number and insertion code.
    Residue,
    /// Residues, whatever their insertion codes.
    ResidueNumber,
    /// Atoms from 0.
    Place,
    /// Atoms from 1.
    PlaceFromOne,
    Serial,
}

impl Count {
    /// The number of an atom.
    pub fn of(self, atom: &Atom, place: usize) -> i64 {
        match self {
            Count::Residue | Count::ResidueNumber => atom.resid,
            Count::Place => place as i64,
            Count::PlaceFromOne => place as i64 + 1,
            Count::Serial => atom.serial,
        }
    }

    /// Why that is not known.
    pub fn doubt(self, atom: &Atom) -> Option<&Arc<Doubt>> {
        match self {
            Count::Residue | Count::ResidueNumber => atom.resid_doubt.as_ref(),
            Count::Serial => atom.serial_doubt.as_ref(),
            Count::Place | Count::PlaceFromOne => None,
        }
    }

    fn has_codes(self) -> bool {
        self == Count::Residue
    }
}

/// Whether a condition holds; the order is such that `and` is the least of both and `or` the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    /// The number cannot be known from the file.
    InDoubt,
    Yes,
}

impl Truth {
    pub fn not(self) -> Self {
        match self {
            Truth::No => Truth::Yes,
            Truth::InDoubt => Truth::InDoubt,
            Truth::Yes => Truth::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }
}

/// A number, and the insertion code behind it. Without a code it comes before all with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Numbered {
    number: i64,
    code: Option<char>,
}

/// Numbers with both ends.
pub(super) type Range = RangeInclusive<Numbered>;

/// Whether the number of an atom is in one of `ranges`.
pub(super) fn is_among(count: Count, ranges: &[Range], atom: &Atom, place: usize) -> Truth {
    let code = atom.icode.filter(|_| count.has_codes());
    let holds = |number: i64| ranges.iter().any(|range| range.contains(&Numbered { number, code }));
    let Some(doubt) = count.doubt(atom) else { return holds(count.of(atom, place)).into() };
    if doubt.outside.is_none() && doubt.values.iter().all(|value| holds(*value)) {
        return Truth::Yes;
    }
    // Codes are left out of account at the ends: few files have both.
    let touches = |range: &Range| doubt.may_be_in(&(range.start().number..=range.end().number));
    if ranges.iter().any(touches) { Truth::InDoubt } else { Truth::No }
}

/// Whether an end of a range has an insertion code.
pub(super) fn have_codes(ranges: &[Range]) -> bool {
    ranges.iter().any(|range| range.start().code.is_some() || range.end().code.is_some())
}

/// The ranges that a list of words means: `4`, `52A`, `2-4`, `52A:53`, `2 to 4`, also with spaces about the sign.
///
/// # Errors
/// A word is no number, or a range runs backwards.
pub(super) fn parse(words: &[Word], count: Count) -> Result<Vec<Range>, Error> {
    joined(words).into_iter().map(|group| parse_range(group, count)).collect()
}

fn parse_range(words: &[Word], count: Count) -> Result<Range, Error> {
    let text = words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ");
    let column = words[0].column;
    let Some((first, last)) = range(&text) else {
        let is_faulty = |word: &&Word| !SIGNS.contains(&&*word.text) && range(&word.text).is_none();
        let (word, column) = match words.iter().find(is_faulty) {
            Some(word) => (word.text.clone(), word.column),
            None => (text, column),
        };
        return Err(Error::Number { word, column });
    };
    let has_code = first.code.is_some() || last.code.is_some();
    match first.cmp(&last) {
        _ if has_code && !count.has_codes() => Err(Error::Code { word: text, column }),
        Ordering::Greater => Err(Error::Backwards { word: text, column }),
        _ => Ok(first..=last),
    }
}

/// Signs of a range.
const SIGNS: [&str; 3] = ["to", ":", "-"];

/// Groups of words, each of which is a number or a range with spaces about its sign.
fn joined(words: &[Word]) -> Vec<&[Word]> {
    let is_one = |before: &Word, word: &Word| {
        let text = &*word.text;
        let continues = SIGNS.contains(&text) || text.starts_with(':') || text.starts_with("--");
        continues || SIGNS.iter().any(|sign| before.text.ends_with(sign))
    };
    words.chunk_by(is_one).collect()
}

/// Both ends of a range; numbers may be negative.
fn range(text: &str) -> Option<(Numbered, Numbered)> {
    let (first, rest) = numbered(text)?;
    if rest.is_empty() {
        return Some((first, first));
    }
    let rest = rest.trim_start();
    let rest = SIGNS.iter().find_map(|sign| rest.strip_prefix(sign))?;
    let (last, rest) = numbered(rest.trim_start())?;
    rest.is_empty().then_some((first, last))
}

/// The number that a text begins with, and what follows.
fn numbered(text: &str) -> Option<(Numbered, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (number, rest) = text.split_at(end + text.len() - digits.len());
    let number = number.parse().ok()?;
    let code = rest.chars().next().filter(char::is_ascii_alphabetic);
    // `2to4` is a range.
    let code = code.filter(|_| !rest.starts_with("to"));
    Some((Numbered { number, code }, &rest[code.map_or(0, char::len_utf8)..]))
}
