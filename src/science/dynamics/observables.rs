//! What is recorded of a trajectory at a sample?
use super::arrays::for_kind;
use super::{Bath, LANES, Lanes, Matrix, PhaseSpace, Vector, ZERO};
use crate::science::simd::dispatch;

/// Which two-time correlation functions <O(t) O(0)> are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correlations {
    /// Of all pairs of diabatic populations.
    pub populations: bool,
    /// Of every position with itself.
    pub coordinates: bool,
}

/// The order of the observables of a sample: the density matrix as S^2 real numbers (S populations, then real and imaginary part of every
/// element (i, j), i < j), S adiabatic populations, S occupations of surfaces (if the method has any), S x S population correlations (if asked
/// for), three energies, C position correlations (if asked for).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub states: usize,
    pub has_surfaces: bool,
    pub correlations: Correlations,
    pub coordinates: usize,
}

impl Layout {
    /// Number of real numbers in a sample.
    pub fn size(self) -> usize {
        self.position_correlations() + if self.correlations.coordinates { self.coordinates } else { 0 }
    }

    /// Start of the S adiabatic populations.
    pub fn adiabatic(self) -> usize {
        self.states * self.states
    }

    /// Start of the S surface occupations.
    pub fn surfaces(self) -> usize {
        self.adiabatic() + self.states
    }

    /// Start of the S x S products P_i(t) P_j(0) of populations.
    pub fn population_correlations(self) -> usize {
        self.surfaces() + if self.has_surfaces { self.states } else { 0 }
    }

    /// Start of classical, quantum and total energy.
    pub fn energies(self) -> usize {
        self.population_correlations() + if self.correlations.populations { self.states * self.states } else { 0 }
    }

    /// Start of the C products q_j(t) q_j(0).
    pub fn position_correlations(self) -> usize {
        self.energies() + 3
    }

    /// The full matrix `[S * S]`, row-major, from its S^2 real numbers.
    pub fn unpack_density(self, numbers: &[f64]) -> Vec<[f64; 2]> {
        let n = self.states;
        let mut full = vec![[0.0; 2]; n * n];
        (0..n).for_each(|k| full[k * n + k] = [numbers[k], 0.0]);
        for (pair, (i, j)) in pairs(n).enumerate() {
            let (re, im) = (numbers[n + 2 * pair], numbers[n + 2 * pair + 1]);
            (full[i * n + j], full[j * n + i]) = ([re, im], [re, -im]);
        }
        full
    }
}

/// All (i, j) with i < j < n, row by row.
fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)))
}

/// The observables of a block at one sample, `[observable][lane]`.
pub struct Observables {
    pub layout: Layout,
    pub values: Vec<Lanes>,
}

impl Observables {
    pub fn new(layout: Layout) -> Self {
        Self { layout, values: vec![ZERO; layout.size()] }
    }

    /// Sets the density matrix |c><c| of diabatic amplitudes.
    pub fn set_pure_state(&mut self, c: &Vector) {
        let n = self.layout.states;
        (0..n).for_each(|k| self.values[k] = c.population(k));
        for (pair, (i, j)) in pairs(n).enumerate() {
            // c_i conj(c_j)
            let (a, b, p, q) = (&c.re[i], &c.im[i], &c.re[j], &c.im[j]);
            self.values[n + 2 * pair] = std::array::from_fn(|l| a[l] * p[l] + b[l] * q[l]);
            self.values[n + 2 * pair + 1] = std::array::from_fn(|l| b[l] * p[l] - a[l] * q[l]);
        }
    }

    /// Sets the density matrix U rho U^+, where rho is |c><c| of the adiabatic amplitudes with the active surface on the diagonal (Tempelaar
    /// and Reichman, J. Chem. Phys. 148, 102309, 2018, doi:10.1063/1.5000843): the coherences of the state and the populations of the
    /// surfaces. It is not positive in general.
    pub fn set_hopping_state(&mut self, c: &Vector, active: &[usize; LANES], u: &Matrix) {
        let n = self.layout.states;
        // U rho U^+ = U (|c><c| + D) U^+ with the diagonal D = surface - |c|^2.
        let mut correction: Vec<Lanes> = (0..n).map(|k| c.population(k).map(|p| -p)).collect();
        (0..LANES).for_each(|l| correction[active[l]][l] += 1.0);
        let mut diabatic = Vector::zero(n);
        u.apply(c, &mut diabatic);
        self.set_pure_state(&diabatic);
        for_kind!(u, add_diagonal(u, &correction, &mut self.values));
    }

    /// Scales density matrix and adiabatic populations to the mapping estimators: rho <- 1/S + alpha (rho - 1/S).
    pub fn scale_state(&mut self, alpha: f64) {
        let (n, adiabatic) = (self.layout.states, self.layout.adiabatic());
        let rest = (1.0 - alpha) / n as f64;
        for (place, value) in self.values[..adiabatic + n].iter_mut().enumerate() {
            let is_population = place < n || place >= adiabatic;
            value.iter_mut().for_each(|v| *v = alpha * *v + if is_population { rest } else { 0.0 });
        }
    }

    /// Sets the populations |c_k|^2 of the adiabatic states.
    pub fn set_adiabatic(&mut self, c: &Vector) {
        let start = self.layout.adiabatic();
        (0..self.layout.states).for_each(|k| self.values[start + k] = c.population(k));
    }

    /// Sets the surface occupations: one for the active surface, zero for the others.
    pub fn set_surfaces(&mut self, active: &[usize; LANES]) {
        let start = self.layout.surfaces();
        (0..self.layout.states).for_each(|k| {
            self.values[start + k] = std::array::from_fn(|l| f64::from(u8::from(active[l] == k)));
        });
    }

    pub fn set_energies(&mut self, classical: Lanes, quantum: Lanes) {
        let start = self.layout.energies();
        (self.values[start], self.values[start + 1]) = (classical, quantum);
        self.values[start + 2] = std::array::from_fn(|l| classical[l] + quantum[l]);
    }

    /// Sets the products with the populations and positions at t = 0, which are stored in `first` while it is empty.
    pub fn set_correlations(&mut self, bath: &Bath, z: &PhaseSpace, first: &mut Vec<Lanes>) {
        let Layout { states: n, correlations, coordinates, .. } = self.layout;
        let position = |j: usize| bath.positions(j, z);
        if first.is_empty() {
            first.extend_from_slice(&self.values[..n]);
            first.extend((0..coordinates).filter(|_| correlations.coordinates).map(position));
        }
        let product = |a: &Lanes, b: &Lanes| std::array::from_fn(|l| a[l] * b[l]);
        if correlations.populations {
            let start = self.layout.population_correlations();
            for (place, (i, j)) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).enumerate() {
                self.values[start + place] = product(&self.values[i], &first[j]);
            }
        }
        if correlations.coordinates {
            let start = self.layout.position_correlations();
            (0..coordinates).for_each(|j| self.values[start + j] = product(&position(j), &first[n + j]));
        }
    }
}

dispatch! {
    /// Adds U D U^+ with a diagonal D to a density matrix of S^2 real numbers.
    fn add_diagonal<const REAL: bool>(u: &Matrix, diagonal: &[Lanes], values: &mut [Lanes]) {
        let n = u.states;
        let mut place = n;
        for i in 0..n {
            for j in i..n {
                let (mut re, mut im) = (ZERO, ZERO);
                for (k, d) in diagonal.iter().enumerate() {
                    let (a, b, p, q) = (&u.re[i * n + k], &u.im[i * n + k], &u.re[j * n + k], &u.im[j * n + k]);
                    for l in 0..LANES {
                        if REAL {
                            re[l] += d[l] * (a[l] * p[l]);
                        } else {
                            re[l] += d[l] * (a[l] * p[l] + b[l] * q[l]);
                            im[l] += d[l] * (b[l] * p[l] - a[l] * q[l]);
                        }
                    }
                }
                let index = if i == j { i } else { place };
                for l in 0..LANES {
                    values[index][l] += re[l];
                }
                if i != j {
                    for l in 0..LANES {
                        values[index + 1][l] += im[l];
                    }
                    place += 2;
                }
            }
        }
    }
}
