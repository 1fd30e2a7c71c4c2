//! Are the collected columns and the free energies along them valid?
use super::{Loader, is_inside};
use crate::campaigns::ensemble::engine::Engine;
use crate::campaigns::ensemble::periods;
use crate::campaigns::ensemble::section::{CollectSection, ColumnName, FreeEnergySection};
use crate::campaigns::ensemble::setup::FreeEnergy;
use crate::science::reweighting::Region;
use crate::units::thermal_energy_kj_mol;

/// File name under which columns of the model are collected.
const MODEL_FILE: &str = "COLVAR";

impl Loader<'_> {
    /// The columns to collect; by default none of programs, and all of the model.
    pub(super) fn collect(&mut self, engine: Option<&Engine>) -> Vec<CollectSection> {
        let section = self.section;
        for (index, collect) in section.collect.iter().enumerate() {
            self.check_collect(index, collect, engine);
        }
        let mut all = section.collect.clone();
        if let (Some(Engine::Model(model)), true) = (engine, all.is_empty()) {
            all.push(CollectSection {
                file: MODEL_FILE.into(),
                columns: model.columns().into_iter().map(ColumnName::Name).collect(),
            });
        }
        all
    }

    fn check_collect(&mut self, index: usize, collect: &CollectSection, engine: Option<&Engine>) {
        let key = format!("collect.{index}");
        if !is_inside(&collect.file) {
            let message = format!("`{}` is outside the folder of the replica", collect.file);
            self.refuse(&format!("{key}.file"), message, "use a path in the folder of the replica");
        }
        if self.section.collect[..index].iter().any(|other| other.file == collect.file) {
            let message = format!("`{}` is collected twice", collect.file);
            self.refuse(&format!("{key}.file"), message, "list all of its columns in one entry");
        }
        for (k, column) in collect.columns.iter().enumerate().filter(|(k, c)| collect.columns[..*k].contains(c)) {
            let message = format!("column {column} is listed twice");
            self.refuse(&format!("{key}.columns.{k}"), message, "remove one");
        }
        let Some(Engine::Model(model)) = engine else { return };
        if collect.file != MODEL_FILE {
            let message = format!("the model does not write `{}`", collect.file);
            self.refuse(&format!("{key}.file"), message, format!("its columns are those of {MODEL_FILE}"));
        }
        let known = model.columns();
        for (k, column) in collect.columns.iter().enumerate() {
            let is_known = match column {
                ColumnName::Name(name) => known.contains(name),
                ColumnName::Index(index) => (*index as usize) < known.len(),
            };
            if !is_known {
                let message = format!("the model has no column {column}");
                self.refuse(&format!("{key}.columns.{k}"), message, format!("it has {}", known.join(", ")));
            }
        }
    }

    /// The requested free energies along collected columns.
    pub(super) fn free_energies(&mut self, engine: Option<&Engine>, collect: &[CollectSection]) -> Vec<FreeEnergy> {
        let section = self.section;
        let wanted: Vec<FreeEnergy> = section
            .free_energy
            .iter()
            .enumerate()
            .filter_map(|(index, wanted)| self.free_energy(index, wanted, engine, collect))
            .collect();
        for (index, one) in wanted.iter().enumerate() {
            if wanted[..index].iter().any(|other| other.name == one.name) {
                let message = format!("two free energies are called `{}`", one.name);
                self.refuse(&format!("free_energy.{index}.name"), message, "set another `name` for one of them");
            }
        }
        wanted
    }

    fn free_energy(
        &mut self,
        index: usize,
        wanted: &FreeEnergySection,
        engine: Option<&Engine>,
        collect: &[CollectSection],
    ) -> Option<FreeEnergy> {
        let key = format!("free_energy.{index}");
        let before = self.check.faults.len();
        let has = |collect: &CollectSection, name: &str| {
            collect.columns.iter().position(|column| matches!(column, ColumnName::Name(known) if known == name))
        };
        let is_timed = wanted.discard_ps > 0.0;
        let needed: Vec<&str> = wanted.cvs.iter().chain([&wanted.bias]).map(String::as_str).collect();
        let timed: Vec<&str> = needed.iter().copied().chain(is_timed.then_some("time")).collect();
        let file = collect.iter().position(|collect| timed.iter().all(|name| has(collect, name).is_some()));
        if file.is_none() {
            let message = format!("no collected file has the columns {}", timed.join(", "));
            let help = "list them in one [[ensemble.collect]]; discarding requires `time`";
            self.refuse(&key, message, help);
        }
        let (thermal_energy, units) = match (engine, wanted.temperature_k) {
            (Some(Engine::Model(model)), None) => (model.thermal_energy(), "as the model's energy"),
            (Some(Engine::Model(_)), Some(_)) => {
                let help = "remove it: model.thermal_energy determines it";
                self.refuse(&format!("{key}.temperature_k"), "the model sets its own temperature", help);
                (1.0, "")
            }
            (_, Some(temperature_k)) => (thermal_energy_kj_mol(temperature_k), "kJ/mol"),
            (_, None) => {
                let help = "set the temperature of the simulation, as in temperature_k = 300.0";
                self.refuse(&key, "`temperature_k` is not set", help);
                (1.0, "")
            }
        };
        let count = wanted.cvs.len();
        let lengths = [
            ("range", wanted.range.as_ref().map(Vec::len)),
            ("period", wanted.period.as_ref().map(Vec::len)),
            ("bandwidth", wanted.bandwidth.as_ref().map(Vec::len)),
        ];
        for (name, length) in lengths.into_iter().filter_map(|(name, length)| Some((name, length?))) {
            if length != count {
                let message = format!("{length} values for {count} variables");
                self.refuse(&format!("{key}.{name}"), message, "set one for each variable");
            }
        }
        for (variable, ends) in
            wanted.range.iter().flatten().enumerate().filter(|(_, ends)| ends[0].is_nan() || ends[0] >= ends[1])
        {
            let message = format!("the range of variable {variable} ends at {}, before it begins", ends[1]);
            self.refuse(&format!("{key}.range.{variable}"), message, "put the lower end first");
        }
        if wanted.regions.iter().flatten().any(|region| region.len() != count) {
            let help = "set a lower and an upper end for each, as in regions = [[[0.0, 3.1]], [[-3.1, 0.0]]]";
            self.refuse(&format!("{key}.regions"), format!("regions must be boxes of {count} variables"), help);
        }
        if self.check.faults.len() > before {
            return None;
        }
        let file = file?;
        let column = |name: &str| has(&collect[file], name);
        let some = |period: &f64| (*period > 0.0).then_some(*period);
        let periods = wanted.period.as_ref().map(|periods| periods.iter().map(some).collect::<Vec<_>>());
        let regions: Option<Vec<Region>> =
            wanted.regions.as_ref().map(|both| both.iter().map(|ranges| Region { ranges: ranges.clone() }).collect());
        let found = FreeEnergy {
            name: wanted.name.clone().unwrap_or_else(|| wanted.cvs.join("_")),
            file,
            cvs: wanted.cvs.iter().map(|name| column(name)).collect::<Option<_>>()?,
            bias: column(&wanted.bias)?,
            time: if is_timed { column("time") } else { None },
            section: wanted.clone(),
            thermal_energy,
            units,
            periods,
            regions: regions.and_then(|both| both.try_into().ok()),
        };
        if let Some(Err(problem)) = found.periods.as_ref().map(|periods| periods::check_width(&found, periods)) {
            self.refuse(&key, problem.message, problem.help);
        }
        Some(found)
    }
}
