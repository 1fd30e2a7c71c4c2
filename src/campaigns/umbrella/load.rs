//! Does a section describe components that can be computed?
use super::course::Course;
use super::section::{Part, Section};
use super::{Setup, UmbrellaCampaign, windows};
use crate::config::{Config, Fault, Faults};
use crate::md::{Error, Frame, Structure, Trajectory, Window};
use crate::science::pca::Superposition;
use crate::science::selection::{Atom, select};
use crate::seed::CampaignSeed;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Components that are kept where no number is given.
const COMPONENTS: usize = 10;

/// The campaign that the configuration describes.
///
/// # Errors
/// Every fault of the section and of the files it names.
pub fn load(config: &Config) -> Result<UmbrellaCampaign, Faults> {
    let mut section: Section = config.section("umbrella")?;
    let mut faults = Faults::default();
    let structure = Structure::read(&config.resolve(&section.structure));
    let structure = structure.map_err(|error| faults.push(file_fault(config, "structure", &error))).ok();
    let trajectory = Trajectory::open(&config.resolve(&section.trajectory));
    let trajectory = trajectory.map_err(|error| faults.push(file_fault(config, "trajectory", &error))).ok();
    if let (Some(structure), Some(trajectory)) = (&structure, &trajectory) {
        check_atoms(config, &section, structure, trajectory, &mut faults);
    }
    let mut find = |key: &str, phrase: &str| {
        let found = select(phrase, &structure.as_ref()?.atoms);
        let refuse = |error: crate::science::selection::Error| {
            let help = "docs/umbrella.md has the words of the language";
            faults.push(config.fault(&format!("umbrella.{key}"), format!("selection \"{phrase}\": {error}"), help));
        };
        found.map_err(refuse).ok()
    };
    let chosen = find("selection", &section.selection);
    let fitted = match &section.align {
        Some(phrase) => find("align", phrase),
        None => chosen.clone(),
    };
    let (mut recipe, mut warnings) = (None, Faults::default());
    if section.stop_after != Some(Part::Pca) {
        match windows::load(config, &section, chosen == fitted) {
            Ok((found, told)) => (recipe, warnings) = (Some(Arc::new(found)), told),
            Err(more) => faults.extend(more),
        }
    }
    faults.into_result(())?;
    let (Some(structure), Some(trajectory), Some(chosen), Some(fitted)) = (structure, trajectory, chosen, fitted)
    else {
        return Err(Faults::default());
    };
    let components = count(config, &section, &trajectory, chosen.len())?;
    section.components = Some(components);
    section.align.get_or_insert_with(|| section.selection.clone());
    let setup = set_up(config, &section, (structure, trajectory), (chosen, fitted), components)?;
    let understood = understood(&section, &setup);
    let mut inputs =
        vec![("trajectory", config.resolve(&section.trajectory)), ("structure", config.resolve(&section.structure))];
    if !is_word(&section.align_to) {
        inputs.push(("align_to", config.resolve(Path::new(&section.align_to))));
    }
    let course = Course::new(&setup);
    Ok(UmbrellaCampaign {
        setup: Arc::new(setup),
        course,
        section,
        understood,
        warnings,
        inputs,
        windows: recipe,
        config: config.clone(),
        program: None,
        way: Mutex::default(),
    })
}

/// All atoms of a frame.
///
/// # Errors
/// It cannot be read.
pub fn whole_frame(config: &Config, trajectory: &Trajectory, number: usize) -> Result<Frame, Faults> {
    let mut frame = Frame::default();
    let read = trajectory.read(number, trajectory.atoms, &mut Window::default(), &mut frame);
    read.map_err(|error| Faults::from(file_fault(config, "trajectory", &error))).map(|()| frame)
}

fn file_fault(config: &Config, key: &str, error: &Error) -> Fault {
    let text = crate::campaigns::stage::told(error);
    let (message, help) = text.rsplit_once(": ").unwrap_or((&text, "correct the file"));
    config.fault(&format!("umbrella.{key}"), message, help)
}

/// Whether `align_to` is not the name of a file.
fn is_word(align_to: &str) -> bool {
    matches!(align_to, "first" | "average")
}

/// Whether the structure's atoms are the trajectory's.
fn check_atoms(
    config: &Config,
    section: &Section,
    structure: &Structure,
    trajectory: &Trajectory,
    faults: &mut Faults,
) {
    let (given, found) = (structure.atoms.len(), trajectory.atoms);
    if given != found {
        let message = format!("the structure has {given} atoms, the trajectory {found}");
        let help =
            "name the structure of what was written, such as the output of `gmx trjconv -dump 0` for the same group";
        faults.push(config.fault("umbrella.structure", message, help));
        return;
    }
    if !trajectory.has_names() {
        return;
    }
    match Structure::read(&config.resolve(&section.trajectory)) {
        Err(error) => faults.push(file_fault(config, "trajectory", &error)),
        Ok(other) => {
            let differs = |(a, b): (&Atom, &Atom)| (&a.name, &a.residue) != (&b.name, &b.residue);
            if let Some(place) = structure.atoms.iter().zip(&other.atoms).position(differs) {
                let tell = |atom: &Atom| format!("{} of {} {}", atom.name, atom.residue, atom.resid);
                let (here, there) = (tell(&structure.atoms[place]), tell(&other.atoms[place]));
                let message = format!("atom {place} is {here} in the structure and {there} in the trajectory");
                faults.push(config.fault("umbrella.structure", message, "name the structure of the same system"));
            }
        }
    }
}

/// How many components are kept.
fn count(config: &Config, section: &Section, trajectory: &Trajectory, atoms: usize) -> Result<usize, Faults> {
    let frames = trajectory.frames();
    if frames < 2 {
        let message = "the trajectory has one frame: nothing varies";
        return Err(config.fault("umbrella.trajectory", message, "name one of two frames at least").into());
    }
    let most = (3 * atoms).min(frames - 1);
    let components = section.components.unwrap_or(COMPONENTS.min(most));
    if components > most {
        let message = format!("{frames} frames of {atoms} atoms have at most {most} components, not {components}");
        return Err(config.fault("umbrella.components", message, format!("set components = {most} or less")).into());
    }
    if section.component.is_some_and(|component| component > components) {
        let message = format!("of {components} components there is none of that number");
        return Err(config.fault("umbrella.component", message, "components are counted from 1").into());
    }
    Ok(components)
}

fn set_up(
    config: &Config,
    section: &Section,
    (structure, trajectory): (Structure, Trajectory),
    (chosen, fitted): (Vec<usize>, Vec<usize>),
    components: usize,
) -> Result<Setup, Faults> {
    let mut atoms = [&fitted[..], &chosen].concat();
    atoms.sort_unstable();
    atoms.dedup();
    let reach = atoms.last().map_or(0, |last| last + 1);
    let read = |number: usize| {
        let mut frame = Frame::default();
        let read = trajectory.read(number, reach, &mut Window::default(), &mut frame);
        read.map_err(|error| Faults::from(file_fault(config, "trajectory", &error))).map(|()| frame)
    };
    let first = read(0)?;
    let reference = reference(config, section, &structure, &first)?;
    let to_average = section.align_to == "average";
    // The average is one of the atoms that are superposed.
    let of = if to_average { fitted.clone() } else { chosen.clone() };
    let superposition = Superposition::new(fitted.clone(), of, &reference).map_err(|error| {
        let key = if config_has_align(section) { "umbrella.align" } else { "umbrella.selection" };
        config.fault(key, error.to_string(), "choose more atoms to superpose")
    })?;
    let belong = atoms.windows(2).map(|pair| are_neighbours(&structure.atoms[pair[0]], &structure.atoms[pair[1]]));
    let setup = Setup {
        belong: belong.collect(),
        reach,
        check_whole: section.check_whole,
        superposition: Arc::new(superposition),
        to_average,
        components,
        seed: CampaignSeed(config.campaign.seed),
        first: first.positions.clone(),
        names: structure.atoms,
        trajectory,
        fitted,
        chosen,
        atoms,
    };
    // Faults of other frames are found when they are read; these three cost nothing.
    let last = setup.trajectory.frames() - 1;
    for number in [0, last / 2, last] {
        let mut frame = Frame::default();
        let read = setup.trajectory.read(number, reach, &mut Window::default(), &mut frame);
        read.map_err(|error| file_fault(config, "trajectory", &error))?;
        if setup.check_whole && number == 0 {
            setup.examine(number, &frame, None).map_err(|fault| {
                let text = fault.to_string();
                let (message, help) = text.split_once(": ").unwrap_or((&text, ""));
                config.fault("umbrella.trajectory", message, help)
            })?;
        }
    }
    Ok(setup)
}

fn config_has_align(section: &Section) -> bool {
    section.align.as_ref().is_some_and(|align| *align != section.selection)
}

/// Positions of all atoms that frames are superposed on, nm.
fn reference(
    config: &Config,
    section: &Section,
    structure: &Structure,
    first: &Frame,
) -> Result<Vec<[f32; 3]>, Faults> {
    if is_word(&section.align_to) {
        return Ok(first.positions.clone());
    }
    let path = config.resolve(Path::new(&section.align_to));
    let other = Structure::read(&path).map_err(|error| {
        let fault = file_fault(config, "align_to", &error);
        let help = format!("{}; or set align_to = \"first\" or \"average\"", fault.help);
        Faults::from(Fault { help, ..fault })
    })?;
    if other.atoms.len() != structure.atoms.len() {
        let message = format!("the reference has {} atoms, the structure {}", other.atoms.len(), structure.atoms.len());
        return Err(config.fault("umbrella.align_to", message, "name a structure of the same atoms").into());
    }
    Ok(other.frame.positions)
}

/// Whether atoms are of one residue, or of two that follow each other in the chain of a protein or nucleic acid: they stand close, then.
/// Residues of water and lipids are molecules of their own.
fn are_neighbours(a: &Atom, b: &Atom) -> bool {
    let is_one = a.resid == b.resid && a.residue == b.residue;
    let is_next = (b.resid - a.resid).abs() <= 1 && a.is_of_polymer() && b.is_of_polymer();
    a.chain == b.chain && (is_one || is_next)
}

fn understood(section: &Section, setup: &Setup) -> Vec<(String, String)> {
    let trajectory = &setup.trajectory;
    let frames = trajectory.frames();
    let times = match (trajectory.time_ps(0), trajectory.time_ps(frames - 1)) {
        (Some(first), Some(last)) => format!(", {first} to {last} ps"),
        _ => String::new(),
    };
    let chunk_mb = frames as f64 * setup.chosen.len() as f64 * 12.0 / 1e6;
    let names = |atoms: &[usize]| {
        let first = &setup.names[atoms[0]];
        let last = &setup.names[atoms[atoms.len() - 1]];
        let tell = |atom: &Atom| format!("{} of {} {}", atom.name, atom.residue, atom.resid);
        format!("{} atoms, {} to {}", atoms.len(), tell(first), tell(last))
    };
    let lines = [
        ("frames", format!("{frames} of {} atoms{times}", trajectory.atoms)),
        ("chunks of frames", setup.chunks().to_string()),
        ("selection", names(&setup.chosen)),
        ("superposed", format!("{}, onto {}", names(&setup.fitted), section.align_to)),
        ("components", format!("{} of {}", setup.components, 3 * setup.chosen.len())),
        ("memory for all frames", format!("about {chunk_mb:.0} MB over all ranks, else they are read in every pass")),
    ];
    lines.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
