//! What is an umbrella window, and what is the shortest displacement along its coordinate?

#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Axis {
    /// The period, as 360 for a dihedral angle in degrees; none for a coordinate that is not periodic.
    pub period: Option<f64>,
}

impl Axis {
    /// The shortest displacement from `center` to `x` (minimum image).
    pub fn displacement(self, x: f64, center: f64) -> f64 {
        let difference = x - center;
        match self.period {
            Some(period) => difference - period * libm::rint(difference / period),
            None => difference,
        }
    }

    /// `x` wrapped into the period centered at 0, as -180 to below 180 for degrees.
    pub fn wrapped(self, x: f64) -> f64 {
        match self.period {
            Some(period) => x - period * libm::floor(x / period + 0.5),
            None => x,
        }
    }
}

/// The indices of windows in ascending order of their centers.
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
    /// Time series of the coordinate after equilibration.
    pub samples: Vec<f64>,
}

impl Window {
    /// The bias at `x`, kT.
    pub fn bias(&self, axis: Axis, x: f64) -> f64 {
        let displacement = axis.displacement(x, self.center);
        0.5 * self.stiffness * displacement * displacement
    }

    /// The mean of the bias over the window's own samples, kT.
    pub fn mean_bias(&self, axis: Axis) -> f64 {
        self.samples.iter().map(|x| self.bias(axis, *x)).sum::<f64>() / self.samples.len() as f64
    }

    pub fn mean_displacement(&self, axis: Axis) -> f64 {
        let sum: f64 = self.samples.iter().map(|x| axis.displacement(*x, self.center)).sum();
        sum / self.samples.len() as f64
    }
}
