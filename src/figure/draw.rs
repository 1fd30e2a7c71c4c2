//! How does a chart become SVG?
use super::legend::Legend;
use super::mark::{Mark, Shape, pieces};
use super::{Chart, palette, tick};
use plotters::prelude::*;
use std::fmt::Write;

/// Size of a figure in points, and what is drawn for each: the library places everything on whole numbers.
const SIZE: (u32, u32) = (800, 500);
const FINE: u32 = 4;
const MARGIN: u32 = 12;
/// Half of a number below the axis reaches beyond its end.
const MARGIN_RIGHT: u32 = 26;
const FONT: &str = "Helvetica, Arial, sans-serif";
const GREY: RGBColor = RGBColor(70, 70, 70);
const MOST_POINTS: usize = 5000;
/// Room before the first bar and behind the last one, of the distance between two.
const BESIDE_BARS: f64 = 0.2;

type Fault = Box<dyn std::error::Error + Send + Sync>;
type Axes<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedF64, RangedF64>>;
type RangedF64 = plotters::coord::types::RangedCoordf64;

/// The chart as SVG.
///
/// # Errors
/// The library refuses.
pub fn svg(chart: &Chart) -> Result<String, Fault> {
    let (mut text, mut above) = (String::new(), String::new());
    let fine = (SIZE.0 * FINE, SIZE.1 * FINE);
    {
        let area = SVGBackend::with_string(&mut text, fine).into_drawing_area();
        area.fill(&WHITE)?;
        let colours = colours(&chart.marks);
        let (across, up) = (x_range(chart), y_range(chart));
        let legend = Legend::of(&chart.marks, &colours);
        let (plot, beside) = area.split_horizontally((SIZE.0 - legend.width()) * FINE);
        let mut axes = ChartBuilder::on(&plot)
            .caption(&chart.title, (FONT, 17 * FINE).into_font().color(&BLACK))
            .margin(MARGIN * FINE)
            .margin_right(MARGIN_RIGHT * FINE)
            .x_label_area_size(44 * FINE)
            .y_label_area_size(64 * FINE)
            .build_cartesian_2d(across.clone(), up.clone())?;
        mesh(chart, across.end - across.start, up.end - up.start, &mut axes)?;
        for (mark, colour) in chart.marks.iter().zip(&colours) {
            let colour = RGBColor(colour.0, colour.1, colour.2);
            draw(mark, colour, &mut axes, &mut above)?;
        }
        legend.draw(&beside, FONT, 2 * MARGIN, FINE)?;
        area.present()?;
    }
    text.insert_str(text.rfind("</svg>").unwrap_or(text.len()), &above);
    // The view box keeps the fine numbers.
    Ok(text.replacen(
        &format!("width=\"{}\" height=\"{}\"", fine.0, fine.1),
        &format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1),
        1,
    ))
}

/// Ticks and labels of axes that go so far `across` and `up`.
fn mesh(chart: &Chart, across: f64, up: f64, axes: &mut Axes) -> Result<(), Fault> {
    let has_bars = has_bars(chart);
    let at_x = move |x: &f64| if has_bars { tick::bar(*x) } else { tick::label(*x, across) };
    let at_y = move |y: &f64| tick::label(*y, up);
    let mut mesh = axes.configure_mesh();
    mesh.x_desc(&chart.x_label).y_desc(&chart.y_label).x_labels(9).y_labels(8);
    mesh.x_label_formatter(&at_x).y_label_formatter(&at_y);
    mesh.label_style((FONT, 12 * FINE).into_font()).axis_desc_style((FONT, 14 * FINE).into_font());
    mesh.axis_style(GREY.stroke_width(FINE)).light_line_style(TRANSPARENT);
    mesh.bold_line_style(GREY.mix(0.15).stroke_width(FINE / 2)).set_all_tick_mark_size(4 * FINE);
    Ok(mesh.draw()?)
}

/// A band has the colour of what comes after it.
fn colours(marks: &[Mark]) -> Vec<(u8, u8, u8)> {
    let is_band = |mark: &&Mark| matches!(mark.shape, Shape::Band(_));
    let n = marks.iter().filter(|mark| !is_band(mark)).count().max(1);
    let before = |k: usize| marks[..k].iter().filter(|mark| !is_band(mark)).count().min(n - 1);
    (0..marks.len()).map(|k| palette::colour(before(k), n)).collect()
}

/// Draws a mark; of points it adds to `above` what is drawn above all else.
fn draw(mark: &Mark, colour: RGBColor, axes: &mut Axes, above: &mut String) -> Result<(), Fault> {
    let line = colour.stroke_width(2 * FINE);
    let pale = colour.mix(mark.shape.opacity()).filled();
    match &mark.shape {
        Shape::Line(points) => {
            for piece in pieces(points, |(x, y)| x.is_finite() && y.is_finite()) {
                if piece.len() == 1 {
                    axes.draw_series(piece.into_iter().map(|at| Circle::new(at, 3 * FINE, colour.filled())))?;
                } else {
                    axes.draw_series(LineSeries::new(piece, line))?;
                }
            }
        }
        Shape::Band(rows) => {
            let bands = pieces(rows, |(x, low, high)| [x, low, high].iter().all(|v| v.is_finite()));
            let outline = |piece: Vec<(f64, f64, f64)>| {
                let low = piece.iter().map(|&(x, low, _)| (x, low));
                low.chain(piece.iter().rev().map(|&(x, _, high)| (x, high))).collect::<Vec<_>>()
            };
            axes.draw_series(bands.into_iter().map(|piece| Polygon::new(outline(piece), pale)))?;
        }
        Shape::Histogram(bins) => {
            let hills = pieces(bins, |(_, _, height)| height.is_finite() && *height != 0.0);
            axes.draw_series(hills.into_iter().map(|hill| Polygon::new(steps(&hill), pale)))?;
        }
        Shape::Bars(bars) => {
            axes.draw_series(boxes(bars, pale))?;
        }
        Shape::Points(points) => *above += &group(points, colour, mark.shape.opacity(), axes),
    }
    Ok(())
}

/// Points as a group that says once how they look; the library would say it of each.
fn group(points: &[(f64, f64)], colour: RGBColor, opacity: f64, axes: &Axes) -> String {
    let finite: Vec<_> = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let stride = finite.len().div_ceil(MOST_POINTS).max(1);
    let RGBColor(red, green, blue) = colour;
    let mut text = format!("<g fill=\"#{red:02X}{green:02X}{blue:02X}\" fill-opacity=\"{opacity}\">\n");
    for at in finite.into_iter().step_by(stride) {
        let (x, y) = axes.backend_coord(at);
        // Writing to a string does not fail.
        let _ = writeln!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\"/>", 2 * FINE);
    }
    text + "</g>\n"
}

/// The outline of intervals that touch one another, from the axis up and back to it.
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

fn x_range(chart: &Chart) -> std::ops::Range<f64> {
    let values = chart.marks.iter().flat_map(|mark| mark.shape.extent()).map(|(x, _)| x);
    let range = range(chart.x_range, values, 0.0);
    if has_bars(chart) { range.start - BESIDE_BARS..range.end + BESIDE_BARS } else { range }
}

fn has_bars(chart: &Chart) -> bool {
    chart.marks.iter().any(|mark| matches!(mark.shape, Shape::Bars(_)))
}

fn y_range(chart: &Chart) -> std::ops::Range<f64> {
    let values: Vec<f64> = chart.marks.iter().flat_map(|mark| mark.shape.extent()).map(|(_, y)| y).collect();
    let mut range = range(chart.y_range, values.into_iter(), 0.05);
    // Bars stand on the axis.
    if chart.y_range.is_none() && range.start < 0.0 && chart.marks.iter().any(|mark| mark.shape.is_standing()) {
        let has_negative = chart.marks.iter().flat_map(|mark| mark.shape.extent()).any(|(_, y)| y < 0.0);
        range.start = if has_negative { range.start } else { 0.0 };
    }
    range
}

/// What was asked for, or from the smallest to the largest value with a margin; never empty.
fn range(asked: Option<(f64, f64)>, values: impl Iterator<Item = f64>, margin: f64) -> std::ops::Range<f64> {
    let (low, high) = asked.unwrap_or_else(|| {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        (low - margin * (high - low), high + margin * (high - low))
    });
    match (low.is_finite() && high.is_finite(), low < high) {
        (true, true) => low..high,
        (true, false) => low - 0.5..low + 0.5,
        _ => 0.0..1.0,
    }
}
