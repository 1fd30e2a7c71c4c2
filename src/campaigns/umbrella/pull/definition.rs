//! Which distance or angle is measured?
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::scale::Scale;
use crate::science::geometry::{Geometry, Group, Kind};
use std::sync::Arc;

/// A distance or angle of groups of atoms, in the frames of a trajectory.
pub struct Definition {
    pub frames: Arc<Frames>,
    pub kind: Kind,
    /// Atoms of each group, ascending.
    pub groups: Vec<Vec<usize>>,
    pub scale: Scale,
}

impl Definition {
    /// What is measured, with `masses` of the groups' atoms, one group after another, u.
    pub fn geometry(&self, masses: &[f64]) -> Geometry {
        let mut rest = masses;
        let of_group = |atoms: &Vec<usize>| {
            let (own, others) = rest.split_at(atoms.len());
            rest = others;
            Group { atoms: atoms.clone(), masses: own.to_vec() }
        };
        Geometry { kind: self.kind, groups: self.groups.iter().map(of_group).collect() }
    }

    /// Number of atoms of all groups together.
    pub fn atoms(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }
}
