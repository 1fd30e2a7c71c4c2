//! How far have results led, and what comes next?
use super::Setup;
use super::shelf::Shelf;
use super::step::{Outcome, Step};
use super::whole::Whole;
use crate::campaigns::stage::{Error, Shared, StageResult, share};
use std::sync::{Arc, Mutex, PoisonError};

/// A campaign's way to its components, and how far results have been followed along it.
pub struct Course {
    followed: Mutex<(usize, Reached)>,
    shelf: Arc<Shelf>,
}

/// Where results have led.
enum Reached {
    /// So few frames that one task takes all steps; it has not.
    Whole,
    Step(Step),
}

impl Reached {
    fn first(setup: &Setup) -> Self {
        if setup.is_small() { Self::Whole } else { Self::Step(Step::first(setup)) }
    }

    fn is_end(&self) -> bool {
        matches!(self, Self::Step(Step::End(_)))
    }

    fn advance(self, setup: &Setup, result: &StageResult) -> Result<Self, Error> {
        if let Some(failure) = result.failed.first() {
            let which = match result.tasks {
                1 => "frames".to_owned(),
                all => format!("{} of {all} chunks of frames", result.failed.len()),
            };
            return Err(Error::Unread(format!("{which} could not be read: {}", failure.cause)));
        }
        Ok(Self::Step(match self {
            Self::Whole => Step::End(Whole::outcome(result)?),
            Self::Step(step) => step.advance(setup, result.value()?)?,
        }))
    }

    /// The stage that is to come; none at the end.
    fn stage(&self, setup: &Arc<Setup>, shelf: &Arc<Shelf>) -> Option<Shared> {
        match self {
            Self::Whole => Some(share(Whole::new(setup))),
            Self::Step(step) => step.pass(setup, shelf).map(share),
        }
    }
}

impl Course {
    /// From the beginning.
    pub fn new(setup: &Setup) -> Self {
        Self { followed: Mutex::new((0, Reached::first(setup))), shelf: Arc::default() }
    }

    /// Hands what the results `done` lead to, and how many of them are on the way there, to `take`. What was followed before is not
    /// followed again.
    fn follow<R>(
        &self,
        setup: &Setup,
        done: &[StageResult],
        take: impl FnOnce(&Reached, usize) -> R,
    ) -> Result<R, Error> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        // After an error it begins anew.
        let (mut count, mut reached) = std::mem::replace(&mut *followed, (0, Reached::first(setup)));
        if count > done.len() {
            (count, reached) = (0, Reached::first(setup));
        }
        // Results of windows come behind the end.
        while count < done.len() && !reached.is_end() {
            reached = reached.advance(setup, &done[count])?;
            count += 1;
        }
        *followed = (count, reached);
        Ok(take(&followed.1, count))
    }

    /// The stage after those done; none at the end.
    ///
    /// # Errors
    /// A frame cannot be used, or the frames do not suffice.
    pub fn next(&self, setup: &Arc<Setup>, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        self.follow(setup, done, |reached, _| reached.stage(setup, &self.shelf))
    }

    /// What all stages gave, and the results that come after theirs.
    ///
    /// # Errors
    /// As [`next`](Self::next), or there are stages to come.
    pub fn outcome<'d>(&self, setup: &Setup, done: &'d [StageResult]) -> Result<(Outcome, &'d [StageResult]), Error> {
        let end = self.follow(setup, done, |reached, count| match reached {
            Reached::Step(Step::End(outcome)) => Some((outcome.clone(), &done[count..])),
            _ => None,
        });
        end?.ok_or_else(|| Error::Outcome("the projections".into()))
    }

    /// Stages that are sure to come, with what they do on numbers that are not known yet.
    pub fn foreseen(&self, setup: &Arc<Setup>) -> Vec<Shared> {
        let first = Reached::first(setup);
        let second = matches!(first, Reached::Step(_)).then(|| Reached::Step(Step::foreseen(setup)));
        [Some(first), second].into_iter().flatten().filter_map(|reached| reached.stage(setup, &self.shelf)).collect()
    }

    /// What else `plan` tells.
    pub fn foretold(&self, setup: &Setup) -> Vec<String> {
        if setup.is_small() {
            return Vec::new();
        }
        let mut lines = vec!["then a pass for the projections, as fast as reading".to_owned()];
        lines.insert(0, "components take as many passes as they need to converge, often 10 to 20".to_owned());
        if setup.to_average {
            lines.insert(0, "the average takes as many passes as it needs to stay, often 3 to 6".to_owned());
        }
        lines
    }
}
