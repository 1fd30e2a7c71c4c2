//! Which trajectories come next: of the points of a sweep, and until an error is small enough?
//!
//! A point is run in rounds whose borders depend on `count` alone: the first has `count` trajectories, and each later one adds a
//! quarter of all before, in multiples of `count`. Another target then changes how many rounds there are, never what is in one.
use super::setup::Setup;
use super::stage::TrajectoryWorkload;
use super::sums::Sums;
use crate::campaigns::stage::{Error, Stage};
use crate::task::Tasks;
use std::sync::Arc;

/// A set of constants that trajectories are run with.
pub struct Point {
    /// What it differs by, as in `momentum=10`; none where nothing is swept.
    pub name: Option<String>,
    /// The swept keys and their values, as they stand in the configuration.
    pub values: Vec<(String, String)>,
    pub setup: Arc<Setup>,
    pub target: Option<Target>,
}

/// How many trajectories are enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Largest standard error of a population.
    pub stderr: f64,
    pub max_count: u64,
}

/// What has been run of a point.
pub struct PointResult {
    /// Its first stage among those of the campaign.
    pub first_stage: usize,
    /// The trajectories of each of its stages.
    pub rounds: Vec<Tasks>,
    /// Over all of them.
    pub sums: Sums,
    /// The largest standard error of a population at any time; none for fewer than two trajectories.
    pub worst_error: Option<f64>,
}

/// The points of a campaign, and what has been run of them.
pub struct Sweep {
    points: Vec<Point>,
    /// One for each point that was begun; only the last one may need more rounds.
    results: Vec<PointResult>,
    /// The round that runs next, of the point `results.len() - 1` or, where that is complete, of the one after.
    next: Option<Round>,
}

/// Trajectories of a point that run as one stage.
#[derive(Clone, Copy)]
struct Round {
    point: usize,
    /// Counted from 0.
    number: usize,
    tasks: Tasks,
}

impl Sweep {
    /// A sweep of which nothing has been run.
    pub fn new(points: Vec<Point>) -> Self {
        let next = first_round(&points, 0);
        Self { points, results: Vec::new(), next }
    }

    /// All points.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// What has been run of each point, in their order.
    pub fn results(&self) -> &[PointResult] {
        &self.results
    }

    /// The stage that comes next; none where all points are complete.
    pub fn next_stage(&self) -> Option<Stage> {
        self.next.map(|round| self.stage_of(round))
    }

    /// Accepts the sums of the stage that came next.
    ///
    /// # Errors
    /// A sum overflows.
    pub fn accept(&mut self, sums: Sums) -> Result<(), Error> {
        let Some(round) = self.next else { return Ok(()) };
        if round.number == 0 {
            let first_stage = self.results.iter().map(|result| result.rounds.len()).sum();
            self.results.push(PointResult { first_stage, rounds: Vec::new(), sums, worst_error: None });
        } else if let Some(result) = self.results.last_mut() {
            result.sums.merge(sums)?;
        }
        let (point, result) = (&self.points[round.point], &mut self.results[round.point]);
        result.rounds.push(round.tasks);
        result.worst_error = worst_error(&point.setup, &result.sums);
        self.next = match tasks_after(round.tasks, point, result.worst_error) {
            Some(tasks) => Some(Round { number: round.number + 1, tasks, ..round }),
            None => first_round(&self.points, round.point + 1),
        };
        Ok(())
    }

    /// Every round of every point, should no error ever be small enough.
    pub fn all_stages(&self) -> impl Iterator<Item = Stage> {
        let of_point = move |point: usize| {
            let first = first_round(&self.points, point);
            std::iter::successors(first, move |round| {
                let tasks = tasks_after(round.tasks, &self.points[point], Some(f64::INFINITY))?;
                Some(Round { number: round.number + 1, tasks, ..*round })
            })
        };
        (0..self.points.len()).flat_map(of_point).map(|round| self.stage_of(round))
    }

    fn stage_of(&self, round: Round) -> Stage {
        let point = &self.points[round.point];
        let of_point = point.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
        let of_round = if round.number == 0 { String::new() } else { format!(" round {}", round.number) };
        let name = format!("trajectories{of_point}{of_round}");
        TrajectoryWorkload { setup: Arc::clone(&point.setup), tasks: round.tasks }.into_stage(name)
    }
}

fn first_round(points: &[Point], point: usize) -> Option<Round> {
    Some(Round { point, number: 0, tasks: Tasks::new(0, points.get(point)?.setup.count) })
}

/// The largest standard error of a diabatic population at any time; none where there is no error.
fn worst_error(setup: &Setup, sums: &Sums) -> Option<f64> {
    let layout = setup.layout();
    let errors = sums.quantum.standard_errors(sums.used);
    let populations = errors.chunks(layout.energies()).flat_map(|row| &row[..layout.states]);
    populations.copied().flatten().reduce(f64::max)
}

/// The trajectories that are added to a point with that `error` after those of a round; none where they are enough.
fn tasks_after(round: Tasks, point: &Point, error: Option<f64>) -> Option<Tasks> {
    let target = point.target?;
    // Where all trajectories fail more of them are of no use.
    if error.is_none_or(|error| error <= target.stderr) || round.end >= target.max_count {
        return None;
    }
    let count = point.setup.count;
    let more = (round.end / count / 4).max(1) * count;
    Some(Tasks::new(round.end, (round.end + more).min(target.max_count)))
}
