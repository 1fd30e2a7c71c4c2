//! Which trajectories come next: of the points of a sweep, and until an error is small enough?
//!
//! A point is run in rounds whose borders depend on `count` alone: the first has `count` trajectories, and each later one adds a
//! quarter of all before, in multiples of `count`. Another target then changes how many rounds there are, never what is in one.
use super::Setup;
use super::stage::{Sums, TrajectoryStage};
use crate::campaigns::stage::{Error, StageResult};
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
pub struct Done {
    /// Its first stage among those of the campaign.
    pub first_stage: usize,
    /// The trajectories of each of its stages.
    pub rounds: Vec<Tasks>,
    /// Over all of them.
    pub sums: Sums,
    /// The largest standard error of a population at any time; NaN for fewer than two trajectories.
    pub worst_error: f64,
}

/// Takes the stages done apart by points, and tells which comes next.
///
/// # Errors
/// A result cannot be read.
pub fn follow(points: &[Point], done: &[StageResult]) -> Result<(Vec<Done>, Option<TrajectoryStage>), Error> {
    let mut finished = Vec::new();
    let mut next = 0;
    for point in points {
        let first_stage = next;
        let mut rounds = Vec::new();
        let mut sums: Option<Sums> = None;
        let mut round = Tasks::new(0, point.setup.count);
        loop {
            let Some(result) = done.get(next) else {
                return Ok((finished, Some(stage_of(point, rounds.len(), round))));
            };
            next += 1;
            rounds.push(round);
            match &mut sums {
                None => sums = Some(result.value()?),
                Some(sums) => sums.merge(result.value()?)?,
            }
            let worst_error = sums.as_ref().map_or(f64::NAN, |sums| worst_error(&point.setup, sums));
            match round_after(round, point, worst_error) {
                Some(more) => round = more,
                None => {
                    finished.extend(sums.map(|sums| Done { first_stage, rounds, sums, worst_error }));
                    break;
                }
            }
        }
    }
    Ok((finished, None))
}

/// Every round of every point, should no error ever be small enough.
pub fn all(points: &[Point]) -> impl Iterator<Item = TrajectoryStage> {
    points.iter().flat_map(|point| {
        let first = Some(Tasks::new(0, point.setup.count));
        let rounds = std::iter::successors(first, |round| round_after(*round, point, f64::INFINITY));
        rounds.enumerate().map(|(k, tasks)| stage_of(point, k, tasks))
    })
}

/// The largest standard error of a diabatic population at any time.
fn worst_error(setup: &Setup, sums: &Sums) -> f64 {
    let layout = setup.layout();
    let errors = sums.quantum.standard_errors(sums.used);
    let populations = errors.chunks(layout.energies()).flat_map(|row| &row[..layout.states]);
    populations.fold(f64::NAN, |worst, error| worst.max(*error))
}

fn round_after(round: Tasks, point: &Point, error: f64) -> Option<Tasks> {
    let target = point.target?;
    // Where all trajectories fail more of them are of no use.
    if error.is_nan() || error <= target.stderr || round.end >= target.max_count {
        return None;
    }
    let count = point.setup.count;
    let more = (round.end / count / 4).max(1) * count;
    Some(Tasks::new(round.end, (round.end + more).min(target.max_count)))
}

fn stage_of(point: &Point, round: usize, tasks: Tasks) -> TrajectoryStage {
    let of_point = point.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let of_round = if round == 0 { String::new() } else { format!(" round {round}") };
    let name = format!("trajectories{of_point}{of_round}");
    TrajectoryStage { name, setup: Arc::clone(&point.setup), tasks }
}
