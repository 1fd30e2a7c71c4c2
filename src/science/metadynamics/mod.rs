//! What is the sum of the Gaussians that metadynamics deposited, at a point and on a grid?
//!
//! A hill is a Gaussian, truncated and stretched as PLUMED truncates it (Tribello, Bonomi, Branduardi, Camilloni and Bussi, Comput. Phys.
//! Commun. 185, 604, 2014, doi:10.1016/j.cpc.2013.09.018). Without tempering minus their sum is the free energy (Laio and Parrinello, PNAS
//! 99, 12562, 2002, doi:10.1073/pnas.202427399); with well-tempering minus gamma/(gamma - 1) of it (Barducci, Bussi and Parrinello, Phys.
//! Rev. Lett. 100, 020603, 2008, doi:10.1103/PhysRevLett.100.020603).
mod grid;
mod hill;
mod sum;
#[cfg(test)]
mod tests;

pub use grid::{Grid, GridAxis};
pub use hill::{Hill, Truncation};
pub use sum::{Hills, Scale};
