//! How is a replica of the built-in model run?
//!
//! No program and no file: Langevin dynamics of [`science::langevin`](crate::science::langevin), whose columns are those that PLUMED would
//! print. A replica is a pure function of the section, the campaign's seed and its own number.
mod section;
#[cfg(test)]
mod tests;

pub use section::{
    BiasFactor, InfiniteWord, IntegratorSection, ModelSection, OpesSection, SurfaceSection, Unfit, VariantName,
};

use crate::science::langevin::{Group, Series, System};
use crate::seed::CampaignSeed;
use crate::task::Cause;

/// Steps between two looks at whether to go on, well below a second.
const STEPS_OF_A_PIECE: u64 = 2000;

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
    pub fn new(section: &ModelSection) -> Result<Self, Unfit> {
        Ok(Self { system: section.build()?, steps: section.steps })
    }

    /// kT, in which free energies of its columns are.
    pub fn thermal_energy(&self) -> f64 {
        self.system.thermal_energy
    }

    /// Steps of all walkers of a replica: what it costs.
    pub fn work(&self) -> u64 {
        self.steps * self.system.walkers as u64
    }

    /// The names of a replica's columns: time, the coordinates, energy, with a bias opes.bias, opes.rct, opes.zed, opes.neff and
    /// opes.nker, and with several walkers first of all walker, from 0.
    pub fn columns(&self) -> Vec<String> {
        let walker = (self.system.walkers > 1).then(|| WALKER.to_owned());
        walker.into_iter().chain(Series::names_of(&self.system)).collect()
    }

    /// Rows of a replica.
    pub fn rows(&self) -> u64 {
        (self.steps / self.system.sample_every + 1) * self.system.walkers as u64
    }

    /// Runs replica `number` and returns its columns `[columns, rows]`, walker after walker; nothing where `may_go_on` said no before the
    /// end. It is asked several times a second.
    ///
    /// # Errors
    /// A walker has left all finite numbers.
    pub fn run(
        &self,
        seed: CampaignSeed,
        number: u64,
        may_go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<Vec<f64>>>, Cause> {
        let not_finite = |error: crate::science::langevin::Error| Cause::NotFinite(error.to_string());
        let mut group = Group::new(&self.system, seed, number).map_err(not_finite)?;
        let piece = (STEPS_OF_A_PIECE / self.system.walkers as u64).max(1);
        while group.step() < self.steps {
            if !may_go_on() {
                return Ok(None);
            }
            group.advance(piece.min(self.steps - group.step())).map_err(not_finite)?;
        }
        Ok(Some(joined(group.into_series())))
    }
}

/// The column that tells walkers apart.
const WALKER: &str = "walker";

/// The columns of all walkers, one walker after the other; with their number first where there are several.
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
