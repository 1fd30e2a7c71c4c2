//! How wide is a variable's distribution in a simulation that goes on?
use super::Width;
use super::kernels::Period;

impl Width {
    /// Nothing measured yet.
    pub(super) fn new(walkers: usize, variables: usize) -> Self {
        let zeros = || vec![vec![0.0; variables]; walkers];
        Self { counter: 0, initial: Vec::new(), mean: zeros(), squares: zeros() }
    }

    /// Takes in the points of all walkers at one step: Welford's running sums (Technometrics 4, 419, 1962,
    /// doi:10.1080/00401706.1962.10490022), in which the mean forgets what is older than `stride` steps.
    pub(super) fn observe<'a>(&mut self, points: impl Iterator<Item = &'a [f64]>, stride: u64, periods: &[Period]) {
        self.counter += 1;
        let span = self.counter.min(stride) as f64;
        for ((mean, squares), point) in self.mean.iter_mut().zip(&mut self.squares).zip(points) {
            for (i, period) in periods.iter().enumerate() {
                let before = period.shortest(point[i] - mean[i]);
                mean[i] += before / span;
                squares[i] += before * period.shortest(point[i] - mean[i]);
            }
        }
    }

    /// The first kernels come: what was measured so far is without a bias, which will spread the samples by `factor` in variance. Their
    /// widths, those of the first walker, become the initial ones.
    pub(super) fn begin(&mut self, factor: f64, narrower: f64) {
        self.squares.iter_mut().flatten().for_each(|squares| *squares *= factor);
        self.initial = self.deviations(0, narrower);
    }

    /// The standard deviations of a walker, `[variables]`, where the variance is smaller by `narrower`.
    pub(super) fn deviations(&self, walker: usize, narrower: f64) -> Vec<f64> {
        let deviation = |squares: &f64| libm::sqrt(squares / self.counter as f64 / narrower);
        self.squares[walker].iter().map(deviation).collect()
    }
}
