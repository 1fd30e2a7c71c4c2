//! How is a basis set in the JSON of the Basis Set Exchange read?
//!
//! The form of its downloads (`molssi_bse_schema`, type `complete`): numbers are strings, a shell may have several contractions of the same
//! primitives, and each states whether its functions are spherical. Sets with both kinds (6-31G* has Cartesian d and, from scandium on,
//! spherical f functions) are treated differently by different programs, and are refused here.
use super::angular_momentum::HIGHEST_ANGULAR;
use super::basis_set::{BasisSet, Shell, number, shell};
use super::error::{ErrorKind, Location, ParseError};
use crate::science::chemistry::Element;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Deserialize)]
struct File {
    name: String,
    elements: Elements,
}

/// Elements by atomic number in the order of the text, including duplicates.
struct Elements(Vec<(String, Functions)>);

#[derive(Deserialize)]
struct Functions {
    #[serde(default)]
    electron_shells: Vec<Contractions>,
    #[serde(default)]
    ecp_potentials: Vec<IgnoredAny>,
    #[serde(default)]
    references: Vec<References>,
}

#[derive(Deserialize)]
struct Contractions {
    function_type: String,
    /// One for all contractions, or one for each.
    angular_momentum: Vec<usize>,
    exponents: Vec<Number>,
    coefficients: Vec<Vec<Number>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Written(String),
    Plain(f64),
}

#[derive(Deserialize)]
struct References {
    reference_keys: Vec<String>,
}

/// Reads a basis set in the JSON of the Basis Set Exchange.
///
/// # Errors
/// The text is invalid, or has effective core potentials, shells beyond l = 6, duplicate elements, or both spherical and Cartesian functions.
pub fn parse_bse_json(text: &str) -> Result<BasisSet, ParseError> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        ParseError { location: Location::Line(error.line()), kind: ErrorKind::Json(message) }
    })?;
    let mut shells = BTreeMap::new();
    let mut kind = None;
    for (key, functions) in &file.elements.0 {
        let at = |kind| ParseError { location: Location::Path(format!("elements.{key}")), kind };
        let element =
            key.parse().ok().and_then(Element::from_number).ok_or_else(|| at(ErrorKind::Element(key.clone())))?;
        let found = functions.shells(key, &mut kind)?;
        match (found.is_empty(), shells.insert(element, found)) {
            (true, _) => return Err(at(ErrorKind::NoShells(element))),
            (_, Some(_)) => return Err(at(ErrorKind::Repeated(element))),
            (false, None) => {}
        }
    }
    if shells.is_empty() {
        return Err(ParseError { location: Location::Path("elements".to_owned()), kind: ErrorKind::NoElements });
    }
    let reference = file.elements.reference();
    Ok(BasisSet { name: file.name, is_spherical: kind.is_none_or(|kind| kind == Kind::Spherical), reference, shells })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Spherical,
    Cartesian,
}

impl Functions {
    /// The shells in ascending order of angular momentum; `kind` is that of the shells so far.
    fn shells(&self, key: &str, kind: &mut Option<Kind>) -> Result<Vec<Shell>, ParseError> {
        if !self.ecp_potentials.is_empty() {
            let location = Location::Path(format!("elements.{key}.ecp_potentials"));
            return Err(ParseError { location, kind: ErrorKind::CorePotential });
        }
        let mut shells = Vec::new();
        for (index, contractions) in self.electron_shells.iter().enumerate() {
            let location = || Location::Path(format!("elements.{key}.electron_shells[{index}]"));
            let found = contractions.shells(kind).map_err(|kind| ParseError { location: location(), kind })?;
            shells.extend(found);
        }
        shells.sort_by_key(|shell| shell.angular);
        Ok(shells)
    }
}

impl Contractions {
    fn shells(&self, kind: &mut Option<Kind>) -> Result<Vec<Shell>, ErrorKind> {
        let own = self.kind()?;
        if own.is_some() && kind.is_some() && own != *kind {
            return Err(ErrorKind::Mixed(self.function_type.clone()));
        }
        *kind = kind.or(own);
        let columns = self.coefficients.len();
        let angular = match *self.angular_momentum.as_slice() {
            [angular] => vec![angular; columns],
            ref several if several.len() == columns => several.to_vec(),
            ref several => return Err(ErrorKind::Momenta { angular: several.len(), columns }),
        };
        if columns == 0 {
            return Err(ErrorKind::Empty);
        }
        let exponents = values(&self.exponents)?;
        angular
            .iter()
            .zip(&self.coefficients)
            .map(|(&angular, column)| contraction(angular, &exponents, column))
            .collect()
    }

    /// The kind of functions; none if there are only s and p shells, which are the same in both kinds.
    fn kind(&self) -> Result<Option<Kind>, ErrorKind> {
        let kind = match self.function_type.as_str() {
            "gto" | "gto_spherical" => Kind::Spherical,
            "gto_cartesian" => Kind::Cartesian,
            other => return Err(ErrorKind::FunctionType(other.to_owned())),
        };
        Ok(self.angular_momentum.iter().any(|&angular| angular > 1).then_some(kind))
    }
}

fn contraction(angular: usize, exponents: &[f64], column: &[Number]) -> Result<Shell, ErrorKind> {
    if angular > HIGHEST_ANGULAR {
        return Err(ErrorKind::Angular(format!("l = {angular}")));
    }
    if exponents.len() != column.len() {
        return Err(ErrorKind::Lengths { exponents: exponents.len(), coefficients: column.len() });
    }
    shell(angular, exponents, &values(column)?)
}

fn values(numbers: &[Number]) -> Result<Vec<f64>, ErrorKind> {
    let value = |found: &Number| match found {
        Number::Written(word) => number(word),
        Number::Plain(value) => Ok(*value),
    };
    numbers.iter().map(value).collect()
}

impl Elements {
    /// Reference keys of the exchange, one per line with their elements.
    fn reference(&self) -> String {
        let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
        for (number, functions) in &self.0 {
            let symbol = number.parse().ok().and_then(Element::from_number).map_or("", Element::symbol);
            for key in functions.references.iter().flat_map(|references| &references.reference_keys) {
                match found.iter_mut().find(|(known, _)| known == key) {
                    Some((_, symbols)) if symbols.last() == Some(&symbol) => {}
                    Some((_, symbols)) => symbols.push(symbol),
                    None => found.push((key, vec![symbol])),
                }
            }
        }
        let line = |(key, symbols): &(&str, Vec<&str>)| format!("{}: {key}", symbols.join(", "));
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

/// Reads a map, including duplicate keys.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Elements;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("elements by their atomic numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Elements, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Elements(entries))
    }
}
