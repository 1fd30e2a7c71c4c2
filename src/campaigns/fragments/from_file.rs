//! Which configuration does a file of a molecule, or of an expansion of it, amount to?
use super::input::{self, Input};
use super::section::{LengthUnit, Section};
use crate::config::{Config, Faults, KindSchema};
use crate::science::expansion::Supersystem;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Fragments that are listed one by one.
const MAX_LISTED: usize = 20;

/// A configuration that a file amounts to.
pub struct FromFile {
    /// As JSON. Paths are relative to the working directory.
    pub config: Value,
    /// What was understood of the file, line by line.
    pub notes: Vec<String>,
    pub warnings: Faults,
}

/// The configuration that the ManyBodyInput of QCManyBody at `path` amounts to; the file itself is not needed any more.
///
/// # Errors
/// Every fault of the file.
pub fn from_many_body_input(path: &Path) -> Result<FromFile, Faults> {
    let (_, input) = read(path, "input")?;
    let system = &input.supersystems[0];
    let section = Section { atoms: Some(atoms(system)), units: Some(LengthUnit::Bohr), ..input.section.clone() };
    let section = without_defaults(serde_json::to_value(&section).unwrap_or_default());
    Ok(FromFile { config: campaign(path, section), notes: notes(&input), warnings: input.warnings })
}

/// The configuration of an expansion of the molecule in the file at `path`, for each model chemistry that may suit it, the best first: a file
/// of a molecule names none.
///
/// # Errors
/// Every fault of the file.
pub fn from_molecule(path: &Path) -> Result<Vec<FromFile>, Faults> {
    let (_, input) = read(path, "molecule")?;
    let fragments = input.supersystems[0].fragments.len();
    let bsse = if fragments > 1 { "cp" } else { "nocp" };
    let of_level = |(engine, method, basis): (&str, &str, &str)| {
        let section = json!({
            "molecule": path,
            "driver": "energy",
            "bsse": [bsse],
            "max_order": fragments.min(2),
            "level": [{"engine": engine, "method": method, "basis": basis}],
        });
        let mut notes = notes(&input);
        notes.extend(lists(&input));
        if path.is_relative() {
            notes.push("Paths are relative to the working directory: save this file there.".to_owned());
        }
        notes.push("The file names no model chemistry: choose method, basis and order yourself.".to_owned());
        FromFile { config: campaign(path, section), notes, warnings: input.warnings.clone() }
    };
    Ok(LEVELS.into_iter().map(of_level).collect())
}

/// Engine, method and basis set of model chemistries for ever more elements.
const LEVELS: [(&str, &str, &str); 4] = [
    ("embedded", "mp2", "6-31g*"),
    ("embedded", "hf", "sto-3g"),
    ("embedded", "hf", "def2-svp"),
    ("psi4", "hf", "def2-svp"),
];

/// What a configuration understands whose section only has the key `key` with this path.
fn read(path: &Path, key: &str) -> Result<(Config, Input), Faults> {
    let text = json!({"campaign": {"kind": "fragments"}, "fragments": {key: path, "level": []}});
    let schema = || {
        let mut schema = schemars::schema_for!(Section).to_value();
        // The level is chosen later.
        schema["properties"]["level"]["minItems"] = 0.into();
        schemars::Schema::try_from(schema).unwrap_or_default()
    };
    let kinds = [KindSchema::new("fragments", schema)];
    let config = Config::parse(Path::new("init.json"), &format!("{text:#}"), &kinds)?;
    let input = input::read(&config, config.section("fragments")?)?;
    Ok((config, input))
}

fn campaign(path: &Path, section: Value) -> Value {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    json!({"campaign": {"kind": "fragments", "output": format!("{stem}.h5")}, "fragments": section})
}

/// Lines of element, x, y, z, bohr, to the last bit.
fn atoms(system: &Supersystem) -> String {
    let line = |atom: usize| {
        let ([x, y, z], symbol) = (system.positions[atom], system.elements[atom].symbol());
        format!("{symbol:2} {x:?} {y:?} {z:?}\n")
    };
    (0..system.elements.len()).map(line).collect()
}

/// A section without the keys that have their defaults.
fn without_defaults(mut section: Value) -> Value {
    let is_default = |key: &str, value: &Value| {
        let is_empty =
            |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        let is_known = matches!(key, "threads" | "ranks") && *value == 1 || key == "reference" && *value == "auto";
        value.is_null() || is_empty(value) || is_known
    };
    if let Some(section) = section.as_object_mut() {
        section.retain(|_, value| !value.is_null());
        for level in section.get_mut("level").and_then(Value::as_array_mut).into_iter().flatten() {
            level.as_object_mut().into_iter().for_each(|level| level.retain(|key, value| !is_default(key, value)));
        }
    }
    section
}

fn notes(input: &Input) -> Vec<String> {
    let line = |(name, text): (String, String)| if name.is_empty() { text } else { format!("{name}: {text}") };
    input.summary().into_iter().map(line).collect()
}

/// Fragments, charges and multiplicities as keys, for a start of one's own.
fn lists(input: &Input) -> Vec<String> {
    let fragments = &input.supersystems[0].fragments;
    if fragments.len() > MAX_LISTED {
        return Vec::new();
    }
    let list = |name: &str, values: Vec<Value>| format!("{name} = {}", Value::from(values));
    vec![
        "As keys of [fragments], which replace what is in the file:".to_owned(),
        list("fragments", fragments.iter().map(|fragment| json!(fragment.atoms)).collect()),
        list("charges", fragments.iter().map(|fragment| fragment.charge.into()).collect()),
        list("multiplicities", fragments.iter().map(|fragment| fragment.multiplicity.into()).collect()),
    ]
}
