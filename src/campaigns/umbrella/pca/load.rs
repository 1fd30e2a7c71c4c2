//! Reads and checks the keys of a principal component analysis.
use super::component::Component;
use super::frame_check;
use super::setup::Setup;
use crate::campaigns::umbrella::faults::{file_problem, select_atoms};
use crate::campaigns::umbrella::frames::Frames;
use crate::campaigns::umbrella::section::{LastPart, Section};
use crate::config::{Checker, Config};
use crate::md::{Frame, ReadBuffer, Structure};
use crate::problem::Problem;
use crate::science::pca::Superposition;
use crate::science::selection::Atom;
use crate::seed::CampaignSeed;
use std::path::Path;
use std::sync::Arc;

/// Default of `components`.
const DEFAULT_COMPONENTS: usize = 10;

/// The component that the section describes; none where its keys are at fault. Defaults are filled into the section.
pub fn load(config: &Config, section: &mut Section, frames: &Arc<Frames>, check: &mut Checker) -> Option<Component> {
    let before = check.faults.len();
    let mut select = |key: &str, phrase: &str| check.collect(select_atoms(key, phrase, &frames.names));
    let selected = select("selection", &section.selection);
    let fitted = match &section.align {
        Some(phrase) => select("align", phrase),
        None => selected.clone(),
    };
    if section.force_constant_kj_mol_rad2.is_some() {
        let message = "principal components are lengths: their force constants are per nm^2";
        check.refuse("force_constant_kj_mol_rad2", message, "give `force_constant_kj_mol_nm2` instead");
    }
    if section.stop_after != Some(LastPart::Pca) {
        check_superposition(section, selected == fitted, check);
    }
    let (selected, fitted) = selected.zip(fitted).filter(|_| check.faults.len() == before)?;
    let components = check.collect(count(section, frames.count(), selected.len()))?;
    section.components = Some(components);
    section.align.get_or_insert_with(|| section.selection.clone());
    let setup = check.collect(set_up(config, section, frames, (selected, fitted), components))?;
    let summary = summary(section, &setup);
    Some(Component::new(setup, section.component.unwrap_or(1) - 1, summary))
}

/// Checks that windows can be restrained along these components.
fn check_superposition(section: &Section, superposes_selection: bool, check: &mut Checker) {
    if !superposes_selection {
        let message = "windows need the same atoms for the components and the superposition: \
                       GROMACS' restraint acts on the former only, and would turn and shift the molecule";
        let help = "remove `align`, or select the same atoms for both";
        check.refuse("align", message, help);
    }
    if section.align_to != "average" {
        let message = "forces of GROMACS' restraint neglect the rotation of the superposition, which matters least with the average as reference";
        check.warn("align_to", message, "set align_to = \"average\"");
    }
}

/// Whether `align_to` is a keyword and not the name of a file.
pub fn is_keyword(align_to: &str) -> bool {
    matches!(align_to, "first" | "average")
}

/// The number of components.
fn count(section: &Section, frames: usize, atoms: usize) -> Result<usize, Problem> {
    if frames < 2 {
        let message = "the trajectory has one frame: nothing varies";
        return Err(Problem::at_key("trajectory", message, "name a trajectory of at least two frames"));
    }
    let most = (3 * atoms).min(frames - 1);
    let components = section.components.unwrap_or(DEFAULT_COMPONENTS.min(most));
    if components > most {
        let message = format!("{frames} frames of {atoms} atoms have at most {most} components, not {components}");
        return Err(Problem::at_key("components", message, format!("set components = {most} or less")));
    }
    if section.component.is_some_and(|component| component > components) {
        let message = format!("there are only {components} components");
        return Err(Problem::at_key("component", message, "components are counted from 1"));
    }
    Ok(components)
}

fn set_up(
    config: &Config,
    section: &Section,
    frames: &Arc<Frames>,
    (selected, fitted): (Vec<usize>, Vec<usize>),
    components: usize,
) -> Result<Setup, Problem> {
    let mut atoms = [&fitted[..], &selected].concat();
    atoms.sort_unstable();
    atoms.dedup();
    let atoms_read = atoms.last().map_or(0, |last| last + 1);
    let read = |number: usize| {
        let mut frame = Frame::default();
        let read = frames.trajectory.read(number, atoms_read, &mut ReadBuffer::default(), &mut frame);
        read.map_err(|error| file_problem("trajectory", &error)).map(|()| frame)
    };
    let first = read(0)?;
    let reference = reference(config, section, frames.names.len(), &first)?;
    let aligns_to_average = section.align_to == "average";
    // The average is one of the atoms that are superposed.
    let averaged = if aligns_to_average { fitted.clone() } else { selected.clone() };
    let superposition = Superposition::new(fitted.clone(), averaged, &reference).map_err(|error| {
        let key = if config_has_align(section) { "align" } else { "selection" };
        Problem::at_key(key, error.to_string(), "select more atoms to superpose")
    })?;
    let same_molecule = atoms.windows(2).map(|pair| are_neighbours(&frames.names[pair[0]], &frames.names[pair[1]]));
    let setup = Setup {
        same_molecule_as_next: same_molecule.collect(),
        atoms_read,
        check_whole: section.check_whole,
        superposition: Arc::new(superposition),
        aligns_to_average,
        components,
        seed: CampaignSeed(config.campaign.seed),
        first_frame: first.positions.clone(),
        frames: Arc::clone(frames),
        fitted,
        selected,
        atoms,
    };
    // Other frames are checked when they are read; these three cost nothing.
    let last = frames.count() - 1;
    for number in [0, last / 2, last].into_iter().filter(|_| !config.inputs.is_checked()) {
        let mut frame = Frame::default();
        let read = frames.trajectory.read(number, atoms_read, &mut ReadBuffer::default(), &mut frame);
        read.map_err(|error| file_problem("trajectory", &error))?;
        if setup.check_whole && number == 0 {
            frame_check::check_whole(&setup, number, &frame, None)?;
        }
    }
    Ok(setup)
}

fn config_has_align(section: &Section) -> bool {
    section.align.as_ref().is_some_and(|align| *align != section.selection)
}

/// Positions of the reference structure, all atoms, nm.
fn reference(config: &Config, section: &Section, atoms: usize, first: &Frame) -> Result<Vec<[f32; 3]>, Problem> {
    if is_keyword(&section.align_to) {
        return Ok(first.positions.clone());
    }
    let path = config.resolve(Path::new(&section.align_to));
    let other = Structure::read_by(&path, |path| config.inputs.bytes(path)).map_err(|error| {
        let problem = file_problem("align_to", &error);
        let help = format!("{}; or set align_to = \"first\" or \"average\"", problem.help);
        Problem { help, ..problem }
    })?;
    if other.atoms.len() != atoms {
        let message = format!("the reference has {} atoms, the structure {atoms}", other.atoms.len());
        return Err(Problem::at_key("align_to", message, "name a structure of the same atoms"));
    }
    Ok(other.frame.positions)
}

/// Whether atoms are of one residue, or of two that follow each other in the chain of a protein or nucleic acid: they stand close, then.
/// Residues of water and lipids are molecules of their own.
fn are_neighbours(a: &Atom, b: &Atom) -> bool {
    let is_one = a.resid == b.resid && a.icode == b.icode && a.residue == b.residue;
    let is_next = (b.resid - a.resid).abs() <= 1 && a.is_of_polymer() && b.is_of_polymer();
    // Ambiguous numbers can be those of many residues.
    let are_known = a.resid_ambiguity.is_none() && b.resid_ambiguity.is_none();
    are_known && (&a.chain, &a.segid) == (&b.chain, &b.segid) && (is_one || is_next)
}

fn summary(section: &Section, setup: &Setup) -> Vec<(String, String)> {
    let frames = &setup.frames;
    let chunk_mb = frames.count() as f64 * setup.selected.len() as f64 * 12.0 / 1e6;
    let lines = [
        ("frames", frames.summary()),
        ("chunks of frames", frames.chunks().to_string()),
        ("selection", frames.describe_atoms(&setup.selected)),
        ("superposed", format!("{}, onto {}", frames.describe_atoms(&setup.fitted), section.align_to)),
        ("components", format!("{} of {}", setup.components, 3 * setup.selected.len())),
        ("memory for all frames", format!("about {chunk_mb:.0} MB over all ranks, else they are read in every pass")),
    ];
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
