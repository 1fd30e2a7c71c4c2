//! What do the one-electron integrals contribute to the gradient: overlap, kinetic energy, nuclei and point charges?
use super::shifted::{AngularShift, lowered, raised};
use crate::science::chemistry::Molecule;
use crate::science::linear::Matrix;
use crate::science::scf::shells::{HIGHEST_ANGULAR, Shell, Shells};
use integral::engine::os::{self, Prim};

/// Adds the gradient of the one-electron energy and of the overlap times the energy-weighted density, with densities over Cartesian functions.
pub(super) fn add(shells: &Shells, molecule: &Molecule, density: &Matrix, weighted: &Matrix, sum: &mut [[f64; 3]]) {
    let shifts: Vec<_> = (0..=HIGHEST_ANGULAR).map(AngularShift::new).collect();
    let points: Vec<_> = molecule.point_charges.iter().map(|point| (point.position, point.charge)).collect();
    for (i, a) in shells.list.iter().enumerate() {
        for (j, b) in shells.list[..=i].iter().enumerate() {
            let factor = if i == j { 1.0 } else { 2.0 };
            let pair = ShellPair::new(a, b, &shifts);
            let (energy, norm) = (block(density, a, b, factor), block(weighted, a, b, -factor));
            // If both centres are the same, everything vanishes but the contribution of the charges.
            let mut add_centers = |[at_a, at_b]: [[f64; 3]; 2]| {
                add_to(&mut sum[a.atom], at_a, 1.0);
                add_to(&mut sum[b.atom], at_b, 1.0);
            };
            add_centers(pair.derivatives(&energy, os::kinetic_into));
            add_centers(pair.derivatives(&norm, os::overlap_into));
            if !points.is_empty() {
                add_centers(pair.derivatives(&energy, |p, q, scale, out| os::nuclear_into(p, q, &points, scale, out)));
            }
            for (at, atom) in molecule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_ghost) {
                let charge = [(atom.position, f64::from(atom.element.number()))];
                let [at_a, at_b] =
                    pair.derivatives(&energy, |p, q, scale, out| os::nuclear_into(p, q, &charge, scale, out));
                add_to(&mut sum[a.atom], at_a, 1.0);
                add_to(&mut sum[b.atom], at_b, 1.0);
                // By translational invariance.
                add_to(&mut sum[at], at_a, -1.0);
                add_to(&mut sum[at], at_b, -1.0);
            }
        }
    }
}

/// The block of a density that belongs to two shells, times a factor.
fn block(density: &Matrix, a: &Shell, b: &Shell, factor: f64) -> Vec<f64> {
    let rows = a.first_cartesian..a.first_cartesian + a.cartesian();
    let columns = b.first_cartesian..b.first_cartesian + b.cartesian();
    rows.flat_map(|p| density.row(p)[columns.clone()].iter().map(|value| factor * value)).collect()
}

fn add_to(sum: &mut [f64; 3], value: [f64; 3], factor: f64) {
    (0..3).for_each(|k| sum[k] += factor * value[k]);
}

/// Two shells with the primitives that their derivatives consist of.
struct ShellPair<'a> {
    a: &'a Shell,
    b: &'a Shell,
    shifts: [&'a AngularShift; 2],
    plain: [Vec<(Prim, f64)>; 2],
    raised: [Vec<(Prim, f64)>; 2],
    lowered: [Vec<(Prim, f64)>; 2],
}

impl<'a> ShellPair<'a> {
    fn new(a: &'a Shell, b: &'a Shell, shifts: &'a [AngularShift]) -> Self {
        let plain = |shell: &Shell| shell.primitives(shell.angular).collect();
        Self {
            a,
            b,
            shifts: [&shifts[a.angular], &shifts[b.angular]],
            plain: [plain(a), plain(b)],
            raised: [raised(a), raised(b)],
            lowered: [lowered(a), lowered(b)],
        }
    }

    /// The sum of weights `[a, b]` times the derivatives of an operator's integrals with respect to both centres.
    fn derivatives(&self, weights: &[f64], operator: impl Fn(Prim, Prim, f64, &mut [f64])) -> [[f64; 3]; 2] {
        let contract = |first: &[(Prim, f64)], second: &[(Prim, f64)], size: usize| {
            let mut block = vec![0.0; size];
            for &(p, c) in first {
                second.iter().for_each(|&(q, d)| operator(p, q, c * d, &mut block));
            }
            block
        };
        let size = |angular: usize| (angular + 1) * (angular + 2) / 2;
        let (na, nb) = (self.a.cartesian(), self.b.cartesian());
        let up = contract(&self.raised[0], &self.plain[1], size(self.a.angular + 1) * nb);
        let down = contract(&self.lowered[0], &self.plain[1], size(self.a.angular.saturating_sub(1)) * nb);
        let at_a = self.shifts[0].sum(nb, weights, &up, &down);
        let up = contract(&self.plain[0], &self.raised[1], na * size(self.b.angular + 1));
        let down = contract(&self.plain[0], &self.lowered[1], na * size(self.b.angular.saturating_sub(1)));
        [at_a, self.shifts[1].sum(1, weights, &up, &down)]
    }
}
