//! How much memory does a system take?
use super::eri_blocks::{EriBlock, eri_blocks};
use super::error::Error;
use super::integrals::{MATRICES, MAX_TASKS_PER_PASS, MB, work_bytes};
use super::settings::{Method, Settings};
use super::shells::Shells;
use super::system::{System, electrons};

/// Memory of the program and its libraries at the start, MB.
const PROGRAM_MB: f64 = 20.0;

/// Memory that systems with the same atoms need, estimated from their shells and electrons alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    pub functions: usize,
    /// Eri integrals, bytes.
    integrals: usize,
    /// The largest block of them, bytes.
    block: usize,
    /// Work memory of a task, bytes.
    work: usize,
    /// MP2: half-transformed integrals of one occupied orbital, bytes.
    half_transformed: usize,
    /// MP2: fully transformed integrals of one pair of occupied orbitals, bytes.
    transformed: usize,
    /// Correlated occupied orbitals of a spin; zero without MP2.
    correlated: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryUse {
    /// Peak memory, MB.
    pub peak_mb: f64,
    /// Whether integrals are stored, rather than recomputed in every pass.
    pub is_stored: bool,
    /// Number of batches of correlated orbitals in which MP2 transforms the integrals.
    pub batches: usize,
}

impl Footprint {
    /// Estimates the memory of a system.
    ///
    /// # Errors
    /// The basis set lacks an element, or charge and multiplicity do not fit.
    pub fn new(system: &System<'_>, settings: &Settings) -> Result<Self, Error> {
        let shells = Shells::for_atoms(&system.centers(), system.basis)?;
        let blocks = eri_blocks(&shells);
        let n = shells.functions;
        let largest = blocks.iter().map(EriBlock::size).max().unwrap_or(0);
        let [occupied, _] = electrons(system.molecule)?;
        let virtuals = n.saturating_sub(occupied);
        let correlated = match settings.method {
            Method::Hf => 0,
            Method::Mp2 => occupied.saturating_sub(settings.frozen_orbitals(system.molecule)),
        };
        Ok(Self {
            functions: n,
            integrals: 8 * blocks.iter().map(EriBlock::size).sum::<usize>(),
            block: 8 * largest,
            work: work_bytes(n, largest),
            half_transformed: 8 * n * (n + 1) / 2 * virtuals,
            transformed: 8 * virtuals * virtuals,
            correlated,
        })
    }

    /// Size of all repulsion integrals, MB.
    pub fn integrals_mb(&self) -> f64 {
        self.integrals as f64 / MB as f64
    }

    /// The smallest `memory_mb` with which the system can be computed.
    pub fn least_mb(&self) -> usize {
        self.work.div_ceil(MB)
    }

    /// The smallest `memory_mb` with which nothing is computed twice.
    pub fn ample_mb(&self) -> usize {
        (self.work + self.integrals + self.correlated.saturating_sub(1) * self.half_transformed).div_ceil(MB)
    }

    /// Memory use under a limit of `memory_mb` by a rank that runs `tasks` tasks with the same atoms.
    pub fn memory_use(&self, memory_mb: usize, tasks: usize) -> MemoryUse {
        let available = memory_mb.saturating_mul(MB);
        let is_stored = self.integrals + self.work <= available;
        let stored = if is_stored { self.integrals } else { 0 };
        let left = available.saturating_sub(stored + self.work);
        // As in `mp2::batches` and `Integrals::tasks_per_pass`.
        let at_once = (1 + left / self.half_transformed.max(1)).min(self.correlated);
        let square = 8 * self.functions * self.functions;
        let tasks_per_pass = (1 + left / (MATRICES * square).max(1)).min(MAX_TASKS_PER_PASS).min(tasks.max(1));
        let iterating = tasks_per_pass * MATRICES / 2 * square;
        let correlating = match self.correlated {
            0 => 0,
            correlated => {
                at_once * self.half_transformed
                    + correlated * self.transformed
                    + (8 << 20)
                    + tasks_per_pass * 8 * square
            }
        };
        let peak = stored + self.block + iterating.max(correlating);
        let batches = self.correlated.div_ceil(at_once.max(1));
        MemoryUse { peak_mb: PROGRAM_MB + peak as f64 / MB as f64, is_stored, batches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::basis::named;
    use crate::science::scf::Integrals;
    use crate::science::scf::tests::skewed_water;

    #[test]
    fn the_estimate_is_the_memory_of_the_integrals_and_whether_they_are_stored() {
        let water = skewed_water();
        for (set, method) in [("cc-pvtz", Method::Hf), ("cc-pvtz", Method::Mp2)] {
            let basis = named(set).unwrap();
            let system = System { molecule: &water, basis: &basis };
            let footprint = Footprint::new(&system, &Settings { method, ..Settings::default() }).unwrap();
            let bytes = |memory_mb: usize| Integrals::new(&system, memory_mb).map(|integrals| integrals.bytes());
            assert_eq!(bytes(footprint.ample_mb()).unwrap(), footprint.integrals + footprint.work);
            let ample = footprint.memory_use(footprint.ample_mb(), 1);
            assert!(ample.is_stored && ample.batches == usize::from(method == Method::Mp2), "{ample:?}");
            let enough = (footprint.integrals + footprint.work).div_ceil(MB);
            for memory_mb in [enough - 1, enough] {
                let is_stored = bytes(memory_mb).unwrap() > footprint.work;
                assert_eq!(footprint.memory_use(memory_mb, 1).is_stored, is_stored, "{set} {memory_mb}");
            }
            assert!(bytes(footprint.least_mb()).is_ok() && bytes(footprint.least_mb() - 1).is_err());
        }
    }
}
