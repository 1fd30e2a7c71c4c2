//! How do the input files and the section become one complete input?
use super::execution::{self, Execution};
use super::{
    ATOMS, Cluster, Document, INPUT, InputFile, LevelLocations, MOLECULE, MoleculeSource, PeriodicFrame, defaults,
    fragmentation, geometry, many_body, molecule_format, periodic, qcschema, remarks,
};
use crate::campaigns::fragments::section::{LengthUnit, MoleculeFormat, PerFragment, Section};
use crate::config::{Config, Faults};
use crate::engines::qc::Driver;
use crate::journal::Fingerprint;
use crate::problem::Problem;
use crate::science::expansion::{Bsse, Fragment, Supersystem};
use serde_json::Value;
use std::path::Path;

/// A complete input.
#[derive(Debug)]
pub struct Input {
    /// One for each frame; all have the same elements and fragments.
    pub supersystems: Vec<Supersystem>,
    /// The section with everything that files specify and all defaults but `max_order` and those of levels. `molecule`, `units` and
    /// `input`, and how they are read, are none: `supersystems` and `digest` stand for them.
    pub section: Section,
    /// Where a file specifies the section's levels.
    pub locations: LevelLocations,
    pub warnings: Faults,
    /// Named lines for the summary.
    pub notes: Vec<(String, String)>,
    /// SHA-256 of elements and positions of all frames, and of their cells.
    pub digest: String,
    /// Of each frame that is periodic.
    pub periodic: Vec<Option<PeriodicFrame>>,
    /// The ManyBodyInput, where the input is one.
    pub many_body: Option<Value>,
    /// Defaults that differ from those of the programs that a ManyBodyInput names.
    pub differences: Vec<String>,
}

/// Reads the files that `section` names; fails with all of their faults.
pub fn read(config: &Config, section: Section) -> Result<Input, Faults> {
    match (section.molecule.clone(), section.atoms.clone(), section.input.clone()) {
        (None, None, None) => {
            let help =
                "name a molecule file (xyz, PDB, GRO, psi4, Q-Chem, QCSchema), or a ManyBodyInput file as `input`";
            Err(config.fault(MOLECULE, "none of `molecule`, `atoms` and `input` is set", help).into())
        }
        (Some(_), Some(_), None) => {
            Err(config.fault(ATOMS, "`molecule` and `atoms` are both set", "remove one of them").into())
        }
        (Some(path), None, None) => read_molecule(config, section, &path),
        (None, Some(text), None) => read_atoms(config, section, &text),
        (.., Some(path)) => {
            check_other_keys(config, &section).into_result(())?;
            read_many_body(config, &path)
        }
    }
}

/// A fault for every key that is set besides `input`.
fn check_other_keys(config: &Config, section: &Section) -> Faults {
    let mut faults = Faults::default();
    let Ok(Value::Object(keys)) = serde_json::to_value(section) else { return faults };
    let is_set = |key: &str, value: &Value| !value.is_null() && (key != "level" || !section.level.is_empty());
    for (key, _) in keys.iter().filter(|(key, value)| *key != "input" && is_set(key, value)) {
        let message = format!("`{key}` and `input` are both set, but the ManyBodyInput file specifies everything");
        faults.push(config.fault(&format!("fragments.{key}"), message, format!("remove `{key}`, or `input`")));
    }
    faults
}

fn read_molecule(config: &Config, section: Section, path: &Path) -> Result<Input, Faults> {
    let file = InputFile::read(config, MOLECULE, path)?;
    let format = section.format.unwrap_or_else(|| molecule_format::detect(&file.text, &file.extension));
    let source = MoleculeSource::new(config, MOLECULE, &file.name, format, &section);
    if format != MoleculeFormat::Qcschema {
        let cluster = source.cluster(&file.text)?;
        return complete(&source, section, cluster, Faults::default());
    }
    let document = Document::parse(config, MOLECULE, &file.name, &file.text)?;
    let root = document.root();
    if root.get("specification").is_some() {
        let help = format!("set input = \"{}\" instead of `molecule`", path.display());
        return Err(root.fault("this is a ManyBodyInput, not a molecule", help).into());
    }
    let mut cluster = qcschema::read(&root, source.unit.unwrap_or(LengthUnit::Bohr).in_bohr())?;
    // Programs write one fragment of all atoms where none were specified.
    if cluster.fragments.as_ref().is_some_and(|fragments| fragments.value.len() == 1) {
        cluster.discard_fragments();
    }
    complete(&source, section, cluster, Faults::default())
}

fn read_atoms(config: &Config, section: Section, text: &str) -> Result<Input, Faults> {
    let format = section.format.unwrap_or_else(|| molecule_format::detect(text, ""));
    if format == MoleculeFormat::Qcschema {
        let help = "write it to a file and set `molecule`";
        return Err(config.fault(ATOMS, "`atoms` is not read as JSON", help).into());
    }
    let source = MoleculeSource::new(config, ATOMS, "atoms", format, &section);
    let cluster = source.cluster(text)?;
    complete(&source, section, cluster, Faults::default())
}

fn read_many_body(config: &Config, path: &Path) -> Result<Input, Faults> {
    let file = InputFile::read_many_body(config, path)?;
    let document = Document::parse(config, INPUT, &file.name, &file.text)?;
    let root = document.root();
    let many_body = many_body::read(&root)?;
    let source = MoleculeSource::new(config, INPUT, &file.name, MoleculeFormat::Qcschema, &Section::default());
    let mut input = complete(&source, many_body.section, many_body.cluster, many_body.warnings)?;
    input.locations = many_body.locations;
    input.differences = many_body.differences;
    let fragments = &input.supersystems[0].fragments;
    for (warning, note) in defaults::open_shells(config, &input.section.level, &input.locations, fragments) {
        input.warnings.push(warning);
        input.differences.push(note);
    }
    input.notes.extend(many_body.execution.summary.map(|text| ("execution".to_owned(), text)));
    input.many_body = Some(root.value().clone());
    Ok(input)
}

/// What the `execution` block of the ManyBodyInput that the section names asks for; nothing where it has faults.
pub fn execution(config: &Config, section: &Section) -> Option<Execution> {
    let file = InputFile::read_many_body(config, section.input.as_ref()?).ok()?;
    let document = Document::parse(config, INPUT, &file.name, &file.text).ok()?;
    execution::read(&document.root(), &mut Faults::default()).ok()
}

/// Combines what the files and the section specify, and checks that atoms, charges and spins are possible.
fn complete<'a>(
    source: &MoleculeSource<'a>,
    mut section: Section,
    mut cluster: Cluster<'a>,
    mut warnings: Faults,
) -> Result<Input, Faults> {
    cluster.apply_keys(source.config, &section);
    let frames = cluster.frames.iter().enumerate();
    let overlaps = frames.flat_map(|(k, positions)| geometry::overlaps(k, positions, cluster.lattice(k)));
    let overlaps: Faults =
        overlaps.map(|message| source.fault(message, "correct the positions of these atoms")).collect();
    overlaps.into_result(())?;
    let unit_warning = remarks::unit_warning(source, &cluster);
    let one_fragment =
        |reason: String| source.fault(reason, "set `fragments`: the atoms of each fragment, counted from 0");
    let fragments = fragmentation::fragment(source.config, &mut cluster, one_fragment).map_err(|mut faults| {
        // The cause may be the unit.
        faults.extend(unit_warning.clone());
        faults.extend(cluster.warnings.iter().cloned());
        faults
    })?;
    warnings.extend(unit_warning);
    warnings.extend(cluster.warnings.iter().cloned());
    warnings.extend(remarks::warnings(source, &cluster, &fragments));
    check_embedding(source.config, &section, &fragments).into_result(())?;
    section.fragments = Some(fragments.iter().map(|fragment| fragment.atoms.clone()).collect());
    section.charges = Some(PerFragment::List(fragments.iter().map(|fragment| fragment.charge).collect()));
    let multiplicities = fragments.iter().map(|fragment| fragment.multiplicity).collect();
    section.multiplicities = Some(PerFragment::List(multiplicities));
    set_defaults(&mut section);
    let mut supersystems = cluster.supersystems(&fragments);
    let periodic = make_whole(source, &cluster, &mut supersystems)?;
    let (digest, locations) = (digest(&supersystems), LevelLocations::default());
    let mut notes = cluster.notes.clone();
    notes.extend(remarks::notes(&cluster, &fragments));
    let (many_body, differences) = (None, Vec::new());
    Ok(Input { supersystems, section, locations, warnings, notes, digest, periodic, many_body, differences })
}

/// Makes the molecules of periodic frames whole.
fn make_whole(
    source: &MoleculeSource,
    cluster: &Cluster,
    supersystems: &mut [Supersystem],
) -> Result<Vec<Option<PeriodicFrame>>, Faults> {
    let (mut frames, mut faults) = (Vec::new(), Faults::default());
    for (frame, (system, cell)) in supersystems.iter_mut().zip(&cluster.cells).enumerate() {
        let Some(cell) = cell else {
            frames.push(None);
            continue;
        };
        let location = cell.location(source.name);
        match periodic::make_whole(frame, system, cell) {
            Ok(made_whole) => frames.push(Some(PeriodicFrame { location, made_whole })),
            Err(Problem { message, help, .. }) => {
                faults.push(source.config.fault(source.key, format!("{location}: {message}"), help));
            }
        }
    }
    faults.into_result(frames)
}

/// Faults unless embedding charges are those of every atom; those of a ManyBodyInput were checked in their file.
fn check_embedding(config: &Config, section: &Section, fragments: &[Fragment]) -> Faults {
    let mut faults = Faults::default();
    let Some(charges) = section.embedding_charges.as_ref() else { return faults };
    let mut refuse = |key: &str, message: String, help: &str| faults.push(config.fault(key, message, help));
    let key = "fragments.embedding_charges";
    if charges.len() != fragments.len() {
        let message = format!("there are charges for {} of {} fragments", charges.len(), fragments.len());
        refuse(key, message, "give a list for each fragment");
    }
    for (index, (charges, fragment)) in charges.iter().zip(fragments).enumerate() {
        let (count, atoms) = (charges.len(), fragment.atoms.len());
        if count != atoms {
            let message = format!("{count} charges for the {atoms} atoms of fragment {index}");
            refuse(&format!("{key}.{index}"), message, "give one for each atom, in the order of the fragment's atoms");
        }
    }
    if !section.total.unwrap_or(section.driver.is_some_and(|driver| driver != Driver::Energy)) {
        let message = "interaction data cannot be returned with embedding charges: tasks have different ones";
        refuse("fragments.total", message.to_owned(), "set total = true");
    }
    faults
}

/// Sets defaults: a default and the same value set by a key are the same campaign.
fn set_defaults(section: &mut Section) {
    let driver = *section.driver.get_or_insert(Driver::Energy);
    section.bsse.get_or_insert_with(|| vec![Bsse::Cp]);
    section.total.get_or_insert(driver != Driver::Energy);
    section.supersystem_interaction_only.get_or_insert(false);
    (section.molecule, section.atoms, section.units, section.input) = (None, None, None, None);
    (section.format, section.periodic, section.fragmentation) = (None, None, None);
}

fn digest(supersystems: &[Supersystem]) -> String {
    let mut text = String::new();
    for system in supersystems {
        for (element, position) in system.elements.iter().zip(&system.positions) {
            // -0 becomes 0.
            let [x, y, z] = position.map(|x| (x + 0.0).to_bits());
            text += &format!("{element} {x:016x} {y:016x} {z:016x}\n");
        }
        if let Some(lattice) = &system.lattice {
            let rows = lattice.rows().as_flattened().iter().map(|x| format!(" {:016x}", (x + 0.0).to_bits()));
            text += &format!("{:?}{}\n", lattice.is_periodic(), rows.collect::<String>());
        }
        text.push('\n');
    }
    Fingerprint::of_text(&text).to_string()
}
