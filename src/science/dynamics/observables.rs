//! What is observed of a trajectory at a moment?
use super::widest::widest;
use super::{Bath, LANES, Lane, Matrix, Phase, Vector, ZERO};

/// Which two-time correlation functions <O(t) O(0)> are observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correlations {
    /// Of all pairs of diabatic populations.
    pub populations: bool,
    /// Of every position with itself.
    pub coordinates: bool,
}

/// Where each observable stands in a list of them: the density matrix as S^2 real numbers, adiabatic populations, active
/// surfaces and correlations of populations where there are any, three energies, and correlations of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub states: usize,
    pub has_surfaces: bool,
    pub correlations: Correlations,
    /// Degrees of freedom.
    pub coordinates: usize,
}

impl Layout {
    /// Numbers in all.
    pub fn len(self) -> usize {
        self.position_correlations() + if self.correlations.coordinates { self.coordinates } else { 0 }
    }

    /// Never: there are energies at least.
    pub fn is_empty(self) -> bool {
        false
    }

    /// Where the density matrix starts: S populations, then real and imaginary part of every element (i, j), i < j.
    pub fn density(self) -> usize {
        0
    }

    /// Where the S adiabatic populations start.
    pub fn adiabatic(self) -> usize {
        self.states * self.states
    }

    /// Where the S surface occupations start.
    pub fn surfaces(self) -> usize {
        self.adiabatic() + self.states
    }

    /// Where the S x S products P_i(t) P_j(0) of populations start.
    pub fn population_correlations(self) -> usize {
        self.surfaces() + if self.has_surfaces { self.states } else { 0 }
    }

    /// Where classical, quantum and total energy start.
    pub fn energies(self) -> usize {
        self.population_correlations() + if self.correlations.populations { self.states * self.states } else { 0 }
    }

    /// Where the C products q_j(t) q_j(0) start.
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

/// (i, j) with i < j < n, in order.
fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)))
}

/// The observables of a block at one moment, `[observable][lane]`.
pub struct Observed {
    pub layout: Layout,
    pub values: Vec<Lane>,
}

impl Observed {
    /// Zero.
    pub fn new(layout: Layout) -> Self {
        Self { layout, values: vec![ZERO; layout.len()] }
    }

    /// The density matrix |c><c|.
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

    /// U rho U^+, where rho is |c><c| of the adiabatic amplitudes with its diagonal replaced by the active surface (Tempelaar
    /// and Reichman, J. Chem. Phys. 148, 102309, 2018, doi:10.1063/1.5000843): coherences of the state, populations of the
    /// surfaces; not positive in general.
    pub fn set_hopping_state(&mut self, c: &Vector, active: &[usize; LANES], u: &Matrix) {
        let n = self.layout.states;
        // U rho U^+ = U (|c><c| + D) U^+ with the diagonal D = surface - |c|^2.
        let mut correction: Vec<Lane> = (0..n).map(|k| c.population(k).map(|p| -p)).collect();
        (0..LANES).for_each(|l| correction[active[l]][l] += 1.0);
        let mut diabatic = Vector::zero(n);
        u.apply(c, &mut diabatic);
        self.set_pure_state(&diabatic);
        match u.is_real {
            true => add_diagonal::<true>(u, &correction, &mut self.values),
            false => add_diagonal::<false>(u, &correction, &mut self.values),
        }
    }

    /// Scales density matrix and adiabatic populations as mapping estimators do: rho <- 1/S + alpha (rho - 1/S).
    pub fn scale_state(&mut self, alpha: f64) {
        let (n, adiabatic) = (self.layout.states, self.layout.adiabatic());
        let rest = (1.0 - alpha) / n as f64;
        for (place, value) in self.values[..adiabatic + n].iter_mut().enumerate() {
            let is_population = place < n || place >= adiabatic;
            value.iter_mut().for_each(|v| *v = alpha * *v + if is_population { rest } else { 0.0 });
        }
    }

    /// The populations |c_k|^2 of the adiabatic states.
    pub fn set_adiabatic(&mut self, c: &Vector) {
        let start = self.layout.adiabatic();
        (0..self.layout.states).for_each(|k| self.values[start + k] = c.population(k));
    }

    /// One for the surface that is active, zero for the others.
    pub fn set_surfaces(&mut self, active: &[usize; LANES]) {
        let start = self.layout.surfaces();
        (0..self.layout.states).for_each(|k| {
            self.values[start + k] = std::array::from_fn(|l| f64::from(u8::from(active[l] == k)));
        });
    }

    /// Classical and quantum energy, and their sum.
    pub fn set_energies(&mut self, classical: Lane, quantum: Lane) {
        let start = self.layout.energies();
        (self.values[start], self.values[start + 1]) = (classical, quantum);
        self.values[start + 2] = std::array::from_fn(|l| classical[l] + quantum[l]);
    }

    /// Products with the populations and positions of t = 0, which are taken when `first` is empty.
    pub fn set_correlations(&mut self, bath: &Bath, z: &Phase, first: &mut Vec<Lane>) {
        let Layout { states: n, correlations, coordinates, .. } = self.layout;
        let position = |j: usize| bath.positions(j, z);
        if first.is_empty() {
            first.extend_from_slice(&self.values[..n]);
            first.extend((0..coordinates).filter(|_| correlations.coordinates).map(position));
        }
        let product = |a: &Lane, b: &Lane| std::array::from_fn(|l| a[l] * b[l]);
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

widest! {
    /// Adds U D U^+ with a diagonal D to the S^2 numbers of a density matrix.
    fn add_diagonal<const REAL: bool>(u: &Matrix, diagonal: &[Lane], values: &mut [Lane]) {
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
                let at = if i == j { i } else { place };
                for l in 0..LANES {
                    values[at][l] += re[l];
                }
                if i != j {
                    for l in 0..LANES {
                        values[at + 1][l] += im[l];
                    }
                    place += 2;
                }
            }
        }
    }
}
