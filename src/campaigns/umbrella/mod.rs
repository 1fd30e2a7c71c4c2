//! Windows along a coordinate of a trajectory: which were asked for, and how far have they come?
//!
//! What windows stand along is a [`Coordinate`]: a principal component ([`components`]), or a distance or angle
//! ([`pulled`]). Passes over the frames find it, windows are sampled along it ([`windows`]), and how GROMACS is told to hold them is its
//! [`Restraint`](restraint::Restraint).
mod components;
mod coordinate;
mod example;
mod frames;
mod load;
mod pulled;
mod restraint;
mod section;
mod series;
mod windows;

use super::Kind;
use super::campaign::{Campaign, Outcomes};
use super::stage::{Error, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::engines::InstalledProgram;
use crate::engines::md::gromacs::{GromppError, TooFewGpus};
use crate::figure::Chart;
use crate::journal::Fingerprint;
use crate::process::Guard;
use crate::results;
use crate::seed::CampaignSeed;
use coordinate::Coordinate;
use frames::Frames;
use section::Section;
use std::sync::{Arc, Mutex, PoisonError};

/// The kind of campaign.
pub struct Umbrella;

impl Kind for Umbrella {
    fn name(&self) -> &'static str {
        "umbrella"
    }

    fn about(&self) -> &'static str {
        "principal components of a trajectory, umbrella windows by GROMACS along one of them or along a distance or angle, and the free energy there"
    }

    fn example(&self) -> &'static str {
        include_str!("../../../examples/umbrella.toml")
    }

    fn example_files(&self) -> &'static [(&'static str, &'static [u8])] {
        example::FILES
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
}

/// A campaign, ready to run.
pub struct UmbrellaCampaign {
    frames: Arc<Frames>,
    coordinate: Arc<dyn Coordinate>,
    seed: CampaignSeed,
    section: Section,
    warnings: Faults,
    /// Files that determine the results: key and paths.
    inputs: Vec<(&'static str, Vec<std::path::PathBuf>)>,
    /// How windows are sampled; none where only the components are wanted.
    windows: Option<Arc<windows::Recipe>>,
    config: Config,
    /// Which GROMACS there is.
    program: Option<InstalledProgram>,
    /// How far results of so many stages have led.
    way: Mutex<Option<(usize, Arc<windows::Way>)>>,
}

impl UmbrellaCampaign {
    /// What results of windows have led to, where they are wanted and the coordinate is known. What was found is kept: free energies of
    /// many samples take a while.
    fn way(&self, done: &[StageResult]) -> Result<Option<Arc<windows::Way>>, Error> {
        let Some(recipe) = &self.windows else { return Ok(None) };
        let mut kept = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stages, way)) = &*kept
            && *stages == done.len()
        {
            return Ok(Some(Arc::clone(way)));
        }
        let (known, of_windows) = self.coordinate.known(done)?;
        let way = Arc::new(recipe.follow(&known.along, self.seed, of_windows)?);
        *kept = Some((done.len(), Arc::clone(&way)));
        Ok(Some(way))
    }

    /// Whether `grompp` takes what windows start from: the first frame stands for all.
    fn try_first(&self, recipe: &windows::Recipe, guard: &Guard) -> Result<(), Faults> {
        let restraint = self.coordinate.foreseen_restraint();
        let trial = recipe.trial(&self.frames, restraint.as_deref());
        let trial =
            trial.map_err(|cause| self.config.fault("umbrella.trajectory", cause.to_string(), "mend the file"))?;
        recipe.gromacs.try_input(guard, &trial).map_err(|refused| {
            let help = match &refused {
                GromppError::AtomCounts { structure, topology } if structure < topology => {
                    let message = format!("the trajectory has {structure} atoms, the topology {topology}: windows start from whole frames");
                    let help = "name a trajectory of all atoms, with its structure: compressed-x-grps = System when it is written, \
                                and group System in `gmx trjconv`";
                    return Faults::from(self.config.fault("umbrella.trajectory", message, help));
                }
                GromppError::AtomCounts { .. } => "name the topology of the system that the trajectory is of",
                GromppError::Message(text) if text.contains("was not found") && recipe.index_is_own => {
                    "windows along a distance or angle know the group System, and those of `index`: make one by `gmx make_ndx` and name it"
                }
                GromppError::Message(_) => "correct the run parameters or the topology; grompp_args are handed on",
            };
            self.config.fault("umbrella.mdp", refused.to_string(), help).into()
        })
    }

    /// What makes the windows' folder this campaign's own.
    fn owner(&self) -> String {
        let identity =
            format!("{} {} {}", self.config.campaign.output.display(), self.config.campaign.seed, self.identity());
        Fingerprint::of(&identity).to_string()
    }

    fn told_place(&self, refused: windows::PlaceRefused) -> Faults {
        let help = "name another folder by `directory`, or remove it; --fresh empties one of earlier windows";
        self.config.fault("umbrella.directory", refused.to_string(), help).into()
    }
}

impl Campaign for UmbrellaCampaign {
    fn next(&self, done: &[StageResult]) -> Result<Option<Shared>, Error> {
        if let Some(pass) = self.coordinate.next(done)? {
            return Ok(Some(pass));
        }
        let (Some(way), Some(recipe)) = (self.way(done)?, &self.windows) else { return Ok(None) };
        Ok(match &way.next {
            windows::Next::Round(round) => {
                let restraint = self.coordinate.known(done)?.0.restraint;
                let (frames, recipe) = (Arc::clone(&self.frames), Arc::clone(recipe));
                Some(share(windows::WindowStage::new(frames, recipe, restraint, round.clone())))
            }
            windows::Next::Bootstrap(stage) => Some(share(stage.clone())),
            windows::Next::End(_) => None,
        })
    }

    fn foreseen(&self) -> Result<Vec<Shared>, Error> {
        let passes = self.coordinate.foreseen();
        Ok(passes
            .into_iter()
            .chain(self.windows.as_ref().map(|recipe| share(windows::Foreseen(recipe.placing.count()))))
            .collect())
    }

    fn find_programs(&mut self, guard: Option<&Guard>) -> Result<(), Faults> {
        let Some(recipe) = self.windows.clone() else { return Ok(()) };
        let key = "umbrella.binary";
        let Some(guard) = guard else {
            let help = "see the message about the guard above";
            return Err(self.config.fault(key, "no program can be started here", help).into());
        };
        let found = recipe.gromacs.find(guard);
        self.program =
            Some(found.map_err(|missing| Faults::from(self.config.fault(key, missing.message, missing.help)))?);
        windows::refuse_strangers(&recipe.directory).map_err(|refused| self.told_place(refused))?;
        self.try_first(&recipe, guard)
    }

    fn claim_places(&self, fresh: bool) -> Result<Vec<String>, Faults> {
        let Some(recipe) = &self.windows else { return Ok(Vec::new()) };
        windows::claim(&recipe.directory, &self.owner(), fresh).map_err(|refused| self.told_place(refused))
    }

    fn threads(&self) -> Option<usize> {
        self.windows.as_ref().map(|recipe| recipe.gromacs.cores())
    }

    fn may_oversubscribe(&self) -> bool {
        self.section.oversubscribe
    }

    fn check_node(&self, ranks: usize) -> Result<(), Faults> {
        let Some(recipe) = &self.windows else { return Ok(()) };
        let fault =
            |crowded: TooFewGpus| self.config.fault("umbrella.gpus", crowded.to_string(), TooFewGpus::HELP).into();
        recipe.gromacs.check_gpus(ranks).map_err(fault)
    }

    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        self.coordinate.write(done, out)?;
        match (&self.windows, self.way(done)?) {
            (Some(recipe), Some(way)) => windows::write(recipe, &way, out),
            _ => Ok(()),
        }
    }

    fn figures(&self, done: &[StageResult]) -> Result<Vec<(&'static str, Chart)>, Error> {
        let mut all = self.coordinate.charts(done)?;
        if let Some(way) = self.way(done)? {
            all.extend(windows::charts(&way));
        }
        Ok(all)
    }

    fn remarks(&self, done: &[StageResult]) -> Result<Vec<String>, Error> {
        let (Some(recipe), Some(way)) = (&self.windows, self.way(done)?) else { return Ok(Vec::new()) };
        Ok(way.analysis().map_or(Vec::new(), |analysis| way.remarks(recipe, &analysis)))
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = self.section.identity();
        for (key, paths) in &self.inputs {
            // The file's contents count, not where it lies.
            let digest = |path: &std::path::PathBuf| -> serde_json::Value {
                crate::journal::digest_of_file(path).map_or("unreadable".into(), Into::into)
            };
            identity[*key] = match &paths[..] {
                [path] => digest(path),
                several => several.iter().map(digest).collect(),
            };
        }
        // Journals of versions that counted them are of other results.
        if self.frames.trajectory.left_out() > 0 {
            identity["frames_left_out"] = self.frames.trajectory.left_out().into();
        }
        if let Some(recipe) = &self.windows {
            identity["topology"] = recipe.contents.clone().into();
            identity["mdp"] = Fingerprint::of(recipe.mdp.text()).to_string().into();
            identity["version"] =
                self.program.as_ref().map_or(serde_json::Value::Null, |found| found.version.clone().into());
        }
        identity
    }

    fn understood(&self) -> Vec<(String, String)> {
        let mut lines = self.coordinate.understood();
        if let Some(recipe) = &self.windows {
            lines.extend(windows::understood(recipe, self.program.as_ref()));
        }
        lines
    }

    fn foretold(&self) -> Vec<String> {
        let mut lines = self.coordinate.foretold();
        if let Some(recipe) = &self.windows {
            lines.extend(windows::foretold(recipe));
        }
        lines
    }

    fn warnings(&self) -> Faults {
        self.warnings.clone()
    }

    fn reproducibility(&self) -> &'static str {
        if self.windows.is_some() { "given-files" } else { "bitwise" }
    }

    fn output_bytes(&self) -> u64 {
        let of_windows = self.windows.as_ref().map_or(0, |recipe| recipe.output_bytes());
        40_000 + self.coordinate.output_bytes() + of_windows
    }
}
