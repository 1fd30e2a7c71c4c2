//! Is a converged determinant a minimum of the energy?
//!
//! The second derivatives of the energy with respect to rotations x between occupied and virtual real orbitals,
//! `sigma_ia = (e_a - e_i) x_ia + J_ia[D] - K_ia[D]` with the density `D = C_o^T x C_v` and its transpose, have a negative eigenvalue
//! where it is not (Seeger and Pople, J. Chem. Phys. 66, 3045, 1977, DOI 10.1063/1.434318; Bauernschmitt and Ahlrichs, J. Chem. Phys.
//! 104, 9047, 1996, DOI 10.1063/1.471637).
use super::field::{Field, Spin};
use super::fock::{Demand, Feeling};
use crate::science::linear::{Davidson, Matrix};

/// Below this eigenvalue a determinant is no minimum, Eh; rotations of a whole molecule or of its spin have zero, but for round-off.
const UNSTABLE: f64 = -2e-4;

/// The eigenvalue of rotations to unrestricted orbitals from which on that is worth telling, Eh. Many ordinary molecules (benzene, ethylene)
/// have -0.05; a broken bond, or a singlet that should be a triplet, has less than this.
const BROKEN: f64 = -0.1;

/// The residual of an eigenvalue that is known well enough, Eh, and as a share of it: its error is of the order of the square.
const ENOUGH: f64 = 1e-3;
const ENOUGH_OF_VALUE: f64 = 0.1;

/// The residual, as a share of it, from which on the vector of a negative eigenvalue leads down.
const DOWNWARDS: f64 = 0.5;

/// The same where it is only to be reported, or to be above zero or `BROKEN` for certain: by so many residuals.
const ROUGHLY_OF_VALUE: f64 = 0.25;
const CERTAIN: f64 = 2.0;

/// Passes after which an eigenvalue is taken as it is.
const PASSES: usize = 40;

/// Starting vectors.
const STARTS: usize = 4;

/// Which rotations are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotations {
    /// Those that leave a determinant of its kind: restricted orbitals restricted.
    Internal,
    /// Of restricted orbitals, those of one spin against the other: to unrestricted ones. The lowest eigenvalue is never above the one of
    /// internal rotations.
    Triplet,
}

/// The lowest eigenvalue of the second derivatives.
#[derive(Clone, Debug)]
pub(super) struct Lowest {
    /// Eh.
    pub eigenvalue: f64,
    /// How far it may be off, Eh.
    residual: f64,
    /// Its rotations `[occupied, virtual]` of each spin, together of norm 1: turned by a small angle along them, an unrestricted determinant has
    /// an energy that differs by the eigenvalue times the square of the angle, a restricted one by twice that.
    pub rotations: Vec<Matrix>,
}

impl Lowest {
    /// Whether the determinant is a minimum.
    pub fn is_stable(&self) -> bool {
        self.eigenvalue >= UNSTABLE || !self.eigenvalue.is_finite()
    }

    /// Whether it is one for certain, though the eigenvalue is known roughly.
    pub fn is_certainly_stable(&self) -> bool {
        self.eigenvalue - CERTAIN * self.residual > 0.0
    }

    /// Whether unrestricted orbitals have a far lower energy.
    pub fn is_broken(&self) -> bool {
        self.eigenvalue < BROKEN
    }

    /// Whether that is known well enough.
    fn is_known(&self, rotations: Rotations) -> bool {
        let (value, residual) = (self.eigenvalue, self.residual);
        let share = |share: f64| share * value.abs();
        match rotations {
            Rotations::Internal => {
                let leads_down = value < UNSTABLE && residual <= share(DOWNWARDS);
                leads_down || residual <= share(ENOUGH_OF_VALUE).max(ENOUGH)
            }
            Rotations::Triplet => {
                let is_told = value < BROKEN && residual <= share(ROUGHLY_OF_VALUE);
                is_told || value - CERTAIN * residual > BROKEN
            }
        }
    }
}

/// The search for the lowest eigenvalue.
#[derive(Debug)]
pub(super) struct Stability {
    pub rotations: Rotations,
    spaces: Vec<Space>,
    davidson: Davidson,
    /// Of each vector whose product is asked for: the densities of all electrons and of each spin.
    densities: Vec<(Matrix, Vec<Matrix>)>,
    passes: usize,
}

/// The orbitals of a spin.
#[derive(Debug)]
struct Space {
    /// As rows.
    occupied: Matrix,
    virtuals: Matrix,
    /// e_a - e_i, `[occupied, virtual]`, Eh.
    gaps: Matrix,
}

impl Space {
    fn of(spin: &Spin) -> Self {
        let (first, n) = (spin.occupied, spin.orbitals.columns);
        let rest = spin.orbitals.rows - first;
        let virtuals = Matrix::of(rest, n, spin.orbitals.values[first * n..].to_vec());
        let (below, above) = spin.energies.split_at(first);
        let gaps = below.iter().flat_map(|i| above.iter().map(move |a| a - i)).collect();
        Self { occupied: spin.orbitals.first_rows(first), virtuals, gaps: Matrix::of(first, rest, gaps) }
    }

    /// The change of the density by a rotation.
    fn density(&self, rotation: &Matrix) -> Matrix {
        let half = self.occupied.transposed().times(&rotation.times(&self.virtuals));
        let mut density = half.transposed();
        density.add(1.0, &half);
        density
    }

    /// What a change of the Fock matrix does to a rotation's product.
    fn product(&self, rotation: &Matrix, fock: &Matrix) -> Vec<f64> {
        let mut product = self.occupied.times(fock).times(&self.virtuals.transposed());
        let own = self.gaps.values.iter().zip(&rotation.values);
        product.values.iter_mut().zip(own).for_each(|(sum, (gap, x))| *sum += gap * x);
        product.values
    }
}

impl Stability {
    /// Of a converged determinant; none where there is nothing to rotate.
    pub fn of(field: &Field, rotations: Rotations) -> Option<Self> {
        let spaces: Vec<Space> = field.spins.iter().map(Space::of).collect();
        let gaps: Vec<f64> = spaces.iter().flat_map(|space| space.gaps.values.iter().copied()).collect();
        if gaps.is_empty() {
            return None;
        }
        let davidson = Davidson::new(gaps, STARTS);
        let mut stability = Self { rotations, spaces, davidson, densities: Vec::new(), passes: 0 };
        stability.prepare();
        Some(stability)
    }

    /// Forms the densities of the vectors that are asked for.
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
        self.densities = self.davidson.asked().iter().map(of_vector).collect();
    }

    /// A vector as rotations of each spin.
    fn split(&self, vector: &[f64]) -> Vec<Matrix> {
        let mut rest = vector;
        let mut next = |space: &Space| {
            let (own, later) = rest.split_at(space.gaps.values.len());
            rest = later;
            Matrix::of(space.gaps.rows, space.gaps.columns, own.to_vec())
        };
        self.spaces.iter().map(&mut next).collect()
    }

    /// The densities whose field is to be known.
    pub fn demands(&self) -> Vec<Demand<'_>> {
        self.densities
            .iter()
            .map(|(all, spins)| Demand { density: all.clone(), spins: spins.iter().collect() })
            .collect()
    }

    /// Goes on with what the densities feel; returns the end where there is one.
    pub fn step(&mut self, feelings: Vec<Feeling>) -> Option<Lowest> {
        let product = |(vector, feeling): (&Vec<f64>, Feeling)| -> Vec<f64> {
            let rotations = self.split(vector);
            let of_spin = |((space, rotation), exchange): ((&Space, &Matrix), &Matrix)| {
                let mut fock = feeling.coulomb.clone();
                fock.add(-1.0, exchange);
                space.product(rotation, &fock)
            };
            self.spaces.iter().zip(&rotations).zip(&feeling.exchange).flat_map(of_spin).collect()
        };
        let products = self.davidson.asked().iter().zip(feelings).map(product).collect();
        let lowest = self.davidson.accept(products);
        self.passes += 1;
        let rotations = self.split(&lowest.vector);
        let lowest = Lowest { eigenvalue: lowest.value, residual: lowest.residual, rotations };
        if !lowest.is_known(self.rotations) && self.passes < PASSES && !self.davidson.asked().is_empty() {
            self.prepare();
            return None;
        }
        Some(lowest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::basis::named;
    use crate::science::chemistry::{Atom, Element, Molecule};
    use crate::science::scf::field::Problem;
    use crate::science::scf::fock::coulomb_and_exchange;
    use crate::science::scf::search::{Search, converge};
    use crate::science::scf::{Derivative, Integrals, Settings, System};

    #[test]
    fn the_lowest_eigenvalue_is_the_curvature_of_the_energy_along_its_rotations() {
        let place =
            |symbol: &str, position| Atom { element: Element::of_symbol(symbol).unwrap(), position, is_ghost: false };
        let atoms = vec![place("O", [0.0, 0.0, 0.2]), place("H", [0.1, 1.5, -0.9]), place("H", [0.0, -1.3, -0.8])];
        let water = Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() };
        let basis = named("6-31g").unwrap();
        let integrals = Integrals::new(&System { molecule: &water, basis: &basis }, 100).unwrap();
        let settings = Settings { convergence: 1e-12, ..Settings::default() };
        for (electrons, is_restricted) in [([5, 5], true), ([5, 4], false), ([6, 4], false)] {
            let terms = (&settings, Derivative::Gradient);
            let search = Search::new(&integrals, &water, electrons, is_restricted, terms);
            let field = converge(&integrals, vec![search]).swap_remove(0).unwrap();
            let mut stability = Stability::of(&field, Rotations::Internal).unwrap();
            let lowest = loop {
                let feelings = coulomb_and_exchange(&integrals.repulsion, &stability.demands());
                if let Some(lowest) = stability.step(feelings) {
                    break lowest;
                }
            };
            let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
            let problem = Problem::new(&integrals, &water, occupied);
            let energy = |angle: f64| {
                let mut turned = problem.turned(&field.spins, &lowest.rotations, angle);
                let feeling = coulomb_and_exchange(&integrals.repulsion, &[Demand::of(&turned)]).swap_remove(0);
                problem.feel(&mut turned, &feeling)
            };
            let curvature = (energy(1e-2) + energy(-1e-2) - 2.0 * energy(0.0)) / 2e-4;
            let expected = if is_restricted { 2.0 } else { 1.0 } * lowest.eigenvalue;
            assert!(lowest.is_stable() && (curvature - expected).abs() < 1e-3 * expected, "{curvature} and {expected}");
        }
    }
}
