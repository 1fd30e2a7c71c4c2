//! What becomes of trajectories that have left the region of interest? They stand still.
use super::{Block, LANES, Model};

/// Trajectories that have ended, as they were then.
pub struct Ended {
    /// Where a trajectory ends: |q| of the first coordinate beyond this, moving outwards.
    beyond: f64,
    lanes: [bool; LANES],
    then: Block,
}

impl Ended {
    /// None has, of those that stop beyond `beyond`.
    pub fn none(model: &dyn Model, beyond: f64) -> Self {
        Self { beyond, lanes: [false; LANES], then: Block::blank(model) }
    }

    /// Whether all trajectories have ended.
    pub fn is_all(&self) -> bool {
        !self.lanes.contains(&false)
    }

    /// Before a step: remembers those that have ended now.
    pub fn remember(&mut self, model: &dyn Model, block: &Block) {
        for l in 0..LANES {
            let (q, p) = model.bath().to_real(0, block.z.x[0][l], block.z.y[0][l]);
            if !self.lanes[l] && q.abs() > self.beyond && q * p > 0.0 {
                self.lanes[l] = true;
                self.then.take_lane(block, l);
            }
        }
    }

    /// After a step: puts them back.
    pub fn restore(&self, block: &mut Block) {
        (0..LANES).filter(|&l| self.lanes[l]).for_each(|l| block.take_lane(&self.then, l));
    }
}
