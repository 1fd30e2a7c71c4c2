//! Which time of PLUMED belongs to a step of GROMACS?

/// The step of a checkpoint, and the conversion between steps and times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// The step of the checkpoint.
    pub step: i64,
    /// The first step of the simulation (`init-step`).
    pub first_step: i64,
    /// Time step, ps.
    pub dt_ps: f64,
    /// PLUMED's unit of time, ps.
    pub unit_ps: f64,
}

impl Clock {
    /// PLUMED's time of a step, in its unit: step times time step, without GROMACS's `tinit`.
    pub fn plumed_time(&self, step: i64) -> f64 {
        step as f64 * self.dt_ps / self.unit_ps
    }

    /// The time of a step, ps, rounded to 1e-6 ps for messages.
    pub fn time_ps(&self, step: i64) -> f64 {
        (step as f64 * self.dt_ps * 1e6).round() / 1e6
    }

    /// The step at PLUMED's time `time`.
    pub fn step_at(&self, time: f64) -> i64 {
        (time * self.unit_ps / self.dt_ps).round() as i64
    }
}
