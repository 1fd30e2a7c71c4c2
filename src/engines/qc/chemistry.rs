//! At which level of theory is a molecule computed, and with which derivatives?
use serde::{Deserialize, Serialize};

/// The highest derivative of the energy with respect to the positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Energy only.
    Energy,
    /// Energy and gradient.
    Gradient,
    /// Energy and Hessian, with the gradient if the engine provides it.
    Hessian,
}

/// Whether both spins share their orbitals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// Restricted for singlets, unrestricted otherwise.
    #[default]
    Auto,
    /// Restricted.
    Rhf,
    /// Unrestricted.
    Uhf,
}

/// A model chemistry. Options that are not set take the documented default of the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chemistry {
    /// `hf`, `mp2`, ... in any case; `gfn2-xtb` and the like for xtb.
    pub method: String,
    pub basis: Option<String>,
    pub reference: Reference,
    pub frozen_core: Option<bool>,
    pub density_fitting: Option<bool>,
    /// Convergence threshold of the SCF energy, Eh.
    pub scf_convergence: Option<f64>,
    /// Program options, passed on unchanged.
    pub keywords: serde_json::Map<String, serde_json::Value>,
}
