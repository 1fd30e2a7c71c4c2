//! How does an umbrella sampling campaign go from stage to stage?
//!
//! First come the passes that find the coordinate of every frame, then rounds of windows, then the bootstrap.
use super::coordinate::{Coordinate, Known};
use super::frames::Frames;
use super::pca;
use super::section::Section;
use super::windows::{self, UmbrellaState, WindowSetup};
use crate::campaigns::campaign::{
    Campaign, Declaration, Next, Outlook, PlannedStage, RecordedValues, Report, Reproducibility, StartSupervisor,
};
use crate::campaigns::stage::{Error, StageResult, StageSpec};
use crate::config::{Config, Faults};
use crate::engines::InstalledProgram;
use crate::engines::md::gromacs::GromppError;
use crate::journal::Fingerprint;
use crate::problem::Problem;
use crate::process::Supervisor;
use crate::results;
use crate::seed::CampaignSeed;
use std::path::Path;
use std::sync::Arc;

/// A campaign, ready to run.
pub struct UmbrellaCampaign {
    pub frames: Arc<Frames>,
    pub coordinate: Box<dyn Coordinate>,
    pub seed: CampaignSeed,
    pub section: Section,
    pub warnings: Faults,
    /// How windows are sampled; none where only the components are wanted.
    pub windows: Option<Arc<WindowSetup>>,
    pub config: Config,
    /// The GROMACS that runs windows, with its version.
    pub program: Option<InstalledProgram>,
    /// The windows so far; none before the coordinate is known, or where no windows are wanted.
    pub sampling: Option<Sampling>,
}

/// Windows that are sampled along a known coordinate.
pub struct Sampling {
    known: Known,
    state: UmbrellaState,
}

impl UmbrellaCampaign {
    /// The coordinate and the first windows along it, where windows are wanted.
    fn begin_sampling(&mut self) -> Result<(), Error> {
        if let Some(setup) = &self.windows {
            let known = self.coordinate.known()?;
            let state = setup.begin(&known.along)?;
            self.sampling = Some(Sampling { known, state });
        }
        Ok(())
    }

    /// What comes next once the coordinate is known.
    fn next_windows(&self) -> Next {
        let (Some(Sampling { known, state }), Some(setup)) = (&self.sampling, &self.windows) else {
            return Next::Complete;
        };
        match &state.next {
            windows::Next::Round(round) => {
                let (frames, setup) = (Arc::clone(&self.frames), Arc::clone(setup));
                Next::Run(windows::WindowWorkload::stage(frames, setup, Arc::clone(&known.restraint), round.clone()))
            }
            windows::Next::Bootstrap(bootstrap) => Next::Run(bootstrap.clone().into_stage()),
            windows::Next::End => Next::Complete,
        }
    }

    /// Checks that `grompp` accepts the start of windows: the first frame stands for all.
    fn try_first(&self, setup: &WindowSetup, supervisor: &Supervisor) -> Result<(), Faults> {
        let restraint = self.coordinate.trial_restraint();
        let trial = setup.trial(&self.frames, restraint.as_deref());
        let trial =
            trial.map_err(|cause| self.config.fault("umbrella.trajectory", cause.to_string(), "replace the file"))?;
        setup.gromacs.try_input(supervisor, &trial).map_err(|refused| {
            let help = match &refused {
                GromppError::AtomCounts { structure, topology } if structure < topology => {
                    let message = format!(
                        "the trajectory has {structure} atoms, the topology {topology}: windows start from whole frames"
                    );
                    let help = "use a trajectory of all atoms and its structure: set compressed-x-grps = System when it is written, \
                                or choose the group System in `gmx trjconv`";
                    return Faults::from(self.config.fault("umbrella.trajectory", message, help));
                }
                GromppError::AtomCounts { .. } => "use the topology of the system in the trajectory",
                GromppError::UnknownName(_) if setup.index_is_own => {
                    "windows along a distance or angle know the group System and those of `index`: make an index file by `gmx make_ndx` and set `index`"
                }
                GromppError::UnknownName(_) | GromppError::Message(_) => "correct the run parameters or the topology; grompp_args are passed on",
            };
            self.config.fault("umbrella.mdp", refused.to_string(), help).into()
        })
    }

    /// Everything that determines the results.
    ///
    /// # Errors
    /// An input file cannot be read.
    fn identity(&self) -> Result<serde_json::Value, Faults> {
        let mut identity = self.section.identity();
        // The file's contents count, not where it lies.
        let digest = |key: &str, path: &Path| -> Result<serde_json::Value, Faults> {
            let path = self.config.resolve(path);
            self.config.inputs.digest(&path).map(Into::into).map_err(|error| {
                let message = format!("cannot read `{}`: {error}", path.display());
                let help = "make the file readable for rank 0, which computes its digest";
                self.config.fault(&format!("umbrella.{key}"), message, help).into()
            })
        };
        identity["trajectory"] = match self.section.trajectory.paths() {
            [path] => digest("trajectory", path)?,
            several => several.iter().map(|path| digest("trajectory", path)).collect::<Result<_, _>>()?,
        };
        identity["structure"] = digest("structure", &self.section.structure)?;
        if self.section.coordinate.is_none() && !pca::is_keyword(&self.section.align_to) {
            identity["align_to"] = digest("align_to", Path::new(&self.section.align_to))?;
        }
        // Journals of versions that counted them are of other results.
        if self.frames.trajectory.left_out() > 0 {
            identity["frames_left_out"] = self.frames.trajectory.left_out().into();
        }
        if let Some(setup) = &self.windows {
            identity["topology"] = setup.contents.clone().into();
            identity["mdp"] = Fingerprint::of_text(setup.mdp.text()).to_string().into();
            identity["version"] =
                self.program.as_ref().map_or(serde_json::Value::Null, |program| program.version.clone().into());
        }
        Ok(identity)
    }

    /// The text that marks the windows' folder as this campaign's own.
    fn owner(&self, identity: &serde_json::Value) -> String {
        let text = format!("{} {} {identity}", self.config.campaign.output.display(), self.config.campaign.seed);
        Fingerprint::of_text(&text).to_string()
    }

    fn folder_fault(&self, problem: Problem) -> Faults {
        self.config.fault_of("umbrella.directory", problem).into()
    }
}

impl Campaign for UmbrellaCampaign {
    fn find_programs(&mut self, supervisor: &StartSupervisor) -> Result<(), Faults> {
        let Some(setup) = self.windows.clone() else { return Ok(()) };
        let key = "umbrella";
        let Some(supervisor) = supervisor() else {
            let help = "see the message about the supervisor above";
            return Err(self.config.fault("umbrella.binary", "no program can be started here", help).into());
        };
        let found = setup.gromacs.find(supervisor);
        self.program = Some(found.map_err(|problem| self.config.fault_of(key, problem))?);
        windows::reject_foreign(&setup.directory).map_err(|problem| self.folder_fault(problem))?;
        self.try_first(&setup, supervisor)
    }

    fn declare(&self) -> Result<Declaration, Faults> {
        Ok(Declaration {
            identity: self.identity()?,
            threads: self.windows.as_ref().map(|setup| setup.gromacs.own_cores()),
            launched_cores: self.windows.as_ref().and_then(|setup| Some(setup.gromacs.task_launcher()?.cores())),
            may_oversubscribe: self.section.gromacs.oversubscribe,
            reproducibility: Reproducibility::with_programs(self.windows.is_some()),
            warnings: self.warnings.clone(),
            ..Declaration::default()
        })
    }

    fn outlook(&self, _memory_mb: Option<u64>) -> Result<Outlook, Error> {
        let (mut summary, mut notes) = (self.coordinate.summary(), self.coordinate.plan_notes());
        let passes = self.coordinate.planned_stages().into_iter();
        let mut stages: Vec<PlannedStage> = passes.map(PlannedStage::Runnable).collect();
        if let Some(setup) = &self.windows {
            summary.extend(windows::summary(setup, self.program.as_ref()));
            notes.extend(windows::plan_notes(setup));
            // Where windows stand is known when the passes are done.
            let spec = StageSpec { largest_batch: 1, ..StageSpec::new("windows", setup.placing.count() as u64) };
            stages.push(PlannedStage::Described(Box::new(spec)));
        }
        let of_windows = self.windows.as_ref().map_or(0, |setup| setup.output_bytes());
        let output_bytes = 40_000 + self.coordinate.output_bytes() + of_windows;
        Ok(Outlook { summary, stages, notes, memory: None, output_bytes })
    }

    fn check_node(&self, ranks: usize) -> Result<(), Faults> {
        let Some(setup) = &self.windows else { return Ok(()) };
        let checked = setup.gromacs.check_gpus(ranks);
        checked.map_err(|problem| self.config.fault_of("umbrella.gpus", problem).into())
    }

    fn claim_folders(&self, declared: &Declaration, fresh: bool) -> Result<Vec<String>, Faults> {
        let Some(setup) = &self.windows else { return Ok(Vec::new()) };
        let owner = self.owner(&declared.identity);
        windows::claim_folder(&setup.directory, &owner, fresh).map_err(|problem| self.folder_fault(problem))
    }

    fn advance(&mut self, result: Option<StageResult>) -> Result<Next, Error> {
        match (self.sampling.take(), &self.windows, result) {
            (Some(Sampling { known, state }), Some(setup), Some(result)) => {
                let state = setup.advance(state, &known.along, self.seed, &result)?;
                self.sampling = Some(Sampling { known, state });
            }
            (_, _, result) => {
                if let Some(pass) = self.coordinate.advance(result)? {
                    return Ok(Next::Run(pass));
                }
                self.begin_sampling()?;
            }
        }
        Ok(self.next_windows())
    }

    fn write(&self, _: &mut dyn RecordedValues, out: &mut results::Writer) -> Result<Report, Error> {
        self.coordinate.write(out)?;
        let mut report = Report { charts: self.coordinate.charts()?, remarks: Vec::new() };
        let (Some(setup), Some(Sampling { state, .. })) = (&self.windows, &self.sampling) else { return Ok(report) };
        windows::write(setup, state, out)?;
        report.charts.extend(windows::charts(state));
        if let Some(analysis) = state.analysis() {
            report.remarks = state.remarks(setup, &analysis);
        }
        Ok(report)
    }
}
