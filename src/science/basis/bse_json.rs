//! How is a basis set in the JSON of the Basis Set Exchange read?
//!
//! It is the exchange's own form (`molssi_bse_schema`, type `complete`), as its page offers it for download: numbers are
//! strings, a shell may have several contractions of the same primitives, and each says whether its functions are spherical.
//! Some sets have both kinds (6-31G* Cartesian d and, from scandium on, spherical f): programs differ in what they make of
//! them, hence they are refused.
use super::{BasisSet, Fault, HIGHEST_ANGULAR, ParseError, Place, Shell, number, shell};
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

/// By atomic number, in the order of the text and with those that are there twice.
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

/// Contractions of the same primitives.
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
/// Names the place that is wrong, and what is wrong with it. Effective core potentials, shells beyond l = 6, elements that are
/// there twice and sets of spherical and Cartesian functions at once are refused.
pub fn parse_bse_json(text: &str) -> Result<BasisSet, ParseError> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        ParseError { place: Place::Line(error.line()), fault: Fault::Json(message) }
    })?;
    let mut shells = BTreeMap::new();
    let mut kind = None;
    for (key, functions) in &file.elements.0 {
        let at = |fault| ParseError { place: Place::Path(format!("elements.{key}")), fault };
        let element = key.parse().ok().and_then(Element::of_number).ok_or_else(|| at(Fault::Element(key.clone())))?;
        let found = functions.shells(key, &mut kind)?;
        match (found.is_empty(), shells.insert(element, found)) {
            (true, _) => return Err(at(Fault::NoShells(element))),
            (_, Some(_)) => return Err(at(Fault::Repeated(element))),
            (false, None) => {}
        }
    }
    if shells.is_empty() {
        return Err(ParseError { place: Place::Path("elements".to_owned()), fault: Fault::NoElements });
    }
    let reference = file.elements.reference();
    Ok(BasisSet { name: file.name, is_spherical: kind.is_none_or(|kind| kind == Kind::Spherical), reference, shells })
}

/// What the functions of a shell are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Spherical,
    Cartesian,
}

impl Functions {
    /// The shells in ascending order of angular momentum; `kind` is what those with a kind were so far.
    fn shells(&self, key: &str, kind: &mut Option<Kind>) -> Result<Vec<Shell>, ParseError> {
        if !self.ecp_potentials.is_empty() {
            let place = Place::Path(format!("elements.{key}.ecp_potentials"));
            return Err(ParseError { place, fault: Fault::CorePotential });
        }
        let mut shells = Vec::new();
        for (place, contractions) in self.electron_shells.iter().enumerate() {
            let place = || Place::Path(format!("elements.{key}.electron_shells[{place}]"));
            let found = contractions.shells(kind).map_err(|fault| ParseError { place: place(), fault })?;
            shells.extend(found);
        }
        shells.sort_by_key(|shell| shell.angular);
        Ok(shells)
    }
}

impl Contractions {
    fn shells(&self, kind: &mut Option<Kind>) -> Result<Vec<Shell>, Fault> {
        let own = self.kind()?;
        if own.is_some() && kind.is_some() && own != *kind {
            return Err(Fault::Mixed(self.function_type.clone()));
        }
        *kind = kind.or(own);
        let columns = self.coefficients.len();
        let angular = match *self.angular_momentum.as_slice() {
            [angular] => vec![angular; columns],
            ref several if several.len() == columns => several.to_vec(),
            ref several => return Err(Fault::Momenta { angular: several.len(), columns }),
        };
        if columns == 0 {
            return Err(Fault::Empty);
        }
        let exponents = values(&self.exponents)?;
        angular
            .iter()
            .zip(&self.coefficients)
            .map(|(&angular, column)| contraction(angular, &exponents, column))
            .collect()
    }

    /// What the functions are; none where s and p, which are the same in both kinds, are all.
    fn kind(&self) -> Result<Option<Kind>, Fault> {
        let kind = match self.function_type.as_str() {
            "gto" | "gto_spherical" => Kind::Spherical,
            "gto_cartesian" => Kind::Cartesian,
            other => return Err(Fault::FunctionType(other.to_owned())),
        };
        Ok(self.angular_momentum.iter().any(|&angular| angular > 1).then_some(kind))
    }
}

fn contraction(angular: usize, exponents: &[f64], column: &[Number]) -> Result<Shell, Fault> {
    if angular > HIGHEST_ANGULAR {
        return Err(Fault::Angular(format!("l = {angular}")));
    }
    if exponents.len() != column.len() {
        return Err(Fault::Lengths { exponents: exponents.len(), coefficients: column.len() });
    }
    shell(angular, exponents, &values(column)?)
}

fn values(numbers: &[Number]) -> Result<Vec<f64>, Fault> {
    let value = |found: &Number| match found {
        Number::Written(word) => number(word),
        Number::Plain(value) => Ok(*value),
    };
    numbers.iter().map(value).collect()
}

impl Elements {
    /// The keys of papers in the exchange's list, one per line with the elements each is about.
    fn reference(&self) -> String {
        let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
        for (number, functions) in &self.0 {
            let symbol = number.parse().ok().and_then(Element::of_number).map_or("", Element::symbol);
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

/// Reads a map without losing entries of the same key.
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
