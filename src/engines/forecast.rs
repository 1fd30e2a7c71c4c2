//! How long will the embedded engine take, and with how much memory?
//!
//! Some integrals of the molecule are computed, and the share they are of all says how long all take; likewise what a pass does with them,
//! matrices of its size and products as MP2 has them. How many passes there will be is what molecules needed that have run.
use super::{Driver, Embedded};
use crate::science::chemistry::Molecule;
use crate::science::scf::{Footprint, Method, Specimen, System};
use std::time::{Duration, Instant};

/// Passes until convergence: with orbitals that both spins share, and with those of each spin.
const PASSES: [f64; 2] = [10.0, 16.0];

/// More of them where orbitals must be converged further: for MP2 and for gradients.
const FURTHER: f64 = 3.0;

/// Passes, as long as those of iterations, in which unrestricted solutions are examined for stability.
const STABILITY: f64 = 6.0;

/// The derivatives of all integrals take so many times the integrals themselves.
const DERIVATIVES: f64 = 5.0;

/// Products of matrices and diagonalizations in a pass, for each spin.
const PRODUCTS: f64 = 9.0;

/// Reading kept integrals from memory, s for each byte.
const READ_S: f64 = 1.2e-10;

/// Putting an integral into both of its places for MP2, s.
const PLACE_S: f64 = 4e-9;

/// What a task is judged to take on one core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forecast {
    /// Integrals that tasks with the same atoms share; none where they are computed for every pass, s.
    pub integrals_s: f64,
    /// All else, s.
    pub task_s: f64,
}

/// How long parts of the work take, s.
struct Rates {
    /// All integrals.
    integrals_s: f64,
    /// What a pass does with them.
    pass_s: f64,
    /// A diagonalization.
    eigen_s: f64,
    /// One product of numbers within one of matrices.
    product_s: f64,
}

impl Rates {
    /// Measured within about `limit`.
    fn measure(specimen: &mut Specimen, limit: Duration) -> Self {
        let since = Instant::now();
        let (mut integrals, mut pass, mut share) = (Duration::ZERO, Duration::ZERO, 0.0);
        while since.elapsed() < limit {
            let begun = Instant::now();
            let Some(more) = specimen.integrals() else { break };
            integrals += begun.elapsed();
            let begun = Instant::now();
            specimen.pass();
            pass += begun.elapsed();
            share += more;
        }
        let of = |time: Duration| if share > 0.0 { time.as_secs_f64() / share } else { 0.0 };
        let begun = Instant::now();
        let part = specimen.diagonalize();
        let eigen_s = begun.elapsed().as_secs_f64() / part.max(f64::MIN_POSITIVE);
        let begun = Instant::now();
        let mut products = 0.0;
        while products == 0.0 || begun.elapsed() < limit / 20 {
            products += specimen.multiply();
        }
        let product_s = begun.elapsed().as_secs_f64() / products.max(1.0);
        Self { integrals_s: of(integrals), pass_s: of(pass), eigen_s, product_s }
    }
}

impl Embedded {
    /// The memory of a molecule; nothing where it cannot be computed.
    pub fn footprint(&self, molecule: &Molecule) -> Option<Footprint> {
        Footprint::of(&System { molecule, basis: &self.basis }, &self.settings).ok()
    }

    /// How long a molecule will take, measured within about `limit`; nothing where it cannot be computed. Without `memory_mb` there is enough.
    pub fn forecast(
        &self,
        molecule: &Molecule,
        driver: Driver,
        memory_mb: Option<usize>,
        limit: Duration,
    ) -> Option<Forecast> {
        let footprint = self.footprint(molecule)?;
        let used = footprint.used(memory_mb.unwrap_or(footprint.ample_mb()), 1);
        let mut specimen = Specimen::of(&System { molecule, basis: &self.basis }, &self.settings).ok()?;
        let rates = Rates::measure(&mut specimen, limit);
        let (n, spins) = (specimen.functions() as f64, specimen.occupied().len());
        let is_exact = self.settings.method == Method::Mp2 || driver != Driver::Energy;
        let examined = if spins == 2 { STABILITY } else { 0.0 };
        let passes = PASSES[spins - 1] + if is_exact { FURTHER } else { 0.0 } + examined;
        let read_s = if used.is_kept { READ_S * 1e6 * footprint.integrals_mb() } else { rates.integrals_s };
        let matrices_s = spins as f64 * (rates.eigen_s + PRODUCTS * n.powi(3) * rates.product_s);
        let mut task_s = passes * (read_s + rates.pass_s + matrices_s);
        if self.settings.method == Method::Mp2 {
            let place_s = 1e6 * footprint.integrals_mb() / 8.0 * PLACE_S;
            // Without integrals in memory each is computed for both of its places.
            let panels_s = place_s + if used.is_kept { read_s } else { 2.0 * rates.integrals_s };
            let frozen = self.settings.frozen_orbitals(molecule);
            let occupied = specimen.occupied().iter().map(|&spin| spin.saturating_sub(frozen) as f64);
            let transformed: f64 = occupied.map(|o| transformations(o, n)).sum();
            task_s += used.batches as f64 * spins as f64 * panels_s + transformed * rates.product_s;
        }
        if driver != Driver::Energy {
            task_s += DERIVATIVES * rates.integrals_s;
        }
        let integrals_s = if used.is_kept { rates.integrals_s } else { 0.0 };
        Some(Forecast { integrals_s, task_s: task_s + rates.eigen_s })
    }
}

/// Products of numbers in the transformations of integrals for MP2, with so many correlated orbitals of `n`.
fn transformations(occupied: f64, n: f64) -> f64 {
    let virtuals = (n - occupied).max(0.0);
    let first = n * n / 2.0 * (occupied * n * n + occupied * n * virtuals);
    let second = occupied * virtuals * (occupied / 2.0) * (n * n + n * virtuals);
    first + second
}
