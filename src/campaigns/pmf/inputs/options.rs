//! What does a list of windows not say itself?
use super::super::command_line::CommandLine;
use super::super::section::{self, ColumnSection, Section, UnitsSection, WindowSection};
use crate::campaigns::window_analysis::{Discard, Estimator};
use crate::config::Faults;
use crate::units::CoordinateUnit;

/// Settings from the command line, for all windows; none where the option is not set.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    pub command: CommandLine,
    pub estimator: Estimator,
    pub bins: Option<u32>,
    pub range: Option<[f64; 2]>,
    pub temperature_k: Option<f64>,
    pub discard_ps: Option<Discard>,
    pub until_ps: Option<f64>,
    pub bootstrap: Option<u32>,
    pub seed: Option<u64>,
    /// Whether the ends of `range` are the same point.
    pub is_cyclic: bool,
    pub period: Option<f64>,
    /// Unit of the coordinate in the files.
    pub coordinate: Option<CoordinateUnit>,
    pub units: UnitsSection,
    /// Force constant of all windows.
    pub force_constant: Option<f64>,
    pub column: Option<ColumnSection>,
}

impl ListOptions {
    /// The settings with these windows.
    pub fn section(&self, window: Vec<WindowSection>, temperature_k: f64) -> Section {
        Section {
            estimator: self.estimator,
            bins: self.bins.unwrap_or_else(section::default_bins),
            range: self.range,
            bootstrap: self.bootstrap.unwrap_or_else(section::default_bootstrap),
            temperature_k,
            discard_ps: self.discard_ps.unwrap_or_default(),
            until_ps: self.until_ps,
            seed: self.seed.unwrap_or_default(),
            units: self.units,
            window,
        }
    }

    /// The temperature and its source: that of the option, or `found` with its source.
    pub fn temperature(&self, found: Option<(f64, String)>, faults: &mut Faults) -> Option<(f64, String)> {
        let temperature = self.temperature_k.map(|given| (given, "-temp".to_owned())).or(found);
        if temperature.is_none() {
            let help = "set -temp to that of the simulations, in K";
            faults.push(self.command.fault("-temp", "the temperature is not known", help));
        }
        temperature
    }

    /// The period: that of `--periodicity`, with `-cycl` the width of the range, otherwise `own`, that of the kind of coordinate.
    pub fn period(&self, own: Option<f64>, faults: &mut Faults) -> Option<f64> {
        let range = self.range.map(|[low, high]| high - low);
        match (self.period.or(own), range) {
            (Some(period), Some(range)) if self.is_cyclic && (range - period).abs() > 1e-6 * period => {
                let message = format!(
                    "-cycl makes -min and -max the same point, but they are {range} apart, not the period of {period}"
                );
                faults.push(self.command.fault("-cycl", message, "correct -min and -max, or leave out -cycl"));
                None
            }
            (Some(period), _) => Some(period),
            (None, Some(range)) if self.is_cyclic => Some(range),
            (None, None) if self.is_cyclic => {
                let help = "set -min and -max to the ends of one period, or --periodicity";
                faults.push(self.command.fault("-cycl", "-cycl needs the period of the coordinate", help));
                None
            }
            (None, _) => None,
        }
    }

    /// The source of the first and the last time; `default` describes that of the first one.
    pub fn times_source(&self, default: &str) -> String {
        let first = if self.discard_ps.is_some() { "-b" } else { default };
        let last = self.until_ps.map_or("", |_| "-e");
        [first, last].into_iter().filter(|source| !source.is_empty()).collect::<Vec<_>>().join(", ")
    }
}
