//! The values of a JSON or YAML file with their positions, and the TOML table that they amount to.
use std::borrow::Cow;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Deeper files are certainly not configurations.
pub(super) const MAX_DEPTH: usize = 100;

/// A value that TOML has, too.
#[derive(Clone, Debug)]
pub(super) enum PlainValue {
    Boolean(bool),
    /// As TOML writes it.
    Number(String),
    Text(String),
    Array(Vec<PlainNode>),
    /// Every key occurs once.
    Table(Vec<(Spanned<String>, PlainNode)>),
}

/// A value and the bytes that it spans.
pub(super) type PlainNode = Spanned<PlainValue>;

/// A table without keys.
pub(super) fn empty() -> PlainNode {
    Spanned::new(0..0, PlainValue::Table(Vec::new()))
}

/// The table of a file; empty for another value.
pub(super) fn to_toml_table(root: &PlainNode) -> DeTable<'_> {
    match root.get_ref() {
        PlainValue::Table(entries) => entries.iter().map(|(key, node)| entry(key, node)).collect(),
        _ => DeTable::new(),
    }
}

fn entry<'a>(key: &'a Spanned<String>, node: &'a PlainNode) -> (Spanned<Cow<'a, str>>, Spanned<DeValue<'a>>) {
    (Spanned::new(key.span(), key.get_ref().as_str().into()), value(node))
}

fn value(node: &PlainNode) -> Spanned<DeValue<'_>> {
    let inner = match node.get_ref() {
        PlainValue::Boolean(value) => DeValue::Boolean(*value),
        // What is no number of TOML's was refused before.
        PlainValue::Number(text) => DeValue::parse_recoverable(text).0.into_inner(),
        PlainValue::Text(text) => DeValue::String(text.as_str().into()),
        PlainValue::Array(items) => {
            let mut array = DeArray::new();
            items.iter().for_each(|item| array.push(value(item)));
            DeValue::Array(array)
        }
        PlainValue::Table(_) => DeValue::Table(to_toml_table(node)),
    };
    Spanned::new(node.span(), inner)
}
