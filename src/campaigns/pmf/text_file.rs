//! A file of lines that another program reads: lists of files and metadata.
use super::command_line::CommandLine;
use crate::config::{Config, Fault, Severity};
use std::path::{Path, PathBuf};

/// A line of a file, for messages.
#[derive(Clone, Debug)]
pub struct ListLine {
    pub file: PathBuf,
    /// Counted from 1.
    pub number: usize,
    /// Without its end.
    pub text: String,
}

impl ListLine {
    pub fn fault(&self, message: impl Into<String>, help: impl Into<String>) -> Fault {
        let indent = self.text.len() - self.text.trim_start().len();
        Fault {
            file: self.file.clone(),
            line: self.number,
            column: 1 + self.text[..indent].chars().count(),
            key: String::new(),
            message: message.into(),
            help: help.into(),
            severity: Severity::Error,
            span: indent..self.text.trim_end().len().max(indent),
            line_text: self.text.clone(),
        }
    }
}

/// The lines of the file that `option` names, without empty ones and comments (`#`).
///
/// # Errors
/// The file cannot be read, is not text, or has no such line.
pub fn read_lines(path: &Path, option: &str, command: &CommandLine) -> Result<Vec<ListLine>, Box<Fault>> {
    let refuse = |message: String, help: &str| Box::new(command.fault(option, message, help));
    let text = Config::read(path).map_err(|error| {
        refuse(error.to_string(), &format!("{option} takes a text file with one file name per line"))
    })?;
    let lines: Vec<ListLine> = { 1.. }
        .zip(text.lines())
        .map(|(number, text)| ListLine { file: path.to_owned(), number, text: text.trim_end().to_owned() })
        .filter(|line| !line.text.trim().is_empty() && !line.text.trim_start().starts_with('#'))
        .collect();
    match lines.is_empty() {
        true => Err(refuse(format!("`{}` lists nothing", path.display()), "write one file name per line")),
        false => Ok(lines),
    }
}

/// The path of a file that a list names: relative to the working directory, as the programs that read such lists take it; to the folder of
/// the list where that file does not exist.
pub fn resolve(name: &str, list: &Path) -> PathBuf {
    let here = PathBuf::from(name);
    let beside = list.parent().unwrap_or(Path::new("")).join(name);
    if !here.exists() && beside.exists() { beside } else { here }
}
