//! Where along a coordinate are umbrella windows placed, and how stiff are their restraints?
//!
//! Neighbouring windows must overlap: with a restraint k the coordinate has the standard deviation sqrt(kT/k), and windows 1.5 standard deviations
//! apart share nearly half of their samples (Torrie and Valleau, J. Comput. Phys. 23, 187, 1977, doi:10.1016/0021-9991(77)90121-8).
//! A periodic coordinate is unwrapped to a line that starts at the end of its widest gap.
use super::free_energy::Axis;

/// Fraction of samples beyond each end of the sampled range.
const TAIL: f64 = 0.01;
/// Standard deviation of a window relative to the distance to its neighbours.
const SPREAD_OVER_SPACING: f64 = 2.0 / 3.0;

/// A value of a periodic coordinate is sampled if a sample is closer than this fraction of the period (15 degrees).
const NEAR_ON_CIRCLE: f64 = 1.0 / 24.0;

#[derive(Clone, Debug)]
pub struct Sampled {
    axis: Axis,
    /// Unwrapped, in ascending order.
    values: Vec<f64>,
}

impl Sampled {
    /// From samples in any order, all of them finite; at least one.
    pub fn new(mut values: Vec<f64>, axis: Axis) -> Self {
        values.sort_by(f64::total_cmp);
        if let Some(period) = axis.period {
            let last = values.len() - 1;
            let before = |k: usize| if k == 0 { values[last] - period } else { values[k - 1] };
            let start = (0..=last).fold(0, |best, k| {
                let gap = |k: usize| values[k] - before(k);
                if gap(k) > gap(best) { k } else { best }
            });
            values.rotate_left(start);
            let first = values[0];
            values.iter_mut().filter(|x| **x < first).for_each(|x| *x += period);
        }
        Self { axis, values }
    }

    /// `x` unwrapped to the line of samples.
    pub fn along(&self, x: f64) -> f64 {
        match self.axis.period {
            Some(period) => x - period * libm::floor((x - self.values[0]) / period),
            None => x,
        }
    }

    /// Whether `x` is in the sampled range, or for a periodic coordinate near a sample.
    pub fn reaches(&self, x: f64) -> bool {
        let (least, most) = self.extent();
        match self.axis.period {
            Some(period) => {
                let distances = self.values.iter().map(|value| self.axis.displacement(*value, x).abs());
                distances.fold(f64::INFINITY, f64::min) <= NEAR_ON_CIRCLE * period
            }
            None => (least..=most).contains(&x),
        }
    }

    /// The smallest and the largest unwrapped sample.
    pub fn extent(&self) -> (f64, f64) {
        (self.values[0], self.values[self.values.len() - 1])
    }

    /// The quantile of a fraction from 0 to 1, interpolated linearly.
    pub fn quantile(&self, fraction: f64) -> f64 {
        let position = fraction * (self.values.len() - 1) as f64;
        let below = (position as usize).min(self.values.len() - 1);
        let above = (below + 1).min(self.values.len() - 1);
        self.values[below] + (position - below as f64) * (self.values[above] - self.values[below])
    }

    pub fn spread(&self) -> f64 {
        let n = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / n;
        libm::sqrt(self.values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n)
    }

    /// `count` equally spaced centres from the 1st to the 99th percentile.
    pub fn even(&self, count: usize) -> Vec<f64> {
        let (low, high) = (self.quantile(TAIL), self.quantile(1.0 - TAIL));
        fractions(count).map(|fraction| low + fraction * (high - low)).collect()
    }

    /// `count` centres from the 1st to the 99th percentile with equal numbers of samples between them.
    pub fn by_quantiles(&self, count: usize) -> Vec<f64> {
        fractions(count).map(|fraction| self.quantile(TAIL + fraction * (1.0 - 2.0 * TAIL))).collect()
    }

    /// The stiffness beta k (1/unit^2) of a window with neighbours at distance `spacing` (none without neighbours). Its standard deviation is at most
    /// that of the free coordinate, so that the restraint also holds in rarely sampled regions.
    pub fn stiffness(&self, spacing: Option<f64>) -> f64 {
        let natural = self.spread();
        let spread = spacing.map_or(natural, |spacing| f64::min(SPREAD_OVER_SPACING * spacing, natural));
        1.0 / (spread * spread)
    }
}

/// `count` equally spaced numbers from 0 to 1; 0.5 if `count` is 1.
fn fractions(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| if count == 1 { 0.5 } else { k as f64 / (count - 1) as f64 })
}

/// The mean distance from centre `k` to its neighbours; none if there is only one centre.
pub fn spacing(centers: &[f64], k: usize) -> Option<f64> {
    let below = centers.iter().filter(|c| **c < centers[k]).fold(f64::NEG_INFINITY, |best, c| best.max(*c));
    let above = centers.iter().filter(|c| **c > centers[k]).fold(f64::INFINITY, |best, c| best.min(*c));
    match (below.is_finite(), above.is_finite()) {
        (true, true) => Some(0.5 * (above - below)),
        (true, false) => Some(centers[k] - below),
        (false, true) => Some(above - centers[k]),
        (false, false) => None,
    }
}

/// The index of the value closest to `center`, the first of equally close ones.
pub fn closest(values: impl Iterator<Item = f64>, center: f64, axis: Axis) -> Option<usize> {
    let distances = values.map(|x| axis.displacement(x, center).abs()).enumerate();
    distances
        .fold(None, |best: Option<(usize, f64)>, one| best.filter(|best| best.1 <= one.1).or(Some(one)))
        .map(|b| b.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Sampled {
        Sampled::new((0..=100).rev().map(|k| f64::from(k) * f64::from(k)).collect(), Axis::default())
    }

    fn are_close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    #[test]
    fn centers_span_the_range_without_its_tails() {
        let sampled = ramp();
        assert_eq!(sampled.extent(), (0.0, 1e4));
        assert!(are_close(&sampled.even(3), &[1.0, 4901.0, 9801.0]), "{:?}", sampled.even(3));
        assert!(are_close(&sampled.by_quantiles(3), &[1.0, 2500.0, 9801.0]), "{:?}", sampled.by_quantiles(3));
        assert!(are_close(&sampled.even(1), &[4901.0]) && are_close(&sampled.by_quantiles(1), &[2500.0]));
        assert!(
            (sampled.quantile(0.105) - 110.5).abs() < 1e-9,
            "half between 100 and 121: {}",
            sampled.quantile(0.105)
        );
    }

    #[test]
    fn windows_spread_two_thirds_of_their_distance_and_no_more_than_the_free_coordinate() {
        let sampled = Sampled::new((-500..=500).map(f64::from).collect(), Axis::default());
        let spread = sampled.spread();
        assert!((spread - 1001.0 / 12_f64.sqrt()).abs() < 0.1, "that of an even distribution: {spread}");
        assert!((1.0 / sampled.stiffness(Some(30.0)).sqrt() - 20.0).abs() < 1e-9);
        assert!((1.0 / sampled.stiffness(Some(3000.0)).sqrt() - spread).abs() < 1e-9);
        assert!((1.0 / sampled.stiffness(None).sqrt() - spread).abs() < 1e-9);
    }

    #[test]
    fn neighbours_and_the_closest_sample_are_found_in_any_order() {
        let centers = [0.5, -1.0, 0.0];
        let found: Vec<_> = (0..3).map(|k| spacing(&centers, k)).collect();
        assert_eq!(found, [Some(0.5), Some(1.0), Some(0.75)]);
        assert_eq!(spacing(&[3.0], 0), None);
        assert_eq!(closest([0.0, 2.0, 1.0, 1.0].into_iter(), 1.2, Axis::default()), Some(2));
        assert_eq!(closest(std::iter::empty(), 0.0, Axis::default()), None);
    }

    #[test]
    fn a_periodic_coordinate_is_cut_in_its_largest_gap() {
        let axis = Axis { period: Some(360.0) };
        // From 150 over 180 to -150.
        let sampled = Sampled::new((0..=60).map(|k| axis.wrapped(150.0 + f64::from(k))).collect(), axis);
        assert_eq!(sampled.extent(), (150.0, 210.0));
        assert!(are_close(&sampled.even(3), &[150.6, 180.0, 209.4]), "{:?}", sampled.even(3));
        assert_eq!((sampled.along(-160.0), sampled.along(150.0), sampled.along(149.0)), (200.0, 150.0, 509.0));
        assert!(sampled.reaches(-140.0) && sampled.reaches(170.0) && !sampled.reaches(-130.0) && !sampled.reaches(0.0));
        assert_eq!(closest([150.0, -175.0, 0.0].into_iter(), 178.0, axis), Some(1));
        assert_eq!((axis.wrapped(190.0), axis.wrapped(180.0), axis.wrapped(-180.0)), (-170.0, -180.0, -180.0));
        let line = Sampled::new(vec![1.0, 3.0, 2.0], Axis::default());
        assert!(line.reaches(1.0) && !line.reaches(0.9) && line.along(7.0) == 7.0);
    }
}
