//! What is wrong with an input, at which key, and how is it fixed?
//!
//! Everything that refuses an input does so by a [`Problem`]; [`config`](crate::config) finds its line in the file.
use std::error::Error;

/// What is wrong with an input, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {help}")]
pub struct Problem {
    /// The key to correct, as in `method`, within the section that its caller has read; empty where the caller knows the key.
    pub key: String,
    pub message: String,
    /// How to fix it.
    pub help: String,
}

impl Problem {
    /// A problem of a key that the caller knows.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::at_key("", message, help)
    }

    /// A problem of the value at `key`.
    pub fn at_key(key: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), help: help.into() }
    }

    /// The problem of a line of a text, counted from 1.
    pub fn at_line(self, line: usize) -> LineProblem {
        LineProblem { line, problem: self }
    }

    /// The whole key of a problem in the table at `table`, as in `fragments.level.1.method`.
    pub fn key_in(&self, table: &str) -> String {
        match self.key.as_str() {
            "" => table.to_owned(),
            key => format!("{table}.{key}"),
        }
    }
}

/// A problem of a line of a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct LineProblem {
    /// Counted from 1.
    pub line: usize,
    pub problem: Problem,
}

impl LineProblem {
    pub fn new(line: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Problem::new(message, help).at_line(line)
    }
}

impl From<LineProblem> for Vec<LineProblem> {
    fn from(problem: LineProblem) -> Self {
        vec![problem]
    }
}

/// An error and its causes on one line, as in `cannot read a (permission denied)`.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(" ({cause})");
        next = cause.source();
    }
    text
}
