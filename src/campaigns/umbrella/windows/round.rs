//! Which windows are sampled next?
use super::{Placing, Recipe};
use crate::campaigns::pmf::Umbrella;
use crate::campaigns::stage::Error;
use crate::science::free_energy::histogram_overlap;
use crate::science::placement::{Sampled, closest, spacing};

/// Neighbours whose histograms have less than this in common get a window between them, where that is wanted.
const LEAST_OVERLAP: f64 = 0.1;

/// A window that is to be sampled.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Among all of the campaign, counted from 0.
    pub index: usize,
    /// nm.
    pub center: f64,
    /// kJ/mol/nm^2.
    pub force_constant: f64,
    /// The frame of the trajectory that it starts from.
    pub frame: usize,
}

impl Window {
    /// What messages call it.
    pub fn label(&self) -> String {
        format!("window {} ({:.4} nm)", self.index, self.center)
    }
}

/// Windows that are sampled together.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Counted from 1.
    pub number: usize,
    pub windows: Vec<Window>,
    /// Why, and where they stand.
    pub occasion: Vec<String>,
}

impl Recipe {
    /// The windows of the beginning, from projections `along` of all frames, nm.
    ///
    /// # Errors
    /// A centre that was given is beyond all frames.
    pub fn first_round(&self, along: &[f64]) -> Result<Round, Error> {
        let sampled = Sampled::new(along.to_vec());
        let centers = match &self.placing {
            Placing::Even(count) => sampled.even(*count),
            Placing::Quantiles(count) => sampled.by_quantiles(*count),
            Placing::Given(centers) => centers.clone(),
        };
        let (least, most) = sampled.extent();
        let outside = centers.iter().position(|center| !(least..=most).contains(center));
        if let Some(place) = outside {
            let text = format!(
                "umbrella.centers: {} nm (entry {place}) lies outside of the sampled range, where no frame is to start from: \
                 projections on component {} go from {least:.4} to {most:.4} nm; move the centre, or sample further",
                centers[place],
                self.component + 1
            );
            return Err(Error::Unusable(text));
        }
        let window = |(index, &center): (usize, &f64)| {
            let spacing = spacing(&centers, index);
            self.window(index, center, spacing, &sampled, along)
        };
        let windows: Vec<Window> = centers.iter().enumerate().map(window).collect();
        let (first, last) = (
            centers.iter().copied().fold(f64::INFINITY, f64::min),
            centers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        );
        let stiffness = windows.iter().map(|window| window.force_constant);
        let (soft, stiff) = stiffness.fold((f64::INFINITY, 0.0), |(a, b), k| (f64::min(a, k), f64::max(b, k)));
        let constants = if soft == stiff { format!("{soft:.1}") } else { format!("{soft:.1} to {stiff:.1}") };
        let occasion = format!(
            "{} windows from {first:.4} to {last:.4} nm along component {}, held by {constants} kJ/mol/nm^2",
            windows.len(),
            self.component + 1
        );
        Ok(Round { number: 1, windows, occasion: vec![occasion] })
    }

    /// Windows between neighbours that overlap too little; none where that is not wanted, or there are enough.
    ///
    /// `planned` are all windows so far, and `places` the place among them of each window that has samples.
    pub fn further_round(
        &self,
        number: usize,
        planned: &[Window],
        umbrella: &Umbrella,
        places: &[usize],
        along: &[f64],
    ) -> Option<Round> {
        if !self.adaptive {
            return None;
        }
        let sampled = Sampled::new(along.to_vec());
        let (mut windows, mut occasion) = (Vec::new(), Vec::new());
        for Lack { below, above, overlap } in lacks(planned, umbrella, places) {
            let between =
                |window: &&Window| planned[below].center < window.center && window.center < planned[above].center;
            // One that failed would fail again.
            if planned.iter().any(|window| between(&window)) || planned.len() + windows.len() == self.most {
                continue;
            }
            let (low, high) = (planned[below].center, planned[above].center);
            let center = 0.5 * (low + high);
            windows.push(self.window(planned.len() + windows.len(), center, Some(0.5 * (high - low)), &sampled, along));
            occasion.push(format!(
                "windows {below} ({low:.4} nm) and {above} ({high:.4} nm) have {:.1} % in common: a window is added at {center:.4} nm",
                100.0 * overlap
            ));
        }
        (!windows.is_empty()).then_some(Round { number, windows, occasion })
    }

    fn window(&self, index: usize, center: f64, spacing: Option<f64>, sampled: &Sampled, along: &[f64]) -> Window {
        let found = || self.thermal_energy() * sampled.stiffness(spacing);
        let force_constant = self.force_constant.unwrap_or_else(found);
        let frame = closest(along.iter().copied(), center).unwrap_or(0);
        Window { index, center, force_constant, frame }
    }
}

/// Neighbours, by their places among all windows, that overlap too little.
struct Lack {
    below: usize,
    above: usize,
    overlap: f64,
}

/// The worst first.
fn lacks(planned: &[Window], umbrella: &Umbrella, places: &[usize]) -> Vec<Lack> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| planned[places[*a]].center.total_cmp(&planned[places[*b]].center));
    let samples = |k: usize| &umbrella.windows[k].window.samples;
    let lack = |pair: &[usize]| {
        let overlap = histogram_overlap(&umbrella.bins, samples(pair[0]), samples(pair[1]));
        Lack { below: places[pair[0]], above: places[pair[1]], overlap }
    };
    let mut lacks: Vec<Lack> = order.windows(2).map(lack).filter(|lack| lack.overlap < LEAST_OVERLAP).collect();
    lacks.sort_by(|a, b| a.overlap.total_cmp(&b.overlap).then(a.below.cmp(&b.below)));
    lacks
}
