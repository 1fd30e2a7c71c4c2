//! How does a campaign of trajectories go from stage to stage?
use super::rounds::{Point, Sweep};
use super::write;
use crate::campaigns::campaign::{Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report};
use crate::campaigns::stage::{Error, StageResult};
use crate::config::Faults;
use crate::results;

/// A campaign of trajectories, ready to run.
pub struct TrajectoryCampaign {
    /// What determines the results.
    identity: serde_json::Value,
    sweep: Sweep,
    summary: Vec<(String, String)>,
    warnings: Faults,
}

impl TrajectoryCampaign {
    /// A campaign of at least one point.
    pub fn new(
        identity: serde_json::Value,
        points: Vec<Point>,
        summary: Vec<(String, String)>,
        warnings: Faults,
    ) -> Self {
        Self { identity, sweep: Sweep::new(points), summary, warnings }
    }

    /// The points of the sweep and what has been run of them.
    #[cfg(test)]
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// Count, target and what is kept are the same in all points.
    fn first(&self) -> &Point {
        self.sweep.points().first().expect("a campaign has one point at least")
    }

    /// Estimated size of the result file, bytes.
    fn output_bytes(&self) -> u64 {
        let of_point = |point: &Point| {
            let setup = &point.setup;
            let (samples, numbers) = (setup.clock.samples as u64 + 1, setup.layout().size() as u64);
            // Means, standard errors and exact sums; and single trajectories where they are kept.
            let single = if setup.keep_all { setup.count } else { 0 };
            samples * numbers * 8 * (8 + single)
        };
        20_000 + self.sweep.points().iter().map(of_point).sum::<u64>()
    }
}

impl Campaign for TrajectoryCampaign {
    fn declare(&self) -> Result<Declaration, Faults> {
        let Point { setup, target, .. } = self.first();
        let extensible = match target {
            None => ("trajectories.count", setup.count),
            Some(target) => ("trajectories.max_count", target.max_count),
        };
        Ok(Declaration {
            identity: self.identity.clone(),
            extensible: Some(extensible),
            requests: target.map_or(serde_json::Value::Null, |target| target.stderr.into()),
            needs_values: setup.keep_all,
            warnings: self.warnings.clone(),
            ..Declaration::default()
        })
    }

    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        Ok(Outlook {
            summary: self.summary.clone(),
            stages: self.sweep.all_stages().map(PlannedStage::Runnable).collect(),
            notes: Vec::new(),
            memory: None,
            output_bytes: self.output_bytes(),
        })
    }

    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        if let Some(result) = result {
            self.sweep.accept(result.value()?)?;
        }
        Ok(self.sweep.next_stage().map_or(Next::Complete, Next::Run))
    }

    fn write(&self, values: &mut dyn RecordedValues, out: &mut results::Writer) -> Result<Report, Error> {
        write::write(&self.sweep, values, out)?;
        Ok(Report::default())
    }
}
