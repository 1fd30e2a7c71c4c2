//! Which pass over the frames comes next?
//!
//! ```text
//! [alignment-1, -2, ... until the average converges] -> average -> components-1, -2, ... -> projection
//! ```
use super::alignment::Alignment;
use super::frame_cache::FrameCache;
use super::pass::{Average, Operation, Pass, PassSums};
use super::setup::Setup;
use crate::campaigns::stage::Error;
use crate::science::pca::{Components, Krylov, Superposition, Width};
use crate::seed::{CampaignSeed, Purpose};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The average of superposed frames has converged when it moves less than this, nm (root mean square over atoms).
const CONVERGED: f64 = 1e-7;
/// More iterations of the alignment than any trajectory needs.
const MAX_ALIGNMENTS: usize = 100;
/// More products with the covariance than any spectrum needs.
const MAX_PRODUCTS: usize = 2400;
/// Mean square motion of an atom below which it does not move, nm^2: less than coordinates in files resolve.
const MIN_VARIANCE: f64 = 1e-12;

/// What comes next, with all that is known for it.
pub enum PcaStep {
    Align(Alignment),
    Average(Alignment),
    Product(Box<Search>),
    Projection(Arc<PrincipalComponents>),
    Complete(PcaResult),
}

/// The iterative solution for the components.
pub struct Search {
    alignment: Alignment,
    average: Average,
    krylov: Krylov,
    passes: usize,
    /// The trace of the covariance, nm^2; known after the first pass.
    variance: f64,
}

/// The principal components, and the frame in which they are defined.
#[derive(Debug, Serialize, Deserialize)]
pub struct PrincipalComponents {
    pub alignment: Alignment,
    pub average: Average,
    pub modes: Components,
    /// The trace of the covariance, nm^2.
    pub variance: f64,
}

/// Components and projections.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PcaResult {
    pub components: Arc<PrincipalComponents>,
    /// `[frames, components]`, nm.
    pub projections: Arc<Vec<f64>>,
}

impl PcaResult {
    /// The projections of all frames on one component, nm.
    pub fn along(&self, component: usize) -> Vec<f64> {
        self.projections.iter().skip(component).step_by(self.components.modes.values.len()).copied().collect()
    }
}

impl PcaStep {
    /// The first step.
    pub fn first(setup: &Setup) -> Self {
        let alignment = Alignment { round: 0, superposition: Arc::clone(&setup.superposition) };
        match setup.aligns_to_average {
            true => Self::Align(alignment),
            false => Self::Average(alignment),
        }
    }

    /// The step after the average, with placeholders for its numbers.
    pub fn placeholder(setup: &Setup) -> Self {
        let alignment = Alignment { round: 0, superposition: Arc::clone(&setup.superposition) };
        Self::product(setup, alignment, Average { mean: vec![0.0; 3 * setup.selected.len()], radius: 1e3 })
    }

    fn product(setup: &Setup, alignment: Alignment, average: Average) -> Self {
        let mut stream = CampaignSeed::stream(setup.seed, 0, Purpose::KrylovVectors);
        // Few frames stay in the cache of the processor: products take the time, not passes.
        let width = if setup.is_small() { Width::Narrow } else { Width::Wide };
        let krylov = Krylov::new(average.mean.len(), setup.components, width, &mut stream);
        Self::Product(Box::new(Search { alignment, average, krylov, passes: 0, variance: 0.0 }))
    }

    /// The pass that this step needs; none when all is known.
    pub fn pass(&self, setup: &Arc<Setup>, frame_cache: &Arc<FrameCache>) -> Option<Pass> {
        let pass = |name: String, alignment: &Alignment, operation: Operation| Pass {
            name,
            setup: Arc::clone(setup),
            frame_cache: Arc::clone(frame_cache),
            alignment: alignment.clone(),
            operation,
        };
        Some(match self {
            Self::Align(alignment) => pass(format!("alignment-{}", alignment.round + 1), alignment, Operation::Average),
            Self::Average(alignment) => pass("average".into(), alignment, Operation::Average),
            Self::Product(search) => {
                let (average, vectors) = (search.average.clone(), search.krylov.block());
                let operation = Operation::Product { average, vectors, is_first: search.passes == 0 };
                pass(format!("components-{}", search.passes + 1), &search.alignment, operation)
            }
            Self::Projection(components) => {
                let (average, vectors) = (components.average.clone(), components.modes.vectors.concat());
                let operation = Operation::Projection { average, vectors };
                pass("projection".into(), &components.alignment, operation)
            }
            Self::Complete(_) => return None,
        })
    }

    /// The step after this one, from the sums of its pass.
    ///
    /// # Errors
    /// A frame cannot be used, or the frames do not suffice.
    pub fn advance(self, setup: &Setup, sums: PassSums) -> Result<Self, Error> {
        if let Some((_, fault)) = sums.fault {
            return Err(Error::Unusable(fault));
        }
        let frames = setup.frames.count() as f64;
        Ok(match self {
            Self::Align(alignment) => align(setup, &alignment, &mean(&sums, frames))?,
            Self::Average(alignment) => {
                let mean = mean(&sums, frames);
                // The mean is no farther from the reference than the farthest frame.
                Self::product(setup, alignment, Average { mean, radius: 2.0 * sums.largest.sqrt() })
            }
            Self::Product(search) => search.advance(setup, sums)?,
            Self::Projection(components) => {
                Self::Complete(PcaResult { components, projections: Arc::new(sums.projected()) })
            }
            Self::Complete(_) => self,
        })
    }
}

impl Search {
    fn advance(mut self, setup: &Setup, sums: PassSums) -> Result<PcaStep, Error> {
        let per_freedom = |sum: f64| sum / (setup.frames.count() as f64 - 1.0);
        if self.passes == 0 {
            self.variance = per_freedom(sums.squares.values()[0]);
        }
        self.passes += 1;
        let products: Vec<f64> = sums.sums.values().into_iter().map(per_freedom).collect();
        let Some(modes) = self.krylov.add_products(&products) else {
            if self.krylov.multiplied() >= MAX_PRODUCTS {
                let text =
                    format!("the components have not converged after {} passes: set fewer components", self.passes);
                return Err(Error::Unusable(text));
            }
            return Ok(PcaStep::Product(Box::new(self)));
        };
        let Self { alignment, average, variance, .. } = self;
        Ok(PcaStep::Projection(PrincipalComponents { alignment, average, modes, variance }.checked(setup)?))
    }
}

impl PrincipalComponents {
    fn checked(self, setup: &Setup) -> Result<Arc<Self>, Error> {
        if self.variance <= MIN_VARIANCE * setup.selected.len() as f64 {
            let text =
                "the atoms of `selection` do not move: all frames are the same, so there are no principal components";
            return Err(Error::Unusable(text.into()));
        }
        let (available, requested) = (self.modes.values.len(), setup.components);
        if available < requested {
            let text =
                format!("only {available} components have a variance, not {requested}: set components = {available}");
            return Err(Error::Unusable(text));
        }
        Ok(Arc::new(self))
    }
}

fn mean(sums: &PassSums, frames: f64) -> Vec<f64> {
    sums.sums.values().into_iter().map(|sum| sum / frames).collect()
}

/// The next alignment, onto the average of this one; or, if that has converged, what comes after.
fn align(setup: &Setup, alignment: &Alignment, mean: &[f64]) -> Result<PcaStep, Error> {
    let moved = (mean.iter().map(|x| x * x).sum::<f64>() / setup.fitted.len() as f64).sqrt();
    let target = alignment.superposition.moved_target(mean);
    let round = alignment.round + 1;
    if moved > CONVERGED && round == MAX_ALIGNMENTS {
        let text = format!("the average has not converged after {MAX_ALIGNMENTS} iterations: set align_to = \"first\"");
        return Err(Error::Unusable(text));
    }
    let (chosen, origin) = match moved <= CONVERGED {
        true => (setup.selected.clone(), setup.selected_in_first_frame()),
        false => (setup.fitted.clone(), target.clone()),
    };
    let superposition = Superposition::onto(setup.fitted.clone(), chosen, &target, &origin)
        .map_err(|error| Error::Unusable(error.to_string()))?;
    let next = Alignment { round, superposition: Arc::new(superposition) };
    Ok(if moved <= CONVERGED { PcaStep::Average(next) } else { PcaStep::Align(next) })
}
