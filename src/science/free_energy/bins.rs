//! Into which bins is the coordinate divided?
use super::Axis;

/// Bins of equal width; the upper end belongs to the last one.
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

    /// Centers `[bins]`.
    pub fn centers(&self) -> Vec<f64> {
        (0..self.count as i64).map(|k| self.center(k)).collect()
    }

    /// Edges `[bins + 1]`.
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.count).map(|k| self.low + self.width() * k as f64).collect()
    }

    /// The center of bin `k`, which may lie beyond the ends.
    pub fn center(&self, k: i64) -> f64 {
        self.part_center(k, 1)
    }

    /// The bin that contains `x`; none outside of the range.
    pub fn index(&self, x: f64) -> Option<usize> {
        let k = self.unbounded_index(x);
        (0..self.count as i64).contains(&k).then_some(k as usize)
    }

    /// As [`index`](Bins::index), with bins of the same width continuing beyond the ends.
    pub fn unbounded_index(&self, x: f64) -> i64 {
        self.located(x).0
    }

    /// Of bins divided into `parts` each: the part that contains `x`, counted from the first one of bin 0.
    pub fn unbounded_part(&self, x: f64, parts: i64) -> i64 {
        let (k, within) = self.located(x);
        k * parts + part_index(within, parts)
    }

    /// Where `x` lies within its [part](Bins::unbounded_part): from -1 at the lower end to 1 at the upper end.
    pub fn offset_in_part(&self, x: f64, parts: i64) -> f64 {
        let within = self.located(x).1;
        let offset = 2.0 * (within * parts as f64 - part_index(within, parts) as f64) - 1.0;
        offset.clamp(-1.0, 1.0)
    }

    pub fn part_center(&self, part: i64, parts: i64) -> f64 {
        self.low + self.width() * ((part as f64 + 0.5) / parts as f64)
    }

    /// The bin of `x`, and the position of `x` within it, 0 to 1.
    fn located(&self, x: f64) -> (i64, f64) {
        let x = match self.axis.period {
            // Periodic bins need not span the period: what lies outside of them stays outside.
            Some(period) => x - period * floor((x - self.low) / period) as f64,
            None => x,
        };
        let edge = |k: i64| self.low + self.width() * k as f64;
        let bin = if x == self.high {
            self.count as i64 - 1
        } else {
            // A quotient may be rounded across an edge.
            let k = floor((x - self.low) / self.width());
            k + i64::from(x >= edge(k + 1)) - i64::from(x < edge(k))
        };
        (bin, (x - edge(bin)) / self.width())
    }

    /// Whether the last bin is adjacent to the first one.
    pub fn is_closed(&self) -> bool {
        self.axis.period.is_some_and(|period| (self.high - self.low - period).abs() < 1e-9 * period)
    }

    /// Histogram of `samples`, `[bins]`.
    pub fn counts(&self, samples: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.count];
        samples.iter().filter_map(|x| self.index(*x)).for_each(|k| counts[k] += 1);
        counts
    }
}

fn part_index(within: f64, parts: i64) -> i64 {
    ((within * parts as f64) as i64).clamp(0, parts - 1)
}

/// The largest integer not above `x`, without a call.
fn floor(x: f64) -> i64 {
    let toward_zero = x as i64;
    toward_zero - i64::from(x < toward_zero as f64)
}
