//! What is the unbiased free energy of replicas that were sampled with a bias?
//!
//! A sample with the bias V has the weight exp(V/kT) in the unbiased system (Torrie and Valleau, J. Comput. Phys. 23, 187, 1977,
//! doi:10.1016/0021-9991(77)90121-8); V is used as recorded, once it is quasi-static, without c(t) (Invernizzi and
//! Parrinello, J. Phys. Chem. Lett. 11, 2731, 2020, doi:10.1021/acs.jpclett.0c00497). As the bias of each replica has its own zero, each
//! replica is normalized separately, and contributes with its effective number of samples (sum w)^2 / sum w^2.
//!
//! Errors are standard errors from the spread of replicas, or of blocks of a single one, by the jackknife for unequal groups. For a confidence
//! interval multiply by Student's t with one degree of freedom less than the number of [`parts`](FreeEnergy::parts).
mod axis;
mod error;
mod estimate;
mod jackknife;
mod replica;

pub use axis::Axis;
pub use error::Error;
pub use estimate::{Difference, FreeEnergy, Region, difference, free_energy};
pub use replica::Replica;
