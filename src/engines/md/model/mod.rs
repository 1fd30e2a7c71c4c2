//! How is a replica of the built-in model run?
//!
//! It needs no program and no file: Langevin dynamics of [`science::langevin`](crate::science::langevin), with the columns that PLUMED would
//! print. A replica is a pure function of the section, the campaign's seed and its own seed.
mod section;
#[cfg(test)]
mod tests;

pub use section::{
    BiasFactor, InfiniteWord, IntegratorSection, ModelSection, OpesSection, SurfaceSection, VariantName,
};

use crate::problem::Problem;
use crate::science::langevin::{Group, Series, System};
use crate::seed::CampaignSeed;
use crate::task::Cause;

/// Steps of all walkers between two checks for a stop, which take well below a second.
const STEPS_PER_CHECK: u64 = 2000;

/// The built-in model, ready to run replicas.
#[derive(Clone, Debug)]
pub struct Model {
    system: System,
    steps: u64,
}

impl Model {
    /// The model of a section.
    ///
    /// # Errors
    /// Keys contradict each other.
    pub fn new(section: &ModelSection) -> Result<Self, Problem> {
        Ok(Self { system: section.build()?, steps: section.steps })
    }

    /// kT, the unit of free energies.
    pub fn thermal_energy(&self) -> f64 {
        self.system.thermal_energy
    }

    /// Steps of all walkers of a replica, as a measure of its cost.
    pub fn cost(&self) -> u64 {
        self.steps * self.system.walkers as u64
    }

    /// The names of a replica's columns: time, the coordinates, energy; with a bias opes.bias, opes.rct, opes.zed, opes.neff and opes.nker.
    /// With several walkers the first column is `walker`, counted from 0.
    pub fn columns(&self) -> Vec<String> {
        let walker = (self.system.walkers > 1).then(|| WALKER.to_owned());
        walker.into_iter().chain(Series::names_of(&self.system)).collect()
    }

    /// Number of rows of a replica.
    pub fn rows(&self) -> u64 {
        (self.steps / self.system.sample_every + 1) * self.system.walkers as u64
    }

    /// Runs the replica with the seed `replica_seed` and returns its columns `[columns, rows]`, walker after walker; none if `may_continue`
    /// returned false before the end. It is called several times a second.
    ///
    /// # Errors
    /// A coordinate became infinite or not a number.
    pub fn run(
        &self,
        seed: CampaignSeed,
        replica_seed: u64,
        may_continue: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<Vec<f64>>>, Cause> {
        let not_finite = |error: crate::science::langevin::Error| Cause::NotFinite(error.to_string());
        let mut group = Group::new(&self.system, seed, replica_seed).map_err(not_finite)?;
        let steps = (STEPS_PER_CHECK / self.system.walkers as u64).max(1);
        while group.step() < self.steps {
            if !may_continue() {
                return Ok(None);
            }
            group.advance(steps.min(self.steps - group.step())).map_err(not_finite)?;
        }
        Ok(Some(joined(group.into_series())))
    }
}

/// The column with the index of the walker.
const WALKER: &str = "walker";

/// The columns of all walkers, one walker after the other; with several walkers, preceded by the column of their index.
fn joined(mut series: Vec<Series>) -> Vec<Vec<f64>> {
    if series.len() == 1 {
        return series.remove(0).values;
    }
    let rows = |series: &Series| series.values[0].len();
    let number = series.iter().enumerate().flat_map(|(walker, s)| std::iter::repeat_n(walker as f64, rows(s)));
    let mut columns = vec![number.collect::<Vec<f64>>()];
    for column in 0..series[0].values.len() {
        columns.push(series.iter().flat_map(|series| series.values[column].iter().copied()).collect());
    }
    columns
}
