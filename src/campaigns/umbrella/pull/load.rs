//! Reads and checks the table of a distance or angle.
use super::coordinate::{Measured, PullCoordinate};
use super::definition::Definition;
use super::restraint::Restraint;
use crate::campaigns::umbrella::coordinate::Coordinate;
use crate::campaigns::umbrella::faults::{file_fault, select_atoms};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::section::{CoordinateKind, CoordinateSection, Section};
use crate::campaigns::umbrella::windows::{WindowSetup, absolute};
use crate::config::{Config, Faults};
use crate::engines::md::gromacs::Mdp;
use crate::science::geometry::Kind;
use std::fs;
use std::sync::Arc;

/// Keys of the section that only principal components use.
const PCA_KEYS: &[&str] = &["selection", "align", "align_to", "check_whole", "components", "component", "stop_after"];

/// The distance or angle that the section describes. `window_setup` is that of the windows; none where it has faults.
///
/// # Errors
/// Every fault of it.
pub fn load(
    config: &Config,
    section: &Section,
    coordinate: &CoordinateSection,
    frames: &Arc<Frames>,
    window_setup: Option<&Arc<WindowSetup>>,
) -> Result<Box<dyn Coordinate>, Faults> {
    let mut faults = Faults::default();
    check_keys(config, coordinate.kind, &mut faults);
    let groups = groups(config, coordinate, frames, &mut faults);
    let is_periodic = window_setup.is_some_and(|window_setup| check_parameters(config, &window_setup.mdp, &mut faults));
    for number in [0, (frames.count() - 1) / 2, frames.count() - 1] {
        // Other frames are checked when they are read.
        if let Err(error) = frames.frame(number) {
            faults.push(file_fault(config, "trajectory", &error));
            break;
        }
    }
    if frames.count() < 2 {
        let message = "the trajectory has one frame: nothing varies";
        faults.push(config.fault("umbrella.trajectory", message, "name a trajectory of at least two frames"));
    }
    // A file that cannot be read has been reported.
    let index = section.index.as_ref().map(|path| fs::read_to_string(absolute(config, path)).unwrap_or_default());
    faults.into_result(())?;
    let Some(window_setup) = window_setup else { return Err(Faults::default()) };
    let kind = coordinate.kind.into();
    let restraint = Restraint::new(kind, window_setup.scale, &groups, frames.names.len(), index.as_deref());
    let (frames, window_setup) = (Arc::clone(frames), Arc::clone(window_setup));
    let (restraint, measured) = (Arc::new(restraint), Measured::default());
    let definition = Definition { frames, kind, groups, scale: window_setup.scale };
    Ok(Box::new(PullCoordinate { definition, window_setup, is_periodic, restraint, measured }))
}

/// Refuses keys that have no meaning for a distance or angle.
fn check_keys(config: &Config, kind: CoordinateKind, faults: &mut Faults) {
    let mut refuse = |key: &str, message: String, help: String| {
        if config.is_set("umbrella", key) {
            faults.push(config.fault(&format!("umbrella.{key}"), message, help));
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
fn groups(config: &Config, section: &CoordinateSection, frames: &Frames, faults: &mut Faults) -> Vec<Vec<usize>> {
    let kind = Kind::from(section.kind);
    let (expected, given) = (kind.groups(), section.groups.len());
    if expected != given {
        let message = format!("a coordinate of kind \"{}\" takes {expected} groups, not {given}", kind.name());
        let help = "distance: both ends; angle: an end, the vertex, the other end; dihedral: four in a row";
        faults.push(config.fault("umbrella.coordinate.groups", message, help));
    }
    let mut groups: Vec<Vec<usize>> = Vec::with_capacity(given);
    for (group, phrase) in section.groups.iter().enumerate() {
        let key = format!("coordinate.groups.{group}");
        let atoms =
            select_atoms(config, &key, phrase, &frames.names).map_err(|fault| faults.push(*fault)).unwrap_or_default();
        let same = groups.iter().position(|other| !atoms.is_empty() && *other == atoms);
        if let Some(same) = same {
            let message = format!("group {group} has the same atoms as group {same}");
            faults.push(config.fault(
                &format!("umbrella.{key}"),
                message,
                "select other atoms; groups are counted from 0",
            ));
        }
        groups.push(atoms);
    }
    groups
}

/// Whether atoms have periodic images; refuses run parameters that pull already, or are periodic in some directions only.
fn check_parameters(config: &Config, mdp: &Mdp, faults: &mut Faults) -> bool {
    let mut refuse = |message: String, help: &str| faults.push(config.fault("umbrella.mdp", message, help));
    if let Some(key) = mdp.first_key_with_prefix("pull") {
        let line = mdp.line(key).map_or(String::new(), |line| format!(" in line {line}"));
        let message = format!("`{key}`{line} belongs to the pull code, which simmpi sets up to restrain `coordinate`");
        refuse(message, "remove all pull keys from the run parameters");
    }
    match mdp.value("pbc").map(str::to_lowercase).as_deref() {
        None | Some("xyz" | "") => true,
        Some("no") => false,
        Some(other) => {
            let message = format!("`pbc = {other}` is not supported along a distance or angle");
            refuse(message, "set pbc = xyz or pbc = no in the run parameters");
            true
        }
    }
}
