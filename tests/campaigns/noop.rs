//! Tasks that do nothing: what is left is the engine.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Outcomes};
use simmpi::campaigns::stage::{Context, Error, Ran, Shared, Stage, StageResult, share};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::Writer;
use simmpi::task::{Failure, Tasks};

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
    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Refuse, Schedule::Static)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(config.section::<Section>("noop")?))
    }
}

impl Campaign for Section {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(done.is_empty().then(|| share(self.clone())))
    }
    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut Writer) -> Result<(), Error> {
        Ok(out.array("/results/ran", &[1], &[done[0].value::<u64>()?], "none", "tasks that were run")?)
    }
    fn identity(&self) -> serde_json::Value {
        serde_json::json!({})
    }
    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("noop.count", self.count))
    }
    fn understood(&self) -> Vec<(String, String)> {
        vec![("tasks".into(), self.count.to_string())]
    }
    fn output_bytes(&self) -> u64 {
        10_000
    }
}

impl Stage for Section {
    type Value = u64;
    fn name(&self) -> &str {
        "noop"
    }
    fn tasks(&self) -> u64 {
        self.count
    }
    fn run(&self, tasks: Tasks, _: &Context) -> Ran<u64> {
        Ran { value: tasks.iter().map(|task| std::hint::black_box(task) - task + 1).sum(), failed: vec![] }
    }
    fn empty(&self) -> u64 {
        0
    }
    fn merge(&self, into: &mut u64, from: u64) -> Result<(), Error> {
        *into += from;
        Ok(())
    }
    fn finish(&self, total: &u64, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
