//! How is the legend drawn? It is placed beside the axes, where it covers no data.
use super::mark::{Mark, Shape};
use plotters::coord::Shift;
use plotters::prelude::*;

/// The number of rows that fit.
const MOST_ROWS: usize = 24;
/// Sizes in points: of the text, of a row, of a sample, and of the gaps.
const TEXT: u32 = 12;
const ROW: u32 = 18;
const SAMPLE: u32 = 20;
const GAP: u32 = 8;
/// Upper estimate of the width of a character relative to its height.
const CHARACTER: f64 = 0.6;

/// The names of marks, with samples in their colors.
pub struct Legend<'a> {
    rows: Vec<(&'a Mark, RGBColor)>,
    /// The number of marks that do not fit.
    left_out: usize,
}

impl<'a> Legend<'a> {
    /// The legend of the marks that have names.
    pub fn new(marks: &'a [Mark], colors: &[(u8, u8, u8)]) -> Self {
        let named = marks.iter().zip(colors).filter(|(mark, _)| !mark.name.is_empty());
        let mut rows: Vec<_> = named.map(|(mark, (r, g, b))| (mark, RGBColor(*r, *g, *b))).collect();
        let left_out = if rows.len() > MOST_ROWS { rows.len() - (MOST_ROWS - 1) } else { 0 };
        rows.truncate(rows.len() - left_out);
        Self { rows, left_out }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let more = (self.left_out > 0).then(|| format!("and {} more", self.left_out));
        self.rows.iter().map(|(mark, _)| mark.name.clone()).chain(more)
    }

    /// Width, points; 0 without names.
    pub fn width(&self) -> u32 {
        let longest = self.names().map(|name| name.chars().count()).max();
        longest.map_or(0, |longest| SAMPLE + 2 * GAP + (CHARACTER * f64::from(TEXT) * longest as f64) as u32)
    }

    /// Draws the legend at the top of `area`, with `units` per point.
    ///
    /// # Errors
    /// The drawing library fails.
    pub fn draw(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        font: &str,
        top: u32,
        units: u32,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let scaled = |points: u32| (points * units) as i32;
        let middle = |row: usize| scaled(top + ROW * row as u32 + ROW / 2);
        for (row, (mark, color)) in self.rows.iter().enumerate() {
            let (y, half) = (middle(row), scaled(5));
            match mark.shape {
                Shape::Line(_) => {
                    let line = vec![(0, y), (scaled(SAMPLE), y)];
                    area.draw(&PathElement::new(line, color.stroke_width(scaled(2) as u32)))?;
                }
                _ => {
                    let corners = [(0, y - half), (scaled(SAMPLE), y + half)];
                    area.draw(&Rectangle::new(corners, color.mix(mark.shape.opacity()).filled()))?;
                }
            }
        }
        let style = (font, scaled(TEXT)).into_font().color(&BLACK);
        for (row, name) in self.names().enumerate() {
            area.draw(&Text::new(name, (scaled(SAMPLE + GAP), middle(row) - scaled(TEXT) / 2), style.clone()))?;
        }
        Ok(())
    }
}
