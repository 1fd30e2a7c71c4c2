//! How does the free energy along a coordinate follow from simulations that were held by harmonic restraints?
//!
//! Window k was sampled with the bias w_k(x) = k_k/2 (x - c_k)^2 (Torrie and Valleau, J. Comput. Phys. 23, 187, 1977,
//! doi:10.1016/0021-9991(77)90121-8). [`Problem`] finds the free energies f_k of the windows, MBAR's from every sample (Shirts and Chodera,
//! J. Chem. Phys. 129, 124105, 2008, doi:10.1063/1.2978177) or WHAM's from histograms (Kumar et al., J. Comput. Chem. 13, 1011, 1992,
//! doi:10.1002/jcc.540130812), and the potential of mean force on bins, with errors from a bootstrap over blocks.
//! Windows whose samples do not overlap are solved apart, and what lies between them is NaN.
//!
//! Energies are in units of kT = 1/beta here, coordinates in the user's own; kT enters with the force constants.
mod bins;
mod blocks;
mod consistency;
mod diagnosis;
mod gamma;
mod guess;
mod inefficiency;
mod layout;
mod overlap;
mod piece;
mod points;
mod problem;
mod profile;
mod solution;
mod solve;
#[cfg(test)]
mod tests;
mod trial;
mod window;

pub use bins::Bins;
pub use consistency::{Comparison, Consistency, LIMIT};
pub use diagnosis::{Cause, Diagnosis};
pub use inefficiency::{Inefficiency, equilibration};
pub use overlap::{Overlap, histogram_overlap};
pub use problem::{Error, Estimator, Problem, Replicate};
pub use profile::{Profile, WindowEnergies};
pub use trial::Change;
pub use window::{Axis, Window};
