//! Where is a value in a JSON file, and does it have the expected type?
use super::Location;
use crate::config::{Config, Fault, Faults, nearest};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// A JSON file and the key of the configuration that names it.
pub struct Document<'a> {
    config: &'a Config,
    key: &'static str,
    name: String,
    text: &'a str,
    value: Value,
}

impl<'a> Document<'a> {
    /// The document in `text`; `name` is the file in messages.
    pub fn parse(config: &'a Config, key: &'static str, name: &str, text: &'a str) -> Result<Self, Faults> {
        let value = serde_json::from_str(text).map_err(|error| {
            // serde_json ends its text with the position, which belongs to the file name here.
            let (reason, suffix) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
            let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
            let position = (error.line(), error.column());
            let start = byte_at(text, position);
            let location =
                Location { key, name: name.to_owned(), position, path: String::new(), span: start..start + 1 };
            Faults::from(location.fault(config, format!("invalid JSON: {reason}"), "correct the file"))
        })?;
        Ok(Self { config, key, name: name.to_owned(), text, value })
    }

    pub fn root(&self) -> Node<'_> {
        Node { document: self, path: Vec::new(), value: &self.value }
    }
}

/// Line and column of a byte, counted from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
}

/// The byte at a line and column, counted from 1; the column in bytes, as serde_json counts.
fn byte_at(text: &str, (line, column): (usize, usize)) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

/// The bytes of the value behind the keys `path` of the JSON document `text`.
pub fn span_of(text: &str, path: &[&str]) -> Option<Range<usize>> {
    let path: Vec<Segment> = path.iter().map(|key| Segment::Key((*key).to_owned())).collect();
    span(text, &path)
}

/// The bytes of the value at `path`: raw values are slices of the text itself.
fn span(text: &str, path: &[Segment]) -> Option<Range<usize>> {
    let mut slice = text;
    for segment in path {
        let inner: &RawValue = match segment {
            Segment::Key(key) => serde_json::from_str::<HashMap<String, &RawValue>>(slice).ok()?.get(key)?,
            Segment::Index(index) => serde_json::from_str::<Vec<&RawValue>>(slice).ok()?.get(*index)?,
        };
        slice = inner.get();
    }
    let start = (slice.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(start..start + slice.len())
}

/// A segment of the path to a value.
#[derive(Clone)]
enum Segment {
    Key(String),
    Index(usize),
}

/// A value of a document and the path to it.
#[derive(Clone)]
pub struct Node<'a> {
    document: &'a Document<'a>,
    path: Vec<Segment>,
    value: &'a Value,
}

/// Accessors fail with a fault of this value where it has another type.
impl<'a> Node<'a> {
    /// A fault of this value.
    pub fn fault(&self, message: impl fmt::Display, help: impl Into<String>) -> Fault {
        self.location().fault(self.document.config, message, help)
    }

    pub fn location(&self) -> Location {
        let Document { key, name, text, .. } = self.document;
        let span = span(text, &self.path).unwrap_or(0..0);
        Location { key, name: name.clone(), position: position(text, span.start), path: self.to_string(), span }
    }

    /// The value itself.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// The value of `key`, unless it is missing or null.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(self.inner(Segment::Key(key.to_owned()), value))
    }

    /// The value of `key`, which must not be missing or null.
    pub fn require(&self, key: &str) -> Result<Node<'a>, Faults> {
        self.get(key).ok_or_else(|| self.fault(format!("`{key}` is missing"), format!("add `{key}`")).into())
    }

    /// The value of `key` read by `read`; none where it is missing or null.
    pub fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Node<'a>) -> Result<T, Faults>,
    ) -> Result<Option<T>, Faults> {
        self.get(key).map(|node| read(&node)).transpose()
    }

    /// The element `index` of a list, or this value itself where there is none.
    pub fn item(&self, index: usize) -> Node<'a> {
        self.value.get(index).map_or_else(|| self.clone(), |value| self.inner(Segment::Index(index), value))
    }

    pub fn items(&self) -> Result<Vec<Node<'a>>, Faults> {
        let items = self.value.as_array().ok_or_else(|| self.is_not("a list"))?;
        Ok(items.iter().enumerate().map(|(index, value)| self.inner(Segment::Index(index), value)).collect())
    }

    /// Keys and values of an object in the order of the file.
    pub fn entries(&self) -> Result<Vec<(&'a str, Node<'a>)>, Faults> {
        let entry =
            |(key, value): (&'a String, &'a Value)| (key.as_str(), self.inner(Segment::Key(key.clone()), value));
        Ok(self.object()?.iter().map(entry).collect())
    }

    pub fn object(&self) -> Result<&'a Map<String, Value>, Faults> {
        self.value.as_object().ok_or_else(|| self.is_not("an object"))
    }

    pub fn text(&self) -> Result<&'a str, Faults> {
        self.value.as_str().ok_or_else(|| self.is_not("a string"))
    }

    pub fn boolean(&self) -> Result<bool, Faults> {
        self.value.as_bool().ok_or_else(|| self.is_not("true or false"))
    }

    pub fn number(&self) -> Result<f64, Faults> {
        self.value.as_f64().ok_or_else(|| self.is_not("a number"))
    }

    /// An integer that `T` can hold; programs in Python may write it as 1.0.
    pub fn integer<T: TryFrom<i64>>(&self) -> Result<T, Faults> {
        let number = self.number()?;
        let integer = (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
        integer.and_then(|integer| T::try_from(integer).ok()).ok_or_else(|| self.is_not("an integer in range"))
    }

    pub fn integers<T: TryFrom<i64>>(&self) -> Result<Vec<T>, Faults> {
        self.items()?.iter().map(Node::integer).collect()
    }

    pub fn numbers(&self) -> Result<Vec<f64>, Faults> {
        self.items()?.iter().map(Node::number).collect()
    }

    /// Whether it contains anything but null, false, zero and texts that mean these.
    pub fn is_set(&self) -> bool {
        fn is_set(value: &Value) -> bool {
            match value {
                Value::Null | Value::Bool(false) => false,
                Value::Bool(true) => true,
                Value::Number(number) => number.as_f64() != Some(0.0),
                Value::String(text) => text
                    .to_ascii_lowercase()
                    .split_whitespace()
                    .any(|word| !["f", "false", "0", "none"].contains(&word)),
                Value::Array(items) => items.iter().any(is_set),
                Value::Object(items) => items.values().any(is_set),
            }
        }
        is_set(self.value)
    }

    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// A fault for every key of an object that is not in `known`, names separated by spaces: a misspelt key must not be ignored.
    pub fn unknown_keys(&self, known: &str) -> Faults {
        let known: Vec<&str> = known.split_whitespace().collect();
        let unknown = self.entries().unwrap_or_default().into_iter().filter(|(key, _)| !known.contains(key));
        let fault = |(key, node): (&str, Node)| {
            let help = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("remove it; known keys are {}", known.join(", ")),
            };
            node.fault("unknown key", help)
        };
        unknown.map(fault).collect()
    }

    fn inner(&self, segment: Segment, value: &'a Value) -> Node<'a> {
        let path = [&self.path[..], &[segment]].concat();
        Node { document: self.document, path, value }
    }

    fn is_not(&self, expected: &str) -> Faults {
        let mut found = self.value.to_string();
        if found.chars().count() > 40 {
            found = found.chars().take(40).chain("...".chars()).collect();
        }
        self.fault(format!("expected {expected}, found {found}"), "correct the value").into()
    }
}

impl fmt::Display for Node<'_> {
    /// The path from the root, as in `molecule.fragments[1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.iter().enumerate().try_for_each(|(depth, segment)| match segment {
            Segment::Key(key) if depth == 0 => write!(f, "{key}"),
            Segment::Key(key) => write!(f, ".{key}"),
            Segment::Index(index) => write!(f, "[{index}]"),
        })
    }
}
