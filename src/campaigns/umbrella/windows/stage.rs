//! How is a window run?
use super::{Recipe, Round, START, round::Window};
use crate::campaigns::ensemble::ended::Ended;
use crate::campaigns::ensemble::engine::Job;
use crate::campaigns::ensemble::folder;
use crate::campaigns::ensemble::inputs::Inputs;
use crate::campaigns::ensemble::section::Again;
use crate::campaigns::stage::{Context, Error, Ran, Stage, StageResult};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::restraint::{Hold, Restraint};
use crate::campaigns::umbrella::series::{Rows, Series};
use crate::engines::md::gromacs::{Input, Simulation};
use crate::engines::md::{LaunchContext, Progress, Usage};
use crate::journal::Fingerprint;
use crate::task::{Cause, Failure, TaskId, Tasks};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// What GROMACS' files of a window are called.
pub const SIMULATION: &str = "window";

/// Time that `mdrun` has for its last checkpoint when it is told to end.
const GRACE: Duration = Duration::from_secs(60);

/// Windows that are sampled together, a task each.
pub struct WindowStage {
    frames: Arc<Frames>,
    recipe: Arc<Recipe>,
    restraint: Arc<dyn Restraint>,
    round: Round,
    name: String,
    /// What this rank's window is at.
    running: Progress,
}

/// What came of some windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Values {
    pub windows: Vec<Sampled>,
}

/// What came of one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    pub index: usize,
    pub usage: Usage,
    pub ns_per_day: f64,
    pub notes: Vec<String>,
    pub series: Series,
}

impl WindowStage {
    /// The stage of a round.
    pub fn new(frames: Arc<Frames>, recipe: Arc<Recipe>, restraint: Arc<dyn Restraint>, round: Round) -> Self {
        let name = if round.number == 1 { "windows".to_owned() } else { format!("windows-{}", round.number) };
        Self { frames, recipe, restraint, round, name, running: Progress::default() }
    }

    fn window(&self, task: TaskId) -> &Window {
        &self.round.windows[task as usize]
    }

    fn sample(&self, window: &Window, context: &Context) -> Result<Sampled, Cause> {
        let inputs = self.inputs(window)?;
        let ended = match Ended::read(&inputs, context.campaign) {
            Some(ended) => ended,
            None => self.run_to_end(window, &inputs, context)?,
        };
        let rows = Rows {
            count: self.recipe.steps() / self.recipe.sample_every + 1,
            step_ps: self.recipe.mdp.time_step_ps() * self.recipe.sample_every as f64,
        };
        let series = self.restraint.read(&inputs.folder, &self.hold(window), &rows).map_err(Cause::Unread)?;
        let Ended { usage, ran, .. } = ended;
        Ok(Sampled { index: window.index, usage, ns_per_day: ran.ns_per_day, notes: ran.notes, series })
    }

    /// Simulates a window, and records that it came to its end.
    fn run_to_end(&self, window: &Window, inputs: &Inputs, context: &Context) -> Result<Ended, Cause> {
        let programs = context.programs.ok_or_else(|| Cause::Lost("no program can be started on this rank".into()))?;
        let label = window.label();
        folder::prepare(inputs, &[], Again::Continue)?;
        let berth = LaunchContext {
            label: &label,
            programs,
            folder: &inputs.folder,
            is_own: true,
            threads: self.recipe.gromacs.cores(),
            limit: context.task_timeout.and_then(|limit| Some((context.started.checked_add(limit)?, limit))),
            deadline: context.deadline,
            begin_by: None,
            watchdog_timeout: self.recipe.stall,
            grace: GRACE,
            progress: &self.running,
        };
        let Job::Gromacs(simulations) = &inputs.job else { return Err(Cause::Failed("it is no simulation".into())) };
        let mut usage = Usage::default();
        let done = self.recipe.gromacs.run(simulations, &berth, &mut usage)?;
        Ended::record(inputs, context.campaign, usage, done.into()).map_err(|error| {
            let text = format!("cannot record in `{}` that {label} ended: {error}", inputs.folder.display());
            berth.or_full_disk(Cause::Failed(text))
        })
    }

    fn hold(&self, window: &Window) -> Hold {
        let Window { center, force_constant, .. } = *window;
        Hold { center, force_constant, every: self.recipe.sample_every }
    }

    /// What a window starts from.
    fn inputs(&self, window: &Window) -> Result<Inputs, Cause> {
        let recipe = &self.recipe;
        let held = (&*self.restraint, &self.hold(window));
        let (input, files) = recipe.input(recipe.seeds[window.index], Some(held));
        let start = (START.to_owned(), self.frames.structure(window.frame)?);
        let rendered: Vec<(String, String)> = [start].into_iter().chain(files).collect();
        // What files hold, not where they lie: a campaign may be moved.
        let mut identity = format!("{}\n{:?} {:?}\n", recipe.contents, recipe.gromacs.mdrun_args, recipe.grompp_args);
        if let Input::Parameters { mdp, .. } = &input {
            identity.push_str(mdp.text());
        }
        rendered.iter().for_each(|(_, text)| identity.push_str(text));
        let job = Job::Gromacs(vec![Simulation { name: SIMULATION.into(), input, plumed: None }]);
        let digest = Fingerprint::of(&identity).to_string();
        Ok(Inputs { folder: recipe.folder(window.index), is_own: true, rendered, job, digest })
    }
}

impl Stage for WindowStage {
    type Value = Values;

    fn name(&self) -> &str {
        &self.name
    }

    fn tasks(&self) -> u64 {
        self.round.windows.len() as u64
    }

    /// Where windows stand and start, and how they are held.
    fn identity(&self) -> String {
        let mut text = String::new();
        for window in &self.round.windows {
            let Window { index, center, force_constant, frame, .. } = window;
            text.push_str(&format!("{index} {} {} {frame}\n", center.to_bits(), force_constant.to_bits()));
        }
        if let Some(first) = self.round.windows.first().map(|window| self.hold(window)) {
            self.restraint.files(&first).iter().for_each(|(_, held)| text.push_str(held));
            self.restraint
                .parameters(&first)
                .iter()
                .for_each(|(key, value)| text.push_str(&format!("{key} = {value}\n")));
        }
        Fingerprint::of(&text).to_string()
    }

    /// Samples are read as the restraint says; nothing of it can be chosen.
    fn reading(&self) -> Option<String> {
        Some("samples".into())
    }

    fn has_ended(&self, task: TaskId, campaign: Fingerprint) -> bool {
        self.inputs(self.window(task)).is_ok_and(|inputs| Ended::read(&inputs, campaign).is_some())
    }

    fn doing(&self) -> Option<String> {
        self.running.report()
    }

    /// A window takes so long that each is handed out by itself.
    fn largest_batch(&self) -> u64 {
        1
    }

    fn label(&self, task: TaskId) -> Option<String> {
        Some(self.window(task).label())
    }

    fn grain(&self) -> u64 {
        1
    }

    fn can_be_interrupted(&self) -> bool {
        true
    }

    fn occasion(&self) -> Vec<String> {
        self.round.occasion.clone()
    }

    fn can_be_sampled(&self) -> bool {
        false
    }

    fn run(&self, tasks: Tasks, context: &Context) -> Ran<Values> {
        let mut ran = Ran { value: Values::default(), failed: Vec::new() };
        for task in tasks.iter() {
            match self.sample(self.window(task), context) {
                Ok(sampled) => ran.value.windows.push(sampled),
                Err(cause) => ran.failed.push((task, cause)),
            }
        }
        ran
    }

    fn empty(&self) -> Values {
        Values::default()
    }

    fn merge(&self, into: &mut Values, from: Values) -> Result<(), Error> {
        into.windows.extend(from.windows);
        into.windows.sort_by_key(|window| window.index);
        Ok(())
    }

    fn finish(&self, total: &Values, failed: &[Failure]) -> Result<StageResult, Error> {
        StageResult::new(self, failed, total)
    }
}
