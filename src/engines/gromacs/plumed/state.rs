//! Which state does OPES go on from at a checkpoint?
//!
//! GROMACS announces a checkpoint after the forces of its step N are computed: PLUMED writes STATE at step N + 1, and never for the last
//! step of a run, which has no next one. A STATE of step N + 1 is as good as one of step N unless a kernel came at N + 1, which would
//! count twice. Where there is neither, the state at step N is that of an older STATE, or of nothing, and of the KERNELS since: exact to the
//! printed digits where widths are fixed. The widths of `SIGMA=ADAPTIVE` are measured at every step and recorded in no file but STATE.
use super::Moment;
use super::input::Opes;
use super::rows::Scan;
use crate::md::opes::{self, Content, OpesFile};
use crate::science::opes::{Bias, Deposit, Settings, State, WidthRule};
use std::fs;
use std::path::{Path, PathBuf};

/// How far Z of a whole state may be from that of its kernels, relatively: digits that were not printed, and what neighbour lists leave out.
const ZED_TOLERANCE: f64 = 1e-3;
/// The same of the sum of all heights.
const HEIGHTS_TOLERANCE: f64 = 1e-4;

/// What PLUMED has to be given before it goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provision {
    /// A file to write, and its text.
    pub write: Option<(PathBuf, String)>,
    pub note: Option<String>,
    /// Why it may not be the right one, though it is of the right step.
    pub doubt: Option<String>,
}

/// Why there is no state for a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error(
        "PLUMED would read {0} (STATE_RFILE), which this simulation does not write: name one file in STATE_WFILE and STATE_RFILE"
    )]
    NotWritten(String),
    #[error("{0} has no kernel yet")]
    NoKernel(String),
    #[error("PLUMED's {file} {problem}")]
    File { file: String, problem: Problem },
}

/// What is wrong with a state.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("is missing")]
    Missing,
    #[error("is empty")]
    Empty,
    #[error("is cut off or damaged")]
    Cut,
    #[error("is of {time_ps} ps, step {step}")]
    Other { step: i64, time_ps: f64 },
}

impl Eq for Problem {}

/// A state that is whole.
struct Whole {
    path: PathBuf,
    text: String,
    step: i64,
    /// None where simmpi does not know the bias that it is of.
    file: Option<OpesFile>,
    /// Whether its sums are those of its kernels.
    is_consistent: bool,
}

/// All kernels up to the checkpoint.
struct Kernels {
    text: String,
    deposits: Vec<Deposit>,
    /// By deposit.
    steps: Vec<i64>,
    path: PathBuf,
}

/// What a bias of OPES goes on from at a step.
pub struct Search<'a> {
    pub folder: &'a Path,
    pub opes: &'a Opes,
    pub at: &'a Moment,
    /// Whether the simulation itself began from nothing.
    pub is_fresh: bool,
}

impl Search<'_> {
    /// Finds the state; `scan` is what stays of the kernels.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, scan: Option<&Scan>) -> Result<Provision, Missing> {
        let Opes { kernels, state, read, .. } = self.opes;
        match (state, read) {
            (Some(state), Some(read)) if state == read => self.find_state(state, scan),
            (_, Some(read)) => Err(Missing::NotWritten(read.clone())),
            // PLUMED reads the kernels themselves.
            (_, None) if scan.is_some_and(|scan| scan.last.is_some()) => Ok(Provision::default()),
            (_, None) => Err(Missing::NoKernel(kernels.clone())),
        }
    }

    fn find_state(&self, file: &str, scan: Option<&Scan>) -> Result<Provision, Missing> {
        let kernels = scan.and_then(|scan| self.kernels(scan));
        let path = self.folder.join(file);
        let backup = backup_of(&path);
        let found = [&path, &backup].map(|path| self.whole(path, kernels.as_ref()));
        let current = |is_consistent: bool| {
            let mut all = found.iter().flatten();
            all.find(|whole| self.is_current(whole) && whole.is_consistent == is_consistent)
        };
        if let Some(whole) = current(true) {
            return Ok(self.taken(whole, &path));
        }
        if let Some(rebuilt) = kernels.as_ref().and_then(|kernels| self.rebuild(&found, kernels, &path)) {
            return Ok(rebuilt);
        }
        if let Some(whole) = current(false) {
            let doubt = format!("kernels seem to be missing in PLUMED's {file}: Z or heights do not fit");
            return Ok(Provision { doubt: Some(doubt), ..self.taken(whole, &path) });
        }
        let [first, _] = found;
        let problem = match first {
            Ok(whole) => Problem::Other { step: whole.step, time_ps: self.at.time_ps_of(whole.step) },
            Err(problem) => problem,
        };
        Err(Missing::File { file: file.to_owned(), problem })
    }

    /// Whether a state is that of the checkpoint.
    fn is_current(&self, whole: &Whole) -> bool {
        let is_kernel_next = self.opes.pace.is_some_and(|pace| (self.at.step + 1) % pace == 0);
        whole.step == self.at.step || (whole.step == self.at.step + 1 && !is_kernel_next)
    }

    fn taken(&self, whole: &Whole, path: &Path) -> Provision {
        if whole.path == path {
            return Provision::default();
        }
        let note = format!("PLUMED's state is that of {}", name_of(&whole.path));
        Provision { write: Some((path.to_owned(), whole.text.clone())), note: Some(note), doubt: None }
    }

    /// A state as the file at `path` tells it.
    fn whole(&self, path: &Path, kernels: Option<&Kernels>) -> Result<Whole, Problem> {
        let bytes = fs::read(path).map_err(|_| Problem::Missing)?;
        if bytes.is_empty() {
            return Err(Problem::Empty);
        }
        let scan = Scan::of(path, 0, f64::INFINITY).ok().flatten().ok_or(Problem::Cut)?;
        let last = scan.last.filter(|_| bytes.ends_with(b"\n") && scan.damaged.is_none()).ok_or(Problem::Cut)?;
        let text = String::from_utf8(bytes).map_err(|_| Problem::Cut)?;
        let step = self.at.step_of(last);
        if !self.opes.has_kernels {
            return Ok(Whole { path: path.to_owned(), text, step, file: None, is_consistent: true });
        }
        let file = opes::parse(path, &text).map_err(|_| Problem::Cut)?;
        let Content::State(state) = &file.content else { return Err(Problem::Cut) };
        let is_consistent = self.is_consistent(&file, state, step, kernels);
        Ok(Whole { path: path.to_owned(), text, step, file: Some(file), is_consistent })
    }

    /// Whether no kernel is missing in a state: merged kernels keep the sum of all heights, and Z follows from them.
    fn is_consistent(&self, file: &OpesFile, state: &State, step: i64, kernels: Option<&Kernels>) -> bool {
        let Ok(bias) = Bias::restart(self.settings(file), state) else { return false };
        let is_near = |one: f64, two: f64, tolerance: f64| (one - two).abs() <= tolerance * one.abs().max(two.abs());
        if self.opes.normalizes && !is_near(bias.zed_of_kernels(), state.zed, ZED_TOLERANCE) {
            return false;
        }
        let Some(kernels) = kernels else { return true };
        let before = kernels.steps.partition_point(|known| *known <= step);
        if before as u64 + 1 != state.counter {
            return true;
        }
        let heights: f64 = kernels.deposits[..before].iter().map(|deposit| deposit.kernel.height).sum();
        is_near(heights, state.kernels.iter().map(|kernel| kernel.height).sum(), HEIGHTS_TOLERANCE)
    }

    /// The kernels, where all rows that stay are whole.
    fn kernels(&self, scan: &Scan) -> Option<Kernels> {
        let path = self.folder.join(&self.opes.kernels);
        let text = scan.text(&path).ok()?;
        let file = opes::parse(&path, &text).ok()?;
        let steps: Vec<i64> = file.times.iter().map(|time| self.at.step_of(*time)).collect();
        match file.content {
            Content::Kernels(deposits) if steps.is_sorted() => Some(Kernels { text, deposits, steps, path }),
            _ => None,
        }
    }

    /// The state at the checkpoint, made of the youngest that is older and the kernels since.
    fn rebuild(&self, found: &[Result<Whole, Problem>; 2], kernels: &Kernels, path: &Path) -> Option<Provision> {
        if self.opes.is_adaptive || kernels.deposits.is_empty() {
            return None;
        }
        let whole = found.iter().flatten().filter(|whole| whole.is_consistent);
        let older = whole.filter(|whole| whole.step <= self.at.step).max_by_key(|whole| whole.step);
        let (state, like, from) = match older.and_then(|whole| Some((whole, whole.file.as_ref()?))) {
            Some((whole, file)) => {
                let Content::State(state) = &file.content else { return None };
                let since = self.since(whole.step, kernels)?;
                let mut bias = Bias::restart(self.settings(file), state).ok()?;
                bias.receive(since).ok()?;
                let from = format!("{} of step {} and {} kernels since", name_of(&whole.path), whole.step, since.len());
                (bias.state(), whole.text.as_str(), from)
            }
            None if self.is_fresh => {
                let file = opes::parse(&kernels.path, &kernels.text).ok()?;
                let all = self.since(self.at.first_step, kernels)?;
                if all.len() != kernels.deposits.len() {
                    return None;
                }
                let bias = Bias::replay(self.settings(&file), all).ok()?;
                let from = format!("all {} kernels of {}", all.len(), self.opes.kernels);
                (bias.state(), kernels.text.as_str(), from)
            }
            None => return None,
        };
        let text = opes::state_text(path, like, &state, self.at.time_of(self.at.step)).ok()?;
        let note = format!("PLUMED's state at step {} was rebuilt from {from}", self.at.step);
        Some(Provision { write: Some((path.to_owned(), text)), note: Some(note), doubt: None })
    }

    /// The kernels after a step, where none is missing.
    fn since<'a>(&self, step: i64, kernels: &'a Kernels) -> Option<&'a [Deposit]> {
        let since = &kernels.deposits[kernels.steps.partition_point(|known| *known <= step)..];
        let expected = self.opes.pace.map(|pace| self.at.step.div_euclid(pace) - step.div_euclid(pace));
        expected.is_none_or(|expected| expected == since.len() as i64).then_some(since)
    }

    /// What matters of a bias when kernels are added to it; its temperature and barrier do not.
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

/// Where PLUMED puts the file that it writes anew.
fn backup_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("bck.last.{}", name_of(path)))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
