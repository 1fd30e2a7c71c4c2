//! How does a campaign of replicas run, and what does it declare?
use super::engine::Engine;
use super::setup::Setup;
use super::stage::ReplicaWorkload;
use super::{folder, summary, write};
use crate::campaigns::campaign::{
    Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report, Reproducibility, StartSupervisor,
};
use crate::campaigns::stage::{Error, StageResult};
use crate::config::{Config, Faults};
use crate::engines::InstalledProgram;
use crate::engines::md::plumed::PlumedKernel;
use crate::results;
use std::sync::Arc;

/// A campaign of replicas, ready to run.
pub struct EnsembleCampaign {
    config: Config,
    setup: Arc<Setup>,
    /// The program that runs replicas, with its version.
    program: Option<InstalledProgram>,
    /// PLUMED's library, where it biases.
    kernel: Option<PlumedKernel>,
    /// What the section declares: without the version of the program.
    declared: Declaration,
    result: Option<StageResult>,
}

impl EnsembleCampaign {
    /// A campaign whose programs have not been looked for yet.
    pub fn new(config: Config, setup: Arc<Setup>, declared: Declaration) -> Self {
        Self { config, setup, program: None, kernel: None, declared, result: None }
    }

    fn output_bytes(&self) -> u64 {
        // Columns of programs are as long as they make them.
        let columns: u64 = self.setup.collect.iter().map(|collect| collect.columns.len() as u64).sum();
        20_000 + (400 + 8 * columns * self.setup.engine.rows()) * self.setup.seeds.len() as u64
    }
}

impl Campaign for EnsembleCampaign {
    fn find_programs(&mut self, supervisor: &StartSupervisor) -> Result<(), Faults> {
        let key = format!("ensemble.{}", self.setup.engine.name());
        if !self.setup.engine.is_program() {
            return Ok(());
        }
        let Some(supervisor) = supervisor() else {
            let help = "see the message about the supervisor above";
            return Err(self.config.fault(&key, "no program can be started here", help).into());
        };
        self.program = self.setup.engine.find(&self.config, supervisor)?;
        self.kernel = self.setup.engine.find_plumed(&self.config, supervisor)?;
        folder::reject_foreign(&self.config, &self.setup)
    }

    fn declare(&self) -> Result<Declaration, Faults> {
        let is_program = self.setup.engine.is_program();
        let launcher = self.setup.engine.task_launcher();
        let mut declared = self.declared.clone();
        declared.identity["version"] =
            self.program.as_ref().map_or(serde_json::Value::Null, |program| program.version.clone().into());
        Ok(Declaration {
            threads: is_program.then(|| if launcher.is_some() { 0 } else { self.setup.engine.threads() }),
            launched_cores: launcher.map(|launcher| launcher.cores()),
            may_oversubscribe: self.setup.oversubscribe,
            // Columns are as long as simulations are: they stay in the journal until they are written.
            needs_values: !self.setup.collect.is_empty(),
            reproducibility: Reproducibility::with_programs(is_program),
            ..declared
        })
    }

    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        let stage = ReplicaWorkload::stage(&self.setup);
        // A program's replica may take days, and leaves files.
        let planned = match self.setup.engine.is_program() {
            true => PlannedStage::Described(Box::new((*stage.spec).clone())),
            false => PlannedStage::Runnable(stage),
        };
        Ok(Outlook {
            summary: summary::summary(&self.setup, self.program.as_ref(), self.kernel.as_ref()),
            stages: vec![planned],
            notes: summary::plan_notes(&self.setup),
            memory: None,
            output_bytes: self.output_bytes(),
        })
    }

    fn check_node(&self, ranks: usize) -> Result<(), Faults> {
        let Engine::Gromacs(gromacs) = &self.setup.engine else { return Ok(()) };
        let checked = gromacs.section.gromacs.check_gpus(ranks);
        checked.map_err(|problem| self.config.fault_of("ensemble.gromacs.gpus", problem).into())
    }

    fn claim_folders(&self, _declared: &Declaration, fresh: bool) -> Result<Vec<String>, Faults> {
        folder::claim_folders(&self.config, &self.setup, fresh)
    }

    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        self.result = result;
        Ok(match self.result {
            None => Next::Run(ReplicaWorkload::stage(&self.setup)),
            Some(_) => Next::Complete,
        })
    }

    fn write(&self, values: &mut dyn RecordedValues, out: &mut results::Writer) -> Result<Report, Error> {
        let Some(result) = &self.result else { return Err(Error::Outcome("no replica has been run".into())) };
        let mut remarks = write::write(&self.setup, result, values, out)?;
        if let Some(kernel) = &self.kernel {
            write::write_plumed(&self.setup, kernel, out)?;
        }
        remarks.extend(summary::not_finite_warning(result)?);
        Ok(Report { charts: Vec::new(), remarks })
    }
}
