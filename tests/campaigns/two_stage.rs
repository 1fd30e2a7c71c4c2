//! Two stages, the second of which needs the result of the first: a mean, then the mean square distance from it.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simmpi::campaigns::Kind;
use simmpi::campaigns::campaign::{Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report};
use simmpi::campaigns::stage::{Computed, Context, Error, Stage, StageResult, StageSpec, Workload};
use simmpi::config::{Config, Faults, Schedule, Uneven};
use simmpi::results::Writer;
use simmpi::science::sum::Moments;
use simmpi::seed::Purpose;
use simmpi::task::Tasks;
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
    fn default_schedule(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }
    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(TwoStageCampaign { section: config.section("two-stage")?, mean: None, variance: None }))
    }
}

struct TwoStageCampaign {
    section: Section,
    mean: Option<f64>,
    variance: Option<f64>,
}

impl TwoStageCampaign {
    fn stage(&self, name: &str, work: Power) -> Stage {
        let depends_on = format!("{:016x}", work.about.to_bits());
        Stage::new(StageSpec { depends_on, ..StageSpec::new(name, self.section.count) }, work)
    }
    fn first_stage(&self) -> Stage {
        self.stage("mean", Power { section: self.section.clone(), about: 0.0, power: 1 })
    }
}

impl Campaign for TwoStageCampaign {
    fn declare(&self) -> Result<Declaration, Faults> {
        let extensible = Some(("two-stage.count", self.section.count));
        Ok(Declaration { identity: serde_json::json!({}), extensible, needs_values: true, ..Declaration::default() })
    }
    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        Ok(Outlook {
            summary: vec![("tasks".into(), format!("2 x {}", self.section.count))],
            stages: vec![PlannedStage::Runnable(self.first_stage())],
            notes: vec![],
            memory: None,
            output_bytes: 10_000 + 8 * self.section.count,
        })
    }
    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        let Some(result) = result else { return Ok(Next::Run(self.first_stage())) };
        let (sums, _) = result.value::<Drawn>()?;
        let value = sums.means(result.tasks - result.failed.len() as u64)[0].unwrap_or(f64::NAN);
        if self.mean.is_some() {
            self.variance = Some(value);
            return Ok(Next::Complete);
        }
        self.mean = Some(value);
        let second = Power { section: self.section.clone(), about: value, power: 2 };
        Ok(Next::Run(self.stage("variance", second)))
    }
    fn write(&self, values: &mut dyn RecordedValues, out: &mut Writer) -> Result<Report, Error> {
        for (value, name) in [(self.mean, "mean"), (self.variance, "variance")] {
            let value = value.ok_or_else(|| Error::Outcome(name.into()))?;
            out.array(&format!("/results/{name}"), &[1], &[value], "none", "of the numbers drawn")?;
        }
        let rows = out.rows::<f64>(
            "/results/first_stage",
            &[self.section.count as usize],
            f64::NAN,
            "none",
            "the numbers drawn",
        )?;
        values.for_each(0, &mut |batch| {
            let (_, numbers) = batch.value::<Drawn>()?;
            Ok(out.fill(&rows, batch.tasks.first as usize, &numbers)?)
        })?;
        Ok(Report::default())
    }
}

/// The mean of (x - about)^power.
#[derive(Clone)]
struct Power {
    section: Section,
    about: f64,
    power: i32,
}

/// Sums and the numbers themselves.
type Drawn = (Moments, Vec<f64>);

impl Workload for Power {
    type Value = Drawn;
    fn empty(&self) -> Drawn {
        (Moments::new(1, 50), vec![])
    }
    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<Drawn> {
        let mut value = self.empty();
        for task in tasks.iter() {
            std::thread::sleep(Duration::from_secs_f64(self.section.seconds));
            let x = context.seed.stream(task, Purpose::Hops).uniform();
            value.1.push(x);
            value.0.add(0, (x - self.about).powi(self.power)).expect("a number in [0, 1) fits");
        }
        Computed { value, failed: vec![] }
    }
    fn merge(&self, into: &mut Drawn, from: Drawn) -> Result<(), Error> {
        into.1.extend(from.1);
        Ok(into.0.merge(&from.0)?)
    }
    fn reduce(&self, total: &mut Drawn, from: Drawn) -> Result<(), Error> {
        Ok(total.0.merge(&from.0)?)
    }
}
