//! Is an `[umbrella]` section valid, and which campaign does it describe?
use super::campaign::UmbrellaCampaign;
use super::coordinate::Coordinate;
use super::faults::file_fault;
use super::frames::Frames;
use super::section::{LastPart, Section};
use super::{pca, pull, windows};
use crate::config::{Config, Fault, Faults};
use crate::md::{Structure, Trajectory};
use crate::science::selection::Atom;
use crate::seed::CampaignSeed;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The campaign that the configuration describes.
///
/// # Errors
/// All errors of the section and of the files that it names.
pub fn load(config: &Config) -> Result<UmbrellaCampaign, Faults> {
    let mut section: Section = config.section("umbrella")?;
    let (mut faults, mut warnings) = (Faults::default(), Faults::default());
    let frames = frames(config, &section, &mut faults);
    let has_windows = section.stop_after != Some(LastPart::Pca);
    let mut setup = None;
    if has_windows {
        let spec = match &section.coordinate {
            Some(coordinate) => pull::restraint_spec(&section, coordinate),
            None => pca::restraint_spec(&section),
        };
        match windows::load(config, &section, spec) {
            Ok((found, more)) => (setup, warnings) = (Some(Arc::new(found)), more),
            Err(more) => faults.extend(more),
        }
    }
    warnings.extend(frames.iter().filter_map(|frames| repeats_warning(config, frames)));
    let mut coordinate: Option<Box<dyn Coordinate>> = None;
    if let Some(frames) = &frames {
        let found = match section.coordinate.clone() {
            Some(pull) => pull::load(config, &section, &pull, frames, setup.as_ref()),
            None => {
                let found = pca::load(config, &mut section, frames, &mut warnings);
                found.map(|component| Box::new(component) as Box<dyn Coordinate>)
            }
        };
        found.map_or_else(|more| faults.extend(more), |found| coordinate = Some(found));
    }
    faults.into_result(())?;
    let (Some(frames), Some(coordinate)) = (frames, coordinate) else { return Err(Faults::default()) };
    let inputs = inputs(config, &section);
    Ok(UmbrellaCampaign {
        frames,
        coordinate,
        seed: CampaignSeed(config.campaign.seed),
        section,
        warnings,
        inputs,
        windows: setup,
        config: config.clone(),
        program: None,
        sampling: None,
    })
}

/// The trajectory and its atoms.
fn frames(config: &Config, section: &Section, faults: &mut Faults) -> Option<Arc<Frames>> {
    let structure = Structure::read(&config.resolve(&section.structure));
    let structure = structure.map_err(|error| faults.push(file_fault(config, "structure", &error))).ok();
    let trajectory = Trajectory::join(&trajectory_files(config, section));
    let trajectory = trajectory.map_err(|error| faults.push(file_fault(config, "trajectory", &error))).ok();
    let (structure, trajectory) = (structure?, trajectory?);
    match check_atoms(config, &structure, &trajectory) {
        Ok(()) => Some(Arc::new(Frames { trajectory, names: structure.atoms })),
        Err(fault) => {
            faults.push(*fault);
            None
        }
    }
}

/// The files of the trajectory in the order of their times.
fn trajectory_files(config: &Config, section: &Section) -> Vec<PathBuf> {
    section.trajectory.paths().iter().map(|path| config.resolve(path)).collect()
}

/// The warning about frames that a restart repeated.
fn repeats_warning(config: &Config, frames: &Frames) -> Option<Fault> {
    let message = frames.trajectory.repeats()?;
    let help = "nothing to do after a restart from an older checkpoint or for parts that overlap; otherwise use a file of a single run";
    Some(config.fault("umbrella.trajectory", message, help).warning())
}

/// Files that determine the results: (key, paths).
fn inputs(config: &Config, section: &Section) -> Vec<(&'static str, Vec<PathBuf>)> {
    let mut inputs = vec![
        ("trajectory", trajectory_files(config, section)),
        ("structure", vec![config.resolve(&section.structure)]),
    ];
    if section.coordinate.is_none() && !pca::is_keyword(&section.align_to) {
        inputs.push(("align_to", vec![config.resolve(Path::new(&section.align_to))]));
    }
    inputs
}

/// Checks that the structure and the trajectory have the same atoms.
fn check_atoms(config: &Config, structure: &Structure, trajectory: &Trajectory) -> Result<(), Box<Fault>> {
    let refuse = |message: String, help: &str| Err(Box::new(config.fault("umbrella.structure", message, help)));
    let (given, found) = (structure.atoms.len(), trajectory.atoms);
    if given != found {
        let help = "use the structure of the atoms in the trajectory, such as the output of `gmx trjconv -dump 0` for the same group";
        return refuse(format!("the structure has {given} atoms, the trajectory {found}"), help);
    }
    for path in trajectory.named_files() {
        let other = Structure::read(path);
        let other = other.map_err(|error| Box::new(file_fault(config, "trajectory", &error)))?;
        let differs = |(a, b): (&Atom, &Atom)| (&a.name, &a.residue) != (&b.name, &b.residue);
        let Some(index) = structure.atoms.iter().zip(&other.atoms).position(differs) else { continue };
        let label = |atom: &Atom| format!("{} of {}", atom.name, atom.residue_label());
        let (here, there) = (label(&structure.atoms[index]), label(&other.atoms[index]));
        return refuse(
            format!("atom {index} is {here} in the structure and {there} in the trajectory"),
            "use the structure of the same system",
        );
    }
    Ok(())
}
