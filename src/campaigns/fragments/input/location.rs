//! Where in a JSON file is a value?
use crate::config::{Config, Fault};
use std::fmt;
use std::ops::Range;

/// The location of a value in a JSON file.
#[derive(Clone, Debug)]
pub struct Location {
    /// The key of the configuration that names the file.
    pub key: &'static str,
    /// The file in messages.
    pub name: String,
    /// Line and column, counted from 1.
    pub position: (usize, usize),
    /// The path of the value from the root, as in `molecule.fragments[1]`; empty for the root.
    pub path: String,
    /// The bytes of the value.
    pub span: Range<usize>,
}

impl Location {
    /// A fault of the value: it points to the value itself where the file is the configuration, and otherwise to the key that names the
    /// file, with a message that begins with file, line, column and path.
    pub fn fault(&self, config: &Config, message: impl fmt::Display, help: impl Into<String>) -> Fault {
        match (config.is_translated(), self.path.is_empty()) {
            (true, true) => config.fault_in(&self.span, &self.path, message.to_string(), help),
            (true, false) => config.fault_in(&self.span, &self.path, format!("{}: {message}", self.path), help),
            (false, _) => config.fault(self.key, format!("{self}: {message}"), help),
        }
    }
}

impl fmt::Display for Location {
    /// As messages begin.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position;
        write!(f, "{}:{line}:{column}", self.name)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, ": {}", self.path) }
    }
}
