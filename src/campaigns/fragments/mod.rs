//! Many-body expansions: which were asked for?
mod cores;
mod cost;
mod export;
mod forecast;
mod images;
mod input;
mod levels;
mod load;
mod orders;
mod section;
mod stage;
mod sums;
mod told;
mod write;

use super::Kind;
use super::campaign::{Campaign, MemoryNeed, Outcomes};
use super::stage::{Error, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::engines::{Driver, Found};
use crate::process::Guard;
use crate::results;
use crate::science::chemistry::{Differences, Displacement};
use crate::science::expansion::{Expansion, Supersystem, Task};
use levels::Level;
use section::Section;
use stage::FragmentStage;
use std::sync::Arc;

/// The kind of campaign.
pub struct Fragments;

impl Kind for Fragments {
    fn name(&self) -> &'static str {
        "fragments"
    }

    fn about(&self) -> &'static str {
        "many-body expansions: energies and derivatives of a cluster from those of its fragments"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/water6.toml")
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Section)
    }

    fn habits(&self) -> (Uneven, Schedule) {
        (Uneven::Idle, Schedule::Dynamic)
    }

    fn load(&self, config: &Config) -> Result<Box<dyn Campaign>, Faults> {
        Ok(Box::new(load::load(config)?))
    }

    fn export(&self, results: &results::Reader) -> Result<serde_json::Value, results::Error> {
        export::export(results)
    }
}

/// A campaign of expansions, ready to run.
pub struct FragmentCampaign {
    config: Config,
    setup: Arc<Setup>,
    /// Where a file gave the levels.
    places: input::LevelPlaces,
    /// Which versions of programs there are, by level.
    found: Vec<Option<Found>>,
    /// What determines the results, but for the programs' versions.
    identity: serde_json::Value,
    understood: Vec<(String, String)>,
    warnings: Faults,
}

/// What every task of the campaign needs.
pub struct Setup {
    pub frames: Vec<Frame>,
    pub levels: Vec<Level>,
    pub driver: Driver,
    /// Charges of each fragment's atoms, elementary charges.
    pub embedding: Option<Vec<Vec<f64>>>,
    /// Everything that is computed, lower generations first, each task's displacements behind it.
    pub units: Vec<Unit>,
}

/// One computation: a task of a frame, or the same with some atoms displaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub frame: usize,
    pub task: Task,
    pub displacement: Displacement,
}

/// One arrangement of the atoms.
pub struct Frame {
    pub system: Supersystem,
    pub expansion: Expansion,
}

impl Setup {
    /// Puts the tasks of all frames in order: raising the largest order only adds some at the end.
    pub fn new(frames: Vec<Frame>, levels: Vec<Level>, driver: Driver, embedding: Option<Vec<Vec<f64>>>) -> Self {
        let of_frame = |(k, frame): (usize, &Frame)| frame.expansion.tasks().into_iter().map(move |task| (k, task));
        let mut tasks: Vec<(usize, Task)> = frames.iter().enumerate().flat_map(of_frame).collect();
        tasks.sort_by_key(|(frame, task)| (task.generation, *frame));
        let mut setup = Self { frames, levels, driver, embedding, units: Vec::new() };
        for (frame, task) in tasks {
            let coordinates = setup.coordinates(frame, &task).len();
            let displacements = setup.differences(&task).displacements(coordinates);
            let unit = |displacement| Unit { frame, task: task.clone(), displacement };
            setup.units.extend(displacements.into_iter().map(unit));
        }
        setup
    }

    /// Which differences give a task's derivatives.
    pub fn differences(&self, task: &Task) -> Differences {
        self.levels[usize::from(task.level)].differences(self.driver)
    }

    /// What is asked of a single computation of a task.
    pub fn driver_of(&self, task: &Task) -> Driver {
        match self.differences(task) {
            Differences::None => self.driver,
            Differences::HessianFromGradients => Driver::Gradient,
            Differences::GradientFromEnergies | Differences::HessianFromEnergies => Driver::Energy,
        }
    }

    /// Where each coordinate of a task stands among those of its cluster.
    pub fn coordinates(&self, frame: usize, task: &Task) -> Vec<usize> {
        let Frame { system, expansion } = &self.frames[frame];
        let basis: Vec<usize> = expansion.basis_of(task).iter().map(|&fragment| fragment.into()).collect();
        system.atoms_of(&basis).into_iter().flat_map(|atom| 3 * atom..3 * atom + 3).collect()
    }

    /// What a unit is called: level, real fragments and those whose basis functions it has, counted from 1, as QCManyBody's.
    pub fn label(&self, place: usize) -> String {
        let Unit { frame, task, displacement } = &self.units[place];
        let basis = self.frames[*frame].expansion.basis_of(task);
        let label = serde_json::json!([self.levels[task.level as usize].name, from_one(&task.real), from_one(&basis)]);
        let frame = if self.frames.len() == 1 { String::new() } else { format!("frame {frame} ") };
        let step = self.differences(task).step();
        let moved = displacement.0.iter().map(|&(coordinate, steps)| {
            let axis = ["x", "y", "z"][coordinate as usize % 3];
            format!(", atom {} {axis}{:+} bohr", coordinate / 3, f64::from(steps) * step)
        });
        format!("{frame}{}{}", spaced(&label), moved.collect::<String>())
    }
}

/// Fragments counted from 1, as QCManyBody does.
pub fn from_one(fragments: &[u16]) -> Vec<u16> {
    fragments.iter().map(|&fragment| fragment + 1).collect()
}

/// JSON with a space behind each comma, as Python writes it.
pub fn spaced(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

impl Campaign for FragmentCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        Ok(done.is_empty().then(|| share(FragmentStage::new(Arc::clone(&self.setup)))))
    }

    fn find_programs(&mut self, guard: Option<&Guard>) -> Result<(), Faults> {
        let found = levels::find(&self.config, &self.setup.levels, guard);
        self.found = found.map_err(|faults| self.places.relocate(&self.config, faults))?;
        for (level, found) in self.setup.levels.iter().zip(&self.found) {
            if let Some(Found { path, version }) = found {
                let text = format!("{} {version}, {}", level.engine_name(), path.display());
                self.understood.push((format!("program of {}", level.name), text));
            }
        }
        Ok(())
    }

    fn threads(&self) -> Option<usize> {
        let of_programs = self.setup.levels.iter().filter(|level| level.is_program());
        of_programs.map(|level| level.threads).max()
    }

    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        write::write(&self.setup, &self.found, &done[0], out)
    }

    fn remarks(&self, done: &[StageResult]) -> Result<Vec<String>, Error> {
        let values: sums::Values = done[0].value()?;
        Ok(told::remarks_of(&self.setup, &values.notes))
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = self.identity.clone();
        for (k, found) in self.found.iter().enumerate() {
            identity["level"][k]["version"] =
                found.as_ref().map_or(serde_json::Value::Null, |f| f.version.clone().into());
        }
        identity
    }

    fn grows(&self) -> Option<(&'static str, u64)> {
        Some(("fragments.max_order", self.setup.frames[0].expansion.max_order() as u64))
    }

    /// Derivatives are summed and not kept one by one, so that a larger order needs them again from the journal.
    fn needs_outcomes(&self) -> bool {
        self.setup.driver != Driver::Energy
    }

    fn understood(&self) -> Vec<(String, String)> {
        self.understood.clone()
    }

    fn foretold(&self) -> Vec<String> {
        told::foretold_of(&self.setup)
    }

    fn memory(&self, limit_mb: Option<u64>) -> Option<MemoryNeed> {
        forecast::memory(&FragmentStage::new(Arc::clone(&self.setup)), limit_mb)
    }

    fn warnings(&self) -> Faults {
        self.warnings.clone()
    }

    fn reproducibility(&self) -> &'static str {
        if self.threads().is_some() { "given-files" } else { "bitwise" }
    }

    fn output_bytes(&self) -> u64 {
        let atoms = 3 * self.setup.frames[0].system.elements.len() as u64;
        let orders = self.setup.frames[0].expansion.orders().len() as u64;
        let per_frame = match self.setup.driver {
            Driver::Energy => 0,
            Driver::Gradient => 8 * atoms * (orders + 1),
            Driver::Hessian => 8 * atoms * atoms,
        };
        let treatments = self.setup.frames[0].expansion.bsse.len() as u64;
        150 * self.setup.units.len() as u64 + per_frame * treatments * self.setup.frames.len() as u64 + 20_000
    }
}
