//! Charts of principal components and projections.
use super::setup::Setup;
use super::step::PcaResult;
use crate::figure::Chart;

/// The variances of the components, and the frames along the first two: against each other, and the first against time.
pub fn charts(setup: &Setup, result: &PcaResult) -> Vec<(&'static str, Chart)> {
    let components = &result.components;
    let values = &components.modes.values;
    let percent: Vec<f64> = values.iter().map(|value| 100.0 * value / components.variance).collect();
    let along = |component| result.along(component);
    let (label, x) = setup.frames.chart_axis();
    let mut charts = vec![
        ("scree", Chart::new("Principal components", "component", "variance explained / %").bars("", &percent)),
        ("pc1", Chart::new("First component", label, "projection / nm").line("", &x, &along(0))),
    ];
    if values.len() > 1 {
        let chart = Chart::new("First two components", "PC1 / nm", "PC2 / nm");
        charts.push(("pc1-pc2", chart.points("", &along(0), &along(1))));
    }
    charts
}
