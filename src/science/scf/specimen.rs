//! What of a system may be computed to judge how long all of it takes?
//!
//! Nothing here looks at a clock: whoever wants to know the time takes it around the calls and multiplies.
use super::fock::{Demand, JkBuilder};
use super::repulsion::{Quartets, Repulsion};
use super::shells::Shells;
use super::{Error, Settings, System, electrons};
use crate::science::linear::{Eigen, Matrix, multiply};

/// The most functions whose matrices are diagonalized in a trial.
const DIAGONALIZED: usize = 120;

/// Some of a system's integrals, and what is done with them.
pub struct Specimen {
    repulsion: Repulsion,
    quartets: Quartets,
    density: Matrix,
    /// Occupied orbitals of each spin; one number where they are the same.
    occupied: Vec<usize>,
    /// How many blocks have been taken, in a scattered order.
    taken: usize,
    rows: Vec<f64>,
    builder: JkBuilder,
}

impl Specimen {
    /// Of a system.
    ///
    /// # Errors
    /// The set lacks an element, or electrons or reference do not fit the multiplicity.
    pub fn of(system: &System<'_>, settings: &Settings) -> Result<Self, Error> {
        let placed: Vec<_> = system.molecule.atoms.iter().map(|atom| (atom.element, atom.position)).collect();
        let repulsion = Repulsion::new(Shells::place(&placed, system.basis)?);
        let n = repulsion.shells().functions;
        let electrons = electrons(system.molecule)?;
        let is_restricted = settings.is_restricted(system.molecule)?;
        let occupied = if is_restricted { vec![electrons[0]] } else { electrons.to_vec() };
        let density = pattern(n, n);
        let demand = Demand { density: density.clone(), spins: vec![&density; occupied.len()] };
        let builder = JkBuilder::new(&demand, repulsion.runs());
        Ok(Self { repulsion, quartets: Quartets::default(), density, occupied, taken: 0, rows: Vec::new(), builder })
    }

    /// The number of basis functions.
    pub fn functions(&self) -> usize {
        self.density.rows
    }

    /// Occupied orbitals of each spin; one number where they are the same.
    pub fn occupied(&self) -> &[usize] {
        &self.occupied
    }

    /// Computes another block of integrals; returns which share of all it is, or nothing where there is none left.
    pub fn integrals(&mut self) -> Option<f64> {
        let blocks = self.repulsion.blocks();
        let place = (self.taken < blocks.len()).then(|| scattered(self.taken, blocks.len()))?;
        self.taken += 1;
        self.repulsion.compute(&blocks[place], &mut self.rows, &mut self.quartets);
        Some(blocks[place].size() as f64 / self.repulsion.size() as f64)
    }

    /// Does with the last block what a pass of a task does.
    pub fn pass(&mut self) {
        if let Some(last) = self.taken.checked_sub(1) {
            let blocks = self.repulsion.blocks();
            self.builder.add_block(&blocks[scattered(last, blocks.len())], &self.rows, self.repulsion.runs());
        }
    }

    /// Diagonalizes a matrix; returns which share it is of the work for one over all functions.
    pub fn diagonalize(&self) -> f64 {
        let n = self.functions().min(DIAGONALIZED);
        let mut matrix = pattern(n, n);
        matrix.add(1.0, &pattern(n, n).transposed());
        std::hint::black_box(Eigen::of(&matrix));
        (n as f64 / self.functions().max(1) as f64).powi(3)
    }

    /// Multiplies as MP2 does, occupied orbitals by all functions; returns the number of products.
    pub fn multiply(&self) -> f64 {
        let (n, rows) = (self.functions(), self.occupied[0].max(1));
        let mut result = vec![0.0; rows * n];
        multiply(&pattern(rows, n).values, &self.density.values, n, n, &mut result);
        std::hint::black_box(result);
        rows as f64 * (n * n) as f64
    }
}

/// A place for each number below `count`, every one once, neighbours far apart.
fn scattered(at: usize, count: usize) -> usize {
    let common = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    // About the golden section.
    let mut step = (count as f64 * 0.618_033_988_749_895) as usize + 1;
    while common(step, count) != 1 {
        step += 1;
    }
    (at as u128 * step as u128 % count as u128) as usize
}

/// Small numbers without much of a pattern.
fn pattern(rows: usize, columns: usize) -> Matrix {
    let value = |k: usize| ((k * 7919 % 1009) as f64 / 1009.0 - 0.5) / columns.max(1) as f64;
    Matrix::of(rows, columns, (0..rows * columns).map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::scattered;

    #[test]
    fn every_block_is_taken_once() {
        for count in [1, 2, 3, 10, 97, 5886] {
            let mut places: Vec<usize> = (0..count).map(|at| scattered(at, count)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..count), "{count}");
        }
    }
}
