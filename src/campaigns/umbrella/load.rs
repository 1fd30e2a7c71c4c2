//! Is an `[umbrella]` section valid, and which campaign does it describe?
use super::campaign::UmbrellaCampaign;
use super::coordinate::Coordinate;
use super::faults::file_problem;
use super::frames::Frames;
use super::section::{LastPart, Section};
use super::{pca, pull, windows};
use crate::campaigns::part_files::PartFiles;
use crate::config::{Checker, Config, Faults};
use crate::md::{Structure, Trajectory};
use crate::problem::{Problem, error_chain};
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
    let mut check = Checker::new(config, "umbrella");
    let frames = frames(config, &mut section, &mut check);
    let has_windows = section.stop_after != Some(LastPart::Pca);
    let mut setup = None;
    if has_windows {
        let spec = match &section.coordinate {
            Some(coordinate) => pull::restraint_spec(&section, coordinate),
            None => pca::restraint_spec(&section),
        };
        if let Some((found, warnings)) = check.faults.collect(windows::load(config, &section, spec)) {
            (setup, check.warnings) = (Some(Arc::new(found)), warnings);
        }
    }
    if let Some(message) = frames.as_ref().and_then(|frames| frames.trajectory.repeats()) {
        let help = "nothing to do after a restart from an older checkpoint or for parts that overlap; otherwise use a file of a single run";
        check.warn("trajectory", message, help);
    }
    let coordinate = frames.as_ref().and_then(|frames| match section.coordinate.clone() {
        Some(pull) => pull::load(config, &section, &pull, frames, setup.as_ref(), &mut check),
        None => {
            let component = pca::load(config, &mut section, frames, &mut check)?;
            Some(Box::new(component) as Box<dyn Coordinate>)
        }
    });
    let (frames, coordinate) = check.faults.require(frames.zip(coordinate))?;
    Ok(UmbrellaCampaign {
        frames,
        coordinate,
        seed: CampaignSeed(config.campaign.seed),
        section,
        warnings: check.warnings,
        windows: setup,
        config: config.clone(),
        program: None,
        sampling: None,
    })
}

/// The trajectory and its atoms.
fn frames(config: &Config, section: &mut Section, check: &mut Checker) -> Option<Arc<Frames>> {
    let structure = Structure::read_by(&config.resolve(&section.structure), |path| config.inputs.bytes(path));
    let structure = check.collect(structure.map_err(|error| file_problem("structure", &error)));
    let files = section.trajectory.expand(&config.resolve(Path::new("")));
    let files = files.map_err(|error| Problem::at_key("trajectory", error_chain(&error), "name existing files"));
    let mut files = check.collect(files)?;
    let written: Vec<PathBuf> = section.trajectory.paths().iter().map(|path| config.resolve(path)).collect();
    if files != written {
        // Names do not tell which part is first: those of `part*.xtc` are in the order 1, 10, 2.
        files =
            check.collect(Trajectory::in_order_of_time(files).map_err(|error| file_problem("trajectory", &error)))?;
        let absolute = files.iter().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()));
        section.trajectory = PartFiles::Several(absolute.collect());
    }
    let trajectory = Trajectory::join(&files);
    let trajectory = check.collect(trajectory.map_err(|error| file_problem("trajectory", &error)));
    let (structure, trajectory) = (structure?, trajectory?);
    if !config.inputs.is_checked() {
        check.collect(check_atoms(&structure, &trajectory))?;
    }
    Some(Arc::new(Frames { trajectory, names: structure.atoms }))
}

/// Checks that the structure and the trajectory have the same atoms.
fn check_atoms(structure: &Structure, trajectory: &Trajectory) -> Result<(), Problem> {
    let refuse = |message: String, help: &str| Err(Problem::at_key("structure", message, help));
    let (given, found) = (structure.atoms.len(), trajectory.atoms);
    if given != found {
        let help = "use the structure of the atoms in the trajectory, such as the output of `gmx trjconv -dump 0` for the same group";
        return refuse(format!("the structure has {given} atoms, the trajectory {found}"), help);
    }
    for path in trajectory.named_files() {
        let other = Structure::read(path);
        let other = other.map_err(|error| file_problem("trajectory", &error))?;
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
