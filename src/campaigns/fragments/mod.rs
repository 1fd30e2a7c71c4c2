//! Many-body expansions: energies and derivatives of a cluster from those of its fragments.
mod campaign;
mod cost;
mod derivative;
mod export;
mod forecast;
mod from_file;
mod frozen_core;
mod images;
mod input;
mod levels;
mod load;
mod many_body_input;
mod options;
mod section;
mod setup;
mod stage;
mod summary;
mod sums;
mod write;

use super::campaign::Campaign;
use super::kind::{Kind, RequestedRanks};
use crate::config::{Config, Faults, Schedule, Translation, Uneven};
use crate::results;
pub use from_file::{FromFile, from_many_body_input, from_molecule};

pub(super) use cost::estimated_cost;
pub(super) use input::LevelLocations;
pub(super) use levels::{Launched, Level, Solver, config_name};
pub(super) use options::ExpansionOptions;
pub(super) use section::{EngineName, LevelSection, Section};
pub(super) use setup::{Frame, Setup, Unit};
use std::path::Path;

/// The kind of campaign.
pub struct Fragments;

impl Kind for Fragments {
    fn name(&self) -> &'static str {
        "fragments"
    }

    fn about(&self) -> &'static str {
        "many-body expansions: energies and derivatives of a cluster from those of its fragments"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/water6.toml")
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }

    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }

    fn translate(&self, path: &Path, text: &str) -> Option<Translation> {
        input::translate(path, text)
    }

    fn adopt_limits(&self, config: &mut Config) {
        let Some(execution) = execution(config) else { return };
        let mut limits = config.limits.clone();
        execution.adopt(&mut limits, |key| !config.is_translated() && config.is_set("limits", key));
        config.limits = limits;
    }

    fn requested_ranks(&self, config: &Config) -> Option<RequestedRanks> {
        execution(config)?.ranks
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }

    fn export(&self, results: &results::Reader) -> Result<serde_json::Value, results::Error> {
        export::export(results)
    }
}

/// What the file that the section names asks for besides the section.
fn execution(config: &Config) -> Option<input::Execution> {
    input::execution(config, &config.section::<Section>("fragments").ok()?)
}
