//! From which state does OPES restart at a checkpoint?
//!
//! GROMACS announces a checkpoint after the forces of its step N are computed: PLUMED writes STATE at step N + 1, and never for the last step
//! of a run, which has no next one. A STATE of step N + 1 is as good as one of step N unless a kernel was added at N + 1, which would count
//! twice. Without either, the state at step N is rebuilt from an older STATE, or from nothing, and the KERNELS since: exact to the printed
//! digits if widths are fixed. The widths of `SIGMA=ADAPTIVE` are measured at every step and recorded in STATE only.
use super::clock::Clock;
use super::input::OpesAction;
use super::restart_plan::RestartPlan;
use super::row_scan::RowScan;
use crate::md::opes::{self, Content, OpesFile};
use crate::science::opes::{Bias, Deposit, Settings, State, WidthRule};
use std::fs;
use std::path::{Path, PathBuf};

/// Relative tolerance between Z of a complete state and Z of its kernels: unprinted digits, and the terms that neighbour lists leave out.
const ZED_TOLERANCE: f64 = 1e-3;
/// The same for the sum of all heights.
const HEIGHTS_TOLERANCE: f64 = 1e-4;

/// Why there is no state for a checkpoint.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MissingState {
    #[error(
        "PLUMED would read {0} (STATE_RFILE), which this simulation does not write: set STATE_WFILE and STATE_RFILE to one file"
    )]
    NotWritten(String),
    #[error("{0} has no kernel yet")]
    NoKernel(String),
    #[error("PLUMED's {file} {problem}")]
    File { file: String, problem: StateProblem },
}

/// Why a state file cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StateProblem {
    #[error("is missing")]
    Missing,
    #[error("is empty")]
    Empty,
    #[error("is truncated or damaged")]
    Damaged,
    #[error("is from {time_ps} ps, step {step}")]
    OtherStep { step: i64, time_ps: f64 },
}

/// A complete state.
struct StateFile {
    path: PathBuf,
    text: String,
    step: i64,
    /// The parsed file; none for a bias without kernels, which simmpi does not parse.
    file: Option<OpesFile>,
    /// Whether its sums are those of its kernels.
    is_consistent: bool,
}

/// All kernels up to the checkpoint.
struct KernelFile {
    text: String,
    deposits: Vec<Deposit>,
    /// The step of each deposit.
    steps: Vec<i64>,
    path: PathBuf,
}

/// Finds the state from which an OPES bias restarts.
pub struct StateSearch<'a> {
    pub folder: &'a Path,
    pub opes: &'a OpesAction,
    pub clock: &'a Clock,
    /// Whether the simulation does not restart from files of another one.
    pub is_fresh: bool,
}

impl StateSearch<'_> {
    /// Adds to `plan` what gives PLUMED the state of the checkpoint's step.
    ///
    /// # Errors
    /// There is no such state.
    pub fn add_to(&self, plan: &mut RestartPlan) -> Result<(), MissingState> {
        let OpesAction { kernels, state, read, .. } = self.opes;
        let kernels_path = self.folder.join(kernels);
        let scan = plan.cuts.iter().find(|(path, _)| *path == kernels_path).map(|(_, scan)| scan.clone());
        match (state, read) {
            (Some(state), Some(read)) if state == read => self.add_state(state, scan.as_ref(), plan),
            (_, Some(read)) => Err(MissingState::NotWritten(read.clone())),
            // PLUMED reads the kernels themselves.
            (_, None) if scan.is_some_and(|scan| scan.last.is_some()) => Ok(()),
            (_, None) => Err(MissingState::NoKernel(kernels.clone())),
        }
    }

    /// Prefers a consistent state of the step in `file` or its backup, then a rebuilt one, then an inconsistent one.
    fn add_state(&self, file: &str, scan: Option<&RowScan>, plan: &mut RestartPlan) -> Result<(), MissingState> {
        let kernels = scan.and_then(|scan| self.kernels(scan));
        let path = self.folder.join(file);
        let backup = backup_of(&path);
        let states = [&path, &backup].map(|path| self.read_state(path, kernels.as_ref()));
        let current = |is_consistent: bool| {
            let mut all = states.iter().flatten();
            all.find(|state| self.is_current(state) && state.is_consistent == is_consistent)
        };
        if let Some(state) = current(true) {
            add_existing(state, &path, plan);
            return Ok(());
        }
        if let Some((text, source)) = kernels.as_ref().and_then(|kernels| self.rebuild(&states, kernels, &path)) {
            plan.writes.push((path, text));
            plan.notes.push(format!("PLUMED's state at step {} was rebuilt from {source}", self.clock.step));
            return Ok(());
        }
        if let Some(state) = current(false) {
            plan.gaps.push(format!("kernels seem to be missing in PLUMED's {file}: Z or the heights do not match"));
            add_existing(state, &path, plan);
            return Ok(());
        }
        let [first, _] = states;
        let problem = match first {
            Ok(state) => StateProblem::OtherStep { step: state.step, time_ps: self.clock.time_ps(state.step) },
            Err(problem) => problem,
        };
        Err(MissingState::File { file: file.to_owned(), problem })
    }

    /// Whether a state is that of the checkpoint.
    fn is_current(&self, state: &StateFile) -> bool {
        let is_kernel_next = self.opes.pace.is_some_and(|pace| (self.clock.step + 1) % pace == 0);
        state.step == self.clock.step || (state.step == self.clock.step + 1 && !is_kernel_next)
    }

    /// Reads the state at `path`.
    fn read_state(&self, path: &Path, kernels: Option<&KernelFile>) -> Result<StateFile, StateProblem> {
        let bytes = fs::read(path).map_err(|_| StateProblem::Missing)?;
        if bytes.is_empty() {
            return Err(StateProblem::Empty);
        }
        let scan = RowScan::read(path, 0, f64::INFINITY).ok().flatten().ok_or(StateProblem::Damaged)?;
        let last = scan.last.filter(|_| bytes.ends_with(b"\n") && scan.damaged.is_none());
        let step = self.clock.step_at(last.ok_or(StateProblem::Damaged)?);
        let text = String::from_utf8(bytes).map_err(|_| StateProblem::Damaged)?;
        if !self.opes.has_kernels {
            return Ok(StateFile { path: path.to_owned(), text, step, file: None, is_consistent: true });
        }
        let file = opes::parse(path, &text).map_err(|_| StateProblem::Damaged)?;
        let Content::State(state) = &file.content else { return Err(StateProblem::Damaged) };
        let is_consistent = self.is_consistent(&file, state, step, kernels);
        Ok(StateFile { path: path.to_owned(), text, step, file: Some(file), is_consistent })
    }

    /// Whether a state has all its kernels: merging keeps the sum of all heights, and Z follows from the kernels.
    fn is_consistent(&self, file: &OpesFile, state: &State, step: i64, kernels: Option<&KernelFile>) -> bool {
        let Ok(bias) = Bias::restart(self.settings(file), state) else { return false };
        let is_near = |one: f64, two: f64, tolerance: f64| (one - two).abs() <= tolerance * one.abs().max(two.abs());
        if self.opes.normalizes && !is_near(bias.zed_of_kernels(), state.zed, ZED_TOLERANCE) {
            return false;
        }
        let Some(kernels) = kernels else { return true };
        let before = kernels.steps.partition_point(|deposited| *deposited <= step);
        if before as u64 + 1 != state.counter {
            return true;
        }
        let heights: f64 = kernels.deposits[..before].iter().map(|deposit| deposit.kernel.height).sum();
        is_near(heights, state.kernels.iter().map(|kernel| kernel.height).sum(), HEIGHTS_TOLERANCE)
    }

    /// Reads the kernels, if all rows that stay are undamaged.
    fn kernels(&self, scan: &RowScan) -> Option<KernelFile> {
        let path = self.folder.join(&self.opes.kernels);
        let text = scan.text(&path).ok()?;
        let file = opes::parse(&path, &text).ok()?;
        let steps: Vec<i64> = file.times.iter().map(|time| self.clock.step_at(*time)).collect();
        match file.content {
            Content::Kernels(deposits) if steps.is_sorted() => Some(KernelFile { text, deposits, steps, path }),
            _ => None,
        }
    }

    /// The text of the state at the checkpoint, rebuilt from the newest older state and the kernels since, and a description of these.
    fn rebuild(
        &self,
        states: &[Result<StateFile, StateProblem>; 2],
        kernels: &KernelFile,
        path: &Path,
    ) -> Option<(String, String)> {
        if self.opes.is_adaptive || kernels.deposits.is_empty() {
            return None;
        }
        let usable = states.iter().flatten().filter(|state| state.is_consistent && state.step <= self.clock.step);
        let older = usable.max_by_key(|state| state.step);
        let (state, template, source) = match older.and_then(|older| Some((older, older.file.as_ref()?))) {
            Some((older, file)) => {
                let Content::State(state) = &file.content else { return None };
                let since = self.kernels_since(older.step, kernels)?;
                let mut bias = Bias::restart(self.settings(file), state).ok()?;
                bias.receive(since).ok()?;
                let source =
                    format!("{} of step {} and {} kernels since", name_of(&older.path), older.step, since.len());
                (bias.state(), older.text.as_str(), source)
            }
            None if self.is_fresh => {
                let file = opes::parse(&kernels.path, &kernels.text).ok()?;
                let all = self.kernels_since(self.clock.first_step, kernels)?;
                if all.len() != kernels.deposits.len() {
                    return None;
                }
                let bias = Bias::replay(self.settings(&file), all).ok()?;
                let source = format!("all {} kernels of {}", all.len(), self.opes.kernels);
                (bias.state(), kernels.text.as_str(), source)
            }
            None => return None,
        };
        let text = opes::state_text(path, template, &state, self.clock.plumed_time(self.clock.step)).ok()?;
        Some((text, source))
    }

    /// The kernels after a step; none if some are missing.
    fn kernels_since<'a>(&self, step: i64, kernels: &'a KernelFile) -> Option<&'a [Deposit]> {
        let since = &kernels.deposits[kernels.steps.partition_point(|deposited| *deposited <= step)..];
        let expected = self.opes.pace.map(|pace| self.clock.step.div_euclid(pace) - step.div_euclid(pace));
        expected.is_none_or(|expected| expected == since.len() as i64).then_some(since)
    }

    /// The settings that matter for adding kernels to a bias; temperature and barrier do not.
    fn settings(&self, file: &OpesFile) -> Settings {
        let periods = file.periods();
        Settings {
            bias_factor: Some(file.bias_factor),
            widths: WidthRule::Fixed(vec![1.0; periods.len()]),
            epsilon: Some(file.epsilon),
            cutoff: Some(file.cutoff),
            compression_threshold: file.compression_threshold,
            merges_again: self.opes.merges_again,
            normalizes: self.opes.normalizes,
            ..Settings::new(file.variant, 1.0, 1.0, 1, periods)
        }
    }
}

/// Restores a backup to `path`; nothing is to be done for the state at `path` itself.
fn add_existing(state: &StateFile, path: &Path, plan: &mut RestartPlan) {
    if state.path != path {
        plan.writes.push((path.to_owned(), state.text.clone()));
        plan.notes.push(format!("PLUMED's state was restored from {}", name_of(&state.path)));
    }
}

/// PLUMED's backup of a file that it overwrites.
fn backup_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("bck.last.{}", name_of(path)))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
