//! What is the energy of a cluster, expanded in the energies of its fragments taken one, two, three, ... at a time?
//!
//! The many-body expansion with the three usual treatments of basis-set superposition error: none (nocp), counterpoise (cp, the
//! site-site functional of Wells and Wilson, Chem. Phys. Lett. 101, 429, 1983) and Valiron and Mayer's functional counterpoise (vmfc,
//! Chem. Phys. Lett. 275, 46, 1997). Every result is a sum of tasks' energies with integer weights.
pub mod assembly;
mod bsse;
pub mod cluster;
mod cluster_set;
mod images;
mod supersystem;
mod tasks;

pub use bsse::Bsse;
pub use cluster::Cluster;
pub use cluster_set::{ClusterSet, TooMany};
pub use images::{Clash, Images, Need, find_images};
pub use supersystem::{Fragment, Supersystem};
pub use tasks::{Basis, Expansion, Task, Weight};
