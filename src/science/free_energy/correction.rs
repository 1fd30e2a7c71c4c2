//! Which mistakes are made with the parameters of windows, and what would they be without them?
use super::inefficiency::Inefficiency;
use super::solution::Solution;
use super::{Axis, Window};

/// Samples of all windows that are enough to tell changes apart, and of one.
const SAMPLES: usize = 100_000;
const FEWEST: usize = 500;
const MOST: usize = 4_000;
/// Factors between force constants of programs: k/2 and k, kcal and kJ, A and nm, degree and radian, and a misplaced zero.
const RADIAN: f64 = std::f64::consts::PI / 180.0;
const KCAL: f64 = 4.184;
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
/// Factors between centers and samples: A and nm, degree and radian, the other direction.
const SCALES: [f64; 5] = [10.0, 0.1, 1.0 / RADIAN, RADIAN, -1.0];

/// A change of what is said of windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Another factor of force constants.
    Stiffness(f64),
    /// Other factors of centers, force constants and the period: their unit is not that of the samples.
    Scale { center: f64, stiffness: f64, period: f64 },
    /// A period, where none is given.
    Period(f64),
    /// Another center.
    Center(f64),
}

impl Change {
    /// Changes a window; a period is none of its parameters.
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

/// Changes of one or all windows that undo common mistakes.
pub fn changes() -> impl Iterator<Item = Change> {
    let stiffnesses = FACTORS.into_iter().flat_map(|factor| [factor, 1.0 / factor]).map(Change::Stiffness);
    let scales = SCALES.into_iter().flat_map(|center| {
        let square = 1.0 / (center * center);
        [(1.0, 1.0), (square, 1.0), (1.0, center.abs()), (square, center.abs())]
            .map(|(stiffness, period)| Change::Scale { center, stiffness, period })
    });
    stiffnesses.chain(scales)
}

/// Every few samples of windows, and what each of them is worth.
pub fn thinned(windows: &[Window], inefficiencies: &[Inefficiency]) -> (Vec<Window>, Vec<Inefficiency>) {
    let most = (SAMPLES / windows.len()).clamp(FEWEST, MOST);
    let thin = |(window, inefficiency): (&Window, &Inefficiency)| {
        let every = window.samples.len().div_ceil(most);
        let samples = window.samples.iter().step_by(every).copied().collect();
        (Window { samples, ..*window }, inefficiency.of_every(every))
    };
    windows.iter().zip(inefficiencies).map(thin).unzip()
}

/// Where the center of `window` would have to be for the others, whose free energies are known, to predict the mean of its samples.
pub fn fitted_center(others: &Solution, window: &Window, axis: Axis) -> f64 {
    let displacement: f64 = window.samples.iter().map(|x| axis.displacement(*x, window.center)).sum();
    let mean = window.center + displacement / window.samples.len() as f64;
    let weights = others.log_weights();
    // Where the mean lies beside the center, as far as all others predict; it rises with the center.
    let predicted = |center: f64| {
        let exponents = others.places.iter().zip(&weights).map(|(x, weight)| {
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
