//! Which shells does a basis set have for each element?
use super::error::ErrorKind;
use crate::science::chemistry::Element;
use std::collections::BTreeMap;

/// A contracted shell, sum_k c_k N_k r^l exp(-a_k r^2), with all components of an angular momentum.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// l.
    pub angular: usize,
    /// a_k, bohr^-2; all positive, in the order of the text.
    pub exponents: Vec<f64>,
    /// c_k for normalized primitives (N_k), one per exponent, none of them zero. As in the file of the set: the contraction itself may have any norm
    /// (He in 6-31G 0.59), and its user normalizes it, as all programs do.
    pub coefficients: Vec<f64>,
}

/// The shells of every element of a basis set.
#[derive(Clone, Debug, PartialEq)]
pub struct BasisSet {
    /// The usual spelling, or the name given to the parser.
    pub name: String,
    /// Whether d and higher shells have 2 l + 1 spherical functions rather than (l + 1) (l + 2) / 2 Cartesian ones.
    pub is_spherical: bool,
    pub(super) reference: String,
    pub(super) shells: BTreeMap<Element, Vec<Shell>>,
}

impl BasisSet {
    /// The shells of an element in ascending order of angular momentum; none if the set lacks the element.
    pub fn shells(&self, element: Element) -> Option<&[Shell]> {
        self.shells.get(&element).map(Vec::as_slice)
    }

    /// The references of the set, one per line with its elements; empty if the text names none.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The number of functions of an element.
    pub fn functions(&self, element: Element) -> Option<usize> {
        Some(self.shells(element)?.iter().map(|shell| self.functions_of(shell)).sum())
    }

    /// The number of functions of a shell.
    pub fn functions_of(&self, shell: &Shell) -> usize {
        match self.is_spherical {
            true => 2 * shell.angular + 1,
            false => (shell.angular + 1) * (shell.angular + 2) / 2,
        }
    }

    /// The elements of the set, in ascending order.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        self.shells.keys().copied()
    }
}

/// Validates a contracted shell (exponents positive, coefficients finite and not all zero) and removes primitives with zero coefficients.
pub(super) fn shell(angular: usize, exponents: &[f64], coefficients: &[f64]) -> Result<Shell, ErrorKind> {
    if let Some(&exponent) = exponents.iter().find(|exponent| !(exponent.is_finite() && **exponent > 0.0)) {
        return Err(ErrorKind::Exponent(exponent));
    }
    if let Some(&coefficient) = coefficients.iter().find(|coefficient| !coefficient.is_finite()) {
        return Err(ErrorKind::Coefficient(coefficient));
    }
    let used = exponents.iter().zip(coefficients).filter(|(_, coefficient)| **coefficient != 0.0);
    let (exponents, coefficients): (Vec<_>, Vec<_>) = used.unzip();
    match exponents.is_empty() {
        true => Err(ErrorKind::Empty),
        false => Ok(Shell { angular, exponents, coefficients }),
    }
}

/// Parses a number, also in Fortran notation (`1.0D+00`).
pub(super) fn number(word: &str) -> Result<f64, ErrorKind> {
    word.trim().replace(['D', 'd'], "e").parse().map_err(|_| ErrorKind::Number(word.to_owned()))
}
