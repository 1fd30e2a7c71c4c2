//! How do amplitudes evolve under a constant Hamiltonian?
//!
//! [`Propagator::advance`] is exact to rounding for any energies. Two states have a closed form. More are advanced by a Taylor series of the
//! exponential, whose length follows from the Hamiltonian of each trajectory, or by diagonalization where the series would be long.
//! [`propagate_fourth_order`] is the series of fixed length of QC Lab.
use super::arrays::for_kind;
use super::sincos::sincos;
use super::{Eigen, LANES, Lanes, Matrix, Vector, ZERO};
use crate::science::simd::dispatch;

/// Norm of the exponent up to which the series is used. Its terms grow to e^2 at most before they decrease, which costs three bits.
const LARGEST_EXPONENT: f64 = 2.0;
/// Terms that [`LARGEST_EXPONENT`] needs.
const MAX_TERMS: usize = 24;

/// c <- exp(-i (h - e) t) c with a common energy e, whose phase does not affect any observable.
pub struct Propagator {
    /// `reach[m]`: the largest norm of the exponent for which m + 1 terms are exact to rounding.
    reach: [f64; MAX_TERMS],
    power: Vector,
    next: Vector,
    /// Working memory: the diagonal of the Hamiltonian while it is shifted.
    diagonal: Vec<Lanes>,
}

impl Propagator {
    pub fn new(states: usize) -> Self {
        Self {
            reach: term_limits(),
            power: Vector::zero(states),
            next: Vector::zero(states),
            diagonal: vec![ZERO; states],
        }
    }

    /// Advances the amplitudes by the time `t` under `h`, which is restored.
    pub fn advance(&mut self, h: &mut Matrix, t: f64, c: &mut Vector) {
        if h.states == 2 {
            return rotate_two(h, t, c);
        }
        let (middle, radius) = spectral_disc(h);
        for i in 0..h.states {
            let element = &mut h.re[i * h.states + i];
            self.diagonal[i] = *element;
            (0..LANES).for_each(|l| element[l] -= middle[l]);
        }
        let exponent = radius.map(|radius| radius * t.abs());
        // NaN counts as long.
        let is_long = exponent.map(|exponent| exponent.is_nan() || exponent > LARGEST_EXPONENT);
        if is_long.contains(&true) {
            advance_by_diagonalization(h, t, &is_long, c);
        }
        let terms = std::array::from_fn(|l| if is_long[l] { 0 } else { self.series_length(exponent[l]) });
        for_kind!(h, add_powers(h, t, &terms, c, &mut self.power, &mut self.next));
        (0..h.states).for_each(|i| h.re[i * h.states + i] = self.diagonal[i]);
    }

    /// Number of terms of the series for an exponent of this norm.
    fn series_length(&self, exponent: f64) -> usize {
        1 + self.reach.iter().take_while(|reach| **reach < exponent).count()
    }
}

/// The largest x for which x^n/n! is below half a unit in the last place, for n = 2, 3, ...
fn term_limits() -> [f64; MAX_TERMS] {
    let mut factorial = 1.0;
    std::array::from_fn(|m| {
        let n = (m + 2) as f64;
        factorial *= n;
        libm::pow(factorial * (0.5 * f64::EPSILON), 1.0 / n)
    })
}

/// c <- U exp(-i e t) U^+ c in the selected lanes. The diagonalization starts from the unit matrix, so that the bits of a lane do not depend on
/// how often others needed it.
fn advance_by_diagonalization(h: &Matrix, t: f64, lanes: &[bool; LANES], c: &mut Vector) {
    let (mut eigen, mut adiabatic, mut advanced) = (Eigen::new(h), c.clone(), c.clone());
    eigen.solve(h);
    eigen.vectors.apply_adjoint(c, &mut adiabatic);
    advance_phases(&eigen.values, &[t; LANES], &mut adiabatic);
    eigen.vectors.apply(&adiabatic, &mut advanced);
    for k in 0..h.states {
        for l in (0..LANES).filter(|&l| lanes[l]) {
            (c.re[k][l], c.im[k][l]) = (advanced.re[k][l], advanced.im[k][l]);
        }
    }
}

/// c_k <- exp(-i e_k t) c_k for amplitudes in the adiabatic basis.
pub fn advance_phases(energies: &[Lanes], t: &Lanes, adiabatic: &mut Vector) {
    for (k, energies) in energies.iter().enumerate() {
        let (mut cos, mut sin) = (ZERO, ZERO);
        sincos(&std::array::from_fn(|l| energies[l] * t[l]), &mut cos, &mut sin);
        let (re, im) = (&mut adiabatic.re[k], &mut adiabatic.im[k]);
        for l in 0..LANES {
            (re[l], im[l]) = (cos[l] * re[l] + sin[l] * im[l], cos[l] * im[l] - sin[l] * re[l]);
        }
    }
}

/// The middle of Gershgorin's discs along the real axis and the distance to their furthest point, which bounds the magnitudes of the
/// eigenvalues of h - middle.
fn spectral_disc(h: &Matrix) -> (Lanes, Lanes) {
    let (mut lowest, mut highest) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    find_spectral_edges(h, &mut lowest, &mut highest);
    (std::array::from_fn(|l| 0.5 * (lowest[l] + highest[l])), std::array::from_fn(|l| 0.5 * (highest[l] - lowest[l])))
}

dispatch! {
    fn find_spectral_edges(h: &Matrix, lowest: &mut Lanes, highest: &mut Lanes) {
        let n = h.states;
        for i in 0..n {
            let mut radius = ZERO;
            for j in 0..n {
                let is_zero = h.columns.as_ref().is_some_and(|columns| !columns[i].contains(&j));
                if i == j || is_zero {
                    continue;
                }
                let (a, b) = (&h.re[i * n + j], &h.im[i * n + j]);
                for l in 0..LANES {
                    // |a| + |b| >= |a + i b|
                    radius[l] += a[l].abs() + b[l].abs();
                }
            }
            let centre = &h.re[i * n + i];
            for l in 0..LANES {
                lowest[l] = lowest[l].min(centre[l] - radius[l]);
                highest[l] = highest[l].max(centre[l] + radius[l]);
            }
        }
    }
}

dispatch! {
    /// c <- sum over n up to `terms` of (-i h t)^n c/n!, each power from the previous one. A lane whose series has ended keeps its bits.
    fn add_powers<const REAL: bool>(
        h: &Matrix,
        t: f64,
        terms: &[usize; LANES],
        c: &mut Vector,
        power: &mut Vector,
        next: &mut Vector,
    ) {
        let (mut fewest, mut most) = (usize::MAX, 0);
        for l in 0..LANES {
            (fewest, most) = (fewest.min(terms[l]), most.max(terms[l]));
        }
        power.clone_from(c);
        for n in 1..=most {
            h.multiply::<REAL>(power, next);
            let part = t / n as f64;
            for i in 0..h.states {
                // -i (a + i b) = b - i a. In local arrays, so that the compiler knows that nothing overlaps.
                let (mut re, mut im) = (ZERO, ZERO);
                let (a, b) = (&next.re[i], &next.im[i]);
                for l in 0..LANES {
                    re[l] = part * b[l];
                    im[l] = -part * a[l];
                }
                (power.re[i], power.im[i]) = (re, im);
                let (a, b) = (&mut c.re[i], &mut c.im[i]);
                if n <= fewest {
                    for l in 0..LANES {
                        a[l] += re[l];
                    }
                    for l in 0..LANES {
                        b[l] += im[l];
                    }
                } else {
                    for l in (0..LANES).filter(|&l| n <= terms[l]) {
                        a[l] += re[l];
                        b[l] += im[l];
                    }
                }
            }
        }
    }
}

/// The closed form for two states: with h - e = (d, w; w*, -d) and r = |(d, w)|, c <- (cos rt - i sin rt/r (h - e)) c.
fn rotate_two(h: &Matrix, t: f64, c: &mut Vector) {
    let (mut root, mut cos, mut sin) = (ZERO, ZERO, ZERO);
    for l in 0..LANES {
        let d = 0.5 * (h.re[0][l] - h.re[3][l]);
        root[l] = (d * d + h.re[1][l] * h.re[1][l] + h.im[1][l] * h.im[1][l]).sqrt();
    }
    sincos(&root.map(|root| root * t), &mut cos, &mut sin);
    for l in 0..LANES {
        let d = 0.5 * (h.re[0][l] - h.re[3][l]);
        let (u, v) = (h.re[1][l], h.im[1][l]);
        // sin rt/r -> t where r is zero.
        let s = if root[l] > 0.0 { sin[l] / root[l] } else { t };
        let (a, b, p, q) = (c.re[0][l], c.im[0][l], c.re[1][l], c.im[1][l]);
        // (h - e) c, then -i of it.
        let (x, y) = (d * a + (u * p - v * q), d * b + (u * q + v * p));
        let (z, w) = ((u * a + v * b) - d * p, (u * b - v * a) - d * q);
        (c.re[0][l], c.im[0][l]) = (cos[l] * a + s * y, cos[l] * b - s * x);
        (c.re[1][l], c.im[1][l]) = (cos[l] * p + s * w, cos[l] * q - s * z);
    }
}

/// c <- exp(-i h t) c to fourth order in t, as the classical Runge-Kutta method for a constant h. The norm of a state of energy E changes
/// by a factor of 1 - (E t)^6/144. `k` is working memory.
pub fn propagate_fourth_order(h: &Matrix, t: f64, c: &mut Vector, k: &mut [Vector; 5]) {
    let [power, next, ..] = k;
    for_kind!(h, add_powers(h, t, &[4; LANES], c, power, next));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::science::dynamics::Eigen;
    use crate::seed::{CampaignSeed, Purpose, Stream};

    /// A Hamiltonian of `states` states with energies up to about `scale` around `middle`, different in every lane.
    fn random(states: usize, is_real: bool, scale: impl Fn(usize) -> f64, middle: f64) -> Matrix {
        let mut h = Matrix::zero(states, is_real);
        for l in 0..LANES {
            let stream = &mut CampaignSeed(3).stream(l as u64, Purpose::Hops);
            for i in 0..states {
                h.re[i * states + i][l] = middle + scale(l) * stream.normal();
                for j in 0..i {
                    let (re, im) = (scale(l) * stream.normal(), if is_real { 0.0 } else { scale(l) * stream.normal() });
                    (h.re[i * states + j][l], h.im[i * states + j][l]) = (re, im);
                    (h.re[j * states + i][l], h.im[j * states + i][l]) = (re, -im);
                }
            }
        }
        h
    }

    fn unit_vector(states: usize, stream: &mut Stream) -> Vector {
        let mut c = Vector::zero(states);
        for l in 0..LANES {
            let numbers: Vec<f64> = (0..2 * states).map(|_| stream.normal()).collect();
            let norm = numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
            (0..states).for_each(|k| (c.re[k][l], c.im[k][l]) = (numbers[2 * k] / norm, numbers[2 * k + 1] / norm));
        }
        c
    }

    /// The density matrices of both, largest difference.
    fn difference(a: &Vector, b: &Vector) -> f64 {
        let element = |v: &Vector, i: usize, j: usize, l: usize| {
            let (p, q, r, s) = (v.re[i][l], v.im[i][l], v.re[j][l], v.im[j][l]);
            [p * r + q * s, q * r - p * s]
        };
        let mut worst = 0.0f64;
        for (i, j, l) in
            (0..a.states()).flat_map(|i| (0..a.states()).flat_map(move |j| (0..LANES).map(move |l| (i, j, l))))
        {
            let (x, y) = (element(a, i, j, l), element(b, i, j, l));
            worst = worst.max((x[0] - y[0]).abs()).max((x[1] - y[1]).abs());
        }
        worst
    }

    /// exp(-i h t) c by the energies of h.
    fn by_energies(h: &Matrix, t: f64, c: &Vector) -> Vector {
        let (mut eigen, mut adiabatic, mut out) = (Eigen::new(h), c.clone(), c.clone());
        eigen.solve(h);
        eigen.vectors.apply_adjoint(c, &mut adiabatic);
        for k in 0..h.states {
            for l in 0..LANES {
                let (sin, cos) = libm::sincos(eigen.values[k][l] * t);
                let (a, b) = (adiabatic.re[k][l], adiabatic.im[k][l]);
                (adiabatic.re[k][l], adiabatic.im[k][l]) = (cos * a + sin * b, cos * b - sin * a);
            }
        }
        eigen.vectors.apply(&adiabatic, &mut out);
        out
    }

    #[test]
    fn amplitudes_advance_by_the_eigenvalues_of_any_size() {
        for (states, is_real) in [1, 2, 3, 8].into_iter().flat_map(|n| [(n, true), (n, false)]) {
            for scale in [0.0, 1e-3, 0.1, 1.0, 30.0] {
                let mut h = random(states, is_real, |_| scale, 0.0);
                let before = unit_vector(states, &mut CampaignSeed(5).stream(1, Purpose::Hops));
                let (mut c, untouched) = (before.clone(), h.clone());
                Propagator::new(states).advance(&mut h, 0.9, &mut c);
                let off = difference(&c, &by_energies(&h, 0.9, &before));
                assert!(off < 2e-15 * (10.0 + 30.0 * scale), "{states} states, scale {scale}: {off:e}");
                assert_eq!(h, untouched);
            }
        }
    }

    #[test]
    fn a_common_energy_changes_nothing() {
        for states in [2, 5] {
            let before = unit_vector(states, &mut CampaignSeed(5).stream(1, Purpose::Hops));
            let at = |middle: f64| {
                let (mut h, mut c) = (random(states, false, |_| 0.2, middle), before.clone());
                let mut propagator = Propagator::new(states);
                (0..1000).for_each(|_| propagator.advance(&mut h, 0.05, &mut c));
                c
            };
            assert!(difference(&at(0.0), &at(-547.0)) < 1e-10);
        }
    }

    #[test]
    fn a_trajectory_does_not_depend_on_the_series_lengths_of_the_others() {
        for (states, is_real) in [(2, true), (4, true), (4, false)] {
            let before = unit_vector(states, &mut CampaignSeed(5).stream(1, Purpose::Hops));
            let advanced = |scale: &dyn Fn(usize) -> f64| {
                let (mut h, mut c) = (random(states, is_real, scale, 0.0), before.clone());
                h.re[0][9] = scale(9) * f64::INFINITY;
                Propagator::new(states).advance(&mut h, 0.5, &mut c);
                c
            };
            let (alone, beside) = (advanced(&|_| 0.05), advanced(&|l| if l == 4 { 0.05 } else { 40.0 * l as f64 }));
            for k in 0..states {
                assert_eq!(alone.re[k][4].to_bits(), beside.re[k][4].to_bits());
                assert_eq!(alone.im[k][4].to_bits(), beside.im[k][4].to_bits());
            }
            assert!(!beside.re[0][9].is_finite());
        }
    }
}
