//! Into which bins is a variable divided?
use super::error::Error;
use crate::science::exponential::exp;

/// The range of a variable, divided into equal bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub lower: f64,
    pub upper: f64,
    pub bins: usize,
    pub period: Option<f64>,
    /// Bandwidth of a Gaussian kernel density estimate, in the unit of the variable; none for a histogram.
    pub bandwidth: Option<f64>,
}

impl Axis {
    /// The axis over one period around zero, or else over the range of all `samples`.
    pub fn around<'a>(samples: impl Iterator<Item = &'a f64>, bins: usize, period: Option<f64>) -> Self {
        let (lower, upper) = match period {
            Some(period) => (-0.5 * period, 0.5 * period),
            None => samples.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x))),
        };
        Self { lower, upper, bins, period, bandwidth: None }
    }

    pub(super) fn check(&self, variable: usize) -> Result<(), Error> {
        let fault = |what, value, remedy| Err(Error::Axis { variable, what, value, remedy });
        let width = self.upper - self.lower;
        if !(width.is_finite() && width > 0.0) {
            return fault("the width of the range", width, "the upper end must be above the lower one");
        }
        if self.bins == 0 {
            return fault("the number of bins", 0.0, "it must be at least 1");
        }
        for (what, value) in [("the period", self.period), ("the bandwidth", self.bandwidth)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                return fault(what, value, "it must be finite and above zero, or not set");
            }
        }
        match self.period {
            // A thousandth of a bin allows for rounded ends such as 3.1416.
            Some(period) if width > period + 1e-3 * width / self.bins as f64 => {
                fault("the width of the range", width, "it must not exceed the period")
            }
            _ => Ok(()),
        }
    }

    fn width(&self) -> f64 {
        (self.upper - self.lower) / self.bins as f64
    }

    /// Centers of bins, `[bins]`.
    pub fn centers(&self) -> Vec<f64> {
        (0..self.bins).map(|bin| self.lower + (bin as f64 + 0.5) * self.width()).collect()
    }

    /// The bin of `x`; none outside of the range.
    pub(super) fn bin(&self, x: f64) -> Option<usize> {
        let above = (x - self.lower).rem_euclid(self.period.unwrap_or(f64::INFINITY));
        let bin = (above / self.width()).floor();
        // The upper end itself belongs to the last bin.
        let is_end = above <= self.upper - self.lower;
        (above >= 0.0 && (bin < self.bins as f64 || is_end)).then(|| (bin as usize).min(self.bins - 1))
    }

    /// Writes the contribution of a sample at `x` to each bin into `shares` `[bins]`: 1 to its own, or the values of the kernel at the `centers`.
    pub(super) fn share(&self, x: f64, centers: &[f64], shares: &mut [f64]) {
        match self.bandwidth {
            None => {
                shares.fill(0.0);
                if let Some(bin) = self.bin(x) {
                    shares[bin] = 1.0;
                }
            }
            Some(bandwidth) => {
                for (share, center) in shares.iter_mut().zip(centers) {
                    let r = self.shortest(x - center) / bandwidth;
                    *share = exp(-0.5 * r * r);
                }
            }
        }
    }

    pub(super) fn shortest(&self, displacement: f64) -> f64 {
        self.period.map_or(displacement, |period| displacement - period * libm::rint(displacement / period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_on_the_upper_end_is_in_the_last_bin() {
        let axis = Axis { lower: 0.0, upper: 1.0, bins: 10, period: None, bandwidth: None };
        assert_eq!([0.0, 1.0, 0.95, 1.01, -0.01].map(|x| axis.bin(x)), [Some(0), Some(9), Some(9), None, None]);
        let periodic = Axis { period: Some(1.0), ..axis };
        assert_eq!([1.05, -0.05, -3.55].map(|x| periodic.bin(x)), [Some(0), Some(9), Some(4)]);
    }
}
