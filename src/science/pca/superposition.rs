//! How is a frame superposed on a reference?
//!
//! The centers of the fitted atoms are superposed, and the frame is rotated to minimize the sum of squared distances ([`rotation`]), without
//! mass weighting.
use super::rotation::rotation;
use super::rows::Rows;
use crate::science::linear::{Eigen, Matrix};
use crate::science::simd::{F64x8, dispatch, padded};
use bytemuck::{cast_slice, cast_slice_mut};
use serde::{Deserialize, Serialize};

/// x, y and z of atoms, each padded to whole cache lines.
type Axes = [Vec<F64x8>; 3];

/// Atoms that do not determine a rotation.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Undetermined {
    #[error("{0} atoms do not determine a rotation: at least three are required")]
    TooFew(usize),
    #[error("the {0} atoms are collinear: the rotation about their line is undetermined")]
    Line(usize),
}

/// The least-squares superposition of frames on a reference.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Superposition {
    /// Indices of the fitted atoms in a frame.
    fitted: Vec<usize>,
    /// Indices of the atoms whose deviations are computed.
    chosen: Vec<usize>,
    /// Positions of the fitted atoms in the reference relative to their center.
    target: Axes,
    center: [f64; 3],
    /// Positions of the chosen atoms in the reference relative to the same center.
    origin: Axes,
}

/// Memory that is reused for every frame.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    fitted: Axes,
    chosen: Axes,
}

impl Superposition {
    /// On a reference given by the positions of all atoms of a frame, `[atoms, 3]`, nm.
    pub fn new(fitted: Vec<usize>, chosen: Vec<usize>, positions: &[[f32; 3]]) -> Result<Self, Undetermined> {
        let position = |atom: &usize| positions[*atom].map(f64::from);
        let fitted_at = fitted.iter().map(position).collect::<Vec<_>>();
        let chosen_at = chosen.iter().map(position).collect::<Vec<_>>();
        Self::onto(fitted, chosen, &fitted_at, &chosen_at)
    }

    /// On a reference given by the positions of the fitted and of the chosen atoms, `[atoms, 3]`, nm.
    pub fn onto(
        fitted: Vec<usize>,
        chosen: Vec<usize>,
        fitted_at: &[[f64; 3]],
        chosen_at: &[[f64; 3]],
    ) -> Result<Self, Undetermined> {
        let axes =
            |at: &[[f64; 3]]| -> Axes { [0, 1, 2].map(|axis| padded(&at.iter().map(|x| x[axis]).collect::<Vec<_>>())) };
        let (mut target, mut origin) = (axes(fitted_at), axes(chosen_at));
        let center = center(&target, fitted.len());
        shift(&mut target, fitted.len(), center);
        shift(&mut origin, chosen.len(), center);
        check_shape(&target, fitted.len())?;
        Ok(Self { fitted, chosen, target, center, origin })
    }

    pub fn fitted(&self) -> usize {
        self.fitted.len()
    }

    pub fn coordinates(&self) -> usize {
        3 * self.chosen.len()
    }

    /// Positions of the fitted atoms in the reference plus `deviations` `[3n]`: `[atoms, 3]`, nm.
    pub fn moved_target(&self, deviations: &[f64]) -> Vec<[f64; 3]> {
        let n = self.fitted.len();
        displaced(&self.target, n, self.center, deviations)
    }

    /// Superposes a frame and adds the deviations of the chosen atoms from the reference to `rows`.
    pub fn add(&self, positions: &[[f32; 3]], scratch: &mut Scratch, rows: &mut Rows) {
        let is_same = self.fitted == self.chosen;
        let Scratch { fitted, chosen } = scratch;
        gather(positions, &self.fitted, fitted);
        let center = center(fitted, self.fitted.len());
        shift(fitted, self.fitted.len(), center);
        if !is_same {
            gather(positions, &self.chosen, chosen);
            shift(chosen, self.chosen.len(), center);
        }
        let rotation = rotation(&products(fitted, &self.target));
        rotate(&rotation, if is_same { fitted } else { chosen }, &self.origin, rows.add());
    }

    /// Positions of the chosen atoms in the reference plus `deviations` `[3n]`: `[n, 3]`, nm.
    pub fn positions(&self, deviations: &[f64]) -> Vec<[f64; 3]> {
        let n = self.chosen.len();
        displaced(&self.origin, n, self.center, deviations)
    }
}

fn gather(positions: &[[f32; 3]], atoms: &[usize], axes: &mut Axes) {
    for axis in &mut *axes {
        axis.resize(atoms.len().div_ceil(F64x8::LANES), F64x8::default());
        // The padding after the last atom must not contain an earlier frame.
        axis.last_mut().into_iter().for_each(|last| *last = F64x8::default());
    }
    let [x, y, z] = axes.each_mut().map(|axis| cast_slice_mut::<_, f64>(axis));
    for (((atom, x), y), z) in atoms.iter().zip(x).zip(y).zip(z) {
        let [at_x, at_y, at_z] = positions[*atom];
        (*x, *y, *z) = (f64::from(at_x), f64::from(at_y), f64::from(at_z));
    }
}

fn center(axes: &Axes, atoms: usize) -> [f64; 3] {
    [0, 1, 2].map(|axis| sum(cast_slice(&axes[axis])) / atoms as f64)
}

fn shift(axes: &mut Axes, atoms: usize, origin: [f64; 3]) {
    for (axis, origin) in axes.iter_mut().zip(origin) {
        cast_slice_mut(axis)[..atoms].iter_mut().for_each(|x: &mut f64| *x -= origin);
    }
}

/// Positions of `n` atoms relative to a center plus deviations `[3n]`.
fn displaced(axes: &Axes, n: usize, center: [f64; 3], deviations: &[f64]) -> Vec<[f64; 3]> {
    let axes = axes.each_ref().map(|axis| cast_slice::<_, f64>(axis));
    let position = |k: usize| std::array::from_fn(|a| axes[a][k] + center[a] + deviations[a * n + k]);
    (0..n).map(position).collect()
}

/// The sum, in eight interleaved partial sums.
fn sum(values: &[f64]) -> f64 {
    let (mut sums, chunks) = ([0.0; 8], values.chunks_exact(8));
    let rest: f64 = chunks.remainder().iter().sum();
    chunks.for_each(|chunk| (0..8).for_each(|k| sums[k] += chunk[k]));
    sums.iter().sum::<f64>() + rest
}

/// Whether atoms around the origin determine a rotation.
fn check_shape(axes: &Axes, atoms: usize) -> Result<(), Undetermined> {
    if atoms < 3 {
        return Err(Undetermined::TooFew(atoms));
    }
    let spreads = Eigen::new(&Matrix::new(3, 3, products(axes, axes).as_flattened().to_vec())).values;
    if spreads[1] <= 1e-9 * spreads[2] {
        return Err(Undetermined::Line(atoms));
    }
    Ok(())
}

/// Correlation matrix of two sets of positions: sums of products of all pairs of axes, `[moving][target]`, nm^2.
fn products(moving: &Axes, target: &Axes) -> [[f64; 3]; 3] {
    let mut products = [[0.0; 3]; 3];
    correlate(moving, target, &mut products);
    products
}

dispatch! {
    fn correlate(moving: &Axes, target: &Axes, products: &mut [[f64; 3]; 3]) {
        let length = moving[0].len();
        let moving: [&[F64x8]; 3] = std::array::from_fn(|a| &moving[a][..length]);
        let target: [&[F64x8]; 3] = std::array::from_fn(|b| &target[b][..length]);
        let mut sums = [[F64x8::splat(0.0); 3]; 3];
        for i in 0..length {
            for a in 0..3 {
                for b in 0..3 {
                    sums[a][b] = sums[a][b].add_product(moving[a][i], target[b][i]);
                }
            }
        }
        for (products, sums) in products.iter_mut().zip(sums) {
            for (product, sum) in products.iter_mut().zip(sums) {
                *product = sum.sum();
            }
        }
    }
}

dispatch! {
    /// Rotates positions and subtracts the reference: deviations of all x, all y, all z.
    fn rotate(rotation: &[[f64; 3]; 3], from: &Axes, origin: &Axes, deviations: &mut [f32]) {
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
