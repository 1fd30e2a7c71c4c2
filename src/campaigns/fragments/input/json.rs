//! Where in a JSON file does a value stand, and is it what was expected?
use crate::config::{Config, Fault, Faults, nearest};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;

/// A JSON file and the key of the configuration that names it.
pub struct Document<'a> {
    config: &'a Config,
    key: &'static str,
    name: String,
    text: &'a str,
    value: Value,
}

impl<'a> Document<'a> {
    /// The document that `text` is; `name` is its file as messages show it.
    ///
    /// # Errors
    /// It is no JSON; the fault names line and column.
    pub fn parse(config: &'a Config, key: &'static str, name: &str, text: &'a str) -> Result<Self, Faults> {
        let value = serde_json::from_str(text).map_err(|error| {
            let (told, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
            let told = told.strip_suffix(&place).unwrap_or(&told);
            let message = format!("{name}:{}:{}: it is no JSON: {told}", error.line(), error.column());
            Faults::from(config.fault(key, message, "correct the file"))
        })?;
        Ok(Self { config, key, name: name.to_owned(), text, value })
    }

    /// The whole of it.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, path: Vec::new(), value: &self.value }
    }

    /// Line and column, counted from 1, of the value at `path`.
    fn locate(&self, path: &[Step]) -> (usize, usize) {
        let at = offset(self.text, path).unwrap_or(0);
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
    }
}

/// The byte where the value at `path` begins: raw values are pieces of the text itself.
fn offset(text: &str, path: &[Step]) -> Option<usize> {
    let mut piece = text;
    for step in path {
        let inner: &RawValue = match step {
            Step::Key(key) => serde_json::from_str::<HashMap<String, &RawValue>>(piece).ok()?.get(key)?,
            Step::Index(index) => serde_json::from_str::<Vec<&RawValue>>(piece).ok()?.get(*index)?,
        };
        piece = inner.get();
    }
    (piece.as_ptr() as usize).checked_sub(text.as_ptr() as usize)
}

/// A step from a value into it.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

/// A value of a document, with its place.
#[derive(Clone)]
pub struct Node<'a> {
    document: &'a Document<'a>,
    path: Vec<Step>,
    value: &'a Value,
}

impl<'a> Node<'a> {
    /// A fault of this value: its message begins with file, line, column and the path of the key.
    pub fn fault(&self, message: impl fmt::Display, help: impl Into<String>) -> Fault {
        let Document { config, key, .. } = self.document;
        config.fault(key, format!("{}: {message}", self.place()), help)
    }

    /// File, line and column, and the path of the key, as messages begin.
    pub fn place(&self) -> String {
        let (line, column) = self.document.locate(&self.path);
        let (name, path) = (&self.document.name, self.to_string());
        if path.is_empty() { format!("{name}:{line}:{column}") } else { format!("{name}:{line}:{column}: {path}") }
    }

    /// The value of `key`, unless it is missing or null.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(self.inner(Step::Key(key.to_owned()), value))
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// It is missing or null.
    pub fn require(&self, key: &str) -> Result<Node<'a>, Faults> {
        self.get(key).ok_or_else(|| self.fault(format!("`{key}` is missing"), format!("add `{key}`")).into())
    }

    /// The element `index` of a list; this value itself where there is none.
    pub fn item(&self, index: usize) -> Node<'a> {
        self.value.get(index).map_or_else(|| self.clone(), |value| self.inner(Step::Index(index), value))
    }

    /// # Errors
    /// It is no list.
    pub fn items(&self) -> Result<Vec<Node<'a>>, Faults> {
        let items = self.value.as_array().ok_or_else(|| self.is_not("a list"))?;
        Ok(items.iter().enumerate().map(|(index, value)| self.inner(Step::Index(index), value)).collect())
    }

    /// Keys and values in the order of the file.
    ///
    /// # Errors
    /// It is no object.
    pub fn entries(&self) -> Result<Vec<(&'a str, Node<'a>)>, Faults> {
        let entry = |(key, value): (&'a String, &'a Value)| (key.as_str(), self.inner(Step::Key(key.clone()), value));
        Ok(self.object()?.iter().map(entry).collect())
    }

    /// # Errors
    /// It is no object.
    pub fn object(&self) -> Result<&'a Map<String, Value>, Faults> {
        self.value.as_object().ok_or_else(|| self.is_not("an object"))
    }

    /// # Errors
    /// It is no text.
    pub fn text(&self) -> Result<&'a str, Faults> {
        self.value.as_str().ok_or_else(|| self.is_not("a text"))
    }

    /// # Errors
    /// It is neither true nor false.
    pub fn boolean(&self) -> Result<bool, Faults> {
        self.value.as_bool().ok_or_else(|| self.is_not("true or false"))
    }

    /// # Errors
    /// It is no number.
    pub fn number(&self) -> Result<f64, Faults> {
        self.value.as_f64().ok_or_else(|| self.is_not("a number"))
    }

    /// A whole number that `T` can hold; Python's programs write some as 1.0.
    ///
    /// # Errors
    /// It is none.
    pub fn integer<T: TryFrom<i64>>(&self) -> Result<T, Faults> {
        let number = self.number()?;
        let whole = (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
        whole.and_then(|whole| T::try_from(whole).ok()).ok_or_else(|| self.is_not("a whole number in range"))
    }

    /// Every element as `T`.
    ///
    /// # Errors
    /// It is no list, or an element is no whole number.
    pub fn integers<T: TryFrom<i64>>(&self) -> Result<Vec<T>, Faults> {
        self.items()?.iter().map(Node::integer).collect()
    }

    /// Every element as a number.
    ///
    /// # Errors
    /// It is no list, or an element is no number.
    pub fn numbers(&self) -> Result<Vec<f64>, Faults> {
        self.items()?.iter().map(Node::number).collect()
    }

    /// Whether it says anything but no, zero or nothing, in all that it holds.
    pub fn is_stated(&self) -> bool {
        fn is_stated(value: &Value) -> bool {
            match value {
                Value::Null | Value::Bool(false) => false,
                Value::Bool(true) => true,
                Value::Number(number) => number.as_f64() != Some(0.0),
                Value::String(text) => text
                    .to_ascii_lowercase()
                    .split_whitespace()
                    .any(|word| !["f", "false", "0", "none"].contains(&word)),
                Value::Array(items) => items.iter().any(is_stated),
                Value::Object(items) => items.values().any(is_stated),
            }
        }
        is_stated(self.value)
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// A fault for every key of an object that is none of `known`: what is misspelt must not be ignored.
    pub fn unknown_keys(&self, known: &[&str]) -> Vec<Fault> {
        let unknown = self.entries().unwrap_or_default().into_iter().filter(|(key, _)| !known.contains(key));
        let fault = |(key, node): (&str, Node)| {
            let help = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("remove it; known are {}", known.join(", ")),
            };
            node.fault("unknown key", help)
        };
        unknown.map(fault).collect()
    }

    fn inner(&self, step: Step, value: &'a Value) -> Node<'a> {
        let mut path = self.path.clone();
        path.push(step);
        Node { document: self.document, path, value }
    }

    fn is_not(&self, wanted: &str) -> Faults {
        let mut found = self.value.to_string();
        if found.chars().count() > 40 {
            found = found.chars().take(40).chain("...".chars()).collect();
        }
        self.fault(format!("it must be {wanted}, found {found}"), "correct the value").into()
    }
}

impl fmt::Display for Node<'_> {
    /// The path from the root, as in `molecule.fragments[1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.iter().enumerate().try_for_each(|(place, step)| match step {
            Step::Key(key) if place == 0 => write!(f, "{key}"),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;

    /// The message of the first fault.
    fn first<T>(result: Result<T, Faults>) -> String {
        result.err().unwrap().iter().next().unwrap().message.clone()
    }

    #[test]
    fn faults_name_line_column_and_path() {
        let config = config("molecule = \"m.json\"");
        let text = "{\n  \"a\": [1,\n   {\"b c\": 2.5, \"é\": \"x\"}],\n \"n\": null }";
        let document = Document::parse(&config, "fragments.molecule", "m.json", text).unwrap();
        let inner = document.root().get("a").unwrap().item(1);
        let told = first(inner.get("b c").unwrap().integer::<i32>());
        assert_eq!(told, "m.json:3:12: a[1].b c: it must be a whole number in range, found 2.5");
        assert!(first(inner.get("é").unwrap().number()).starts_with("m.json:3:22: a[1].é: "));
        assert!(document.root().get("n").is_none());
        assert!(first(document.root().require("n")).starts_with("m.json:1:1: `n` is missing"));
        let unknown = document.root().unknown_keys(&["aa", "n"]);
        assert_eq!((unknown.len(), unknown[0].message.as_str()), (1, "m.json:2:8: a: unknown key"));
        let broken = Document::parse(&config, "fragments.molecule", "m.json", "{\n \"a\": NaN}");
        let broken = first(broken);
        assert!(broken.starts_with("m.json:2:7: it is no JSON: expected"), "{broken}");
    }
}
