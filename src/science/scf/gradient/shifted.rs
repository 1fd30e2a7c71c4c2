//! How is the derivative of an integral expressed by integrals of higher and lower angular momentum?
//!
//! `d/dA_i x^l = 2 a x^(l+1_i) - l_i x^(l-1_i)`.
use crate::science::scf::shells::Shell;
use integral::engine::os::Prim;
use integral::math::am::{cart_components, cart_index, n_cart};

/// Coefficients of the raised primitives: those of the shell times twice the exponents.
pub(super) fn raised_coefficients(shell: &Shell) -> Vec<f64> {
    shell.exponents.iter().zip(&shell.coefficients).map(|(a, c)| 2.0 * a * c).collect()
}

/// Primitives of the next higher angular momentum with their raised coefficients.
pub(super) fn raised(shell: &Shell) -> Vec<(Prim, f64)> {
    shell.primitives(shell.angular + 1).zip(&shell.exponents).map(|((p, c), a)| (p, 2.0 * a * c)).collect()
}

/// Primitives of the next lower angular momentum; none for s.
pub(super) fn lowered(shell: &Shell) -> Vec<(Prim, f64)> {
    if shell.angular == 0 { Vec::new() } else { shell.primitives(shell.angular - 1).collect() }
}

/// For each Cartesian component of an angular momentum and each axis: index of the raised component, and index and factor of the lowered one.
#[derive(Clone, Debug)]
pub(super) struct AngularShift {
    components: usize,
    up: usize,
    down: usize,
    steps: Vec<[(usize, usize, f64); 3]>,
}

impl AngularShift {
    pub fn new(angular: usize) -> Self {
        let step = |component: [usize; 3], axis: usize| {
            let (mut up, mut down) = (component, component);
            up[axis] += 1;
            if component[axis] == 0 {
                return (cart_index(up), 0, 0.0);
            }
            down[axis] -= 1;
            (cart_index(up), cart_index(down), component[axis] as f64)
        };
        let steps = cart_components(angular).into_iter().map(|component| [0, 1, 2].map(|axis| step(component, axis)));
        let down = if angular == 0 { 0 } else { n_cart(angular - 1) };
        Self { components: n_cart(angular), up: n_cart(angular + 1), down, steps: steps.collect() }
    }

    /// The sum of weights `[outer, component, inner]` times derivatives along each axis, from raised and lowered integrals of the same shape.
    pub fn sum(&self, inner: usize, weights: &[f64], raised: &[f64], lowered: &[f64]) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for (outer, weights) in weights.chunks_exact(self.components * inner).enumerate() {
            let (raised, lowered) = (&raised[outer * self.up * inner..], &lowered[outer * self.down * inner..]);
            for (weights, steps) in weights.chunks_exact(inner).zip(&self.steps) {
                for (sum, &(up, down, factor)) in sum.iter_mut().zip(steps) {
                    *sum += dot(weights, &raised[up * inner..]);
                    if factor != 0.0 {
                        *sum -= factor * dot(weights, &lowered[down * inner..]);
                    }
                }
            }
        }
        sum
    }
}

/// The sum of products, added in order.
fn dot(weights: &[f64], values: &[f64]) -> f64 {
    weights.iter().zip(values).fold(0.0, |sum, (weight, value)| sum + weight * value)
}
