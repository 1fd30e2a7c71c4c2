//! Which pass over the frames comes next?
use super::Setup;
use super::pass::{Average, Overlay, Pass, Sums, Work};
use super::shelf::Shelf;
use crate::campaigns::stage::{Error, StageResult};
use crate::science::pca::{Components, Krylov, Superposition, WIDE, is_dense};
use crate::seed::{CampaignSeed, Purpose};
use std::sync::{Arc, Mutex, PoisonError};

/// The average of superposed frames stays when it moves less than this, nm (root mean square over atoms).
const STAYS: f64 = 1e-7;
/// More rounds than any trajectory needs.
const MOST_ROUNDS: usize = 100;
/// More passes than any spectrum needs.
const MOST_PASSES: usize = 300;
/// Mean square motion of an atom below which it does not move, nm^2: what coordinates in files cannot tell.
const STILL: f64 = 1e-12;

/// A campaign's way, and how far results have been followed along it.
pub struct Course {
    followed: Mutex<(usize, Step)>,
    shelf: Arc<Shelf>,
}

/// What is known, and with that what comes next.
enum Step {
    Align(Overlay),
    Average(Overlay),
    Covariance(Overlay, Average),
    Product { overlay: Overlay, average: Average, search: Box<Krylov>, passes: usize, variance: f64 },
    Projection(Arc<Found>),
    End(Arc<Found>, Arc<Vec<f64>>),
}

/// The components.
pub struct Found {
    pub overlay: Overlay,
    pub average: Average,
    pub components: Components,
    /// The trace of the covariance, nm^2.
    pub variance: f64,
}

/// All results.
pub struct Outcome {
    pub found: Arc<Found>,
    /// `[frames, components]`, nm.
    pub projections: Arc<Vec<f64>>,
}

impl Outcome {
    /// The projections of all frames on one component, nm.
    pub fn along(&self, component: usize) -> Vec<f64> {
        self.projections.iter().skip(component).step_by(self.found.components.values.len()).copied().collect()
    }
}

impl Course {
    /// From the beginning.
    pub fn new(setup: &Setup) -> Self {
        Self { followed: Mutex::new((0, Step::first(setup))), shelf: Arc::default() }
    }

    /// Hands the step that the results `done` lead to, and how many of them are of passes, to `take`. What was followed before is not
    /// followed again.
    fn follow<R>(&self, setup: &Setup, done: &[StageResult], take: impl FnOnce(&Step, usize) -> R) -> Result<R, Error> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        // After an error it begins anew.
        let (mut count, mut step) = std::mem::replace(&mut *followed, (0, Step::first(setup)));
        if count > done.len() {
            (count, step) = (0, Step::first(setup));
        }
        // Results of windows come behind the last pass.
        while count < done.len() && !matches!(step, Step::End(..)) {
            step = step.advance(setup, &done[count])?;
            count += 1;
        }
        *followed = (count, step);
        Ok(take(&followed.1, count))
    }

    /// The pass after those done.
    ///
    /// # Errors
    /// A frame cannot be used, or the frames do not suffice.
    pub fn next(&self, setup: &Arc<Setup>, done: &[StageResult]) -> Result<Option<Pass>, Error> {
        self.follow(setup, done, |step, _| step.pass(setup, &self.shelf, done.len()))
    }

    /// What all passes gave, and the results that come after theirs.
    ///
    /// # Errors
    /// As [`next`](Self::next), or there are passes to come.
    pub fn outcome<'d>(&self, setup: &Setup, done: &'d [StageResult]) -> Result<(Outcome, &'d [StageResult]), Error> {
        let end = self.follow(setup, done, |step, passes| match step {
            Step::End(found, projections) => {
                let outcome = Outcome { found: Arc::clone(found), projections: Arc::clone(projections) };
                Some((outcome, &done[passes..]))
            }
            _ => None,
        });
        end?.ok_or_else(|| Error::Outcome("the projections".into()))
    }

    /// Passes that are sure to come, with what they do on numbers that are not known yet.
    pub fn foreseen(&self, setup: &Arc<Setup>) -> Vec<Pass> {
        let first = Step::first(setup);
        let superposition = Arc::clone(&setup.superposition);
        let overlay = Overlay { round: 0, superposition };
        let coordinates = 3 * setup.chosen.len();
        let average = Average { mean: vec![0.0; coordinates], radius: 1e3 };
        let second = match is_dense(coordinates, setup.components) {
            true => Step::Covariance(overlay.clone(), average),
            false => Step::product(setup, overlay.clone(), average),
        };
        let steps = [first, second];
        steps.iter().filter_map(|step| step.pass(setup, &self.shelf, 0)).collect()
    }

    /// What else `plan` tells.
    pub fn foretold(&self, setup: &Setup) -> Vec<String> {
        let mut lines = vec!["then a pass for the projections, as fast as reading".to_owned()];
        if !is_dense(3 * setup.chosen.len(), setup.components) {
            lines.insert(0, "components take as many passes as they need to converge, often 10 to 20".to_owned());
        }
        if setup.to_average {
            lines.insert(0, "the average takes as many passes as it needs to stay, often 3 to 6".to_owned());
        }
        lines
    }
}

impl Step {
    fn first(setup: &Setup) -> Self {
        let overlay = Overlay { round: 0, superposition: Arc::clone(&setup.superposition) };
        match setup.to_average {
            true => Self::Align(overlay),
            false => Self::Average(overlay),
        }
    }

    fn product(setup: &Setup, overlay: Overlay, average: Average) -> Self {
        let mut stream = CampaignSeed::stream(setup.seed, 0, Purpose::KrylovVectors);
        let search = Box::new(Krylov::new(average.mean.len(), setup.components, &mut stream));
        Self::Product { overlay, average, search, passes: 0, variance: 0.0 }
    }

    /// The pass that this step waits for; none at the end.
    fn pass(&self, setup: &Arc<Setup>, shelf: &Arc<Shelf>, done: usize) -> Option<Pass> {
        let pass = |name: String, overlay: &Overlay, work: Work| Pass {
            name,
            setup: Arc::clone(setup),
            shelf: Arc::clone(shelf),
            overlay: overlay.clone(),
            work,
        };
        Some(match self {
            Self::Align(overlay) => pass(format!("alignment-{}", done + 1), overlay, Work::Average),
            Self::Average(overlay) => pass("average".into(), overlay, Work::Average),
            Self::Covariance(overlay, average) => pass("covariance".into(), overlay, Work::Covariance(average.clone())),
            Self::Product { overlay, average, search, passes, .. } => {
                let (average, is_first) = (average.clone(), *passes == 0);
                let work = Work::Product { average, block: search.block(), is_first };
                pass(format!("components-{}", passes + 1), overlay, work)
            }
            Self::Projection(found) => {
                let (average, blocks) = (found.average.clone(), blocks_of(&found.components.vectors));
                let work = Work::Projection { average, blocks, components: found.components.values.len() };
                pass("projection".into(), &found.overlay, work)
            }
            Self::End(..) => return None,
        })
    }

    fn advance(self, setup: &Setup, result: &StageResult) -> Result<Self, Error> {
        let sums = usable(result)?;
        let frames = setup.frames.count() as f64;
        let per_freedom = |sum: f64| sum / (frames - 1.0);
        Ok(match self {
            Self::Align(overlay) => align(setup, &overlay, &mean(&sums, frames))?,
            Self::Average(overlay) => {
                let mean = mean(&sums, frames);
                // The mean is no farther from the reference than the frame that is farthest.
                let average = Average { mean, radius: 2.0 * sums.largest.sqrt() };
                match is_dense(average.mean.len(), setup.components) {
                    true => Self::Covariance(overlay, average),
                    false => Self::product(setup, overlay, average),
                }
            }
            Self::Covariance(overlay, average) => {
                let upper: Vec<f64> = sums.sums.values().into_iter().map(per_freedom).collect();
                let components = Components::of_dense(&upper, average.mean.len(), setup.components);
                let variance = per_freedom(sums.squares.values()[0]);
                Self::found(setup, Found { overlay, average, components, variance })?
            }
            Self::Product { overlay, average, mut search, passes, variance } => {
                let variance = if passes == 0 { per_freedom(sums.squares.values()[0]) } else { variance };
                let products: Vec<f64> = sums.sums.values().into_iter().map(per_freedom).collect();
                match search.take(&products) {
                    Some(components) => Self::found(setup, Found { overlay, average, components, variance })?,
                    None if passes + 1 == MOST_PASSES => {
                        let text = format!("the components have not converged in {MOST_PASSES} passes: ask for fewer");
                        return Err(Error::Unusable(text));
                    }
                    None => Self::Product { overlay, average, search, passes: passes + 1, variance },
                }
            }
            Self::Projection(found) => {
                let projections = sums.projections.into_values().flatten().collect();
                Self::End(found, Arc::new(projections))
            }
            Self::End(..) => self,
        })
    }

    fn found(setup: &Setup, found: Found) -> Result<Self, Error> {
        if found.variance <= STILL * setup.chosen.len() as f64 {
            let text = "the atoms of `selection` do not move: all frames are alike, so that there are no components";
            return Err(Error::Unusable(text.into()));
        }
        let (there, wanted) = (found.components.values.len(), setup.components);
        if there < wanted {
            let text = format!("only {there} components have a variance, not {wanted}: set components = {there}");
            return Err(Error::Unusable(text));
        }
        Ok(Self::Projection(Arc::new(found)))
    }
}

/// The value of a pass, if it is of all frames.
fn usable(result: &StageResult) -> Result<Sums, Error> {
    if let Some(failure) = result.failed.first() {
        let text = format!(
            "{} of {} chunks of frames could not be read: {}",
            result.failed.len(),
            result.tasks,
            failure.cause
        );
        return Err(Error::Unread(text));
    }
    let sums: Sums = result.value()?;
    match sums.fault {
        Some((_, fault)) => Err(Error::Unusable(fault)),
        None => Ok(sums),
    }
}

fn mean(sums: &Sums, frames: f64) -> Vec<f64> {
    sums.sums.values().into_iter().map(|sum| sum / frames).collect()
}

/// The next round of alignment, onto the average of this one; or, if that has stayed, what comes after.
fn align(setup: &Setup, overlay: &Overlay, mean: &[f64]) -> Result<Step, Error> {
    let moved = (mean.iter().map(|x| x * x).sum::<f64>() / setup.fitted.len() as f64).sqrt();
    let target = overlay.superposition.moved_target(mean);
    let round = overlay.round + 1;
    if moved > STAYS && round == MOST_ROUNDS {
        let text = format!("the average has not stayed in {MOST_ROUNDS} rounds: set align_to = \"first\"");
        return Err(Error::Unusable(text));
    }
    let (chosen, origin) = match moved <= STAYS {
        true => (setup.chosen.clone(), setup.superposition_origin()),
        false => (setup.fitted.clone(), target.clone()),
    };
    let superposition = Superposition::over(setup.fitted.clone(), chosen, &target, &origin)
        .map_err(|error| Error::Unusable(error.to_string()))?;
    let next = Overlay { round, superposition: Arc::new(superposition) };
    Ok(if moved <= STAYS { Step::Average(next) } else { Step::Align(next) })
}

/// Vectors side by side, `[3n, WIDE]` each; the last ones are zero where they do not fill a block.
fn blocks_of(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let block = |vectors: &[Vec<f64>]| {
        let mut block = vec![0.0; vectors[0].len() * WIDE];
        for (k, vector) in vectors.iter().enumerate() {
            vector.iter().enumerate().for_each(|(i, x)| block[i * WIDE + k] = *x);
        }
        block
    };
    vectors.chunks(WIDE).map(block).collect()
}
