//! What stands in the configuration, and where?
use super::key::{KeyPath, Step};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Value,
    /// The value's bytes; of a section those of its header, of a table made by dotted keys those of its key.
    pub span: Range<usize>,
}

/// A value of TOML.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool,
    /// What fits no `i128` is cut to its bounds, outside of every range that is asked for.
    Integer(i128),
    Float(f64),
    Text(String),
    Date,
    Array(Vec<Node>),
    Table(Table),
}

/// The keys of a table with their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub Vec<Entry>);

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// The string at `key`, if there is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The place of the value at `path`; where it is missing that of the section that should hold it.
    pub fn locate(&self, path: &KeyPath) -> Range<usize> {
        let Some((Step::Key(first), rest)) = path.0.split_first() else { return 0..0 };
        let Some(mut node) = self.get(first) else { return 0..0 };
        for step in rest {
            let inner = match (step, &node.value) {
                (Step::Key(key), Value::Table(table)) => table.get(key),
                (Step::Index(index), Value::Array(items)) => items.get(*index),
                _ => None,
            };
            let Some(inner) = inner else { break };
            node = inner;
        }
        node.span.clone()
    }
}

impl Entry {
    /// Whether the key stands in the header of a section.
    pub fn is_header(&self) -> bool {
        self.node.span.start < self.key_span.start
    }
}

impl From<&DeTable<'_>> for Table {
    fn from(table: &DeTable) -> Self {
        let entry = |(key, value): (&Spanned<_>, &Spanned<_>)| {
            let key: &Spanned<std::borrow::Cow<str>> = key;
            Entry { key: key.get_ref().to_string(), key_span: key.span(), node: Node::from(value) }
        };
        Self(table.iter().map(entry).collect())
    }
}

impl Node {
    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }
}

impl From<&Spanned<DeValue<'_>>> for Node {
    fn from(value: &Spanned<DeValue>) -> Self {
        let span = value.span();
        let value = match value.get_ref() {
            DeValue::Boolean(_) => Value::Bool,
            DeValue::Integer(number) => {
                let digits = number.as_str();
                let beyond = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
                Value::Integer(i128::from_str_radix(digits, number.radix()).unwrap_or(beyond))
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => Value::Array(items.iter().map(Node::from).collect()),
            DeValue::Table(table) => Value::Table(Table::from(table)),
        };
        Self { value, span }
    }
}
