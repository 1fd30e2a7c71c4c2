//! How many trajectories are propagated together?

/// Trajectories of a block, and the length of the innermost dimension of every array.
pub const LANES: usize = 16;

/// One number for each trajectory of a block.
pub type Lanes = [f64; LANES];

pub const ZERO: Lanes = [0.0; LANES];
