//! How is a result drawn?
//!
//! A [`Chart`] is one pair of axes with lines, bands, histograms, bars and points, written as SVG: the same values give the same bytes
//! on every machine. What is not finite is left out: a line ends there, and nothing is drawn across. Only this module names `plotters`.
mod draw;
mod legend;
mod mark;
mod palette;
#[cfg(test)]
mod tests;
mod tick;

use mark::{Mark, Shape};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot draw `{title}`")]
    Draw { title: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("cannot write the figure `{path}`: check its folder and space there")]
    Write { path: PathBuf, source: io::Error },
}

/// One pair of axes and what is drawn on them, in the order in which it was added.
#[derive(Clone, Debug)]
pub struct Chart {
    title: String,
    x_label: String,
    y_label: String,
    x_range: Option<(f64, f64)>,
    y_range: Option<(f64, f64)>,
    marks: Vec<Mark>,
}

/// A chart as SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn(String);

impl Chart {
    /// Empty axes. Labels carry the unit, as in "distance / nm".
    pub fn new(title: &str, x_label: &str, y_label: &str) -> Self {
        let [title, x_label, y_label] = [title, x_label, y_label].map(str::to_owned);
        Self { title, x_label, y_label, x_range: None, y_range: None, marks: Vec::new() }
    }

    /// Shows x from `low` to `high`, rather than all there is.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x_range = Some((low, high));
        self
    }

    /// Shows y from `low` to `high`, rather than all there is.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// A line through points. An empty name is not in the legend; so with all marks.
    pub fn line(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        self.with(name, Shape::Line(pairs(x, y)))
    }

    /// A pale band between `low` and `high`: draw it before its line. It has the colour of the next mark.
    pub fn band(self, name: &str, x: &[f64], low: &[f64], high: &[f64]) -> Self {
        let rows = x.iter().zip(low).zip(high).map(|((x, low), high)| (*x, *low, *high));
        self.with(name, Shape::Band(rows.collect()))
    }

    /// Heights over the intervals between `edges`, one more than heights; transparent, so that several can overlap.
    pub fn histogram(self, name: &str, edges: &[f64], heights: &[f64]) -> Self {
        let bins = edges.windows(2).zip(heights).map(|(edge, height)| (edge[0], edge[1], *height));
        self.with(name, Shape::Histogram(bins.collect()))
    }

    /// Bars around 1, 2, 3, ...: a scree plot.
    pub fn bars(self, name: &str, heights: &[f64]) -> Self {
        let bars = (1..).zip(heights).map(|(k, height)| (f64::from(k) - 0.4, f64::from(k) + 0.4, *height));
        self.with(name, Shape::Bars(bars.collect()))
    }

    /// Single points. Of more than 5000 an even choice is drawn.
    pub fn points(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        self.with(name, Shape::Points(pairs(x, y)))
    }

    /// The chart as SVG.
    ///
    /// # Errors
    /// The drawing library refuses.
    pub fn to_svg(&self) -> Result<String, Error> {
        draw::svg(self).map_err(|source| Error::Draw { title: self.title.clone(), source })
    }

    /// The chart as what can be written.
    ///
    /// # Errors
    /// As [`to_svg`](Chart::to_svg).
    pub fn draw(&self) -> Result<Drawn, Error> {
        self.to_svg().map(Drawn)
    }

    fn with(mut self, name: &str, shape: Shape) -> Self {
        self.marks.push(Mark { name: name.to_owned(), shape });
        self
    }
}

impl Drawn {
    /// Writes the figure to `path`, beside it first and then renamed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let write = || fs::write(&part, &self.0).and_then(|()| fs::rename(&part, path));
        write().map_err(|source| {
            // Half a figure is worth nothing.
            let _ = fs::remove_file(&part);
            Error::Write { path: path.to_owned(), source }
        })
    }
}

fn pairs(x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    x.iter().copied().zip(y.iter().copied()).collect()
}
