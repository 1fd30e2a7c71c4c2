//! How are matrices of one-electron operators over the basis functions computed?
use super::shells::{Shell, Shells, to_functions};
use crate::science::linear::Matrix;
use integral::engine::os::{self, Prim};

/// The matrix of an operator, `[functions, functions]`; `add` adds the operator's integrals over two primitives times a factor.
pub(super) fn one_electron(shells: &Shells, add: impl Fn(Prim, Prim, f64, &mut [f64])) -> Matrix {
    let mut matrix = Matrix::zeros(shells.functions, shells.functions);
    let (mut block, mut scratch) = (Vec::new(), Vec::new());
    for (i, a) in shells.list.iter().enumerate() {
        for b in &shells.list[..=i] {
            block.clear();
            block.resize(a.cartesian() * b.cartesian(), 0.0);
            contract(a, b, &add, &mut block);
            let transforms = [shells.spherical_transform(a.angular), shells.spherical_transform(b.angular)];
            to_functions(&mut block, [a.cartesian(), b.cartesian()], transforms, &mut scratch);
            for (p, row) in a.range().zip(block.chunks_exact(b.functions)) {
                for (q, &value) in b.range().zip(row) {
                    matrix.set_symmetric(p, q, value);
                }
            }
        }
    }
    matrix
}

/// Adds the contracted Cartesian integrals of two shells, `[a, b]`.
fn contract(a: &Shell, b: &Shell, add: &impl Fn(Prim, Prim, f64, &mut [f64]), block: &mut [f64]) {
    for (p, c) in a.primitives(a.angular) {
        b.primitives(b.angular).for_each(|(q, d)| add(p, q, c * d, block));
    }
}

/// The attraction of an electron by charges (positions in bohr, elementary charges), negative for positive ones, Eh.
pub(super) fn attraction(shells: &Shells, charges: &[([f64; 3], f64)]) -> Matrix {
    one_electron(shells, |a, b, scale, block| os::nuclear_into(a, b, charges, scale, block))
}
