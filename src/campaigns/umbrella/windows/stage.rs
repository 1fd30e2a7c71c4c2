//! How is a window simulated and sampled?
use super::round::{Round, Window};
use super::setup::{START, WindowSetup};
use crate::campaigns::ensemble::engine::EngineInput;
use crate::campaigns::ensemble::finish_record::FinishRecord;
use crate::campaigns::ensemble::folder;
use crate::campaigns::ensemble::inputs::Inputs;
use crate::campaigns::ensemble::section::Again;
use crate::campaigns::stage::{Computed, Context, Error, PerTask, RecordedFiles, Stage, StageSpec, Workload};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::restraint::{Restraint, RestraintParameters};
use crate::campaigns::umbrella::series::{ExpectedRows, Series};
use crate::engines::md::gromacs::{Input, Simulation};
use crate::engines::md::{LaunchContext, Usage};
use crate::journal::{Fingerprint, codec};
use crate::task::{Cause, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Base name of GROMACS' files of a window.
pub const SIMULATION: &str = "window";

/// Time for `mdrun` to write its last checkpoint when it is asked to stop.
const GRACE: Duration = Duration::from_secs(60);

/// Runs windows that are sampled together, a task each.
#[derive(Clone)]
pub struct WindowWorkload {
    frames: Arc<Frames>,
    setup: Arc<WindowSetup>,
    restraint: Arc<dyn Restraint>,
    round: Arc<Round>,
}

/// The joint value of some windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowResults {
    pub windows: Vec<WindowResult>,
}

/// What one window gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowResult {
    pub index: usize,
    pub usage: Usage,
    #[serde(with = "codec::or_nan")]
    pub ns_per_day: Option<f64>,
    pub notes: Vec<String>,
    pub series: Series,
}

impl WindowWorkload {
    /// The stage of a round of windows.
    pub fn stage(frames: Arc<Frames>, setup: Arc<WindowSetup>, restraint: Arc<dyn Restraint>, round: Round) -> Stage {
        let name = if round.number == 1 { "windows".to_owned() } else { format!("windows-{}", round.number) };
        let work = Self { frames, setup, restraint, round: Arc::new(round) };
        let round = Arc::clone(&work.round);
        let spec = StageSpec {
            depends_on: work.digest(),
            // Samples are read as the restraint says; nothing of it can be configured.
            reading: Some("samples".into()),
            announcements: round.announcements.clone(),
            // A window takes so long that each is handed out by itself.
            largest_batch: 1,
            chunk: 1,
            is_resumable: true,
            ..StageSpec::new(name, round.windows.len() as u64)
        };
        let labels = PerTask::computed(move |task| Some(round.windows[task as usize].label()));
        Stage::new(StageSpec { labels, ..spec }, work)
    }

    fn window(&self, task: TaskId) -> &Window {
        &self.round.windows[task as usize]
    }

    /// Digest of where windows stand and start, and how they are restrained.
    fn digest(&self) -> String {
        let mut text = String::new();
        for window in &self.round.windows {
            let Window { index, center, force_constant, frame, .. } = window;
            text.push_str(&format!("{index} {} {} {frame}\n", center.to_bits(), force_constant.to_bits()));
        }
        if let Some(first) = self.round.windows.first().map(|window| self.restraint_parameters(window)) {
            self.restraint.files(&first).iter().for_each(|(_, held)| text.push_str(held));
            self.restraint
                .parameters(&first)
                .iter()
                .for_each(|(key, value)| text.push_str(&format!("{key} = {value}\n")));
        }
        Fingerprint::of_text(&text).to_string()
    }

    /// The samples of a window, which is simulated unless an earlier run has.
    fn sample(&self, window: &Window, context: &Context) -> Result<WindowResult, Cause> {
        let inputs = self.inputs(window)?;
        let record = match FinishRecord::read(&inputs, context.campaign) {
            Some(record) => record,
            None => self.run_to_end(window, &inputs, context)?,
        };
        let rows = ExpectedRows {
            count: self.setup.steps() / self.setup.sample_every + 1,
            step_ps: self.setup.mdp.time_step_ps() * self.setup.sample_every as f64,
        };
        let series =
            self.restraint.read(&inputs.folder, &self.restraint_parameters(window), &rows).map_err(Cause::Unread)?;
        let FinishRecord { usage, summary, .. } = record;
        Ok(WindowResult { index: window.index, usage, ns_per_day: summary.ns_per_day, notes: summary.notes, series })
    }

    /// Simulates a window, and records that it came to its end.
    fn run_to_end(&self, window: &Window, inputs: &Inputs, context: &Context) -> Result<FinishRecord, Cause> {
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let label = window.label();
        folder::prepare(inputs, &[], Again::Continue)?;
        let launch = LaunchContext {
            label: &label,
            programs,
            folder: &inputs.folder,
            is_own: true,
            threads: self.setup.gromacs.cores(),
            limit: context.task_timeout.and_then(|limit| Some((context.started.checked_add(limit)?, limit))),
            deadline: context.deadline,
            begin_by: None,
            watchdog_timeout: self.setup.watchdog_timeout,
            grace: GRACE,
            progress: &context.progress,
        };
        let EngineInput::Gromacs(simulations) = &inputs.engine_input else {
            return Err(Cause::Failed("the window is not a GROMACS simulation".into()));
        };
        let mut usage = Usage::default();
        let done = self.setup.gromacs.run(simulations, &launch, &mut usage)?;
        FinishRecord::write(inputs, context.campaign, usage, done.into()).map_err(|error| {
            let text = format!("cannot record in `{}` that {label} ended: {error}", inputs.folder.display());
            launch.or_full_disk(Cause::Failed(text))
        })
    }

    fn restraint_parameters(&self, window: &Window) -> RestraintParameters {
        let Window { center, force_constant, .. } = *window;
        RestraintParameters { center, force_constant, output_every: self.setup.sample_every }
    }

    /// What a window starts from.
    fn inputs(&self, window: &Window) -> Result<Inputs, Cause> {
        let setup = &self.setup;
        let restraint = (&*self.restraint, &self.restraint_parameters(window));
        let (input, files) = setup.input(setup.seeds[window.index], Some(restraint));
        let start = (START.to_owned(), self.frames.structure(window.frame)?);
        let rendered: Vec<(String, String)> = [start].into_iter().chain(files).collect();
        // What files contain, not where they lie: a campaign may be moved.
        let mut identity = format!("{}\n{:?} {:?}\n", setup.contents, setup.gromacs.mdrun_args, setup.grompp_args);
        if let Input::Parameters { mdp, .. } = &input {
            identity.push_str(mdp.text());
        }
        rendered.iter().for_each(|(_, text)| identity.push_str(text));
        let engine_input = EngineInput::Gromacs(vec![Simulation { name: SIMULATION.into(), input, plumed: None }]);
        let digest = Fingerprint::of_text(&identity).to_string();
        Ok(Inputs { folder: setup.folder(window.index), is_own: true, rendered, engine_input, digest })
    }
}

impl Workload for WindowWorkload {
    type Value = WindowResults;

    fn empty(&self) -> WindowResults {
        WindowResults::default()
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<WindowResults> {
        let mut computed = Computed { value: WindowResults::default(), failed: Vec::new() };
        for task in tasks.iter() {
            match self.sample(self.window(task), context) {
                Ok(sampled) => computed.value.windows.push(sampled),
                Err(cause) => computed.failed.push((task, cause)),
            }
        }
        computed
    }

    fn merge(&self, into: &mut WindowResults, from: WindowResults) -> Result<(), Error> {
        into.windows.extend(from.windows);
        into.windows.sort_by_key(|window| window.index);
        Ok(())
    }

    fn recorded_files(&self, task: TaskId, campaign: Fingerprint) -> Option<RecordedFiles> {
        let inputs = self.inputs(self.window(task)).ok()?;
        FinishRecord::read(&inputs, campaign).map(|_| RecordedFiles::Complete)
    }
}
