//! What happens to trajectories that have left the interaction region? They are absorbed: their state no longer changes.
use super::{Block, LANES, Model};

/// The absorbed trajectories of a block, with their state at absorption.
pub struct Absorbed {
    /// The |q| of the first coordinate beyond which an outgoing trajectory is absorbed.
    beyond: f64,
    lanes: [bool; LANES],
    state: Block,
}

impl Absorbed {
    pub fn new(model: &dyn Model, beyond: f64) -> Self {
        Self { beyond, lanes: [false; LANES], state: Block::blank(model) }
    }

    pub fn is_all(&self) -> bool {
        !self.lanes.contains(&false)
    }

    /// To be called before a step: absorbs trajectories that have passed the boundary.
    pub fn update(&mut self, model: &dyn Model, block: &Block) {
        for l in 0..LANES {
            let (q, p) = model.bath().to_real(0, block.z.x[0][l], block.z.y[0][l]);
            if !self.lanes[l] && q.abs() > self.beyond && q * p > 0.0 {
                self.lanes[l] = true;
                self.state.copy_trajectory(block, l);
            }
        }
    }

    /// To be called after a step: restores the absorbed trajectories.
    pub fn restore(&self, block: &mut Block) {
        (0..LANES).filter(|&l| self.lanes[l]).for_each(|l| block.copy_trajectory(&self.state, l));
    }
}
