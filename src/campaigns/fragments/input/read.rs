//! How do the input files and the section become one complete input?
use super::execution::{self, Execution};
use super::{
    ATOMS, Cluster, Document, INPUT, LevelLocations, MOLECULE, PeriodicFrame, cell, defaults, fragmentation, geometry,
    many_body, periodic, psi4_block, qcschema, ranges, spins, statement, xyz,
};
use crate::campaigns::fragments::section::{LengthUnit, Section};
use crate::config::{Config, Fault, Faults};
use crate::engines::qc::Driver;
use crate::journal::Fingerprint;
use crate::problem::{LineProblem, Problem};
use crate::science::expansion::{Bsse, Fragment, Supersystem};
use crate::units::BOHR_ANGSTROM;
use serde_json::Value;
use std::path::Path;

/// A complete input.
#[derive(Debug)]
pub struct Input {
    /// One for each frame; all have the same elements and fragments.
    pub supersystems: Vec<Supersystem>,
    /// The section with everything that files specify and all defaults but `max_order` and those of levels. `molecule`, `units` and
    /// `input` are none: `supersystems` and `digest` stand for them.
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
            let help = "name an xyz file or a QCSchema molecule, or a ManyBodyInput file as `input`";
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
    if !file.is_json() {
        let unit = section.units.unwrap_or(LengthUnit::Angstrom);
        let source = MoleculeSource { config, key: MOLECULE, name: &file.name, unit };
        let cluster = source.cluster(&file.text, |line| format!("{}:{line}", file.name), xyz::parse)?;
        return source.complete(section, cluster, Faults::default());
    }
    let document = Document::parse(config, MOLECULE, &file.name, &file.text)?;
    let root = document.root();
    if root.get("specification").is_some() {
        let help = format!("set input = \"{}\" instead of `molecule`", path.display());
        return Err(root.fault("this is a ManyBodyInput, not a molecule", help).into());
    }
    let unit = section.units.unwrap_or(LengthUnit::Bohr);
    let mut cluster = qcschema::read(&root, unit.in_bohr())?;
    // Programs write one fragment of all atoms where none were specified.
    if cluster.fragments.as_ref().is_some_and(|fragments| fragments.value.len() == 1) {
        cluster.discard_fragments();
    }
    let source = MoleculeSource { config, key: MOLECULE, name: &file.name, unit };
    source.complete(section, cluster, Faults::default())
}

fn read_atoms(config: &Config, section: Section, text: &str) -> Result<Input, Faults> {
    let unit = section.units.unwrap_or(LengthUnit::Angstrom);
    let source = MoleculeSource { config, key: ATOMS, name: "atoms", unit };
    let cluster = source.cluster(text, |line| format!("line {line} of `atoms`"), xyz::parse_atoms)?;
    source.complete(section, cluster, Faults::default())
}

fn read_many_body(config: &Config, path: &Path) -> Result<Input, Faults> {
    let file = InputFile::read_many_body(config, path)?;
    let document = Document::parse(config, INPUT, &file.name, &file.text)?;
    let root = document.root();
    let many_body = many_body::read(&root)?;
    let source = MoleculeSource { config, key: INPUT, name: &file.name, unit: LengthUnit::Bohr };
    let mut input = source.complete(many_body.section, many_body.cluster, many_body.warnings)?;
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

/// The file or key that holds the molecule, and its unit of length.
struct MoleculeSource<'a> {
    config: &'a Config,
    key: &'static str,
    name: &'a str,
    unit: LengthUnit,
}

impl<'a> MoleculeSource<'a> {
    fn fault(&self, message: impl std::fmt::Display, help: impl Into<String>) -> Fault {
        let place = if self.config.is_translated() { "molecule" } else { self.name };
        self.config.fault(self.key, format!("{place}: {message}"), help)
    }

    /// The cluster in a text; `location` names a line in messages.
    fn cluster(
        &self,
        text: &str,
        location: impl Fn(usize) -> String,
        parse: impl Fn(&str, f64) -> Result<xyz::XyzFile<'_>, Vec<LineProblem>>,
    ) -> Result<Cluster<'a>, Faults> {
        let unit_bohr = self.unit.in_bohr();
        let fault = |LineProblem { line, problem }: LineProblem| {
            self.config.fault(self.key, format!("{}: {}", location(line), problem.message), problem.help)
        };
        let refuse = |line_faults: Vec<LineProblem>| -> Faults { line_faults.into_iter().map(fault).collect() };
        // Before lines that are not atoms are ignored.
        cell::check_lines(text).map_err(fault)?;
        // What cannot be read may be the input of another program.
        let xyz::XyzFile { frames, warnings, notes } = parse(text, unit_bohr)
            .map_err(|faults| refuse(psi4_block::recognize(text).map_or(faults, |fault| vec![fault])))?;
        let specs = frames.iter().map(|frame| cell::parse(frame.comment.0, frame.comment.1));
        let cells = specs.collect::<Result<Vec<_>, _>>().and_then(|specs| periodic::cells(&specs, unit_bohr));
        let bohr = |position: &[f64; 3]| position.map(|x| x * unit_bohr);
        let positions = frames.iter().map(|frame| frame.positions.iter().map(bohr).collect()).collect();
        let mut cluster =
            Cluster { cells: cells.map_err(fault)?, ..Cluster::new(frames[0].elements.clone(), positions) };
        cluster.statements = statement::statements(self.config, self.key, &frames, &location);
        cluster.warnings.extend(warnings.into_iter().map(|warning| fault(warning).warning()));
        cluster.notes.extend(notes.into_iter().map(|note| ("note".to_owned(), note)));
        Ok(cluster)
    }

    /// Combines what the files and the section specify, and checks that atoms, charges and spins are possible.
    fn complete(&self, mut section: Section, mut cluster: Cluster<'a>, mut warnings: Faults) -> Result<Input, Faults> {
        cluster.apply_keys(self.config, &section);
        let frames = cluster.frames.iter().enumerate();
        let overlaps = frames.flat_map(|(k, positions)| geometry::overlaps(k, positions, cluster.lattice(k)));
        let overlaps: Faults =
            overlaps.map(|message| self.fault(message, "correct the positions of these atoms")).collect();
        overlaps.into_result(())?;
        let unit_warning = self.unit_warning(&cluster);
        let one_fragment =
            |reason: String| self.fault(reason, "set `fragments`: the atoms of each fragment, counted from 0");
        let fragments = fragmentation::fragment(&mut cluster, one_fragment).map_err(|mut faults| {
            // The cause may be the unit.
            faults.extend(unit_warning.clone());
            faults.extend(cluster.warnings.iter().cloned());
            faults
        })?;
        warnings.extend(unit_warning);
        warnings.extend(cluster.warnings.iter().cloned());
        warnings.extend(self.spin_warnings(&cluster, &fragments));
        warnings.extend(self.bond_warnings(&cluster, &fragments));
        check_embedding(self.config, &section, &fragments).into_result(())?;
        section.fragments = Some(fragments.iter().map(|fragment| fragment.atoms.clone()).collect());
        section.charges = Some(fragments.iter().map(|fragment| fragment.charge).collect());
        section.multiplicities = Some(fragments.iter().map(|fragment| fragment.multiplicity).collect());
        set_defaults(&mut section);
        let mut supersystems = cluster.supersystems(&fragments);
        let periodic = self.make_whole(&cluster, &mut supersystems)?;
        let (digest, locations, notes) = (digest(&supersystems), LevelLocations::default(), cluster.notes);
        let (many_body, differences) = (None, Vec::new());
        Ok(Input { supersystems, section, locations, warnings, notes, digest, periodic, many_body, differences })
    }

    /// A warning where positions seem to be in the other unit.
    fn unit_warning(&self, cluster: &Cluster) -> Option<Fault> {
        let distances = geometry::wrong_unit(&cluster.elements, &cluster.frames[0], cluster.lattice(0))?;
        let (now, other) = match self.unit {
            LengthUnit::Angstrom => ("angstrom", "bohr"),
            LengthUnit::Bohr => ("bohr", "angstrom"),
        };
        let help = match self.key {
            INPUT => format!("they were read as {now}, as QCSchema defines: convert the file if they are in {other}"),
            _ => format!("they were read as {now}: set units = \"{other}\" if that is their unit"),
        };
        Some(self.fault(format!("positions look wrong: {distances}"), help).warning())
    }

    /// Makes the molecules of periodic frames whole.
    fn make_whole(
        &self,
        cluster: &Cluster,
        supersystems: &mut [Supersystem],
    ) -> Result<Vec<Option<PeriodicFrame>>, Faults> {
        let (mut frames, mut faults) = (Vec::new(), Faults::default());
        for (frame, (system, cell)) in supersystems.iter_mut().zip(&cluster.cells).enumerate() {
            let Some(cell) = cell else {
                frames.push(None);
                continue;
            };
            let location = cell.location(self.name);
            match periodic::make_whole(frame, system, cell) {
                Ok(made_whole) => frames.push(Some(PeriodicFrame { location, made_whole })),
                Err(Problem { message, help, .. }) => {
                    faults.push(self.config.fault(self.key, format!("{location}: {message}"), help));
                }
            }
        }
        faults.into_result(frames)
    }

    /// Warnings where fragments come from ambiguous bonds.
    fn bond_warnings(&self, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
        if cluster.fragments.is_some() {
            return Vec::new();
        }
        let pairs = geometry::nearly_bonded(&cluster.elements, &cluster.frames[0], cluster.lattice(0), fragments);
        let warning = |message: String| self.fault(message, "set `fragments` if they belong together").warning();
        let mut warnings: Vec<_> = pairs.into_iter().map(warning).collect();
        let others = cluster.frames_with_other_bonds();
        if !others.is_empty() {
            let frames = ranges(&others);
            let message =
                format!("bonds of frames {frames} differ from those of frame 0, whose fragments are used for all");
            warnings.push(self.fault(message, "set `fragments` if others are meant").warning());
        }
        warnings
    }

    /// Warnings where multiplicities were not specified and the lowest ones are doubtful.
    fn spin_warnings(&self, cluster: &Cluster, fragments: &[Fragment]) -> Vec<Fault> {
        let keys = match self.key {
            INPUT => ("fragment_charges", "fragment_multiplicities"),
            _ => ("charges", "multiplicities"),
        };
        let warnings = spins::warnings(cluster, fragments, keys).into_iter();
        warnings.map(|Problem { message, help, .. }| self.fault(message, help).warning()).collect()
    }
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

impl LengthUnit {
    /// Its length in bohr.
    fn in_bohr(self) -> f64 {
        match self {
            LengthUnit::Angstrom => 1.0 / BOHR_ANGSTROM,
            LengthUnit::Bohr => 1.0,
        }
    }
}

/// Larger files are certainly not molecules.
const MAX_BYTES: u64 = 256 << 20;

/// A text file that the configuration names.
struct InputFile {
    /// The path in messages.
    name: String,
    text: String,
}

impl InputFile {
    /// Reads the file at `path`, which is the value of `key`.
    fn read(config: &Config, key: &str, path: &Path) -> Result<Self, Faults> {
        let path = config.resolve(path);
        let name = path.display().to_string();
        let unreadable =
            |reason: String| config.fault(key, format!("cannot read `{name}`: {reason}"), "give a text file");
        let bytes = config.inputs.bytes_up_to(MAX_BYTES, &path).map_err(|error| unreadable(error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        Ok(Self { name, text })
    }

    /// The ManyBodyInput at `path`, or the text of the configuration that is one.
    fn read_many_body(config: &Config, path: &Path) -> Result<Self, Faults> {
        match config.is_translated() {
            true => Ok(Self { name: config.path.display().to_string(), text: config.text.clone() }),
            false => Self::read(config, INPUT, path),
        }
    }

    /// Whether it is JSON, by its first character.
    fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }
}
