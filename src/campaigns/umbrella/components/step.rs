//! Which pass over the frames comes next?
//!
//! ```text
//! [alignment-1, -2, ... until the average stays] -> average -> components-1, -2, ... -> projection
//! ```
use super::Setup;
use super::pass::{Average, Overlay, Pass, Sums, Work};
use super::shelf::Shelf;
use crate::campaigns::stage::Error;
use crate::science::pca::{Components, Krylov, Superposition, Width};
use crate::seed::{CampaignSeed, Purpose};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The average of superposed frames stays when it moves less than this, nm (root mean square over atoms).
const STAYS: f64 = 1e-7;
/// More rounds than any trajectory needs.
const MOST_ROUNDS: usize = 100;
/// More products than any spectrum needs.
const MOST_PRODUCTS: usize = 2400;
/// Mean square motion of an atom below which it does not move, nm^2: what coordinates in files cannot tell.
const STILL: f64 = 1e-12;

/// What is known, and with that what comes next.
pub enum Step {
    Align(Overlay),
    Average(Overlay),
    Product(Box<Search>),
    Projection(Arc<Found>),
    End(Outcome),
}

/// On the way to the components.
pub struct Search {
    overlay: Overlay,
    average: Average,
    krylov: Krylov,
    passes: usize,
    /// The trace of the covariance, nm^2; known after the first pass.
    variance: f64,
}

/// The components.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    pub overlay: Overlay,
    pub average: Average,
    pub components: Components,
    /// The trace of the covariance, nm^2.
    pub variance: f64,
}

/// All results.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

impl Step {
    /// The beginning.
    pub fn first(setup: &Setup) -> Self {
        let overlay = Overlay { round: 0, superposition: Arc::clone(&setup.superposition) };
        match setup.to_average {
            true => Self::Align(overlay),
            false => Self::Average(overlay),
        }
    }

    /// A step that is sure to come, with numbers that are not known yet.
    pub fn foreseen(setup: &Setup) -> Self {
        let overlay = Overlay { round: 0, superposition: Arc::clone(&setup.superposition) };
        Self::product(setup, overlay, Average { mean: vec![0.0; 3 * setup.chosen.len()], radius: 1e3 })
    }

    fn product(setup: &Setup, overlay: Overlay, average: Average) -> Self {
        let mut stream = CampaignSeed::stream(setup.seed, 0, Purpose::KrylovVectors);
        // Few frames stay near the processor: products are what takes time, not passes.
        let width = if setup.is_small() { Width::Narrow } else { Width::Wide };
        let krylov = Krylov::new(average.mean.len(), setup.components, width, &mut stream);
        Self::Product(Box::new(Search { overlay, average, krylov, passes: 0, variance: 0.0 }))
    }

    /// The pass that this step waits for; none at the end.
    pub fn pass(&self, setup: &Arc<Setup>, shelf: &Arc<Shelf>) -> Option<Pass> {
        let pass = |name: String, overlay: &Overlay, work: Work| Pass {
            name,
            setup: Arc::clone(setup),
            shelf: Arc::clone(shelf),
            overlay: overlay.clone(),
            work,
        };
        Some(match self {
            Self::Align(overlay) => pass(format!("alignment-{}", overlay.round + 1), overlay, Work::Average),
            Self::Average(overlay) => pass("average".into(), overlay, Work::Average),
            Self::Product(search) => {
                let (average, vectors) = (search.average.clone(), search.krylov.block());
                let work = Work::Product { average, vectors, is_first: search.passes == 0 };
                pass(format!("components-{}", search.passes + 1), &search.overlay, work)
            }
            Self::Projection(found) => {
                let work =
                    Work::Projection { average: found.average.clone(), vectors: found.components.vectors.concat() };
                pass("projection".into(), &found.overlay, work)
            }
            Self::End(_) => return None,
        })
    }

    /// The step after this one, from the sums that its pass gave.
    ///
    /// # Errors
    /// A frame cannot be used, or the frames do not suffice.
    pub fn advance(self, setup: &Setup, sums: Sums) -> Result<Self, Error> {
        if let Some((_, fault)) = sums.fault {
            return Err(Error::Unusable(fault));
        }
        let frames = setup.frames.count() as f64;
        Ok(match self {
            Self::Align(overlay) => align(setup, &overlay, &mean(&sums, frames))?,
            Self::Average(overlay) => {
                let mean = mean(&sums, frames);
                // The mean is no farther from the reference than the frame that is farthest.
                Self::product(setup, overlay, Average { mean, radius: 2.0 * sums.largest.sqrt() })
            }
            Self::Product(search) => search.advance(setup, sums)?,
            Self::Projection(found) => Self::End(Outcome { found, projections: Arc::new(sums.projected()) }),
            Self::End(_) => self,
        })
    }
}

impl Search {
    fn advance(mut self, setup: &Setup, sums: Sums) -> Result<Step, Error> {
        let per_freedom = |sum: f64| sum / (setup.frames.count() as f64 - 1.0);
        if self.passes == 0 {
            self.variance = per_freedom(sums.squares.values()[0]);
        }
        self.passes += 1;
        let products: Vec<f64> = sums.sums.values().into_iter().map(per_freedom).collect();
        let Some(components) = self.krylov.add_products(&products) else {
            if self.krylov.multiplied() >= MOST_PRODUCTS {
                let text = format!("the components have not converged in {} passes: ask for fewer", self.passes);
                return Err(Error::Unusable(text));
            }
            return Ok(Step::Product(Box::new(self)));
        };
        let Self { overlay, average, variance, .. } = self;
        Ok(Step::Projection(Found { overlay, average, components, variance }.checked(setup)?))
    }
}

impl Found {
    fn checked(self, setup: &Setup) -> Result<Arc<Self>, Error> {
        if self.variance <= STILL * setup.chosen.len() as f64 {
            let text = "the atoms of `selection` do not move: all frames are alike, so that there are no components";
            return Err(Error::Unusable(text.into()));
        }
        let (there, wanted) = (self.components.values.len(), setup.components);
        if there < wanted {
            let text = format!("only {there} components have a variance, not {wanted}: set components = {there}");
            return Err(Error::Unusable(text));
        }
        Ok(Arc::new(self))
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
    let superposition = Superposition::onto(setup.fitted.clone(), chosen, &target, &origin)
        .map_err(|error| Error::Unusable(error.to_string()))?;
    let next = Overlay { round, superposition: Arc::new(superposition) };
    Ok(if moved <= STAYS { Step::Average(next) } else { Step::Align(next) })
}
