//! How are the files of `simmpi fes` read and compared?
use super::bias_columns::{self, BiasColumn};
use super::drift::drift;
use super::error::LoadError;
use super::hills::{self, BiasHills, is_same_period};
use super::samples::{self, ReplicaSamples};
use super::settings::Settings;
use crate::journal::Fingerprint;
use crate::problem::Problem;
use crate::units::EnergyUnit;
use std::path::PathBuf;

/// Part of the fingerprint: incremented whenever the same input gives different numbers.
const VERSION: u32 = 1;

/// What a free energy is computed from.
#[derive(Debug)]
pub struct FesInput {
    pub settings: Settings,
    /// Empty for a sum of hills.
    pub replicas: Vec<ReplicaSamples>,
    pub hills: Vec<BiasHills>,
    /// Of each variable.
    pub periods: Vec<Option<f64>>,
    /// SHA-256 of everything that determines the result.
    pub fingerprint: String,
    /// How the files were interpreted.
    pub summary: Vec<String>,
    pub warnings: Vec<String>,
}

/// Reads the files of `settings`.
///
/// # Errors
/// All problems of the options, or else of the files.
pub fn load(settings: Settings) -> Result<FesInput, LoadError> {
    settings.check().map_err(LoadError::Usage)?;
    let hills = hills::read_all(&settings).map_err(LoadError::Input)?;
    let mut loader = Loader { settings, hills, replicas: Vec::new(), problems: Vec::new(), warnings: Vec::new() };
    loader.read_replicas();
    loader.check_biases();
    let periods = loader.periods();
    if !loader.problems.is_empty() {
        return Err(LoadError::Input(loader.problems));
    }
    loader.warn_of_drift();
    loader.pool_walkers();
    let fingerprint = loader.fingerprint();
    let summary = loader.summary(&periods);
    let Loader { settings, hills, replicas, warnings, .. } = loader;
    Ok(FesInput { settings, replicas, hills, periods, fingerprint, summary, warnings })
}

/// Files while they are read, and problems and warnings so far.
struct Loader {
    settings: Settings,
    hills: Vec<BiasHills>,
    replicas: Vec<ReplicaSamples>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Loader {
    /// Whether all replicas have one bias, so that their weights are relative to each other.
    fn shares_bias(&self) -> bool {
        self.settings.are_walkers || (self.hills.len() == 1 && self.settings.replicas.len() > 1)
    }

    fn read_replicas(&mut self) {
        let variables = self.hills.first().map_or(Vec::new(), |hills| hills.variables.clone());
        let shares_bias = self.shares_bias();
        let replicas: Vec<PathBuf> = self.settings.replicas.clone();
        for (index, path) in replicas.iter().enumerate() {
            let own = self.hills.get(if self.hills.len() == 1 { 0 } else { index });
            let read = samples::read(&self.settings, path, &variables).and_then(|mut samples| {
                let factor = self.settings.file_unit.in_kj_mol(self.settings.temperature_k.unwrap_or(f64::NAN));
                if let Some(hills) = own {
                    hills.add_to(&mut samples)?;
                }
                if self.settings.file_unit != EnergyUnit::KjMol {
                    samples.bias.iter_mut().for_each(|bias| *bias *= factor);
                }
                if shares_bias && samples.times_ps.is_none() {
                    let message = format!("`{}` has no times, by which walkers are merged", samples.label);
                    return Err(Problem::new(message, "use files whose first column is the time"));
                }
                Ok(samples)
            });
            match read {
                Ok(mut samples) => {
                    self.warnings.append(&mut samples.notes);
                    self.replicas.push(samples);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        for (k, replica) in self.replicas.iter().enumerate() {
            if let Some(other) = self.replicas[..k].iter().find(|other| other.digests == replica.digests) {
                let message = format!("`{}` has the same contents as `{}`", replica.label, other.label);
                self.problems.push(Problem::new(message, "name each replica once"));
            }
        }
        self.warnings.extend(self.hills.iter().flat_map(|hills| hills.notes.clone()));
    }

    /// Checks that all columns of the bias are constant in time.
    fn check_biases(&mut self) {
        let Some(first) = self.replicas.first() else { return };
        let unused = bias_columns::unused(&self.settings.bias, &first.names, !self.hills.is_empty());
        if !unused.is_empty() {
            let names = unused.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let text = format!(
                "`{}` also has {names}: samples are reweighted without; if it acted on the system, add it to --bias",
                first.label
            );
            self.warnings.push(text);
        }
        for name in self.settings.bias.iter().filter(|_| !self.settings.is_constant) {
            match bias_columns::classify(name, &first.names) {
                Err(problem) => {
                    let message = format!("`{}`: {}", first.label, problem.message);
                    self.problems.push(Problem::new(message, problem.help));
                }
                Ok(BiasColumn::Unknown) => self
                    .warnings
                    .push(format!("`{name}` is taken as a bias that is constant in time: nothing in the file tells")),
                Ok(BiasColumn::Constant | BiasColumn::Rescaled) => {}
            }
        }
    }

    /// The period of each variable, on which all files must agree.
    fn periods(&mut self) -> Vec<Option<f64>> {
        let count = self.settings.variables.len();
        if let [first, ..] = self.hills.as_slice()
            && self.settings.is_sum()
        {
            let chosen = chosen_variables(&self.settings, first);
            let period = |name: &String| {
                let index = first.variables.iter().position(|known| known == name)?;
                first.hills.periods[index]
            };
            return chosen.iter().map(period).collect();
        }
        let mut periods = Vec::new();
        for variable in 0..count {
            if let Some(given) = self.settings.period_of(variable) {
                periods.push(given);
                continue;
            }
            let of = |replica: &ReplicaSamples| replica.periods.get(variable).copied().flatten();
            let first = self.replicas.first().and_then(of);
            if let Some(other) = self.replicas.iter().find(|replica| !is_same_period(of(replica), first)) {
                let text = |period: Option<f64>| period.map_or("none".to_owned(), |period| period.to_string());
                let (name, label) = (&self.settings.variables[variable], &self.replicas[0].label);
                let message = format!(
                    "the period of `{name}` is {} in `{label}`, but {} in `{}`",
                    text(first),
                    text(of(other)),
                    other.label
                );
                self.problems.push(Problem::new(message, "use replicas of one simulation, or give --period"));
            }
            periods.push(first);
        }
        periods
    }

    fn warn_of_drift(&mut self) {
        let Some(kt) = self.settings.temperature_k.map(crate::units::thermal_energy_kj_mol) else { return };
        for replica in &self.replicas {
            let coordinates = if self.hills.is_empty() { &replica.coordinates } else { continue };
            if let Some(found) = drift(coordinates, &replica.bias).filter(|found| found.abs() > kt) {
                self.warnings.push(format!(
                    "`{}`: at the same values of {} the bias is {found:.1} kJ/mol higher in the second half than in the first: it is not \
                     constant; discard more (--discard), or use a rescaled bias",
                    replica.label,
                    self.settings.variables.join(" and ")
                ));
            }
        }
    }

    /// Merges walkers into one replica, in the order of their times.
    fn pool_walkers(&mut self) {
        if !self.shares_bias() || self.replicas.len() < 2 {
            return;
        }
        let all = std::mem::take(&mut self.replicas);
        let times = |k: usize| all[k].times_ps.as_deref().unwrap_or_default();
        let mut order: Vec<(usize, usize)> =
            (0..all.len()).flat_map(|k| (0..all[k].bias.len()).map(move |row| (k, row))).collect();
        order.sort_by(|a, b| times(a.0)[a.1].total_cmp(&times(b.0)[b.1]));
        let merged = |of: &dyn Fn(&ReplicaSamples) -> &Vec<f64>| -> Vec<f64> {
            order.iter().map(|(k, row)| of(&all[*k])[*row]).collect()
        };
        let pooled = ReplicaSamples {
            label: all.iter().map(|one| one.label.clone()).collect::<Vec<_>>().join(", "),
            digests: all.iter().flat_map(|one| one.digests.clone()).collect(),
            names: all[0].names.clone(),
            coordinates: (0..all[0].coordinates.len()).map(|k| merged(&|one| &one.coordinates[k])).collect(),
            bias: merged(&|one| &one.bias),
            times_ps: Some(order.iter().map(|(k, row)| times(*k)[*row]).collect()),
            periods: all[0].periods.clone(),
            rows: all.iter().map(|one| one.rows).sum(),
            ..ReplicaSamples::default()
        };
        self.replicas = vec![pooled];
    }

    fn summary(&self, periods: &[Option<f64>]) -> Vec<String> {
        let settings = &self.settings;
        let mut lines: Vec<String> = self.hills.iter().map(BiasHills::summary).collect();
        for replica in &self.replicas {
            let times = replica.times_ps.as_ref().and_then(|times| Some((times.first()?, times.last()?)));
            let times = times.map_or(String::new(), |(first, last)| format!(", {first} to {last} ps"));
            lines.push(format!("{}: {} of {} rows{times}", replica.label, replica.bias.len(), replica.rows));
        }
        if let (Some(temperature), false) = (settings.temperature_k, settings.is_sum()) {
            let kt = crate::units::thermal_energy_kj_mol(temperature);
            let columns = settings.bias.join(" + ");
            let bias = match (columns.is_empty(), self.hills.is_empty()) {
                (true, _) => "all hills, as they are at the end of the run".to_owned(),
                (false, true) => columns,
                (false, false) => format!("{columns} + all hills, as they are at the end of the run"),
            };
            lines
                .push(format!("bias: {bias}, in {}; kT = {kt:.4} kJ/mol ({temperature} K)", settings.file_unit.name()));
        }
        let variable = |(name, period): (&String, &Option<f64>)| match period {
            Some(period) => format!("{name} (period {period:.5})"),
            None => format!("{name} (not periodic)"),
        };
        let names = match (settings.is_sum(), self.hills.first()) {
            (true, Some(hills)) => chosen_variables(settings, hills),
            _ => settings.variables.clone(),
        };
        let names: Vec<String> = names.iter().zip(periods).map(variable).collect();
        lines.push(format!("variables: {}", names.join(", ")));
        if !settings.is_sum() {
            lines.push(match self.replicas.len() {
                1 if settings.replicas.len() > 1 => {
                    format!("walkers of one bias: errors from {} blocks in time", settings.blocks)
                }
                1 => format!("one replica: errors from {} blocks", settings.blocks),
                count => format!("{count} independent replicas: errors from their spread"),
            });
        }
        lines
    }

    fn fingerprint(&self) -> String {
        let digests: Vec<&String> = self.replicas.iter().flat_map(|replica| &replica.digests).collect();
        let hills: Vec<&String> = self.hills.iter().flat_map(|hills| &hills.digests).collect();
        let mut settings = self.settings.clone();
        // Contents count, not paths.
        (settings.replicas, settings.hills) = (Vec::new(), Vec::new());
        let text = format!("{VERSION} {settings:?} {digests:?} {hills:?} {}", self.replicas.len());
        Fingerprint::of_text(&text).to_string()
    }
}

/// The variables of a sum of hills: those of the command line, or all of the hills.
pub fn chosen_variables(settings: &Settings, hills: &BiasHills) -> Vec<String> {
    if settings.variables.is_empty() { hills.variables.clone() } else { settings.variables.clone() }
}
