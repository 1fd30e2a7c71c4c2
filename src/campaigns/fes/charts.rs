//! Which figures are drawn of a free energy?
use super::analysis::Analysis;
use crate::figure::{Chart, Error, Figure};

/// Half of the 95 % interval in standard errors, by degrees of freedom from 1 on: Student's t.
const HALF_INTERVALS: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
/// For more degrees of freedom.
const HALF_INTERVAL: f64 = 1.96;

impl Analysis<'_> {
    /// Draws the free energy with its 95 % interval: (suffix of the file name, figure). Of two variables, slices through the minimum.
    ///
    /// # Errors
    /// They cannot be drawn.
    pub fn draw(&self) -> Result<Vec<(String, Figure)>, Error> {
        self.charts().into_iter().map(|(name, chart)| Ok((name, chart.draw()?))).collect()
    }

    fn charts(&self) -> Vec<(String, Chart)> {
        let (surface, names) = (self.surface(), self.input.variables());
        let known = surface.energies.iter().enumerate().filter_map(|(k, energy)| Some((k, (*energy)?)));
        let Some((least, _)) = known.min_by(|a, b| a.1.total_cmp(&b.1)) else { return Vec::new() };
        let columns = surface.coordinates.get(1).map_or(1, Vec::len);
        let label = format!("free energy / {}", self.input.settings.unit.name());
        let mut charts = Vec::new();
        for (variable, name) in names.iter().enumerate() {
            let x = &surface.coordinates[variable];
            let index = |point: usize| match (surface.coordinates.len(), variable) {
                (1, _) => point,
                (_, 0) => point * columns + least % columns,
                _ => least / columns * columns + point,
            };
            let value = |point: usize| surface.energies[index(point)].unwrap_or(f64::NAN);
            let error = |point: usize| surface.errors.as_ref().and_then(|errors| errors[index(point)]);
            let bound = |side: f64| -> Vec<f64> {
                (0..x.len()).map(|point| value(point) + side * error(point).unwrap_or(f64::NAN)).collect()
            };
            let title = match names.len() {
                1 => "Free energy".to_owned(),
                _ => {
                    let (other, place) = (&names[1 - variable], surface.point(least)[1 - variable]);
                    format!("Free energy at {other} = {place:.3}")
                }
            };
            let mut chart = Chart::new(&title, name, &label).x_range(x[0], x[x.len() - 1]);
            if (0..x.len()).any(|point| error(point).is_some()) {
                let half = self.half_interval();
                chart = chart.band("95 % interval", x, &bound(-half), &bound(half));
            }
            let values: Vec<f64> = (0..x.len()).map(value).collect();
            let suffix =
                if names.len() == 1 { "free_energy".to_owned() } else { format!("free_energy.{}", variable + 1) };
            charts.push((suffix, chart.line("", x, &values)));
        }
        charts
    }

    fn half_interval(&self) -> f64 {
        let parts = self.estimate().and_then(|one| one.found.as_ref().ok()).map_or(0, |found| found.parts);
        parts.checked_sub(2).and_then(|k| HALF_INTERVALS.get(k)).copied().unwrap_or(HALF_INTERVAL)
    }
}
