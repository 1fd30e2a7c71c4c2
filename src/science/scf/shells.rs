//! Shells of basis functions at their places.
use super::Error;
use crate::science::basis::{self, BasisSet};
use crate::science::chemistry::Element;
use integral::engine::os::Prim;
use integral::engine::os_eri::ShellRef;
use integral::math::am::n_cart;
use integral::math::norm::cart_norm;
use integral::math::solid_harmonics::{c2s_matrix, monomial_to_raw_factor};

/// The highest angular momentum of a shell; a derivative needs one more from the integrals, which end at 6.
pub(super) const HIGHEST_ANGULAR: usize = 5;

/// A contraction at a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shell {
    pub angular: usize,
    /// Bohr.
    pub center: [f64; 3],
    pub exponents: Vec<f64>,
    /// With the norms of the primitives, and such that x^l of the contraction has the norm 1.
    pub coefficients: Vec<f64>,
    /// Which atom it stands on.
    pub atom: usize,
    /// Its first function.
    pub first: usize,
    pub functions: usize,
    /// Its first Cartesian function.
    pub first_cartesian: usize,
}

impl Shell {
    /// The number of Cartesian functions.
    pub fn cartesian(&self) -> usize {
        n_cart(self.angular)
    }

    /// Its functions.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.functions
    }

    /// For integrals over whole contractions.
    pub fn contraction(&self) -> ShellRef<'_> {
        ShellRef { center: self.center, l: self.angular, exps: &self.exponents, coeffs: &self.coefficients }
    }

    /// Primitives with their coefficients, as if the angular momentum were another.
    pub fn primitives(&self, angular: usize) -> impl Iterator<Item = (Prim, f64)> + '_ {
        let primitive = move |exponent: f64| Prim::new(exponent, self.center, angular);
        self.exponents.iter().zip(&self.coefficients).map(move |(&a, &c)| (primitive(a), c))
    }
}

/// All shells of some atoms, and with them the order of functions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shells {
    pub list: Vec<Shell>,
    /// Spherical functions of d and higher, else Cartesian ones.
    pub is_spherical: bool,
    pub functions: usize,
    pub cartesian: usize,
    /// For each angular momentum the spherical functions in Cartesian ones, `[functions, cartesian]`; none where both are the same.
    spherical: Vec<Option<Vec<f64>>>,
}

impl Shells {
    /// The shells of elements at places (bohr), by angular momentum, then atom by atom in the order of the set: of a pair the later
    /// one then has the higher angular momentum, for which repulsion integrals take the fewest steps.
    pub fn place(atoms: &[(Element, [f64; 3])], basis: &BasisSet) -> Result<Self, Error> {
        let mut placed = Vec::new();
        for (atom, &(element, center)) in atoms.iter().enumerate() {
            let missing = || Error::NoFunctions { element, basis: basis.name.clone() };
            for shell in basis.shells(element).ok_or_else(missing)? {
                if shell.angular > HIGHEST_ANGULAR {
                    return Err(Error::Angular { element, angular: shell.angular, highest: HIGHEST_ANGULAR });
                }
                placed.push((atom, center, shell));
            }
        }
        placed.sort_by_key(|(_, _, shell)| shell.angular);
        let mut shells = Self::new(basis.is_spherical);
        placed.iter().for_each(|(atom, center, shell)| shells.add(*atom, *center, shell));
        Ok(shells)
    }

    /// No shells.
    pub fn new(is_spherical: bool) -> Self {
        let form = |l: usize| {
            let factor = monomial_to_raw_factor(l);
            (is_spherical && l > 1).then(|| c2s_matrix(l).iter().map(|c| factor * c).collect())
        };
        let spherical = (0..=HIGHEST_ANGULAR).map(form).collect();
        Self { list: Vec::new(), is_spherical, functions: 0, cartesian: 0, spherical }
    }

    /// Puts a shell on an atom.
    pub fn add(&mut self, atom: usize, center: [f64; 3], shell: &basis::Shell) {
        let cartesian = n_cart(shell.angular);
        let functions = self.form(shell.angular).map_or(cartesian, |form| form.len() / cartesian);
        self.list.push(Shell {
            angular: shell.angular,
            center,
            exponents: shell.exponents.clone(),
            coefficients: normalised(shell),
            atom,
            first: self.functions,
            functions,
            first_cartesian: self.cartesian,
        });
        self.functions += functions;
        self.cartesian += cartesian;
    }

    /// What integrals over them depend on, every number by its bits.
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

    /// The spherical functions of an angular momentum in Cartesian ones, `[functions, cartesian]`, where they are not the same.
    pub fn form(&self, angular: usize) -> Option<&[f64]> {
        self.spherical[angular].as_deref()
    }
}

/// Coefficients of unnormalised primitives such that the contraction has the norm 1 (sets are printed with few digits, so that
/// it is not quite that; psi4 and PySCF do the same).
fn normalised(shell: &basis::Shell) -> Vec<f64> {
    let (exponents, coefficients) = (&shell.exponents, &shell.coefficients);
    let mut norm = 0.0;
    for (a, c) in exponents.iter().zip(coefficients) {
        for (b, d) in exponents.iter().zip(coefficients) {
            // Two normalised primitives x^l overlap by (2 sqrt(a b) / (a + b))^(l + 3/2).
            let ratio = 2.0 * (a * b).sqrt() / (a + b);
            norm += c * d * (0..=shell.angular).fold(ratio.sqrt(), |power, _| power * ratio);
        }
    }
    let scale = 1.0 / norm.sqrt();
    let primitive = |(&a, &c): (&f64, &f64)| scale * c * cart_norm(a, shell.angular, 0, 0);
    exponents.iter().zip(coefficients).map(primitive).collect()
}

/// A block over functions from one over Cartesian functions: each of `shape` indices turned by its `forms`, in place.
pub(super) fn to_functions<const INDICES: usize>(
    block: &mut Vec<f64>,
    mut shape: [usize; INDICES],
    forms: [Option<&[f64]>; INDICES],
    spare: &mut Vec<f64>,
) {
    for (index, form) in forms.iter().enumerate() {
        let Some(form) = form else { continue };
        let (cartesian, functions) = (shape[index], form.len() / shape[index]);
        let outer: usize = shape[..index].iter().product();
        let inner: usize = shape[index + 1..].iter().product();
        spare.clear();
        spare.resize(outer * functions * inner, 0.0);
        for o in 0..outer {
            for (k, factor) in form.iter().enumerate().filter(|(_, factor)| **factor != 0.0) {
                let (function, component) = (k / cartesian, k % cartesian);
                let from = &block[(o * cartesian + component) * inner..][..inner];
                let to = &mut spare[(o * functions + function) * inner..][..inner];
                to.iter_mut().zip(from).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        std::mem::swap(block, spare);
        shape[index] = functions;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::basis::named;
    use crate::science::scf::integrals::one_electron;
    use integral::engine::os::overlap_into;

    #[test]
    fn every_set_has_functions_of_unit_norm() {
        let neon = Element::of_symbol("Ne").unwrap();
        for set in ["sto-3g", "6-31g*", "aug-cc-pvdz", "def2-tzvp"] {
            let shells = Shells::place(&[(neon, [0.3, -0.2, 0.1])], &named(set).unwrap()).unwrap();
            let overlap = one_electron(&shells, overlap_into);
            for shell in &shells.list {
                // Of Cartesian functions x^l, which is the first.
                let alike = if shells.is_spherical { shell.functions } else { 1 };
                for p in shell.range().take(alike) {
                    assert!((overlap.at(p, p) - 1.0).abs() < 1e-13, "{set} {p}: {}", overlap.at(p, p));
                }
            }
        }
    }
}
