//! Tasks that sleep, draw a random number, and fail as they are told.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report};
use simmpi::campaigns::stage::{Computed, Context, Error, PerTask, Stage, StageResult, StageSpec, Workload};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::{Writer, or_nan};
use simmpi::science::sum::Moments;
use simmpi::seed::Purpose;
use simmpi::task::{Cause, Tasks};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub struct Sleep;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Number of tasks
    count: u64,
    /// How long each sleeps, s
    #[serde(default)]
    seconds: f64,
    /// Tasks that run at once
    #[serde(default = "one")]
    grain: u64,
    /// Any number: it belongs to the campaign's identity
    #[serde(default)]
    scale: f64,
    /// Tasks that panic
    #[serde(default)]
    panic: Vec<u64>,
    /// Tasks that panic unless this file exists
    #[serde(default)]
    cure: Option<PathBuf>,
    /// Tasks with a value that is no number
    #[serde(default)]
    not_finite: Vec<u64>,
    /// Every task reports failure
    #[serde(default)]
    all_fail: bool,
    /// This task panics when its value is joined with others: outside of any task
    #[serde(default)]
    panic_outside: Option<u64>,
    /// Bytes that every task adds to its journal record
    #[serde(default)]
    ballast: u64,
    /// Bytes written to the result file besides
    #[serde(default)]
    result_bytes: u64,
}

fn one() -> u64 {
    1
}

impl Kind for Sleep {
    fn name(&self) -> &'static str {
        "sleep"
    }
    fn about(&self) -> &'static str {
        "tasks that sleep"
    }
    fn example(&self) -> &'static str {
        "[campaign]\nkind = \"sleep\"\n\n[sleep]\ncount = 8\nseconds = 0.1\n"
    }
    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }
    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Refuse, Schedule::Static)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        let mut section: Section = config.section("sleep")?;
        section.cure = section.cure.map(|path| config.resolve(&path));
        Ok(Box::new(SleepCampaign { section, drawn: None }))
    }
}

struct SleepCampaign {
    section: Section,
    drawn: Option<Draws>,
}

impl SleepCampaign {
    fn stage(&self) -> Stage {
        let costs = PerTask::computed(|task| 1.0 + (task % 7) as f64);
        let spec = StageSpec { costs, chunk: self.section.grain, ..StageSpec::new("sleep", self.section.count) };
        Stage::new(spec, self.section.clone())
    }
}

impl Campaign for SleepCampaign {
    fn declare(&self) -> Result<Declaration, Faults> {
        let identity = serde_json::json!({ "scale": self.section.scale });
        Ok(Declaration { identity, extensible: Some(("sleep.count", self.section.count)), ..Declaration::default() })
    }
    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        Ok(Outlook {
            summary: vec![("tasks".into(), self.section.count.to_string())],
            stages: vec![PlannedStage::Runnable(self.stage())],
            notes: vec![],
            memory: None,
            output_bytes: 10_000 + self.section.result_bytes,
        })
    }
    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        let Some(result) = result else { return Ok(Next::Run(self.stage())) };
        self.drawn = Some(result.value()?);
        Ok(Next::Complete)
    }
    fn write(&self, _: &mut dyn RecordedValues, out: &mut Writer) -> Result<Report, Error> {
        let Some(Draws { n, drawn, .. }) = &self.drawn else { return Err(Error::Outcome("nothing was drawn".into())) };
        out.array("/results/mean", &[1], &or_nan(drawn.means(*n)), "none", "mean of the numbers drawn")?;
        out.array("/results/mean_stderr", &[1], &or_nan(drawn.standard_errors(*n)), "none", "its standard error")?;
        let ballast = vec![7u8; self.section.result_bytes as usize];
        out.array("/results/ballast", &[ballast.len()], &ballast, "none", "bytes that fill a disk")?;
        Ok(Report::default())
    }
}

/// What the tasks drew.
#[derive(Serialize, Deserialize)]
struct Draws {
    n: u64,
    drawn: Moments,
    ballast: BTreeMap<u64, Vec<u8>>,
    is_explosive: bool,
}

impl Workload for Section {
    type Value = Draws;
    fn empty(&self) -> Draws {
        Draws { n: 0, drawn: Moments::new(1, 48), ballast: BTreeMap::new(), is_explosive: false }
    }
    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Draws> {
        let mut computed = Computed { value: self.empty(), failed: vec![] };
        for task in tasks.iter() {
            std::thread::sleep(Duration::from_secs_f64(self.seconds));
            let is_cured = self.cure.as_ref().is_some_and(|path| path.exists());
            assert!(is_cured || !self.panic.contains(&task), "task {task} was told to panic");
            let value = context.seed.stream(task, Purpose::Hops).normal();
            let value = if self.not_finite.contains(&task) { f64::NAN } else { value };
            if self.all_fail {
                computed.failed.push((task, Cause::Failed("the program is not installed".into())));
            } else if let Err(error) = computed.value.drawn.add(0, value) {
                computed.failed.push((task, Cause::NotFinite(error.to_string())));
            } else {
                computed.value.n += 1;
                computed.value.is_explosive |= self.panic_outside == Some(task);
                if self.ballast > 0 {
                    computed.value.ballast.insert(task, vec![1; self.ballast as usize]);
                }
            }
        }
        computed
    }
    fn merge(&self, into: &mut Draws, mut from: Draws) -> Result<(), Error> {
        assert!(!from.is_explosive, "told to panic outside of any task");
        into.n += from.n;
        into.ballast.append(&mut from.ballast);
        Ok(into.drawn.merge(&from.drawn)?)
    }
    fn reduce(&self, total: &mut Draws, from: Draws) -> Result<(), Error> {
        self.merge(total, Draws { ballast: BTreeMap::new(), ..from })
    }
}
