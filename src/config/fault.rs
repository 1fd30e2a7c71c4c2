//! An error or warning about a configuration: what is wrong, where, and how to fix it.
use super::source::{Location, Source};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Whether a fault prevents a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Severity {
    Error,
    Warning,
}

/// One error or warning about a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// Dotted path of the key, as in `trajectories.model.kind` or `fragments.level.1.method`.
    pub key: String,
    pub message: String,
    /// How to fix it.
    pub help: String,
    pub severity: Severity,
    /// The faulty bytes of [`line_text`](Fault::line_text).
    pub span: Range<usize>,
    pub line_text: String,
}

impl Fault {
    pub(super) fn new(
        source: &Source,
        span: &Range<usize>,
        key: impl fmt::Display,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let Location { path: file, line, column, line_text, span } = source.locate(span);
        let (key, message, help) = (key.to_string(), message.into(), help.into());
        Self { file, line, column, key, message, help, severity: Severity::Error, span, line_text }
    }

    /// The same fault as a warning, which does not prevent a run.
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// The message with the faulty part of its line underlined, as compilers print it.
    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let snippet = Snippet::source(self.line_text.as_str())
            .line_start(self.line)
            .path(self.file.to_string_lossy())
            .annotation(AnnotationKind::Primary.span(self.span.clone()));
        let group = level.primary_title(self.message.as_str()).element(snippet);
        renderer.render(&[group.element(Level::HELP.message(self.help.as_str()))])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}; {}", self.file.display(), self.line, self.column, self.message, self.help)
    }
}

/// Faults of a configuration, in the order of its lines once [sorted](Faults::sort).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults(Vec<Fault>);

/// Number of faults that are printed.
const MAX_SHOWN: usize = 100;

impl Faults {
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The value of a check; none where it failed, and its faults are collected.
    pub fn collect<T>(&mut self, checked: Result<T, impl Into<Faults>>) -> Option<T> {
        checked.map_err(|faults| self.extend::<Faults>(faults.into())).ok()
    }

    /// Whether there is neither an error nor a warning.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether any fault prevents a run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|fault| fault.severity == Severity::Error)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }

    /// Sorts the faults by line and column and removes duplicates: the points of a sweep share most of them.
    pub fn sort(&mut self) {
        let mut unique: Vec<Fault> = Vec::with_capacity(self.0.len());
        for fault in std::mem::take(&mut self.0) {
            if !unique.contains(&fault) {
                unique.push(fault);
            }
        }
        unique.sort_by_key(|fault| (fault.line, fault.column));
        self.0 = unique;
    }

    /// `value`, unless there is an error. Warnings are dropped, so print them first.
    ///
    /// # Errors
    /// All faults, sorted by line, if one of them is an error.
    pub fn into_result<T>(mut self, value: T) -> Result<T, Faults> {
        if self.has_errors() {
            self.sort();
            return Err(self);
        }
        Ok(value)
    }

    /// `value`, unless there is an error. It is missing only where an error says why.
    ///
    /// # Errors
    /// As [`into_result`](Self::into_result), or there is no value.
    pub fn require<T>(mut self, value: Option<T>) -> Result<T, Faults> {
        match value {
            Some(value) => self.into_result(value),
            None => {
                self.sort();
                Err(self)
            }
        }
    }

    /// All faults as compilers print them: message, line with the faulty part underlined, help.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut shown: Vec<_> = self.iter().take(MAX_SHOWN).map(|fault| fault.render(&renderer)).collect();
        if self.len() > MAX_SHOWN {
            shown.push(format!("and {} more errors or warnings", self.len() - MAX_SHOWN));
        }
        shown.join("\n\n")
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl From<Box<Fault>> for Faults {
    fn from(fault: Box<Fault>) -> Self {
        (*fault).into()
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().collect())
    }
}

impl Extend<Fault> for Faults {
    fn extend<I: IntoIterator<Item = Fault>>(&mut self, faults: I) {
        self.0.extend(faults);
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().enumerate().try_for_each(|(k, fault)| write!(f, "{}{fault}", if k == 0 { "" } else { "\n" }))
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn fault(span: Range<usize>) -> Fault {
        let source = Source::new(Path::new("run.toml"), "[a]\ncount = -1\n");
        Fault::new(&source, &span, "a.count", "`count` must be at least 1", "count upwards")
    }

    #[test]
    fn a_rendered_fault_shows_file_line_column_the_line_and_the_help() {
        let text = Faults::from(fault(12..14)).render(false);
        for part in ["error: `count` must be", "run.toml:2:9", "2 | count = -1", "^^", "help: count upwards"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert!(Faults::from(fault(12..14)).render(true).contains('\u{1b}'));
    }

    #[test]
    fn a_warning_alone_forbids_nothing_and_errors_come_out_in_the_order_of_lines() {
        assert_eq!(Faults::from(fault(0..1).warning()).into_result(7), Ok(7));
        let mut faults = Faults::from(fault(12..14));
        faults.extend([fault(0..3).warning()]);
        let lines: Vec<_> = faults.into_result(7).unwrap_err().iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 2]);
    }

    #[test]
    fn what_is_collected_refuses_a_value_that_is_required() {
        let mut faults = Faults::default();
        assert_eq!(faults.collect(Ok::<_, Fault>(7)), Some(7));
        assert_eq!(faults.clone().require(Some(7)), Ok(7));
        assert_eq!(faults.collect(Err::<u8, _>(fault(12..14))), None);
        assert_eq!(faults.clone().require(Some(7)), Err(faults.clone()));
        assert_eq!(faults.clone().require(None::<u8>), Err(faults));
    }

    #[test]
    fn escape_sequences_of_the_file_do_not_reach_the_terminal() {
        let source = Source::new(Path::new("a"), "x = \"\u{1b}[2J\"\n");
        let fault = Fault::new(&source, &(4..9), "x", "found \u{1b}[2J", "remove it");
        assert!(!Faults::from(fault).render(false).contains('\u{1b}'));
    }
}
