//! What is wrong in an input, and what should the user do about it?

/// A problem and its remedy, without the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub message: String,
    pub help: String,
}

/// A problem in a line of a text, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    pub line: usize,
    pub message: String,
    pub help: String,
}

impl Diagnostic {
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    pub fn at_line(self, line: usize) -> LineFault {
        LineFault { line, message: self.message, help: self.help }
    }
}

impl LineFault {
    pub fn new(line: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Diagnostic::new(message, help).at_line(line)
    }
}

impl From<LineFault> for Vec<LineFault> {
    fn from(fault: LineFault) -> Self {
        vec![fault]
    }
}

/// The first characters of a text, as messages quote it.
pub fn excerpt(text: &str) -> String {
    text.trim().chars().take(40).collect()
}
