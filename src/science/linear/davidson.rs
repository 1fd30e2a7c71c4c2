//! What is the lowest eigenvalue of a large symmetric matrix of which only products with vectors are available?
//!
//! Davidson's method (J. Comput. Phys. 17, 87, 1975, DOI 10.1016/0021-9991(75)90065-0): the matrix is diagonalized within a small
//! subspace, which is extended by the residuals of its lowest vectors, preconditioned with the diagonal.
use super::eigen::Eigen;
use super::matrix::{Matrix, dot};

/// The largest dimension of the subspace, at which it is collapsed to its lowest vectors.
const MAX_SUBSPACE: usize = 40;

const COLLAPSED: usize = 6;

/// Roots whose residuals extend the subspace: with the second, a lower root of another symmetry is found too.
const ROOTS: usize = 2;

/// Norm of the pseudo-random vector that is added to each starting vector, so that it has components of every symmetry.
const NOISE: f64 = 0.1;

/// Lower limit of the denominators of the preconditioner.
const MIN_DENOMINATOR: f64 = 0.05;

/// A direction is linearly dependent on the subspace if less than this fraction of its norm is outside.
const DEPENDENT: f64 = 1e-3;

/// A search for the lowest eigenvalue; its caller multiplies the requested vectors with the matrix.
#[derive(Debug)]
pub(in crate::science) struct Davidson {
    /// Approximate diagonal of the matrix.
    diagonal: Vec<f64>,
    /// Orthonormal basis of the subspace.
    vectors: Vec<Vec<f64>>,
    /// Products of the matrix with the first of them.
    products: Vec<Vec<f64>>,
}

/// An approximation to the lowest eigenvalue, never below it.
#[derive(Clone, Debug)]
pub(in crate::science) struct LowestPair {
    pub value: f64,
    /// Unit eigenvector.
    pub vector: Vec<f64>,
    /// Norm of the residual vector; an eigenvalue is within this distance.
    pub residual: f64,
}

impl Davidson {
    /// Starts from `starts` unit vectors where the (approximate) diagonal is lowest.
    pub fn new(diagonal: Vec<f64>, starts: usize) -> Self {
        let mut order: Vec<usize> = (0..diagonal.len()).collect();
        order.sort_by(|a, b| diagonal[*a].total_cmp(&diagonal[*b]));
        let mut search = Self { diagonal, vectors: Vec::new(), products: Vec::new() };
        for (k, &at) in order.iter().take(starts).enumerate() {
            let mut vector = search.noise(k);
            vector[at] += 1.0;
            search.add_direction(vector);
        }
        search
    }

    /// Pseudo-random numbers, smaller where the diagonal is higher.
    fn noise(&self, k: usize) -> Vec<f64> {
        let lowest = self.diagonal.iter().fold(f64::INFINITY, |lowest, value| lowest.min(*value));
        let weighted = |(at, value): (usize, &f64)| {
            let above = 1.0 + (value - lowest);
            pseudo_random(at, k) / (above * above)
        };
        let mut vector: Vec<f64> = self.diagonal.iter().enumerate().map(weighted).collect();
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|x| *x *= NOISE / norm);
        vector
    }

    /// Extends the subspace by the orthogonal component of a direction; returns whether there is one.
    fn add_direction(&mut self, mut vector: Vec<f64>) -> bool {
        let before = dot(&vector, &vector).sqrt();
        // Twice, since the remainder may be as small as the round-off of the first pass.
        for _ in 0..2 {
            for other in &self.vectors {
                let overlap = dot(other, &vector);
                vector.iter_mut().zip(other).for_each(|(x, y)| *x -= overlap * y);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        let is_new = norm > DEPENDENT * before && norm.is_finite();
        if is_new {
            vector.iter_mut().for_each(|x| *x /= norm);
            self.vectors.push(vector);
        }
        is_new
    }

    /// The vectors whose products with the matrix are needed next.
    pub fn requested(&self) -> &[Vec<f64>] {
        &self.vectors[self.products.len()..]
    }

    /// Accepts the products of the requested vectors, requests the next ones unless the subspace is exhausted, and returns the lowest eigenvalue so
    /// far.
    pub fn accept(&mut self, products: Vec<Vec<f64>>) -> LowestPair {
        self.products.extend(products);
        let n = self.vectors.len();
        let mut projected = Matrix::zeros(n, n);
        for a in 0..n {
            for b in 0..=a {
                let value = dot(&self.vectors[a], &self.products[b]);
                (projected.row_mut(a)[b], projected.row_mut(b)[a]) = (value, value);
            }
        }
        let Eigen { values, vectors } = Eigen::new(&projected);
        let ritz: Vec<_> = (0..n.min(COLLAPSED)).map(|k| self.ritz(vectors.row(k))).collect();
        let residual = |k: usize| -> Vec<f64> {
            let (vector, product) = &ritz[k];
            product.iter().zip(vector).map(|(p, x)| p - values[k] * x).collect()
        };
        let residuals: Vec<_> = (0..n.min(ROOTS)).map(residual).collect();
        let norm = dot(&residuals[0], &residuals[0]).sqrt();
        let lowest = LowestPair { value: values[0], vector: ritz[0].0.clone(), residual: norm };
        if n + ROOTS > MAX_SUBSPACE {
            (self.vectors, self.products) = ritz.into_iter().unzip();
        }
        for (residual, value) in residuals.into_iter().zip(&values) {
            let correct = |(r, d): (&f64, &f64)| r / (d - value).max(MIN_DENOMINATOR);
            self.add_direction(residual.iter().zip(&self.diagonal).map(correct).collect());
        }
        lowest
    }

    /// A linear combination of the basis vectors, and its product with the matrix.
    fn ritz(&self, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let combination = |terms: &[Vec<f64>]| {
            let mut sum = vec![0.0; self.diagonal.len()];
            for (weight, vector) in weights.iter().zip(terms) {
                sum.iter_mut().zip(vector).for_each(|(x, y)| *x += weight * y);
            }
            sum
        };
        (combination(&self.vectors), combination(&self.products))
    }
}

/// A pseudo-random number in (-1, 1) for each pair of indices: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn pseudo_random(at: usize, k: usize) -> f64 {
    let mut z = (at as u64 * 64 + k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest eigenvalue, and how many products that took.
    fn lowest(matrix: &Matrix, starts: usize) -> (LowestPair, usize) {
        let n = matrix.rows;
        let mut search = Davidson::new((0..n).map(|k| matrix.get(k, k)).collect(), starts);
        let mut products = 0;
        loop {
            products += search.requested().len();
            let products_of_requested =
                search.requested().iter().map(|x| matrix.times(&Matrix::new(n, 1, x.clone())).values).collect();
            let lowest = search.accept(products_of_requested);
            if lowest.residual < 1e-8 || search.requested().is_empty() {
                return (lowest, products);
            }
        }
    }

    /// A matrix with 1 to n along its diagonal and small elements beside it, where `are_coupled` says so.
    fn matrix(n: usize, are_coupled: impl Fn(usize, usize) -> bool) -> Matrix {
        let mut matrix = crate::science::linear::eigen::tests::symmetric(n);
        for a in 0..n {
            for b in 0..n {
                let value = &mut matrix.row_mut(a)[b];
                *value = if a == b { 0.05 * (a + 1) as f64 } else { 0.1 * *value * f64::from(are_coupled(a, b)) };
            }
        }
        matrix
    }

    #[test]
    fn the_lowest_eigenvalue_is_that_of_the_whole_matrix() {
        for n in [1, 2, 3, 30, 300] {
            let matrix = matrix(n, |_, _| true);
            let (found, products) = lowest(&matrix, 4);
            assert!((found.value - Eigen::new(&matrix).values[0]).abs() < 1e-9, "{n}: {found:?}");
            assert!(products <= 120.min(4 * n), "{n}: {products} products");
        }
    }

    #[test]
    fn a_block_that_no_starting_vector_belongs_to_is_found() {
        // Two blocks; the lowest eigenvalue is in the one whose diagonal is higher.
        let n = 60;
        let mut matrix = matrix(n, |a, b| (a < n / 2) == (b < n / 2));
        (matrix.row_mut(40)[41], matrix.row_mut(41)[40]) = (4.0, 4.0);
        let expected = Eigen::new(&matrix).values[0];
        let (found, _) = lowest(&matrix, 2);
        assert!(expected < -1.0 && (found.value - expected).abs() < 1e-9, "{} and {expected}", found.value);
    }
}
