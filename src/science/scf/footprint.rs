//! How much memory does a system take?
use super::blocks::{Block, blocks};
use super::integrals::{MATRICES, MB, TOGETHER, bytes_beside};
use super::shells::Shells;
use super::{Error, Method, Settings, System, electrons};

/// A program that has begun, with its libraries, MB.
const PROGRAM_MB: f64 = 20.0;

/// What systems with the same atoms take, known from their shells and electrons alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    pub functions: usize,
    /// Repulsion integrals, bytes.
    integrals: usize,
    /// The largest block of them, bytes.
    block: usize,
    /// What there must be beside them, bytes.
    beside: usize,
    /// Half-transformed integrals of one occupied orbital, for MP2, bytes.
    half: usize,
    /// Fully transformed ones of one occupied orbital, bytes.
    whole: usize,
    /// Occupied orbitals of a spin that are correlated; none where nothing is.
    correlated: usize,
}

/// What is used within a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Used {
    /// The peak, MB.
    pub mb: f64,
    /// Whether integrals are kept, or else computed anew for every pass.
    pub is_kept: bool,
    /// For how many of the correlated orbitals integrals are transformed at once, and how often therefore.
    pub batches: usize,
}

impl Footprint {
    /// Of a system.
    ///
    /// # Errors
    /// The set lacks an element, or electrons do not fit the multiplicity.
    pub fn of(system: &System<'_>, settings: &Settings) -> Result<Self, Error> {
        let placed: Vec<_> = system.molecule.atoms.iter().map(|atom| (atom.element, atom.position)).collect();
        let shells = Shells::place(&placed, system.basis)?;
        let blocks = blocks(&shells);
        let n = shells.functions;
        let largest = blocks.iter().map(Block::size).max().unwrap_or(0);
        let [occupied, _] = electrons(system.molecule)?;
        let virtuals = n.saturating_sub(occupied);
        let correlated = match settings.method {
            Method::Hf => 0,
            Method::Mp2 => occupied.saturating_sub(settings.frozen_orbitals(system.molecule)),
        };
        Ok(Self {
            functions: n,
            integrals: 8 * blocks.iter().map(Block::size).sum::<usize>(),
            block: 8 * largest,
            beside: bytes_beside(n, largest),
            half: 8 * n * (n + 1) / 2 * virtuals,
            whole: 8 * virtuals * virtuals,
            correlated,
        })
    }

    /// The integrals, MB.
    pub fn integrals_mb(&self) -> f64 {
        self.integrals as f64 / MB as f64
    }

    /// Below this `memory_mb` nothing can be computed.
    pub fn least_mb(&self) -> usize {
        self.beside.div_ceil(MB)
    }

    /// From this `memory_mb` on nothing is computed twice.
    pub fn ample_mb(&self) -> usize {
        (self.beside + self.integrals + self.correlated.saturating_sub(1) * self.half).div_ceil(MB)
    }

    /// What is used within `memory_mb`, by so many tasks one after the other.
    pub fn used(&self, memory_mb: usize, tasks: usize) -> Used {
        let available = memory_mb.saturating_mul(MB);
        let is_kept = self.integrals + self.beside <= available;
        let kept = if is_kept { self.integrals } else { 0 };
        let left = available.saturating_sub(kept + self.beside);
        // As `mp2::batches` and `Integrals::together` have it.
        let at_once = (1 + left / self.half.max(1)).min(self.correlated);
        let square = 8 * self.functions * self.functions;
        let together = (1 + left / (MATRICES * square).max(1)).min(TOGETHER).min(tasks.max(1));
        let iterating = together * MATRICES / 2 * square;
        let correlating = match self.correlated {
            0 => 0,
            correlated => at_once * self.half + correlated * self.whole + (8 << 20) + together * 8 * square,
        };
        let peak = kept + self.block + iterating.max(correlating);
        let batches = self.correlated.div_ceil(at_once.max(1));
        Used { mb: PROGRAM_MB + peak as f64 / MB as f64, is_kept, batches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::basis::named;
    use crate::science::chemistry::{Atom, Element, Molecule};
    use crate::science::scf::Integrals;

    #[test]
    fn what_is_foretold_is_what_integrals_take_and_where_they_are_kept() {
        let place =
            |symbol: &str, position| Atom { element: Element::of_symbol(symbol).unwrap(), position, is_ghost: false };
        let atoms = vec![place("O", [0.0, 0.0, 0.2]), place("H", [0.1, 1.5, -0.9]), place("H", [0.0, -1.3, -0.8])];
        let water = Molecule { atoms, charge: 0, multiplicity: 1, point_charges: Vec::new() };
        for (set, method) in [("cc-pvtz", Method::Hf), ("cc-pvtz", Method::Mp2)] {
            let basis = named(set).unwrap();
            let system = System { molecule: &water, basis: &basis };
            let footprint = Footprint::of(&system, &Settings { method, ..Settings::default() }).unwrap();
            let bytes = |memory_mb: usize| Integrals::new(&system, memory_mb).map(|integrals| integrals.bytes());
            assert_eq!(bytes(footprint.ample_mb()).unwrap(), footprint.integrals + footprint.beside);
            let ample = footprint.used(footprint.ample_mb(), 1);
            assert!(ample.is_kept && ample.batches == usize::from(method == Method::Mp2), "{ample:?}");
            let enough = (footprint.integrals + footprint.beside).div_ceil(MB);
            for memory_mb in [enough - 1, enough] {
                let is_kept = bytes(memory_mb).unwrap() > footprint.beside;
                assert_eq!(footprint.used(memory_mb, 1).is_kept, is_kept, "{set} {memory_mb}");
            }
            assert!(bytes(footprint.least_mb()).is_ok() && bytes(footprint.least_mb() - 1).is_err());
        }
    }
}
