//! Correlation of second order (Moller and Plesset, Phys. Rev. 46, 618, 1934, DOI 10.1103/PhysRev.46.618).
//!
//! With (ia|jb) over orbitals, i and j occupied and a and b virtual, and D their energies' `e_i + e_j - e_a - e_b`, electrons
//! of opposite spin give `sum (ia|jb)^2 / D` and those of one spin `1/2 sum (ia|jb) [(ia|jb) - (ib|ja)] / D` (Szabo and Ostlund,
//! Modern Quantum Chemistry, section 6.5).
//!
//! Integrals are transformed pair after pair: (pq|rs) to (pq|ia) for as many i as fit into memory, then (pq|ia) to (jb|ia). Each
//! number is the same sum in the same order for any number of i, so memory changes no bit.
use super::field::{Field, Spin};
use super::integrals::{Integrals, MB};
use super::note::Note;
use super::repulsion::Repulsion;
use crate::science::linear::{Matrix, multiply};
use std::ops::Range;

/// Numbers of a panel of integrals that are worked on at once; more only where one shell pair has more.
const PANEL: usize = 1 << 20;

/// The parts of the correlation energy, Eh.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Correlation {
    pub same_spin: f64,
    pub opposite_spin: f64,
}

/// The correlation energy of second order with some orbitals of each spin frozen.
pub(super) fn correlation(integrals: &Integrals, field: &mut Field, frozen: usize, memory_mb: usize) -> Correlation {
    if frozen > 0 && field.spins.iter().any(|spin| spin.occupied <= frozen) {
        field.notes.push(Note::AllFrozen);
    }
    let spins: Vec<_> = field.spins.iter().map(|spin| Active::of(spin, frozen)).collect();
    let is_restricted = spins.len() == 1;
    let mut sum = Correlation::default();
    for (at, spin) in spins.iter().enumerate() {
        for batch in batches(integrals, spin, memory_mb) {
            let half = Half::transform(&integrals.repulsion, spin, batch.clone());
            for i in batch.clone() {
                let same = half.finish(i - batch.start, spin, i + 1);
                for j in 0..=i {
                    let parts = pair(&same, spin, i, spin, j);
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
                        sum.opposite_spin += pair(&other, spin, i, &spins[1], j).direct;
                    }
                }
            }
        }
    }
    sum
}

/// Ranges of occupied orbitals whose half-transformed integrals fit into memory together.
fn batches(integrals: &Integrals, spin: &Active, memory_mb: usize) -> Vec<Range<usize>> {
    let (n, occupied, virtuals) = (integrals.functions(), spin.occupied.rows, spin.virtuals.columns);
    let one = 8 * pairs(n) * virtuals.max(1);
    let available = memory_mb.saturating_mul(MB).saturating_sub(integrals.bytes());
    // Room for one is in what integrals leave beside them.
    let together = 1 + available / one.max(1);
    (0..occupied).step_by(together).map(|first| first..(first + together).min(occupied)).collect()
}

/// The number of pairs p >= q.
fn pairs(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The orbitals of a spin that take part.
struct Active {
    /// As rows.
    occupied: Matrix,
    /// As columns.
    virtuals: Matrix,
    occupied_energies: Vec<f64>,
    virtual_energies: Vec<f64>,
}

impl Active {
    fn of(spin: &Spin, frozen: usize) -> Self {
        let (first, end) = (frozen.min(spin.occupied), spin.occupied);
        let n = spin.orbitals.columns;
        let rows = |range: Range<usize>| {
            Matrix::of(range.len(), n, spin.orbitals.values[range.start * n..range.end * n].to_vec())
        };
        Self {
            occupied: rows(first..end),
            virtuals: rows(end..spin.orbitals.rows).transposed(),
            occupied_energies: spin.energies[first..end].to_vec(),
            virtual_energies: spin.energies[end..].to_vec(),
        }
    }
}

/// Integrals (pq|ia) of some i, `[pairs p >= q, i, a]`.
struct Half {
    functions: usize,
    virtuals: usize,
    /// Numbers of a pair.
    width: usize,
    values: Vec<f64>,
}

impl Half {
    fn transform(repulsion: &Repulsion, spin: &Active, batch: Range<usize>) -> Self {
        let (n, virtuals) = (spin.occupied.columns, spin.virtuals.columns);
        let orbitals = &spin.occupied.values[batch.start * n..batch.end * n];
        let width = batch.len() * virtuals;
        let mut half = Self { functions: n, virtuals, width, values: vec![0.0; pairs(n) * width] };
        let (mut square, mut between) = (vec![0.0; n * n], vec![0.0; batch.len() * n]);
        repulsion.each_panel(PANEL.min(n * n * n), |panel| {
            for (p, q, row) in panel.rows() {
                for (r, &start) in repulsion.runs()[..n].iter().enumerate() {
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

    /// Integrals (ia|jb) of the batch's i, with the first j of a spin, `[a, j, b]`.
    fn finish(&self, i: usize, spin: &Active, first: usize) -> Vec<f64> {
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

/// Sums over virtual orbitals of a pair of occupied ones, Eh.
struct Pair {
    /// Of `(ia|jb)^2 / D`.
    direct: f64,
    /// Of `(ia|jb) (ib|ja) / D`; only of one spin.
    exchange: f64,
}

/// The sums of orbitals i and j, from (ia|jb) as `[a, j, b]`.
fn pair(integrals: &[f64], spin_i: &Active, i: usize, spin_j: &Active, j: usize) -> Pair {
    let (rows, columns) = (spin_i.virtuals.columns, spin_j.virtuals.columns);
    if rows == 0 || columns == 0 {
        return Pair { direct: 0.0, exchange: 0.0 };
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
            // Of different spins this is not an exchange and is not used.
            if rows == columns {
                exchange += integrals[b * stride + j * columns + a] * ratio;
            }
        }
    }
    Pair { direct, exchange }
}
