//! How is a window simulated and sampled?
use super::round::{Round, Window};
use super::setup::{START, WindowSetup};
use crate::campaigns::replicas::Inputs;
use crate::campaigns::stage::{Computed, Context, Error, PerTask, RecordedFiles, Stage, StageSpec, Workload};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::restraint::{Restraint, RestraintParameters};
use crate::campaigns::umbrella::series::{ExpectedRows, Series};
use crate::engines::md::gromacs::{Input, Simulation};
use crate::engines::md::{RunSummary, Usage};
use crate::journal::{Fingerprint, codec};
use crate::task::{Cause, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Base name of GROMACS' files of a window.
pub const SIMULATION: &str = "window";

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
        let (inputs, simulation) = self.inputs(window)?;
        let (rules, gromacs) = (&self.setup.rules, &self.setup.gromacs);
        let RunSummary { usage, ns_per_day, notes, .. } = match rules.recorded(&inputs, context.campaign) {
            Some(summary) => summary,
            None => rules.run(&inputs, context, |launch| gromacs.run(&[simulation], launch))?,
        };
        let rows = ExpectedRows {
            count: self.setup.steps() / self.setup.section.sample_every_steps + 1,
            step_ps: self.setup.mdp.time_step_ps() * self.setup.section.sample_every_steps as f64,
        };
        let series =
            self.restraint.read(&inputs.folder, &self.restraint_parameters(window), &rows).map_err(Cause::Unread)?;
        Ok(WindowResult { index: window.index, usage, ns_per_day, notes, series })
    }

    fn restraint_parameters(&self, window: &Window) -> RestraintParameters {
        let Window { center, force_constant, .. } = *window;
        RestraintParameters { center, force_constant, output_every: self.setup.section.sample_every_steps }
    }

    /// What a window starts from, and its simulation.
    fn inputs(&self, window: &Window) -> Result<(Inputs, Simulation), Cause> {
        let setup = &self.setup;
        let restraint = (&*self.restraint, &self.restraint_parameters(window));
        let (input, files) = setup.input(setup.seeds[window.index], Some(restraint));
        let start = (START.to_owned(), self.frames.structure(window.frame)?);
        let rendered: Vec<(String, String)> = [start].into_iter().chain(files).collect();
        // What files contain, not where they lie: a campaign may be moved.
        let mdrun_args = setup.gromacs.identity_args();
        let mut identity = format!("{}\n{mdrun_args:?} {:?}\n", setup.contents, setup.section.gromacs.grompp_args);
        if let Input::Parameters { mdp, .. } = &input {
            identity.push_str(mdp.text());
        }
        rendered.iter().for_each(|(_, text)| identity.push_str(text));
        let simulation = Simulation { name: SIMULATION.into(), input, plumed: None };
        let (label, folder) = (window.label(), setup.folder(window.index));
        let digest = Fingerprint::of_text(&identity).to_string();
        Ok((Inputs { label, folder, is_own: true, rendered, copied: Vec::new(), digest }, simulation))
    }
}

impl Workload for WindowWorkload {
    type Value = WindowResults;

    fn empty(&self) -> WindowResults {
        WindowResults::default()
    }

    fn run(&mut self, tasks: Tasks, context: &Context) -> Computed<WindowResults> {
        Computed::one_by_one(tasks, |all: &mut WindowResults, task| {
            all.windows.push(self.sample(self.window(task), context)?);
            Ok(())
        })
    }

    fn merge(&self, into: &mut WindowResults, from: WindowResults) -> Result<(), Error> {
        into.windows.extend(from.windows);
        into.windows.sort_by_key(|window| window.index);
        Ok(())
    }

    fn recorded_files(&self, task: TaskId, campaign: Fingerprint) -> Option<RecordedFiles> {
        let (inputs, _) = self.inputs(self.window(task)).ok()?;
        self.setup.rules.recorded(&inputs, campaign).map(|_| RecordedFiles::Complete)
    }
}
