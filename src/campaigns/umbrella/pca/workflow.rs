//! Which stages lead to the principal components?
use super::frame_cache::FrameCache;
use super::setup::Setup;
use super::single_pass::SinglePass;
use super::step::{PcaResult, PcaStep};
use crate::campaigns::stage::{Error, Stage, StageResult};
use std::sync::Arc;

/// The stages of a principal component analysis and how far they have come.
pub struct Workflow {
    setup: Arc<Setup>,
    frame_cache: Arc<FrameCache>,
    state: State,
}

enum State {
    /// One task takes all steps; it has not run.
    SinglePass,
    /// A pass over the frames comes next, or none.
    Passes(PcaStep),
}

impl Workflow {
    /// A workflow of which nothing has run.
    pub fn new(setup: &Arc<Setup>) -> Self {
        let state = if setup.is_small() { State::SinglePass } else { State::Passes(PcaStep::first(setup)) };
        Self { setup: Arc::clone(setup), frame_cache: Arc::default(), state }
    }

    /// Accepts the result of the stage that came next.
    ///
    /// # Errors
    /// A frame cannot be read or used, or the frames do not suffice.
    pub fn accept(&mut self, result: &StageResult) -> Result<(), Error> {
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
    pub fn next_stage(&self) -> Option<Stage> {
        match &self.state {
            State::SinglePass => Some(SinglePass::stage(&self.setup)),
            State::Passes(step) => self.stage_of(step),
        }
    }

    /// Components and projections, once they are known.
    pub fn result(&self) -> Option<&PcaResult> {
        match &self.state {
            State::Passes(PcaStep::Complete(result)) => Some(result),
            _ => None,
        }
    }

    /// Stages that are sure to come, with placeholders for numbers that are not known yet.
    pub fn planned_stages(&self) -> Vec<Stage> {
        let second = matches!(self.state, State::Passes(_)).then(|| PcaStep::placeholder(&self.setup));
        self.next_stage().into_iter().chain(second.and_then(|step| self.stage_of(&step))).collect()
    }

    /// Further lines for `plan`.
    pub fn plan_notes(&self) -> Vec<String> {
        if self.setup.is_small() {
            return Vec::new();
        }
        let mut lines = vec!["then a pass for the projections, as fast as reading".to_owned()];
        lines.insert(0, "components take as many passes as they need to converge, often 10 to 20".to_owned());
        if self.setup.aligns_to_average {
            lines.insert(0, "the average takes as many passes as it needs to converge, often 3 to 6".to_owned());
        }
        lines
    }

    fn stage_of(&self, step: &PcaStep) -> Option<Stage> {
        Some(step.pass(&self.setup, &self.frame_cache)?.into_stage())
    }
}
