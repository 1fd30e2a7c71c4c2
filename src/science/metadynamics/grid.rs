//! On which points is a sum of hills evaluated?

/// Points at equal distances along a variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridAxis {
    pub lower: f64,
    pub upper: f64,
    /// Number of intervals between `lower` and `upper`.
    pub bins: usize,
    /// Period of the variable.
    pub period: Option<f64>,
}

impl GridAxis {
    /// Whether the axis is one whole period: the upper end is then the lower one again, and not a point.
    pub fn is_whole_period(&self) -> bool {
        self.period.is_some_and(|period| (self.upper - self.lower - period).abs() <= 1e-5 * period)
    }

    pub fn spacing(&self) -> f64 {
        (self.upper - self.lower) / self.bins as f64
    }

    /// Number of points.
    pub fn count(&self) -> usize {
        self.bins + usize::from(!self.is_whole_period())
    }

    /// `[count]`
    pub fn points(&self) -> Vec<f64> {
        (0..self.count()).map(|k| self.lower + k as f64 * self.spacing()).collect()
    }

    /// The indices of points up to `reach` from `center` and of some farther ones, as PLUMED finds them: the interval of the center, and as
    /// many to each side as cover `reach`.
    pub(super) fn around(&self, center: f64, reach: f64) -> Vec<usize> {
        let (spacing, count) = (self.spacing(), self.count() as i64);
        let cell = ((center - self.lower) / spacing).floor() as i64;
        let side = (reach / spacing).ceil() as i64;
        if self.is_whole_period() {
            let last = (cell + side).min(cell - side + count - 1);
            return (cell - side..=last).map(|k| k.rem_euclid(count) as usize).collect();
        }
        if self.period.is_some() {
            // A part of a period: images of the hill may reach into it from both sides.
            return (0..self.count()).collect();
        }
        ((cell - side).max(0)..=(cell + side).min(count - 1)).map(|k| k as usize).collect()
    }

    pub(super) fn shortest(&self, displacement: f64) -> f64 {
        self.period.map_or(displacement, |period| displacement - period * libm::rint(displacement / period))
    }
}

/// Values on the points of one or more variables, row-major: the last variable runs fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    pub axes: Vec<GridAxis>,
    pub values: Vec<f64>,
}

impl Grid {
    /// The free energy along some of the variables, `kept` in this order: -kT ln of the sum of exp(-F/kT) over the points of the others. As
    /// in PLUMED, the spacing of points is not multiplied: it only shifts the result.
    pub fn project(&self, kept: &[usize], thermal_energy: f64) -> Self {
        let axes: Vec<GridAxis> = kept.iter().map(|k| self.axes[*k]).collect();
        let counts: Vec<usize> = self.axes.iter().map(GridAxis::count).collect();
        let size: usize = axes.iter().map(GridAxis::count).product();
        let target = |mut index: usize| {
            let mut position = vec![0; counts.len()];
            for k in (0..counts.len()).rev() {
                position[k] = index % counts[k];
                index /= counts[k];
            }
            kept.iter().fold(0, |at, k| at * counts[*k] + position[*k])
        };
        let targets: Vec<usize> = (0..self.values.len()).map(target).collect();
        // Relative to the least value of each point, to avoid overflow.
        let mut least = vec![f64::INFINITY; size];
        targets.iter().zip(&self.values).for_each(|(at, value)| least[*at] = least[*at].min(*value));
        let mut sums = vec![0.0; size];
        for (at, value) in targets.iter().zip(&self.values) {
            sums[*at] += libm::exp((least[*at] - value) / thermal_energy);
        }
        let values = least.iter().zip(&sums).map(|(least, sum)| least - thermal_energy * libm::log(*sum)).collect();
        Self { axes, values }
    }
}
