//! What is a window, and which way is the shortest on its axis?

/// The coordinate that windows restrain.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Axis {
    /// After how much the coordinate is the same again, as 360 for a dihedral angle in degrees.
    pub period: Option<f64>,
}

impl Axis {
    /// From `center` to `x` the shortest way.
    pub fn displacement(self, x: f64, center: f64) -> f64 {
        let straight = x - center;
        match self.period {
            Some(period) => straight - period * libm::rint(straight / period),
            None => straight,
        }
    }

    /// `x` where a period begins in the middle below 0, as -180 does for degrees: from there to less than 180.
    pub fn wrapped(self, x: f64) -> f64 {
        match self.period {
            Some(period) => x - period * libm::floor(x / period + 0.5),
            None => x,
        }
    }
}

/// The indices of windows in the order of their centres.
pub fn by_center<'a>(windows: impl Iterator<Item = &'a Window>) -> Vec<usize> {
    let centers: Vec<f64> = windows.map(|window| window.center).collect();
    let mut order: Vec<usize> = (0..centers.len()).collect();
    order.sort_by(|a, b| centers[*a].total_cmp(&centers[*b]));
    order
}

/// A simulation with a harmonic restraint.
#[derive(Clone, Debug)]
pub struct Window {
    pub center: f64,
    /// beta k, 1/unit^2.
    pub stiffness: f64,
    /// The coordinate over time, without what was before equilibrium.
    pub samples: Vec<f64>,
}

impl Window {
    /// The bias at `x`, kT.
    pub fn bias(&self, axis: Axis, x: f64) -> f64 {
        let displacement = axis.displacement(x, self.center);
        0.5 * self.stiffness * displacement * displacement
    }
}
