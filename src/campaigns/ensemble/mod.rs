//! Ensembles: many replicas of one simulation, each with a seed and a folder of its own.
mod campaign;
mod engine;
mod folder;
mod free_energy;
mod identity;
mod load;
mod periods;
mod read;
mod render;
mod replica;
mod section;
mod setup;
mod stage;
mod summary;
mod write;

use super::campaign::Campaign;
use super::kind::Kind;
use crate::config::{Config, Faults, Schedule, Uneven};
use section::Section;

/// The kind of campaign.
pub struct Ensemble;

impl Kind for Ensemble {
    fn name(&self) -> &'static str {
        "ensemble"
    }

    fn about(&self) -> &'static str {
        "replicas of one simulation by GROMACS, any program or the built-in model: their columns, speeds, free energies"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/ensemble.toml")
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }

    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }
}
