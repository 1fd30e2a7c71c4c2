//! Tasks that sleep, draw a random number, and fail as they are told.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Outcomes};
use simmpi::campaigns::stage::{Context, Error, Ran, Shared, Stage, StageResult, share};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::Writer;
use simmpi::science::sum::Moments;
use simmpi::seed::Purpose;
use simmpi::task::{Cause, Failure, Tasks};
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
    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Refuse, Schedule::Static)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        let mut section: Section = config.section("sleep")?;
        section.cure = section.cure.map(|path| config.resolve(&path));
        Ok(Box::new(section))
    }
}

impl Campaign for Section {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(done.is_empty().then(|| share(self.clone())))
    }
    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut Writer) -> Result<(), Error> {
        let (mean, error): (f64, f64) = done[0].value()?;
        out.array("/results/mean", &[1], &[mean], "none", "mean of the numbers drawn")?;
        out.array("/results/mean_stderr", &[1], &[error], "none", "its standard error")?;
        let ballast = vec![7u8; self.result_bytes as usize];
        Ok(out.array("/results/ballast", &[ballast.len()], &ballast, "none", "bytes that fill a disk")?)
    }
    fn identity(&self) -> serde_json::Value {
        serde_json::json!({ "scale": self.scale })
    }
    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("sleep.count", self.count))
    }
    fn understood(&self) -> Vec<(String, String)> {
        vec![("tasks".into(), self.count.to_string())]
    }
    fn output_bytes(&self) -> u64 {
        10_000 + self.result_bytes
    }
}

#[derive(Serialize, Deserialize)]
struct Numbers {
    n: u64,
    drawn: Moments,
    ballast: BTreeMap<u64, Vec<u8>>,
    is_explosive: bool,
}

impl Stage for Section {
    type Value = Numbers;
    fn name(&self) -> &str {
        "sleep"
    }
    fn tasks(&self) -> u64 {
        self.count
    }
    fn cost(&self, task: u64) -> f64 {
        1.0 + (task % 7) as f64
    }
    fn grain(&self) -> u64 {
        self.grain
    }
    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Numbers> {
        let mut ran = Ran { value: self.empty(), failed: vec![] };
        for task in tasks.iter() {
            std::thread::sleep(Duration::from_secs_f64(self.seconds));
            let is_cured = self.cure.as_ref().is_some_and(|path| path.exists());
            assert!(is_cured || !self.panic.contains(&task), "task {task} was told to panic");
            let value = context.seed.stream(task, Purpose::Hops).normal();
            let value = if self.not_finite.contains(&task) { f64::NAN } else { value };
            if self.all_fail {
                ran.failed.push((task, Cause::Failed("the program is not installed".into())));
            } else if let Err(error) = ran.value.drawn.add(0, value) {
                ran.failed.push((task, Cause::NotFinite(error.to_string())));
            } else {
                ran.value.n += 1;
                ran.value.is_explosive |= self.panic_outside == Some(task);
                if self.ballast > 0 {
                    ran.value.ballast.insert(task, vec![1; self.ballast as usize]);
                }
            }
        }
        ran
    }
    fn empty(&self) -> Numbers {
        Numbers { n: 0, drawn: Moments::new(1, 48), ballast: BTreeMap::new(), is_explosive: false }
    }
    fn merge(&self, into: &mut Numbers, mut from: Numbers) -> Result<(), Error> {
        assert!(!from.is_explosive, "told to panic outside of any task");
        into.n += from.n;
        into.ballast.append(&mut from.ballast);
        Ok(into.drawn.merge(&from.drawn)?)
    }
    fn fold(&self, total: &mut Numbers, from: Numbers) -> Result<(), Error> {
        self.merge(total, Numbers { ballast: BTreeMap::new(), ..from })
    }
    fn finish(&self, total: &Numbers, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, &(total.drawn.means(total.n)[0], total.drawn.standard_errors(total.n)[0]))
    }
}
