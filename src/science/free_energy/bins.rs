//! Into which intervals is the coordinate divided?
use super::Axis;

/// Intervals of equal width; the upper end belongs to the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    pub low: f64,
    pub high: f64,
    pub count: usize,
    pub axis: Axis,
}

impl Bins {
    pub fn width(&self) -> f64 {
        (self.high - self.low) / self.count as f64
    }

    /// The middles `[bins]`.
    pub fn centers(&self) -> Vec<f64> {
        (0..self.count as i64).map(|k| self.center(k)).collect()
    }

    /// The ends `[bins + 1]`.
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.count).map(|k| self.low + self.width() * k as f64).collect()
    }

    /// The middle of interval `k`, which may lie beyond the ends.
    pub fn center(&self, k: i64) -> f64 {
        self.part_center(k, 1)
    }

    /// The interval that holds `x`, if one does.
    pub fn index(&self, x: f64) -> Option<usize> {
        let k = self.unbounded_index(x);
        (0..self.count as i64).contains(&k).then_some(k as usize)
    }

    /// As [`index`](Bins::index), with intervals of the same width going on beyond the ends.
    pub fn unbounded_index(&self, x: f64) -> i64 {
        self.located(x).0
    }

    /// Of intervals divided into `parts` each, the part that holds `x`, counted from the first of interval 0.
    pub fn unbounded_part(&self, x: f64, parts: i64) -> i64 {
        let (k, x) = self.located(x);
        let within = (x - (self.low + self.width() * k as f64)) / self.width();
        k * parts + ((within * parts as f64) as i64).clamp(0, parts - 1)
    }

    /// The middle of a part.
    pub fn part_center(&self, part: i64, parts: i64) -> f64 {
        self.low + self.width() * ((part as f64 + 0.5) / parts as f64)
    }

    /// The interval of `x`, and `x` in the period that begins with interval 0.
    fn located(&self, x: f64) -> (i64, f64) {
        let x = match self.axis.period {
            // Periodic bins need not span the period: what lies outside of them stays outside.
            Some(period) => x - period * floor((x - self.low) / period) as f64,
            None => x,
        };
        if x == self.high {
            return (self.count as i64 - 1, x);
        }
        // A quotient may be rounded over an end that `edges` tells.
        let (k, edge) = (floor((x - self.low) / self.width()), |k: i64| self.low + self.width() * k as f64);
        let over = i64::from(x >= edge(k + 1)) - i64::from(x < edge(k));
        (k + over, x)
    }

    /// Whether the last interval is the first one's neighbour.
    pub fn is_closed(&self) -> bool {
        self.axis.period.is_some_and(|period| (self.high - self.low - period).abs() < 1e-9 * period)
    }

    /// How many of `samples` fall into each `[bins]`.
    pub fn counts(&self, samples: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.count];
        samples.iter().filter_map(|x| self.index(*x)).for_each(|k| counts[k] += 1);
        counts
    }
}

/// The largest integer not above `x`, without a call.
fn floor(x: f64) -> i64 {
    let toward_zero = x as i64;
    toward_zero - i64::from(x < toward_zero as f64)
}
