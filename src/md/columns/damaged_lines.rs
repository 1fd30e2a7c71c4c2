//! Which damaged lines of a file are left out?
use super::contents::Diagnostic;

/// The first of several lines, and their number.
#[derive(Clone, Copy, Debug, Default)]
struct LineCount {
    first: usize,
    count: usize,
}

/// Damaged lines that are left out, by kind of damage.
#[derive(Clone, Copy, Debug, Default)]
pub struct DamagedLines {
    torn: LineCount,
    zeros: LineCount,
    last: Option<usize>,
}

impl LineCount {
    fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    fn diagnostic(self, one: &str, several: &str) -> Option<Diagnostic> {
        let text = match self.count {
            0 => return None,
            1 => one.to_owned(),
            count => format!("{count} {several}"),
        };
        Some(Diagnostic { line: self.first, text })
    }
}

impl DamagedLines {
    /// Adds a row that was cut off where a program was killed that later continued.
    pub fn torn(&mut self, line: usize) {
        self.torn.add(line);
    }

    /// Adds a line that contains zero bytes.
    pub fn zeros(&mut self, line: usize) {
        self.zeros.add(line);
    }

    /// Adds the last line of the file, which was cut off.
    pub fn last(&mut self, line: usize) {
        self.last = Some(line);
    }

    /// One diagnostic for each kind of damage.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let torn = self.torn.diagnostic(
            "the row is cut off, as a killed program leaves it: it is left out",
            "rows are cut off, as killed programs leave them: they are left out",
        );
        let zeros = self.zeros.diagnostic(
            "the line has bytes of zero, as a crash of the file system leaves them: it is left out",
            "lines have bytes of zero, as a crash of the file system leaves them: they are left out",
        );
        let last = self.last.map(|line| Diagnostic { line, text: LAST_LINE.to_owned() });
        torn.into_iter().chain(zeros).chain(last).collect()
    }
}

pub const LAST_LINE: &str = "the last line is cut off: it is left out";
