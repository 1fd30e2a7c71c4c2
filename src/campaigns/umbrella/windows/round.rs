//! Which windows are sampled next?
use super::setup::{Placing, WindowSetup};
use crate::campaigns::stage::Error;
use crate::campaigns::window_analysis::Umbrella;
use crate::science::free_energy::histogram_overlap;
use crate::science::placement::{Sampled, closest, spacing};
use crate::units::CoordinateUnit;

/// With `adaptive`, a window is added between neighbours whose histograms overlap by less.
const MIN_OVERLAP: f64 = 0.1;

/// A window to sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its index among all windows of the campaign, counted from 0.
    pub index: usize,
    /// In `unit`.
    pub center: f64,
    pub unit: CoordinateUnit,
    /// kJ/mol per square of that unit.
    pub force_constant: f64,
    /// The frame of the trajectory from which it starts.
    pub frame: usize,
}

impl Window {
    /// Its name in messages.
    pub fn label(&self) -> String {
        format!("window {} ({:.4} {})", self.index, self.center, self.unit.name())
    }
}

/// Windows that are sampled in the same stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Counted from 1.
    pub number: usize,
    pub windows: Vec<Window>,
    /// Why they are sampled and where their centres are, for the terminal.
    pub announcements: Vec<String>,
}

impl WindowSetup {
    /// The first windows, from the coordinate `along` of all frames.
    ///
    /// # Errors
    /// A given centre is outside the range of the frames.
    pub fn first_round(&self, along: &[f64]) -> Result<Round, Error> {
        let sampled = Sampled::new(along.to_vec(), self.scale.axis);
        let centers = match &self.placing {
            Placing::Even(count) => sampled.even(*count),
            Placing::Quantiles(count) => sampled.by_quantiles(*count),
            Placing::Given(centers) => self.given_centers(centers, &sampled)?,
        };
        let window = |(index, &center): (usize, &f64)| {
            let spacing = spacing(&centers, index);
            self.window(index, center, spacing, &sampled, along)
        };
        let windows: Vec<Window> = centers.iter().enumerate().map(window).collect();
        let announcements = vec![self.announcement(&windows, &centers)];
        Ok(Round { number: 1, windows, announcements })
    }

    /// Given centres, unwrapped onto the range of the samples.
    fn given_centers(&self, centers: &[f64], sampled: &Sampled) -> Result<Vec<f64>, Error> {
        if let Some(index) = centers.iter().position(|center| !sampled.reaches(*center)) {
            let ((least, most), unit, along) = (sampled.extent(), self.scale.unit.name(), &self.along);
            let text = format!(
                "umbrella.centers: {} {unit} (entry {index}) is outside the sampled range, where no frame can start a window: \
                 frames range from {least:.4} to {most:.4} {unit} along {along}; move the centre, or extend the sampling",
                centers[index]
            );
            return Err(Error::Unusable(text));
        }
        Ok(centers.iter().map(|center| sampled.along(*center)).collect())
    }

    /// A line about the first windows.
    fn announcement(&self, windows: &[Window], centers: &[f64]) -> String {
        let end = |start: f64, least: fn(f64, f64) -> f64| {
            self.scale.axis.wrapped(centers.iter().copied().fold(start, least))
        };
        let (first, last) = (end(f64::INFINITY, f64::min), end(f64::NEG_INFINITY, f64::max));
        let constants = windows.iter().map(|window| self.scale.to_gromacs_constant(window.force_constant));
        let (soft, stiff) = constants.fold((f64::INFINITY, 0.0), |(a, b), k| (f64::min(a, k), f64::max(b, k)));
        let (soft, stiff) = (format!("{soft:.1}"), format!("{stiff:.1}"));
        let constants = if soft == stiff { soft } else { format!("{soft} to {stiff}") };
        let (unit, per_square) = (self.scale.unit.name(), self.scale.gromacs_constant_unit());
        format!(
            "{} windows from {first:.4} to {last:.4} {unit} along {}, restrained with {constants} {per_square}",
            windows.len(),
            self.along
        )
    }

    /// Windows between neighbours that overlap too little; none without `adaptive`, or where all overlap.
    ///
    /// `planned` are all windows so far; `indices` are the indices among them of the windows that have samples.
    pub fn further_round(
        &self,
        number: usize,
        planned: &[Window],
        umbrella: &Umbrella,
        indices: &[usize],
        along: &[f64],
    ) -> Option<Round> {
        if !self.section.adaptive {
            return None;
        }
        let sampled = Sampled::new(along.to_vec(), self.scale.axis);
        let centers: Vec<f64> = planned.iter().map(|window| sampled.along(window.center)).collect();
        let (unit, wrapped) = (self.scale.unit.name(), |x: f64| self.scale.axis.wrapped(x));
        let (mut windows, mut announcements) = (Vec::new(), Vec::new());
        for Gap { below, above, overlap } in gaps(&centers, umbrella, indices) {
            let (low, high) = (centers[below], centers[above]);
            let between = |center: &&f64| low < **center && **center < high;
            // A window that failed there would fail again.
            if centers.iter().any(|center| between(&center)) || planned.len() + windows.len() == self.max_windows {
                continue;
            }
            let center = 0.5 * (low + high);
            windows.push(self.window(planned.len() + windows.len(), center, Some(0.5 * (high - low)), &sampled, along));
            announcements.push(format!(
                "windows {below} ({:.4} {unit}) and {above} ({:.4} {unit}) overlap by {:.1} %: a window is added at {:.4} {unit}",
                wrapped(low),
                wrapped(high),
                100.0 * overlap,
                wrapped(center)
            ));
        }
        (!windows.is_empty()).then_some(Round { number, windows, announcements })
    }

    fn window(&self, index: usize, center: f64, spacing: Option<f64>, sampled: &Sampled, along: &[f64]) -> Window {
        let found = || self.thermal_energy() * sampled.stiffness(spacing);
        let force_constant = self.force_constant.unwrap_or_else(found);
        let center = self.scale.axis.wrapped(center);
        let frame = closest(along.iter().copied(), center, self.scale.axis).unwrap_or(0);
        Window { index, center, unit: self.scale.unit, force_constant, frame }
    }
}

/// Neighbours that overlap too little, by their indices among all windows.
struct Gap {
    below: usize,
    above: usize,
    overlap: f64,
}

/// Gaps between windows with samples, the smallest overlap first. `centers` are those of all windows, unwrapped.
fn gaps(centers: &[f64], umbrella: &Umbrella, indices: &[usize]) -> Vec<Gap> {
    let mut order: Vec<usize> = (0..indices.len()).collect();
    order.sort_by(|a, b| centers[indices[*a]].total_cmp(&centers[indices[*b]]));
    let samples = |k: usize| &umbrella.windows[k].window.samples;
    let gap = |pair: &[usize]| {
        let overlap = histogram_overlap(&umbrella.bins, samples(pair[0]), samples(pair[1]));
        Gap { below: indices[pair[0]], above: indices[pair[1]], overlap }
    };
    let mut gaps: Vec<Gap> = order.windows(2).map(gap).filter(|gap| gap.overlap < MIN_OVERLAP).collect();
    gaps.sort_by(|a, b| a.overlap.total_cmp(&b.overlap).then(a.below.cmp(&b.below)));
    gaps
}
