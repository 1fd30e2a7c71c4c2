//! Which pass over the frames comes next?
//!
//! ```text
//! [alignment-1, -2, ... until the average stays] -> average -> covariance, or components-1, -2, ... -> projection
//! ```
use super::Setup;
use super::pass::{Average, Overlay, Pass, Sums, Work};
use super::shelf::Shelf;
use crate::campaigns::stage::Error;
use crate::science::pca::{Components, Krylov, Superposition, Width, blocks_of, is_dense};
use crate::seed::{CampaignSeed, Purpose};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The average of superposed frames stays when it moves less than this, nm (root mean square over atoms).
const STAYS: f64 = 1e-7;
/// More rounds than any trajectory needs.
const MOST_ROUNDS: usize = 100;
/// More passes than any spectrum needs.
const MOST_PASSES: usize = 300;
/// Mean square motion of an atom below which it does not move, nm^2: what coordinates in files cannot tell.
const STILL: f64 = 1e-12;

/// What is known, and with that what comes next.
pub enum Step {
    Align(Overlay),
    Average(Overlay),
    Covariance(Overlay, Average),
    Product { overlay: Overlay, average: Average, search: Box<Krylov>, passes: usize, variance: f64 },
    Projection(Arc<Found>),
    End(Outcome),
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
        Self::matrix(setup, overlay, Average { mean: vec![0.0; 3 * setup.chosen.len()], radius: 1e3 })
    }

    /// What comes after the average: the whole covariance, or products with it.
    fn matrix(setup: &Setup, overlay: Overlay, average: Average) -> Self {
        match is_dense(average.mean.len(), setup.components) {
            true => Self::Covariance(overlay, average),
            false => Self::product(setup, overlay, average),
        }
    }

    fn product(setup: &Setup, overlay: Overlay, average: Average) -> Self {
        let mut stream = CampaignSeed::stream(setup.seed, 0, Purpose::KrylovVectors);
        // Few frames stay near the processor: products are what takes time, not passes.
        let width = if setup.is_small() { Width::Narrow } else { Width::Wide };
        let search = Box::new(Krylov::new(average.mean.len(), setup.components, width, &mut stream));
        Self::Product { overlay, average, search, passes: 0, variance: 0.0 }
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
        let per_freedom = |sum: f64| sum / (frames - 1.0);
        Ok(match self {
            Self::Align(overlay) => align(setup, &overlay, &mean(&sums, frames))?,
            Self::Average(overlay) => {
                let mean = mean(&sums, frames);
                // The mean is no farther from the reference than the frame that is farthest.
                Self::matrix(setup, overlay, Average { mean, radius: 2.0 * sums.largest.sqrt() })
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
                Self::End(Outcome { found, projections: Arc::new(projections) })
            }
            Self::End(_) => self,
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
