//! In which line stands what a comment states, and can it be meant?
use super::origin::{Given, Origin};
use super::stated::{self, Stated};
use super::xyz::Frame;
use crate::config::{Config, Fault};
use crate::science::chemistry::Element;

/// What the comments of some frames state.
#[derive(Clone)]
pub struct Statement<'a> {
    config: &'a Config,
    key: &'static str,
    /// The line of the first of these comments, as messages call it.
    pub place: String,
    pub comment: String,
    pub stated: Stated,
}

/// Characters of a comment that are shown.
const SHOWN: usize = 80;
/// More unpaired electrons for each atom are none that a comment would state.
const MOST_UNPAIRED: usize = 8;

/// Different statements of the comments of `frames`, where any states something. `place` names a line in messages.
pub fn statements<'a>(
    config: &'a Config,
    key: &'static str,
    frames: &[Frame],
    place: impl Fn(usize) -> String,
) -> Vec<Statement<'a>> {
    let mut all: Vec<Stated> = frames.iter().map(|frame| stated::read(frame.comment.1)).collect();
    // Pairs of numbers that change from frame to frame count frames.
    let mut pairs = all.iter().filter_map(pair_of);
    let first = pairs.next();
    let pairs_count = pairs.any(|other| Some(other) != first);
    for (frame, stated) in frames.iter().zip(&mut all) {
        let counts = pairs_count && pair_of(stated).is_some();
        *stated = if counts { Stated::default() } else { plausible(std::mem::take(stated), &frame.elements) };
    }
    let mut found = Vec::<Statement>::new();
    for (frame, stated) in frames.iter().zip(all) {
        if !found.iter().any(|statement| statement.stated == stated) {
            let (line, comment) = frame.comment;
            let comment = comment.trim().chars().take(SHOWN).collect();
            found.push(Statement { config, key, place: place(line), comment, stated });
        }
    }
    if found.iter().all(|statement| statement.stated.is_nothing()) { Vec::new() } else { found }
}

/// Two numbers whose meaning no word tells.
fn pair_of(stated: &Stated) -> Option<(i32, u32)> {
    let bare = stated.is_bare.then_some(stated.charge.zip(stated.multiplicity)).flatten();
    bare.or(stated.hint)
}

/// What two numbers alone can mean with these nuclei: other than charge and multiplicity where these are impossible.
fn plausible(stated: Stated, elements: &[Element]) -> Stated {
    let Some((charge, multiplicity)) = pair_of(&stated) else { return stated };
    let nuclei: i64 = elements.iter().map(|element| i64::from(element.number())).sum();
    let (electrons, unpaired) = (nuclei - i64::from(charge), i64::from(multiplicity) - 1);
    let is_likely = charge.unsigned_abs() as usize <= 2 * elements.len() + 4
        && multiplicity as usize <= 1 + MOST_UNPAIRED * elements.len()
        && electrons >= 0;
    let fits = unpaired <= electrons && (electrons - unpaired) % 2 == 0;
    let unclear = || Stated { unclear: vec![format!("{charge} {multiplicity}")], ..Stated::default() };
    match (is_likely, fits) {
        // Before a title a negative number is a charge, but whose is not said by a word.
        (true, true) if !stated.is_bare && charge < 0 => unclear(),
        (true, true) => stated,
        // Impossible as charge and multiplicity, but a negative number counts nothing.
        (true, false) if stated.is_bare && charge < 0 => unclear(),
        (true, false) if stated.is_bare && charge != 0 => {
            Stated { hint: Some((charge, multiplicity)), ..Stated::default() }
        }
        _ => Stated::default(),
    }
}

impl<'a> Statement<'a> {
    /// A fault of the line.
    pub fn fault(&self, message: impl std::fmt::Display, help: impl Into<String>) -> Fault {
        self.config.fault(self.key, format!("{}: {message}", self.place), help)
    }

    /// A value that the line states.
    pub fn given<T>(&self, value: T) -> Given<'a, T> {
        Given { value, origin: Origin::Line(self.config, self.key, self.place.clone()) }
    }
}
