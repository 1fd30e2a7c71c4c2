//! Reads and checks the table of a distance or angle.
use super::coordinate::{Measured, PullCoordinate};
use super::definition::Definition;
use super::restraint::Restraint;
use crate::campaigns::umbrella::coordinate::Coordinate;
use crate::campaigns::umbrella::faults::{file_problem, select_atoms};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::section::{CoordinateKind, CoordinateSection, Section};
use crate::campaigns::umbrella::windows::WindowSetup;
use crate::config::{Checker, Config};
use crate::engines::md::gromacs::Mdp;
use crate::science::geometry::Kind;
use std::path::PathBuf;
use std::sync::Arc;

/// Keys of the section that only principal components use.
const PCA_KEYS: &[&str] = &["selection", "align", "align_to", "check_whole", "components", "component", "stop_after"];

/// The distance or angle that the section describes; none without a `window_setup`, whose faults its caller reports, or where anything is at fault.
pub fn load(
    config: &Config,
    section: &Section,
    coordinate: &CoordinateSection,
    frames: &Arc<Frames>,
    window_setup: Option<&Arc<WindowSetup>>,
    check: &mut Checker,
) -> Option<Box<dyn Coordinate>> {
    check_keys(config, coordinate.kind, check);
    let groups = groups(coordinate, frames, check);
    let is_periodic = window_setup.is_some_and(|window_setup| check_parameters(&window_setup.mdp, check));
    let last = frames.count() - 1;
    for number in [0, last / 2, last].into_iter().filter(|_| !config.inputs.is_checked()) {
        // Other frames are checked when they are read.
        let frame = frames.frame(number).map_err(|error| file_problem("trajectory", &error));
        if check.collect(frame).is_none() {
            break;
        }
    }
    if frames.count() < 2 {
        let message = "the trajectory has one frame: nothing varies";
        check.refuse("trajectory", message, "name a trajectory of at least two frames");
    }
    // A file that cannot be read has been reported.
    let text = |path: &PathBuf| String::from_utf8(config.inputs.bytes(&config.absolute(path)).ok()?.to_vec()).ok();
    let index = section.index.as_ref().map(|path| text(path).unwrap_or_default());
    let window_setup = window_setup.filter(|_| !check.faults.has_errors())?;
    let kind = coordinate.kind.into();
    let restraint = Restraint::new(kind, window_setup.scale, &groups, frames.names.len(), index.as_deref());
    let (frames, window_setup) = (Arc::clone(frames), Arc::clone(window_setup));
    let (restraint, measured) = (Arc::new(restraint), Measured::default());
    let definition = Definition { frames, kind, groups, scale: window_setup.scale };
    Some(Box::new(PullCoordinate { definition, window_setup, is_periodic, restraint, measured }))
}

/// Refuses keys that have no meaning for a distance or angle.
fn check_keys(config: &Config, kind: CoordinateKind, check: &mut Checker) {
    let mut refuse = |key: &str, message: String, help: String| {
        if config.is_set("umbrella", key) {
            check.refuse(key, message, help);
        }
    };
    for key in PCA_KEYS {
        let message = format!("`{key}` applies to principal components, not to `coordinate`");
        refuse(key, message, format!("remove `{key}`, or the table [umbrella.coordinate]"));
    }
    let (own, other) = match kind {
        CoordinateKind::Distance => ("force_constant_kj_mol_nm2", "force_constant_kj_mol_rad2"),
        CoordinateKind::Angle | CoordinateKind::Dihedral => ("force_constant_kj_mol_rad2", "force_constant_kj_mol_nm2"),
    };
    let message = format!("`{other}` has the wrong unit for a coordinate of this kind");
    refuse(other, message, format!("give `{own}` instead"));
}

/// The atoms of each group; empty for a faulty one.
fn groups(section: &CoordinateSection, frames: &Frames, check: &mut Checker) -> Vec<Vec<usize>> {
    let kind = Kind::from(section.kind);
    let (expected, given) = (kind.groups(), section.groups.len());
    if expected != given {
        let message = format!("a coordinate of kind \"{}\" takes {expected} groups, not {given}", kind.name());
        let help = "distance: both ends; angle: an end, the vertex, the other end; dihedral: four in a row";
        check.refuse("coordinate.groups", message, help);
    }
    let mut groups: Vec<Vec<usize>> = Vec::with_capacity(given);
    for (group, phrase) in section.groups.iter().enumerate() {
        let key = format!("coordinate.groups.{group}");
        let atoms = check.collect(select_atoms(&key, phrase, &frames.names)).unwrap_or_default();
        let same = groups.iter().position(|other| !atoms.is_empty() && *other == atoms);
        if let Some(same) = same {
            let message = format!("group {group} has the same atoms as group {same}");
            check.refuse(&key, message, "select other atoms; groups are counted from 0");
        }
        groups.push(atoms);
    }
    groups
}

/// Whether atoms have periodic images; refuses run parameters that pull already, or are periodic in some directions only.
fn check_parameters(mdp: &Mdp, check: &mut Checker) -> bool {
    if let Some(key) = mdp.first_key_with_prefix("pull") {
        let line = mdp.line(key).map_or(String::new(), |line| format!(" in line {line}"));
        let message = format!("`{key}`{line} belongs to the pull code, which simmpi sets up to restrain `coordinate`");
        check.refuse("mdp", message, "remove all pull keys from the run parameters");
    }
    match mdp.value("pbc").map(str::to_lowercase).as_deref() {
        None | Some("xyz" | "") => true,
        Some("no") => false,
        Some(other) => {
            let message = format!("`pbc = {other}` is not supported along a distance or angle");
            check.refuse("mdp", message, "set pbc = xyz or pbc = no in the run parameters");
            true
        }
    }
}
