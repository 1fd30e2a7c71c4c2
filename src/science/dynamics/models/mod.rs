//! Which systems can be simulated? A model is one file here and one line below.
mod avoided_crossing;
mod classical_step;
mod fmo;
mod general_step;
mod holstein;
mod holstein_reciprocal;
mod linear;
mod linear_vibronic;
mod model;
mod spin_boson;
mod tully;

pub use avoided_crossing::{AvoidedCrossing, Landscape};
pub use classical_step::{ClassicalScheme, ClassicalStep, FrozenState};
pub use fmo::Fmo;
pub use general_step::GeneralStep;
pub use holstein::Holstein;
pub use holstein_reciprocal::HolsteinReciprocal;
pub use linear::{Group, LinearModel, Operator};
pub use linear_vibronic::{Coupling, LinearVibronic};
pub use model::{Model, UnitSystem};
pub use spin_boson::SpinBoson;
pub use tully::{Curves, Tully, TullyOne, TullyThree, TullyTwo};
