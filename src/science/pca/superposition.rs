//! How is a frame laid over a reference?
//!
//! The centres of the atoms that are superposed are brought together, and they are turned so that the sum of squared distances is least
//! ([`rotation`]). All atoms weigh the same.
use super::Rows;
use super::rotation::rotation;
use crate::science::eight::{self, Eight, by_widest};
use crate::science::linear::{Eigen, Matrix};
use crate::science::lines::{LANES, Line, Lines, lines};
use crate::science::widest::widest;
use bytemuck::{cast_slice, cast_slice_mut};
use serde::{Deserialize, Serialize};

/// x, y and z of some atoms.
type Axes = [Lines; 3];

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
        let axes =
            |at: &[[f64; 3]]| -> Axes { [0, 1, 2].map(|axis| lines(&at.iter().map(|x| x[axis]).collect::<Vec<_>>())) };
        let (mut target, mut origin) = (axes(fitted_at), axes(chosen_at));
        let centre = centre(&target, fitted.len());
        shift(&mut target, fitted.len(), centre);
        shift(&mut origin, chosen.len(), centre);
        check_shape(&target, fitted.len())?;
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
        displaced(&self.target, n, self.centre, deviations)
    }

    /// Adds the deviations of the chosen atoms from the reference, after superposition, to `rows`.
    pub fn add(&self, positions: &[[f32; 3]], work: &mut Work, rows: &mut Rows) {
        let is_same = self.fitted == self.chosen;
        let Work { fitted, chosen } = work;
        gather(positions, &self.fitted, fitted);
        let centre = centre(fitted, self.fitted.len());
        shift(fitted, self.fitted.len(), centre);
        if !is_same {
            gather(positions, &self.chosen, chosen);
            shift(chosen, self.chosen.len(), centre);
        }
        let rotation = rotation(&products(fitted, &self.target));
        turn(&rotation, if is_same { fitted } else { chosen }, &self.origin, rows.add());
    }

    /// Positions of the reference plus deviations `[3n]`: nm, `[n, 3]`.
    pub fn positions(&self, deviations: &[f64]) -> Vec<[f64; 3]> {
        let n = self.chosen.len();
        displaced(&self.origin, n, self.centre, deviations)
    }
}

fn gather(positions: &[[f32; 3]], atoms: &[usize], axes: &mut Axes) {
    for axis in &mut *axes {
        axis.resize(atoms.len().div_ceil(LANES), Line::default());
        // Behind the last atom nothing of an earlier frame is left.
        axis.last_mut().into_iter().for_each(|last| *last = Line::default());
    }
    let [x, y, z] = axes.each_mut().map(|axis| cast_slice_mut::<_, f64>(axis));
    for (((atom, x), y), z) in atoms.iter().zip(x).zip(y).zip(z) {
        let [at_x, at_y, at_z] = positions[*atom];
        (*x, *y, *z) = (f64::from(at_x), f64::from(at_y), f64::from(at_z));
    }
}

/// The centre of `atoms` atoms.
fn centre(axes: &Axes, atoms: usize) -> [f64; 3] {
    [0, 1, 2].map(|axis| sum(cast_slice(&axes[axis])) / atoms as f64)
}

/// Moves the origin of `atoms` atoms.
fn shift(axes: &mut Axes, atoms: usize, origin: [f64; 3]) {
    for (axis, origin) in axes.iter_mut().zip(origin) {
        cast_slice_mut(axis)[..atoms].iter_mut().for_each(|x: &mut f64| *x -= origin);
    }
}

/// Positions of `n` atoms from a centre plus deviations `[3n]`.
fn displaced(axes: &Axes, n: usize, centre: [f64; 3], deviations: &[f64]) -> Vec<[f64; 3]> {
    let axes = axes.each_ref().map(|axis| cast_slice::<_, f64>(axis));
    let place = |k: usize| std::array::from_fn(|a| axes[a][k] + centre[a] + deviations[a * n + k]);
    (0..n).map(place).collect()
}

/// The sum in eight interleaved sums.
fn sum(values: &[f64]) -> f64 {
    let (mut lanes, chunks) = ([0.0; 8], values.chunks_exact(8));
    let rest: f64 = chunks.remainder().iter().sum();
    chunks.for_each(|chunk| (0..8).for_each(|lane| lanes[lane] += chunk[lane]));
    lanes.iter().sum::<f64>() + rest
}

/// Whether atoms around the origin fix a rotation.
fn check_shape(axes: &Axes, atoms: usize) -> Result<(), Undetermined> {
    if atoms < 3 {
        return Err(Undetermined::TooFew(atoms));
    }
    let spreads = Eigen::of(&Matrix::of(3, 3, products(axes, axes).as_flattened().to_vec())).values;
    if spreads[1] <= 1e-9 * spreads[2] {
        return Err(Undetermined::Line(atoms));
    }
    Ok(())
}

/// Sums of products of all pairs of axes of two sets of positions: `[moving][target]`.
fn products(moving: &Axes, target: &Axes) -> [[f64; 3]; 3] {
    let mut products = [[0.0; 3]; 3];
    by_widest(Correlate { moving, target, products: &mut products });
    products
}

struct Correlate<'a> {
    moving: &'a Axes,
    target: &'a Axes,
    products: &'a mut [[f64; 3]; 3],
}

impl eight::Work for Correlate<'_> {
    #[inline(always)]
    fn run<E: Eight>(self, eight: E) {
        let lines = self.moving[0].len();
        let moving: [&[Line]; 3] = std::array::from_fn(|a| &self.moving[a][..lines]);
        let target: [&[Line]; 3] = std::array::from_fn(|b| &self.target[b][..lines]);
        let mut sums = [[eight.all(0.0); 3]; 3];
        for i in 0..lines {
            let mut to = [eight.all(0.0); 3];
            for b in 0..3 {
                to[b] = eight.load(&target[b][i]);
            }
            for a in 0..3 {
                let from = eight.load(&moving[a][i]);
                for b in 0..3 {
                    sums[a][b] = eight.plus_product(sums[a][b], from, to[b]);
                }
            }
        }
        for (products, sums) in self.products.iter_mut().zip(sums) {
            for (product, sum) in products.iter_mut().zip(sums) {
                *product = eight.together(sum);
            }
        }
    }
}

widest! {
    /// Turns positions and takes their deviations from the origin's, all x, all y, all z.
    fn turn(rotation: &[[f64; 3]; 3], from: &Axes, origin: &Axes, deviations: &mut [f32]) {
        let n = deviations.len() / 3;
        let [x, y, z]: [&[f64]; 3] = from.each_ref().map(|axis| &cast_slice(axis)[..n]);
        for (axis, row) in rotation.iter().enumerate() {
            let (origin, to) = (&cast_slice::<_, f64>(&origin[axis])[..n], &mut deviations[axis * n..][..n]);
            for k in 0..n {
                to[k] = ((row[0] * x[k] + row[1] * y[k] + row[2] * z[k]) - origin[k]) as f32;
            }
        }
    }
}
