//! What is the second-order correlation energy?
//!
//! Moller and Plesset, Phys. Rev. 46, 618, 1934, DOI 10.1103/PhysRev.46.618.
//!
//! With (ia|jb) over orbitals, i and j occupied and a and b virtual, and D their energies' `e_i + e_j - e_a - e_b`, electrons
//! of opposite spin give `sum (ia|jb)^2 / D` and those of one spin `1/2 sum (ia|jb) [(ia|jb) - (ib|ja)] / D` (Szabo and Ostlund,
//! Modern Quantum Chemistry, section 6.5).
//!
//! Integrals are transformed pair by pair: (pq|rs) to (pq|ia) for as many i as fit into memory, then (pq|ia) to (jb|ia). Each number is the
//! same sum in the same order for any number of i, so the memory limit changes no bit.
use super::diagnostic::Diagnostic;
use super::eri::Eri;
use super::integrals::{Integrals, MB};
use super::scf_state::{ScfState, SpinOrbitals};
use crate::science::linear::{Matrix, multiply};
use std::ops::Range;

/// Size of a panel of integrals that is transformed at once, numbers; larger only if a single shell pair needs more.
const PANEL: usize = 1 << 20;

/// The spin components of the correlation energy, Eh.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Correlation {
    pub same_spin: f64,
    pub opposite_spin: f64,
}

/// The MP2 correlation energy with `frozen` core orbitals of each spin left out.
pub(super) fn correlation(integrals: &Integrals, state: &mut ScfState, frozen: usize, memory_mb: usize) -> Correlation {
    if frozen > 0 && state.spins.iter().any(|spin| spin.occupied <= frozen) {
        state.diagnostics.push(Diagnostic::AllFrozen);
    }
    let spins: Vec<_> = state.spins.iter().map(|spin| ActiveOrbitals::new(spin, frozen)).collect();
    let is_restricted = spins.len() == 1;
    let mut sum = Correlation::default();
    for (at, spin) in spins.iter().enumerate() {
        for batch in batches(integrals, spin, memory_mb) {
            let half = HalfTransformed::new(&integrals.eri, spin, batch.clone());
            for i in batch.clone() {
                let same = half.finish(i - batch.start, spin, i + 1);
                for j in 0..=i {
                    let parts = pair_energy(&same, spin, i, spin, j);
                    let weight = if i == j { 0.5 } else { 1.0 };
                    match is_restricted {
                        true => {
                            sum.same_spin += 2.0 * weight * (parts.direct - parts.exchange);
                            sum.opposite_spin += 2.0 * weight * parts.direct;
                        }
                        false => sum.same_spin += weight * (parts.direct - parts.exchange),
                    }
                }
                if at == 0 && !is_restricted {
                    let other = half.finish(i - batch.start, &spins[1], spins[1].occupied.rows);
                    for j in 0..spins[1].occupied.rows {
                        sum.opposite_spin += pair_energy(&other, spin, i, &spins[1], j).direct;
                    }
                }
            }
        }
    }
    sum
}

/// Ranges of occupied orbitals whose half-transformed integrals fit into memory together.
fn batches(integrals: &Integrals, spin: &ActiveOrbitals, memory_mb: usize) -> Vec<Range<usize>> {
    let (n, occupied, virtuals) = (integrals.functions(), spin.occupied.rows, spin.virtuals.columns);
    let one = 8 * pairs(n) * virtuals.max(1);
    let available = memory_mb.saturating_mul(MB).saturating_sub(integrals.bytes());
    // The work memory that `Integrals` sets aside suffices for one orbital.
    let at_once = 1 + available / one.max(1);
    (0..occupied).step_by(at_once).map(|first| first..(first + at_once).min(occupied)).collect()
}

fn pairs(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The correlated orbitals of a spin, energies in Eh.
struct ActiveOrbitals {
    /// `[occupied, functions]`.
    occupied: Matrix,
    /// `[functions, virtuals]`.
    virtuals: Matrix,
    occupied_energies: Vec<f64>,
    virtual_energies: Vec<f64>,
}

impl ActiveOrbitals {
    fn new(spin: &SpinOrbitals, frozen: usize) -> Self {
        let (first, end) = (frozen.min(spin.occupied), spin.occupied);
        let n = spin.orbitals.columns;
        let rows = |range: Range<usize>| {
            Matrix::new(range.len(), n, spin.orbitals.values[range.start * n..range.end * n].to_vec())
        };
        Self {
            occupied: rows(first..end),
            virtuals: rows(end..spin.orbitals.rows).transposed(),
            occupied_energies: spin.energies[first..end].to_vec(),
            virtual_energies: spin.energies[end..].to_vec(),
        }
    }
}

/// Integrals (pq|ia) of a batch of i, `[pairs p >= q, i, a]`.
struct HalfTransformed {
    functions: usize,
    virtuals: usize,
    /// Numbers of one pair pq.
    width: usize,
    values: Vec<f64>,
}

impl HalfTransformed {
    fn new(eri: &Eri, spin: &ActiveOrbitals, batch: Range<usize>) -> Self {
        let (n, virtuals) = (spin.occupied.columns, spin.virtuals.columns);
        let orbitals = &spin.occupied.values[batch.start * n..batch.end * n];
        let width = batch.len() * virtuals;
        let mut half = Self { functions: n, virtuals, width, values: vec![0.0; pairs(n) * width] };
        let (mut square, mut between) = (vec![0.0; n * n], vec![0.0; batch.len() * n]);
        eri.for_each_panel(PANEL.min(n * n * n), |panel| {
            for (p, q, row) in panel.rows() {
                for (r, &start) in eri.runs()[..n].iter().enumerate() {
                    for (s, &value) in row[start..][..=r].iter().enumerate() {
                        (square[r * n + s], square[s * n + r]) = (value, value);
                    }
                }
                multiply(orbitals, &square, n, n, &mut between);
                let place = &mut half.values[(p * (p + 1) / 2 + q) * width..][..width];
                multiply(&between, &spin.virtuals.values, n, virtuals, place);
            }
        });
        half
    }

    /// Integrals (ia|jb) of the batch's i with j < `first` of a spin, `[a, j, b]`.
    fn finish(&self, i: usize, spin: &ActiveOrbitals, first: usize) -> Vec<f64> {
        let (n, virtuals) = (self.functions, spin.virtuals.columns);
        let orbitals = &spin.occupied.values[..first * n];
        let (mut square, mut between) = (vec![0.0; n * n], vec![0.0; first * n]);
        let mut result = vec![0.0; self.virtuals * first * virtuals];
        for (a, result) in result.chunks_exact_mut((first * virtuals).max(1)).enumerate() {
            let mut pair = self.values[i * self.virtuals + a..].iter().step_by(self.width);
            for p in 0..n {
                for (q, &value) in (0..=p).zip(pair.by_ref()) {
                    (square[p * n + q], square[q * n + p]) = (value, value);
                }
            }
            multiply(orbitals, &square, n, n, &mut between);
            multiply(&between, &spin.virtuals.values, n, virtuals, result);
        }
        result
    }
}

/// Sums over virtual orbitals for a pair of occupied ones, Eh.
struct PairEnergy {
    /// Of `(ia|jb)^2 / D`.
    direct: f64,
    /// Of `(ia|jb) (ib|ja) / D`; meaningful only for equal spins.
    exchange: f64,
}

/// The sums of orbitals i and j, from (ia|jb) as `[a, j, b]`.
fn pair_energy(integrals: &[f64], spin_i: &ActiveOrbitals, i: usize, spin_j: &ActiveOrbitals, j: usize) -> PairEnergy {
    let (rows, columns) = (spin_i.virtuals.columns, spin_j.virtuals.columns);
    if rows == 0 || columns == 0 {
        return PairEnergy { direct: 0.0, exchange: 0.0 };
    }
    let stride = integrals.len() / rows;
    let row = |a: usize| &integrals[a * stride + j * columns..][..columns];
    let occupied = spin_i.occupied_energies[i] + spin_j.occupied_energies[j];
    let (mut direct, mut exchange) = (0.0, 0.0);
    for a in 0..rows {
        let left = occupied - spin_i.virtual_energies[a];
        for (b, &value) in row(a).iter().enumerate() {
            let ratio = value / (left - spin_j.virtual_energies[b]);
            direct += value * ratio;
            // For different spins this is not used.
            if rows == columns {
                exchange += integrals[b * stride + j * columns + a] * ratio;
            }
        }
    }
    PairEnergy { direct, exchange }
}
