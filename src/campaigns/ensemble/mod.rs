//! Ensembles: many replicas of one simulation, each with a seed and a folder of its own.
pub(super) mod ended;
pub(super) mod engine;
pub(super) mod folder;
mod free_energy;
pub(super) mod inputs;
pub(super) mod load;
mod periods;
mod read;
mod render;
pub(super) mod section;
pub(super) mod seeds;
mod stage;
mod told;
mod write;

use super::Kind;
use super::campaign::{Campaign, Outcomes};
use super::stage::{Error, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::engines::InstalledProgram;
use crate::engines::md::gromacs::TooFewGpus;
use crate::engines::md::plumed::PlumedKernel;
use crate::process::Guard;
use crate::results;
use inputs::Setup;
use section::Section;
use stage::ReplicaStage;
use std::sync::{Arc, Mutex, PoisonError};

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

    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }
}

/// A campaign of replicas, ready to run.
pub struct EnsembleCampaign {
    config: Config,
    setup: Arc<Setup>,
    /// Which program there is.
    found: Option<InstalledProgram>,
    /// PLUMED's library, where it biases.
    kernel: Option<PlumedKernel>,
    /// What determines the results, but for the program's version.
    identity: serde_json::Value,
    /// What is made of outcomes when they are written.
    afterwards: serde_json::Value,
    warnings: Faults,
    /// What is worth a line on the terminal of free energies, when they have been written.
    remarks: Mutex<Vec<String>>,
}

impl Campaign for EnsembleCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(done.is_empty().then(|| share(ReplicaStage::new(Arc::clone(&self.setup)))))
    }

    fn find_programs(&mut self, guard: Option<&Guard>) -> Result<(), Faults> {
        let key = format!("ensemble.{}", self.setup.engine.name());
        if !self.setup.engine.is_program() {
            return Ok(());
        }
        let Some(guard) = guard else {
            let help = "see the message about the guard above";
            return Err(self.config.fault(&key, "no program can be started here", help).into());
        };
        self.found = self.setup.engine.find(&self.config, guard)?;
        self.kernel = self.setup.engine.find_plumed(&self.config, guard)?;
        folder::refuse_foreign(&self.config, &self.setup)
    }

    fn claim_places(&self, fresh: bool) -> Result<Vec<String>, Faults> {
        folder::claim(&self.config, &self.setup, fresh)
    }

    fn threads(&self) -> Option<usize> {
        self.setup.engine.is_program().then(|| self.setup.engine.threads())
    }

    fn write(&self, done: &[StageResult], outcomes: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        let remarks = write::write(&self.setup, &done[0], outcomes, out)?;
        *self.remarks.lock().unwrap_or_else(PoisonError::into_inner) = remarks;
        self.kernel.as_ref().map_or(Ok(()), |kernel| write::write_plumed(&self.setup, kernel, out))
    }

    fn remarks(&self, done: &[StageResult]) -> Result<Vec<String>, Error> {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        remarks.extend(done.first().map(told::not_finite).transpose()?.flatten());
        Ok(remarks)
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = self.identity.clone();
        identity["version"] = self.found.as_ref().map_or(serde_json::Value::Null, |found| found.version.clone().into());
        identity
    }

    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("ensemble.seeds", self.setup.seeds.len() as u64))
    }

    fn asks(&self) -> serde_json::Value {
        self.setup.seeds.clone().into()
    }

    fn afterwards(&self) -> serde_json::Value {
        self.afterwards.clone()
    }

    fn reading(&self) -> Option<String> {
        self.setup.reading.clone()
    }

    fn check_node(&self, ranks: usize) -> Result<(), Faults> {
        let engine::Engine::Gromacs(recipe) = &self.setup.engine else { return Ok(()) };
        let fault = |crowded: TooFewGpus| {
            self.config.fault("ensemble.gromacs.gpus", crowded.to_string(), TooFewGpus::HELP).into()
        };
        recipe.gromacs.check_gpus(ranks).map_err(fault)
    }

    fn may_oversubscribe(&self) -> bool {
        self.setup.oversubscribe
    }

    /// Columns are as long as simulations are: they stay in the journal until they are written.
    fn needs_outcomes(&self) -> bool {
        !self.setup.collect.is_empty()
    }

    fn understood(&self) -> Vec<(String, String)> {
        told::understood(&self.setup, self.found.as_ref(), self.kernel.as_ref())
    }

    fn foretold(&self) -> Vec<String> {
        told::foretold(&self.setup)
    }

    fn warnings(&self) -> Faults {
        self.warnings.clone()
    }

    fn reproducibility(&self) -> &'static str {
        if self.setup.engine.is_program() { "given-files" } else { "bitwise" }
    }

    fn output_bytes(&self) -> u64 {
        // Columns of programs are as long as they make them.
        let columns: u64 = self.setup.collect.iter().map(|collect| collect.columns.len() as u64).sum();
        20_000 + (400 + 8 * columns * self.setup.engine.rows()) * self.setup.seeds.len() as u64
    }
}
