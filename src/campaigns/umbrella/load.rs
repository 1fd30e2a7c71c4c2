//! Does a section describe a campaign that can be run?
use super::campaign::UmbrellaCampaign;
use super::coordinate::Coordinate;
use super::frames::Frames;
use super::section::{Part, Section};
use super::{pca, pull, windows};
use crate::config::{Config, Fault, Faults};
use crate::md::{Error, Structure, Trajectory};
use crate::science::selection::{Atom, select};
use crate::seed::CampaignSeed;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The campaign that the configuration describes.
///
/// # Errors
/// Every fault of the section and of the files it names.
pub fn load(config: &Config) -> Result<UmbrellaCampaign, Faults> {
    let mut section: Section = config.section("umbrella")?;
    let (mut faults, mut warnings) = (Faults::default(), Faults::default());
    let frames = frames(config, &section, &mut faults);
    let has_windows = section.stop_after != Some(Part::Pca);
    let mut recipe = None;
    if has_windows {
        match windows::load(config, &section) {
            Ok((found, told)) => (recipe, warnings) = (Some(Arc::new(found)), told),
            Err(more) => faults.extend(more),
        }
    }
    warnings.extend(frames.iter().filter_map(|frames| repeated(config, frames)));
    let mut coordinate: Option<Box<dyn Coordinate>> = None;
    if let Some(frames) = &frames {
        let found = match section.coordinate.clone() {
            Some(pull) => pull::load(config, &section, &pull, frames, recipe.as_ref()),
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
        windows: recipe,
        config: config.clone(),
        program: None,
        sampling: None,
    })
}

/// The trajectory with the names of its atoms.
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

/// The files of the trajectory, in the order of their times.
fn trajectory_files(config: &Config, section: &Section) -> Vec<PathBuf> {
    section.trajectory.paths().iter().map(|path| config.resolve(path)).collect()
}

/// The warning of frames that a restart wrote again.
fn repeated(config: &Config, frames: &Frames) -> Option<Fault> {
    let message = frames.trajectory.repeats()?;
    let help = "nothing is to be done after a restart from an older checkpoint or for parts that overlap; otherwise name a file of one run";
    Some(config.fault("umbrella.trajectory", message, help).warning())
}

/// Files that determine the results: key and paths.
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

/// The atoms that a phrase means.
///
/// # Errors
/// It is not of the language, or means none.
pub fn find(config: &Config, key: &str, phrase: &str, atoms: &[Atom]) -> Result<Vec<usize>, Box<Fault>> {
    select(phrase, atoms).map_err(|error| {
        let help = "docs/umbrella.md has the words of the language";
        Box::new(config.fault(&format!("umbrella.{key}"), format!("selection \"{phrase}\": {error}"), help))
    })
}

/// What is wrong with a file that a key of the section names.
pub fn file_fault(config: &Config, key: &str, error: &Error) -> Fault {
    let text = crate::campaigns::stage::error_chain(error);
    let (message, help) = text.rsplit_once(": ").unwrap_or((&text, "correct the file"));
    config.fault(&format!("umbrella.{key}"), message, help)
}

/// Whether the structure's atoms are the trajectory's.
fn check_atoms(config: &Config, structure: &Structure, trajectory: &Trajectory) -> Result<(), Box<Fault>> {
    let refuse = |message: String, help: &str| Err(Box::new(config.fault("umbrella.structure", message, help)));
    let (given, found) = (structure.atoms.len(), trajectory.atoms);
    if given != found {
        let help =
            "name the structure of what was written, such as the output of `gmx trjconv -dump 0` for the same group";
        return refuse(format!("the structure has {given} atoms, the trajectory {found}"), help);
    }
    for path in trajectory.named_files() {
        let other = Structure::read(path);
        let other = other.map_err(|error| Box::new(file_fault(config, "trajectory", &error)))?;
        let differs = |(a, b): (&Atom, &Atom)| (&a.name, &a.residue) != (&b.name, &b.residue);
        let Some(place) = structure.atoms.iter().zip(&other.atoms).position(differs) else { continue };
        let tell = |atom: &Atom| format!("{} of {}", atom.name, atom.residue_label());
        let (here, there) = (tell(&structure.atoms[place]), tell(&other.atoms[place]));
        return refuse(
            format!("atom {place} is {here} in the structure and {there} in the trajectory"),
            "name the structure of the same system",
        );
    }
    Ok(())
}
