//! Mixed quantum-classical trajectories: which were asked for?
mod initial;
mod load;
mod section;
mod stage;
#[cfg(test)]
mod tests;
mod write;

use super::Kind;
use super::stage::{Campaign, Error, Outcomes, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::results;
use crate::science::dynamics::{Algorithm, Clock, InitialState, Layout, Model};
use initial::InitialFile;
use section::{Keep, Section};
use std::sync::Arc;

/// The kind of campaign.
pub struct Trajectories;

impl Kind for Trajectories {
    fn name(&self) -> &'static str {
        "trajectories"
    }

    fn about(&self) -> &'static str {
        "mixed quantum-classical trajectories: mean field and surface hopping"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/spin_boson.toml")
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }

    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Refuse, Schedule::Static)
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }
}

/// A campaign of trajectories, ready to run.
pub struct TrajectoryCampaign {
    section: Section,
    setup: Arc<Setup>,
    understood: Vec<(String, String)>,
    warnings: Faults,
}

/// What every trajectory needs.
pub struct Setup {
    pub count: u64,
    pub model: Box<dyn Model>,
    pub algorithm: Box<dyn Algorithm>,
    pub clock: Clock,
    pub state: InitialState,
    pub file: Option<InitialFile>,
    pub keep_all: bool,
    /// A magnitude that energies seldom exceed, in the model's own unit.
    pub energy_scale: f64,
    pub units: Units,
}

/// The units that times and energies are told in, and what one of the model's own units is in them.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    pub time: &'static str,
    pub time_factor: f64,
    pub energy: &'static str,
    pub energy_factor: f64,
}

impl Setup {
    /// Where observables stand.
    pub fn layout(&self) -> Layout {
        Layout { states: self.model.states(), has_surfaces: self.algorithm.has_surfaces() }
    }
}

impl Campaign for TrajectoryCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(done.is_empty().then(|| share(stage::TrajectoryStage { setup: Arc::clone(&self.setup) })))
    }

    fn write(&self, done: &[StageResult], outcomes: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        write::write(&self.setup, done, outcomes, out)
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = serde_json::to_value(&self.section).unwrap_or_default();
        identity["count"] = serde_json::Value::Null;
        if let Some(file) = &self.setup.file {
            // The file's contents count, not where it lies.
            identity["initial"]["file"] = file.digest().map_or("unreadable".into(), Into::into);
        }
        identity
    }

    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("trajectories.count", self.setup.count))
    }

    fn needs_outcomes(&self) -> bool {
        self.setup.keep_all
    }

    fn understood(&self) -> Vec<(String, String)> {
        self.understood.clone()
    }

    fn warnings(&self) -> Faults {
        self.warnings.clone()
    }

    fn output_bytes(&self) -> u64 {
        let (samples, numbers) = (self.setup.clock.samples as u64 + 1, self.setup.layout().len() as u64);
        // Means, standard errors and exact sums; and single trajectories where they are kept.
        let single = if self.section.keep == Keep::All { self.setup.count } else { 0 };
        20_000 + samples * numbers * 8 * (8 + single)
    }
}
