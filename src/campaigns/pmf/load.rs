//! How is a file of windows read and validated?
use super::list::WindowList;
use super::origin::Origin;
use super::samples::{self, Series};
use super::section::{Quantity, Section, WindowSection};
use crate::campaigns::window_analysis::{Discard, Umbrella, UmbrellaWindow};
use crate::config::Faults;
use crate::journal::Fingerprint;
use crate::problem::Problem;
use crate::science::free_energy::{self, Axis, Bins, Replicate, Window};
use crate::seed::CampaignSeed;
use crate::units::{CoordinateUnit, thermal_energy_kj_mol};
use std::collections::HashMap;

/// Part of the fingerprint: incremented whenever the same input gives different numbers.
const VERSION: u32 = 5;

/// The windows that a file lists.
pub struct WindowInput {
    pub umbrella: Umbrella,
    /// Of the bootstrap.
    pub seed: CampaignSeed,
    /// SHA-256 of everything that determines the result.
    pub fingerprint: String,
    /// The text of the file of windows.
    pub config: String,
    pub warnings: Faults,
}

impl WindowInput {
    /// The replicates of the bootstrap that converge.
    pub fn replicates(&self, problem: &free_energy::Problem) -> Vec<Replicate> {
        (0..u64::from(self.umbrella.bootstrap)).filter_map(|index| problem.replicate(index, self.seed)).collect()
    }
}

/// Why the windows cannot be analyzed.
#[derive(Debug)]
pub enum LoadError {
    /// The file of windows is invalid.
    Configuration(Faults),
    /// A data file is invalid.
    Input(Faults),
}

/// The windows of a list with their samples.
///
/// # Errors
/// All errors in it and in the files that it names.
pub fn load(list: WindowList) -> Result<WindowInput, LoadError> {
    let (config, origin) = (list.text(), &list.origin);
    let is_listing = matches!(origin, Origin::Listing(_));
    let mut section = list.section.clone();
    let (mut faults, file_faults, warnings) = <(Faults, Faults, Faults)>::default();
    match list.section.with_internal_constants() {
        Ok(internal) => section = internal,
        Err(problem) => faults.push(origin.fault(&problem.key, problem.message, problem.help)),
    }
    let section = &section;
    let mut loader = Loader { origin, section, faults, file_faults, warnings };
    loader.check();
    let mut all = Vec::with_capacity(section.window.len());
    for (index, window) in section.window.iter().enumerate() {
        let read = samples::read(origin, index, window, loader.thermal_energy(), &mut loader.warnings);
        all.extend(loader.file_faults.collect(read));
    }
    let digests: Vec<String> = all.iter().map(|series| series.digest.clone()).collect();
    let umbrella = if all.len() == section.window.len() { loader.umbrella(all) } else { None };
    let Loader { mut faults, file_faults, mut warnings, .. } = loader;
    let is_input = is_listing || !faults.has_errors();
    match umbrella {
        Some(umbrella) if !faults.has_errors() && !file_faults.has_errors() => {
            warnings.sort();
            let (seed, fingerprint) = (CampaignSeed(section.seed), fingerprint(section, &digests));
            Ok(WindowInput { umbrella, seed, fingerprint, config, warnings })
        }
        _ => {
            faults.extend(file_faults);
            faults.extend(warnings);
            faults.sort();
            Err(if is_input { LoadError::Input(faults) } else { LoadError::Configuration(faults) })
        }
    }
}

/// A file of windows while it is checked, and its errors and warnings so far.
struct Loader<'a> {
    origin: &'a Origin,
    /// With force constants in kJ/mol/unit^2.
    section: &'a Section,
    faults: Faults,
    /// Of the data files.
    file_faults: Faults,
    warnings: Faults,
}

impl Loader<'_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.origin.fault(key, message, help));
    }

    fn warn(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.warnings.push(self.origin.fault(key, message, help).warning());
    }

    /// kT, kJ/mol.
    fn thermal_energy(&self) -> f64 {
        thermal_energy_kj_mol(self.section.temperature_k)
    }

    /// Reports errors that can be found without the data files.
    fn check(&mut self) {
        if let Some([low, high]) = self.section.range
            && low >= high
        {
            self.refuse("range", format!("the range from {low} to {high} is empty"), "the lower end comes first");
        }
        let mut seen: HashMap<_, usize> = HashMap::new();
        let first_window = &self.section.window[0];
        for (index, window) in self.section.window.iter().enumerate() {
            let key = |name: &str| format!("window.{index}.{name}");
            // What matches nothing is reported when it is read.
            for file in self.origin.files(&window.file).unwrap_or_default() {
                let name =
                    if window.file.paths().len() == 1 { window.file.to_string() } else { file.display().to_string() };
                if let Some(first) = seen.insert((file, &window.column), index).filter(|first| *first != index) {
                    let message = format!("window {first} reads the same column of `{name}`");
                    self.refuse(&key("file"), message, "set `file` to that of this window: windows are counted from 0");
                }
            }
            if window.unit != first_window.unit {
                let (own, first) = (window.unit.name(), first_window.unit.name());
                let message = format!("the unit is \"{own}\", but that of window 0 is \"{first}\"");
                self.refuse(&key("unit"), message, "all windows must have the same coordinate");
            }
            if window.period != first_window.period {
                let help = "all windows must have the same period";
                self.refuse(&key("period"), "the period differs from that of window 0", help);
            }
            if window.quantity == Quantity::Force && window.unit == CoordinateUnit::Angstrom {
                let help = "set unit = \"nm\", and `units.coordinate` = \"angstrom\" for results in angstrom";
                self.refuse(&key("unit"), "GROMACS writes forces in kJ/mol/nm, not by angstrom", help);
            }
            if window.quantity == Quantity::Force && window.unit.full_rotation().is_some() {
                let help = "use the pullx file: forces on angles are per radian, and so are their force constants";
                self.refuse(&key("quantity"), "forces on angles are not supported", help);
            }
        }
    }

    /// The coordinate with the configured period, or that of the data files.
    fn axis(&mut self, all: &[Series]) -> Axis {
        let configured = self.section.window[0].period;
        let of_first = all[0].period;
        for (index, series) in all.iter().enumerate() {
            if configured.is_none() && !is_same_period(series.period, of_first) {
                let name = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
                let path = series.path.display();
                let message =
                    format!("the period in `{path}` is {}, that of window 0 {}", name(series.period), name(of_first));
                self.refuse(&format!("window.{index}.file"), message, "set the same `period` for every window");
            }
        }
        let axis = Axis { period: configured.or(of_first) };
        let (low, high) = extent(all.iter().flat_map(|series| &series.positions));
        if let (None, Some(rotation)) = (axis.period, self.section.window[0].unit.full_rotation())
            && high - low > 0.9 * rotation
        {
            let message =
                format!("samples range from {low:.4} to {high:.4}, nearly a full rotation, but no period is set");
            let help = format!("add `period = {rotation}` to each window if the coordinate is periodic");
            self.warn("window.0.period", message, help);
        }
        if let (Some(period), Some([low, high])) = (axis.period, self.section.range)
            && high - low > period * (1.0 + 1e-9)
        {
            let message = format!("the range is wider than the period of {period}");
            self.refuse("range", message, "reduce the range to at most one period");
        }
        axis
    }

    /// Warns of files with different names but the same contents and column, in one message.
    fn check_copies(&mut self, all: &[Series]) {
        let mut seen: HashMap<_, usize> = HashMap::new();
        let mut copies = Vec::new();
        for (index, (series, window)) in all.iter().zip(&self.section.window).enumerate() {
            let first = *seen.entry((&series.digest, &window.column)).or_insert(index);
            if first != index && all[first].path != series.path {
                copies.push((index, first));
            }
        }
        let Some(&(index, first)) = copies.first() else { return };
        let more = match copies.len() {
            1 => String::new(),
            n => format!(", and {} more windows read copies", n - 1),
        };
        let path = all[index].path.display();
        let message = format!("`{path}` has the same contents as the file of window {first}{more}");
        let help = "check whether one file was copied over the other, or is listed twice";
        self.warn(&format!("window.{index}.file"), message, help);
    }

    /// The windows with their samples.
    fn umbrella(&mut self, all: Vec<Series>) -> Option<Umbrella> {
        let axis = self.axis(&all);
        self.check_copies(&all);
        let mut windows = Vec::with_capacity(all.len());
        for (index, series) in all.into_iter().enumerate() {
            let window = self.equilibrated(index, series, axis);
            let window = window.map_err(|problem| self.origin.fault_of(&format!("window.{index}.file"), problem));
            windows.extend(self.file_faults.collect(window));
        }
        let bins = self.bins(&windows, axis)?;
        let &Section { estimator, temperature_k, bootstrap, .. } = self.section;
        let unit = self.section.window[0].unit;
        let output = self.section.units.output(unit).map_err(|problem| self.origin.fault_of("units", problem));
        let output = self.faults.collect(output)?;
        Some(Umbrella { windows, bins, estimator, temperature_k, is_own: false, unit, output, bootstrap })
    }

    /// A window without the samples before equilibrium.
    fn equilibrated(&self, index: usize, mut series: Series, axis: Axis) -> Result<UmbrellaWindow, Problem> {
        let WindowSection { file, center, force_constant, .. } = &self.section.window[index];
        let name = file.to_string();
        if let Some(until) = self.section.until_ps
            && !series.truncate(until)
        {
            let message = format!("`{name}` has no times, which `until_ps` requires");
            return Err(Problem::new(message, "remove `until_ps`, or add a first column of times to the file"));
        }
        if let (true, Some(until)) = (series.positions.is_empty(), self.section.until_ps) {
            let message = format!("window {index}, `{name}`, has no samples until {until} ps (`until_ps`)");
            return Err(Problem::new(message, "set a later time, or remove the window"));
        }
        let Some(discarded) = samples::discarded(&series, self.section.discard_ps, *center, axis) else {
            let message = format!("`{name}` has no times, which `discard_ps` requires");
            let help = "remove `discard_ps`, set it to \"auto\", or add a first column of times to the file";
            return Err(Problem::new(message, help));
        };
        let Series { mut positions, times_ps, .. } = series;
        let samples = positions.split_off(discarded);
        if samples.is_empty() {
            let Discard::Until(until) = self.section.discard_ps else {
                unreachable!("detection leaves at least a quarter")
            };
            let times = times_ps.as_deref().and_then(|times| Some((times.first()?, times.last()?)));
            let range =
                times.map_or(String::new(), |(first, last)| format!("its times range from {first} to {last} ps, and "));
            let message = format!(
                "window {index}, `{name}`, has no samples left: {range}`discard_ps` = {until} discards all before {until} ps"
            );
            return Err(Problem::new(message, "discard less, sample longer, or remove the window"));
        }
        let from_ps = times_ps.and_then(|times| times.get(discarded).copied());
        let window = Window { center: *center, stiffness: force_constant / self.thermal_energy(), samples };
        Ok(UmbrellaWindow { name, force_constant: *force_constant, window, discarded, from_ps })
    }

    fn bins(&mut self, windows: &[UmbrellaWindow], axis: Axis) -> Option<Bins> {
        let samples = || windows.iter().flat_map(|window| &window.window.samples);
        let (least, most) = extent(samples());
        let [low, high] = self.section.range.unwrap_or_else(|| match axis.period {
            Some(period) if least < 0.0 => [-period / 2.0, period / 2.0],
            Some(period) => [0.0, period],
            None => [least, most],
        });
        let bins = Bins { low, high, count: self.section.bins as usize, axis };
        let refuse = |message: String, help: &str| self.origin.fault("range", message, help);
        if windows.is_empty() {
            return None;
        }
        if low >= high {
            if self.section.range.is_none() {
                let message = format!("all samples equal {least}: the coordinate is constant");
                self.file_faults.push(refuse(message, "check that `column` is the restrained coordinate"));
            }
            return None;
        }
        if !samples().any(|x| bins.index(*x).is_some()) {
            let message = format!("no samples lie between {low} and {high}: they range from {least} to {most}");
            self.file_faults.push(refuse(message, "set a range that contains samples, in the unit of the coordinate"));
        }
        Some(bins)
    }
}

/// Whether two periods are equal, possibly printed with different numbers of digits.
fn is_same_period(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-5 * other,
        (one, other) => one == other,
    }
}

/// The smallest and the largest value.
fn extent<'a>(values: impl Iterator<Item = &'a f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
}

/// The fingerprint of everything that determines the result: the contents of the data files, not their paths.
fn fingerprint(section: &Section, digests: &[String]) -> String {
    let mut value = serde_json::to_value(section).unwrap_or_default();
    for (index, digest) in digests.iter().enumerate() {
        value["window"][index]["file"] = digest.clone().into();
    }
    value["version"] = VERSION.into();
    Fingerprint::of_text(&value.to_string()).to_string()
}
