//! What does the repulsion of electrons contribute to the gradient?
use super::shifted::{AngularShift, raised_coefficients};
use crate::science::linear::Matrix;
use crate::science::scf::eri::Eri;
use crate::science::scf::shells::{HIGHEST_ANGULAR, Shell};
use integral::engine::os_eri::{
    EriBatch4Scratch, EriScratch, ShellPairData, ShellRef, coulomb_shell_batch4_pairs_into_scratch,
    coulomb_shell_pairs_into_scratch, shell_pair_data,
};
use integral::math::am::n_cart;

/// Shell quartets are neglected if the bound of their integrals times the largest element of the two-particle density is smaller, Eh.
const NEGLIGIBLE: f64 = 1e-12;

/// Adds the gradient of the repulsion energy, with densities of all electrons and of each spin over Cartesian functions.
pub(super) fn add(eri: &Eri, density: &Matrix, spins: &[Matrix], sum: &mut [[f64; 3]]) {
    let shells = &eri.shells().list;
    let densities = Densities::new(shells, density, spins);
    let pairs = eri.pairs();
    let mut work = WorkArrays::new(ShellPairTables::new(shells, pairs, eri.data()));
    for (bra, &(i, j)) in pairs.iter().enumerate() {
        for group in eri.groups() {
            let before = &group[..group.partition_point(|ket| *ket <= bra)];
            let is_significant = |ket: &usize| {
                let (k, l) = pairs[*ket];
                let atoms = [i, j, k, l].map(|shell| shells[shell].atom);
                let bound = eri.bound_of(bra) * eri.bound_of(*ket);
                atoms.iter().any(|atom| *atom != atoms[0]) && bound * densities.largest([i, j, k, l]) >= NEGLIGIBLE
            };
            let kets: Vec<usize> = before.iter().copied().filter(is_significant).collect();
            kets.chunks(4).for_each(|kets| work.add_quartets(bra, kets, &densities, sum));
        }
    }
}

/// Densities over Cartesian functions.
struct Densities<'a> {
    total: &'a Matrix,
    spins: &'a [Matrix],
    /// Largest elements for each pair of shells, of the total density and of any spin.
    largest_total: Matrix,
    largest_spin: Matrix,
    /// Factor of the sum over `spins` in the two-particle density, which is 1 for both spins together if they share their orbitals.
    exchange_factor: f64,
}

impl<'a> Densities<'a> {
    fn new(shells: &[Shell], total: &'a Matrix, spins: &'a [Matrix]) -> Self {
        let largest = |matrices: &[&Matrix]| {
            let mut largest = Matrix::zeros(shells.len(), shells.len());
            for (i, a) in shells.iter().enumerate() {
                for (j, b) in shells.iter().enumerate() {
                    for matrix in matrices {
                        for p in a.first_cartesian..a.first_cartesian + a.cartesian() {
                            let row = &matrix.row(p)[b.first_cartesian..][..b.cartesian()];
                            let value = row.iter().fold(largest.get(i, j), |value, x| f64::max(value, x.abs()));
                            largest.row_mut(i)[j] = value;
                        }
                    }
                }
            }
            largest
        };
        let exchange_factor = if spins.len() == 1 { 1.0 } else { 0.5 };
        let each: Vec<_> = spins.iter().collect();
        Self { total, spins, largest_total: largest(&[total]), largest_spin: largest(&each), exchange_factor }
    }

    /// An upper bound of the elements of the two-particle density of four shells.
    fn largest(&self, [i, j, k, l]: [usize; 4]) -> f64 {
        let spin = &self.largest_spin;
        self.largest_total.get(i, j) * self.largest_total.get(k, l)
            + spin.get(i, k) * spin.get(j, l)
            + spin.get(i, l) * spin.get(j, k)
    }

    /// The two-particle density times a factor, `D_ab D_cd - 1/2 sum (P_ac P_bd + P_ad P_bc)` with the sum over spins, of four shells in row-major order.
    fn weights(&self, shells: [&Shell; 4], factor: f64, weights: &mut Vec<f64>) {
        weights.clear();
        let [a, b, c, d] = shells.map(|shell| shell.first_cartesian..shell.first_cartesian + shell.cartesian());
        let exchange = -factor * self.exchange_factor;
        for p in a {
            for q in b.clone() {
                let direct = factor * self.total.get(p, q);
                for r in c.clone() {
                    let row = &self.total.row(r)[d.clone()];
                    let at = weights.len();
                    weights.extend(row.iter().map(|value| direct * value));
                    for spin in self.spins {
                        let (pr, qr) = (exchange * spin.get(p, r), exchange * spin.get(q, r));
                        let rows = spin.row(p)[d.clone()].iter().zip(&spin.row(q)[d.clone()]);
                        weights[at..].iter_mut().zip(rows).for_each(|(sum, (ps, qs))| *sum += pr * qs + qr * ps);
                    }
                }
            }
        }
    }
}

/// A change of the angular momentum of one shell of a quartet by one.
#[derive(Clone, Copy, PartialEq)]
struct Shift {
    index: usize,
    is_up: bool,
}

/// Shells and shell pairs with plain and raised coefficients.
struct ShellPairTables<'a> {
    shells: &'a [Shell],
    pairs: &'a [(usize, usize)],
    raised: Vec<Vec<f64>>,
    plain_pairs: &'a [ShellPairData],
    first_raised: Vec<ShellPairData>,
    second_raised: Vec<ShellPairData>,
    angular_shifts: Vec<AngularShift>,
}

impl<'a> ShellPairTables<'a> {
    fn new(shells: &'a [Shell], pairs: &'a [(usize, usize)], plain_pairs: &'a [ShellPairData]) -> Self {
        let raised: Vec<_> = shells.iter().map(raised_coefficients).collect();
        let up = |shell: usize| ShellRef { coeffs: &raised[shell], ..shells[shell].contraction() };
        let plain = |shell: usize| shells[shell].contraction();
        let first_raised = pairs.iter().map(|&(i, j)| shell_pair_data(up(i), plain(j))).collect();
        let second_raised = pairs.iter().map(|&(i, j)| shell_pair_data(plain(i), up(j))).collect();
        let angular_shifts = (0..=HIGHEST_ANGULAR).map(AngularShift::new).collect();
        Self { shells, pairs, first_raised, second_raised, raised, plain_pairs, angular_shifts }
    }

    fn quartet(&self, bra: usize, ket: usize) -> [usize; 4] {
        let ((i, j), (k, l)) = (self.pairs[bra], self.pairs[ket]);
        [i, j, k, l]
    }

    /// Half the number of permutations of a quartet in the sum over all quartets, each of which counts half in the energy.
    fn permutation_factor(&self, bra: usize, ket: usize) -> f64 {
        let [i, j, k, l] = self.quartet(bra, ket);
        let twice = |is_other: bool| if is_other { 2.0 } else { 1.0 };
        0.5 * twice(i != j) * twice(k != l) * twice(bra != ket)
    }

    /// A quartet with one shell shifted; none if an s shell would be lowered.
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

    /// The primitive pairs of a shell pair whose shells are `first` and `first + 1` in a quartet.
    fn data(&self, pair: usize, shift: Shift, first: usize) -> &ShellPairData {
        match shift.is_up {
            true if shift.index == first => &self.first_raised[pair],
            true if shift.index == first + 1 => &self.second_raised[pair],
            _ => &self.plain_pairs[pair],
        }
    }
}

struct WorkArrays<'a> {
    tables: ShellPairTables<'a>,
    four: EriBatch4Scratch,
    one: EriScratch,
    up: [Vec<f64>; 4],
    down: [Vec<f64>; 4],
    weights: Vec<f64>,
}

impl<'a> WorkArrays<'a> {
    fn new(tables: ShellPairTables<'a>) -> Self {
        let (four, one) = (EriBatch4Scratch::default(), EriScratch::new());
        Self { tables, four, one, up: Default::default(), down: Default::default(), weights: Vec::new() }
    }

    /// Adds the contribution of a bra pair with at most four ket pairs of one group.
    fn add_quartets(&mut self, bra: usize, kets: &[usize], densities: &Densities<'_>, sum: &mut [[f64; 3]]) {
        let mut parts = [[[0.0; 3]; 3]; 4];
        for index in 0..3 {
            self.compute(bra, kets, Shift { index, is_up: true });
            self.compute(bra, kets, Shift { index, is_up: false });
            let Self { tables, up, down, weights, .. } = self;
            for (k, &ket) in kets.iter().enumerate() {
                let shells = tables.quartet(bra, ket).map(|shell| &tables.shells[shell]);
                let inner = shells[index + 1..].iter().map(|shell| shell.cartesian()).product();
                densities.weights(shells, tables.permutation_factor(bra, ket), weights);
                parts[k][index] = tables.angular_shifts[shells[index].angular].sum(inner, weights, &up[k], &down[k]);
            }
        }
        for (part, &ket) in parts.iter().zip(kets) {
            let [a, b, c, d] = self.tables.quartet(bra, ket).map(|shell| self.tables.shells[shell].atom);
            for axis in 0..3 {
                let all = [part[0][axis], part[1][axis], part[2][axis]];
                [a, b, c].iter().zip(all).for_each(|(atom, value)| sum[*atom][axis] += value);
                // By translational invariance.
                sum[d][axis] -= all[0] + all[1] + all[2];
            }
        }
    }

    /// Computes integrals of quartets with one shell shifted; none if an s shell would be lowered.
    fn compute(&mut self, bra: usize, kets: &[usize], shift: Shift) {
        let Self { tables, four, one, up, down, .. } = self;
        let values = if shift.is_up { up } else { down };
        let quartet = |k: usize| tables.shifted(tables.quartet(bra, *kets.get(k)?), shift);
        let quartets = [0, 1, 2, 3].map(quartet);
        for (values, quartet) in values.iter_mut().zip(&quartets) {
            values.clear();
            let size = |shells: &[ShellRef<'_>; 4]| shells.iter().map(|shell| n_cart(shell.l)).product();
            values.resize(quartet.as_ref().map_or(0, size), 0.0);
        }
        let bra = tables.data(bra, shift, 0);
        let ket = |k: usize| tables.data(kets[k], shift, 2);
        if let [Some(a), Some(b), Some(c), Some(d)] = quartets {
            let [v, w, x, y] = values;
            let (kets, mut out) = ([0, 1, 2, 3].map(ket), [&mut v[..], &mut w[..], &mut x[..], &mut y[..]]);
            return coulomb_shell_batch4_pairs_into_scratch(four, &[a, b, c, d], [bra; 4], kets, &mut out);
        }
        for (k, shells) in quartets.into_iter().enumerate() {
            let Some([a, b, c, d]) = shells else { continue };
            coulomb_shell_pairs_into_scratch(one, a, b, c, d, bra, ket(k), &mut values[k]);
        }
    }
}
