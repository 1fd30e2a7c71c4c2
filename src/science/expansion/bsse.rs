//! Which treatments of basis-set superposition error are there?
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
    pub fn name(self) -> &'static str {
        match self {
            Bsse::Nocp => "nocp",
            Bsse::Cp => "cp",
            Bsse::Vmfc => "vmfc",
        }
    }
}
