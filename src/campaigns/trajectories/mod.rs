//! Mixed quantum-classical trajectories: mean field, surface hopping and mapping, for one set of constants or a sweep.
mod campaign;
mod initial;
mod load;
mod rounds;
mod section;
mod setup;
mod single;
mod stage;
mod sums;
#[cfg(test)]
mod tests;
mod timing;
mod write;

use super::campaign::Campaign;
use super::kind::Kind;
use crate::config::{Config, Faults, Schedule, Uneven};
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

    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Refuse, Schedule::Static)
    }

    fn can_sweep(&self) -> bool {
        true
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }
}
