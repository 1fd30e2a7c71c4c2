//! From which checkpoint does a simulation go on?
//!
//! Measured with 2022.5: `-cpi` of a file that is not there starts from zero without a word, and one that is cut off is an error. So
//! simmpi has `gmx dump` read each before it is used.
use super::Gromacs;
use super::log::Log;
use super::plumed::{self, Moment, Plan};
use crate::engines::replica::{Berth, Errand, Usage};
use crate::task::Cause;
use std::fs;
use std::io;
use std::path::Path;

/// A checkpoint that can be gone on from.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// In the replica's folder.
    pub file: String,
    pub step: i64,
    pub time_ps: f64,
}

/// What was found, and what is to be told of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    pub checkpoint: Option<Checkpoint>,
    pub notes: Vec<String>,
}

/// The youngest checkpoint of the simulation `name` that is whole, and that PLUMED, whose input is `plumed`, can go on from too; its files
/// are made those of the checkpoint. Checkpoints that are passed over are put aside: mdrun would take one for the last but one.
///
/// # Errors
/// `gmx` could not be run, or was stopped; or PLUMED's files cannot be written.
pub fn choose(
    gromacs: &Gromacs,
    name: &str,
    plumed: Option<&str>,
    berth: &Berth,
    usage: &mut Usage,
) -> Result<Choice, Cause> {
    let mut choice = Choice::default();
    let files = [format!("{name}.cpt"), format!("{name}_prev.cpt")];
    let there: Vec<&String> = files.iter().filter(|file| berth.folder.join(file).is_file()).collect();
    // One that only lacks rows of a file that no bias goes on from, for want of a better one.
    let mut second: Option<(Checkpoint, Plan)> = None;
    let mut first = None;
    for file in &there {
        let Some((step, time_ps)) = dump(gromacs, file, name, berth, usage)? else {
            choice.notes.push(format!("the checkpoint {file} is cut off or damaged"));
            continue;
        };
        let checkpoint = Checkpoint { file: (*file).clone(), step, time_ps };
        let Some(input) = plumed else {
            first = Some((checkpoint, Plan::default()));
            break;
        };
        match plumed::plan(berth.folder, name, input, moment(name, &checkpoint, berth)) {
            Ok(plan) if plan.gaps.is_empty() => first = Some((checkpoint, plan)),
            Ok(plan) => {
                choice.notes.push(format!("the checkpoint {file} is of {time_ps} ps and {}", plan.gaps.join(", ")));
                second = second.or(Some((checkpoint, plan)));
                continue;
            }
            Err(why) => {
                choice.notes.push(format!("the checkpoint {file} is of {time_ps} ps (step {step}) and {why}"));
                continue;
            }
        }
        break;
    }
    let found = first.or(second);
    choice.notes.extend(found.iter().flat_map(|(_, plan)| plan.notes.clone()));
    match &found {
        Some((found, _)) if found.file == files[1] => {
            choice.notes.push(format!("it goes on from {} at step {}", found.file, found.step));
        }
        Some(_) => {}
        None if !there.is_empty() => {
            choice.notes.push(format!("{name} has no checkpoint to go on from and begins again"));
        }
        None if berth.folder.join(format!("{name}.log")).is_file() => {
            choice.notes.push(format!("{name} was begun and left no checkpoint: it begins again"));
        }
        None => {}
    }
    let unwritten = |error: io::Error| super::cannot_write(berth, error);
    if let Some((_, plan)) = &found {
        plan.apply().map_err(unwritten)?;
    }
    for file in there.iter().take_while(|file| found.as_ref().is_none_or(|(found, _)| found.file != ***file)) {
        put_aside(berth.folder, name, file).map_err(unwritten)?;
    }
    choice.checkpoint = found.map(|(checkpoint, _)| checkpoint);
    Ok(choice)
}

/// Names a checkpoint that cannot be used so that nothing takes it for one of this simulation.
fn put_aside(folder: &Path, name: &str, file: &str) -> io::Result<()> {
    let rest = file.strip_prefix(name).unwrap_or(file);
    fs::rename(folder.join(file), folder.join(format!("{name}.unused{rest}")))
}

/// The step of a checkpoint, with what the log says of the simulation's steps.
fn moment(name: &str, checkpoint: &Checkpoint, berth: &Berth) -> Moment {
    let log = Log::read(&berth.folder.join(format!("{name}.log"))).unwrap_or_default();
    let Checkpoint { step, time_ps, .. } = *checkpoint;
    let dt_ps = log.time_step.unwrap_or(if step > 0 { time_ps / step as f64 } else { 1.0 });
    Moment { step, first_step: log.first_step, dt_ps, unit_ps: 1.0 }
}

/// Step and time of a checkpoint; none where it is not whole.
fn dump(
    gromacs: &Gromacs,
    file: &str,
    name: &str,
    berth: &Berth,
    usage: &mut Usage,
) -> Result<Option<(i64, f64)>, Cause> {
    let argv = gromacs.argv(&["dump", "-cp", file]);
    let errand = Errand { program: "gmx dump", name: &format!("{name}.checkpoint"), argv, set: gromacs.environment() };
    let finished = berth.run(&errand, usage)?;
    // The whole state of the simulation in words: nobody wants to keep that.
    let _ = fs::remove_file(berth.folder.join(format!("{name}.checkpoint.out")));
    let _ = fs::remove_file(berth.folder.join(format!("{name}.checkpoint.err")));
    if !finished.exit.is_success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&finished.stdout.head).into_owned();
    Ok(number(&text, "step").zip(number(&text, "t")).map(|(step, time)| (step as i64, time)))
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
    fn step_and_time_are_found_in_what_gmx_dump_says() {
        let text = "checkpoint file version = 22\nstep                       = 78200\nt                          = 156.400000\nnatoms = 22\n";
        assert_eq!((number(text, "step"), number(text, "t")), (Some(78200.0), Some(156.4)));
        assert_eq!(number("steps = 4", "step"), None);
    }
}
