//! Which cluster is expanded, and how, by the files that `[fragments]` names?
//!
//! An xyz file or a QCSchema molecule beside the section's own keys, or a QCManyBody ManyBodyInput in place of all of them. Either
//! way a [`Section`] comes out that says everything, and the clusters themselves.
mod block;
mod cell;
mod chemistries;
mod cluster;
mod columns;
mod comment;
mod defaults;
mod file;
mod geometry;
mod give;
mod json;
mod level_places;
mod many_body;
mod number;
mod origin;
mod pairs;
mod periodic;
mod qcschema;
mod rows;
mod spins;
mod stated;
mod statement;
mod symbol;
#[cfg(test)]
mod tests;
mod understood;
mod xyz;

use super::section::{LengthUnit, Section};
use crate::config::{Config, Fault, Faults};
use crate::engines::Driver;
use crate::journal::Fingerprint;
use crate::science::expansion::{Bsse, Fragment, Supersystem};
use crate::units::BOHR_ANGSTROM;
use cluster::{Cluster, Refusal, ranges};
use file::File;
use json::Document;
pub use level_places::LevelPlaces;
pub use periodic::Gathered;
use std::path::Path;

/// What is to be expanded.
#[derive(Debug)]
pub struct Input {
    /// One for each frame; all have the same elements and fragments.
    pub supersystems: Vec<Supersystem>,
    /// What was asked for, with all that files say and all defaults but `max_order` and those of levels. `molecule`, `units` and
    /// `input` are none: `supersystems` and `digest` stand for them.
    pub section: Section,
    /// Where a file gave the section's levels.
    pub places: LevelPlaces,
    pub warnings: Faults,
    /// What was understood and is worth a line, by name.
    pub notes: Vec<(String, String)>,
    /// SHA-256 of elements and positions of all frames, and of their cells.
    pub digest: String,
    /// Of each frame, what was done because it is periodic.
    pub gathered: Vec<Option<Gathered>>,
}

const MOLECULE: &str = "fragments.molecule";
const ATOMS: &str = "fragments.atoms";
const INPUT: &str = "fragments.input";

/// Reads the files that `section` names.
///
/// # Errors
/// Every fault of the files, and of what fragments are in the section.
pub fn read(config: &Config, section: Section) -> Result<Input, Faults> {
    match (section.molecule.clone(), section.atoms.clone(), section.input.clone()) {
        (None, None, None) => {
            let help = "name an xyz file or a QCSchema molecule, or a ManyBodyInput file as `input`";
            Err(config.fault(MOLECULE, "neither `molecule` nor `atoms` nor `input` is given", help).into())
        }
        (Some(_), Some(_), None) => {
            Err(config.fault(ATOMS, "`molecule` and `atoms` are both given", "remove one of them").into())
        }
        (Some(path), None, None) => read_molecule(config, section, &path),
        (None, Some(text), None) => read_atoms(config, section, &text),
        (.., Some(path)) => {
            check_alone(config, &section).into_result(())?;
            read_many_body(config, &path)
        }
    }
}

/// The value, or none and its faults added to `faults`: so that all are told at once.
fn keep<T>(result: Result<T, Faults>, faults: &mut Faults) -> Option<T> {
    result.map_err(|more| faults.extend(more)).ok()
}

/// A fault for every key that stands beside `input`.
fn check_alone(config: &Config, section: &Section) -> Faults {
    let given = [
        ("molecule", section.molecule.is_some()),
        ("atoms", section.atoms.is_some()),
        ("units", section.units.is_some()),
        ("fragments", section.fragments.is_some()),
        ("charges", section.charges.is_some()),
        ("multiplicities", section.multiplicities.is_some()),
        ("driver", section.driver.is_some()),
        ("bsse", section.bsse.is_some()),
        ("max_order", section.max_order.is_some()),
        ("total", section.total.is_some()),
        ("supersystem_interaction_only", section.supersystem_interaction_only.is_some()),
        ("cutoffs_angstrom", section.cutoffs_angstrom.is_some()),
        ("embedding_charges", section.embedding_charges.is_some()),
        ("level", !section.level.is_empty()),
    ];
    let mut faults = Faults::default();
    for (key, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        let message = format!("`{key}` and `input` are both given, but the ManyBodyInput file says everything");
        faults.push(config.fault(&format!("fragments.{key}"), message, format!("remove `{key}`, or `input`")));
    }
    faults
}

fn read_molecule(config: &Config, section: Section, path: &Path) -> Result<Input, Faults> {
    let file = File::open(config, MOLECULE, path)?;
    if !file.is_json() {
        let unit = section.units.unwrap_or(LengthUnit::Angstrom);
        let cluster = xyz_cluster(config, &file, unit)?;
        return understand(
            &Reading { config, key: MOLECULE, name: &file.name, unit },
            section,
            cluster,
            Faults::default(),
        );
    }
    let document = Document::parse(config, MOLECULE, &file.name, &file.text)?;
    let root = document.root();
    if root.get("specification").is_some() {
        let help = format!("write input = \"{}\" in place of `molecule`", path.display());
        return Err(root.fault("it is a ManyBodyInput, not a molecule", help).into());
    }
    let unit = section.units.unwrap_or(LengthUnit::Bohr);
    let mut cluster = qcschema::read(&root, unit.in_bohr())?;
    // Programs write one fragment of all atoms where nothing was said.
    if cluster.fragments.as_ref().is_some_and(|given| given.value.len() == 1) {
        cluster.forget_fragments();
    }
    understand(&Reading { config, key: MOLECULE, name: &file.name, unit }, section, cluster, Faults::default())
}

fn read_atoms(config: &Config, section: Section, text: &str) -> Result<Input, Faults> {
    let unit = section.units.unwrap_or(LengthUnit::Angstrom);
    let place = |line: usize| format!("line {line} of it");
    let cluster = cluster_of(config, ATOMS, place, unit, text, xyz::parse_atoms)?;
    understand(&Reading { config, key: ATOMS, name: "atoms", unit }, section, cluster, Faults::default())
}

fn read_many_body(config: &Config, path: &Path) -> Result<Input, Faults> {
    let file = File::open(config, INPUT, path)?;
    let document = Document::parse(config, INPUT, &file.name, &file.text)?;
    let read = many_body::read(&document.root())?;
    let reading = Reading { config, key: INPUT, name: &file.name, unit: LengthUnit::Bohr };
    let mut input = understand(&reading, read.section, read.cluster, read.warnings)?;
    let fragments = &input.supersystems[0].fragments;
    input.warnings.extend(defaults::open_shells(config, &input.section.level, &read.places, fragments));
    Ok(Input { places: read.places, ..input })
}

fn xyz_cluster<'a>(config: &'a Config, file: &File, unit: LengthUnit) -> Result<Cluster<'a>, Faults> {
    let place = |line: usize| format!("{}:{line}", file.name);
    cluster_of(config, MOLECULE, place, unit, &file.text, xyz::parse)
}

/// The cluster of a text that `key` has or names; `place` is what messages call a line of it.
fn cluster_of<'a>(
    config: &'a Config,
    key: &'static str,
    place: impl Fn(usize) -> String,
    unit: LengthUnit,
    text: &str,
    parse: impl Fn(&str, f64) -> Result<xyz::Molecules<'_>, Vec<xyz::Wrong>>,
) -> Result<Cluster<'a>, Faults> {
    let fault =
        |line: usize, message: &str, help: String| config.fault(key, format!("{}: {message}", place(line)), help);
    let refuse = |wrong: Vec<xyz::Wrong>| {
        let mut faults = Faults::default();
        faults.extend(wrong.into_iter().map(|wrong| fault(wrong.line, &wrong.message, wrong.help)));
        faults
    };
    // Before lines that are no atoms are passed over.
    cell::check_lines(text).map_err(refuse)?;
    // What cannot be read may be the block of another program.
    let molecules = parse(text, unit.in_bohr())
        .map_err(|wrong| refuse(block::recognize(text).map_or(wrong, |wrong| vec![wrong])))?;
    let frames = molecules.frames;
    let cells: Result<Vec<_>, _> = frames.iter().map(|frame| cell::read(frame.comment.0, frame.comment.1)).collect();
    let cells = cells.map_err(|wrong| vec![wrong]).and_then(|cells| periodic::cells(&cells, unit.in_bohr()));
    let cells = cells.map_err(refuse)?;
    let bohr = |position: &[f64; 3]| position.map(|x| x * unit.in_bohr());
    let positions = frames.iter().map(|frame| frame.positions.iter().map(bohr).collect()).collect();
    let mut cluster = Cluster { cells, ..Cluster::new(frames[0].elements.clone(), positions) };
    cluster.statements = statement::statements(config, key, &frames, &place);
    let warnings = molecules.warnings.into_iter();
    cluster.warnings.extend(warnings.map(|doubt| fault(doubt.line, &doubt.message, doubt.help).warning()));
    cluster.notes.extend(molecules.notes.into_iter().map(|note| ("note".to_owned(), note)));
    Ok(cluster)
}

/// A molecule's file and how it was read.
struct Reading<'a> {
    config: &'a Config,
    key: &'static str,
    name: &'a str,
    unit: LengthUnit,
}

impl Reading<'_> {
    fn fault(&self, message: impl std::fmt::Display, help: impl Into<String>) -> Fault {
        self.config.fault(self.key, format!("{}: {message}", self.name), help)
    }

    /// What to do where positions look as if they were in the other unit.
    fn other_unit(&self) -> String {
        let (now, other) = (self.unit.name(), self.unit.other().name());
        match self.key {
            INPUT => format!("they were read as {now}, as QCSchema has it: convert the file's if they are in {other}"),
            _ => format!("they were read as {now}: set units = \"{other}\" if that is what they are in"),
        }
    }
}

/// Joins what the files and the section say, and checks that atoms, charges and spins are possible.
fn understand<'a>(
    reading: &Reading<'a>,
    mut section: Section,
    mut cluster: Cluster<'a>,
    mut warnings: Faults,
) -> Result<Input, Faults> {
    cluster.take_keys(reading.config, &section);
    let mut faults = Faults::default();
    for (number, positions) in cluster.frames.iter().enumerate() {
        let help = "give every atom a place of its own";
        let told = geometry::coincidences(number, positions, cluster.lattice(number));
        faults.extend(told.into_iter().map(|told| reading.fault(told, help)));
    }
    faults.into_result(())?;
    let doubt = geometry::doubt(&cluster.elements, &cluster.frames[0], cluster.lattice(0));
    let doubt = doubt.map(|doubt| reading.fault(format!("positions look wrong: {doubt}"), reading.other_unit()));
    let doubt = doubt.map(Fault::warning);
    let fragments = cluster.fragments().map_err(|refusal| {
        let mut faults = match refusal {
            Refusal::Faults(faults) => faults,
            Refusal::OneFragment(why) => {
                reading.fault(why, "give `fragments`: the atoms of each fragment, counted from 0").into()
            }
        };
        // What is wrong may come from the unit.
        faults.extend(doubt.clone());
        faults.extend(cluster.warnings.iter().cloned());
        faults
    })?;
    warnings.extend(doubt);
    warnings.extend(cluster.warnings.iter().cloned());
    warnings.extend(doubts_of_spins(reading, &cluster, &fragments));
    warnings.extend(doubts_of_bonds(reading, &cluster, &fragments));
    check_embedding(reading.config, &section, &fragments).into_result(())?;
    section.fragments = Some(fragments.iter().map(|fragment| fragment.atoms.clone()).collect());
    section.charges = Some(fragments.iter().map(|fragment| fragment.charge).collect());
    section.multiplicities = Some(fragments.iter().map(|fragment| fragment.multiplicity).collect());
    spell_out(&mut section);
    let mut supersystems = cluster.supersystems(&fragments);
    let gathered = gather(reading, &cluster, &mut supersystems)?;
    let (places, notes) = (LevelPlaces::default(), cluster.notes);
    Ok(Input { digest: digest(&supersystems), supersystems, section, places, warnings, notes, gathered })
}

/// Puts the molecules of periodic frames together.
fn gather(
    reading: &Reading,
    cluster: &Cluster,
    supersystems: &mut [Supersystem],
) -> Result<Vec<Option<Gathered>>, Faults> {
    let (mut gathered, mut faults) = (Vec::new(), Faults::default());
    for (frame, (system, cell)) in supersystems.iter_mut().zip(&cluster.cells).enumerate() {
        let Some(cell) = cell else {
            gathered.push(None);
            continue;
        };
        match periodic::gather(frame, system, cell) {
            Ok(made_whole) => gathered.push(Some(Gathered { place: cell.place(reading.name), made_whole })),
            Err((message, help)) => {
                let message = format!("{}: {message}", cell.place(reading.name));
                faults.push(reading.config.fault(reading.key, message, help));
            }
        }
    }
    faults.into_result(gathered)
}

/// Warnings where fragments come from bonds that are not clear.
fn doubts_of_bonds(reading: &Reading, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
    if cluster.fragments.is_some() {
        return Vec::new();
    }
    let nearly = geometry::nearly_bonded(&cluster.elements, &cluster.frames[0], cluster.lattice(0), fragments);
    let nearly = nearly.into_iter().map(|told| reading.fault(told, "give `fragments` if they belong together"));
    let mut warnings: Vec<_> = nearly.map(Fault::warning).collect();
    let otherwise = cluster.frames_bonded_otherwise();
    if !otherwise.is_empty() {
        let told = format!("frames {} are bonded otherwise than frame 0, whose fragments all have", ranges(&otherwise));
        warnings.push(reading.fault(told, "give `fragments` if others are meant").warning());
    }
    warnings
}

/// Warnings where multiplicities were not given and the lowest may be wrong.
fn doubts_of_spins(reading: &Reading, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
    let keys = match reading.key {
        INPUT => ("fragment_charges", "fragment_multiplicities"),
        _ => ("charges", "multiplicities"),
    };
    let doubts = spins::doubts(cluster, fragments, keys).into_iter();
    doubts.map(|(message, help)| reading.fault(message, help).warning()).collect()
}

/// Faults unless embedding charges are those of every atom. (Those of a ManyBodyInput were looked at in their file.)
fn check_embedding(config: &Config, section: &Section, fragments: &[Fragment]) -> Faults {
    let mut faults = Faults::default();
    let Some(charges) = section.embedding_charges.as_ref() else { return faults };
    let mut refuse = |key: &str, message: String, help: &str| faults.push(config.fault(key, message, help));
    let key = "fragments.embedding_charges";
    if charges.len() != fragments.len() {
        let message = format!("there are charges for {} of {} fragments", charges.len(), fragments.len());
        refuse(key, message, "give a list for each fragment");
    }
    for (place, (charges, fragment)) in charges.iter().zip(fragments).enumerate() {
        let (found, wanted) = (charges.len(), fragment.atoms.len());
        if found != wanted {
            let message = format!("{found} charges are given for the {wanted} atoms of fragment {place}");
            refuse(&format!("{key}.{place}"), message, "give one for each atom, in the order of the fragment's atoms");
        }
    }
    if !section.total.unwrap_or(section.driver.is_some_and(|driver| driver != Driver::Energy)) {
        let message = "interaction data cannot be returned when using embedding charges: tasks feel different ones";
        refuse("fragments.total", message.to_owned(), "set total = true");
    }
    faults
}

/// Fills in defaults: two ways to say the same are then the same campaign.
fn spell_out(section: &mut Section) {
    let driver = *section.driver.get_or_insert(Driver::Energy);
    section.bsse.get_or_insert_with(|| vec![Bsse::Cp]);
    section.total.get_or_insert(driver != Driver::Energy);
    section.supersystem_interaction_only.get_or_insert(false);
    (section.molecule, section.atoms, section.units, section.input) = (None, None, None, None);
}

fn digest(supersystems: &[Supersystem]) -> String {
    let mut text = String::new();
    for system in supersystems {
        for (element, position) in system.elements.iter().zip(&system.positions) {
            // Of two zeros one is written.
            let [x, y, z] = position.map(|x| (x + 0.0).to_bits());
            text += &format!("{element} {x:016x} {y:016x} {z:016x}\n");
        }
        if let Some(lattice) = &system.lattice {
            let rows = lattice.rows().as_flattened().iter().map(|x| format!(" {:016x}", (x + 0.0).to_bits()));
            text += &format!("{:?}{}\n", lattice.is_periodic(), rows.collect::<String>());
        }
        text.push('\n');
    }
    Fingerprint::of(&text).to_string()
}

impl LengthUnit {
    /// One of it in bohr.
    fn in_bohr(self) -> f64 {
        match self {
            LengthUnit::Angstrom => 1.0 / BOHR_ANGSTROM,
            LengthUnit::Bohr => 1.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            LengthUnit::Angstrom => "angstrom",
            LengthUnit::Bohr => "bohr",
        }
    }

    fn other(self) -> Self {
        match self {
            LengthUnit::Angstrom => LengthUnit::Bohr,
            LengthUnit::Bohr => LengthUnit::Angstrom,
        }
    }
}
