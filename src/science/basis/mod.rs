//! Which basis functions does an element have in a basis set of contracted Gaussians?
//!
//! Compiled in, for H to Ar ([`named`]), as files that `data/basis/make.py` wrote from the Basis Set Exchange (Pritchard et al.,
//! J. Chem. Inf. Model. 59, 4814, 2019, DOI 10.1021/acs.jcim.9b00725); each file names the papers it comes from:
//!
//! | set | d and higher |
//! |---|---|
//! | STO-3G, 6-311G**, cc-pVDZ, cc-pVTZ, aug-cc-pVDZ, aug-cc-pVTZ, def2-SVP, def2-TZVP | spherical |
//! | 6-31G, 6-31G*, 6-31G** | Cartesian |
//!
//! These are the definitions of psi4. The exchange agrees except for Na to Ar in 6-311G**, whose d functions are Cartesian there while those of
//! Li to Ne are spherical; PySCF uses spherical functions for all sets unless `cart=True`.
//!
//! The numbers are version 0 of the exchange (the data of the original exchange), which PySCF 2.14 and psi4 1.3.2 share to the
//! last digit, with one exception: in the cc sets, d and f functions of Li, Be, Na and Mg are those from before their publication
//! (Prascher et al., Theor. Chem. Acc. 128, 69, 2011, DOI 10.1007/s00214-010-0764-0), as in PySCF and NWChem 7.0.2. psi4 has the
//! published ones, in the aug sets with the older diffuse functions (difference for Na+ and water, MP2/cc-pVDZ: 9e-5 Eh). Those can be read
//! from a file.
//!
//! Other sets are read from text, in Gaussian94 form ([`parse_gaussian94`]) or as JSON of the exchange ([`parse_bse_json`]).
mod angular_momentum;
mod basis_set;
mod bse_json;
mod error;
mod gaussian94;
mod library;

pub use angular_momentum::HIGHEST_ANGULAR;
pub use basis_set::{BasisSet, Shell};
pub use bse_json::parse_bse_json;
pub use error::{ErrorKind, Location, ParseError};
pub use gaussian94::parse_gaussian94;
pub use library::{named, names};

#[cfg(test)]
mod tests;
