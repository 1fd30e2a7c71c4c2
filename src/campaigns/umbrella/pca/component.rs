//! A principal component as the coordinate of windows.
use super::frame_cache::FrameCache;
use super::restraint::Restraint as EssentialDynamics;
use super::setup::Setup;
use super::single_pass::SinglePass;
use super::step::{PcaResult, PcaStep};
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
    frame_cache: Arc<FrameCache>,
    state: State,
    /// The one that is biased, counted from 0.
    index: usize,
    summary: Vec<(String, String)>,
}

enum State {
    /// One task takes all steps; it has not run.
    SinglePass,
    /// A pass over the frames comes next, or none.
    Passes(PcaStep),
}

impl Component {
    /// The component `index`, counted from 0. `summary` is what `check` reports.
    pub fn new(setup: Setup, index: usize, summary: Vec<(String, String)>) -> Self {
        let state = if setup.is_small() { State::SinglePass } else { State::Passes(PcaStep::first(&setup)) };
        Self { setup: Arc::new(setup), frame_cache: Arc::default(), state, index, summary }
    }

    /// What all passes share.
    #[cfg(test)]
    pub fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// Accepts the result of the stage that came next.
    fn accept(&mut self, result: &StageResult) -> Result<(), Error> {
        if let Some(failure) = result.failed.first() {
            let which = match result.tasks {
                1 => "frames".to_owned(),
                all => format!("{} of {all} chunks of frames", result.failed.len()),
            };
            return Err(Error::Unread(format!("{which} could not be read: {}", failure.cause)));
        }
        // After an error the run ends, so that the state in between does not matter.
        self.state = State::Passes(match std::mem::replace(&mut self.state, State::SinglePass) {
            State::SinglePass => PcaStep::Complete(SinglePass::result(result)?),
            State::Passes(step) => step.advance(&self.setup, result.value()?)?,
        });
        Ok(())
    }

    /// The stage that comes next; none when the components and projections are known.
    fn next_stage(&self) -> Option<Stage> {
        match &self.state {
            State::SinglePass => Some(SinglePass::stage(&self.setup)),
            State::Passes(step) => self.stage_of(step),
        }
    }

    fn stage_of(&self, step: &PcaStep) -> Option<Stage> {
        Some(step.pass(&self.setup, &self.frame_cache)?.into_stage())
    }

    fn result(&self) -> Result<&PcaResult, Error> {
        match &self.state {
            State::Passes(PcaStep::Complete(result)) => Ok(result),
            _ => Err(Error::Outcome("the projections".into())),
        }
    }
}

impl Coordinate for Component {
    fn advance(&mut self, result: Option<StageResult>) -> Result<Option<Stage>, Error> {
        if let Some(result) = result {
            self.accept(&result)?;
        }
        Ok(self.next_stage())
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

    /// Numbers of the second stage that are not known yet are placeholders.
    fn planned_stages(&self) -> Vec<Stage> {
        let second = matches!(self.state, State::Passes(_)).then(|| PcaStep::placeholder(&self.setup));
        self.next_stage().into_iter().chain(second.and_then(|step| self.stage_of(&step))).collect()
    }

    fn plan_notes(&self) -> Vec<String> {
        if self.setup.is_small() {
            return Vec::new();
        }
        let average = "the average takes as many passes as it needs to converge, often 3 to 6";
        let average = self.setup.aligns_to_average.then_some(average);
        let more = [
            "components take as many passes as they need to converge, often 10 to 20",
            "then a pass for the projections, as fast as reading",
        ];
        average.into_iter().chain(more).map(str::to_owned).collect()
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
