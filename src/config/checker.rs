//! Collects what is wrong with a table of a configuration file.
use super::document::Document;
use super::fault::Faults;
use crate::problem::Problem;

/// A table of a configuration file while it is checked, and its errors and warnings so far.
pub struct Checker<'a> {
    document: &'a Document,
    /// As in `fragments.level.1`.
    table: String,
    pub faults: Faults,
    pub warnings: Faults,
}

impl<'a> Checker<'a> {
    pub fn new(document: &'a Document, table: impl Into<String>) -> Self {
        Self { document, table: table.into(), faults: Faults::default(), warnings: Faults::default() }
    }

    /// Adds an error of the value at `key`, within the table.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.document.fault(&format!("{}.{key}", self.table), message, help));
    }

    /// The value of a check; none where it failed, and its problem is added.
    pub fn collect<T>(&mut self, checked: Result<T, Problem>) -> Option<T> {
        checked.map_err(|problem| self.faults.push(self.document.fault_of(&self.table, problem))).ok()
    }

    /// Adds a warning about the value at `key`, within the table.
    pub fn warn(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.warnings.push(self.document.fault(&format!("{}.{key}", self.table), message, help).warning());
    }
}
