//! What is the free energy of a system whose replicas were sampled under a bias?
//!
//! A sample under the bias V stands for exp(V/kT) of the unbiased system (Torrie and Valleau, J. Comput. Phys. 23, 187, 1977,
//! doi:10.1016/0021-9991(77)90121-8); V is taken as it was recorded, once it has become quasi-static, without c(t) (Invernizzi and
//! Parrinello, J. Phys. Chem. Lett. 11, 2731, 2020, doi:10.1021/acs.jpclett.0c00497). As the bias of each replica has its own zero, each
//! replica is normalised by itself; then it counts by its effective number of samples (sum w)^2 / sum w^2.
//!
//! Errors are standard errors from the spread of replicas, or of blocks of a single one, by the jackknife for unequal groups; for an
//! interval multiply by Student's t of one degree of freedom less than there are [`parts`](FreeEnergy::parts).
mod axis;
mod estimate;
mod pooled;
mod replica;
#[cfg(test)]
mod tests;

pub use axis::Axis;
pub use estimate::{Difference, FreeEnergy, Region, difference, free_energy};
pub use replica::Replica;

/// Why no free energy can be given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("there is no replica: give one at least")]
    NoReplica,
    #[error("replica {replica} has no samples: discard less, or leave it out")]
    Empty { replica: usize },
    #[error("replica {replica} has {samples} samples, too few for {blocks} blocks: take fewer blocks, or discard less")]
    TooFew { replica: usize, samples: usize, blocks: usize },
    #[error("replica {replica} has {found} values of {what} and {expected} are expected")]
    Length { replica: usize, what: &'static str, found: usize, expected: usize },
    #[error("sample {sample} of replica {replica} is not a finite number: leave it out")]
    NotFinite { replica: usize, sample: usize },
    #[error("a free energy is along one or two variables, not {0}")]
    Axes(usize),
    #[error("{what} of variable {variable} is {value}: {remedy}")]
    Axis { variable: usize, what: &'static str, value: f64, remedy: &'static str },
    #[error("kT is {0}: give a finite number above zero")]
    ThermalEnergy(f64),
    #[error("{0} blocks give no error: take two at least")]
    Blocks(usize),
}
