//! How is a file of windows read and validated?
use super::samples::{self, Series};
use super::section::{Quantity, Section, WindowSection};
use crate::campaigns::window_analysis::{Discard, Umbrella, UmbrellaWindow};
use crate::config::{Document, Faults};
use crate::journal::Fingerprint;
use crate::science::free_energy::{Axis, Bins, Problem, Replicate, Window};
use crate::seed::CampaignSeed;
use crate::units::GAS_CONSTANT_KJ_PER_MOL_K;
use std::collections::HashMap;
use std::path::Path;

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
    pub fn replicates(&self, problem: &Problem) -> Vec<Replicate> {
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

/// The windows of the file of windows at `path` with contents `text`, and their samples.
///
/// # Errors
/// All errors in it and in the files that it names.
pub fn load(path: &Path, text: &str) -> Result<WindowInput, LoadError> {
    let schema = schemars::schema_for!(Section);
    let (document, section) = Document::parse::<Section>(path, text, &schema).map_err(LoadError::Configuration)?;
    let mut warnings = Faults::default();
    let (mut faults, mut file_faults) = (check(&document, &section), Faults::default());
    let mut all = Vec::with_capacity(section.window.len());
    let kt = GAS_CONSTANT_KJ_PER_MOL_K * section.temperature_k;
    for (index, window) in section.window.iter().enumerate() {
        all.extend(file_faults.collect(samples::read(&document, index, window, kt, &mut warnings)));
    }
    if all.len() == section.window.len() {
        let axis = axis_of(&document, &section, &all, &mut faults, &mut warnings);
        check_copies(&document, &section, &all, &mut warnings);
        let digests: Vec<String> = all.iter().map(|series| series.digest.clone()).collect();
        match assemble(&document, &section, all, axis, &mut file_faults) {
            Some(umbrella) if !faults.has_errors() && !file_faults.has_errors() => {
                warnings.sort();
                let (seed, fingerprint) = (CampaignSeed(section.seed), fingerprint(&section, &digests));
                return Ok(WindowInput { umbrella, seed, fingerprint, config: document.text, warnings });
            }
            _ => {}
        }
    }
    let is_input = !faults.has_errors();
    faults.extend(file_faults);
    faults.extend(warnings);
    faults.sort();
    Err(if is_input { LoadError::Input(faults) } else { LoadError::Configuration(faults) })
}

/// Errors that can be found without the data files.
fn check(document: &Document, section: &Section) -> Faults {
    let mut faults = Faults::default();
    if let Some([low, high]) = section.range
        && low >= high
    {
        let help = "the lower end comes first";
        faults.push(document.fault("range", format!("the range from {low} to {high} is empty"), help));
    }
    let mut seen: HashMap<_, usize> = HashMap::new();
    for (index, window) in section.window.iter().enumerate() {
        let mut refuse = |key: &str, message: String, help: &str| {
            faults.push(document.fault(&format!("window.{index}.{key}"), message, help));
        };
        if let Some(first) = seen.insert((&window.file, &window.column), index) {
            let message = format!("window {first} reads the same column of `{}`", window.file.display());
            refuse("file", message, "set `file` to that of this window: windows are counted from 0");
        }
        if window.unit != section.window[0].unit {
            let (own, first) = (window.unit.name(), section.window[0].unit.name());
            let message = format!("the unit is \"{own}\", but that of window 0 is \"{first}\"");
            refuse("unit", message, "all windows must have the same coordinate");
        }
        if window.period != section.window[0].period {
            refuse(
                "period",
                "the period differs from that of window 0".into(),
                "all windows must have the same period",
            );
        }
        if window.quantity == Quantity::Force && window.unit.full_rotation().is_some() {
            let help = "use the pullx file: forces on angles are per radian, and so are their force constants";
            refuse("quantity", "forces on angles are not supported".into(), help);
        }
    }
    faults
}

/// The coordinate with the configured period, or that of the data files.
fn axis_of(document: &Document, section: &Section, all: &[Series], faults: &mut Faults, warnings: &mut Faults) -> Axis {
    let configured = section.window[0].period;
    let of_first = all[0].period;
    for (index, series) in all.iter().enumerate() {
        if configured.is_none() && !is_same_period(series.period, of_first) {
            let name = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
            let path = series.path.display();
            let message =
                format!("the period in `{path}` is {}, that of window 0 {}", name(series.period), name(of_first));
            let help = "set the same `period` for every window";
            faults.push(document.fault(&format!("window.{index}.file"), message, help));
        }
    }
    let axis = Axis { period: configured.or(of_first) };
    let extent = extent(all.iter().flat_map(|series| &series.positions));
    if let (None, Some(rotation)) = (axis.period, section.window[0].unit.full_rotation())
        && extent.1 - extent.0 > 0.9 * rotation
    {
        let message = format!(
            "samples range from {:.4} to {:.4}, nearly a full rotation, but no period is set",
            extent.0, extent.1
        );
        let help = format!("add `period = {rotation}` to each window if the coordinate is periodic");
        warnings.push(document.fault("window.0.period", message, help).warning());
    }
    if let (Some(period), Some([low, high])) = (axis.period, section.range)
        && high - low > period * (1.0 + 1e-9)
    {
        let message = format!("the range is wider than the period of {period}");
        faults.push(document.fault("range", message, "reduce the range to at most one period"));
    }
    axis
}

/// Whether two periods are equal, possibly printed with different numbers of digits.
fn is_same_period(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-5 * other,
        (one, other) => one == other,
    }
}

/// Warns of files with different names but the same contents and column, in one message.
fn check_copies(document: &Document, section: &Section, all: &[Series], warnings: &mut Faults) {
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut copies = Vec::new();
    for (index, (series, window)) in all.iter().zip(&section.window).enumerate() {
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
    let message = format!("`{}` has the same contents as the file of window {first}{more}", all[index].path.display());
    let help = "check whether one file was copied over the other, or is listed twice";
    warnings.push(document.fault(&format!("window.{index}.file"), message, help).warning());
}

fn assemble(
    document: &Document,
    section: &Section,
    all: Vec<Series>,
    axis: Axis,
    faults: &mut Faults,
) -> Option<Umbrella> {
    let kt = GAS_CONSTANT_KJ_PER_MOL_K * section.temperature_k;
    let mut windows = Vec::with_capacity(all.len());
    for (index, series) in all.into_iter().enumerate() {
        windows.extend(faults.collect(equilibrated(document, section, index, series, kt, axis)));
    }
    let bins = bins(document, section, &windows, axis, faults)?;
    let unit = section.window[0].unit;
    Some(Umbrella {
        windows,
        bins,
        estimator: section.estimator,
        temperature_k: section.temperature_k,
        is_own: false,
        unit,
        bootstrap: section.bootstrap,
    })
}

/// A window without the samples before equilibrium.
fn equilibrated(
    document: &Document,
    section: &Section,
    index: usize,
    series: Series,
    kt: f64,
    axis: Axis,
) -> Result<UmbrellaWindow, Box<crate::config::Fault>> {
    let window: &WindowSection = &section.window[index];
    let name = window.file.display().to_string();
    let Some(discarded) = samples::discarded(&series, section.discard_ps, window.center, axis) else {
        let message = format!("`{name}` has no times, which `discard_ps` requires");
        let help = "remove `discard_ps`, set it to \"auto\", or add a first column of times to the file";
        return Err(Box::new(document.fault(&format!("window.{index}.file"), message, help)));
    };
    let Series { mut positions, times_ps, .. } = series;
    let samples = positions.split_off(discarded);
    if samples.is_empty() {
        let Discard::Until(until) = section.discard_ps else { unreachable!("detection leaves at least a quarter") };
        let times = times_ps.as_deref().and_then(|times| Some((times.first()?, times.last()?)));
        let range =
            times.map_or(String::new(), |(first, last)| format!("its times range from {first} to {last} ps, and "));
        let message = format!(
            "window {index}, `{name}`, has no samples left: {range}`discard_ps` = {until} discards all before {until} ps"
        );
        let help = "discard less, sample longer, or remove the window";
        return Err(Box::new(document.fault(&format!("window.{index}.file"), message, help)));
    }
    let from_ps = times_ps.and_then(|times| times.get(discarded).copied());
    let window = Window { center: window.center, stiffness: window.force_constant / kt, samples };
    Ok(UmbrellaWindow { name, force_constant: section.window[index].force_constant, window, discarded, from_ps })
}

fn bins(
    document: &Document,
    section: &Section,
    windows: &[UmbrellaWindow],
    axis: Axis,
    faults: &mut Faults,
) -> Option<Bins> {
    let samples = || windows.iter().flat_map(|window| &window.window.samples);
    let (least, most) = extent(samples());
    let [low, high] = section.range.unwrap_or_else(|| match axis.period {
        Some(period) if least < 0.0 => [-period / 2.0, period / 2.0],
        Some(period) => [0.0, period],
        None => [least, most],
    });
    let bins = Bins { low, high, count: section.bins as usize, axis };
    let mut refuse = |message: String, help: &str| faults.push(document.fault("range", message, help));
    if windows.is_empty() {
        return None;
    }
    if low >= high {
        if section.range.is_none() {
            refuse(
                format!("all samples equal {least}: the coordinate is constant"),
                "check that `column` is the restrained coordinate",
            );
        }
        return None;
    }
    if !samples().any(|x| bins.index(*x).is_some()) {
        let message = format!("no samples lie between {low} and {high}: they range from {least} to {most}");
        refuse(message, "set a range that contains samples, in the unit of the coordinate");
    }
    Some(bins)
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
