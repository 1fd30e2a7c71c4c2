//! Which shells of basis functions do the atoms have, and in which order?
use super::error::Error;
use crate::science::basis::{self, BasisSet};
use crate::science::chemistry::Element;
use integral::engine::os::Prim;
use integral::engine::os_eri::ShellRef;
use integral::math::am::n_cart;
use integral::math::norm::cart_norm;
use integral::math::solid_harmonics::{c2s_matrix, monomial_to_raw_factor};

/// The highest supported angular momentum; gradients need integrals of one more, and crate `integral` ends at 6.
pub(super) const HIGHEST_ANGULAR: usize = 5;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shell {
    pub angular: usize,
    /// Bohr.
    pub center: [f64; 3],
    pub exponents: Vec<f64>,
    /// Including the norms of the primitives; the Cartesian component x^l of the contraction has unit norm.
    pub coefficients: Vec<f64>,
    pub atom: usize,
    /// Index of its first function.
    pub first: usize,
    pub functions: usize,
    pub first_cartesian: usize,
}

impl Shell {
    pub fn cartesian(&self) -> usize {
        n_cart(self.angular)
    }

    pub fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.functions
    }

    pub fn contraction(&self) -> ShellRef<'_> {
        ShellRef { center: self.center, l: self.angular, exps: &self.exponents, coeffs: &self.coefficients }
    }

    /// Primitives with their coefficients, with another angular momentum.
    pub fn primitives(&self, angular: usize) -> impl Iterator<Item = (Prim, f64)> + '_ {
        let primitive = move |exponent: f64| Prim::new(exponent, self.center, angular);
        self.exponents.iter().zip(&self.coefficients).map(move |(&a, &c)| (primitive(a), c))
    }
}

/// All shells of some atoms, which define the order of functions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shells {
    pub list: Vec<Shell>,
    /// Whether d and higher functions are spherical rather than Cartesian.
    pub is_spherical: bool,
    pub functions: usize,
    pub cartesian: usize,
    /// For each angular momentum the transformation from Cartesian to spherical functions, `[functions, cartesian]`; none if they are the same.
    spherical: Vec<Option<Vec<f64>>>,
}

impl Shells {
    /// The shells of elements at positions (bohr), ordered by angular momentum, then by atom, then as in the basis set. The later shell of a
    /// pair then has the higher angular momentum, with which repulsion integrals take the fewest steps.
    pub fn for_atoms(atoms: &[(Element, [f64; 3])], basis: &BasisSet) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (atom, &(element, center)) in atoms.iter().enumerate() {
            let missing = || Error::NoFunctions { element, basis: basis.name.clone() };
            for shell in basis.shells(element).ok_or_else(missing)? {
                if shell.angular > HIGHEST_ANGULAR {
                    return Err(Error::Angular { element, angular: shell.angular, highest: HIGHEST_ANGULAR });
                }
                all.push((atom, center, shell));
            }
        }
        all.sort_by_key(|(_, _, shell)| shell.angular);
        let mut shells = Self::new(basis.is_spherical);
        all.iter().for_each(|(atom, center, shell)| shells.add(*atom, *center, shell));
        Ok(shells)
    }

    pub fn new(is_spherical: bool) -> Self {
        let transform = |l: usize| {
            let factor = monomial_to_raw_factor(l);
            (is_spherical && l > 1).then(|| c2s_matrix(l).iter().map(|c| factor * c).collect())
        };
        let spherical = (0..=HIGHEST_ANGULAR).map(transform).collect();
        Self { list: Vec::new(), is_spherical, functions: 0, cartesian: 0, spherical }
    }

    pub fn add(&mut self, atom: usize, center: [f64; 3], shell: &basis::Shell) {
        let cartesian = n_cart(shell.angular);
        let functions =
            self.spherical_transform(shell.angular).map_or(cartesian, |transform| transform.len() / cartesian);
        self.list.push(Shell {
            angular: shell.angular,
            center,
            exponents: shell.exponents.clone(),
            coefficients: normalized(shell),
            atom,
            first: self.functions,
            functions,
            first_cartesian: self.cartesian,
        });
        self.functions += functions;
        self.cartesian += cartesian;
    }

    /// All data that integrals depend on, bit by bit.
    pub fn key(&self) -> Vec<u8> {
        let mut key = vec![u8::from(self.is_spherical)];
        for shell in &self.list {
            let sizes = [shell.angular, shell.exponents.len()];
            sizes.iter().for_each(|size| key.extend((*size as u64).to_le_bytes()));
            let numbers = shell.center.iter().chain(&shell.exponents).chain(&shell.coefficients);
            numbers.for_each(|number| key.extend(number.to_bits().to_le_bytes()));
        }
        key
    }

    /// The transformation from Cartesian to spherical functions, `[functions, cartesian]`; none if they are the same.
    pub fn spherical_transform(&self, angular: usize) -> Option<&[f64]> {
        self.spherical[angular].as_deref()
    }
}

/// Coefficients of unnormalized primitives that give the contraction unit norm, as in psi4 and PySCF (basis sets are printed with few digits,
/// so their contractions are not exactly normalized).
fn normalized(shell: &basis::Shell) -> Vec<f64> {
    let (exponents, coefficients) = (&shell.exponents, &shell.coefficients);
    let mut norm = 0.0;
    for (a, c) in exponents.iter().zip(coefficients) {
        for (b, d) in exponents.iter().zip(coefficients) {
            // Two normalized primitives x^l overlap by (2 sqrt(a b) / (a + b))^(l + 3/2).
            let ratio = 2.0 * (a * b).sqrt() / (a + b);
            norm += c * d * (0..=shell.angular).fold(ratio.sqrt(), |power, _| power * ratio);
        }
    }
    let scale = 1.0 / norm.sqrt();
    let primitive = |(&a, &c): (&f64, &f64)| scale * c * cart_norm(a, shell.angular, 0, 0);
    exponents.iter().zip(coefficients).map(primitive).collect()
}

/// Transforms a block over Cartesian functions, of the given shape, to one over functions, in place; `transforms` has one entry per index.
pub(super) fn to_functions<const INDICES: usize>(
    block: &mut Vec<f64>,
    mut shape: [usize; INDICES],
    transforms: [Option<&[f64]>; INDICES],
    scratch: &mut Vec<f64>,
) {
    for (index, transform) in transforms.iter().enumerate() {
        let Some(transform) = transform else { continue };
        let (cartesian, functions) = (shape[index], transform.len() / shape[index]);
        let outer: usize = shape[..index].iter().product();
        let inner: usize = shape[index + 1..].iter().product();
        scratch.clear();
        scratch.resize(outer * functions * inner, 0.0);
        for o in 0..outer {
            for (k, factor) in transform.iter().enumerate().filter(|(_, factor)| **factor != 0.0) {
                let (function, component) = (k / cartesian, k % cartesian);
                let from = &block[(o * cartesian + component) * inner..][..inner];
                let to = &mut scratch[(o * functions + function) * inner..][..inner];
                to.iter_mut().zip(from).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        std::mem::swap(block, scratch);
        shape[index] = functions;
    }
}
