//! How does a simulation that PLUMED biases go on from a checkpoint?
//!
//! PLUMED keeps its own files beside those of GROMACS and takes them as it finds them. So before `mdrun -cpi` they are made those of the
//! checkpoint's step: rows behind it are cut from the files that PLUMED appends to ([`rows`]), and OPES finds the state of that step
//! ([`state`]). Where that is not possible the checkpoint cannot be used. Read from PLUMED 2.11's source and measured with GROMACS 2025.2.
mod complaint;
mod frames;
mod input;
mod kernel;
mod rows;
mod state;
pub mod version;

pub use complaint::words;
pub use input::obstacles;
pub use kernel::{Fault, Kernel};

use frames::{Form, Frames};
use input::{Appended, Input, Opes};
use rows::Scan;
use state::{Missing, Provision, Search};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The longest time from checkpoint to checkpoint, and the part of what is left of the time limit that it is otherwise.
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
const PART: u32 = 10;

/// Time from checkpoint to checkpoint, so that a run that ends with `left` makes progress: the last step of a run has no STATE.
pub fn checkpoint_interval(left: Option<Duration>) -> Duration {
    left.map_or(LONGEST_INTERVAL, |left| (left / PART).min(LONGEST_INTERVAL))
}

/// The step of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    pub step: i64,
    /// Of the simulation, before any checkpoint.
    pub first_step: i64,
    /// Time step, ps.
    pub dt_ps: f64,
    /// Picoseconds in PLUMED's unit of time.
    pub unit_ps: f64,
}

impl Moment {
    /// PLUMED's time of a step, in its unit: its steps are those of GROMACS, and its time does not know `tinit`.
    fn time_of(&self, step: i64) -> f64 {
        step as f64 * self.dt_ps / self.unit_ps
    }

    fn time_ps_of(&self, step: i64) -> f64 {
        // Without the digits that a product of binary fractions has and its factors have not.
        (step as f64 * self.dt_ps * 1e6).round() / 1e6
    }

    fn step_of(&self, time: f64) -> i64 {
        (time * self.unit_ps / self.dt_ps).round() as i64
    }
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("cannot read {file}: {source}")]
    Read { file: String, source: io::Error },
    #[error("the unit of time in PLUMED's {0} is unknown")]
    Unit(String),
    #[error("PLUMED's {0} is missing")]
    Gone(String),
    #[error("PLUMED's {0} is not in the replica's folder, where alone files are cut")]
    Outside(String),
    #[error("line {line} of PLUMED's {file} is damaged")]
    Damaged { file: String, line: usize },
    #[error("PLUMED's {file} ends at {last} before it")]
    Short { file: String, last: String },
    #[error(
        "a grid (GRID_RFILE) has no time: PLUMED would go on from that of another step; leave GRID_RFILE out, hills are read from HILLS"
    )]
    Grid,
    #[error(transparent)]
    State(#[from] Missing),
}

/// What makes PLUMED's files those of a checkpoint.
#[derive(Debug, Default)]
pub struct Plan {
    cuts: Vec<(PathBuf, Scan)>,
    frames: Vec<(PathBuf, Frames)>,
    writes: Vec<(PathBuf, String)>,
    pub notes: Vec<String>,
    /// What is not quite as it should be: files without all rows up to the checkpoint that no bias goes on from, doubts about a state.
    pub gaps: Vec<String>,
}

/// What PLUMED needs at a checkpoint in `folder`, whose input is `file`; nothing is changed.
///
/// # Errors
/// The checkpoint cannot be used.
pub fn plan(folder: &Path, name: &str, file: &str, at: Moment) -> Result<Plan, Unusable> {
    let input = Input::read(folder, file).map_err(|source| Unusable::Read { file: file.to_owned(), source })?;
    let at = Moment { unit_ps: input.time_unit_ps().ok_or_else(|| Unusable::Unit(file.to_owned()))?, ..at };
    if input.actions.iter().any(|action| action.name == "METAD" && action.value("GRID_RFILE").is_some()) {
        return Err(Unusable::Grid);
    }
    let begins = if input.restarts() { lengths(folder, name) } else { BTreeMap::new() };
    let until = at.time_of(at.step) + 0.5 * at.dt_ps / at.unit_ps;
    let opes = input.opes();
    let planner = Planner { folder, at: &at, until, begins, opes: &opes, is_fresh: !input.restarts() };
    let mut plan = Plan::default();
    input.appended().into_iter().try_for_each(|appended| planner.add_appended(appended, &mut plan))?;
    planner.add_states(&mut plan)?;
    Ok(plan)
}

/// What is known when it is looked at one file after another.
struct Planner<'a> {
    folder: &'a Path,
    at: &'a Moment,
    /// Rows of later times go, in PLUMED's unit.
    until: f64,
    /// How long files were when the simulation began, where it goes on from files of another one.
    begins: BTreeMap<String, u64>,
    opes: &'a [Opes],
    /// Whether the simulation began from nothing.
    is_fresh: bool,
}

impl Planner<'_> {
    /// What becomes of a file that PLUMED appends to.
    fn add_appended(&self, appended: Appended, plan: &mut Plan) -> Result<(), Unusable> {
        if !is_inside(&appended.file) {
            return if appended.is_bias { Err(Unusable::Outside(appended.file)) } else { Ok(()) };
        }
        let path = self.folder.join(&appended.file);
        if let Some(form) = appended.form {
            // Frames of the simulation before are not counted.
            if self.is_fresh {
                plan.frames.extend(frames_at(&path, form, &appended, self.at)?.map(|frames| (path, frames)));
            }
            return Ok(());
        }
        let begin = self.begins.get(&appended.file).copied().unwrap_or(0);
        let scan = Scan::of(&path, begin, self.until)
            .map_err(|source| Unusable::Read { file: appended.file.clone(), source })?;
        let writers = || self.opes.iter().filter(|opes| opes.kernels == appended.file);
        // OPES that reads a state does not read its kernels.
        let is_unread = writers().any(Opes::reads_state);
        let Some(scan) = scan else {
            let is_needed = appended.is_bias && !is_unread;
            return if is_needed { Err(Unusable::Gone(appended.file)) } else { Ok(()) };
        };
        if !is_unread {
            self.check_rows(&scan, &appended, writers().any(|opes| opes.is_adaptive), plan)?;
        }
        plan.cuts.push((path, scan));
        Ok(())
    }

    /// Whether a file that is gone on from has whole rows up to the checkpoint; others may lack some.
    fn check_rows(
        &self,
        scan: &Scan,
        appended: &Appended,
        may_be_empty: bool,
        plan: &mut Plan,
    ) -> Result<(), Unusable> {
        let file = || appended.file.clone();
        if let Some(line) = scan.damaged.filter(|_| appended.is_bias) {
            return Err(Unusable::Damaged { file: file(), line });
        }
        match gap(scan, appended, may_be_empty, self.at) {
            Some(last) if appended.is_bias => return Err(Unusable::Short { file: file(), last }),
            Some(last) => plan.gaps.push(format!("PLUMED's {} ends at {last}", appended.file)),
            None => {}
        }
        Ok(())
    }

    /// Where OPES finds the state of the checkpoint's step.
    fn add_states(&self, plan: &mut Plan) -> Result<(), Unusable> {
        let mut states = self.opes.iter().filter_map(|opes| opes.state.as_ref());
        if let Some(state) = states.find(|state| !is_inside(state)) {
            return Err(Unusable::Outside(state.clone()));
        }
        for opes in self.opes {
            let kernels = self.folder.join(&opes.kernels);
            let scan = plan.cuts.iter().find(|(path, _)| *path == kernels).map(|(_, scan)| scan);
            let search = Search { folder: self.folder, opes, at: self.at, is_fresh: self.is_fresh };
            let Provision { write, note, doubt } = search.find(scan)?;
            plan.gaps.extend(doubt);
            plan.writes.extend(write);
            plan.notes.extend(note);
        }
        Ok(())
    }
}

/// Whether a file is the replica's own.
fn is_inside(file: &str) -> bool {
    Path::new(file).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// What stays of dumped positions; none where it cannot be told.
fn frames_at(path: &Path, form: Form, appended: &Appended, at: &Moment) -> Result<Option<Frames>, Unusable> {
    let Some(stride) = appended.stride else { return Ok(None) };
    let most = (at.step - 1).div_euclid(stride) - (at.first_step - 1).div_euclid(stride);
    Frames::first(path, form, u64::try_from(most).unwrap_or(0))
        .map_err(|source| Unusable::Read { file: appended.file.clone(), source })
}

/// When a simulation has come to its end: no step stands twice in files that no bias goes on from.
///
/// # Errors
/// A file cannot be read or written.
pub fn tidy(folder: &Path, file: &str) -> io::Result<()> {
    for appended in Input::read(folder, file)?
        .appended()
        .into_iter()
        .filter(|appended| !appended.is_bias && is_inside(&appended.file))
    {
        let path = folder.join(appended.file);
        if let Some(scan) = Scan::of(&path, 0, f64::INFINITY)? {
            scan.cut(&path)?;
        }
    }
    Ok(())
}

/// Where a file ends too early, as a time.
fn gap(scan: &Scan, appended: &Appended, may_be_empty: bool, at: &Moment) -> Option<String> {
    let stride = appended.stride?;
    let expected = at.step.div_euclid(stride) * stride;
    let is_begun = if appended.is_bias { expected > at.first_step } else { expected >= at.first_step };
    match scan.last {
        _ if !is_begun => None,
        None if may_be_empty => None,
        None => Some("its beginning".to_owned()),
        Some(last) => {
            let is_early = at.step_of(last) as f64 <= expected as f64 - 0.5 * stride as f64;
            is_early.then(|| format!("{last}"))
        }
    }
}

impl Plan {
    /// Does it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn apply(&self) -> io::Result<()> {
        self.cuts.iter().try_for_each(|(path, scan)| scan.cut(path))?;
        self.frames.iter().try_for_each(|(path, frames)| frames.cut(path))?;
        self.writes.iter().try_for_each(|(path, text)| {
            let made = rows::made_beside(path);
            let mut file = File::create(&made)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(made, path)
        })
    }
}

/// The version of the PLUMED that biased the simulation `name` in `folder`, as it said itself.
pub fn plumed_version(folder: &Path, name: &str) -> Option<String> {
    version::of(folder, name).map(|version| version.to_string())
}

/// Where it is kept how long PLUMED's files were when the simulation `name` began.
fn record(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.plumed_begin"))
}

/// Before a simulation begins from nothing: an input that restarts from files of another simulation has PLUMED append to these.
///
/// # Errors
/// It has begun before, and PLUMED's files are no longer those that it begins from; or they cannot be looked at.
pub fn begin(folder: &Path, name: &str, file: &str) -> io::Result<Result<(), Refused>> {
    let Ok(input) = Input::read(folder, file) else { return Ok(Ok(())) };
    if !input.restarts() {
        return Ok(Ok(()));
    }
    let length = |file: &str| fs::metadata(folder.join(file)).map_or(0, |file| file.len());
    let now: Vec<(String, u64)> = input.appended().into_iter().map(|a| (a.file.clone(), length(&a.file))).collect();
    let path = record(folder, name);
    if !path.is_file() {
        let lines: String = now.iter().map(|(file, length)| format!("{length} {file}\n")).collect();
        return fs::write(path, lines).map(Ok);
    }
    let before = lengths(folder, name);
    match now.iter().all(|(file, length)| before.get(file) == Some(length)) {
        true => Ok(Ok(())),
        false => Ok(Err(Refused)),
    }
}

/// An input that says RESTART, in a folder where PLUMED has written since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the input of PLUMED says RESTART, and its files are no longer those that the simulation began from: remove the replica's folder, then rerun with --retry-failed"
)]
pub struct Refused;

fn lengths(folder: &Path, name: &str) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(record(folder, name)).unwrap_or_default();
    let line = |line: &str| {
        let (length, file) = line.split_once(' ')?;
        Some((file.to_owned(), length.parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Moment = Moment { step: 100, first_step: 0, dt_ps: 0.002, unit_ps: 1.0 };

    /// What is planned for `input` where HILLS has rows at these times.
    fn planned(input: &str, times: &[f64]) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let rows: String = times.iter().map(|time| format!(" {time} 1.0\n")).collect();
        fs::write(folder.path().join("HILLS"), format!("#! FIELDS time height\n{rows}")).unwrap();
        fs::write(folder.path().join("plumed.dat"), input).unwrap();
        let plan = plan(folder.path(), "run", "plumed.dat", AT).map_err(|why| why.to_string())?;
        plan.apply().unwrap();
        let text = fs::read_to_string(folder.path().join("HILLS")).unwrap();
        Ok(text.lines().skip(1).map(|row| row.split_whitespace().next().unwrap().parse().unwrap()).collect())
    }

    #[test]
    fn hills_are_cut_at_the_step_in_any_unit_of_time() {
        assert_eq!(planned("METAD ARG=x PACE=50", &[0.1, 0.2, 0.3]), Ok(vec![0.1, 0.2]));
        assert_eq!(planned("UNITS TIME=fs\nMETAD ARG=x PACE=50", &[100.0, 200.0, 300.0]), Ok(vec![100.0, 200.0]));
        let unknown = planned("UNITS TIME=week\nMETAD ARG=x PACE=50", &[0.1]).unwrap_err();
        assert!(unknown.contains("the unit of time"), "{unknown}");
    }

    #[test]
    fn what_a_bias_cannot_go_on_from_makes_a_checkpoint_unusable() {
        let why = |input: &str, times: &[f64]| planned(input, times).unwrap_err();
        assert_eq!(why("METAD ARG=x PACE=50", &[0.1]), "PLUMED's HILLS ends at 0.1 before it");
        assert!(why("METAD ARG=x PACE=50 GRID_RFILE=g", &[0.1, 0.2]).contains("GRID_RFILE"));
        assert_eq!(why("METAD ARG=x PACE=50 FILE=OTHER", &[]), "PLUMED's OTHER is missing");
        assert!(why("METAD ARG=x PACE=50 FILE=../HILLS", &[]).contains("not in the replica's folder"));
    }

    #[test]
    fn checkpoints_come_at_a_tenth_of_what_is_left_and_at_least_every_five_minutes() {
        assert_eq!(checkpoint_interval(None), Duration::from_secs(300));
        assert_eq!(checkpoint_interval(Some(Duration::from_secs(600))), Duration::from_secs(60));
        assert_eq!(checkpoint_interval(Some(Duration::from_secs(86_400))), Duration::from_secs(300));
    }
}
