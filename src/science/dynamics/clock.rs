//! At which times is a trajectory propagated and sampled, and how is a step composed?

/// How a step is composed of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrator {
    /// Symmetric splitting, second order.
    Strang,
    /// One part after the other, first order, as in QC Lab.
    Sequential,
}

/// The times of a trajectory, in units of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    pub time_step: f64,
    pub steps_per_sample: usize,
    /// Samples after that at t = 0.
    pub samples: usize,
    pub integrator: Integrator,
}

impl Clock {
    pub fn steps(&self) -> usize {
        self.steps_per_sample * self.samples
    }

    /// The sampled times, `[samples + 1]`.
    pub fn times(&self) -> Vec<f64> {
        (0..=self.samples).map(|k| (k * self.steps_per_sample) as f64 * self.time_step).collect()
    }
}
