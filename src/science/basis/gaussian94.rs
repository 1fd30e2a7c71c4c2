//! How is a basis set in Gaussian94 form read?
//!
//! ```text
//! ! what follows an exclamation mark is a comment; `! Reference: ...` and its indented next lines are a reference
//! spherical
//! ****
//! O 0
//! SP 3 1.00
//!   5.0331513D+00  -0.09996723  0.15591627
//!   ...
//! ****
//! ```
//!
//! The form does not specify whether d and higher functions are spherical or Cartesian. A line `spherical` or `cartesian` does, as in psi4's
//! files; without it they are spherical.
use super::angular_momentum::LETTERS;
use super::basis_set::{BasisSet, Shell, number, shell};
use super::error::{ErrorKind, Location, ParseError};
use crate::science::chemistry::Element;
use std::collections::BTreeMap;
use std::iter::{Enumerate, Peekable};
use std::str::Lines;

/// Reads a basis set in Gaussian94 form.
///
/// # Errors
/// The text is invalid, or has effective core potentials, shells beyond l = 6 or duplicate elements.
pub fn parse_gaussian94(name: &str, text: &str) -> Result<BasisSet, ParseError> {
    let mut reader = Reader { lines: text.lines().enumerate().peekable(), line: 0 };
    let mut set =
        BasisSet { name: name.to_owned(), is_spherical: true, reference: reference(text), shells: BTreeMap::new() };
    reader.set(&mut set).map_err(|kind| ParseError { location: Location::Line(reader.line), kind })?;
    Ok(set)
}

/// The references in the comments, one per line.
fn reference(text: &str) -> String {
    let mut found: Vec<String> = Vec::new();
    let mut is_open = false;
    for comment in text.lines().map_while(|line| line.strip_prefix('!')) {
        if let Some(reference) = comment.trim().strip_prefix("Reference:") {
            found.push(reference.trim().to_owned());
            is_open = true;
        } else if let (true, true, Some(last)) = (is_open, comment.starts_with("   "), found.last_mut()) {
            *last = format!("{last} {}", comment.trim());
        } else {
            is_open = false;
        }
    }
    found.join("\n")
}

/// The lines of a text and the number of the last line read.
struct Reader<'a> {
    lines: Peekable<Enumerate<Lines<'a>>>,
    line: usize,
}

impl<'a> Reader<'a> {
    /// The words of the next non-empty line.
    fn words(&mut self) -> Option<Vec<&'a str>> {
        for (index, line) in self.lines.by_ref() {
            self.line = index + 1;
            let line = line.split('!').next().unwrap_or_default();
            let words: Vec<_> = line.split_whitespace().collect();
            if !words.is_empty() {
                return Some(words);
            }
        }
        None
    }

    fn set(&mut self, set: &mut BasisSet) -> Result<(), ErrorKind> {
        while let Some(words) = self.words() {
            match *words.as_slice() {
                ["****"] => {}
                [word] if word.eq_ignore_ascii_case("spherical") || word.eq_ignore_ascii_case("cartesian") => {
                    set.is_spherical = word.eq_ignore_ascii_case("spherical");
                }
                _ => self.element(&words, set)?,
            }
        }
        if set.shells.is_empty() { Err(ErrorKind::NoElements) } else { Ok(()) }
    }

    fn element(&mut self, words: &[&str], set: &mut BasisSet) -> Result<(), ErrorKind> {
        let element = element(words)?;
        let is_repeated = set.shells.contains_key(&element);
        let mut shells = Vec::new();
        loop {
            let words = self.words().ok_or(ErrorKind::Unfinished)?;
            // Core potentials follow all shells, under the element's symbol again.
            if words.iter().any(|word| word.to_ascii_uppercase().ends_with("-ECP")) {
                return Err(ErrorKind::CorePotential);
            }
            if is_repeated {
                return Err(ErrorKind::Repeated(element));
            }
            if words == ["****"] {
                break;
            }
            shells.extend(self.shells(&words)?);
        }
        if shells.is_empty() {
            return Err(ErrorKind::NoShells(element));
        }
        shells.sort_by_key(|shell| shell.angular);
        set.shells.insert(element, shells);
        Ok(())
    }

    /// Reads a shell, or several with the same exponents.
    fn shells(&mut self, words: &[&str]) -> Result<Vec<Shell>, ErrorKind> {
        let (angular, primitives, scale) = parse_shell_header(words)?;
        let mut exponents = Vec::new();
        let mut columns = vec![Vec::new(); angular.len()];
        for found in 0..primitives {
            let words = self.words().ok_or(ErrorKind::Unfinished)?;
            if words[0] == "****" || momenta(words[0]).is_ok() {
                return Err(ErrorKind::Primitives { wanted: primitives, found });
            }
            let numbers = words.iter().map(|word| number(word)).collect::<Result<Vec<_>, _>>()?;
            if numbers.len() != 1 + columns.len() {
                return Err(ErrorKind::Columns { wanted: columns.len(), found: numbers.len() });
            }
            exponents.push(numbers[0] * scale * scale);
            columns.iter_mut().zip(&numbers[1..]).for_each(|(column, &coefficient)| column.push(coefficient));
            // Checked here rather than at the end of the shell, so that the error has the right line.
            shell(0, &exponents[exponents.len() - 1..], &[1.0])?;
        }
        angular.iter().zip(&columns).map(|(&angular, column)| shell(angular, &exponents, column)).collect()
    }
}

/// The element of a line as `O 0`; `-O`, as Gaussian allows it, is the same.
fn element(words: &[&str]) -> Result<Element, ErrorKind> {
    match words {
        [symbol, "0"] => {
            let symbol = symbol.strip_prefix('-').unwrap_or(symbol);
            Element::from_symbol(symbol).ok_or_else(|| ErrorKind::Element(symbol.to_owned()))
        }
        _ => Err(ErrorKind::ElementLine(words.join(" "))),
    }
}

/// Angular momenta, number of primitives and scale factor of a line as `SP 3 1.00`.
fn parse_shell_header(words: &[&str]) -> Result<(Vec<usize>, usize, f64), ErrorKind> {
    let error = || ErrorKind::ShellLine(words.join(" "));
    let (kind, primitives, scale) = match words {
        [kind, primitives] => (kind, primitives, 1.0),
        [kind, primitives, scale] => (kind, primitives, number(scale)?),
        // Gaussian writes a second factor, which is zero if it is not used.
        [kind, primitives, scale, none] if number(none) == Ok(0.0) => (kind, primitives, number(scale)?),
        _ => return Err(error()),
    };
    let primitives = primitives.parse().map_err(|_| error())?;
    if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(error());
    }
    Ok((momenta(kind)?, primitives, scale))
}

/// The angular momenta of `S` or `SP`, which is also `L`.
fn momenta(kind: &str) -> Result<Vec<usize>, ErrorKind> {
    let kind = kind.to_ascii_uppercase();
    let letters = if kind == "L" { "SP" } else { &kind };
    let angular = |letter: char| LETTERS.iter().position(|&known| known == letter);
    letters.chars().map(angular).collect::<Option<_>>().ok_or_else(|| ErrorKind::Angular(kind.clone()))
}
