//! What is each mark called? Beside the axes, where no mark can be.
use super::mark::{Mark, Shape};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Rows that there is room for.
const MOST: usize = 24;
/// Sizes in points: of the text, from row to row, of a sample, and between things.
const TEXT: u32 = 12;
const ROW: u32 = 18;
const SAMPLE: u32 = 20;
const GAP: u32 = 8;
/// Width of a character over its height, of a word in capitals and digits at most.
const CHARACTER: f64 = 0.6;

/// Names, colours and samples of marks.
pub struct Legend<'a> {
    rows: Vec<(&'a Mark, RGBColor)>,
    /// Marks that there is no room for.
    left_out: usize,
}

impl<'a> Legend<'a> {
    /// Of the marks that have names.
    pub fn of(marks: &'a [Mark], colours: &[(u8, u8, u8)]) -> Self {
        let named = marks.iter().zip(colours).filter(|(mark, _)| !mark.name.is_empty());
        let mut rows: Vec<_> = named.map(|(mark, (r, g, b))| (mark, RGBColor(*r, *g, *b))).collect();
        let left_out = if rows.len() > MOST { rows.len() - (MOST - 1) } else { 0 };
        rows.truncate(rows.len() - left_out);
        Self { rows, left_out }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let more = (self.left_out > 0).then(|| format!("and {} more", self.left_out));
        self.rows.iter().map(|(mark, _)| mark.name.clone()).chain(more)
    }

    /// How wide it is, points; 0 where no mark has a name.
    pub fn width(&self) -> u32 {
        let longest = self.names().map(|name| name.chars().count()).max();
        longest.map_or(0, |longest| SAMPLE + 2 * GAP + (CHARACTER * f64::from(TEXT) * longest as f64) as u32)
    }

    /// Draws it from the top of `area`, `fine` units to a point.
    ///
    /// # Errors
    /// The library refuses.
    pub fn draw(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        font: &str,
        top: u32,
        fine: u32,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let fine = |points: u32| (points * fine) as i32;
        let middle = |row: usize| fine(top + ROW * row as u32 + ROW / 2);
        for (row, (mark, colour)) in self.rows.iter().enumerate() {
            let (y, half) = (middle(row), fine(5));
            match mark.shape {
                Shape::Line(_) => {
                    let line = vec![(0, y), (fine(SAMPLE), y)];
                    area.draw(&PathElement::new(line, colour.stroke_width(fine(2) as u32)))?;
                }
                _ => {
                    let corners = [(0, y - half), (fine(SAMPLE), y + half)];
                    area.draw(&Rectangle::new(corners, colour.mix(mark.shape.opacity()).filled()))?;
                }
            }
        }
        let style = (font, fine(TEXT)).into_font().color(&BLACK);
        for (row, name) in self.names().enumerate() {
            area.draw(&Text::new(name, (fine(SAMPLE + GAP), middle(row) - fine(TEXT) / 2), style.clone()))?;
        }
        Ok(())
    }
}
