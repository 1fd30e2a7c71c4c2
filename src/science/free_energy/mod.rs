//! How does the free energy along a coordinate follow from umbrella sampling, simulations with harmonic restraints?
//!
//! Window k was sampled with the bias w_k(x) = k_k/2 (x - c_k)^2 (Torrie and Valleau, J. Comput. Phys. 23, 187, 1977,
//! doi:10.1016/0021-9991(77)90121-8). [`Problem`] finds the free energies f_k of the windows, by MBAR from every sample (Shirts and Chodera,
//! J. Chem. Phys. 129, 124105, 2008, doi:10.1063/1.2978177) or by WHAM from histograms (Kumar et al., J. Comput. Chem. 13, 1011, 1992,
//! doi:10.1002/jcc.540130812), and the potential of mean force on bins, with errors from a block bootstrap.
//! Sets of windows without overlap are solved separately, and bins between them are NaN.
//!
//! Energies are in units of kT = 1/beta, coordinates in the user's unit; kT enters with the force constants.
mod bin_points;
mod bins;
mod blocks;
mod component;
mod consistency;
mod correction;
mod diagnosis;
mod error;
mod estimator;
mod gamma;
mod grid;
mod inefficiency;
mod initial_guess;
mod layout;
mod newton;
mod overlap;
mod problem;
mod profile;
mod resampling;
mod solution;
#[cfg(test)]
mod tests;
mod window;

pub use bins::Bins;
pub use consistency::{Comparison, Consistency, LIMIT};
pub use correction::Correction;
pub use diagnosis::{Cause, Diagnosis};
pub use error::Error;
pub use estimator::Estimator;
pub use inefficiency::{Inefficiency, equilibration};
pub use overlap::{Overlap, histogram_overlap};
pub use problem::{Problem, Replicate};
pub use profile::{Profile, WindowEnergies};
pub use resampling::REPLICATE_VERSION;
pub use window::{Axis, Window};
