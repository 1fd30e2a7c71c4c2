//! Which functions stand on an atom: basis sets of contracted Gaussians.
//!
//! Compiled in, for H to Ar ([`named`]), as files that `data/basis/make.py` wrote from the Basis Set Exchange (Pritchard et al.,
//! J. Chem. Inf. Model. 59, 4814, 2019, DOI 10.1021/acs.jcim.9b00725); each file names the papers it comes from:
//!
//! | set | d and higher |
//! |---|---|
//! | STO-3G, 6-311G**, cc-pVDZ, cc-pVTZ, aug-cc-pVDZ, aug-cc-pVTZ, def2-SVP, def2-TZVP | spherical |
//! | 6-31G, 6-31G*, 6-31G** | Cartesian |
//!
//! So psi4 defines them. The exchange does too but for Na to Ar in 6-311G**, whose d functions are Cartesian there while those
//! of Li to Ne are spherical; PySCF takes all sets as spherical unless it is told `cart=True`.
//!
//! The numbers are version 0 of the exchange (the data of the original exchange), which PySCF 2.14 and psi4 1.3.2 share to the
//! last digit but for one thing: in the cc sets, d and f functions of Li, Be, Na and Mg are those from before their publication
//! (Prascher et al., Theor. Chem. Acc. 128, 69, 2011, DOI 10.1007/s00214-010-0764-0), as in PySCF and NWChem 7.0.2. psi4 has the
//! published ones, in the aug sets with the older diffuse functions (measured: Na+ and water, MP2/cc-pVDZ, 9e-5 Eh apart). Who
//! wants those reads them from a file.
//!
//! Other sets come as text, in Gaussian94 form ([`parse_gaussian94`]) or as JSON of the exchange ([`parse_bse_json`]).
mod bse_json;
mod error;
mod gaussian94;
mod library;

pub use bse_json::parse_bse_json;
pub use error::{Fault, ParseError, Place};
pub use gaussian94::parse_gaussian94;
pub use library::{named, names};

use super::chemistry::Element;
use std::collections::BTreeMap;

/// The highest angular momentum of a shell, i.
pub const HIGHEST_ANGULAR: usize = 6;

/// The letters of angular momenta 0 to 6.
const LETTERS: [char; HIGHEST_ANGULAR + 1] = ['S', 'P', 'D', 'F', 'G', 'H', 'I'];

/// One contraction of Gaussians, sum_k c_k N_k r^l exp(-a_k r^2), of all orientations of an angular momentum.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// l.
    pub angular: usize,
    /// a_k, bohr^-2; all positive, in the order of the text.
    pub exponents: Vec<f64>,
    /// c_k, of primitives that are normalised each (N_k), as many as exponents and none of them zero. As the set's file gives
    /// them: the contraction itself may have any norm (He in 6-31G 0.59), and who uses it scales it to 1, as all programs do.
    pub coefficients: Vec<f64>,
}

/// The functions of every element of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct BasisSet {
    /// As it is usually written, or as the reader was told.
    pub name: String,
    /// Whether d and higher shells have the 2 l + 1 spherical functions instead of the (l + 1) (l + 2) / 2 Cartesian ones.
    pub is_spherical: bool,
    reference: String,
    shells: BTreeMap<Element, Vec<Shell>>,
}

impl BasisSet {
    /// The shells of an element in ascending order of angular momentum; none where the set does not have the element.
    pub fn shells(&self, element: Element) -> Option<&[Shell]> {
        self.shells.get(&element).map(Vec::as_slice)
    }

    /// The papers the set comes from, one per line and with the elements each is about; empty where the text that was read
    /// names none.
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

    /// The elements that the set has, in ascending order.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        self.shells.keys().copied()
    }
}

/// A contraction without the primitives that it does not use, if it is one: exponents positive, coefficients finite and not all
/// zero.
fn shell(angular: usize, exponents: &[f64], coefficients: &[f64]) -> Result<Shell, Fault> {
    if let Some(&exponent) = exponents.iter().find(|exponent| !(exponent.is_finite() && **exponent > 0.0)) {
        return Err(Fault::Exponent(exponent));
    }
    if let Some(&coefficient) = coefficients.iter().find(|coefficient| !coefficient.is_finite()) {
        return Err(Fault::Coefficient(coefficient));
    }
    let used = exponents.iter().zip(coefficients).filter(|(_, coefficient)| **coefficient != 0.0);
    let (exponents, coefficients): (Vec<_>, Vec<_>) = used.unzip();
    match exponents.is_empty() {
        true => Err(Fault::Empty),
        false => Ok(Shell { angular, exponents, coefficients }),
    }
}

/// A number, Fortran's `1.0D+00` too.
fn number(word: &str) -> Result<f64, Fault> {
    word.trim().replace(['D', 'd'], "e").parse().map_err(|_| Fault::Number(word.to_owned()))
}

#[cfg(test)]
mod tests;
