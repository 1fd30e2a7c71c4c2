//! What is on a chart?
use super::mark::{Mark, Shape};

/// One pair of axes with the marks drawn on them, in the order in which they were added.
#[derive(Clone, Debug)]
pub struct Chart {
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) x_range: Option<(f64, f64)>,
    pub(super) y_range: Option<(f64, f64)>,
    pub(super) marks: Vec<Mark>,
}

impl Chart {
    /// Empty axes. Labels carry the unit, as in "distance / nm".
    pub fn new(title: &str, x_label: &str, y_label: &str) -> Self {
        let [title, x_label, y_label] = [title, x_label, y_label].map(str::to_owned);
        Self { title, x_label, y_label, x_range: None, y_range: None, marks: Vec::new() }
    }

    /// Sets the range of the x axis; by default that of the values.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x_range = Some((low, high));
        self
    }

    /// Sets the range of the y axis; by default that of the values.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// A line through points. A mark with an empty name is not in the legend.
    pub fn line(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        self.with(name, Shape::Line(pairs(x, y)))
    }

    /// A transparent band between `low` and `high`, in the color of the next mark: add it before its line.
    pub fn band(self, name: &str, x: &[f64], low: &[f64], high: &[f64]) -> Self {
        let rows = x.iter().zip(low).zip(high).map(|((x, low), high)| (*x, *low, *high));
        self.with(name, Shape::Band(rows.collect()))
    }

    /// A transparent histogram of `heights` over the intervals between `edges`, one more than heights.
    pub fn histogram(self, name: &str, edges: &[f64], heights: &[f64]) -> Self {
        let bins = edges.windows(2).zip(heights).map(|(edge, height)| (edge[0], edge[1], *height));
        self.with(name, Shape::Histogram(bins.collect()))
    }

    /// Bars at 1, 2, 3, ..., as in a scree plot.
    pub fn bars(self, name: &str, heights: &[f64]) -> Self {
        let bars = (1..).zip(heights).map(|(k, height)| (f64::from(k) - 0.4, f64::from(k) + 0.4, *height));
        self.with(name, Shape::Bars(bars.collect()))
    }

    /// A scatter plot. Of more than 5000 points an evenly spaced selection is drawn.
    pub fn points(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        self.with(name, Shape::Points(pairs(x, y)))
    }

    fn with(mut self, name: &str, shape: Shape) -> Self {
        self.marks.push(Mark { name: name.to_owned(), shape });
        self
    }
}

fn pairs(x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    x.iter().copied().zip(y.iter().copied()).collect()
}
