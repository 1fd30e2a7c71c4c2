//! What do frames give with a block of vectors?
use super::Rows;
use super::krylov::WIDE;
#[cfg(target_arch = "x86_64")]
use crate::science::four::Avx2;
use crate::science::four::{Four, Plain};

/// Rows that are taken at once: as many as there are registers for.
const TAKEN: usize = 4;
/// Vectors of four numbers that a row of the block takes.
const PARTS: usize = WIDE / 4;

/// One coordinate of all vectors.
type Row = [[f64; 4]; PARTS];

/// Vectors `[3n, WIDE]`, and the mean `[3n]` from which deviations are counted.
pub(super) struct Block<'a> {
    vectors: &'a [Row],
    mean: &'a [f64],
    /// Components of the mean along the vectors.
    shift: Row,
}

/// Sums over frames.
struct Sums {
    /// Of products with the components along the vectors, `[3n]`.
    product: Vec<Row>,
    /// Of the components.
    total: Row,
}

impl<'a> Block<'a> {
    /// Of vectors with as many coordinates as the mean.
    pub fn new(mean: &'a [f64], vectors: &'a [f64]) -> Self {
        let vectors = &vectors.as_chunks().0.as_chunks().0[..mean.len()];
        let mut shift = [[0.0; 4]; PARTS];
        for (mean, row) in mean.iter().zip(vectors) {
            (0..WIDE).for_each(|k| shift[k / 4][k % 4] += mean * row[k / 4][k % 4]);
        }
        Self { vectors, mean, shift }
    }

    /// The components of the frames' distances from the mean along the vectors: `[frames]`.
    pub fn along(&self, rows: &Rows) -> Vec<[f64; WIDE]> {
        let mut all = Vec::with_capacity(rows.frames());
        self.each(rows, |along| all.push(along), None);
        all
    }

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with the vectors, where X are the rows: `[3n, WIDE]`.
    pub fn product(&self, rows: &Rows) -> Vec<f64> {
        let mut sums = Sums { product: vec![Row::default(); self.mean.len()], total: Row::default() };
        self.each(rows, |_| {}, Some(&mut sums));
        for (row, mean) in sums.product.iter_mut().zip(self.mean) {
            (0..WIDE).for_each(|k| row[k / 4][k % 4] -= mean * sums.total[k / 4][k % 4]);
        }
        sums.product.into_iter().flatten().flatten().collect()
    }

    /// Goes through the rows, hands their components to `take`, and adds to `sums`.
    fn each(&self, rows: &Rows, take: impl FnMut([f64; WIDE]), sums: Option<&mut Sums>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            #[target_feature(enable = "avx2")]
            fn with_avx2(
                avx2: Avx2,
                block: &Block<'_>,
                rows: &Rows,
                take: impl FnMut([f64; WIDE]),
                sums: Option<&mut Sums>,
            ) {
                block.each_by(avx2, rows, take, sums);
            }
            // SAFETY: the processor has AVX2, as the value says.
            return unsafe { with_avx2(avx2, self, rows, take, sums) };
        }
        self.each_by(Plain, rows, take, sums);
    }

    #[inline(always)]
    fn each_by<F: Four>(&self, four: F, rows: &Rows, mut take: impl FnMut([f64; WIDE]), mut sums: Option<&mut Sums>) {
        let n = self.mean.len();
        // In double precision once, not for every vector.
        let mut wide = vec![0.0; TAKEN * n];
        for rows in rows.values().chunks(TAKEN * n) {
            wide.iter_mut().zip(rows).for_each(|(wide, x)| *wide = f64::from(*x));
            if rows.len() == wide.len() {
                self.some::<F, TAKEN>(four, &wide, &mut take, sums.as_deref_mut());
            } else {
                for row in wide[..rows.len()].chunks(n) {
                    self.some::<F, 1>(four, row, &mut take, sums.as_deref_mut());
                }
            }
        }
    }

    /// Some rows at once.
    #[inline(always)]
    fn some<F: Four, const R: usize>(
        &self,
        four: F,
        rows: &[f64],
        take: &mut impl FnMut([f64; WIDE]),
        sums: Option<&mut Sums>,
    ) {
        let n = self.mean.len();
        let rows: [&[f64]; R] = std::array::from_fn(|r| &rows[r * n..][..n]);
        let mut along = [[four.all(0.0); PARTS]; R];
        for (i, vectors) in self.vectors[..n].iter().enumerate() {
            let vectors = vectors.each_ref().map(|part| four.load(part));
            for r in 0..R {
                let x = four.all(rows[r][i]);
                for part in 0..PARTS {
                    along[r][part] = four.plus_product(along[r][part], x, vectors[part]);
                }
            }
        }
        let mut told = [Row::default(); R];
        for r in 0..R {
            for part in 0..PARTS {
                let less = self.shift[part].map(|x| -x);
                along[r][part] = four.plus(along[r][part], four.load(&less));
                four.store(along[r][part], &mut told[r][part]);
            }
            take(std::array::from_fn(|k| told[r][k / 4][k % 4]));
        }
        let Some(Sums { product, total }) = sums else { return };
        for along in &told {
            (0..WIDE).for_each(|k| total[k / 4][k % 4] += along[k / 4][k % 4]);
        }
        for (i, product) in product[..n].iter_mut().enumerate() {
            let mut sum = product.each_ref().map(|part| four.load(part));
            for r in 0..R {
                let x = four.all(rows[r][i]);
                for part in 0..PARTS {
                    sum[part] = four.plus_product(sum[part], x, along[r][part]);
                }
            }
            for part in 0..PARTS {
                four.store(sum[part], &mut product[part]);
            }
        }
    }
}
