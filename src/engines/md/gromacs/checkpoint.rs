//! From which checkpoint does a simulation continue?
//!
//! Measured with 2022.5: `mdrun -cpi` with a missing file silently starts from zero, and with a truncated one it fails. So simmpi first
//! reads each checkpoint with `gmx dump`.
use super::log::Log;
use super::replica::Replica;
use crate::engines::md::plumed::{self, Clock, RestartPlan};
use crate::task::Cause;
use std::fs;
use std::io;
use std::path::Path;

/// A checkpoint that is complete.
#[derive(Clone, Debug, PartialEq)]
struct Checkpoint {
    /// Its name in the replica's folder.
    file: String,
    step: i64,
    time_ps: f64,
}

impl Replica<'_> {
    /// The newest checkpoint of the simulation `name` that is complete and that PLUMED, with the input file `plumed`, can also continue
    /// from. PLUMED's files are adjusted to it. Newer checkpoints are renamed, since `mdrun` would take them for `_prev.cpt` later.
    ///
    /// # Errors
    /// `gmx` could not be run or was stopped, or PLUMED's files cannot be written.
    pub fn choose_checkpoint(&mut self, name: &str, plumed: Option<&str>) -> Result<Option<String>, Cause> {
        let files = [format!("{name}.cpt"), format!("{name}_prev.cpt")];
        let existing: Vec<&String> = files.iter().filter(|file| self.has_file(file)).collect();
        let chosen = self.first_usable(name, plumed, &existing)?;
        if let Some((_, plan)) = &chosen {
            self.summary.notes.extend(plan.notes.iter().cloned());
        }
        let chosen_file = chosen.as_ref().map(|(checkpoint, _)| &checkpoint.file);
        match &chosen {
            Some((Checkpoint { file, step, .. }, _)) if *file == files[1] => {
                self.add_note(format!("it continues from {file} at step {step}"));
            }
            Some(_) => {}
            None if !existing.is_empty() => {
                self.add_note(format!("{name} has no usable checkpoint and starts again"));
            }
            None if self.has_file(&format!("{name}.log")) => {
                self.add_note(format!("{name} was started before and left no checkpoint: it starts again"));
            }
            None => {}
        }
        if let Some((_, plan)) = &chosen {
            plan.apply().map_err(|error| self.cannot_prepare(error))?;
        }
        for file in existing.iter().take_while(|file| chosen_file != Some(**file)) {
            set_aside(self.context.folder, name, file).map_err(|error| self.cannot_prepare(error))?;
        }
        Ok(chosen.map(|(checkpoint, _)| checkpoint.file))
    }

    /// The first of the checkpoints `files`, newest first, that can be used without loss; else the first that can be used at all, such as one
    /// for which rows are missing in a file that no bias is restarted from.
    fn first_usable(
        &mut self,
        name: &str,
        plumed: Option<&str>,
        files: &[&String],
    ) -> Result<Option<(Checkpoint, RestartPlan)>, Cause> {
        let mut second_best = None;
        for file in files {
            let Some((step, time_ps)) = self.dump_checkpoint(file, name)? else {
                self.add_note(format!("the checkpoint {file} is truncated or damaged"));
                continue;
            };
            let checkpoint = Checkpoint { file: (*file).clone(), step, time_ps };
            let Some(input) = plumed else { return Ok(Some((checkpoint, RestartPlan::default()))) };
            match plumed::plan_restart(self.context.folder, name, input, self.clock(name, &checkpoint)) {
                Ok(plan) if plan.gaps.is_empty() => return Ok(Some((checkpoint, plan))),
                Ok(plan) => {
                    let gaps = plan.gaps.join(", ");
                    self.add_note(format!("the checkpoint {file} is from {time_ps} ps and {gaps}"));
                    second_best = second_best.or(Some((checkpoint, plan)));
                }
                Err(error) => {
                    self.add_note(format!("the checkpoint {file} is from {time_ps} ps (step {step}) and {error}"));
                }
            }
        }
        Ok(second_best)
    }

    /// Steps and times at a checkpoint, with the first step and the time step from the log.
    fn clock(&self, name: &str, checkpoint: &Checkpoint) -> Clock {
        let log = Log::read(&self.path(&format!("{name}.log"))).unwrap_or_default();
        let Checkpoint { step, time_ps, .. } = *checkpoint;
        let dt_ps = log.time_step.unwrap_or(if step > 0 { time_ps / step as f64 } else { 1.0 });
        Clock { step, first_step: log.first_step, dt_ps, unit_ps: 1.0 }
    }

    /// Step and time, ps, of a checkpoint; none if it is incomplete.
    fn dump_checkpoint(&mut self, file: &str, name: &str) -> Result<Option<(i64, f64)>, Cause> {
        let output_stem = format!("{name}.checkpoint");
        let finished = self.gmx("gmx dump", &output_stem, self.gromacs.argv(&["dump", "-cp", file]))?;
        // The whole state of the simulation as text: too large to keep.
        let _ = fs::remove_file(self.path(&format!("{output_stem}.out")));
        let _ = fs::remove_file(self.path(&format!("{output_stem}.err")));
        if !finished.exit.is_success() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&finished.stdout.head).into_owned();
        Ok(number(&text, "step").zip(number(&text, "t")).map(|(step, time)| (step as i64, time)))
    }
}

/// Renames a checkpoint that cannot be used, so that it is not taken for one of this simulation.
fn set_aside(folder: &Path, name: &str, file: &str) -> io::Result<()> {
    let suffix = file.strip_prefix(name).unwrap_or(file);
    fs::rename(folder.join(file), folder.join(format!("{name}.unused{suffix}")))
}

/// The number in the first line `name = number`.
fn number(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_and_time_are_read_from_gmx_dump() {
        let text = "checkpoint file version = 22\nstep                       = 78200\nt                          = 156.400000\nnatoms = 22\n";
        assert_eq!((number(text, "step"), number(text, "t")), (Some(78200.0), Some(156.4)));
        assert_eq!(number("steps = 4", "step"), None);
    }
}
