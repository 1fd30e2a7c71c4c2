//! How much do the distributions of windows overlap?
use super::Bins;
use super::layout::numbered;

/// The overlap of two neighboring windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// Indices of the windows, in the order of their centers.
    pub windows: (usize, usize),
    /// The common area of the normalized histograms, 0 to 1.
    pub histogram: f64,
    /// The smaller of the entries O_ab and O_ba of MBAR's overlap matrix O_ab = sum_n p_a(x_n) p_b(x_n) / N_a, whose rows sum to 1
    /// (Klimovich, Shirts and Mobley, J. Comput. Aided Mol. Des. 29, 397, 2015, doi:10.1007/s10822-015-9840-9, who recommend at least 0.03
    /// between neighbors).
    pub matrix: f64,
}

/// The common area of two normalized histograms whose bins continue beyond the ends.
pub fn histogram_overlap(bins: &Bins, a: &[f64], b: &[f64]) -> f64 {
    let of_samples: Vec<i64> = a.iter().chain(b).map(|x| bins.unbounded_index(*x)).collect();
    let (occupied, numbers) = numbered(&of_samples);
    let counts = |numbers: &[u32]| {
        let mut counts = vec![0_u32; occupied.len()];
        numbers.iter().for_each(|bin| counts[*bin as usize] += 1);
        counts
    };
    let (of_a, of_b) = numbers.split_at(a.len());
    let part = |(one, other): (u32, u32)| f64::min(f64::from(one) / a.len() as f64, f64::from(other) / b.len() as f64);
    counts(of_a).into_iter().zip(counts(of_b)).map(part).sum()
}
