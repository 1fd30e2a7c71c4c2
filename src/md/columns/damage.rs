//! What is left out of a file because lines of it were cut off?
use super::Note;

/// Lines of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Lines {
    first: usize,
    count: usize,
}

/// Lines that are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Damage {
    torn: Lines,
    zeros: Lines,
    last: Option<usize>,
}

impl Lines {
    fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }

    fn note(self, one: &str, several: &str) -> Option<Note> {
        let text = match self.count {
            0 => return None,
            1 => one.to_owned(),
            count => format!("{count} {several}"),
        };
        Some(Note { line: self.first, text })
    }
}

impl Damage {
    /// A row was cut off where a program was killed, which then went on.
    pub fn torn(&mut self, line: usize) {
        self.torn.add(line);
    }

    /// Bytes of zero stand in a line.
    pub fn zeros(&mut self, line: usize) {
        self.zeros.add(line);
    }

    /// The last line of the file was cut off.
    pub fn last(&mut self, line: usize) {
        self.last = Some(line);
    }

    /// What was left out, a note of each kind.
    pub fn notes(&self) -> Vec<Note> {
        let torn = self.torn.note(
            "the row is cut off, as a killed program leaves it: it is left out",
            "rows are cut off, as killed programs leave them: they are left out",
        );
        let zeros = self.zeros.note(
            "the line has bytes of zero, as a crash of the file system leaves them: it is left out",
            "lines have bytes of zero, as a crash of the file system leaves them: they are left out",
        );
        let last = self.last.map(|line| Note { line, text: CUT.to_owned() });
        torn.into_iter().chain(zeros).chain(last).collect()
    }
}

pub const CUT: &str = "the last line is cut off: it is left out";
