//! Contents of the SVG of a chart.
use super::*;
use std::fs;

fn chart() -> Chart {
    let x: Vec<f64> = (0..20).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| if *x == 10.0 { f64::NAN } else { x * x }).collect();
    let (low, high): (Vec<f64>, Vec<f64>) = y.iter().map(|y| (y - 5.0, y + 5.0)).unzip();
    Chart::new("Free <energy>", "distance / nm", "F / kJ/mol")
        .band("95 %", &x, &low, &high)
        .line("MBAR", &x, &y)
        .points("", &x, &y)
}

fn count(svg: &str, what: &str) -> usize {
    svg.matches(what).count()
}

#[test]
fn titles_labels_and_legend_stand_in_the_figure() {
    let svg = chart().to_svg().unwrap();
    for text in ["Free &lt;energy&gt;", "distance / nm", "F / kJ/mol", "95 %", "MBAR", "width=\"800\" height=\"500\""] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.trim_end().ends_with("</svg>"));
    assert_eq!(svg, chart().to_svg().unwrap());
}

#[test]
fn lines_are_interrupted_where_values_are_not_finite() {
    let svg = chart().to_svg().unwrap();
    let polylines = svg
        .split("<polyline")
        .filter(|part| part.contains("stroke=\"#0072B2\"") && part.contains("stroke-width=\"8\""));
    // Two segments and the sample in the legend.
    assert_eq!(polylines.count(), 3);
    assert_eq!(count(&svg, "<polygon"), 2);
    assert_eq!(count(&svg, "<circle"), 19);
    assert!(!svg.contains("NaN"));
}

#[test]
fn histograms_and_bars_start_at_the_axis() {
    let edges: Vec<f64> = (0..5).map(f64::from).collect();
    let overlaid = Chart::new("Windows", "x", "density").histogram("0", &edges, &[1.0, 2.0, 0.0, 0.0]);
    let overlaid = overlaid.histogram("1", &edges, &[0.0, 1.0, 2.0, f64::NAN]).to_svg().unwrap();
    let bars = Chart::new("Components", "component", "variance / nm^2").bars("", &[4.0, 2.0, 1.0]).to_svg().unwrap();
    assert_eq!(count(&overlaid, "<polygon"), 2, "each is one hill");
    assert_eq!(count(&overlaid, "opacity=\"0.45\""), 2 + 2, "with a sample each in the legend");
    assert_eq!(count(&bars, "opacity=\"0.9\""), 3);
}

#[test]
fn charts_without_values_or_with_one_are_drawn() {
    for chart in [Chart::new("", "", ""), Chart::new("a", "x", "y").line("l", &[1.0], &[2.0])] {
        assert!(chart.to_svg().unwrap().contains("</svg>"));
    }
    let nothing = Chart::new("a", "x", "y").line("l", &[1.0, f64::INFINITY], &[f64::NAN, 1.0]);
    assert!(nothing.bars("b", &[]).to_svg().unwrap().contains("</svg>"));
}

#[test]
fn many_points_are_subsampled_and_many_marks_have_their_own_colors() {
    let x: Vec<f64> = (0..20_001).map(f64::from).collect();
    assert_eq!(count(&Chart::new("", "", "").points("", &x, &x).to_svg().unwrap(), "<circle"), 4001);
    let colors: std::collections::BTreeSet<_> = (0..40).map(|k| palette::color(k, 40)).collect();
    assert_eq!(colors.len(), 40);
}

#[test]
fn a_figure_is_written_completely_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.svg");
    chart().draw().unwrap().write(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), chart().to_svg().unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = chart().draw().unwrap().write(&folder.path().join("missing/f.svg")).unwrap_err();
    assert!(nowhere.to_string().contains("cannot write the figure"));
}

#[test]
fn a_legend_is_beside_the_axes_and_counts_the_names_that_do_not_fit() {
    let edges = [0.0, 1.0];
    let many = |count: usize| {
        (0..count).fold(Chart::new("", "x", "y"), |chart, k| chart.histogram(&format!("window {k}"), &edges, &[1.0]))
    };
    let svg = many(24).to_svg().unwrap();
    assert!(svg.contains("window 23") && !svg.contains("more"));
    let svg = many(40).to_svg().unwrap();
    assert!(svg.contains("window 22") && !svg.contains("window 23") && svg.contains("and 17 more"));
    // Axes end where the legend begins.
    let farthest = |svg: &str| {
        let ends =
            svg.split("<line").filter_map(|part| part.split("x2=\"").nth(1)?.split('"').next()?.parse::<u32>().ok());
        ends.max().unwrap()
    };
    let unnamed = farthest(&many(1).to_svg().unwrap().replace("window 0", ""));
    let plain = farthest(&Chart::new("", "x", "y").histogram("", &edges, &[1.0]).to_svg().unwrap());
    assert!(unnamed + 300 < plain, "{unnamed} {plain}");
}
