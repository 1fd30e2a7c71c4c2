//! What is the value of a Gaussian hill?
use crate::science::exponential::exp;

/// Half the square of the cutoff in widths, PLUMED's `dp2cutoff`.
const HALF_SQUARE: f64 = 6.25;
/// The cutoff in widths.
pub(super) const CUTOFF: f64 = 3.535_533_905_932_737_6;

/// How a Gaussian ends at the cutoff of sqrt(12.5) widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// Stretched and shifted, so that it is continuous: PLUMED's `stretched-gaussian`.
    Stretched,
    /// Cut off, as PLUMED before version 2.5 does: `gaussian`.
    Cut,
}

/// A Gaussian that metadynamics deposited.
#[derive(Clone, Debug, PartialEq)]
pub struct Hill {
    /// `[variables]`
    pub center: Vec<f64>,
    /// Standard deviation of each variable, `[variables]`.
    pub sigma: Vec<f64>,
    /// Inverse of the covariance matrix, `[variables][variables]`; none where variables are independent.
    pub precision: Option<Vec<f64>>,
    /// Height as in the file, multiplied by gamma/(gamma - 1) with well-tempering.
    pub height: f64,
    /// gamma; at most 1 without well-tempering.
    pub bias_factor: f64,
}

impl Hill {
    /// What the height is multiplied by to get that of the bias: (gamma - 1)/gamma.
    pub fn bias_fraction(&self) -> f64 {
        if self.bias_factor > 1.0 { (self.bias_factor - 1.0) / self.bias_factor } else { 1.0 }
    }

    /// r^2/2 at the displacement `d` `[variables]` from the center, in widths.
    fn half_square(&self, d: &[f64]) -> f64 {
        let r2: f64 = match &self.precision {
            None => d.iter().zip(&self.sigma).map(|(d, sigma)| (d / sigma) * (d / sigma)).sum(),
            Some(precision) => {
                let rows = d.iter().zip(precision.chunks(d.len()));
                rows.map(|(di, row)| di * row.iter().zip(d).map(|(a, dj)| a * dj).sum::<f64>()).sum()
            }
        };
        0.5 * r2
    }

    /// The hill of height 1 at the displacement `d` `[variables]` from its center; zero from the cutoff on.
    pub fn shape(&self, d: &[f64], truncation: Truncation) -> f64 {
        let half = self.half_square(d);
        if half >= HALF_SQUARE { 0.0 } else { truncation.value(half) }
    }

    /// As [`shape`](Self::shape), but a Gaussian that is cut off goes on beyond the cutoff.
    pub(super) fn shape_on_grid(&self, d: &[f64], truncation: Truncation) -> f64 {
        let half = self.half_square(d);
        if half >= HALF_SQUARE && truncation == Truncation::Stretched { 0.0 } else { truncation.value(half) }
    }
}

impl Truncation {
    fn value(self, half_square: f64) -> f64 {
        match self {
            Self::Cut => exp(-half_square),
            Self::Stretched => {
                let end = exp(-HALF_SQUARE);
                (exp(-half_square) - end) / (1.0 - end)
            }
        }
    }
}
