//! Which range do the axes of a chart show?
use super::chart::Chart;
use super::mark::Shape;

/// Margin before the first bar and after the last one, in distances between bars.
const BAR_MARGIN: f64 = 0.2;

pub fn x_range(chart: &Chart) -> std::ops::Range<f64> {
    let values = chart.marks.iter().flat_map(|mark| mark.shape.extent()).map(|(x, _)| x);
    let range = range(chart.x_range, values, 0.0);
    if has_bars(chart) { range.start - BAR_MARGIN..range.end + BAR_MARGIN } else { range }
}

pub fn has_bars(chart: &Chart) -> bool {
    chart.marks.iter().any(|mark| matches!(mark.shape, Shape::Bars(_)))
}

pub fn y_range(chart: &Chart) -> std::ops::Range<f64> {
    let values: Vec<f64> = chart.marks.iter().flat_map(|mark| mark.shape.extent()).map(|(_, y)| y).collect();
    let mut range = range(chart.y_range, values.into_iter(), 0.05);
    // Bars start at the axis.
    if chart.y_range.is_none() && range.start < 0.0 && chart.marks.iter().any(|mark| mark.shape.has_baseline()) {
        let has_negative = chart.marks.iter().flat_map(|mark| mark.shape.extent()).any(|(_, y)| y < 0.0);
        range.start = if has_negative { range.start } else { 0.0 };
    }
    range
}

/// The requested range, or that of the values with a margin; never empty.
fn range(requested: Option<(f64, f64)>, values: impl Iterator<Item = f64>, margin: f64) -> std::ops::Range<f64> {
    let (low, high) = requested.unwrap_or_else(|| {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        (low - margin * (high - low), high + margin * (high - low))
    });
    match (low.is_finite() && high.is_finite(), low < high) {
        (true, true) => low..high,
        (true, false) => low - 0.5..low + 0.5,
        _ => 0.0..1.0,
    }
}
