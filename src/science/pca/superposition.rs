//! How is a frame laid over a reference?
//!
//! The centres of the atoms that are superposed are brought together, and they are turned so that the sum of squared distances is least
//! ([`rotation`]). All atoms weigh the same.
use super::Rows;
use super::rotation::rotation;
use crate::science::linear::{Eigen, Matrix, dot};
use crate::science::widest::widest;
use serde::{Deserialize, Serialize};

/// x, y and z of some atoms.
type Axes = [Vec<f64>; 3];

/// Atoms that fix no rotation.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Undetermined {
    #[error("{0} atoms fix no rotation: three at least do")]
    TooFew(usize),
    #[error("the {0} atoms stand on a line, so that the rotation about it is not fixed")]
    Line(usize),
}

/// Lays frames over a reference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Superposition {
    /// Atoms that are superposed, by their place in a frame.
    fitted: Vec<usize>,
    /// Atoms whose deviations are asked for.
    chosen: Vec<usize>,
    /// Of the fitted atoms in the reference, from their centre.
    target: Axes,
    centre: [f64; 3],
    /// Of the chosen atoms in the reference, from the same centre.
    origin: Axes,
}

/// Memory that is used again for every frame.
#[derive(Clone, Debug, Default)]
pub struct Work {
    fitted: Axes,
    chosen: Axes,
}

impl Superposition {
    /// Over a reference, given by positions of all atoms as in a frame, nm.
    ///
    /// # Errors
    /// The fitted atoms fix no rotation.
    pub fn new(fitted: Vec<usize>, chosen: Vec<usize>, positions: &[[f32; 3]]) -> Result<Self, Undetermined> {
        let position = |atom: &usize| positions[*atom].map(f64::from);
        let fitted_at = fitted.iter().map(position).collect::<Vec<_>>();
        let chosen_at = chosen.iter().map(position).collect::<Vec<_>>();
        Self::over(fitted, chosen, &fitted_at, &chosen_at)
    }

    /// The same over another reference: positions of the fitted and of the chosen atoms, nm.
    ///
    /// # Errors
    /// The fitted atoms fix no rotation.
    pub fn over(
        fitted: Vec<usize>,
        chosen: Vec<usize>,
        fitted_at: &[[f64; 3]],
        chosen_at: &[[f64; 3]],
    ) -> Result<Self, Undetermined> {
        let axes = |at: &[[f64; 3]]| -> Axes { std::array::from_fn(|axis| at.iter().map(|x| x[axis]).collect()) };
        let mut target = axes(fitted_at);
        let centre = to_centre(&mut target);
        let mut origin = axes(chosen_at);
        for axis in 0..3 {
            origin[axis].iter_mut().for_each(|x| *x -= centre[axis]);
        }
        check_shape(&target)?;
        Ok(Self { fitted, chosen, target, centre, origin })
    }

    /// The number of atoms that are superposed.
    pub fn fitted(&self) -> usize {
        self.fitted.len()
    }

    /// The number of coordinates of the chosen atoms.
    pub fn coordinates(&self) -> usize {
        3 * self.chosen.len()
    }

    /// The reference's fitted atoms, moved by deviations of them: nm, `[atoms, 3]`.
    pub fn moved_target(&self, deviations: &[f64]) -> Vec<[f64; 3]> {
        let n = self.fitted.len();
        let place = |k: usize| std::array::from_fn(|a| self.target[a][k] + self.centre[a] + deviations[a * n + k]);
        (0..n).map(place).collect()
    }

    /// Adds the deviations of the chosen atoms from the reference, after superposition, to `rows`.
    pub fn add(&self, positions: &[[f32; 3]], work: &mut Work, rows: &mut Rows) {
        let is_same = self.fitted == self.chosen;
        let Work { fitted, chosen } = work;
        gather(positions, &self.fitted, fitted);
        let centre = to_centre(fitted);
        if !is_same {
            gather(positions, &self.chosen, chosen);
            for axis in 0..3 {
                chosen[axis].iter_mut().for_each(|x| *x -= centre[axis]);
            }
        }
        let mut products = [[0.0; 3]; 3];
        correlate(fitted, &self.target, &mut products);
        let rotation = rotation(&products);
        turn(&rotation, if is_same { fitted } else { chosen }, &self.origin, rows.add());
    }

    /// Positions of the reference plus deviations `[3n]`: nm, `[n, 3]`.
    pub fn positions(&self, deviations: &[f64]) -> Vec<[f64; 3]> {
        let n = self.chosen.len();
        let place = |k: usize| std::array::from_fn(|a| self.origin[a][k] + self.centre[a] + deviations[a * n + k]);
        (0..n).map(place).collect()
    }
}

fn gather(positions: &[[f32; 3]], atoms: &[usize], axes: &mut Axes) {
    axes.iter_mut().for_each(|axis| axis.resize(atoms.len(), 0.0));
    let [x, y, z] = axes;
    for (((atom, x), y), z) in atoms.iter().zip(x).zip(y).zip(z) {
        [*x, *y, *z] = positions[*atom].map(f64::from);
    }
}

/// Moves the centre to the origin; returns where it was.
fn to_centre(axes: &mut Axes) -> [f64; 3] {
    let centre = [0, 1, 2].map(|axis| sum(&axes[axis]) / axes[axis].len() as f64);
    for (axis, centre) in axes.iter_mut().zip(centre) {
        axis.iter_mut().for_each(|x| *x -= centre);
    }
    centre
}

/// The sum in eight interleaved sums.
fn sum(values: &[f64]) -> f64 {
    let (mut lanes, chunks) = ([0.0; 8], values.chunks_exact(8));
    let rest: f64 = chunks.remainder().iter().sum();
    chunks.for_each(|chunk| (0..8).for_each(|lane| lanes[lane] += chunk[lane]));
    lanes.iter().sum::<f64>() + rest
}

/// Whether atoms around the origin fix a rotation.
fn check_shape(axes: &Axes) -> Result<(), Undetermined> {
    let atoms = axes[0].len();
    if atoms < 3 {
        return Err(Undetermined::TooFew(atoms));
    }
    let mut products = [[0.0; 3]; 3];
    correlate(axes, axes, &mut products);
    let spreads = Eigen::of(&Matrix::of(3, 3, products.as_flattened().to_vec())).values;
    if spreads[1] <= 1e-9 * spreads[2] {
        return Err(Undetermined::Line(atoms));
    }
    Ok(())
}

widest! {
    /// Sums of products of all pairs of axes of two sets of positions.
    fn correlate(moving: &Axes, target: &Axes, products: &mut [[f64; 3]; 3]) {
        for a in 0..3 {
            for b in 0..3 {
                products[a][b] = dot(&moving[a], &target[b]);
            }
        }
    }
}

widest! {
    /// Turns positions and takes their deviations from the origin's, all x, all y, all z.
    fn turn(rotation: &[[f64; 3]; 3], from: &Axes, origin: &Axes, deviations: &mut [f32]) {
        let n = from[0].len();
        for (axis, row) in rotation.iter().enumerate() {
            let (x, y, z) = (&from[0][..n], &from[1][..n], &from[2][..n]);
            let (origin, to) = (&origin[axis][..n], &mut deviations[axis * n..][..n]);
            for k in 0..n {
                to[k] = ((row[0] * x[k] + row[1] * y[k] + row[2] * z[k]) - origin[k]) as f32;
            }
        }
    }
}
