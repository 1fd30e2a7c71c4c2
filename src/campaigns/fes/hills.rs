//! Which hills biased the replicas, and do they fit their samples?
use super::samples::{ReplicaSamples, files_of};
use super::settings::Settings;
use crate::journal::Fingerprint;
use crate::md::hills::{self, HillsFile};
use crate::problem::{Problem, error_chain};
use crate::science::metadynamics::Hills;
use std::fs;
use std::path::Path;

/// The hills of one bias, from one or more files.
#[derive(Debug)]
pub struct BiasHills {
    /// Its files, for messages.
    pub label: String,
    /// SHA-256 of each file.
    pub digests: Vec<String>,
    pub variables: Vec<String>,
    /// Ends of the period of each variable.
    pub domains: Vec<Option<[f64; 2]>>,
    pub hills: Hills,
    /// First and last time, ps.
    pub times_ps: Option<(f64, f64)>,
    pub notes: Vec<String>,
}

/// Reads the hills of `path`, or of the files that it lists with commas or wildcards.
///
/// # Errors
/// A file is missing or is not one of hills, or files differ in their variables.
pub fn read(path: &Path) -> Result<BiasHills, Problem> {
    let mut all: Option<BiasHills> = None;
    for file in files_of(path)? {
        let bytes = fs::read(&file).map_err(|error| {
            Problem::new(format!("cannot read `{}`: {error}", file.display()), "name the HILLS of METAD")
        })?;
        let read = hills::parse(&file, &bytes)
            .map_err(|error| Problem::new(error_chain(&error), "give the HILLS of METAD as they are"))?;
        let digest = Fingerprint::of_bytes(&bytes).to_string();
        match &mut all {
            None => all = Some(BiasHills::new(&file, digest, read)),
            Some(all) => all.append(&file, digest, read)?,
        }
    }
    all.ok_or_else(|| Problem::new("there are no hills", "name a file by --hills"))
}

impl BiasHills {
    fn new(path: &Path, digest: String, file: HillsFile) -> Self {
        let times_ps = span(&file);
        let HillsFile { variables, domains, hills, notes, .. } = file;
        let label = path.display().to_string();
        Self { label, digests: vec![digest], variables, domains, hills, times_ps, notes }
    }

    /// Adds the hills of another file, as sum_hills does.
    fn append(&mut self, path: &Path, digest: String, file: HillsFile) -> Result<(), Problem> {
        let name = path.display();
        if file.variables != self.variables {
            let (own, other) = (file.variables.join(", "), self.variables.join(", "));
            let message = format!("`{name}` has hills of {own}, `{}` of {other}", self.label);
            return Err(Problem::new(message, "sum hills of the same variables"));
        }
        let is_same = file.hills.periods.iter().zip(&self.hills.periods).all(|(a, b)| is_same_period(*a, *b));
        if !is_same || file.hills.truncation != self.hills.truncation {
            let message = format!("`{name}` has other periods or another kind of hills than `{}`", self.label);
            return Err(Problem::new(message, "sum hills of one kind"));
        }
        if let (Some((first, last)), Some((begin, end))) = (self.times_ps, span(&file)) {
            if begin <= last && first <= end {
                let (low, high) = (first.max(begin), last.min(end));
                let text = format!(
                    "hills of `{name}` and `{}` overlap in time, from {low} to {high} ps: all are summed, as those of walkers",
                    self.label
                );
                self.notes.push(text);
            }
            self.times_ps = Some((first.min(begin), last.max(end)));
        }
        self.hills.hills.extend(file.hills.hills);
        self.notes.extend(file.notes);
        self.digests.push(digest);
        self.label += &format!(", {name}");
        Ok(())
    }

    /// One line about the hills.
    pub fn summary(&self) -> String {
        let (variables, count) = (self.variables.join(", "), self.hills.hills.len());
        let times = self.times_ps.map_or(String::new(), |(first, last)| format!(", {first} to {last} ps"));
        let factors = self.hills.hills.iter().map(|hill| hill.bias_factor);
        let (low, high) = factors.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let tempering = match (low, high) {
            _ if low == high && high > 1.0 => format!("well-tempered, bias factor {high}"),
            _ if high <= 1.0 => "not well-tempered".to_owned(),
            _ => format!("bias factors {low} to {high}"),
        };
        format!("{}: {count} hills of {variables}{times}, {tempering}", self.label)
    }

    /// Adds the bias at the end of the run to that of the samples, in which all hills act on all samples.
    ///
    /// # Errors
    /// Hills and samples are of different units or simulations.
    pub fn add_to(&self, samples: &mut ReplicaSamples) -> Result<(), Problem> {
        for (variable, (own, other)) in self.hills.periods.iter().zip(&samples.hill_periods).enumerate() {
            if !is_same_period(*own, *other) {
                let text = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
                let (name, colvar) = (&self.variables[variable], &samples.label);
                let message = format!(
                    "the period of `{name}` is {} in `{}`, but {} in `{colvar}`",
                    text(*own),
                    self.label,
                    text(*other)
                );
                return Err(Problem::new(message, "use files of one simulation, in one unit"));
            }
        }
        let columns: Vec<&[f64]> = samples.hill_coordinates.iter().map(Vec::as_slice).collect();
        let bias = self.hills.bias_at(&columns);
        let within = bias.iter().filter(|value| **value != 0.0).count();
        if within == 0 {
            let message = format!("no sample of `{}` is within reach of a hill of `{}`", samples.label, self.label);
            return Err(Problem::new(message, "use files of one simulation, in one unit"));
        }
        if 2 * within < bias.len() {
            let text = format!(
                "only {within} of {} samples of `{}` are within reach of a hill: check that `{}` belongs to it",
                bias.len(),
                samples.label,
                self.label
            );
            samples.notes.push(text);
        }
        samples.bias.iter_mut().zip(bias).for_each(|(sum, value)| *sum += value);
        self.compare_times(samples);
        Ok(())
    }

    /// Notes where hills and samples end at different times.
    fn compare_times(&self, samples: &mut ReplicaSamples) {
        let last = samples.times_ps.as_ref().and_then(|times| times.last().copied());
        let (Some(last), Some((first, end))) = (last, self.times_ps) else { return };
        // Between two hills time goes on.
        let pace = (end - first) / (self.hills.hills.len().max(2) - 1) as f64;
        if last > end + 2.0 * pace.max(1e-3) || end > last + 2.0 * pace.max(1e-3) {
            let text = format!(
                "`{}` ends at {end} ps and `{}` at {last} ps: check that they belong together and are complete",
                self.label, samples.label
            );
            samples.notes.push(text);
        }
    }
}

fn span(file: &HillsFile) -> Option<(f64, f64)> {
    let (low, high) =
        file.times.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), t| (low.min(*t), high.max(*t)));
    (low <= high).then_some((low, high))
}

/// Whether two periods are equal, possibly printed with different numbers of digits.
pub fn is_same_period(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-5 * other,
        (one, other) => one == other,
    }
}

/// The hills of each bias of `settings`.
///
/// # Errors
/// As [`read`], or their number does not fit that of the replicas.
pub fn read_all(settings: &Settings) -> Result<Vec<BiasHills>, Vec<Problem>> {
    let (hills, replicas) = (settings.hills.len(), settings.replicas.len());
    if !settings.is_sum() && hills > 1 && hills != replicas {
        let message = format!("there are {hills} --hills for {replicas} replicas");
        let help =
            "give --hills once if all share a bias (several files: --hills HILLS.0,HILLS.1), or once for each replica";
        return Err(vec![Problem::new(message, help)]);
    }
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for path in &settings.hills {
        match read(path) {
            Ok(hills) => found.push(hills),
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(other) = found.iter().find(|other| other.variables != found[0].variables) {
        let message = format!(
            "`{}` has hills of {}, `{}` of {}",
            other.label,
            other.variables.join(", "),
            found[0].label,
            found[0].variables.join(", ")
        );
        problems.push(Problem::new(message, "use hills of the same variables"));
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}
