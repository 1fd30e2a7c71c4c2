//! Eigenvalues and eigenvectors of any number of states by Jacobi rotations (Golub and Van Loan, Matrix Computations, 4th ed., section 8.5).
//!
//! A lane takes part in a rotation if its own element exceeds the threshold; otherwise it keeps its bits, including the signs of zeros.
use crate::science::dynamics::{LANES, Lanes, Matrix, Vector, ZERO};
use crate::science::simd::dispatch;

/// Off-diagonal elements below this fraction of the norm of the matrix count as zero: they are rounding errors.
const TOLERANCE: f64 = 4e-15;
/// Sweeps after which the iteration stops. Convergence is quadratic: a lane of finite numbers needs far fewer.
const MAX_SWEEPS: usize = 30;

/// All bits set in the selected lanes.
type Mask = [u64; LANES];

dispatch! {
    /// Finds the eigenvalues `values` and eigenvectors `vectors` of the Hermitian `h`, in any order, starting from `vectors`, which must be
    /// orthonormal. `work` and `column` are working memory. With `REAL`, `h` and `vectors` have no imaginary part.
    pub fn solve<const REAL: bool>(
        h: &Matrix,
        values: &mut [Lanes],
        vectors: &mut Matrix,
        work: &mut Matrix,
        column: &mut Vector,
    ) {
        let n = h.states;
        transform::<REAL>(h, vectors, work, column);
        let (mut diagonal, mut off) = (ZERO, ZERO);
        squares::<REAL>(work, &mut diagonal, &mut off);
        let norm: Lanes = std::array::from_fn(|l| diagonal[l] + off[l]);
        let pairs = (n * (n - 1)) as f64;
        for _ in 0..MAX_SWEEPS {
            // Elements whose square is below this are skipped: all of them in a lane that has converged or holds NaN.
            let least: Lanes = std::array::from_fn(|l| {
                let tolerated = TOLERANCE * TOLERANCE * norm[l];
                if off[l] > tolerated { tolerated / pairs } else { f64::INFINITY }
            });
            if least == [f64::INFINITY; LANES] {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate::<REAL>(work, vectors, p, q, &least);
                }
            }
            squares::<REAL>(work, &mut diagonal, &mut off);
        }
        for k in 0..n {
            values[k] = work.re[k * n + k];
        }
    }
}

/// Computes the upper triangle of vectors^+ h vectors into `work`.
#[inline(always)]
fn transform<const REAL: bool>(h: &Matrix, v: &Matrix, work: &mut Matrix, column: &mut Vector) {
    let n = h.states;
    for k in 0..n {
        for i in 0..n {
            let (mut re, mut im) = (ZERO, ZERO);
            if let Some(columns) = &h.columns {
                for &j in &columns[i] {
                    add_product::<REAL>((h, i * n + j), (v, j * n + k), &mut re, &mut im);
                }
            } else {
                for j in 0..n {
                    add_product::<REAL>((h, i * n + j), (v, j * n + k), &mut re, &mut im);
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

/// Adds the product of an element of `h` and one of `v`, each with its index.
#[inline(always)]
fn add_product<const REAL: bool>(h: (&Matrix, usize), v: (&Matrix, usize), re: &mut Lanes, im: &mut Lanes) {
    let (a, b, c, d) = (&h.0.re[h.1], &h.0.im[h.1], &v.0.re[v.1], &v.0.im[v.1]);
    for l in 0..LANES {
        if REAL {
            re[l] += a[l] * c[l];
        } else {
            re[l] += a[l] * c[l] - b[l] * d[l];
            im[l] += a[l] * d[l] + b[l] * c[l];
        }
    }
}

/// The sums of squares of the diagonal and of all other elements.
#[inline(always)]
fn squares<const REAL: bool>(work: &Matrix, diagonal: &mut Lanes, off: &mut Lanes) {
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
struct Rotation {
    cos: Lanes,
    /// s = sre + i sim carries the phase of the element to be eliminated.
    sre: Lanes,
    sim: Lanes,
    mask: Mask,
}

/// Eliminates element (p, q), p < q, of `work` in the lanes where its square is above `least`, and rotates the vectors accordingly.
#[inline(always)]
fn rotate<const REAL: bool>(work: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize, least: &Lanes) {
    let n = work.states;
    let (pp, pq, qq) = (p * n + p, p * n + q, q * n + q);
    let (re, im) = (work.re[pq], work.im[pq]);
    // Plain loops: a closure over lanes is not always vectorized.
    let (mut square, mut mask) = (ZERO, [0; LANES]);
    for l in 0..LANES {
        square[l] = if REAL { re[l] * re[l] } else { re[l] * re[l] + im[l] * im[l] };
        mask[l] = u64::from(square[l] > least[l]).wrapping_neg();
    }
    if mask == [0; LANES] {
        return;
    }
    let mut rotation = Rotation { cos: ZERO, sre: ZERO, sim: ZERO, mask };
    for l in 0..LANES {
        // With t = tan of the angle: t = 2 size/(|gap| + root), taken with the gap's sign.
        let size = if REAL { re[l].abs() } else { square[l].sqrt() };
        let (gap, double) = (work.re[qq][l] - work.re[pp][l], 2.0 * size);
        let long = gap.abs() + (gap * gap + double * double).sqrt();
        let scale = 1.0 / (long * long + double * double).sqrt();
        let sin = (double * scale).copysign(gap);
        let t = (double / long).copysign(gap);
        rotation.cos[l] = long * scale;
        rotation.sre[l] = if REAL { sin.copysign(gap * re[l]) } else { sin * (re[l] / size) };
        rotation.sim[l] = if REAL { 0.0 } else { sin * (im[l] / size) };
        let m = mask[l];
        work.re[pp][l] = select(m, work.re[pp][l] - t * size, work.re[pp][l]);
        work.re[qq][l] = select(m, work.re[qq][l] + t * size, work.re[qq][l]);
        work.re[pq][l] = select(m, 0.0, re[l]);
        if !REAL {
            work.im[pq][l] = select(m, 0.0, im[l]);
        }
    }
    match mask == [u64::MAX; LANES] {
        true => rotation.rotate_columns::<REAL, true>(work, vectors, p, q),
        false => rotation.rotate_columns::<REAL, false>(work, vectors, p, q),
    }
}

impl Rotation {
    /// Rotates all other elements of columns p and q. With `ALL`, every lane takes part.
    #[inline(always)]
    fn rotate_columns<const REAL: bool, const ALL: bool>(
        &self,
        work: &mut Matrix,
        vectors: &mut Matrix,
        p: usize,
        q: usize,
    ) {
        let n = work.states;
        // Only elements above the diagonal are stored; those below are their conjugates.
        for k in 0..p {
            self.rotate_pair::<REAL, ALL>(work, (k * n + p, 1.0), (k * n + q, 1.0));
        }
        for k in p + 1..q {
            self.rotate_pair::<REAL, ALL>(work, (p * n + k, -1.0), (k * n + q, 1.0));
        }
        for k in q + 1..n {
            self.rotate_pair::<REAL, ALL>(work, (p * n + k, -1.0), (q * n + k, -1.0));
        }
        for k in 0..n {
            self.rotate_pair::<REAL, ALL>(vectors, (k * n + p, 1.0), (k * n + q, 1.0));
        }
    }

    /// Rotates the elements of columns p and q in one row, given by their indices and the signs of their stored imaginary parts.
    #[inline(always)]
    fn rotate_pair<const REAL: bool, const ALL: bool>(
        &self,
        m: &mut Matrix,
        (p, p_sign): (usize, f64),
        (q, q_sign): (usize, f64),
    ) {
        let choose = |l: usize, yes: f64, no: f64| if ALL { yes } else { select(self.mask[l], yes, no) };
        let (pr, qr) = (m.re[p], m.re[q]);
        if REAL {
            for l in 0..LANES {
                let (c, s) = (self.cos[l], self.sre[l]);
                m.re[p][l] = choose(l, c * pr[l] - s * qr[l], pr[l]);
                m.re[q][l] = choose(l, s * pr[l] + c * qr[l], qr[l]);
            }
            return;
        }
        let (pi, qi) = (m.im[p], m.im[q]);
        for l in 0..LANES {
            let (c, s, t) = (self.cos[l], self.sre[l], self.sim[l]);
            let (a, b) = (p_sign * pi[l], q_sign * qi[l]);
            m.re[p][l] = choose(l, c * pr[l] - (s * qr[l] + t * b), pr[l]);
            m.im[p][l] = choose(l, p_sign * (c * a - (s * b - t * qr[l])), pi[l]);
            m.re[q][l] = choose(l, c * qr[l] + (s * pr[l] - t * a), qr[l]);
            m.im[q][l] = choose(l, q_sign * (c * b + (s * a + t * pr[l])), qi[l]);
        }
    }
}

/// `yes` where the mask is set, otherwise `no`, bit for bit.
#[inline(always)]
fn select(mask: u64, yes: f64, no: f64) -> f64 {
    f64::from_bits((yes.to_bits() & mask) | (no.to_bits() & !mask))
}
