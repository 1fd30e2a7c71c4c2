//! From which checkpoint does a simulation go on?
//!
//! Measured with 2022.5: `-cpi` of a file that is not there starts from zero without a word, and one that is cut off is an error. So
//! simmpi has `gmx dump` read each before it is used.
use super::Gromacs;
use crate::engines::replica::{Berth, Errand, Usage};
use crate::task::Cause;
use std::fs;
use std::path::{Path, PathBuf};

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

/// The youngest checkpoint of the simulation `name` that is whole, and of the time of PLUMED's state where there is one.
///
/// # Errors
/// `gmx` could not be run, or was stopped.
pub fn choose(gromacs: &Gromacs, name: &str, berth: &Berth, usage: &mut Usage) -> Result<Choice, Cause> {
    let mut choice = Choice::default();
    let state = gromacs.plumed.as_ref().and_then(|input| state_of(berth.folder, input));
    let mut was_there = false;
    for file in [format!("{name}.cpt"), format!("{name}_prev.cpt")] {
        if !berth.folder.join(&file).is_file() {
            continue;
        }
        was_there = true;
        let Some((step, time_ps)) = dump(gromacs, &file, name, berth, usage)? else {
            choice.notes.push(format!("the checkpoint {file} is cut off or damaged"));
            continue;
        };
        if let Some((path, state_ps)) = &state
            && (state_ps - time_ps).abs() > 1e-4 * time_ps.abs().max(1.0)
        {
            let text =
                format!("the checkpoint {file} is of {time_ps} ps and PLUMED's {} of {state_ps} ps", path.display());
            choice.notes.push(text);
            continue;
        }
        choice.checkpoint = Some(Checkpoint { file, step, time_ps });
        break;
    }
    let is_second = choice.checkpoint.as_ref().is_some_and(|found| found.file.ends_with("_prev.cpt"));
    match (&choice.checkpoint, was_there) {
        (Some(found), _) if is_second => {
            choice.notes.push(format!("it goes on from {} at step {}", found.file, found.step));
        }
        (None, true) => choice.notes.push(format!("{name} has no checkpoint to go on from and begins again")),
        (None, false) if berth.folder.join(format!("{name}.log")).is_file() => {
            choice.notes.push(format!("{name} was begun and left no checkpoint: it begins again"));
        }
        _ => {}
    }
    Ok(choice)
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

/// The file into which PLUMED's `input` has the state of a bias written, and the time of the last one in it, ps.
fn state_of(folder: &Path, input: &str) -> Option<(PathBuf, f64)> {
    let text = fs::read_to_string(folder.join(input)).ok()?;
    let file = text.split_whitespace().find_map(|word| word.strip_prefix("STATE_WFILE="))?;
    let state = fs::read_to_string(folder.join(file)).ok()?;
    let rows = state.lines().rev().filter(|line| !line.starts_with('#'));
    let time = rows.filter_map(|row| row.split_whitespace().next()?.parse::<f64>().ok()).next()?;
    Some((file.into(), time))
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

    #[test]
    fn the_time_of_plumeds_state_is_that_of_its_last_row() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("plumed.dat"),
            "opes: OPES_METAD ARG=phi PACE=500 STATE_WFILE=STATE STATE_RFILE=STATE\n",
        )
        .unwrap();
        assert_eq!(state_of(folder.path(), "plumed.dat"), None);
        fs::write(
            folder.path().join("STATE"),
            "#! FIELDS time phi sigma_phi height\n#! SET action OPES\n20.0 1.0 0.1 2\n20.0 1.5 0.1 2\n",
        )
        .unwrap();
        assert_eq!(state_of(folder.path(), "plumed.dat"), Some(("STATE".into(), 20.0)));
    }
}
