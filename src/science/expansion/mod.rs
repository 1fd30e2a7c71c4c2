//! What is the energy of a cluster, from the energies of its fragments taken one, two, three, ... at a time?
//!
//! The many-body expansion with the three usual treatments of basis-set superposition error: none (nocp), counterpoise (cp, the
//! site-site functional of Wells and Wilson, Chem. Phys. Lett. 101, 429, 1983) and Valiron and Mayer's functional counterpoise (vmfc,
//! Chem. Phys. Lett. 275, 46, 1997). Everything is the sum of tasks' energies with whole numbers as weights.
pub mod assembly;
pub mod cluster;
mod images;
mod kept;
mod supersystem;
mod tasks;
#[cfg(test)]
mod tests;

pub use cluster::Cluster;
pub use images::{Clash, Images, Need, find_images};
pub use kept::{Kept, TooMany};
pub use supersystem::{Fragment, Supersystem};
pub use tasks::{Basis, Expansion, Task, Weight};

use serde::{Deserialize, Serialize};

/// The treatment of basis-set superposition error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bsse {
    /// None: every cluster in its own basis.
    Nocp,
    /// Counterpoise: every cluster in the basis of all fragments.
    Cp,
    /// Valiron-Mayer functional counterpoise: every cluster in its own basis and in that of every larger one.
    Vmfc,
}

impl Bsse {
    /// Its name in configuration and results.
    pub fn name(self) -> &'static str {
        match self {
            Bsse::Nocp => "nocp",
            Bsse::Cp => "cp",
            Bsse::Vmfc => "vmfc",
        }
    }
}
