//! What do frames give with a block of vectors?
use super::Rows;
#[cfg(target_arch = "x86_64")]
use crate::science::four::Avx2;
use crate::science::four::{Four, Plain};

/// Rows that are taken at once: as many as there are registers for.
const TAKEN: usize = 4;

/// Four vectors.
pub(super) type Narrow<'a> = Block<'a, 1>;
/// Eight vectors.
pub(super) type Wide<'a> = Block<'a, 2>;

/// One coordinate of all vectors.
type Row<const PARTS: usize> = [[f64; 4]; PARTS];

/// Vectors `[3n, 4 PARTS]`, and the mean `[3n]` from which deviations are counted.
pub(super) struct Block<'a, const PARTS: usize> {
    vectors: &'a [Row<PARTS>],
    mean: &'a [f64],
    /// Components of the mean along the vectors.
    shift: Row<PARTS>,
}

/// Sums over frames.
struct Sums<const PARTS: usize> {
    /// Of products with the components along the vectors, `[3n]`.
    product: Vec<Row<PARTS>>,
    /// Of the components.
    total: Row<PARTS>,
}

impl<'a, const PARTS: usize> Block<'a, PARTS> {
    /// Of vectors with as many coordinates as the mean.
    pub fn new(mean: &'a [f64], vectors: &'a [f64]) -> Self {
        let vectors = &vectors.as_chunks().0.as_chunks().0[..mean.len()];
        let mut shift = [[0.0; 4]; PARTS];
        for (mean, row) in mean.iter().zip(vectors) {
            shift.as_flattened_mut().iter_mut().zip(row.as_flattened()).for_each(|(shift, x)| *shift += mean * x);
        }
        Self { vectors, mean, shift }
    }

    /// The components of the frames' distances from the mean along the vectors: `[frames, 4 PARTS]`.
    pub fn along(&self, rows: &Rows) -> Vec<f64> {
        let mut all = Vec::with_capacity(rows.frames() * 4 * PARTS);
        self.each(rows, |along| all.extend_from_slice(along.as_flattened()), None);
        all
    }

    /// The product of (X - 1 mean^T)^T (X - 1 mean^T) with the vectors, where X are the rows: `[3n, 4 PARTS]`.
    pub fn product(&self, rows: &Rows) -> Vec<f64> {
        let mut sums = Sums { product: vec![[[0.0; 4]; PARTS]; self.mean.len()], total: [[0.0; 4]; PARTS] };
        self.each(rows, |_| {}, Some(&mut sums));
        for (row, mean) in sums.product.iter_mut().zip(self.mean) {
            row.as_flattened_mut().iter_mut().zip(sums.total.as_flattened()).for_each(|(x, total)| *x -= mean * total);
        }
        sums.product.into_iter().flatten().flatten().collect()
    }

    /// Goes through the rows, hands their components to `take`, and adds to `sums`.
    fn each(&self, rows: &Rows, take: impl FnMut(&Row<PARTS>), sums: Option<&mut Sums<PARTS>>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            #[target_feature(enable = "avx2")]
            fn with_avx2<const PARTS: usize>(
                avx2: Avx2,
                block: &Block<'_, PARTS>,
                rows: &Rows,
                take: impl FnMut(&Row<PARTS>),
                sums: Option<&mut Sums<PARTS>>,
            ) {
                block.each_by(avx2, rows, take, sums);
            }
            // SAFETY: the processor has AVX2, as the value says.
            return unsafe { with_avx2(avx2, self, rows, take, sums) };
        }
        self.each_by(Plain, rows, take, sums);
    }

    #[inline(always)]
    fn each_by<F: Four>(
        &self,
        four: F,
        rows: &Rows,
        mut take: impl FnMut(&Row<PARTS>),
        mut sums: Option<&mut Sums<PARTS>>,
    ) {
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
        take: &mut impl FnMut(&Row<PARTS>),
        sums: Option<&mut Sums<PARTS>>,
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
        let mut told = [[[0.0; 4]; PARTS]; R];
        for r in 0..R {
            for part in 0..PARTS {
                let less = self.shift[part].map(|x| -x);
                along[r][part] = four.plus(along[r][part], four.load(&less));
                four.store(along[r][part], &mut told[r][part]);
            }
            take(&told[r]);
        }
        let Some(Sums { product, total }) = sums else { return };
        for along in &told {
            total.as_flattened_mut().iter_mut().zip(along.as_flattened()).for_each(|(total, x)| *total += x);
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
