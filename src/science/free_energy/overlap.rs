//! Do windows see the same part of the coordinate?
use super::Bins;

/// Two windows that stand beside one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// The windows, in the order of their centres.
    pub windows: (usize, usize),
    /// The common area of both normalized histograms, 0 to 1.
    pub histogram: f64,
    /// The smaller of the entries O_ab and O_ba of MBAR's overlap matrix O_ab = sum_n p_a(x_n) p_b(x_n) / N_a, of which each row sums to 1
    /// (Klimovich, Shirts and Mobley, J. Comput. Aided Mol. Des. 29, 397, 2015, doi:10.1007/s10822-015-9840-9, who ask for 0.03
    /// and more between neighbours).
    pub matrix: f64,
}

/// The common area of two normalized histograms, of which the bins of each go on beyond the ends.
pub fn histogram_overlap(bins: &Bins, a: &[f64], b: &[f64]) -> f64 {
    let histogram = |samples: &[f64]| {
        let mut of: Vec<i64> = samples.iter().map(|x| bins.unbounded_index(*x)).collect();
        of.sort_unstable();
        of
    };
    let (one, other) = (histogram(a), histogram(b));
    let (mut rest, mut common) = (other.as_slice(), 0.0);
    for run in one.chunk_by(|x, y| x == y) {
        let begin = rest.partition_point(|bin| *bin < run[0]);
        rest = &rest[begin..];
        let count = rest.partition_point(|bin| *bin == run[0]);
        common += f64::min(run.len() as f64 / a.len() as f64, count as f64 / b.len() as f64);
    }
    common
}

/// The groups of `n` things that are joined by `links`, each ascending.
pub fn components(n: usize, links: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..n).collect();
    for a in 0..n {
        for b in 0..a {
            if links(a, b) && group[a] != group[b] {
                let (keep, lose) = (group[a].min(group[b]), group[a].max(group[b]));
                group.iter_mut().filter(|g| **g == lose).for_each(|g| *g = keep);
            }
        }
    }
    let mut names = group.clone();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| (0..n).filter(|k| group[*k] == name).collect()).collect()
}
