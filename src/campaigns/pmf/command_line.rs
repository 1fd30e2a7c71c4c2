//! The command line, as a place of faults.
use crate::config::{Fault, Severity};
use std::path::PathBuf;

/// The words of a command line, for messages.
#[derive(Clone, Debug, Default)]
pub struct CommandLine(String);

impl CommandLine {
    /// The command line of these words.
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        let quoted = |word: String| match word.is_empty() || word.contains(char::is_whitespace) {
            true => format!("'{word}'"),
            false => word,
        };
        Self(words.into_iter().map(quoted).collect::<Vec<_>>().join(" "))
    }

    /// A fault of an option; of the command where it is not set.
    pub fn fault(&self, option: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        let name = option.trim_start_matches('-');
        let mut start = 0;
        let mut span = 0..self.0.len();
        for word in self.0.split(' ') {
            if !name.is_empty() && word.starts_with('-') && word.trim_start_matches('-').split('=').next() == Some(name)
            {
                span = start..start + word.len();
            }
            start += word.len() + 1;
        }
        Fault {
            file: PathBuf::from("command line"),
            line: 1,
            column: 1 + self.0[..span.start].chars().count(),
            key: option.to_owned(),
            message: message.into(),
            help: help.into(),
            severity: Severity::Error,
            span,
            line_text: self.0.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_points_to_its_option() {
        let words = ["simmpi", "pmf", "-it", "tpr files.dat", "--temp=0"].map(str::to_owned);
        let command = CommandLine::new(words);
        let at = |option: &str| {
            let fault = command.fault(option, "wrong", "correct it");
            fault.line_text[fault.span].to_owned()
        };
        assert_eq!((at("-temp").as_str(), at("-it").as_str()), ("--temp=0", "-it"));
        assert_eq!(at("-bins"), "simmpi pmf -it 'tpr files.dat' --temp=0");
    }
}
