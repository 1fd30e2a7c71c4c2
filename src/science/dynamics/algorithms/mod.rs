//! Which mixed quantum-classical methods are there? An algorithm is one file here and one line below.
mod algorithm;
mod decoherence;
mod fssh;
mod gauge;
mod mash;
mod mean_field;
mod rescaling;
mod surface;
mod tracking;

pub use algorithm::{Algorithm, Stepper};
pub use decoherence::{Decay, Decoherence};
pub use fssh::{Fssh, InitialSurface};
pub use gauge::Gauge;
pub use mash::Mash;
pub use mean_field::MeanField;
pub use rescaling::Frustrated;
