//! Which keys of the configuration name a molecule?

pub const MOLECULE: &str = "fragments.molecule";
pub const ATOMS: &str = "fragments.atoms";
pub const INPUT: &str = "fragments.input";
