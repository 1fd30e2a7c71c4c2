//! What does a calculation give?
use std::collections::BTreeMap;

/// The result of a calculation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QcResult {
    /// Eh.
    pub energy: f64,
    /// Eh/bohr, `[atoms * 3]` in the order of the molecule's atoms, ghosts included; none unless requested.
    pub gradient: Option<Vec<f64>>,
    /// Eh/bohr^2, `[3 atoms * 3 atoms]`; none unless requested.
    pub hessian: Option<Vec<f64>>,
    /// Options in effect as reported by the program (density fitting, Cartesian or spherical functions, ...), by name.
    pub effective: BTreeMap<String, String>,
}
