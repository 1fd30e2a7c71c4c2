//! What is a function of means over parts of unequal weight, and its standard error?

pub(super) struct PartMeans {
    /// `[parts]`.
    pub weights: Vec<f64>,
    /// `[parts][values]`.
    pub means: Vec<Vec<f64>>,
}

/// A value and its standard error; there is no error where the value is undefined without one of the parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub value: f64,
    pub error: Option<f64>,
}

impl PartMeans {
    /// The function `of` of the pooled means, each value with its error by the delete-one-group jackknife for unequal groups (Busing, Meijer
    /// and van der Leeden, Stat. Comput. 9, 3, 1999, doi:10.1023/A:1008800423698).
    pub fn estimate(&self, of: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Estimate> {
        let values = self.means[0].len();
        let total: f64 = self.weights.iter().sum();
        // Sums over the parts after each, so that sums without a part are exact: zero stays zero.
        let mut after = vec![(0.0, vec![0.0; values])];
        for (weight, means) in self.weights.iter().zip(&self.means).rev() {
            let last = &after[after.len() - 1];
            after.push((last.0 + weight, plus(&last.1, *weight, means)));
        }
        after.reverse();
        let evaluate = |weight: f64, sums: &[f64]| of(&sums.iter().map(|sum| sum / weight).collect::<Vec<f64>>());
        let whole = evaluate(total, &after[0].1);
        let parts: Vec<usize> = (0..self.weights.len()).filter(|k| self.weights[*k] > 0.0).collect();
        let mut before = (0.0, vec![0.0; values]);
        let mut left_out = Vec::with_capacity(parts.len());
        for (k, (weight, means)) in self.weights.iter().zip(&self.means).enumerate() {
            if *weight > 0.0 {
                let rest = &after[k + 1];
                left_out.push(evaluate(before.0 + rest.0, &plus(&before.1, 1.0, &rest.1)));
            }
            before = (before.0 + weight, plus(&before.1, *weight, means));
        }
        let sizes: Vec<f64> = parts.iter().map(|k| total / self.weights[*k]).collect();
        (0..whole.len())
            .map(|k| jackknife(whole[k], &sizes, &left_out.iter().map(|out| out[k]).collect::<Vec<_>>()))
            .collect()
    }
}

fn plus(sums: &[f64], factor: f64, means: &[f64]) -> Vec<f64> {
    sums.iter().zip(means).map(|(sum, mean)| sum + factor * mean).collect()
}

/// From the estimate of all groups and those without each group; `sizes` are the ratios of the total weight to that of each group.
fn jackknife(whole: f64, sizes: &[f64], without: &[f64]) -> Estimate {
    let groups = sizes.len() as f64;
    let pseudo = |(h, without): (&f64, &f64)| h * whole - (h - 1.0) * without;
    let center = groups * whole - sizes.iter().zip(without).map(|(h, w)| (1.0 - 1.0 / h) * w).sum::<f64>();
    let spread = sizes.iter().zip(without).map(|pair| (pseudo(pair) - center).powi(2) / (pair.0 - 1.0)).sum::<f64>();
    let error = (sizes.len() > 1).then(|| libm::sqrt(spread / groups)).filter(|error| error.is_finite());
    Estimate { value: whole, error }
}
