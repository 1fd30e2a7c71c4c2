//! Is a converged determinant a minimum of the energy?
//!
//! The orbital Hessian, the second derivatives of the energy with respect to rotations x between occupied and virtual real orbitals,
//! `sigma_ia = (e_a - e_i) x_ia + J_ia[D] - K_ia[D]` with the density `D = C_o^T x C_v` and its transpose, have a negative
//! eigenvalue if it is not (Seeger and Pople, J. Chem. Phys. 66, 3045, 1977, DOI 10.1063/1.434318; Bauernschmitt and Ahlrichs, J. Chem. Phys.
//! 104, 9047, 1996, DOI 10.1063/1.471637).
use super::fock::{DensityInput, JkMatrices};
use super::scf_state::{ScfState, SpinOrbitals};
use crate::science::linear::{Davidson, Matrix};

/// A determinant with an eigenvalue below this is a saddle point, Eh; rotations of a whole molecule or of its spin have zero within round-off.
const UNSTABLE: f64 = -2e-4;

/// An eigenvalue of rotations to unrestricted orbitals below this is reported, Eh. Many ordinary molecules (benzene, ethylene) have -0.05;
/// broken bonds, and singlets that should be triplets, are below this.
const BROKEN: f64 = -0.1;

/// An eigenvalue is converged if its residual is below this (Eh), or below this fraction of it: its error is of second order in the residual.
const CONVERGED: f64 = 1e-3;
const CONVERGED_FRACTION: f64 = 0.1;

/// The vector of a negative eigenvalue leads downhill if the residual is below this fraction of it.
const DOWNHILL_FRACTION: f64 = 0.5;

/// An eigenvalue that is only reported is converged below this fraction of it.
const REPORTED_FRACTION: f64 = 0.25;

/// An eigenvalue is certainly above a threshold if it is so by this many residuals.
const CERTAIN: f64 = 2.0;

/// Iterations after which an eigenvalue is used as it is.
const MAX_ITERATIONS: usize = 40;

const STARTS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotations {
    /// Rotations that keep restricted orbitals restricted and unrestricted ones unrestricted.
    Internal,
    /// Opposite rotations of both spins of restricted orbitals, to unrestricted ones. The lowest eigenvalue is never above that of internal
    /// rotations.
    Triplet,
}

/// The lowest eigenvalue of the orbital Hessian with its eigenvector.
#[derive(Clone, Debug)]
pub(super) struct LowestMode {
    /// Eh.
    pub eigenvalue: f64,
    /// Norm of the residual vector: an eigenvalue is within this distance, Eh.
    residual: f64,
    /// The eigenvector as rotations `[occupied, virtual]` of each spin, together of norm 1. A rotation by a small angle changes the energy of an
    /// unrestricted determinant by the eigenvalue times the square of the angle, that of a restricted one by twice that.
    pub rotations: Vec<Matrix>,
}

impl LowestMode {
    pub fn is_stable(&self) -> bool {
        self.eigenvalue >= UNSTABLE || !self.eigenvalue.is_finite()
    }

    /// Whether the determinant is a minimum although the eigenvalue is known only roughly.
    pub fn is_certainly_stable(&self) -> bool {
        self.eigenvalue - CERTAIN * self.residual > 0.0
    }

    /// Whether unrestricted orbitals have a much lower energy.
    pub fn is_broken(&self) -> bool {
        self.eigenvalue < BROKEN
    }

    /// Whether the eigenvalue is known accurately enough to decide.
    fn is_converged(&self, rotations: Rotations) -> bool {
        let (value, residual) = (self.eigenvalue, self.residual);
        let fraction = |fraction: f64| fraction * value.abs();
        match rotations {
            Rotations::Internal => {
                let leads_downhill = value < UNSTABLE && residual <= fraction(DOWNHILL_FRACTION);
                leads_downhill || residual <= fraction(CONVERGED_FRACTION).max(CONVERGED)
            }
            Rotations::Triplet => {
                let is_reported = value < BROKEN && residual <= fraction(REPORTED_FRACTION);
                is_reported || value - CERTAIN * residual > BROKEN
            }
        }
    }
}

/// The iterative search for the lowest eigenvalue of the orbital Hessian.
#[derive(Debug)]
pub(super) struct Stability {
    pub rotations: Rotations,
    spaces: Vec<OrbitalSpace>,
    davidson: Davidson,
    /// For each vector whose product with the Hessian is needed: the densities of all electrons and of each spin.
    densities: Vec<(Matrix, Vec<Matrix>)>,
    iterations: usize,
}

/// Occupied and virtual orbitals of a spin, as rows over basis functions.
#[derive(Debug)]
struct OrbitalSpace {
    occupied: Matrix,
    virtuals: Matrix,
    /// e_a - e_i, `[occupied, virtual]`, Eh.
    gaps: Matrix,
}

impl OrbitalSpace {
    fn new(spin: &SpinOrbitals) -> Self {
        let (first, n) = (spin.occupied, spin.orbitals.columns);
        let rest = spin.orbitals.rows - first;
        let virtuals = Matrix::new(rest, n, spin.orbitals.values[first * n..].to_vec());
        let (below, above) = spin.energies.split_at(first);
        let gaps = below.iter().flat_map(|i| above.iter().map(move |a| a - i)).collect();
        Self { occupied: spin.orbitals.first_rows(first), virtuals, gaps: Matrix::new(first, rest, gaps) }
    }

    fn density(&self, rotation: &Matrix) -> Matrix {
        let half = self.occupied.transposed().times(&rotation.times(&self.virtuals));
        let mut density = half.transposed();
        density.add(1.0, &half);
        density
    }

    /// The product of the Hessian with a rotation, given the change of the Fock matrix by the rotation.
    fn product(&self, rotation: &Matrix, fock: &Matrix) -> Vec<f64> {
        let mut product = self.occupied.times(fock).times(&self.virtuals.transposed());
        let own = self.gaps.values.iter().zip(&rotation.values);
        product.values.iter_mut().zip(own).for_each(|(sum, (gap, x))| *sum += gap * x);
        product.values
    }
}

impl Stability {
    /// Starts the analysis of a converged determinant; none if there are no rotations.
    pub fn new(state: &ScfState, rotations: Rotations) -> Option<Self> {
        let spaces: Vec<OrbitalSpace> = state.spins.iter().map(OrbitalSpace::new).collect();
        let gaps: Vec<f64> = spaces.iter().flat_map(|space| space.gaps.values.iter().copied()).collect();
        if gaps.is_empty() {
            return None;
        }
        let davidson = Davidson::new(gaps, STARTS);
        let mut stability = Self { rotations, spaces, davidson, densities: Vec::new(), iterations: 0 };
        stability.prepare();
        Some(stability)
    }

    /// Forms the densities of the vectors whose products are needed.
    fn prepare(&mut self) {
        let of_vector = |vector: &Vec<f64>| {
            let spins: Vec<Matrix> =
                self.spaces.iter().zip(self.split(vector)).map(|(space, x)| space.density(&x)).collect();
            let mut all = spins[0].clone();
            match self.rotations {
                Rotations::Internal => all.add(1.0, &spins[spins.len() - 1]),
                Rotations::Triplet => all.values.fill(0.0),
            }
            (all, spins)
        };
        self.densities = self.davidson.requested().iter().map(of_vector).collect();
    }

    fn split(&self, vector: &[f64]) -> Vec<Matrix> {
        let mut rest = vector;
        let mut next = |space: &OrbitalSpace| {
            let (own, later) = rest.split_at(space.gaps.values.len());
            rest = later;
            Matrix::new(space.gaps.rows, space.gaps.columns, own.to_vec())
        };
        self.spaces.iter().map(&mut next).collect()
    }

    /// The densities for which J and K are needed next.
    pub fn density_inputs(&self) -> Vec<DensityInput<'_>> {
        self.densities
            .iter()
            .map(|(all, spins)| DensityInput { total: all.clone(), spins: spins.iter().collect() })
            .collect()
    }

    /// Continues with J and K of the densities; returns the lowest eigenvalue when the search ends.
    pub fn advance(&mut self, jk: Vec<JkMatrices>) -> Option<LowestMode> {
        let product = |(vector, jk): (&Vec<f64>, JkMatrices)| -> Vec<f64> {
            let rotations = self.split(vector);
            let of_spin = |((space, rotation), exchange): ((&OrbitalSpace, &Matrix), &Matrix)| {
                let mut fock = jk.coulomb.clone();
                fock.add(-1.0, exchange);
                space.product(rotation, &fock)
            };
            self.spaces.iter().zip(&rotations).zip(&jk.exchange).flat_map(of_spin).collect()
        };
        let products = self.davidson.requested().iter().zip(jk).map(product).collect();
        let lowest = self.davidson.accept(products);
        self.iterations += 1;
        let rotations = self.split(&lowest.vector);
        let lowest = LowestMode { eigenvalue: lowest.value, residual: lowest.residual, rotations };
        if !lowest.is_converged(self.rotations)
            && self.iterations < MAX_ITERATIONS
            && !self.davidson.requested().is_empty()
        {
            self.prepare();
            return None;
        }
        Some(lowest)
    }
}
