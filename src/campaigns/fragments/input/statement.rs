//! Which comment lines specify charges, and are the values plausible?
use super::xyz::XyzFrame;
use super::{ChargeSpec, Pair, Source, Sourced, charge_spec};
use crate::config::{Config, Fault};
use crate::science::chemistry::Element;

/// The charges and multiplicities that the comments of some frames specify.
#[derive(Clone)]
pub struct Statement<'a> {
    config: &'a Config,
    key: &'static str,
    /// The line of the first of these comments, in messages.
    pub location: String,
    pub comment: String,
    pub spec: ChargeSpec,
}

/// Characters of a comment that are shown.
const SHOWN: usize = 80;
/// No comment would specify more unpaired electrons for each atom.
const MAX_UNPAIRED: usize = 8;

/// The different statements in the comments of `frames`, empty where none specifies anything. `location` names a line in messages.
pub fn statements<'a>(
    config: &'a Config,
    key: &'static str,
    frames: &[XyzFrame],
    location: impl Fn(usize) -> String,
) -> Vec<Statement<'a>> {
    let mut specs: Vec<ChargeSpec> = frames.iter().map(|frame| charge_spec::parse(frame.comment.1)).collect();
    // Pairs of numbers that change from frame to frame count frames.
    let mut pairs = specs.iter().filter_map(ChargeSpec::bare_pair);
    let first = pairs.next();
    let are_counters = pairs.any(|other| Some(other) != first);
    for (frame, spec) in frames.iter().zip(&mut specs) {
        if let Some(pair) = spec.bare_pair() {
            *spec = if are_counters { ChargeSpec::default() } else { interpret(pair, spec, &frame.elements) };
        }
    }
    let mut found = Vec::<Statement>::new();
    for (frame, spec) in frames.iter().zip(specs) {
        if !found.iter().any(|statement| statement.spec == spec) {
            let (line, comment) = frame.comment;
            let comment = comment.trim().chars().take(SHOWN).collect();
            found.push(Statement { config, key, location: location(line), comment, spec });
        }
    }
    if found.iter().all(|statement| statement.spec.is_empty()) { Vec::new() } else { found }
}

/// What two integers without a key specify, by the number of electrons that they would give: charge and multiplicity, something that a key
/// must confirm, a hint for a warning, or nothing.
fn interpret(pair: Pair, spec: &ChargeSpec, elements: &[Element]) -> ChargeSpec {
    let (charge, multiplicity) = pair;
    let nuclei: i64 = elements.iter().map(|element| i64::from(element.number())).sum();
    let (electrons, unpaired) = (nuclei - i64::from(charge), i64::from(multiplicity) - 1);
    let is_likely = charge.unsigned_abs() as usize <= 2 * elements.len() + 4
        && multiplicity as usize <= 1 + MAX_UNPAIRED * elements.len()
        && electrons >= 0;
    let fits = unpaired <= electrons && (electrons - unpaired) % 2 == 0;
    let unclear = || ChargeSpec { unclear: vec![format!("{charge} {multiplicity}")], ..ChargeSpec::default() };
    match (is_likely, fits, spec.is_bare) {
        // Before a title a negative number is a charge, but no key says of which atoms.
        (true, true, false) if charge < 0 => unclear(),
        (true, true, _) => spec.clone(),
        // Impossible as charge and multiplicity, but a negative number counts nothing.
        (true, false, true) if charge < 0 => unclear(),
        (true, false, true) if charge != 0 => ChargeSpec { hint: Some(pair), ..ChargeSpec::default() },
        _ => ChargeSpec::default(),
    }
}

impl<'a> Statement<'a> {
    /// What the line at `location` specifies, which reads `comment`.
    pub fn new(config: &'a Config, key: &'static str, location: String, comment: String, spec: ChargeSpec) -> Self {
        Self { config, key, location, comment, spec }
    }

    /// A fault of the line.
    pub fn fault(&self, message: impl std::fmt::Display, help: impl Into<String>) -> Fault {
        self.config.fault(self.key, format!("{}: {message}", self.location), help)
    }

    /// A value from the line.
    pub fn sourced<T>(&self, value: T) -> Sourced<'a, T> {
        Sourced { value, source: Source::Line(self.config, self.key, self.location.clone()) }
    }
}
