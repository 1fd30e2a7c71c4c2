//! How long will the embedded engine take, and how much memory will it use?
//!
//! A sample of the molecule's integrals is timed and scaled to all of them; likewise their use in an SCF iteration, matrices of the same
//! size, and the products in MP2. The number of iterations is an average over calculations that were run.
use super::{Driver, Embedded};
use crate::science::chemistry::Molecule;
use crate::science::scf::{CostSample, Footprint, Method, System};
use std::time::{Duration, Instant};

/// SCF iterations until convergence: restricted, unrestricted.
const ITERATIONS: [f64; 2] = [10.0, 16.0];
/// Further iterations for MP2 and gradients, which need tighter convergence.
const TIGHT_ITERATIONS: f64 = 3.0;
/// Cost of the stability analysis of unrestricted solutions, in iterations.
const STABILITY: f64 = 6.0;
/// Cost of the derivatives of all integrals, relative to the integrals.
const DERIVATIVES: f64 = 5.0;
/// Matrix products in an iteration, for each spin.
const PRODUCTS: f64 = 9.0;
/// Reading stored integrals from memory, s per byte.
const READ_S: f64 = 1.2e-10;
/// Storing an integral at both of its positions for MP2, s.
const PLACE_S: f64 = 4e-9;

/// Estimated time of a task on one core.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forecast {
    /// Integrals shared by tasks with the same atoms, s; 0 if they are recomputed in every iteration.
    pub integrals_s: f64,
    /// Everything else, s.
    pub task_s: f64,
}

/// Measured times of the parts, s.
struct Rates {
    /// All integrals.
    integrals_s: f64,
    /// Their use in one iteration.
    iteration_s: f64,
    /// One diagonalization.
    eigen_s: f64,
    /// One scalar multiplication within a matrix product.
    product_s: f64,
}

impl Rates {
    /// Measures for about `limit`.
    fn measure(sample: &mut CostSample, limit: Duration) -> Self {
        let started = Instant::now();
        let (mut integrals, mut iteration, mut fraction) = (Duration::ZERO, Duration::ZERO, 0.0);
        while started.elapsed() < limit {
            let start = Instant::now();
            let Some(more) = sample.compute_block() else { break };
            integrals += start.elapsed();
            let start = Instant::now();
            sample.build_jk();
            iteration += start.elapsed();
            fraction += more;
        }
        let total_s = |time: Duration| if fraction > 0.0 { time.as_secs_f64() / fraction } else { 0.0 };
        let start = Instant::now();
        let fraction = sample.diagonalize();
        let eigen_s = start.elapsed().as_secs_f64() / fraction.max(f64::MIN_POSITIVE);
        let start = Instant::now();
        let mut products = 0.0;
        while products == 0.0 || start.elapsed() < limit / 20 {
            products += sample.multiply();
        }
        let product_s = start.elapsed().as_secs_f64() / products.max(1.0);
        Self { integrals_s: total_s(integrals), iteration_s: total_s(iteration), eigen_s, product_s }
    }
}

impl Embedded {
    /// The memory that a molecule needs; none if it cannot be computed.
    pub fn footprint(&self, molecule: &Molecule) -> Option<Footprint> {
        Footprint::new(&System { molecule, basis: &self.basis }, &self.settings).ok()
    }

    /// Estimates the time of a molecule by measuring for about `limit`; none if it cannot be computed. Without `memory_mb`, memory is assumed to
    /// be sufficient.
    pub fn forecast(
        &self,
        molecule: &Molecule,
        driver: Driver,
        memory_mb: Option<usize>,
        limit: Duration,
    ) -> Option<Forecast> {
        let footprint = self.footprint(molecule)?;
        let used = footprint.memory_use(memory_mb.unwrap_or(footprint.ample_mb()), 1);
        let mut sample = CostSample::new(&System { molecule, basis: &self.basis }, &self.settings).ok()?;
        let rates = Rates::measure(&mut sample, limit);
        let (n, spins) = (sample.functions() as f64, sample.occupied().len());
        let is_exact = self.settings.method == Method::Mp2 || driver != Driver::Energy;
        let stability = if spins == 2 { STABILITY } else { 0.0 };
        let iterations = ITERATIONS[spins - 1] + if is_exact { TIGHT_ITERATIONS } else { 0.0 } + stability;
        let read_s = if used.is_stored { READ_S * 1e6 * footprint.integrals_mb() } else { rates.integrals_s };
        let matrices_s = spins as f64 * (rates.eigen_s + PRODUCTS * n.powi(3) * rates.product_s);
        let mut task_s = iterations * (read_s + rates.iteration_s + matrices_s);
        if self.settings.method == Method::Mp2 {
            let place_s = 1e6 * footprint.integrals_mb() / 8.0 * PLACE_S;
            // Integrals that are not stored are computed for both of their positions.
            let panels_s = place_s + if used.is_stored { read_s } else { 2.0 * rates.integrals_s };
            let frozen = self.settings.frozen_orbitals(molecule);
            let occupied = sample.occupied().iter().map(|&spin| spin.saturating_sub(frozen) as f64);
            let transformed: f64 = occupied.map(|o| transformations(o, n)).sum();
            task_s += used.batches as f64 * spins as f64 * panels_s + transformed * rates.product_s;
        }
        if driver != Driver::Energy {
            task_s += DERIVATIVES * rates.integrals_s;
        }
        let integrals_s = if used.is_stored { rates.integrals_s } else { 0.0 };
        Some(Forecast { integrals_s, task_s: task_s + rates.eigen_s })
    }
}

/// Scalar multiplications in the integral transformation of MP2, with `occupied` correlated orbitals out of `n`.
fn transformations(occupied: f64, n: f64) -> f64 {
    let virtuals = (n - occupied).max(0.0);
    let first = n * n / 2.0 * (occupied * n * n + occupied * n * virtuals);
    let second = occupied * virtuals * (occupied / 2.0) * (n * n + n * virtuals);
    first + second
}
