//! What can be drawn on axes?

/// Something drawn, and what the legend calls it.
#[derive(Clone, Debug)]
pub struct Mark {
    pub name: String,
    pub shape: Shape,
}

/// Values of a mark; what is not finite is left out.
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
    /// The finite points that must lie within the axes.
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

    /// How much of what is below it covers: 1 is all.
    pub fn opacity(&self) -> f64 {
        match self {
            Self::Line(_) => 1.0,
            Self::Band(_) => 0.25,
            Self::Histogram(_) => 0.45,
            Self::Bars(_) => 0.9,
            Self::Points(_) => 0.5,
        }
    }

    /// Whether it stands on the x axis.
    pub fn is_standing(&self) -> bool {
        matches!(self, Self::Histogram(_) | Self::Bars(_))
    }
}

/// The longest runs of `rows` that are all finite by `is_finite`.
pub fn pieces<T: Copy>(rows: &[T], is_finite: impl Fn(&T) -> bool) -> Vec<Vec<T>> {
    rows.split(|row| !is_finite(row)).filter(|piece| !piece.is_empty()).map(<[T]>::to_vec).collect()
}
