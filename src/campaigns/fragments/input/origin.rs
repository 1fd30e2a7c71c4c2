//! Where was a value given: in the configuration, or in a file that it names?
use super::json::Node;
use crate::config::{Config, Fault};

/// A value and where it was given.
#[derive(Clone)]
pub struct Given<'a, T> {
    pub value: T,
    pub origin: Origin<'a>,
}

/// A place that faults can name.
#[derive(Clone)]
pub enum Origin<'a> {
    /// A key of the configuration.
    Key(&'a Config, &'static str),
    /// A value in a JSON file.
    File(Node<'a>),
    /// A line of a text; the key that names it, and what messages call the line.
    Line(&'a Config, &'static str, String),
}

impl<'a, T> Given<'a, T> {
    /// A value of the configuration.
    pub fn by_key(config: &'a Config, key: &'static str, value: T) -> Self {
        Self { value, origin: Origin::Key(config, key) }
    }

    /// A value of a file.
    pub fn by_file(node: Node<'a>, value: T) -> Self {
        Self { value, origin: Origin::File(node) }
    }

    /// Whether it is a value of the configuration.
    pub fn is_by_key(&self) -> bool {
        matches!(self.origin, Origin::Key(..))
    }

    /// A fault of the value, or of the element that `indices` lead to.
    pub fn fault(&self, indices: &[usize], message: impl Into<String>, help: impl Into<String>) -> Fault {
        match &self.origin {
            Origin::Key(config, key) => {
                let key = indices.iter().fold((*key).to_owned(), |key, index| format!("{key}.{index}"));
                config.fault(&key, message, help)
            }
            Origin::File(node) => {
                let node = indices.iter().fold(node.clone(), |node, &index| node.item(index));
                node.fault(message.into(), help)
            }
            Origin::Line(config, key, place) => config.fault(key, format!("{place}: {}", message.into()), help),
        }
    }
}
