//! What are the classical coordinates of a block of trajectories?
use super::{Lanes, ZERO};

/// Complex coordinates z = x + i y of C degrees of freedom, `[coordinate][lane]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseSpace {
    pub x: Vec<Lanes>,
    pub y: Vec<Lanes>,
}

impl PhaseSpace {
    /// Zero for `coordinates` degrees of freedom.
    pub fn zero(coordinates: usize) -> Self {
        Self { x: vec![ZERO; coordinates], y: vec![ZERO; coordinates] }
    }

    /// Copies `other`, which has as many degrees of freedom.
    pub fn copy_from(&mut self, other: &Self) {
        self.x.copy_from_slice(&other.x);
        self.y.copy_from_slice(&other.y);
    }
}
