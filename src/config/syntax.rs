//! Parses a file of any format into the tree of its values.
use super::fault::{Fault, Faults};
use super::format::Format;
use super::plain::{self, PlainNode, PlainValue};
use super::source::Source;
use super::tree::TomlTable;
use super::{json, toml_syntax, yaml};
use std::path::Path;
use toml::de::{DeTable, Error};

/// The parsed text and its syntax errors. The tree lacks what is at fault.
pub(super) fn parse(source: &Source) -> (TomlTable, Faults) {
    let (root, mut faults) = match plain_root(source) {
        None => return toml_syntax::parse(source),
        Some(parsed) => parsed,
    };
    let root = root.unwrap_or_else(plain::empty);
    if !matches!(root.get_ref(), PlainValue::Table(_)) {
        let help = format!("write its sections, as in {}", Format::for_path(source.path).assignment("campaign", "..."));
        faults.push(Fault::new(source, &root.span(), "", "the file does not hold keys with values", help));
    }
    (TomlTable::from(&plain::to_toml_table(&root)), faults)
}

/// The keys at the root of a file, as far as it can be parsed.
pub fn root_keys(path: &Path, text: &str) -> Vec<String> {
    let (tree, _) = parse(&Source::new(path, text));
    tree.0.into_iter().map(|entry| entry.key).collect()
}

/// Hands the table of a valid file to `read`.
///
/// # Errors
/// Those of `read`, or the text is not valid.
pub(super) fn with_table<T>(source: &Source, read: impl FnOnce(DeTable) -> Result<T, Error>) -> Result<T, Error> {
    match plain_root(source) {
        None => read(DeTable::parse(source.text)?.into_inner()),
        Some((root, _)) => read(plain::to_toml_table(&root.unwrap_or_else(plain::empty))),
    }
}

/// The value of a file in another format than TOML.
fn plain_root(source: &Source) -> Option<(Option<PlainNode>, Faults)> {
    match Format::for_path(source.path) {
        Format::Toml => None,
        Format::Json => Some(json::parse(source)),
        Format::Yaml => Some(yaml::parse(source)),
    }
}
