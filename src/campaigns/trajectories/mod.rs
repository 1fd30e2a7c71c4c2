//! Mixed quantum-classical trajectories: which were asked for?
mod initial;
mod load;
mod rounds;
mod section;
mod single;
mod stage;
#[cfg(test)]
mod tests;
mod timing;
mod write;

use super::Kind;
use super::campaign::{Campaign, Outcomes};
use super::stage::{Error, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::results;
use crate::science::dynamics::{Algorithm, Clock, Correlations, InitialState, Layout, Model, System};
use initial::InitialFile;
use rounds::Point;
use section::Section;

/// The kind of campaign.
pub struct Trajectories;

impl Kind for Trajectories {
    fn name(&self) -> &'static str {
        "trajectories"
    }

    fn about(&self) -> &'static str {
        "mixed quantum-classical trajectories: mean field, surface hopping, mapping"
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

    fn can_sweep(&self) -> bool {
        true
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }
}

/// A campaign of trajectories, ready to run.
pub struct TrajectoryCampaign {
    /// What determines the results.
    identity: serde_json::Value,
    points: Vec<Point>,
    summary: Vec<(String, String)>,
    warnings: Faults,
}

/// What every trajectory of a point needs.
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
    /// A magnitude that products of two positions seldom exceed.
    pub position_scale: f64,
    pub units: Units,
}

/// The units that times and energies are told in, and what one of the model's own units is in them.
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
    /// What trajectories are of.
    pub fn system(&self) -> System<'_> {
        let Self { model, algorithm, clock, correlations, .. } = self;
        System { model: model.as_ref(), algorithm: algorithm.as_ref(), clock, correlations: *correlations }
    }

    /// Where observables stand.
    pub fn layout(&self) -> Layout {
        self.system().layout()
    }
}

impl TrajectoryCampaign {
    /// All points have the same.
    fn first(&self) -> &Point {
        self.points.first().expect("a campaign has one point at least")
    }
}

impl Campaign for TrajectoryCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(rounds::follow(&self.points, done)?.1.map(share))
    }

    fn foreseen(&self) -> Result<Vec<Shared>, Error> {
        Ok(rounds::all(&self.points).map(share).collect())
    }

    fn write(&self, done: &[StageResult], outcomes: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        write::write(&self.points, done, outcomes, out)
    }

    fn identity(&self) -> serde_json::Value {
        self.identity.clone()
    }

    fn grows(&self) -> Option<(&'static str, u64)> {
        let Point { setup, target, .. } = self.first();
        Some(match target {
            None => ("trajectories.count", setup.count),
            Some(target) => ("trajectories.max_count", target.max_count),
        })
    }

    fn asks(&self) -> serde_json::Value {
        self.first().target.map_or(serde_json::Value::Null, |target| target.stderr.into())
    }

    fn needs_outcomes(&self) -> bool {
        self.first().setup.keep_all
    }

    fn understood(&self) -> Vec<(String, String)> {
        self.summary.clone()
    }

    fn warnings(&self) -> Faults {
        self.warnings.clone()
    }

    fn output_bytes(&self) -> u64 {
        let of_point = |point: &Point| {
            let setup = &point.setup;
            let (samples, numbers) = (setup.clock.samples as u64 + 1, setup.layout().len() as u64);
            // Means, standard errors and exact sums; and single trajectories where they are kept.
            let single = if setup.keep_all { setup.count } else { 0 };
            samples * numbers * 8 * (8 + single)
        };
        20_000 + self.points.iter().map(of_point).sum::<u64>()
    }
}
