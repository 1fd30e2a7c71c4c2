//! How does a bias make a simulation cross barriers on the fly?
//!
//! On-the-fly probability enhanced sampling, OPES: Invernizzi and Parrinello, J. Phys. Chem. Lett. 11, 2731, 2020,
//! doi:10.1021/acs.jpclett.0c00497 ("metad"), and Invernizzi and Parrinello, J. Chem. Theory Comput. 18, 3988, 2022,
//! doi:10.1021/acs.jctc.2c00152 ("explore"); where the papers leave a choice, that of PLUMED's OPES_METAD and OPES_METAD_EXPLORE.
//!
//! The density of the variables s is estimated by a sum of compressed gaussian kernels, and the bias is
//! V(s) = a kT ln(P(s)/Z + eps). Here a = 1 - 1/gamma and P is that of the unbiased system, whose samples have weights exp(V/kT)
//! (metad), or a = gamma - 1 and P that of the biased one, whose samples count alike (explore). Z is the mean of P over the
//! kernels, and eps = exp(-barrier/(a kT)) lets V go no lower than -barrier.
//!
//! Sums over kernels run in lanes of a fixed number and order, and exponentials are simmpi's own: a bias has the same bits on every
//! processor.
#![expect(clippy::needless_range_loop, reason = "a lane index runs over several arrays at once")]

mod bias;
mod boxes;
mod error;
mod kernels;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod widths;

pub use bias::{Bias, Deposit, Progress, Walker};
pub use error::Error;
pub use kernels::Kernel;
pub use settings::{Settings, Variant, WidthRule};
pub use state::{State, Width};

/// The most variables that can be biased together: kernels fill a space of more far too slowly.
pub const MOST_VARIABLES: usize = 4;
