//! What are the windows that a file of windows, lists of gmx wham, a metadata file or inputs of PLUMED amount to?
use super::origin::Origin;
use super::section::{Convention, Section};
use crate::campaigns::window_analysis::Discard;
use crate::config::{Document, Faults};
use crate::units::{CoordinateUnit, EnergyUnit, ForceConstantUnit};
use std::path::Path;

/// The windows and the settings of their analysis, as a file of windows holds them, and where they came from.
#[derive(Debug)]
pub struct WindowList {
    pub section: Section,
    pub origin: Origin,
    pub provenance: Provenance,
}

/// Where each part of a list of windows came from, for the terminal: `gmx dump of the tpr files`.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The kind of coordinate: `distance, dimensions Y Y Y`; empty where it is not known.
    pub coordinate: String,
    pub centers: String,
    pub force_constants: String,
    pub temperature: String,
    /// Of the first and the last time.
    pub times: String,
    /// What else the user should know.
    pub notes: Vec<String>,
}

/// The windows of the file of windows at `path` with contents `text`.
///
/// # Errors
/// All faults of syntax, keys and types.
pub fn parse(path: &Path, text: &str) -> Result<WindowList, Faults> {
    let schema = schemars::schema_for!(Section);
    let (document, section) = Document::parse::<Section>(path, text, &schema)?;
    Ok(WindowList { section, origin: Origin::Document(document), provenance: Provenance::default() })
}

impl WindowList {
    /// The same windows with results in other units; none for those of the windows.
    pub fn with_output(mut self, energy: Option<EnergyUnit>, coordinate: Option<CoordinateUnit>) -> Self {
        let units = &mut self.section.units;
        (units.energy, units.coordinate) = (energy.unwrap_or(units.energy), coordinate.or(units.coordinate));
        self
    }

    /// The file of windows: its own text where the windows are as it says, otherwise as [`to_toml`](Self::to_toml).
    pub fn text(&self) -> String {
        match &self.origin {
            Origin::Document(document)
                if parse(&document.path, &document.text).is_ok_and(|own| own.section == self.section) =>
            {
                document.text.clone()
            }
            _ => self.to_toml(),
        }
    }

    /// What was read and where it came from, line by line.
    pub fn summary(&self) -> Vec<String> {
        let Provenance { coordinate, centers, force_constants, temperature, times, notes } = &self.provenance;
        let section = &self.section;
        let unit = section.window[0].unit;
        let in_unit = |text: String| format!("{text} {unit}").replace(" none", "");
        let extent = |values: &dyn Fn(usize) -> f64| {
            let all = (0..section.window.len()).map(values);
            let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
            if low == high { format!("{low}") } else { format!("{low} to {high}") }
        };
        let constant = extent(&|k| section.window[k].force_constant);
        let constant_unit =
            section.units.force_constant.unwrap_or(ForceConstantUnit { energy: EnergyUnit::KjMol, coordinate: unit });
        let energy = match section.units.convention {
            Convention::Half => "k/2 (x - center)^2",
            Convention::Amber => "k (x - center)^2, the convention of AMBER",
        };
        let first = match section.discard_ps {
            Discard::Until(first) => format!("from {first} ps"),
            Discard::Auto(_) => "from equilibrium, detected for each window".to_owned(),
        };
        let last = section.until_ps.map_or(String::new(), |last| format!(" to {last} ps"));
        let with_source = |text: String, source: &str| match source {
            "" => text,
            source => format!("{text} ({source})"),
        };
        let mut lines = vec![
            with_source(
                format!(
                    "windows: {}, centers {}",
                    section.window.len(),
                    in_unit(extent(&|k| section.window[k].center))
                ),
                centers,
            ),
            with_source(format!("restraints: {energy} with k = {constant} {constant_unit}"), force_constants),
            with_source(format!("temperature: {} K", section.temperature_k), temperature),
            with_source(format!("samples: {first}{last}"), times),
        ];
        if !coordinate.is_empty() {
            lines.insert(1, format!("coordinate: {coordinate}"));
        }
        lines.extend(notes.iter().map(|note| format!("note: {note}")));
        lines
    }
}
