//! Many-body expansions: which were asked for?
mod cost;
mod coverage;
mod export;
mod forecast;
mod frozen_core;
mod identity;
mod images;
mod input;
mod levels;
mod load;
mod options;
mod section;
mod setup;
mod stage;
mod summary;
mod sums;
mod write;

use super::Kind;
use super::campaign::{Campaign, MemoryNeed, Outcomes};
use super::stage::{Error, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::engines::InstalledProgram;
use crate::engines::qc::Driver;
use crate::process::Guard;
use crate::results;
use input::LevelLocations;
use section::Section;
use setup::Setup;
use stage::FragmentStage;
use std::sync::Arc;

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

    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }

    fn export(&self, results: &results::Reader) -> Result<serde_json::Value, results::Error> {
        export::export(results)
    }
}

/// A campaign of expansions, ready to run.
pub struct FragmentCampaign {
    config: Config,
    setup: Arc<Setup>,
    /// Where a file specifies the levels.
    locations: LevelLocations,
    /// Which versions of programs there are, by level.
    found: Vec<Option<InstalledProgram>>,
    /// What determines the results, but for the programs' versions.
    identity: serde_json::Value,
    understood: Vec<(String, String)>,
    warnings: Faults,
}

impl FragmentCampaign {
    /// A campaign whose programs have not been looked for yet.
    fn new(
        config: Config,
        setup: Setup,
        locations: LevelLocations,
        identity: serde_json::Value,
        understood: Vec<(String, String)>,
        warnings: Faults,
    ) -> Self {
        let found = setup.levels.iter().map(|_| None).collect();
        Self { config, setup: Arc::new(setup), locations, found, identity, understood, warnings }
    }
}

impl Campaign for FragmentCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(done.is_empty().then(|| share(FragmentStage::new(Arc::clone(&self.setup)))))
    }

    fn find_programs(&mut self, guard: Option<&Guard>) -> Result<(), Faults> {
        let found = levels::find(&self.config, &self.setup.levels, guard);
        self.found = found.map_err(|faults| self.locations.relocate(&self.config, faults))?;
        for (level, found) in self.setup.levels.iter().zip(&self.found) {
            if let Some(InstalledProgram { path, version }) = found {
                let text = format!("{} {version}, {}", level.engine_name(), path.display());
                self.understood.push((format!("program of {}", level.name), text));
            }
        }
        Ok(())
    }

    fn threads(&self) -> Option<usize> {
        let of_programs = self.setup.levels.iter().filter(|level| level.is_program());
        of_programs.map(|level| level.threads).max()
    }

    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        write::write(&self.setup, &self.found, &done[0], out)
    }

    fn remarks(&self, done: &[StageResult]) -> Result<Vec<String>, Error> {
        let values: sums::FragmentValues = done[0].value()?;
        Ok(summary::note_lines(&self.setup, &values.notes))
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = self.identity.clone();
        for (k, found) in self.found.iter().enumerate() {
            identity["level"][k]["version"] =
                found.as_ref().map_or(serde_json::Value::Null, |f| f.version.clone().into());
        }
        identity
    }

    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("fragments.max_order", self.setup.frames[0].expansion.max_order() as u64))
    }

    /// Derivatives are summed and not kept one by one, so that a larger order needs them again from the journal.
    fn needs_outcomes(&self) -> bool {
        self.setup.driver != Driver::Energy
    }

    fn understood(&self) -> Vec<(String, String)> {
        self.understood.clone()
    }

    fn foretold(&self) -> Vec<String> {
        summary::plan_lines(&self.setup)
    }

    fn memory(&self, limit_mb: Option<u64>) -> Option<MemoryNeed> {
        forecast::memory(&FragmentStage::new(Arc::clone(&self.setup)), limit_mb)
    }

    fn warnings(&self) -> Faults {
        self.warnings.clone()
    }

    fn reproducibility(&self) -> &'static str {
        if self.threads().is_some() { "given-files" } else { "bitwise" }
    }

    fn output_bytes(&self) -> u64 {
        let atoms = 3 * self.setup.frames[0].system.elements.len() as u64;
        let orders = self.setup.frames[0].expansion.orders().len() as u64;
        let per_frame = match self.setup.driver {
            Driver::Energy => 0,
            Driver::Gradient => 8 * atoms * (orders + 1),
            Driver::Hessian => 8 * atoms * atoms,
        };
        let treatments = self.setup.frames[0].expansion.bsse.len() as u64;
        150 * self.setup.units.len() as u64 + per_frame * treatments * self.setup.frames.len() as u64 + 20_000
    }
}
