//! How does a campaign of a many-body expansion run, and what does it declare?
use super::stage::FragmentWorkload;
use super::write::InputNotes;
use super::{LevelLocations, Setup, forecast, levels, summary, sums, write};
use crate::campaigns::campaign::{
    Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report, Reproducibility, StartSupervisor,
};
use crate::campaigns::stage::{Error, StageResult, StageSpec};
use crate::config::{Config, Faults};
use crate::engines::InstalledProgram;
use crate::engines::qc::Driver;
use crate::results;
use std::sync::Arc;
use std::time::Duration;

/// A campaign of expansions, ready to run.
pub struct FragmentCampaign {
    pub config: Config,
    pub setup: Arc<Setup>,
    /// Where a file specifies the levels.
    pub locations: LevelLocations,
    /// The programs and their versions, by level; none before they have been looked for.
    pub programs: Vec<Option<InstalledProgram>>,
    /// What determines the results, but for the programs' versions.
    pub identity: serde_json::Value,
    pub summary: Vec<(String, String)>,
    pub warnings: Faults,
    pub input: InputNotes,
    pub result: Option<StageResult>,
}

impl FragmentCampaign {
    /// The most threads of a program of any level on the cores of a rank, 0 where launchers start all of them; none without programs.
    fn threads(&self) -> Option<usize> {
        let of_programs = self.setup.levels.iter().filter(|level| level.is_program());
        of_programs.map(|level| if level.uses_own_cores() { level.threads } else { 0 }).max()
    }

    /// The stage for `plan`, which runs a sample of it: not by launchers, which need a job.
    fn planned_stage(&self) -> PlannedStage {
        let stage = FragmentWorkload::stage(&self.setup);
        match self.setup.launched_cores() {
            Some(_) => PlannedStage::Described(Box::new((*stage.spec).clone())),
            None => PlannedStage::Runnable(stage),
        }
    }

    fn output_bytes(&self) -> u64 {
        let atoms = 3 * self.setup.frames[0].system.elements.len() as u64;
        let order_count = self.setup.frames[0].expansion.order_values().len() as u64;
        let per_frame = match self.setup.driver {
            Driver::Energy => 0,
            Driver::Gradient => 8 * atoms * (order_count + 1),
            Driver::Hessian => 8 * atoms * (atoms + 1) * (order_count + 1),
        };
        let treatments = self.setup.frames[0].expansion.bsse.len() as u64;
        150 * self.setup.units.len() as u64 + per_frame * treatments * self.setup.frames.len() as u64 + 20_000
    }
}

impl Campaign for FragmentCampaign {
    fn find_programs(&mut self, supervisor: &StartSupervisor) -> Result<(), Faults> {
        let supervisor = if self.threads().is_some() { supervisor() } else { None };
        let found = levels::find(&self.config, &self.setup.levels, supervisor);
        self.programs = found.map_err(|faults| self.locations.relocate(&self.config, faults))?;
        for (level, program) in self.setup.levels.iter().zip(&self.programs) {
            if let Some(InstalledProgram { path, version }) = program {
                let text = format!("{} {version}, {}", level.engine_name(), path.display());
                self.summary.push((format!("program of {}", level.name), text));
            }
        }
        Ok(())
    }

    fn declare(&self) -> Result<Declaration, Faults> {
        let mut identity = self.identity.clone();
        for (k, program) in self.programs.iter().enumerate() {
            identity["level"][k]["version"] =
                program.as_ref().map_or(serde_json::Value::Null, |program| program.version.clone().into());
        }
        let threads = self.threads();
        Ok(Declaration {
            identity,
            extensible: Some(("fragments.max_order", self.setup.frames[0].expansion.max_order() as u64)),
            threads,
            launched_cores: self.setup.launched_cores(),
            // Derivatives are summed and not kept one by one, so that a larger order needs them again from the journal.
            needs_values: self.setup.driver != Driver::Energy,
            reproducibility: Reproducibility::with_programs(threads.is_some()),
            warnings: self.warnings.clone(),
            ..Declaration::default()
        })
    }

    fn outlook(&self, memory_mb: Option<u64>) -> Result<Outlook, Error> {
        Ok(Outlook {
            summary: self.summary.clone(),
            stages: vec![self.planned_stage()],
            notes: summary::plan_lines(&self.setup),
            memory: forecast::memory(&self.setup, memory_mb),
            output_bytes: self.output_bytes(),
        })
    }

    fn model_times(&self, _stage: &StageSpec, ranks: u64, memory_mb: Option<u64>, limit: Duration) -> Option<Vec<f64>> {
        forecast::tasks(&self.setup, ranks, memory_mb, limit)
    }

    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        self.result = result;
        Ok(match self.result {
            None => Next::Run(FragmentWorkload::stage(&self.setup)),
            Some(_) => Next::Complete,
        })
    }

    fn write(&self, _: &mut dyn RecordedValues, out: &mut results::Writer) -> Result<Report, Error> {
        let Some(result) = &self.result else { return Err(Error::Outcome("no task has been run".into())) };
        write::write(&self.setup, &self.programs, result, &self.input, out)?;
        let values: sums::FragmentValues = result.value()?;
        let mut remarks = summary::note_lines(&self.setup, &values.notes);
        remarks.extend(self.input.differences.iter().map(|note| format!("note: {note}")));
        Ok(Report { charts: Vec::new(), remarks })
    }
}
