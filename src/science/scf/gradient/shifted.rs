//! A derivative from integrals of higher and lower angular momentum: `d/dA_i x^l = 2 a x^(l+1_i) - l_i x^(l-1_i)`.
use crate::science::scf::shells::Shell;
use integral::engine::os::Prim;
use integral::math::am::{cart_components, cart_index, n_cart};

/// Coefficients times twice the exponents: what a derivative raises.
pub(super) fn raised_coefficients(shell: &Shell) -> Vec<f64> {
    shell.exponents.iter().zip(&shell.coefficients).map(|(a, c)| 2.0 * a * c).collect()
}

/// Primitives of one more angular momentum with their raised coefficients.
pub(super) fn raised(shell: &Shell) -> Vec<(Prim, f64)> {
    shell.primitives(shell.angular + 1).zip(&shell.exponents).map(|((p, c), a)| (p, 2.0 * a * c)).collect()
}

/// Primitives of one less; none for s.
pub(super) fn lowered(shell: &Shell) -> Vec<(Prim, f64)> {
    if shell.angular == 0 { Vec::new() } else { shell.primitives(shell.angular - 1).collect() }
}

/// For one angular momentum and each axis: which raised and, with its factor, which lowered component belongs to a component.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    components: usize,
    up: usize,
    down: usize,
    steps: Vec<[(usize, usize, f64); 3]>,
}

impl Ladder {
    /// Of an angular momentum.
    pub fn of(angular: usize) -> Self {
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

    /// The sum of weights `[outer, component, inner]` times derivatives, from raised and lowered integrals of those shapes.
    pub fn sum(&self, inner: usize, weights: &[f64], raised: &[f64], lowered: &[f64]) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for (outer, weights) in weights.chunks_exact(self.components * inner).enumerate() {
            let (raised, lowered) = (&raised[outer * self.up * inner..], &lowered[outer * self.down * inner..]);
            for (weights, steps) in weights.chunks_exact(inner).zip(&self.steps) {
                for (sum, &(up, down, factor)) in sum.iter_mut().zip(steps) {
                    *sum += product(weights, &raised[up * inner..]);
                    if factor != 0.0 {
                        *sum -= factor * product(weights, &lowered[down * inner..]);
                    }
                }
            }
        }
        sum
    }
}

/// The sum of products.
fn product(weights: &[f64], values: &[f64]) -> f64 {
    weights.iter().zip(values).fold(0.0, |sum, (weight, value)| sum + weight * value)
}
