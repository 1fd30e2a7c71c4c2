//! What does the configuration ask for, and what is wrong with it?
//!
//! A configuration is TOML, JSON or YAML, with the same keys. Its text is parsed into a tree with the position of every value, and validated
//! against the JSON schema derived from the Rust types of its sections: all faults of form are reported together, each with its line and a
//! fix. The kinds of campaign check whether values make sense together, and report through [`Document::fault`] and a [`Checker`]. This module
//! does not know the kinds: callers pass their schemas. No other module uses `toml` or `saphyr_parser`.
mod checker;
mod describe;
mod document;
mod error;
mod fault;
mod file_schema;
mod format;
mod inputs;
mod json;
mod key;
mod kind_schema;
mod plain;
mod schema;
mod sections;
mod source;
mod suggest;
mod sweep;
mod syntax;
mod toml_syntax;
mod toml_text;
mod toml_writer;
mod translation;
mod tree;
mod validate;
mod yaml;
mod yaml_scalar;

pub use checker::Checker;
pub use document::Document;
pub use error::Error;
pub use fault::{Fault, Faults, Severity};
pub use file_schema::full_schema;
use file_schema::schema_without;
pub use format::Format;
pub use inputs::{Inputs, KnownFiles};
pub use key::flatten;
pub use kind_schema::KindSchema;
pub use sections::{CampaignSection, Limits, Partition, Schedule, Uneven};
pub use suggest::nearest;
pub use sweep::SweepSection;
pub use syntax::root_keys;
pub use toml_writer::comment;
pub use translation::Translation;

use key::KeyPath;
use schema::Schemas;
use serde::de::DeserializeOwned;
use source::Source;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use tree::TomlTable;
use validate::Validator;

/// A valid configuration: parsed and validated against its schema.
#[derive(Clone, Debug)]
pub struct Config {
    document: Document,
    pub campaign: CampaignSection,
    pub partition: Partition,
    pub limits: Limits,
    /// The files that it names.
    pub inputs: Inputs,
    /// The schema against which the text was validated.
    schema: Arc<serde_json::Value>,
    /// The swept values of this point, which replace those of the text.
    swept: Vec<sweep::SweptValue>,
    /// The configuration that the text, a file of another program, amounts to.
    translation: Option<Arc<Translation>>,
}

/// A configuration is a document: it has a path and a text, and its values can be at fault.
impl std::ops::Deref for Config {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl Config {
    /// Reads the configuration file at `path`.
    ///
    /// # Errors
    /// The file is missing, a directory, unreadable, too large or not UTF-8.
    pub fn read(path: &Path) -> Result<String, Error> {
        source::read(path)
    }

    /// Parses and validates the configuration `text`. Paths in it are relative to the folder of `path`.
    ///
    /// # Errors
    /// All faults of syntax, keys and types, and sections that do not belong to the kind of the campaign.
    pub fn parse(path: &Path, text: &str, kinds: &[KindSchema]) -> Result<Config, Faults> {
        let source = Source::new(path, text);
        let (tree, mut faults) = syntax::parse(&source);
        if tree.0.is_empty() && faults.is_empty() {
            let help = "add a [campaign] section, or start from the output of `simmpi init KIND`";
            return Err(Fault::new(&source, &(0..0), "", "the configuration has no keys", help).into());
        }
        let is_partial = !faults.is_empty();
        let foreign = foreign_sections(&source, &tree, kinds, is_partial, &mut faults);
        // The schemas of absent sections are only derived if there is a fault: a misplaced key can belong to one of them. Sections of other
        // kinds are refused whatever they contain.
        let absent = file_schema::COMMON.iter().map(|(name, _)| *name).filter(|name| tree.get(name).is_none());
        let slim = schema_without(kinds, &absent.chain(foreign.iter().copied()).collect::<Vec<_>>());
        let validate = |schema: &_| {
            Validator { source: &source, schemas: Schemas::new(schema), foreign: &foreign, is_partial }.run(&tree)
        };
        let schema = if validate(&slim).is_empty() {
            slim
        } else {
            let whole = schema_without(kinds, &foreign);
            faults.extend(validate(&whole));
            whole
        };
        faults.into_result(())?;
        Ok(Config {
            campaign: section(&source, "campaign", &[])?,
            partition: section(&source, "partition", &[])?,
            limits: section(&source, "limits", &[])?,
            document: Document { path: path.to_owned(), text: text.to_owned(), tree },
            inputs: Inputs::default(),
            schema: Arc::new(schema),
            swept: Vec::new(),
            translation: None,
        })
    }

    /// The configuration that the file of another program at `path`, with this `text`, amounts to. Faults of its keys point into the file.
    pub fn translated(path: &Path, text: &str, translation: Translation) -> Config {
        let tree = translation::tree(&translation.spans);
        Config {
            campaign: translation.campaign.clone(),
            partition: Partition::default(),
            limits: Limits::default(),
            document: Document { path: path.to_owned(), text: text.to_owned(), tree },
            inputs: Inputs::default(),
            schema: Arc::new(serde_json::Value::Null),
            swept: Vec::new(),
            translation: Some(Arc::new(translation)),
        }
    }

    /// Whether the text is a file of another program.
    pub fn is_translated(&self) -> bool {
        self.translation.is_some()
    }

    /// The JSON file of the result that belongs to the file of another program.
    pub fn exported(&self) -> Option<PathBuf> {
        Some(self.resolve(&self.translation.as_ref()?.exported))
    }

    /// Whether the configuration has a `[[sweep]]`.
    pub fn has_sweep(&self) -> bool {
        self.tree.get("sweep").is_some()
    }

    /// The points of the sweep, each a configuration of its own; this configuration alone if nothing is swept. Keys of the section of the campaign's
    /// kind can be swept, except `fixed`.
    ///
    /// # Errors
    /// A key cannot be swept, or a value is not valid for its key.
    pub fn points(&self, fixed: &[&str]) -> Result<Vec<Config>, Faults> {
        let source = self.source();
        let points = sweep::points(&source, &self.tree, &self.campaign.kind, fixed)?;
        let mut faults = Faults::default();
        let mut configs = Vec::with_capacity(points.len());
        for swept in points {
            let tree = sweep::tree_of(&self.tree, &swept);
            if !swept.is_empty() {
                let schemas = Schemas::new(&self.schema);
                faults.extend(Validator { source: &source, schemas, foreign: &[], is_partial: false }.run(&tree));
            }
            let mut config = self.clone();
            (config.document.tree, config.swept) = (tree, swept);
            configs.push(config);
        }
        faults.into_result(configs)
    }

    /// The name of this point of a sweep; none if nothing is swept.
    pub fn point_name(&self) -> Option<String> {
        sweep::name(&self.swept)
    }

    /// The swept keys and the values of this point, as written in the text.
    pub fn swept(&self) -> Vec<(String, String)> {
        sweep::values(&self.swept)
    }

    /// The section `name` as a value of type `T`; a missing section counts as empty.
    ///
    /// # Errors
    /// The value does not fit `T` in a way that the schema does not express.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, Faults> {
        if let Some(translation) = &self.translation {
            let fault = |error: serde_json::Error| self.fault(name, error.to_string(), "correct the file");
            return Ok(serde_json::from_value(translation.section.clone()).map_err(fault)?);
        }
        section(&self.source(), name, &self.swept)
    }

    /// Whether `key` is set in the section `section`, in the text or by the sweep.
    pub fn is_set(&self, section: &str, key: &str) -> bool {
        self.tree.get(section).and_then(|node| node.as_table()).is_some_and(|table| table.get(key).is_some())
    }
}

/// The other kinds, whose sections do not belong to this file. Reports those that are present, and the section of the kind itself if it is missing.
fn foreign_sections<'k>(
    source: &Source,
    tree: &TomlTable,
    kinds: &'k [KindSchema],
    is_partial: bool,
    faults: &mut Faults,
) -> Vec<&'k str> {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    let campaign = KeyPath::parse("campaign.kind");
    let Some(given) = tree.get("campaign").and_then(|node| node.as_table()).and_then(|table| table.text("kind")) else {
        return Vec::new();
    };
    let Some(kind) = suggest::suggest_value(given, &names) else { return Vec::new() };
    let foreign: Vec<_> = names.into_iter().filter(|name| *name != kind).collect();
    for entry in tree.0.iter().filter(|entry| foreign.contains(&entry.key.as_str())) {
        let message = format!("section [{}] does not belong to a campaign of kind \"{kind}\"", entry.key);
        let help = format!("remove the section, or set campaign.kind = \"{}\"", entry.key);
        faults.push(Fault::new(source, &entry.node.span, &entry.key, message, help));
    }
    // A misspelt section is reported as unknown.
    let is_misspelt = || tree.0.iter().any(|entry| nearest(&entry.key, [kind]).is_some());
    if !is_partial && tree.get(kind).is_none() && !is_misspelt() {
        let message = format!("missing section [{kind}], required by campaign.kind");
        let help = format!("add the section; `simmpi init {kind}` prints an example");
        faults.push(Fault::new(source, &tree.locate(&campaign), kind, message, help));
    }
    foreign
}

fn section<T: DeserializeOwned>(source: &Source, name: &str, swept: &[sweep::SweptValue]) -> Result<T, Faults> {
    let fault = |error: toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        let help = format!("correct the value; `simmpi schema` describes the section [{name}]");
        Faults::from(Fault::new(source, &span, name, error.message(), help))
    };
    let read = |mut document: DeTable| {
        sweep::apply(&mut document, swept);
        let value = document.into_iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value);
        let value = value.unwrap_or_else(|| toml::Spanned::new(0..0, DeValue::Table(DeTable::new())));
        T::deserialize(ValueDeserializer::from(value))
    };
    syntax::with_table(source, read).map_err(fault)
}
