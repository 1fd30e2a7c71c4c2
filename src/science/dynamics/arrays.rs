//! Coordinates, state vectors and operators of a block of trajectories.
use crate::science::simd::dispatch;

/// Trajectories of a block, and the length of the innermost dimension of every array.
pub const LANES: usize = 16;

/// One number for each trajectory of a block.
pub type Lanes = [f64; LANES];

pub const ZERO: Lanes = [0.0; LANES];

/// Calls `function::<true>` for a real matrix, otherwise `function::<false>`.
macro_rules! for_kind {
    ($matrix:expr, $($function:ident)::+($($argument:expr),*)) => {
        if $matrix.is_real { $($function)::+::<true>($($argument),*) } else { $($function)::+::<false>($($argument),*) }
    };
}
pub(super) use for_kind;

/// Complex coordinates z = x + i y of C degrees of freedom, `[coordinate][lane]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseSpace {
    pub x: Vec<Lanes>,
    pub y: Vec<Lanes>,
}

impl PhaseSpace {
    /// Zero for `coordinates` degrees of freedom.
    pub fn zero(coordinates: usize) -> Self {
        Self { x: vec![ZERO; coordinates], y: vec![ZERO; coordinates] }
    }

    /// Copies `other`, which has as many degrees of freedom.
    pub fn copy_from(&mut self, other: &Self) {
        self.x.copy_from_slice(&other.x);
        self.y.copy_from_slice(&other.y);
    }
}

/// The amplitudes of S states of each trajectory, `[state][lane]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    pub re: Vec<Lanes>,
    pub im: Vec<Lanes>,
}

/// A complex matrix of each trajectory, `[row * S + column][lane]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub states: usize,
    /// Whether the imaginary part is always zero: it is then never read.
    pub is_real: bool,
    pub re: Vec<Lanes>,
    pub im: Vec<Lanes>,
    /// For a sparse matrix, the columns of each row that can differ from zero.
    pub columns: Option<Vec<Vec<usize>>>,
}

impl Vector {
    /// Zero in `states` dimensions.
    pub fn zero(states: usize) -> Self {
        Self { re: vec![ZERO; states], im: vec![ZERO; states] }
    }

    pub fn states(&self) -> usize {
        self.re.len()
    }

    /// |c_k|^2.
    #[inline(always)]
    pub fn population(&self, k: usize) -> Lanes {
        let (re, im) = (&self.re[k], &self.im[k]);
        let mut squares = ZERO;
        for l in 0..LANES {
            squares[l] = re[l] * re[l] + im[l] * im[l];
        }
        squares
    }

    /// Copies column `column[lane]` of `vectors` in each lane.
    pub fn copy_columns(&mut self, vectors: &Matrix, column: &[usize; LANES]) {
        let n = vectors.states;
        for i in 0..n {
            for l in 0..LANES {
                self.re[i][l] = vectors.re[i * n + column[l]][l];
                self.im[i][l] = vectors.im[i * n + column[l]][l];
            }
        }
    }

    /// conj(self_i) other_i.
    #[inline(always)]
    pub fn product(&self, other: &Vector, i: usize) -> (Lanes, Lanes) {
        let (a, b, c, d) = (&self.re[i], &self.im[i], &other.re[i], &other.im[i]);
        let (mut re, mut im) = (ZERO, ZERO);
        for l in 0..LANES {
            re[l] = a[l] * c[l] + b[l] * d[l];
            im[l] = a[l] * d[l] - b[l] * c[l];
        }
        (re, im)
    }
}

impl Matrix {
    /// Zero in `states` x `states` dimensions.
    pub fn zero(states: usize, is_real: bool) -> Self {
        Self { states, is_real, re: vec![ZERO; states * states], im: vec![ZERO; states * states], columns: None }
    }

    /// out = self * v.
    pub fn apply(&self, v: &Vector, out: &mut Vector) {
        for_kind!(self, apply(self, v, out));
    }

    /// out = self^+ * v.
    pub fn apply_adjoint(&self, v: &Vector, out: &mut Vector) {
        for_kind!(self, apply_adjoint(self, v, out));
    }

    /// Re <v|self|v>.
    pub fn expectation(&self, v: &Vector, scratch: &mut Vector) -> Lanes {
        self.apply(v, scratch);
        let mut sum = ZERO;
        for i in 0..self.states {
            for l in 0..LANES {
                sum[l] += v.re[i][l] * scratch.re[i][l] + v.im[i][l] * scratch.im[i][l];
            }
        }
        sum
    }

    /// out = self * v, inlined into the vectorized loop of the caller.
    #[inline(always)]
    pub(super) fn multiply<const REAL: bool>(&self, v: &Vector, out: &mut Vector) {
        for i in 0..self.states {
            let (mut re, mut im) = (ZERO, ZERO);
            if let Some(columns) = &self.columns {
                for &j in &columns[i] {
                    self.add_product::<REAL>((i, j), v, &mut re, &mut im);
                }
            } else {
                for j in 0..self.states {
                    self.add_product::<REAL>((i, j), v, &mut re, &mut im);
                }
            }
            (out.re[i], out.im[i]) = (re, im);
        }
    }

    #[inline(always)]
    fn add_product<const REAL: bool>(&self, (i, j): (usize, usize), v: &Vector, re: &mut Lanes, im: &mut Lanes) {
        let place = i * self.states + j;
        let (a, b, c, d) = (&self.re[place], &self.im[place], &v.re[j], &v.im[j]);
        for l in 0..LANES {
            if REAL {
                re[l] += a[l] * c[l];
                im[l] += a[l] * d[l];
            } else {
                re[l] += a[l] * c[l] - b[l] * d[l];
                im[l] += a[l] * d[l] + b[l] * c[l];
            }
        }
    }
}

/// The inner product <u_j|v_k> of column j of one matrix and column k of another, inlined into the vectorized loop of the caller.
#[inline(always)]
pub(super) fn column_product<const REAL: bool>((u, j): (&Matrix, usize), (v, k): (&Matrix, usize)) -> (Lanes, Lanes) {
    let n = u.states;
    let (mut re, mut im) = (ZERO, ZERO);
    for i in 0..n {
        let (a, b, c, d) = (&u.re[i * n + j], &u.im[i * n + j], &v.re[i * n + k], &v.im[i * n + k]);
        for l in 0..LANES {
            if REAL {
                re[l] += a[l] * c[l];
            } else {
                re[l] += a[l] * c[l] + b[l] * d[l];
                im[l] += a[l] * d[l] - b[l] * c[l];
            }
        }
    }
    (re, im)
}

dispatch! {
    fn apply<const REAL: bool>(m: &Matrix, v: &Vector, out: &mut Vector) {
        m.multiply::<REAL>(v, out);
    }
}

dispatch! {
    fn apply_adjoint<const REAL: bool>(m: &Matrix, v: &Vector, out: &mut Vector) {
        let n = m.states;
        for i in 0..n {
            let (mut re, mut im) = (ZERO, ZERO);
            for j in 0..n {
                let (a, b, c, d) = (&m.re[j * n + i], &m.im[j * n + i], &v.re[j], &v.im[j]);
                for l in 0..LANES {
                    if REAL {
                        re[l] += a[l] * c[l];
                        im[l] += a[l] * d[l];
                    } else {
                        re[l] += a[l] * c[l] + b[l] * d[l];
                        im[l] += a[l] * d[l] - b[l] * c[l];
                    }
                }
            }
            (out.re[i], out.im[i]) = (re, im);
        }
    }
}
