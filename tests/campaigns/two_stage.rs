//! Two stages, the second of which needs the result of the first: a mean, then the mean square distance from it.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Outcomes};
use simmpi::campaigns::stage::{Context, Error, Ran, Shared, Stage, StageResult, share};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::Writer;
use simmpi::science::sum::Moments;
use simmpi::seed::Purpose;
use simmpi::task::{Failure, Tasks};
use std::time::Duration;

pub struct TwoStage;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Number of tasks of each stage
    count: u64,
    /// How long each task sleeps, s
    #[serde(default)]
    seconds: f64,
}

impl Kind for TwoStage {
    fn name(&self) -> &'static str {
        "two-stage"
    }
    fn about(&self) -> &'static str {
        "a mean, then the variance about it"
    }
    fn example(&self) -> &'static str {
        "[campaign]\nkind = \"two-stage\"\n\n[two-stage]\ncount = 100\n"
    }
    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }
    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(config.section::<Section>("two-stage")?))
    }
}

/// One of the two stages: the mean of (x - about)^power.
struct Power {
    section: Section,
    name: &'static str,
    about: f64,
    power: i32,
}

impl Campaign for Section {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        let section = self.clone();
        Ok(match done {
            [] => Some(share(Power { section, name: "mean", about: 0.0, power: 1 })),
            [mean] => Some(share(Power { section, name: "variance", about: mean.value()?, power: 2 })),
            _ => None,
        })
    }
    fn write(&self, done: &[StageResult], outcomes: &mut dyn Outcomes, out: &mut Writer) -> Result<(), Error> {
        for (result, name) in done.iter().zip(["mean", "variance"]) {
            out.array(&format!("/results/{name}"), &[1], &[result.value::<f64>()?], "none", "of the numbers drawn")?;
        }
        let rows =
            out.rows::<f64>("/results/first_stage", &[self.count as usize], f64::NAN, "none", "the numbers drawn")?;
        outcomes.each(0, &mut |tasks, _, value| {
            let (_, numbers) =
                *value.downcast::<(Moments, Vec<f64>)>().map_err(|_| Error::Outcome("foreign value".into()))?;
            Ok(out.fill(&rows, tasks.first as usize, &numbers)?)
        })
    }
    fn identity(&self) -> serde_json::Value {
        serde_json::json!({})
    }
    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("two-stage.count", self.count))
    }
    fn needs_outcomes(&self) -> bool {
        true
    }
    fn understood(&self) -> Vec<(String, String)> {
        vec![("tasks".into(), format!("2 x {}", self.count))]
    }
    fn output_bytes(&self) -> u64 {
        10_000 + 8 * self.count
    }
}

impl Stage for Power {
    type Value = (Moments, Vec<f64>);
    fn name(&self) -> &str {
        self.name
    }
    fn tasks(&self) -> u64 {
        self.section.count
    }
    fn identity(&self) -> String {
        format!("{:016x}", self.about.to_bits())
    }
    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Self::Value> {
        let mut value = self.empty();
        for task in tasks.iter() {
            std::thread::sleep(Duration::from_secs_f64(self.section.seconds));
            let x = context.seed.stream(task, Purpose::Hops).uniform();
            value.1.push(x);
            value.0.add(0, (x - self.about).powi(self.power)).expect("a number in [0, 1) fits");
        }
        Ran { value, failed: vec![] }
    }
    fn empty(&self) -> Self::Value {
        (Moments::new(1, 50), vec![])
    }
    fn merge(&self, into: &mut Self::Value, from: Self::Value) -> Result<(), Error> {
        into.1.extend(from.1);
        Ok(into.0.merge(&from.0)?)
    }
    fn fold(&self, total: &mut Self::Value, from: Self::Value) -> Result<(), Error> {
        Ok(total.0.merge(&from.0)?)
    }
    fn finish(&self, total: &Self::Value, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, &total.0.means(self.section.count - failed.len() as u64)[0])
    }
}
