//! The part of the repulsion of electrons.
use super::shifted::{Ladder, raised_coefficients};
use crate::science::linear::Matrix;
use crate::science::scf::repulsion::Repulsion;
use crate::science::scf::shells::{HIGHEST_ANGULAR, Shell};
use integral::engine::os_eri::{
    EriBatch4Scratch, EriScratch, ShellPairData, ShellRef, coulomb_shell_batch4_pairs_into_scratch,
    coulomb_shell_pairs_into_scratch, shell_pair_data,
};
use integral::math::am::n_cart;

/// Shell quartets are left out where the bound of their integrals times the largest element of the two-particle density is smaller, Eh.
const NEGLIGIBLE: f64 = 1e-12;

/// Adds the gradient of the repulsion energy of a density of all electrons and of each spin (over Cartesian functions).
pub(super) fn add(repulsion: &Repulsion, density: &Matrix, spins: &[Matrix], sum: &mut [[f64; 3]]) {
    let shells = &repulsion.shells().list;
    let densities = Densities::of(shells, density, spins);
    let pairs = repulsion.pairs();
    let mut work = Work::of(Tables::of(shells, pairs, repulsion.data()));
    for (bra, &(i, j)) in pairs.iter().enumerate() {
        for alike in repulsion.alike() {
            let before = &alike[..alike.partition_point(|ket| *ket <= bra)];
            let wanted = |ket: &usize| {
                let (k, l) = pairs[*ket];
                let atoms = [i, j, k, l].map(|shell| shells[shell].atom);
                let bound = repulsion.bound_of(bra) * repulsion.bound_of(*ket);
                atoms.iter().any(|atom| *atom != atoms[0]) && bound * densities.largest([i, j, k, l]) >= NEGLIGIBLE
            };
            let wanted: Vec<usize> = before.iter().copied().filter(wanted).collect();
            wanted.chunks(4).for_each(|kets| work.take(bra, kets, &densities, sum));
        }
    }
}

/// Densities over Cartesian functions.
struct Densities<'a> {
    total: &'a Matrix,
    spins: &'a [Matrix],
    /// Largest elements between shells, of the whole and of a spin.
    largest_total: Matrix,
    largest_spin: Matrix,
    /// The two-particle density has this times the sum over `spins`: both spins where they share their orbitals.
    exchange: f64,
}

impl<'a> Densities<'a> {
    fn of(shells: &[Shell], total: &'a Matrix, spins: &'a [Matrix]) -> Self {
        let largest = |matrices: &[&Matrix]| {
            let mut largest = Matrix::zeros(shells.len(), shells.len());
            for (i, a) in shells.iter().enumerate() {
                for (j, b) in shells.iter().enumerate() {
                    for matrix in matrices {
                        for p in a.first_cartesian..a.first_cartesian + a.cartesian() {
                            let row = &matrix.row(p)[b.first_cartesian..][..b.cartesian()];
                            let value = row.iter().fold(largest.at(i, j), |value, x| f64::max(value, x.abs()));
                            largest.row_mut(i)[j] = value;
                        }
                    }
                }
            }
            largest
        };
        let exchange = if spins.len() == 1 { 1.0 } else { 0.5 };
        let each: Vec<_> = spins.iter().collect();
        Self { total, spins, largest_total: largest(&[total]), largest_spin: largest(&each), exchange }
    }

    /// A bound of the two-particle density of four shells.
    fn largest(&self, [i, j, k, l]: [usize; 4]) -> f64 {
        let spin = &self.largest_spin;
        self.largest_total.at(i, j) * self.largest_total.at(k, l)
            + spin.at(i, k) * spin.at(j, l)
            + spin.at(i, l) * spin.at(j, k)
    }

    /// A multiple of `D_ab D_cd - 1/2 sum (P_ac P_bd + P_ad P_bc)`, the sum over spins, of four shells.
    fn weights(&self, shells: [&Shell; 4], factor: f64, weights: &mut Vec<f64>) {
        weights.clear();
        let [a, b, c, d] = shells.map(|shell| shell.first_cartesian..shell.first_cartesian + shell.cartesian());
        let exchange = -factor * self.exchange;
        for p in a {
            for q in b.clone() {
                let direct = factor * self.total.at(p, q);
                for r in c.clone() {
                    let row = &self.total.row(r)[d.clone()];
                    let at = weights.len();
                    weights.extend(row.iter().map(|value| direct * value));
                    for spin in self.spins {
                        let (pr, qr) = (exchange * spin.at(p, r), exchange * spin.at(q, r));
                        let rows = spin.row(p)[d.clone()].iter().zip(&spin.row(q)[d.clone()]);
                        weights[at..].iter_mut().zip(rows).for_each(|(sum, (ps, qs))| *sum += pr * qs + qr * ps);
                    }
                }
            }
        }
    }
}

/// Which shell of a quartet has another angular momentum, and which.
#[derive(Clone, Copy, PartialEq)]
struct Shift {
    index: usize,
    is_up: bool,
}

/// Shells and shell pairs with their coefficients as they are and raised.
struct Tables<'a> {
    shells: &'a [Shell],
    pairs: &'a [(usize, usize)],
    raised: Vec<Vec<f64>>,
    plain_pairs: &'a [ShellPairData],
    first_raised: Vec<ShellPairData>,
    second_raised: Vec<ShellPairData>,
    ladders: Vec<Ladder>,
}

impl<'a> Tables<'a> {
    fn of(shells: &'a [Shell], pairs: &'a [(usize, usize)], plain_pairs: &'a [ShellPairData]) -> Self {
        let raised: Vec<_> = shells.iter().map(raised_coefficients).collect();
        let up = |shell: usize| ShellRef { coeffs: &raised[shell], ..shells[shell].contraction() };
        let plain = |shell: usize| shells[shell].contraction();
        let first_raised = pairs.iter().map(|&(i, j)| shell_pair_data(up(i), plain(j))).collect();
        let second_raised = pairs.iter().map(|&(i, j)| shell_pair_data(plain(i), up(j))).collect();
        let ladders = (0..=HIGHEST_ANGULAR).map(Ladder::of).collect();
        Self { shells, pairs, first_raised, second_raised, raised, plain_pairs, ladders }
    }

    fn quartet(&self, bra: usize, ket: usize) -> [usize; 4] {
        let ((i, j), (k, l)) = (self.pairs[bra], self.pairs[ket]);
        [i, j, k, l]
    }

    /// Half the number of places of a quartet in the sum over all: each counts half in the energy.
    fn places(&self, bra: usize, ket: usize) -> f64 {
        let [i, j, k, l] = self.quartet(bra, ket);
        let twice = |is_other: bool| if is_other { 2.0 } else { 1.0 };
        0.5 * twice(i != j) * twice(k != l) * twice(bra != ket)
    }

    /// A quartet with one shell shifted; none where s would be lowered.
    fn shifted(&self, quartet: [usize; 4], shift: Shift) -> Option<[ShellRef<'_>; 4]> {
        let mut shells = quartet.map(|shell| self.shells[shell].contraction());
        let shell = &mut shells[shift.index];
        if shift.is_up {
            (shell.l, shell.coeffs) = (shell.l + 1, &self.raised[quartet[shift.index]]);
        } else {
            shell.l = shell.l.checked_sub(1)?;
        }
        Some(shells)
    }

    /// The products of primitives of a pair whose shells are the `first` of a quartet and the next.
    fn data(&self, pair: usize, shift: Shift, first: usize) -> &ShellPairData {
        match shift.is_up {
            true if shift.index == first => &self.first_raised[pair],
            true if shift.index == first + 1 => &self.second_raised[pair],
            _ => &self.plain_pairs[pair],
        }
    }
}

/// Tables, and room for four quartets.
struct Work<'a> {
    tables: Tables<'a>,
    four: EriBatch4Scratch,
    one: EriScratch,
    up: [Vec<f64>; 4],
    down: [Vec<f64>; 4],
    weights: Vec<f64>,
}

impl<'a> Work<'a> {
    fn of(tables: Tables<'a>) -> Self {
        let (four, one) = (EriBatch4Scratch::default(), EriScratch::new());
        Self { tables, four, one, up: Default::default(), down: Default::default(), weights: Vec::new() }
    }

    /// Adds the part of a bra pair with at most four ket pairs that are alike.
    fn take(&mut self, bra: usize, kets: &[usize], densities: &Densities<'_>, sum: &mut [[f64; 3]]) {
        let mut parts = [[[0.0; 3]; 3]; 4];
        for index in 0..3 {
            self.compute(bra, kets, Shift { index, is_up: true });
            self.compute(bra, kets, Shift { index, is_up: false });
            let Self { tables, up, down, weights, .. } = self;
            for (lane, &ket) in kets.iter().enumerate() {
                let shells = tables.quartet(bra, ket).map(|shell| &tables.shells[shell]);
                let inner = shells[index + 1..].iter().map(|shell| shell.cartesian()).product();
                densities.weights(shells, tables.places(bra, ket), weights);
                parts[lane][index] = tables.ladders[shells[index].angular].sum(inner, weights, &up[lane], &down[lane]);
            }
        }
        for (part, &ket) in parts.iter().zip(kets) {
            let [a, b, c, d] = self.tables.quartet(bra, ket).map(|shell| self.tables.shells[shell].atom);
            for axis in 0..3 {
                let all = [part[0][axis], part[1][axis], part[2][axis]];
                [a, b, c].iter().zip(all).for_each(|(atom, value)| sum[*atom][axis] += value);
                // Nothing changes when all four move.
                sum[d][axis] -= all[0] + all[1] + all[2];
            }
        }
    }

    /// Integrals of quartets with one shell shifted; nothing where s would be lowered.
    fn compute(&mut self, bra: usize, kets: &[usize], shift: Shift) {
        let Self { tables, four, one, up, down, .. } = self;
        let values = if shift.is_up { up } else { down };
        let lane = |lane: usize| tables.shifted(tables.quartet(bra, *kets.get(lane)?), shift);
        let lanes = [0, 1, 2, 3].map(lane);
        for (values, lane) in values.iter_mut().zip(&lanes) {
            values.clear();
            let size = |shells: &[ShellRef<'_>; 4]| shells.iter().map(|shell| n_cart(shell.l)).product();
            values.resize(lane.as_ref().map_or(0, size), 0.0);
        }
        let bra = tables.data(bra, shift, 0);
        let ket = |lane: usize| tables.data(kets[lane], shift, 2);
        if let [Some(a), Some(b), Some(c), Some(d)] = lanes {
            let [v, w, x, y] = values;
            let (kets, mut out) = ([0, 1, 2, 3].map(ket), [&mut v[..], &mut w[..], &mut x[..], &mut y[..]]);
            return coulomb_shell_batch4_pairs_into_scratch(four, &[a, b, c, d], [bra; 4], kets, &mut out);
        }
        for (lane, shells) in lanes.into_iter().enumerate() {
            let Some([a, b, c, d]) = shells else { continue };
            coulomb_shell_pairs_into_scratch(one, a, b, c, d, bra, ket(lane), &mut values[lane]);
        }
    }
}
