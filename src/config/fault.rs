//! How is a fault of a configuration told?
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Whether a fault forbids the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// Something wrong at one place of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub file: PathBuf,
    pub key: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    pub severity: Severity,
    pub(super) span: Range<usize>,
    pub(super) text: Arc<str>,
}

impl Fault {
    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = self.file.display().to_string();
        let mark = AnnotationKind::Primary.span(self.span.clone());
        let snippet = Snippet::source(&*self.text).path(&path).annotation(mark);
        let mut report = vec![level.primary_title(&self.message).element(snippet)];
        if !self.help.is_empty() {
            report.push(Group::with_title(Level::HELP.secondary_title(&self.help)));
        }
        renderer.render(&report)
    }
}

/// All faults of a configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Nothing where there is no fault.
    ///
    /// # Errors
    /// The faults, in the order of the file.
    pub fn into_result(mut self) -> Result<(), Faults> {
        self.0.sort_by_key(|fault| fault.span.start);
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The faults as a compiler tells them: message, file, line, the line itself, what to do.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let told: Vec<String> = self.0.iter().map(|fault| fault.render(&renderer)).collect();
        let errors = self.0.iter().filter(|fault| fault.severity == Severity::Error).count();
        let close = match errors {
            0 => String::new(),
            1 => "\n1 fault; nothing was run".into(),
            n => format!("\n{n} faults; nothing was run"),
        };
        format!("{}{close}", told.join("\n\n"))
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

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Faults(vec![fault])
    }
}
