//! What are the distances, angles and dihedral angles between groups of atoms?
//!
//! The position of a group is its centre of mass. In a periodic box its atoms are at the images closest to the atom in the middle of its list, and
//! vectors between centres are the shortest ones, as in the pull code of GROMACS (manual.gromacs.org, "The pull code").
use super::periodic::{Cell, cross, dot};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Distance between two groups, nm.
    Distance,
    /// Angle at the second of three groups, degrees from 0 to 180.
    Angle,
    /// Angle between the planes of the first and of the last three of four groups, degrees from -180 to 180; 180 is trans (IUPAC, Pure Appl.
    /// Chem. 68, 2193, 1996, "torsion angle").
    Dihedral,
}

impl Kind {
    pub fn groups(self) -> usize {
        match self {
            Self::Distance => 2,
            Self::Angle => 3,
            Self::Dihedral => 4,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Distance => "distance",
            Self::Angle => "angle",
            Self::Dihedral => "dihedral",
        }
    }

    /// The period of a periodic coordinate, degrees.
    pub fn period(self) -> Option<f64> {
        (self == Self::Dihedral).then_some(360.0)
    }
}

/// Atoms that define a point by their centre of mass.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// In ascending order; at least one.
    pub atoms: Vec<usize>,
    /// Mass of each atom, in any unit.
    pub masses: Vec<f64>,
}

impl Group {
    /// The centre of mass, nm.
    fn center(&self, positions: &[[f32; 3]], cell: Option<&Cell>) -> [f64; 3] {
        let middle = positions[self.atoms[(self.atoms.len() - 1) / 2]].map(f64::from);
        let mut sum = [0.0; 3];
        for (&atom, mass) in self.atoms.iter().zip(&self.masses) {
            let away = shortest(cell, difference(positions[atom].map(f64::from), middle));
            (0..3).for_each(|axis| sum[axis] += mass * away[axis]);
        }
        let mass: f64 = self.masses.iter().sum();
        [0, 1, 2].map(|axis| middle[axis] + sum[axis] / mass)
    }
}

/// A distance or an angle between groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    pub kind: Kind,
    /// As many as [`Kind::groups`].
    pub groups: Vec<Group>,
}

impl Geometry {
    /// Its value for `positions` (nm), nm or degrees; without periodic images if there is no `cell`.
    pub fn value(&self, positions: &[[f32; 3]], cell: Option<&Cell>) -> f64 {
        let centers: Vec<[f64; 3]> = self.groups.iter().map(|group| group.center(positions, cell)).collect();
        let from = |a: usize, b: usize| shortest(cell, difference(centers[b], centers[a]));
        match self.kind {
            Kind::Distance => length(from(0, 1)),
            Kind::Angle => {
                let (one, other) = (from(1, 0), from(1, 2));
                degrees(libm::atan2(length(cross(one, other)), dot(one, other)))
            }
            Kind::Dihedral => {
                let (first, axis, last) = (from(0, 1), from(1, 2), from(2, 3));
                let (one, other) = (cross(first, axis), cross(axis, last));
                degrees(libm::atan2(dot(first, other) * length(axis), dot(one, other)))
            }
        }
    }
}

fn shortest(cell: Option<&Cell>, v: [f64; 3]) -> [f64; 3] {
    cell.map_or(v, |cell| cell.shortest(v))
}

fn difference(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|axis| a[axis] - b[axis])
}

fn length(a: [f64; 3]) -> f64 {
    libm::sqrt(dot(a, a))
}

fn degrees(radians: f64) -> f64 {
    radians * (180.0 / std::f64::consts::PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(kind: Kind) -> Geometry {
        let groups = (0..kind.groups()).map(|atom| Group { atoms: vec![atom], masses: vec![1.0] }).collect();
        Geometry { kind, groups }
    }

    #[test]
    fn known_values_are_reproduced() {
        let positions = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 1.0, 2.5]];
        assert_eq!(geometry(Kind::Distance).value(&positions, None), 1.0);
        assert!((geometry(Kind::Angle).value(&positions, None) - 90.0).abs() < 1e-12);
        // Seen from the front, the rear bond is rotated clockwise against the front one, which is positive.
        assert!((geometry(Kind::Dihedral).value(&positions, None) - 90.0).abs() < 1e-12);
        let mut rotated = positions;
        rotated[3] = [-1.0, -0.001, 2.5];
        assert!((geometry(Kind::Dihedral).value(&rotated, None) + 180.0).abs() < 0.1, "just beyond trans");
    }

    #[test]
    fn values_are_invariant_and_dihedrals_change_sign_under_reflection() {
        let positions = [[0.3, 0.1, 0.2], [0.1, -0.2, 0.3], [-0.3, 0.2, 0.0], [-0.2, 0.5, 0.4]];
        for kind in [Kind::Distance, Kind::Angle, Kind::Dihedral] {
            let geometry = geometry(kind);
            let (value, moved) = (
                geometry.value(&positions, None),
                // A rotation about z by a right angle, and a translation.
                geometry.value(&positions.map(|[x, y, z]| [1.0 - y, x - 2.0, z + 0.5]), None),
            );
            assert!((value - moved).abs() < 1e-4, "{kind:?}: {value} {moved}");
            let mirrored = geometry.value(&positions.map(|[x, y, z]| [-x, y, z]), None);
            let sign = if kind == Kind::Dihedral { -1.0 } else { 1.0 };
            assert!((mirrored - sign * value).abs() < 1e-9, "{kind:?}: {value} {mirrored}");
        }
    }

    #[test]
    fn a_group_stands_at_its_centre_of_mass_also_across_the_box() {
        let cell = Cell::new(&[[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]).unwrap();
        let groups = vec![
            Group { atoms: vec![0, 1, 2], masses: vec![1.0, 1.0, 2.0] },
            Group { atoms: vec![3], masses: vec![16.0] },
        ];
        let geometry = Geometry { kind: Kind::Distance, groups };
        let whole = [[0.1, 1.0, 1.0], [0.0, 1.0, 1.0], [-0.1, 1.0, 1.0], [0.475, 1.0, 1.0]];
        let mut wrapped = whole;
        wrapped[2][0] += 3.0;
        wrapped[3][0] -= 3.0;
        for positions in [whole, wrapped] {
            let value = geometry.value(&positions, Some(&cell));
            assert!((value - 0.5).abs() < 1e-6, "{value}");
        }
        assert!((geometry.value(&wrapped, None) - 4.0).abs() < 1e-6, "no images without a box");
    }
}
