//! Into which bins is a variable divided?
use super::Error;
use crate::science::exponential::exp;

/// A variable's range in equal bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub lower: f64,
    pub upper: f64,
    pub bins: usize,
    /// After which the variable comes back to itself, where it does.
    pub period: Option<f64>,
    /// The standard deviation of the gaussian that each sample is smeared by; none: samples are counted in bins.
    pub bandwidth: Option<f64>,
}

impl Axis {
    /// The axis over a whole period around zero, or else over all `samples`.
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
            return fault("the width of the range", width, "give an upper end above the lower one");
        }
        if self.bins == 0 {
            return fault("the number of bins", 0.0, "take one at least");
        }
        for (what, value) in [("the period", self.period), ("the bandwidth", self.bandwidth)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                return fault(what, value, "give a finite number above zero, or leave it out");
            }
        }
        match self.period {
            // One bin's thousandth is for ends such as 3.1416.
            Some(period) if width > period + 1e-3 * width / self.bins as f64 => {
                fault("the width of the range", width, "it must not exceed the period")
            }
            _ => Ok(()),
        }
    }

    fn width(&self) -> f64 {
        (self.upper - self.lower) / self.bins as f64
    }

    /// The middle of each bin, `[bins]`.
    pub fn centers(&self) -> Vec<f64> {
        (0..self.bins).map(|bin| self.lower + (bin as f64 + 0.5) * self.width()).collect()
    }

    /// The bin of `x`, if it is in the range.
    pub(super) fn bin(&self, x: f64) -> Option<usize> {
        let above = (x - self.lower).rem_euclid(self.period.unwrap_or(f64::INFINITY));
        let place = (above / self.width()).floor();
        // The upper end itself belongs to the last bin.
        let is_end = above <= self.upper - self.lower;
        (above >= 0.0 && (place < self.bins as f64 || is_end)).then(|| (place as usize).min(self.bins - 1))
    }

    /// What a sample at `x` adds to each bin, into `shares`: 1 to its own, or a gaussian's values at the bins' centres.
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
                    let away = self.shortest(x - center) / bandwidth;
                    *share = exp(-0.5 * away * away);
                }
            }
        }
    }

    /// The shortest of the ways that `way` is modulo the period.
    pub(super) fn shortest(&self, way: f64) -> f64 {
        self.period.map_or(way, |period| way - period * libm::rint(way / period))
    }
}
