//! Can PLUMED continue from a checkpoint, and what has to be done to its files first?
use super::clock::Clock;
use super::frames::{FrameFormat, LeadingFrames};
use super::input::{AppendedFile, Input, OpesAction};
use super::restart_plan::RestartPlan;
use super::row_scan::RowScan;
use super::start_record::recorded_lengths;
use super::state::{MissingState, StateSearch};
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableCheckpoint {
    #[error("cannot read {file}: {source}")]
    Read { file: String, source: io::Error },
    #[error("the unit of time in PLUMED's {0} is unknown")]
    TimeUnit(String),
    #[error("PLUMED's {0} is missing")]
    MissingFile(String),
    #[error("PLUMED's {0} is not in the replica's folder, and only files in it are truncated")]
    OutsideFolder(String),
    #[error("line {line} of PLUMED's {file} is damaged")]
    DamagedRow { file: String, line: usize },
    #[error("PLUMED's {file} ends earlier, at {last}")]
    TooShort { file: String, last: String },
    #[error(
        "a grid (GRID_RFILE) has no time: PLUMED would continue from the grid of another step; remove GRID_RFILE, hills are read from HILLS"
    )]
    Grid,
    #[error(transparent)]
    State(#[from] MissingState),
}

/// Plans how the files of PLUMED in `folder`, with the input `file`, are adjusted to a checkpoint; changes nothing yet. The unit of time in
/// `clock` is that of the input.
///
/// # Errors
/// The checkpoint cannot be used.
pub fn plan_restart(folder: &Path, name: &str, file: &str, clock: Clock) -> Result<RestartPlan, UnusableCheckpoint> {
    let input =
        Input::read(folder, file).map_err(|source| UnusableCheckpoint::Read { file: file.to_owned(), source })?;
    let unit_ps = input.time_unit_ps().ok_or_else(|| UnusableCheckpoint::TimeUnit(file.to_owned()))?;
    let clock = Clock { unit_ps, ..clock };
    if input.actions.iter().any(|action| action.name == "METAD" && action.value("GRID_RFILE").is_some()) {
        return Err(UnusableCheckpoint::Grid);
    }
    let planner = Planner {
        folder,
        clock: &clock,
        until: clock.plumed_time(clock.step) + 0.5 * clock.dt_ps / clock.unit_ps,
        first_lengths: if input.restarts() { recorded_lengths(folder, name) } else { BTreeMap::new() },
        opes: &input.opes(),
        is_fresh: !input.restarts(),
    };
    let mut plan = RestartPlan::default();
    input.appended().into_iter().try_for_each(|appended| planner.add_appended(appended, &mut plan))?;
    planner.add_states(&mut plan)?;
    Ok(plan)
}

/// What the plans for the single files need.
struct Planner<'a> {
    folder: &'a Path,
    clock: &'a Clock,
    /// Rows with a later time are removed, in PLUMED's unit.
    until: f64,
    /// Lengths of the files when the simulation started, bytes, if it appends to those of another one.
    first_lengths: BTreeMap<String, u64>,
    opes: &'a [OpesAction],
    /// Whether the simulation does not restart from files of another one.
    is_fresh: bool,
}

impl Planner<'_> {
    /// Plans what stays of a file that PLUMED appends to.
    fn add_appended(&self, appended: AppendedFile, plan: &mut RestartPlan) -> Result<(), UnusableCheckpoint> {
        if !is_inside(&appended.file) {
            return if appended.is_bias { Err(UnusableCheckpoint::OutsideFolder(appended.file)) } else { Ok(()) };
        }
        let path = self.folder.join(&appended.file);
        if let Some(format) = appended.format {
            // The number of frames of another simulation is unknown.
            if self.is_fresh {
                plan.frames.extend(self.leading_frames(&path, format, &appended)?.map(|frames| (path, frames)));
            }
            return Ok(());
        }
        let first_length = self.first_lengths.get(&appended.file).copied().unwrap_or(0);
        let scan = RowScan::read(&path, first_length, self.until)
            .map_err(|source| UnusableCheckpoint::Read { file: appended.file.clone(), source })?;
        let writers = || self.opes.iter().filter(|opes| opes.kernels == appended.file);
        // OPES that reads a state does not read its kernels.
        let is_unread = writers().any(OpesAction::reads_own_state);
        let Some(scan) = scan else {
            let is_needed = appended.is_bias && !is_unread;
            return if is_needed { Err(UnusableCheckpoint::MissingFile(appended.file)) } else { Ok(()) };
        };
        if !is_unread {
            self.check_rows(&scan, &appended, writers().any(|opes| opes.is_adaptive), plan)?;
        }
        plan.cuts.push((path, scan));
        Ok(())
    }

    /// Checks that a file has undamaged rows up to the checkpoint; without a bias that restarts from it, missing rows are only a gap.
    fn check_rows(
        &self,
        scan: &RowScan,
        appended: &AppendedFile,
        may_be_empty: bool,
        plan: &mut RestartPlan,
    ) -> Result<(), UnusableCheckpoint> {
        let file = || appended.file.clone();
        if let Some(line) = scan.damaged.filter(|_| appended.is_bias) {
            return Err(UnusableCheckpoint::DamagedRow { file: file(), line });
        }
        match self.early_end(scan, appended, may_be_empty) {
            Some(last) if appended.is_bias => return Err(UnusableCheckpoint::TooShort { file: file(), last }),
            Some(last) => plan.gaps.push(format!("PLUMED's {} ends at {last}", appended.file)),
            None => {}
        }
        Ok(())
    }

    /// The time at which a file ends, if rows are missing before the checkpoint.
    fn early_end(&self, scan: &RowScan, appended: &AppendedFile, may_be_empty: bool) -> Option<String> {
        let Clock { step, first_step, .. } = *self.clock;
        let stride = appended.stride?;
        let expected = step.div_euclid(stride) * stride;
        let has_rows = if appended.is_bias { expected > first_step } else { expected >= first_step };
        match scan.last {
            _ if !has_rows => None,
            None if may_be_empty => None,
            None => Some("its beginning".to_owned()),
            Some(last) => {
                let is_early = self.clock.step_at(last) as f64 <= expected as f64 - 0.5 * stride as f64;
                is_early.then(|| format!("{last}"))
            }
        }
    }

    /// The frames of dumped atoms that stay; none if their interval is not fixed.
    fn leading_frames(
        &self,
        path: &Path,
        format: FrameFormat,
        appended: &AppendedFile,
    ) -> Result<Option<LeadingFrames>, UnusableCheckpoint> {
        let Clock { step, first_step, .. } = *self.clock;
        let Some(stride) = appended.stride else { return Ok(None) };
        let most = (step - 1).div_euclid(stride) - (first_step - 1).div_euclid(stride);
        LeadingFrames::read(path, format, u64::try_from(most).unwrap_or(0))
            .map_err(|source| UnusableCheckpoint::Read { file: appended.file.clone(), source })
    }

    /// Plans from which state each OPES bias restarts.
    fn add_states(&self, plan: &mut RestartPlan) -> Result<(), UnusableCheckpoint> {
        let mut states = self.opes.iter().filter_map(|opes| opes.state.as_ref());
        if let Some(state) = states.find(|state| !is_inside(state)) {
            return Err(UnusableCheckpoint::OutsideFolder(state.clone()));
        }
        for opes in self.opes {
            let search = StateSearch { folder: self.folder, opes, clock: self.clock, is_fresh: self.is_fresh };
            search.add_to(plan)?;
        }
        Ok(())
    }
}

/// Whether a path stays within the replica's folder.
fn is_inside(file: &str) -> bool {
    Path::new(file).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// After the last step: removes rows of steps that were printed twice, in files that no bias is restarted from.
///
/// # Errors
/// A file cannot be read or written.
pub fn remove_duplicate_rows(folder: &Path, file: &str) -> io::Result<()> {
    let appended = Input::read(folder, file)?.appended().into_iter();
    for AppendedFile { file, .. } in appended.filter(|appended| !appended.is_bias && is_inside(&appended.file)) {
        let path = folder.join(file);
        if let Some(scan) = RowScan::read(&path, 0, f64::INFINITY)? {
            scan.cut(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const CLOCK: Clock = Clock { step: 100, first_step: 0, dt_ps: 0.002, unit_ps: 1.0 };

    /// The times of the rows that stay in HILLS, or why the checkpoint is unusable, for `input` and rows at `times`.
    fn planned(input: &str, times: &[f64]) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let rows: String = times.iter().map(|time| format!(" {time} 1.0\n")).collect();
        fs::write(folder.path().join("HILLS"), format!("#! FIELDS time height\n{rows}")).unwrap();
        fs::write(folder.path().join("plumed.dat"), input).unwrap();
        let plan = plan_restart(folder.path(), "run", "plumed.dat", CLOCK).map_err(|error| error.to_string())?;
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
    fn a_checkpoint_is_unusable_if_a_bias_cannot_restart_from_it() {
        let error = |input: &str, times: &[f64]| planned(input, times).unwrap_err();
        assert_eq!(error("METAD ARG=x PACE=50", &[0.1]), "PLUMED's HILLS ends earlier, at 0.1");
        assert!(error("METAD ARG=x PACE=50 GRID_RFILE=g", &[0.1, 0.2]).contains("GRID_RFILE"));
        assert_eq!(error("METAD ARG=x PACE=50 FILE=OTHER", &[]), "PLUMED's OTHER is missing");
        assert!(error("METAD ARG=x PACE=50 FILE=../HILLS", &[]).contains("not in the replica's folder"));
    }
}
