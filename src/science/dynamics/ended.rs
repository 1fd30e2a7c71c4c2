//! What becomes of trajectories that have left the region of interest? They stand still.
use super::{Block, LANES, Lane, Matrix, Model, Phase, Vector};

/// Trajectories that have ended, as they were then.
pub struct Ended {
    /// Where a trajectory ends: |q| of the first coordinate beyond this, moving outwards.
    beyond: f64,
    lanes: [bool; LANES],
    z: Phase,
    c: Vector,
    h: Matrix,
    values: Vec<Lane>,
    vectors: Matrix,
    active: [usize; LANES],
    accepted_hops: Lane,
    frustrated_hops: Lane,
}

impl Ended {
    /// None has, of those in a block that stop beyond `beyond`.
    pub fn none(block: &Block, beyond: f64) -> Self {
        Self {
            beyond,
            lanes: [false; LANES],
            z: block.z.clone(),
            c: block.c.clone(),
            h: block.h.clone(),
            values: block.eigen.values.clone(),
            vectors: block.eigen.vectors.clone(),
            active: block.active,
            accepted_hops: block.accepted_hops,
            frustrated_hops: block.frustrated_hops,
        }
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
                copy_lane(l, &block.z.x, &mut self.z.x);
                copy_lane(l, &block.z.y, &mut self.z.y);
                copy_lane(l, &block.c.re, &mut self.c.re);
                copy_lane(l, &block.c.im, &mut self.c.im);
                copy_lane(l, &block.h.re, &mut self.h.re);
                copy_lane(l, &block.h.im, &mut self.h.im);
                copy_lane(l, &block.eigen.values, &mut self.values);
                copy_lane(l, &block.eigen.vectors.re, &mut self.vectors.re);
                copy_lane(l, &block.eigen.vectors.im, &mut self.vectors.im);
                self.active[l] = block.active[l];
                (self.accepted_hops[l], self.frustrated_hops[l]) = (block.accepted_hops[l], block.frustrated_hops[l]);
            }
        }
    }

    /// After a step: puts them back.
    pub fn restore(&self, block: &mut Block) {
        for l in (0..LANES).filter(|&l| self.lanes[l]) {
            copy_lane(l, &self.z.x, &mut block.z.x);
            copy_lane(l, &self.z.y, &mut block.z.y);
            copy_lane(l, &self.c.re, &mut block.c.re);
            copy_lane(l, &self.c.im, &mut block.c.im);
            copy_lane(l, &self.h.re, &mut block.h.re);
            copy_lane(l, &self.h.im, &mut block.h.im);
            copy_lane(l, &self.values, &mut block.eigen.values);
            copy_lane(l, &self.vectors.re, &mut block.eigen.vectors.re);
            copy_lane(l, &self.vectors.im, &mut block.eigen.vectors.im);
            block.active[l] = self.active[l];
            (block.accepted_hops[l], block.frustrated_hops[l]) = (self.accepted_hops[l], self.frustrated_hops[l]);
        }
    }
}

fn copy_lane(l: usize, from: &[Lane], to: &mut [Lane]) {
    from.iter().zip(to).for_each(|(from, to)| to[l] = from[l]);
}
