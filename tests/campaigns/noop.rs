//! Tasks that do nothing: what is left is the engine.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report};
use simmpi::campaigns::stage::{Computed, Context, Error, Stage, StageResult, StageSpec, Workload};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::Writer;
use simmpi::task::Tasks;

pub struct Noop;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Number of tasks
    count: u64,
}

impl Kind for Noop {
    fn name(&self) -> &'static str {
        "noop"
    }
    fn about(&self) -> &'static str {
        "tasks that do nothing"
    }
    fn example(&self) -> &'static str {
        "[campaign]\nkind = \"noop\"\n\n[noop]\ncount = 1000\n"
    }
    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }
    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Refuse, Schedule::Static)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(NoopCampaign { section: config.section("noop")?, ran: 0 }))
    }
}

struct NoopCampaign {
    section: Section,
    /// Tasks that were run.
    ran: u64,
}

impl NoopCampaign {
    fn stage(&self) -> Stage {
        Stage::new(StageSpec::new("noop", self.section.count), Counting)
    }
}

impl Campaign for NoopCampaign {
    fn declare(&self) -> Result<Declaration, Faults> {
        let extensible = Some(("noop.count", self.section.count));
        Ok(Declaration { identity: serde_json::json!({}), extensible, ..Declaration::default() })
    }
    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        Ok(Outlook {
            summary: vec![("tasks".into(), self.section.count.to_string())],
            stages: vec![PlannedStage::Runnable(self.stage())],
            notes: vec![],
            memory: None,
            output_bytes: 10_000,
        })
    }
    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        let Some(result) = result else { return Ok(Next::Run(self.stage())) };
        self.ran = result.value()?;
        Ok(Next::Complete)
    }
    fn write(&self, _: &mut dyn RecordedValues, out: &mut Writer) -> Result<Report, Error> {
        out.array("/results/ran", &[1], &[self.ran], "none", "tasks that were run")?;
        Ok(Report::default())
    }
}

/// Counts the tasks that were run.
#[derive(Clone)]
struct Counting;

impl Workload for Counting {
    type Value = u64;
    fn empty(&self) -> u64 {
        0
    }
    fn run(&mut self, tasks: Tasks, _: &Context) -> Computed<u64> {
        Computed { value: tasks.iter().map(|task| std::hint::black_box(task) - task + 1).sum(), failed: vec![] }
    }
    fn merge(&self, into: &mut u64, from: u64) -> Result<(), Error> {
        *into += from;
        Ok(())
    }
}
