//! Which figures are drawn of windows and their free energy?
use super::analysis::{Analysis, to_four_decimals};
use crate::figure::{Chart, Error, Figure};

/// Half of the 95 % interval in standard errors.
const HALF_INTERVAL: f64 = 1.96;
/// The legend lists at most this many windows.
const MOST_NAMED: usize = 12;

impl Analysis<'_> {
    /// Draws the free energy and the histograms: (suffix of the file name, figure).
    ///
    /// # Errors
    /// They cannot be drawn.
    pub fn draw(&self) -> Result<Vec<(&'static str, Figure)>, Error> {
        let (profile, histograms) = (self.profile_chart().draw()?, self.histogram_chart().draw()?);
        Ok(vec![("profile", profile), ("histograms", histograms)])
    }

    fn axis_label(&self) -> String {
        match self.umbrella.output.coordinate.name() {
            "none" => "coordinate".to_owned(),
            unit => format!("coordinate / {unit}"),
        }
    }

    /// The potential of mean force with its 95 % interval; each connected component is a separate line.
    pub fn profile_chart(&self) -> Chart {
        let (profile, kt) = (&self.profile, self.umbrella.thermal_energy_in_output());
        let coordinate = self.in_output(&profile.coordinate);
        let mut chart = Chart::new(
            "Potential of mean force",
            &self.axis_label(),
            &format!("free energy / {}", self.umbrella.output.energy),
        );
        for component in 0..=profile.component.iter().flatten().max().copied().unwrap_or(0) {
            // A chart has gaps where there is no number.
            let own = |of: &dyn Fn(usize) -> Option<f64>| -> Vec<f64> {
                let value = |bin: usize| of(bin).filter(|_| profile.component[bin] == Some(component));
                (0..profile.free_energy.len()).map(|bin| value(bin).unwrap_or(f64::NAN)).collect()
            };
            let bound = |side: f64| own(&|bin| Some(kt * (profile.free_energy[bin]? + side * profile.stderr[bin]?)));
            let line = own(&|bin| Some(kt * profile.free_energy[bin]?));
            let is_first = component == 0;
            let name = if is_first && self.replicates > 1 { "95 % interval" } else { "" };
            if self.replicates > 1 {
                chart = chart.band(name, &coordinate, &bound(-HALF_INTERVAL), &bound(HALF_INTERVAL));
            }
            let name = if self.is_connected() { String::new() } else { format!("piece {component}, own zero") };
            chart = chart.line(&name, &coordinate, &line);
        }
        self.with_range(chart)
    }

    /// Coordinates in the unit of the output.
    fn in_output(&self, coordinates: &[f64]) -> Vec<f64> {
        let factor = self.umbrella.coordinate_factor();
        coordinates.iter().map(|x| x * factor).collect()
    }

    /// The chart over the range of the bins.
    fn with_range(&self, chart: Chart) -> Chart {
        let (bins, factor) = (self.umbrella.bins, self.umbrella.coordinate_factor());
        chart.x_range(bins.low * factor, bins.high * factor)
    }

    /// Normalized histograms of all windows.
    pub fn histogram_chart(&self) -> Chart {
        let bins = self.umbrella.bins;
        let per = match self.umbrella.output.coordinate.name() {
            "none" => "density".to_owned(),
            unit => format!("density / {unit}^-1"),
        };
        let factor = self.umbrella.coordinate_factor();
        let mut chart = self.with_range(Chart::new("Windows", &self.axis_label(), &per));
        let edges = self.in_output(&bins.edges());
        let windows = &self.umbrella.windows;
        for window in windows {
            let counts = bins.counts(&window.window.samples);
            let total = window.window.samples.len() as f64 * bins.width() * factor;
            let heights: Vec<f64> = counts.iter().map(|count| *count as f64 / total).collect();
            let center = to_four_decimals(window.window.center * factor);
            let name = if windows.len() <= MOST_NAMED { center.to_string() } else { String::new() };
            chart = chart.histogram(&name, &edges, &heights);
        }
        chart
    }
}
