//! What can be drawn on a chart?

/// A data series with its name in the legend.
#[derive(Clone, Debug)]
pub struct Mark {
    pub name: String,
    pub shape: Shape,
}

/// The values of a mark; those that are not finite are left out.
#[derive(Clone, Debug)]
pub enum Shape {
    /// (x, y).
    Line(Vec<(f64, f64)>),
    /// (x, low, high).
    Band(Vec<(f64, f64, f64)>),
    /// (left, right, height), transparent.
    Histogram(Vec<(f64, f64, f64)>),
    /// (left, right, height).
    Bars(Vec<(f64, f64, f64)>),
    /// (x, y).
    Points(Vec<(f64, f64)>),
}

impl Shape {
    /// The finite points that the axes must include.
    pub fn extent(&self) -> Vec<(f64, f64)> {
        let corners: Vec<(f64, f64)> = match self {
            Self::Line(points) | Self::Points(points) => points.clone(),
            Self::Band(rows) => rows.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]).collect(),
            Self::Histogram(bins) | Self::Bars(bins) => {
                bins.iter().flat_map(|&(left, right, height)| [(left, 0.0), (right, 0.0), (right, height)]).collect()
            }
        };
        corners.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
    }

    /// Opacity, 0 to 1.
    pub fn opacity(&self) -> f64 {
        match self {
            Self::Line(_) => 1.0,
            Self::Band(_) => 0.25,
            Self::Histogram(_) => 0.45,
            Self::Bars(_) => 0.9,
            Self::Points(_) => 0.5,
        }
    }

    /// Whether it starts at y = 0.
    pub fn has_baseline(&self) -> bool {
        matches!(self, Self::Histogram(_) | Self::Bars(_))
    }
}

/// The contiguous segments of `rows` that are finite according to `is_finite`.
pub fn finite_segments<T: Copy>(rows: &[T], is_finite: impl Fn(&T) -> bool) -> Vec<Vec<T>> {
    rows.split(|row| !is_finite(row)).filter(|segment| !segment.is_empty()).map(<[T]>::to_vec).collect()
}
