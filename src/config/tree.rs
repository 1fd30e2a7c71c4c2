//! The parsed configuration, with the position of every value.
use super::key::{KeyPath, PathSegment};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its position.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: TomlValue,
    /// Bytes of the value; of the header for a section, of the key for a table made by dotted keys.
    pub span: Range<usize>,
}

/// A TOML value. Booleans and dates are only checked by type.
#[derive(Clone, Debug)]
pub(super) enum TomlValue {
    Bool,
    /// Saturates at the bounds of `i128`, outside of every range that a key allows.
    Integer(i128),
    Float(f64),
    Text(String),
    Date,
    Array(Vec<Node>),
    Table(TomlTable),
}

/// The keys of a table with their values.
#[derive(Clone, Debug, Default)]
pub(super) struct TomlTable(pub Vec<Entry>);

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

impl TomlTable {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// The string at `key`, if there is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            TomlValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The position of the value at `path`; if it is missing, of the section that should hold it.
    pub fn locate(&self, path: &KeyPath) -> Range<usize> {
        let Some((PathSegment::Key(first), rest)) = path.0.split_first() else { return 0..0 };
        let Some(mut node) = self.get(first) else { return 0..0 };
        for step in rest {
            let inner = match (step, &node.value) {
                (PathSegment::Key(key), TomlValue::Table(table)) => table.get(key),
                (PathSegment::Index(index), TomlValue::Array(items)) => items.get(*index),
                _ => None,
            };
            let Some(inner) = inner else { break };
            node = inner;
        }
        node.span.clone()
    }
}

impl Entry {
    /// Whether the key is in the header of a section.
    pub fn is_header(&self) -> bool {
        self.node.span.start < self.key_span.start
    }
}

impl From<&DeTable<'_>> for TomlTable {
    fn from(table: &DeTable) -> Self {
        let entry = |(key, value): (&Spanned<_>, &Spanned<_>)| {
            let key: &Spanned<std::borrow::Cow<str>> = key;
            Entry { key: key.get_ref().to_string(), key_span: key.span(), node: Node::from(value) }
        };
        Self(table.iter().map(entry).collect())
    }
}

impl Node {
    pub fn as_table(&self) -> Option<&TomlTable> {
        match &self.value {
            TomlValue::Table(table) => Some(table),
            _ => None,
        }
    }
}

impl From<&Spanned<DeValue<'_>>> for Node {
    fn from(value: &Spanned<DeValue>) -> Self {
        let span = value.span();
        let value = match value.get_ref() {
            DeValue::Boolean(_) => TomlValue::Bool,
            DeValue::Integer(number) => {
                let digits = number.as_str();
                let beyond = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
                TomlValue::Integer(i128::from_str_radix(digits, number.radix()).unwrap_or(beyond))
            }
            DeValue::Float(number) => TomlValue::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::String(text) => TomlValue::Text(text.to_string()),
            DeValue::Datetime(_) => TomlValue::Date,
            DeValue::Array(items) => TomlValue::Array(items.iter().map(Node::from).collect()),
            DeValue::Table(table) => TomlValue::Table(TomlTable::from(table)),
        };
        Self { value, span }
    }
}
