//! Where does a value come from: the configuration, or a file that it names?
use super::Node;
use crate::config::{Config, Fault};

/// A value and its source.
#[derive(Clone)]
pub struct Sourced<'a, T> {
    pub value: T,
    pub source: Source<'a>,
}

/// The source of a value, for faults.
#[derive(Clone)]
pub enum Source<'a> {
    Key(&'a Config, &'static str),
    Json(Node<'a>),
    /// A line of a text; the key that names the text, and the line in messages.
    Line(&'a Config, &'static str, String),
    /// The same of a list whose elements have a line each.
    Lines(&'a Config, &'static str, Vec<String>),
}

impl<'a, T> Sourced<'a, T> {
    pub fn from_key(config: &'a Config, key: &'static str, value: T) -> Self {
        Self { value, source: Source::Key(config, key) }
    }

    pub fn from_json(node: &Node<'a>, value: T) -> Self {
        Self { value, source: Source::Json(node.clone()) }
    }

    /// Whether it is a value of the configuration itself.
    pub fn is_from_key(&self) -> bool {
        matches!(self.source, Source::Key(..))
    }

    /// A fault of the value, or of its element at `indices`.
    pub fn fault(&self, indices: &[usize], message: impl Into<String>, help: impl Into<String>) -> Fault {
        match &self.source {
            Source::Key(config, key) => {
                let key = indices.iter().fold((*key).to_owned(), |key, index| format!("{key}.{index}"));
                config.fault(&key, message, help)
            }
            Source::Json(node) => {
                let node = indices.iter().fold(node.clone(), |node, &index| node.item(index));
                node.fault(message.into(), help)
            }
            Source::Lines(config, key, lines) => {
                let line = indices.first().and_then(|&index| lines.get(index)).or(lines.first());
                config.fault(key, format!("{}: {}", line.map_or("", String::as_str), message.into()), help)
            }
            Source::Line(config, key, line) => config.fault(key, format!("{line}: {}", message.into()), help),
        }
    }
}
