//! Which mistakes in the parameters of windows are common, and how are they corrected?
use super::inefficiency::Inefficiency;
use super::solution::Solution;
use super::{Axis, Window};

/// Samples that suffice to compare corrections: of all windows, and limits for one window.
const SAMPLES: usize = 100_000;
const FEWEST_PER_WINDOW: usize = 500;
const MOST_PER_WINDOW: usize = 4_000;
const RADIAN: f64 = std::f64::consts::PI / 180.0;
const KCAL: f64 = 4.184;
/// Factors between force constants of programs: k/2 and k, kcal and kJ, A and nm, degree and radian, and a misplaced decimal point.
const FACTORS: [f64; 12] = [
    2.0,
    KCAL,
    2.0 * KCAL,
    10.0,
    100.0,
    200.0,
    100.0 * KCAL,
    200.0 * KCAL,
    1.0 / (RADIAN * RADIAN),
    2.0 / (RADIAN * RADIAN),
    KCAL / (RADIAN * RADIAN),
    2.0 * KCAL / (RADIAN * RADIAN),
];
/// Factors between centers and samples: A and nm, degree and radian, opposite sign.
const SCALES: [f64; 5] = [10.0, 0.1, 1.0 / RADIAN, RADIAN, -1.0];

/// A correction of the parameters of windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Correction {
    /// A factor of force constants.
    Stiffness(f64),
    /// Factors of centers, force constants and the period: their unit is not that of the samples.
    Scale { center: f64, stiffness: f64, period: f64 },
    /// A period, where none is set.
    Period(f64),
    /// Another center.
    Center(f64),
}

impl Correction {
    /// Corrects the parameters of a window; the period is not one of them.
    pub fn apply(self, window: &mut Window) {
        match self {
            Self::Stiffness(factor) => window.stiffness *= factor,
            Self::Scale { center, stiffness, .. } => {
                window.center *= center;
                window.stiffness *= stiffness;
            }
            Self::Center(center) => window.center = center,
            Self::Period(_) => {}
        }
    }
}

pub fn common_corrections() -> impl Iterator<Item = Correction> {
    let stiffnesses = FACTORS.into_iter().flat_map(|factor| [factor, 1.0 / factor]).map(Correction::Stiffness);
    let scales = SCALES.into_iter().flat_map(|center| {
        let square = 1.0 / (center * center);
        [(1.0, 1.0), (square, 1.0), (1.0, center.abs()), (square, center.abs())]
            .map(|(stiffness, period)| Correction::Scale { center, stiffness, period })
    });
    stiffnesses.chain(scales)
}

/// Every n-th sample of the windows, with their statistical inefficiencies.
pub fn subsampled(windows: &[Window], inefficiencies: &[Inefficiency]) -> (Vec<Window>, Vec<Inefficiency>) {
    let most = (SAMPLES / windows.len()).clamp(FEWEST_PER_WINDOW, MOST_PER_WINDOW);
    let thin = |(window, inefficiency): (&Window, &Inefficiency)| {
        let every = window.samples.len().div_ceil(most);
        let samples = window.samples.iter().step_by(every).copied().collect();
        (Window { samples, ..*window }, inefficiency.subsampled(every))
    };
    windows.iter().zip(inefficiencies).map(thin).unzip()
}

/// The center of `window` for which the others, whose free energies are known, predict the mean of its samples.
pub fn fitted_center(others: &Solution, window: &Window, axis: Axis) -> f64 {
    let mean = window.center + window.mean_displacement(axis);
    let weights = others.log_weights();
    // The predicted mean relative to the sampled one, as a function of the center: it rises monotonically.
    let predicted = |center: f64| {
        let exponents = others.positions.iter().zip(&weights).map(|(x, weight)| {
            let d = axis.displacement(*x, center);
            (axis.displacement(*x, mean), weight - 0.5 * window.stiffness * d * d)
        });
        let largest = exponents.clone().map(|(_, exponent)| exponent).fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut moment) = (0.0, 0.0);
        for (d, exponent) in exponents {
            let weight = libm::exp(exponent - largest);
            sum += weight;
            moment += weight * d;
        }
        moment / sum
    };
    let width = 10.0 / libm::sqrt(window.stiffness);
    let reach = axis.period.map_or(width, |period| width.min(0.25 * period));
    let (mut low, mut high) = (mean - reach, mean + reach);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if predicted(middle) < 0.0 { low = middle } else { high = middle }
    }
    axis.wrapped(0.5 * (low + high))
}
