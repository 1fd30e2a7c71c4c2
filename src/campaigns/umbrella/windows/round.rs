//! Which windows are sampled next?
use super::{Placing, Recipe};
use crate::campaigns::pmf::{Umbrella, Unit};
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
    pub center: f64,
    /// Of the centre.
    pub unit: Unit,
    /// kJ/mol per square of that unit.
    pub force_constant: f64,
    /// The frame of the trajectory that it starts from.
    pub frame: usize,
}

impl Window {
    /// What messages call it.
    pub fn label(&self) -> String {
        format!("window {} ({:.4} {})", self.index, self.center, self.unit.name())
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
    /// The windows of the beginning, from the coordinate `along` of all frames.
    ///
    /// # Errors
    /// A centre that was given is beyond all frames.
    pub fn first_round(&self, along: &[f64]) -> Result<Round, Error> {
        let sampled = Sampled::new(along.to_vec(), self.scale.axis);
        let centers = match &self.placing {
            Placing::Even(count) => sampled.even(*count),
            Placing::Quantiles(count) => sampled.by_quantiles(*count),
            Placing::Given(centers) => self.given(centers, &sampled)?,
        };
        let window = |(index, &center): (usize, &f64)| {
            let spacing = spacing(&centers, index);
            self.window(index, center, spacing, &sampled, along)
        };
        let windows: Vec<Window> = centers.iter().enumerate().map(window).collect();
        let occasion = vec![self.occasion(&windows, &centers)];
        Ok(Round { number: 1, windows, occasion })
    }

    /// Given centres, along the line of the samples.
    fn given(&self, centers: &[f64], sampled: &Sampled) -> Result<Vec<f64>, Error> {
        if let Some(place) = centers.iter().position(|center| !sampled.reaches(*center)) {
            let ((least, most), unit, along) = (sampled.extent(), self.scale.unit.name(), &self.along);
            let text = format!(
                "umbrella.centers: {} {unit} (entry {place}) lies outside of the sampled range, where no frame is to start from: \
                 frames go from {least:.4} to {most:.4} {unit} along {along}; move the centre, or sample further",
                centers[place]
            );
            return Err(Error::Unusable(text));
        }
        Ok(centers.iter().map(|center| sampled.along(*center)).collect())
    }

    /// What the first windows are, in a line.
    fn occasion(&self, windows: &[Window], centers: &[f64]) -> String {
        let end = |start: f64, least: fn(f64, f64) -> f64| {
            self.scale.axis.wrapped(centers.iter().copied().fold(start, least))
        };
        let (first, last) = (end(f64::INFINITY, f64::min), end(f64::NEG_INFINITY, f64::max));
        let stiffness = windows.iter().map(|window| self.scale.given_constant(window.force_constant));
        let (soft, stiff) = stiffness.fold((f64::INFINITY, 0.0), |(a, b), k| (f64::min(a, k), f64::max(b, k)));
        let (soft, stiff) = (format!("{soft:.1}"), format!("{stiff:.1}"));
        let constants = if soft == stiff { soft } else { format!("{soft} to {stiff}") };
        let (unit, per_square) = (self.scale.unit.name(), self.scale.constant_unit());
        format!(
            "{} windows from {first:.4} to {last:.4} {unit} along {}, held by {constants} {per_square}",
            windows.len(),
            self.along
        )
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
        let sampled = Sampled::new(along.to_vec(), self.scale.axis);
        let places_along: Vec<f64> = planned.iter().map(|window| sampled.along(window.center)).collect();
        let (unit, wrapped) = (self.scale.unit.name(), |x: f64| self.scale.axis.wrapped(x));
        let (mut windows, mut occasion) = (Vec::new(), Vec::new());
        for Lack { below, above, overlap } in lacks(&places_along, umbrella, places) {
            let (low, high) = (places_along[below], places_along[above]);
            let between = |center: &&f64| low < **center && **center < high;
            // One that failed would fail again.
            if places_along.iter().any(|center| between(&center)) || planned.len() + windows.len() == self.most {
                continue;
            }
            let center = 0.5 * (low + high);
            windows.push(self.window(planned.len() + windows.len(), center, Some(0.5 * (high - low)), &sampled, along));
            occasion.push(format!(
                "windows {below} ({:.4} {unit}) and {above} ({:.4} {unit}) have {:.1} % in common: a window is added at {:.4} {unit}",
                wrapped(low),
                wrapped(high),
                100.0 * overlap,
                wrapped(center)
            ));
        }
        (!windows.is_empty()).then_some(Round { number, windows, occasion })
    }

    fn window(&self, index: usize, center: f64, spacing: Option<f64>, sampled: &Sampled, along: &[f64]) -> Window {
        let found = || self.thermal_energy() * sampled.stiffness(spacing);
        let force_constant = self.force_constant.unwrap_or_else(found);
        let center = self.scale.axis.wrapped(center);
        let frame = closest(along.iter().copied(), center, self.scale.axis).unwrap_or(0);
        Window { index, center, unit: self.scale.unit, force_constant, frame }
    }
}

/// Neighbours, by their places among all windows, that overlap too little.
struct Lack {
    below: usize,
    above: usize,
    overlap: f64,
}

/// The worst first, of windows with their `centers` along the line.
fn lacks(centers: &[f64], umbrella: &Umbrella, places: &[usize]) -> Vec<Lack> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| centers[places[*a]].total_cmp(&centers[places[*b]]));
    let samples = |k: usize| &umbrella.windows[k].window.samples;
    let lack = |pair: &[usize]| {
        let overlap = histogram_overlap(&umbrella.bins, samples(pair[0]), samples(pair[1]));
        Lack { below: places[pair[0]], above: places[pair[1]], overlap }
    };
    let mut lacks: Vec<Lack> = order.windows(2).map(lack).filter(|lack| lack.overlap < LEAST_OVERLAP).collect();
    lacks.sort_by(|a, b| a.overlap.total_cmp(&b.overlap).then(a.below.cmp(&b.below)));
    lacks
}
