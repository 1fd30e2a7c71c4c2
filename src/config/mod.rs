//! What does the user ask for, and what is wrong with it?
//!
//! A configuration is TOML. Its text is read into a tree that knows the place of every value, and checked against the
//! JSON schema that is derived from the types that it will become: all faults of form are told at once, each with its
//! line and what to do. What values mean together is judged by their users, who report through [`Config::fault`].
//! Which kinds of campaign there are is not known here: callers hand in their schemas. Only this module names `toml`.
mod check;
mod document;
mod fault;
mod file_schema;
mod key;
mod name;
mod schema;
mod sections;
mod source;
mod sweep;
mod syntax;
mod tree;
mod words;

pub use document::Document;
pub use fault::{Fault, Faults, Severity};
pub use file_schema::full_schema;
use file_schema::schema_without;
pub use key::flatten;
pub use name::nearest;
pub use sections::{CampaignSection, Limits, Partition, Schedule, Uneven};
pub use sweep::SweepSection;

use check::Check;
use key::KeyPath;
use schema::Schemas;
use serde::de::DeserializeOwned;
use source::Source;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use tree::Table;

/// Why there is no text to look at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no configuration `{path}`: name an existing file, or write one with `simmpi init KIND`")]
    Missing { path: PathBuf },
    #[error("`{path}` is a directory: name the configuration in it")]
    Directory { path: PathBuf },
    #[error("cannot read the configuration `{path}`: check that it is a file you may read")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` is larger than {limit_mb} MB: name the configuration, not data")]
    TooLarge { path: PathBuf, limit_mb: u64 },
    #[error(
        "`{path}` is not UTF-8 text (byte 0x{byte:02x} in line {line}): name the configuration, or save it as UTF-8"
    )]
    NotText { path: PathBuf, line: usize, byte: u8 },
}

/// A kind of campaign as the configuration sees it.
pub struct KindSchema {
    /// The name of its section.
    name: &'static str,
    /// Derives the schema of what stands there, which takes a while.
    schema: Box<dyn Fn() -> schemars::Schema>,
}

impl KindSchema {
    /// The kind whose section is called `name`, and what gives the section's schema.
    pub fn new(name: &'static str, schema: impl Fn() -> schemars::Schema + 'static) -> Self {
        Self { name, schema: Box::new(schema) }
    }
}

/// A configuration whose form is right.
#[derive(Clone, Debug)]
pub struct Config {
    pub path: PathBuf,
    pub text: String,
    pub campaign: CampaignSection,
    pub partition: Partition,
    pub limits: Limits,
    tree: Table,
    /// The schema that the text was checked against.
    schema: Arc<serde_json::Value>,
    /// What stands in place of the text's own values, in a point of a sweep.
    choices: Vec<sweep::Choice>,
}

impl Config {
    /// The text of the configuration at `path`.
    ///
    /// # Errors
    /// The file is missing, a directory, unreadable, too large or not UTF-8.
    pub fn read(path: &Path) -> Result<String, Error> {
        source::read(path)
    }

    /// The configuration that `text` is; `path` is where it stands and what paths in it are relative to.
    ///
    /// # Errors
    /// Every fault of its form: of syntax, of keys and types, and sections that do not belong to its kind.
    pub fn parse(path: &Path, text: &str, kinds: &[KindSchema]) -> Result<Config, Faults> {
        let source = Source::new(path, text);
        let (tree, mut faults) = syntax::parse(&source);
        if tree.0.is_empty() && faults.is_empty() {
            let help = "write a [campaign] section, or start from what `simmpi init KIND` prints";
            return Err(Fault::at(&source, &(0..0), "", "the configuration has no keys", help).into());
        }
        let is_partial = !faults.is_empty();
        let foreign = foreign_sections(&source, &tree, kinds, is_partial, &mut faults);
        // Sections of other kinds are refused whatever they hold. What could stand in sections that are not there is asked for only where
        // a fault is to be told, which may be that it stands elsewhere.
        let absent = file_schema::COMMON.iter().map(|(name, _)| *name).filter(|name| tree.get(name).is_none());
        let slim = schema_without(kinds, &absent.chain(foreign.iter().copied()).collect::<Vec<_>>());
        let check = |schema: &_| {
            Check { source: &source, schemas: Schemas::new(schema), foreign: &foreign, is_partial }.run(&tree)
        };
        let schema = if check(&slim).is_empty() {
            slim
        } else {
            let whole = schema_without(kinds, &foreign);
            faults.extend(check(&whole));
            whole
        };
        faults.into_result(())?;
        Ok(Config {
            path: path.to_owned(),
            text: text.to_owned(),
            campaign: section(&source, "campaign", &[])?,
            partition: section(&source, "partition", &[])?,
            limits: section(&source, "limits", &[])?,
            tree,
            schema: Arc::new(schema),
            choices: Vec::new(),
        })
    }

    /// Whether there is a `[[sweep]]`.
    pub fn has_sweep(&self) -> bool {
        self.tree.get("sweep").is_some()
    }

    /// The points of `[[sweep]]`, each a configuration of its own; this one alone where nothing is swept. Keys of the campaign's own
    /// section may be swept, but for those `fixed`.
    ///
    /// # Errors
    /// A key cannot be swept, or a value is not one that its key may have.
    pub fn points(&self, fixed: &[&str]) -> Result<Vec<Config>, Faults> {
        let source = Source::new(&self.path, &self.text);
        let points = sweep::choices(&source, &self.tree, &self.campaign.kind, fixed)?;
        let mut faults = Faults::default();
        let mut configs = Vec::with_capacity(points.len());
        for choices in points {
            let tree = sweep::tree_of(&self.tree, &choices);
            if !choices.is_empty() {
                let schemas = Schemas::new(&self.schema);
                faults.extend(Check { source: &source, schemas, foreign: &[], is_partial: false }.run(&tree));
            }
            configs.push(Config { tree, choices, ..self.clone() });
        }
        faults.into_result(configs)
    }

    /// What a point of a sweep is called; none where nothing is swept.
    pub fn point_name(&self) -> Option<String> {
        sweep::name(&self.choices)
    }

    /// The swept keys and the values of this point, as they stand in the text.
    pub fn swept(&self) -> Vec<(String, String)> {
        sweep::values(&self.choices)
    }

    /// The section `name` as a value of its type; a missing section is an empty one.
    ///
    /// # Errors
    /// The value does not fit its type in a way that no schema tells.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, Faults> {
        section(&Source::new(&self.path, &self.text), name, &self.choices)
    }

    /// Whether the text, or the sweep, gives `key` of the section `section`.
    pub fn gives(&self, section: &str, key: &str) -> bool {
        self.tree.get(section).and_then(|node| node.table()).is_some_and(|table| table.get(key).is_some())
    }

    /// A fault of the value at `key` (as in `trajectories.model.kind` or `fragments.level.1.method`); where it is missing
    /// the fault points to the section that should hold it.
    pub fn fault(&self, key: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        let span = self.tree.locate(&KeyPath::parse(key));
        Fault::at(&Source::new(&self.path, &self.text), &span, key, message, help)
    }

    /// A path of this configuration, relative to the file that names it.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// The kinds whose sections do not belong into the file, and a fault for each that stands there, or for a missing one.
fn foreign_sections<'k>(
    source: &Source,
    tree: &Table,
    kinds: &'k [KindSchema],
    is_partial: bool,
    faults: &mut Faults,
) -> Vec<&'k str> {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
    let campaign = KeyPath::parse("campaign.kind");
    let Some(given) = tree.get("campaign").and_then(|node| node.table()).and_then(|table| table.text("kind")) else {
        return Vec::new();
    };
    let Some(meant) = name::meant(given, &names) else { return Vec::new() };
    let foreign: Vec<_> = names.into_iter().filter(|name| *name != meant).collect();
    for entry in tree.0.iter().filter(|entry| foreign.contains(&entry.key.as_str())) {
        let message = format!("section [{}] does not belong to a campaign of kind \"{meant}\"", entry.key);
        let help = format!("remove the section, or set campaign.kind = \"{}\"", entry.key);
        faults.push(Fault::at(source, &entry.node.span, &entry.key, message, help));
    }
    // A misspelt section is told as an unknown one.
    let is_misspelt = || tree.0.iter().any(|entry| nearest(&entry.key, [meant]).is_some());
    if !is_partial && tree.get(meant).is_none() && !is_misspelt() {
        let message = format!("missing section [{meant}], which campaign.kind asks for");
        let help = format!("add the section; `simmpi init {meant}` prints one");
        faults.push(Fault::at(source, &tree.locate(&campaign), meant, message, help));
    }
    foreign
}

fn section<T: DeserializeOwned>(source: &Source, name: &str, choices: &[sweep::Choice]) -> Result<T, Faults> {
    let fault = |error: toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        let help = format!("correct the value; `simmpi schema` describes the section [{name}]");
        Faults::from(Fault::at(source, &span, name, error.message(), help))
    };
    let mut document = DeTable::parse(source.text).map_err(fault)?.into_inner();
    sweep::apply(&mut document, choices);
    let value = document.into_iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value);
    let value = value.unwrap_or_else(|| toml::Spanned::new(0..0, DeValue::Table(DeTable::new())));
    T::deserialize(ValueDeserializer::from(value)).map_err(fault)
}
