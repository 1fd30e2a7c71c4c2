//! A principal component as the coordinate of windows.
use super::restraint::Restraint as EssentialDynamics;
use super::setup::Setup;
use super::step::PcaResult;
use super::workflow::Workflow;
use super::{charts, write};
use crate::campaigns::stage::{Error, Stage, StageResult};
use crate::campaigns::umbrella::coordinate::{Coordinate, Known};
use crate::campaigns::umbrella::restraint::Restraint;
use crate::figure::Chart;
use crate::results::Writer;
use std::sync::Arc;

/// Principal components of a trajectory, of which windows may stand along one.
pub struct Component {
    setup: Arc<Setup>,
    workflow: Workflow,
    /// The one that is biased, counted from 0.
    index: usize,
    summary: Vec<(String, String)>,
}

impl Component {
    /// The component `index`, counted from 0. `summary` is what `check` reports.
    pub fn new(setup: Setup, index: usize, summary: Vec<(String, String)>) -> Self {
        let setup = Arc::new(setup);
        Self { workflow: Workflow::new(&setup), setup, index, summary }
    }

    /// What all passes share.
    #[cfg(test)]
    pub fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    fn result(&self) -> Result<&PcaResult, Error> {
        self.workflow.result().ok_or_else(|| Error::Outcome("the projections".into()))
    }
}

impl Coordinate for Component {
    fn advance(&mut self, result: Option<StageResult>) -> Result<Option<Stage>, Error> {
        if let Some(result) = result {
            self.workflow.accept(&result)?;
        }
        Ok(self.workflow.next_stage())
    }

    fn known(&self) -> Result<Known, Error> {
        let result = self.result()?;
        let (setup, components) = (Arc::clone(&self.setup), Arc::clone(&result.components));
        let restraint = EssentialDynamics { setup, components, component: self.index };
        Ok(Known { along: result.along(self.index), restraint: Arc::new(restraint) })
    }

    /// It is no input of `grompp`.
    fn trial_restraint(&self) -> Option<Arc<dyn Restraint>> {
        None
    }

    fn planned_stages(&self) -> Vec<Stage> {
        self.workflow.planned_stages()
    }

    fn plan_notes(&self) -> Vec<String> {
        self.workflow.plan_notes()
    }

    fn summary(&self) -> Vec<(String, String)> {
        self.summary.clone()
    }

    fn write(&self, out: &mut Writer) -> Result<(), Error> {
        write::write(&self.setup, self.result()?, out)
    }

    fn charts(&self) -> Result<Vec<(&'static str, Chart)>, Error> {
        Ok(charts::charts(&self.setup, self.result()?))
    }

    fn output_bytes(&self) -> u64 {
        let (frames, atoms) = (self.setup.frames.count() as u64, self.setup.selected.len() as u64);
        let components = self.setup.components as u64;
        8 * (components * (frames + 3 * atoms + 2) + 3 * atoms + frames) + 60 * atoms
    }
}
