//! What do umbrella windows tell together, and which of them are connected by overlap?
use super::blocks::Blocks;
use super::component::Component;
use super::consistency::Consistency;
use super::error::Error;
use super::overlap::histogram_overlap;
use super::window::by_center;
use super::{Bins, Estimator, Inefficiency, Overlap, Window};
use crate::science::connected_sets::connected_sets;
use crate::seed::{CampaignSeed, Purpose};
use serde::{Deserialize, Serialize};

/// Two windows are connected where their own samples determine the difference of their free energies to this error, kT.
const LARGEST_ERROR: f64 = 2.0;

pub struct Problem {
    pub windows: Vec<Window>,
    pub bins: Bins,
    /// `[windows]`.
    pub inefficiencies: Vec<Inefficiency>,
    /// Neighbors in the order of centers, the last and the first too where the coordinate is periodic.
    pub overlaps: Vec<Overlap>,
    /// MBAR's overlap matrix `[windows][windows]`: each row sums to 1.
    pub overlap_matrix: Vec<Vec<f64>>,
    /// `[windows]`.
    pub consistency: Vec<Consistency>,
    pub(super) components: Vec<Component>,
    blocks: Vec<Blocks>,
}

/// Free energies of one bootstrap replicate, or of all samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replicate {
    /// `[windows]`, kT, relative to the first window of each component.
    pub free_energies: Vec<f64>,
    /// -ln P `[bins]`, kT; none without samples.
    #[serde(with = "or_nan")]
    pub profile: Vec<Option<f64>>,
}

/// How replicates are recorded: bins without samples are NaN.
mod or_nan {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(profile: &[Option<f64>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(profile.iter().map(|value| value.unwrap_or(f64::NAN)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<f64>>, D::Error> {
        let profile = Vec::<f64>::deserialize(deserializer)?;
        Ok(profile.into_iter().map(|value| Some(value).filter(|value| !value.is_nan())).collect())
    }
}

impl Problem {
    /// Finds the free energies of `windows`.
    ///
    /// # Errors
    /// There are no windows, one has no samples, or the equations do not converge.
    pub fn new(windows: Vec<Window>, bins: Bins, estimator: Estimator) -> Result<Self, Error> {
        if windows.is_empty() {
            return Err(Error::NoWindow);
        }
        if let Some(window) = windows.iter().position(|window| window.samples.is_empty()) {
            return Err(Error::NoSamples { window });
        }
        let inefficiencies: Vec<Inefficiency> = windows.iter().map(|window| inefficiency(window, &bins)).collect();
        let blocks = windows.iter().zip(&inefficiencies).map(|(w, g)| Blocks::new(w.samples.len(), g)).collect();
        let whole = Component::new(&windows, (0..windows.len()).collect(), &bins, estimator)?;
        let shared = whole.shared();
        // The error of a difference from what two windows share, S, is about sqrt(g/S).
        let is_connected = |&(a, b): &(usize, usize)| {
            let g = f64::max(inefficiencies[a].g, inefficiencies[b].g);
            shared[a][b] * LARGEST_ERROR * LARGEST_ERROR >= g
        };
        let pairs = (0..windows.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let groups = connected_sets(windows.len(), pairs.filter(is_connected));
        let components = match groups.len() {
            1 => vec![whole],
            _ => groups
                .into_iter()
                .map(|group| Component::new(&windows, group, &bins, estimator))
                .collect::<Result<_, _>>()?,
        };
        let size = |k: usize| windows[k].samples.len() as f64;
        let overlap_matrix: Vec<Vec<f64>> =
            shared.iter().enumerate().map(|(a, row)| row.iter().map(|s| s / size(a)).collect()).collect();
        let overlap = |(a, b): (usize, usize)| Overlap {
            windows: (a, b),
            histogram: histogram_overlap(&bins, &windows[a].samples, &windows[b].samples),
            matrix: overlap_matrix[a][b].min(overlap_matrix[b][a]),
        };
        let overlaps = neighbors(&windows, &bins).into_iter().map(overlap).collect();
        let consistency = consistency(&windows, &inefficiencies, &components);
        Ok(Self { bins, inefficiencies, overlaps, overlap_matrix, consistency, components, blocks, windows })
    }

    /// Neighbors that are in different components.
    pub fn gaps(&self) -> Vec<&Overlap> {
        let component = self.component_of_windows();
        self.overlaps.iter().filter(|overlap| component[overlap.windows.0] != component[overlap.windows.1]).collect()
    }

    /// The index of the component of every window, `[windows]`.
    pub fn component_of_windows(&self) -> Vec<usize> {
        let mut found = vec![0; self.windows.len()];
        for (index, component) in self.components.iter().enumerate() {
            component.windows.iter().for_each(|window| found[*window] = index);
        }
        found
    }

    /// The largest number of Newton steps of a component.
    pub fn steps(&self) -> usize {
        self.components.iter().map(|component| component.steps).max().unwrap_or(0)
    }

    /// Bootstrap replicate `index`: a function of the windows, the seed and the index alone. None where its equations cannot be solved.
    pub fn replicate(&self, index: u64, seed: CampaignSeed) -> Option<Replicate> {
        let mut found = self.empty_replicate();
        for component in &self.components {
            let draw = |window: usize, weights: &mut Vec<f64>| {
                let stream = index * self.windows.len() as u64 + window as u64;
                self.blocks[window].draw(&mut seed.stream(stream, Purpose::Bootstrap), weights);
            };
            let resampled = component.replicate(&self.windows, &self.bins, &self.blocks, draw)?;
            for ((k, estimate), change) in component.windows.iter().zip(component.free_energies()).zip(resampled.change)
            {
                found.free_energies[*k] = estimate + change;
            }
            resampled.profile.into_iter().for_each(|(bin, f)| found.profile[bin] = Some(f));
        }
        Some(found)
    }

    /// The free energies of all samples, each of weight 1.
    pub(super) fn estimate(&self) -> Replicate {
        let mut found = self.empty_replicate();
        for component in &self.components {
            component.windows.iter().zip(component.free_energies()).for_each(|(k, f)| found.free_energies[*k] = *f);
            component.profile.iter().for_each(|(bin, f)| found.profile[*bin] = Some(*f));
        }
        found
    }

    /// Windows that are inconsistent with the others, ascending.
    pub fn inconsistent(&self) -> Vec<usize> {
        (0..self.windows.len()).filter(|k| self.consistency[*k].is_inconsistent()).collect()
    }

    fn empty_replicate(&self) -> Replicate {
        Replicate { free_energies: vec![0.0; self.windows.len()], profile: vec![None; self.bins.count] }
    }
}

/// How consistent each window is with the others of its component, `[windows]`.
fn consistency(windows: &[Window], inefficiencies: &[Inefficiency], components: &[Component]) -> Vec<Consistency> {
    let variance = |k: &usize| inefficiencies[*k].g / windows[*k].samples.len() as f64;
    let mut found = Vec::with_capacity(windows.len());
    for component in components {
        let variances: Vec<f64> = component.windows.iter().map(variance).collect();
        for (index, shared) in component.shared().iter().enumerate() {
            let comparison = component.comparisons.as_ref().map(|comparisons| comparisons[index]);
            let k = component.windows[index];
            let row: Vec<f64> = shared.iter().map(|shared| shared / windows[k].samples.len() as f64).collect();
            found.push((k, Consistency::new(comparison, index, &row, &variances)));
        }
    }
    found.sort_by_key(|(k, _)| *k);
    found.into_iter().map(|(_, consistency)| consistency).collect()
}

/// The statistical inefficiency of a window's time series.
pub(super) fn inefficiency(window: &Window, bins: &Bins) -> Inefficiency {
    let displacement = |x: &f64| bins.axis.displacement(*x, window.center);
    Inefficiency::from_series(&window.samples.iter().map(displacement).collect::<Vec<_>>())
}

/// Pairs of windows with consecutive centers.
fn neighbors(windows: &[Window], bins: &Bins) -> Vec<(usize, usize)> {
    let order = by_center(windows.iter());
    let mut pairs: Vec<(usize, usize)> = order.windows(2).map(|pair| (pair[0], pair[1])).collect();
    if bins.axis.period.is_some() && order.len() > 2 {
        pairs.push((order[order.len() - 1], order[0]));
    }
    pairs
}
