//! What do all trajectories of a point share?
use super::initial::InitialFile;
use crate::science::dynamics::{Algorithm, Clock, Correlations, InitialState, Layout, Model, System};

/// Model, method, times and initial state of the trajectories of a point.
pub struct Setup {
    pub count: u64,
    pub model: Box<dyn Model>,
    pub algorithm: Box<dyn Algorithm>,
    pub clock: Clock,
    pub correlations: Correlations,
    pub state: InitialState,
    pub file: Option<InitialFile>,
    pub keep_all: bool,
    /// A magnitude that energies seldom exceed, in the model's own unit.
    pub energy_scale: f64,
    /// A magnitude that products of two positions seldom exceed, in the model's own unit.
    pub position_scale: f64,
    pub units: Units,
}

/// The units in which times and energies are reported, and the size of the model's own units in them.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    pub time: &'static str,
    pub time_factor: f64,
    pub energy: &'static str,
    pub energy_factor: f64,
    /// Of products of two positions.
    pub position_square: &'static str,
}

impl Setup {
    /// The system that is propagated.
    pub fn system(&self) -> System<'_> {
        let Self { model, algorithm, clock, correlations, .. } = self;
        System { model: model.as_ref(), algorithm: algorithm.as_ref(), clock, correlations: *correlations }
    }

    /// The order of observables within a sample.
    pub fn layout(&self) -> Layout {
        self.system().layout()
    }
}
