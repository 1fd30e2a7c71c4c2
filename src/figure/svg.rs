//! How is a chart drawn as SVG?
use super::axis_range::{has_bars, x_range, y_range};
use super::chart::Chart;
use super::legend::Legend;
use super::mark::{Mark, Shape, finite_segments};
use super::{palette, tick};
use plotters::prelude::*;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Size of a figure, points, and units per point: the library rounds positions to whole units.
const SIZE: (u32, u32) = (800, 500);
const UNITS: u32 = 4;
const MARGIN: u32 = 12;
/// Half of the last tick label extends beyond the axis.
const MARGIN_RIGHT: u32 = 26;
const FONT: &str = "Helvetica, Arial, sans-serif";
const GREY: RGBColor = RGBColor(70, 70, 70);
const MOST_POINTS: usize = 5000;

type DrawError = Box<dyn std::error::Error + Send + Sync>;
type Axes<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedF64, RangedF64>>;
type RangedF64 = plotters::coord::types::RangedCoordf64;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot draw `{title}`")]
    Draw { title: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("cannot write the figure `{path}`: check its folder and the free disk space")]
    Write { path: PathBuf, source: io::Error },
}

/// The SVG text of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure(String);

impl Chart {
    /// The chart as SVG text.
    ///
    /// # Errors
    /// The drawing library fails.
    pub fn to_svg(&self) -> Result<String, Error> {
        svg(self).map_err(|source| Error::Draw { title: self.title.clone(), source })
    }

    /// The chart as a figure that can be written.
    ///
    /// # Errors
    /// As [`to_svg`](Chart::to_svg).
    pub fn draw(&self) -> Result<Figure, Error> {
        self.to_svg().map(Figure)
    }
}

impl Figure {
    /// Writes the figure to a temporary file next to `path` and renames that to `path`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let write = || fs::write(&part, &self.0).and_then(|()| fs::rename(&part, path));
        write().map_err(|source| {
            // An incomplete figure is of no use.
            let _ = fs::remove_file(&part);
            Error::Write { path: path.to_owned(), source }
        })
    }
}

/// The chart as SVG text.
///
/// # Errors
/// The drawing library fails.
fn svg(chart: &Chart) -> Result<String, DrawError> {
    let (mut text, mut above) = (String::new(), String::new());
    let size = (SIZE.0 * UNITS, SIZE.1 * UNITS);
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE)?;
        let colors = colors(&chart.marks);
        let (across, up) = (x_range(chart), y_range(chart));
        let legend = Legend::new(&chart.marks, &colors);
        let (plot, beside) = area.split_horizontally((SIZE.0 - legend.width()) * UNITS);
        let mut axes = ChartBuilder::on(&plot)
            .caption(&chart.title, (FONT, 17 * UNITS).into_font().color(&BLACK))
            .margin(MARGIN * UNITS)
            .margin_right(MARGIN_RIGHT * UNITS)
            .x_label_area_size(44 * UNITS)
            .y_label_area_size(64 * UNITS)
            .build_cartesian_2d(across.clone(), up.clone())?;
        mesh(chart, across.end - across.start, up.end - up.start, &mut axes)?;
        for (mark, color) in chart.marks.iter().zip(&colors) {
            let color = RGBColor(color.0, color.1, color.2);
            draw(mark, color, &mut axes, &mut above)?;
        }
        legend.draw(&beside, FONT, 2 * MARGIN, UNITS)?;
        area.present()?;
    }
    text.insert_str(text.rfind("</svg>").unwrap_or(text.len()), &above);
    // The view box keeps the finer units.
    Ok(text.replacen(
        &format!("width=\"{}\" height=\"{}\"", size.0, size.1),
        &format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1),
        1,
    ))
}

/// Draws ticks and labels of axes that span `across` and `up`.
fn mesh(chart: &Chart, across: f64, up: f64, axes: &mut Axes) -> Result<(), DrawError> {
    let has_bars = has_bars(chart);
    let at_x = move |x: &f64| if has_bars { tick::bar(*x) } else { tick::label(*x, across) };
    let at_y = move |y: &f64| tick::label(*y, up);
    let mut mesh = axes.configure_mesh();
    mesh.x_desc(&chart.x_label).y_desc(&chart.y_label).x_labels(9).y_labels(8);
    mesh.x_label_formatter(&at_x).y_label_formatter(&at_y);
    mesh.label_style((FONT, 12 * UNITS).into_font()).axis_desc_style((FONT, 14 * UNITS).into_font());
    mesh.axis_style(GREY.stroke_width(UNITS)).light_line_style(TRANSPARENT);
    mesh.bold_line_style(GREY.mix(0.15).stroke_width(UNITS / 2)).set_all_tick_mark_size(4 * UNITS);
    Ok(mesh.draw()?)
}

/// The color of each mark; a band has that of the mark after it.
fn colors(marks: &[Mark]) -> Vec<(u8, u8, u8)> {
    let is_band = |mark: &&Mark| matches!(mark.shape, Shape::Band(_));
    let n = marks.iter().filter(|mark| !is_band(mark)).count().max(1);
    let before = |k: usize| marks[..k].iter().filter(|mark| !is_band(mark)).count().min(n - 1);
    (0..marks.len()).map(|k| palette::color(before(k), n)).collect()
}

/// Draws a mark; points are added to `above`, which is drawn above everything else.
fn draw(mark: &Mark, color: RGBColor, axes: &mut Axes, above: &mut String) -> Result<(), DrawError> {
    let line = color.stroke_width(2 * UNITS);
    let pale = color.mix(mark.shape.opacity()).filled();
    match &mark.shape {
        Shape::Line(points) => {
            for segment in finite_segments(points, |(x, y)| x.is_finite() && y.is_finite()) {
                if segment.len() == 1 {
                    axes.draw_series(segment.into_iter().map(|at| Circle::new(at, 3 * UNITS, color.filled())))?;
                } else {
                    axes.draw_series(LineSeries::new(segment, line))?;
                }
            }
        }
        Shape::Band(rows) => {
            let bands = finite_segments(rows, |(x, low, high)| [x, low, high].iter().all(|v| v.is_finite()));
            let outline = |segment: Vec<(f64, f64, f64)>| {
                let low = segment.iter().map(|&(x, low, _)| (x, low));
                low.chain(segment.iter().rev().map(|&(x, _, high)| (x, high))).collect::<Vec<_>>()
            };
            axes.draw_series(bands.into_iter().map(|segment| Polygon::new(outline(segment), pale)))?;
        }
        Shape::Histogram(bins) => {
            let runs = finite_segments(bins, |(_, _, height)| height.is_finite() && *height != 0.0);
            axes.draw_series(runs.into_iter().map(|run| Polygon::new(steps(&run), pale)))?;
        }
        Shape::Bars(bars) => {
            axes.draw_series(boxes(bars, pale))?;
        }
        Shape::Points(points) => *above += &group(points, color, mark.shape.opacity(), axes),
    }
    Ok(())
}

/// Points as an SVG group that sets the style once; the library would repeat it for each point.
fn group(points: &[(f64, f64)], color: RGBColor, opacity: f64, axes: &Axes) -> String {
    let finite: Vec<_> = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let stride = finite.len().div_ceil(MOST_POINTS).max(1);
    let RGBColor(red, green, blue) = color;
    let mut text = format!("<g fill=\"#{red:02X}{green:02X}{blue:02X}\" fill-opacity=\"{opacity}\">\n");
    for point in finite.into_iter().step_by(stride) {
        let (x, y) = axes.backend_coord(point);
        // Writing to a string does not fail.
        let _ = writeln!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\"/>", 2 * UNITS);
    }
    text + "</g>\n"
}

/// The outline of adjacent bars of a histogram, from the axis up and back to it.
fn steps(hill: &[(f64, f64, f64)]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (hill.first(), hill.last()) else { return Vec::new() };
    let tops = hill.iter().flat_map(|&(left, right, height)| [(left, height), (right, height)]);
    std::iter::once((first.0, 0.0)).chain(tops).chain([(last.1, 0.0)]).collect()
}

/// What has a height, from the axis up.
fn boxes(bins: &[(f64, f64, f64)], style: ShapeStyle) -> impl Iterator<Item = Rectangle<(f64, f64)>> {
    let is_drawn = |bin: &&(f64, f64, f64)| bin.2.is_finite() && bin.2 != 0.0;
    bins.iter()
        .filter(is_drawn)
        .map(move |&(left, right, height)| Rectangle::new([(left, 0.0), (right, height)], style))
}
