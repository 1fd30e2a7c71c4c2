//! Umbrella sampling along a coordinate of a trajectory, and the potential of mean force there.
//!
//! The [coordinate](coordinate::Coordinate) of windows is a principal component ([`pca`]), or a distance or angle
//! ([`pull`]). Passes over the frames find it, windows are sampled along it ([`windows`]), and a
//! [`Restraint`](restraint::Restraint) says how GROMACS restrains them.
mod campaign;
mod coordinate;
mod example;
mod faults;
mod frames;
mod load;
mod pca;
mod pull;
mod restraint;
mod scale;
mod section;
mod series;
mod windows;

use super::campaign::Campaign;
use super::kind::Kind;
use crate::config::{Config, Faults, Schedule, Uneven};
use section::Section;

/// The kind of campaign.
pub struct Umbrella;

impl Kind for Umbrella {
    fn name(&self) -> &'static str {
        "umbrella"
    }

    fn about(&self) -> &'static str {
        "principal components of a trajectory, umbrella windows by GROMACS along one of them or along a distance or angle, and the free energy there"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/umbrella.toml")
    }

    fn example_files(&self) -> &'static [(&'static str, &'static [u8])] {
        example::FILES
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
