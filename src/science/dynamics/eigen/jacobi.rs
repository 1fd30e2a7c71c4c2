//! Jacobi rotations for any number of states (Golub and Van Loan, Matrix Computations, 4th ed., section 8.5).
//!
//! A lane takes part in a sweep if its own matrix still asks for one; a lane that rests keeps its bits, signs of zeros too.
use crate::science::dynamics::widest::widest;
use crate::science::dynamics::{LANES, Lane, Matrix, Vector, ZERO};

/// Off-diagonal elements below this part of the matrix' norm count as zero: what rounding leaves of them.
const TOLERANCE: f64 = 4e-15;
/// Sweeps after which a lane is given up; convergence is quadratic, so a lane of finite numbers never comes near it.
const MOST_SWEEPS: usize = 30;

/// All bits set in the lanes that are meant.
type Mask = [u64; LANES];

widest! {
    /// Turns `vectors` into those of the Hermitian `h`, in any order; `work` and `column` are working memory. `REAL` says that
    /// `h` and `vectors` have no imaginary part.
    pub fn solve<const REAL: bool>(
        h: &Matrix,
        values: &mut [Lane],
        vectors: &mut Matrix,
        work: &mut Matrix,
        column: &mut Vector,
    ) {
        let n = h.states;
        transform::<REAL>(h, vectors, work, column);
        let (mut diagonal, mut off) = (ZERO, ZERO);
        squares::<REAL>(work, &mut diagonal, &mut off);
        let norm: Lane = std::array::from_fn(|l| diagonal[l] + off[l]);
        for _ in 0..MOST_SWEEPS {
            // A lane that holds NaN compares false and rests.
            let is_off = |l: usize| off[l] > TOLERANCE * TOLERANCE * norm[l];
            let mask: Mask = std::array::from_fn(|l| u64::from(is_off(l)).wrapping_neg());
            if mask == [0; LANES] {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate::<REAL>(work, vectors, p, q, &mask);
                }
            }
            squares::<REAL>(work, &mut diagonal, &mut off);
        }
        for k in 0..n {
            values[k] = work.re[k * n + k];
        }
    }
}

/// The upper triangle of vectors^+ h vectors, into `work`.
#[inline(always)]
fn transform<const REAL: bool>(h: &Matrix, v: &Matrix, work: &mut Matrix, column: &mut Vector) {
    let n = h.states;
    for k in 0..n {
        for i in 0..n {
            let (mut re, mut im) = (ZERO, ZERO);
            for j in 0..n {
                let (a, b, c, d) = (&h.re[i * n + j], &h.im[i * n + j], &v.re[j * n + k], &v.im[j * n + k]);
                for l in 0..LANES {
                    if REAL {
                        re[l] += a[l] * c[l];
                    } else {
                        re[l] += a[l] * c[l] - b[l] * d[l];
                        im[l] += a[l] * d[l] + b[l] * c[l];
                    }
                }
            }
            column.re[i] = re;
            if !REAL {
                column.im[i] = im;
            }
        }
        for i in 0..=k {
            let (mut re, mut im) = (ZERO, ZERO);
            for j in 0..n {
                let (a, b, c, d) = (&v.re[j * n + i], &v.im[j * n + i], &column.re[j], &column.im[j]);
                for l in 0..LANES {
                    if REAL {
                        re[l] += a[l] * c[l];
                    } else {
                        re[l] += a[l] * c[l] + b[l] * d[l];
                        im[l] += a[l] * d[l] - b[l] * c[l];
                    }
                }
            }
            work.re[i * n + k] = re;
            if !REAL {
                work.im[i * n + k] = if i == k { ZERO } else { im };
            }
        }
    }
}

/// The sums of squares of the diagonal and of all other elements.
#[inline(always)]
fn squares<const REAL: bool>(work: &Matrix, diagonal: &mut Lane, off: &mut Lane) {
    let n = work.states;
    (*diagonal, *off) = (ZERO, ZERO);
    for i in 0..n {
        for k in i..n {
            let (re, im) = (&work.re[i * n + k], &work.im[i * n + k]);
            for l in 0..LANES {
                if i == k {
                    diagonal[l] += re[l] * re[l];
                } else if REAL {
                    off[l] += 2.0 * (re[l] * re[l]);
                } else {
                    off[l] += 2.0 * (re[l] * re[l] + im[l] * im[l]);
                }
            }
        }
    }
}

/// A rotation of two columns, p <- c p - s* q and q <- s p + c q, in the lanes of the mask.
struct Turn {
    cos: Lane,
    /// s = sre + i sim carries the phase of the element that shall vanish.
    sre: Lane,
    sim: Lane,
    mask: Mask,
}

/// Makes element (p, q), p < q, of `work` zero in the lanes of `mask`, and turns the vectors alike.
#[inline(always)]
fn rotate<const REAL: bool>(work: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize, mask: &Mask) {
    let n = work.states;
    let mut turn = Turn { cos: ZERO, sre: ZERO, sim: ZERO, mask: *mask };
    let (pp, pq, qq) = (p * n + p, p * n + q, q * n + q);
    for l in 0..LANES {
        let (re, im) = (work.re[pq][l], work.im[pq][l]);
        let size = if REAL { re.abs() } else { (re * re + im * im).sqrt() };
        let tau = 0.5 * (work.re[qq][l] - work.re[pp][l]) / size;
        let t = 1.0f64.copysign(tau) / (tau.abs() + (1.0 + tau * tau).sqrt());
        let cos = 1.0 / (1.0 + t * t).sqrt();
        turn.cos[l] = cos;
        turn.sre[l] = if REAL { (t * cos).copysign(t * re) } else { t * cos * (re / size) };
        turn.sim[l] = if REAL { 0.0 } else { t * cos * (im / size) };
        // An element that is zero already has no phase.
        turn.mask[l] &= u64::from(size > 0.0).wrapping_neg();
        let m = turn.mask[l];
        work.re[pp][l] = select(m, work.re[pp][l] - t * size, work.re[pp][l]);
        work.re[qq][l] = select(m, work.re[qq][l] + t * size, work.re[qq][l]);
        work.re[pq][l] = select(m, 0.0, re);
        if !REAL {
            work.im[pq][l] = select(m, 0.0, im);
        }
    }
    // Of the other elements of columns p and q only those above the diagonal are kept; below stand their conjugates.
    for k in 0..p {
        turn.apply::<REAL>(work, (k * n + p, 1.0), (k * n + q, 1.0));
    }
    for k in p + 1..q {
        turn.apply::<REAL>(work, (p * n + k, -1.0), (k * n + q, 1.0));
    }
    for k in q + 1..n {
        turn.apply::<REAL>(work, (p * n + k, -1.0), (q * n + k, -1.0));
    }
    for k in 0..n {
        turn.apply::<REAL>(vectors, (k * n + p, 1.0), (k * n + q, 1.0));
    }
}

impl Turn {
    /// Turns one row's elements of the columns p and q, given by their places and the signs of their imaginary parts there.
    #[inline(always)]
    fn apply<const REAL: bool>(&self, m: &mut Matrix, (p, p_sign): (usize, f64), (q, q_sign): (usize, f64)) {
        let (pr, qr) = (m.re[p], m.re[q]);
        if REAL {
            for l in 0..LANES {
                let (c, s) = (self.cos[l], self.sre[l]);
                m.re[p][l] = select(self.mask[l], c * pr[l] - s * qr[l], pr[l]);
                m.re[q][l] = select(self.mask[l], s * pr[l] + c * qr[l], qr[l]);
            }
            return;
        }
        let (pi, qi) = (m.im[p], m.im[q]);
        for l in 0..LANES {
            let (c, s, t, mask) = (self.cos[l], self.sre[l], self.sim[l], self.mask[l]);
            let (a, b) = (p_sign * pi[l], q_sign * qi[l]);
            m.re[p][l] = select(mask, c * pr[l] - (s * qr[l] + t * b), pr[l]);
            m.im[p][l] = select(mask, p_sign * (c * a - (s * b - t * qr[l])), pi[l]);
            m.re[q][l] = select(mask, c * qr[l] + (s * pr[l] - t * a), qr[l]);
            m.im[q][l] = select(mask, q_sign * (c * b + (s * a + t * pr[l])), qi[l]);
        }
    }
}

/// `yes` where the mask is set, else `no`, to the last bit.
#[inline(always)]
fn select(mask: u64, yes: f64, no: f64) -> f64 {
    f64::from_bits((yes.to_bits() & mask) | (no.to_bits() & !mask))
}
