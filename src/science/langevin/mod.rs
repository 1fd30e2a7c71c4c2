//! How does a particle move on a model potential energy surface in contact with a heat bath, with or without a bias?
//!
//! Langevin dynamics on published surfaces of one or two coordinates, in any consistent set of units (energies in the unit of kT). A
//! [`Group`] is one task: a replica, or several walkers that share one bias of [`opes`](super::opes). Its results depend only on the
//! campaign's seed and its own number.
mod error;
mod group;
mod integrator;
pub mod surfaces;

pub use error::Error;
pub use group::{Biasing, Group, Series, System};
pub use integrator::Integrator;
pub use surfaces::Surface;
