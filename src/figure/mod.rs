//! How are results drawn as SVG figures?
//!
//! A [`Chart`] has one pair of axes with lines, bands, histograms, bars and points: the same values give the same bytes on every machine.
//! Values that are not finite are left out: a line is interrupted there. Only this module names `plotters`.
mod axis_range;
mod chart;
mod legend;
mod mark;
mod palette;
mod svg;
#[cfg(test)]
mod tests;
mod tick;

pub use chart::Chart;
pub use svg::{Error, Figure};
