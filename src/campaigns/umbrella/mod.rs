//! Principal components of a trajectory, and windows along one of them: which were asked for?
mod charts;
mod course;
mod example;
mod frames;
mod load;
mod section;
mod stage;
mod step;
mod whole;
mod windows;
mod write;

use super::Kind;
use super::stage::{Campaign, Error, Outcomes, Shared, StageResult, share};
use crate::config::{Config, Faults, Schedule, Uneven};
use crate::engines::Found;
use crate::engines::gromacs::{Input, Refused};
use crate::figure::Chart;
use crate::journal::Fingerprint;
use crate::md::{Trajectory, gro};
use crate::process::Guard;
use crate::results;
use crate::science::pca::{CHUNK, Superposition};
use crate::science::selection::Atom;
use crate::seed::CampaignSeed;
use course::Course;
use section::Section;
use std::sync::{Arc, Mutex, PoisonError};

/// The kind of campaign.
pub struct Umbrella;

impl Kind for Umbrella {
    fn name(&self) -> &'static str {
        "umbrella"
    }

    fn about(&self) -> &'static str {
        "principal components of a trajectory, umbrella windows along one of them by GROMACS, and the free energy there"
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
    setup: Arc<Setup>,
    course: Course,
    section: Section,
    understood: Vec<(String, String)>,
    warnings: Faults,
    /// Files that determine the results: key and path.
    inputs: Vec<(&'static str, std::path::PathBuf)>,
    /// How windows are sampled; none where only the components are wanted.
    windows: Option<Arc<windows::Recipe>>,
    config: Config,
    /// Which GROMACS there is.
    program: Option<Found>,
    /// How far results of so many stages have led.
    way: Mutex<Option<(usize, Arc<windows::Way>)>>,
}

/// What every pass over the frames needs.
pub struct Setup {
    pub trajectory: Trajectory,
    /// Those of the structure.
    pub names: Vec<Atom>,
    /// Atoms that are superposed.
    pub fitted: Vec<usize>,
    /// Atoms of the components.
    pub chosen: Vec<usize>,
    /// Both, in ascending order.
    pub atoms: Vec<usize>,
    /// For each of `atoms` whether the next one is of the same molecule, as far as names tell.
    pub belong: Vec<bool>,
    /// So many atoms of a frame are read.
    pub reach: usize,
    pub check_whole: bool,
    /// Over the first frame or a structure.
    pub superposition: Arc<Superposition>,
    /// Whether that is only where the search for the average begins.
    pub to_average: bool,
    pub components: usize,
    /// Positions of the first frame, nm.
    pub first: Vec<[f32; 3]>,
    pub seed: CampaignSeed,
}

impl Setup {
    /// Where the chosen atoms are in the first frame, nm.
    pub fn superposition_origin(&self) -> Vec<[f64; 3]> {
        self.chosen.iter().map(|&atom| self.first[atom].map(f64::from)).collect()
    }

    /// The number of chunks of frames.
    pub fn chunks(&self) -> u64 {
        self.trajectory.frames().div_ceil(CHUNK) as u64
    }
}

impl UmbrellaCampaign {
    /// What results of windows have led to, where they are wanted and the components are known. What was found is kept: free energies of
    /// many samples take a while.
    fn way(&self, done: &[StageResult]) -> Result<Option<Arc<windows::Way>>, Error> {
        let Some(recipe) = &self.windows else { return Ok(None) };
        let mut kept = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stages, way)) = &*kept
            && *stages == done.len()
        {
            return Ok(Some(Arc::clone(way)));
        }
        let (outcome, of_windows) = self.course.outcome(&self.setup, done)?;
        let way = Arc::new(recipe.follow(&outcome.along(recipe.component), self.setup.seed, of_windows)?);
        *kept = Some((done.len(), Arc::clone(&way)));
        Ok(Some(way))
    }

    /// Whether `grompp` takes what windows start from: the first frame stands for all.
    fn try_first(&self, recipe: &windows::Recipe, guard: &Guard) -> Result<(), Faults> {
        let frame = load::whole_frame(&self.config, &self.setup.trajectory, 0)?;
        let structure = gro::text("the first frame", &self.setup.names, &frame);
        let input = Input::Parameters {
            mdp: recipe.mdp.with(&[("gen-seed", "1".into()), ("ld-seed", "1".into())]),
            structure: None,
            topology: recipe.topology.clone(),
            index: recipe.index.clone(),
            args: recipe.grompp_args.clone(),
        };
        recipe.gromacs.try_input(guard, &input, &structure).map_err(|refused| {
            let help = match refused {
                Refused::Atoms { structure, topology } if structure < topology => {
                    let message = format!("the trajectory has {structure} atoms, the topology {topology}: windows start from whole frames");
                    let help = "name a trajectory of all atoms, with its structure: compressed-x-grps = System when it is written, \
                                and group System in `gmx trjconv`";
                    return Faults::from(self.config.fault("umbrella.trajectory", message, help));
                }
                Refused::Atoms { .. } => "name the topology of the system that the trajectory is of",
                Refused::Said(_) => "correct the run parameters or the topology; grompp_args are handed on",
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
        if let Some(stage) = self.course.next(&self.setup, done)? {
            return Ok(Some(stage));
        }
        let (Some(way), Some(recipe)) = (self.way(done)?, &self.windows) else { return Ok(None) };
        Ok(match &way.next {
            windows::Next::Round(round) => {
                let (outcome, _) = self.course.outcome(&self.setup, done)?;
                let (setup, recipe) = (Arc::clone(&self.setup), Arc::clone(recipe));
                Some(share(windows::WindowStage::new(setup, recipe, outcome.found, round.clone())))
            }
            windows::Next::Bootstrap(stage) => Some(share(stage.clone())),
            windows::Next::End(_) => None,
        })
    }

    fn foreseen(&self) -> Result<Vec<Shared>, Error> {
        let passes = self.course.foreseen(&self.setup);
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

    fn claim_places(&self, fresh: bool) -> Result<(), Faults> {
        let Some(recipe) = &self.windows else { return Ok(()) };
        windows::claim(&recipe.directory, &self.owner(), fresh).map_err(|refused| self.told_place(refused))
    }

    fn threads(&self) -> Option<usize> {
        self.windows.as_ref().map(|recipe| recipe.gromacs.cores())
    }

    fn write(&self, done: &[StageResult], _: &mut dyn Outcomes, out: &mut results::Writer) -> Result<(), Error> {
        write::write(&self.setup, &self.course.outcome(&self.setup, done)?.0, out)?;
        match (&self.windows, self.way(done)?) {
            (Some(recipe), Some(way)) => windows::write(recipe, &way, out),
            _ => Ok(()),
        }
    }

    fn figures(&self, done: &[StageResult]) -> Result<Vec<(&'static str, Chart)>, Error> {
        let mut all = charts::charts(&self.setup, &self.course.outcome(&self.setup, done)?.0);
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
        for (key, path) in &self.inputs {
            // The file's contents count, not where it lies.
            identity[*key] = crate::journal::digest_of_file(path).map_or("unreadable".into(), Into::into);
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
        let mut lines = self.understood.clone();
        if let Some(recipe) = &self.windows {
            lines.extend(windows::understood(recipe, self.program.as_ref()));
        }
        lines
    }

    fn foretold(&self) -> Vec<String> {
        let mut lines = self.course.foretold(&self.setup);
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
        let (frames, atoms) = (self.setup.trajectory.frames() as u64, self.setup.chosen.len() as u64);
        let components = self.setup.components as u64;
        let of_windows = self.windows.as_ref().map_or(0, |recipe| recipe.output_bytes());
        40_000 + 8 * (components * (frames + 3 * atoms + 2) + 3 * atoms + frames) + 60 * atoms + of_windows
    }
}
