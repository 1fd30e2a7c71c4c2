//! How does an OPES bias learn during a simulation?
//!
//! On-the-fly probability enhanced sampling, OPES: Invernizzi and Parrinello, J. Phys. Chem. Lett. 11, 2731, 2020,
//! doi:10.1021/acs.jpclett.0c00497 ("metad"), and Invernizzi and Parrinello, J. Chem. Theory Comput. 18, 3988, 2022,
//! doi:10.1021/acs.jctc.2c00152 ("explore"); where the papers leave a choice, the one of PLUMED's OPES_METAD and OPES_METAD_EXPLORE.
//!
//! The density of the variables s is estimated by a sum of compressed Gaussian kernels, and the bias is
//! V(s) = a kT ln(P(s)/Z + eps). Here a = 1 - 1/gamma and P is the density of the unbiased system, from samples with weights exp(V/kT)
//! (metad), or a = gamma - 1 and P that of the biased one, from samples with equal weights (explore). Z is the mean of P over the
//! kernels, and eps = exp(-barrier/(a kT)) bounds V from below by -barrier.
//!
//! Sums over kernels have a fixed number and order of SIMD lanes, and exponentials are simmpi's own: a bias has the same bits on every
//! processor.
#![expect(clippy::needless_range_loop, reason = "a lane index runs over several arrays at once")]

mod bias;
mod bounding_boxes;
mod error;
mod kernels;
mod period;
mod settings;
mod state;
#[cfg(test)]
mod tests;

pub use bias::{Bias, Deposit, Progress, Walker};
pub use error::{Error, MOST_VARIABLES};
pub use kernels::Kernel;
pub use settings::{Settings, Variant, WidthRule};
pub use state::{RunningWidths, State};
