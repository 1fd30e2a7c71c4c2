//! Which files does PLUMED write with an input, and how often?
//!
//! Parsed as PLUMED does: comments, `...` over several lines, values in braces, labels, included files, keys in any case. Only what matters
//! for a restart is kept; PLUMED itself validates the input.
use super::frames::FrameFormat;
use crate::problem::Problem;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Limit for nested includes.
const DEEPEST_INCLUDE: usize = 16;
/// Actions that read their `FILE`.
const READERS: &[&str] =
    &["READ", "EXTERNAL", "LOAD", "INCLUDE", "PLUMED", "MOLINFO", "READMASSCHARGE", "READ_MASSCHARGE"];
/// Actions that overwrite their `FILE` each time.
const REWRITERS: &[&str] = &["DUMPGRID", "DUMPCUBE", "DUMPPDB", "DUMPMASSCHARGE"];
/// Keys that restrict an action to a part of the simulation.
const PARTIAL: &[&str] = &["UPDATE_FROM", "UPDATE_UNTIL", "EXCLUDED_REGION"];

/// A PLUMED input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    pub actions: Vec<Action>,
}

/// One action of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// In capitals.
    pub name: String,
    pub label: String,
    /// The file that it stands in.
    pub file: PathBuf,
    /// Its first line there, counted from 1.
    pub line: usize,
    /// Keys, in capitals, with their values without braces; the value of a flag is empty.
    words: Vec<(String, String)>,
}

/// A file that PLUMED appends to during the simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendedFile {
    /// Its path in the input.
    pub file: String,
    /// Steps between rows; none unless there is a row at every multiple.
    pub stride: Option<i64>,
    /// Whether a bias restarts from it.
    pub is_bias: bool,
    /// The format of its frames, if it holds atom positions instead of rows.
    pub format: Option<FrameFormat>,
}

/// The files of an OPES bias and the settings that a restart needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpesAction {
    /// The file of its kernels.
    pub kernels: String,
    /// The file its state is written to (STATE_WFILE).
    pub state: Option<String>,
    /// The file its state is read from (STATE_RFILE).
    pub read: Option<String>,
    /// Steps between kernels; none unless there is one at every multiple.
    pub pace: Option<i64>,
    pub writes_at_checkpoints: bool,
    pub is_adaptive: bool,
    pub merges_again: bool,
    pub normalizes: bool,
    /// Whether it has kernels: OPES_EXPANDED has none.
    pub has_kernels: bool,
}

impl Input {
    /// Reads the input `file` in `folder`, with all files that it includes.
    ///
    /// # Errors
    /// One of the files cannot be read.
    pub fn read(folder: &Path, file: &str) -> io::Result<Self> {
        let mut input = Self::default();
        input.include(folder, &folder.join(file), 0)?;
        Ok(input)
    }

    fn include(&mut self, folder: &Path, path: &Path, depth: usize) -> io::Result<()> {
        let bytes = fs::read(path)?;
        for action in actions(&String::from_utf8_lossy(&bytes)) {
            let action = Action { file: path.to_owned(), ..action };
            match (action.name.as_str(), action.value("FILE")) {
                ("ENDPLUMED", _) => break,
                ("INCLUDE", Some(file)) if depth < DEEPEST_INCLUDE => {
                    self.include(folder, &folder.join(file), depth + 1)?
                }
                _ => self.actions.push(action),
            }
        }
        Ok(())
    }

    /// PLUMED's unit of time, ps; none if it is unknown.
    pub fn time_unit_ps(&self) -> Option<f64> {
        let units = self.actions.iter().rfind(|action| action.name == "UNITS");
        match units.and_then(|units| units.value("TIME")) {
            None | Some("ps") => Some(1.0),
            Some("ns") => Some(1000.0),
            Some("fs") => Some(0.001),
            Some("atomic") => Some(2.418_884_326_509e-5),
            Some(number) => number.parse().ok().filter(|unit: &f64| *unit > 0.0),
        }
    }

    /// Whether the input itself says that PLUMED restarts from files of another simulation.
    pub fn restarts(&self) -> bool {
        let is_no = |action: &Action| action.has("NO");
        self.actions.iter().any(|action| {
            (action.name == "RESTART" && !is_no(action))
                || action.value("RESTART").is_some_and(|value| value.eq_ignore_ascii_case("yes"))
        })
    }

    /// Whether some actions are executed conditionally.
    fn is_conditional(&self) -> bool {
        self.actions.iter().any(|action| action.name == "UPDATE_IF")
    }

    /// The files that PLUMED appends to, each once.
    pub fn appended(&self) -> Vec<AppendedFile> {
        let is_conditional = self.is_conditional();
        let mut found: Vec<AppendedFile> = Vec::new();
        for action in &self.actions {
            let stride = action.stride().filter(|_| !is_conditional && !action.is_partial());
            for file in action.files() {
                if !found.iter().any(|known| known.file == file) {
                    let format = FrameFormat::from_name(&file).filter(|_| action.name == "DUMPATOMS");
                    found.push(AppendedFile { file, stride, is_bias: action.is_bias(), format });
                }
            }
        }
        found
    }

    /// The OPES biases.
    pub fn opes(&self) -> Vec<OpesAction> {
        let is_conditional = self.is_conditional();
        let opes = |action: &Action| OpesAction {
            kernels: action.files().into_iter().next().unwrap_or_default(),
            state: action.value("STATE_WFILE").map(str::to_owned),
            read: action.value("STATE_RFILE").map(str::to_owned),
            pace: action.stride().filter(|_| !is_conditional && !action.is_partial()),
            writes_at_checkpoints: action.value("STATE_WSTRIDE").is_none(),
            is_adaptive: action.value("SIGMA").is_none_or(|sigma| sigma.eq_ignore_ascii_case("adaptive")),
            merges_again: !action.has("RECURSIVE_MERGE_OFF"),
            normalizes: !action.has("NO_ZED"),
            has_kernels: action.name != "OPES_EXPANDED",
        };
        self.actions.iter().filter(|action| action.name.starts_with("OPES_") && action.is_bias()).map(opes).collect()
    }
}

impl OpesAction {
    /// Whether it restarts from the state that it writes.
    pub fn reads_own_state(&self) -> bool {
        self.state.is_some() && self.state == self.read
    }
}

/// Why replicas with this input would not continue after an interruption, and what to do about it. `text` is the input without included files.
pub fn plumed_obstacles(text: &str) -> Vec<Problem> {
    let input = Input { actions: actions(text) };
    let mut found = Vec::new();
    for OpesAction { state, read, .. } in input.opes().into_iter().filter(|opes| !opes.reads_own_state()) {
        if let Some(read) = read {
            let written = state.map_or("writes none".to_owned(), |state| format!("writes {state}"));
            let message = format!("OPES restarts from {read} (STATE_RFILE) but {written} (STATE_WFILE)");
            found.push(Problem::new(message, "set both to one file; otherwise an interrupted replica starts again"));
        }
    }
    let starts_again = |action: &Action| action.value("RESTART").is_some_and(|value| value.eq_ignore_ascii_case("no"));
    for action in &input.actions {
        if action.name == "METAD" && action.value("GRID_RFILE").is_some() {
            let message = "METAD would restart from a grid (GRID_RFILE), whose step is unknown";
            let help = "remove GRID_RFILE, hills are read from HILLS; otherwise an interrupted replica starts again";
            found.push(Problem::new(message, help));
        }
        if starts_again(action) {
            let message =
                format!("{} has RESTART=NO: it starts from nothing whenever a replica continues", action.name);
            let help = "remove it, or collect the earlier parts of its file from bck.0.* yourself";
            found.push(Problem::new(message, help));
        }
    }
    found
}

impl Action {
    /// The value of a key; none if it is not set or empty.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.words.iter().find(|(known, value)| known == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: &str) -> bool {
        self.words.iter().any(|(known, _)| known == flag)
    }

    /// The action as in an input, without its label.
    pub fn text(&self) -> String {
        let words = self.words.iter().filter(|(key, _)| key != "LABEL");
        words.fold(self.name.clone(), |text, (key, value)| match value.as_str() {
            "" => format!("{text} {key}"),
            value => format!("{text} {key}={value}"),
        })
    }

    /// Whether a restarted simulation reads its file.
    fn is_bias(&self) -> bool {
        matches!(
            self.name.as_str(),
            "METAD" | "PBMETAD" | "OPES_METAD" | "OPES_METAD_EXPLORE" | "OPES_EXPANDED" | "MAXENT"
        )
    }

    fn is_partial(&self) -> bool {
        PARTIAL.iter().any(|key| self.value(key).is_some())
    }

    /// Steps between rows.
    fn stride(&self) -> Option<i64> {
        let key = match self.is_bias() {
            true => "PACE",
            false => "STRIDE",
        };
        let stride = match (self.value(key), self.name.as_str()) {
            (Some(word), _) => word.parse().ok(),
            (None, "PRINT" | "DUMPATOMS") => Some(1),
            _ => None,
        };
        stride.filter(|stride| *stride > 0)
    }

    /// The files that it appends to; by default under the names that PLUMED gives them.
    fn files(&self) -> Vec<String> {
        let name = self.name.as_str();
        if READERS.contains(&name) || REWRITERS.contains(&name) {
            return Vec::new();
        }
        let given = self.value("FILE").map(|files| files.split(',').map(|file| file.trim().to_owned()).collect());
        given.unwrap_or_else(|| match name {
            "METAD" => vec!["HILLS".to_owned()],
            "OPES_METAD" | "OPES_METAD_EXPLORE" => vec!["KERNELS".to_owned()],
            "OPES_EXPANDED" => vec!["DELTAFS".to_owned()],
            "MAXENT" => vec![format!("{}.LAGMULT", self.label)],
            "PBMETAD" => {
                let variables = self.value("ARG").unwrap_or_default().split(',');
                variables.map(|variable| format!("HILLS.{}", variable.trim())).collect()
            }
            _ => Vec::new(),
        })
    }
}

/// Parses the actions of an input.
fn actions(text: &str) -> Vec<Action> {
    let mut found = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut first_line = 0;
    // Whether an action continues in the next line (`...`), and the number of open braces.
    let (mut is_inside, mut depth) = (false, 0usize);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        let is_in_braces = depth > 0;
        let mut parts = split_words(line, &mut depth);
        if parts.is_empty() {
            continue;
        }
        if is_inside && !is_in_braces && parts[0] == "..." {
            is_inside = false;
            parts.clear();
        } else if parts.last().is_some_and(|last| last == "...") {
            is_inside = true;
            parts.pop();
        }
        // A value in braces may continue in the next line.
        if is_in_braces
            && !parts.is_empty()
            && let Some(last) = words.last_mut()
        {
            last.push(' ');
            last.push_str(&parts.remove(0));
        }
        if words.is_empty() {
            first_line = number;
        }
        words.extend(parts);
        if !is_inside && depth == 0 {
            found.extend(action(&std::mem::take(&mut words), first_line));
        }
    }
    found.extend(action(&words, first_line));
    found
}

/// The words of a line; blanks within braces do not separate them.
fn split_words(line: &str, depth: &mut usize) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in line.chars() {
        match c {
            '{' => *depth += 1,
            '}' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        match c.is_whitespace() && *depth == 0 {
            true => words.push(String::new()),
            false => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn action(words: &[String], line: usize) -> Option<Action> {
    let (first, mut rest) = words.split_first()?;
    let mut action = Action { line, ..Action::default() };
    match first.strip_suffix(':') {
        Some(label) => {
            let (name, others) = rest.split_first()?;
            (action.label, action.name, rest) = (label.to_owned(), name.to_uppercase(), others);
        }
        None => action.name = first.to_uppercase(),
    }
    for word in rest {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let value = value.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(value);
        action.words.push((key.to_uppercase(), value.trim().to_owned()));
    }
    if let Some(label) = action.value("LABEL").map(str::to_owned) {
        action.label = label;
    }
    Some(action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Input {
        Input { actions: actions(text) }
    }

    fn files(text: &str) -> Vec<(String, Option<i64>)> {
        input(text).appended().into_iter().map(|appended| (appended.file, appended.stride)).collect()
    }

    #[test]
    fn files_are_found_in_any_notation() {
        let text = "# PRINT FILE=no\nphi: TORSION ATOMS=5,7,9,15\nPRINT ...\n  ARG=phi # FILE=no\n  FILE=COLVAR STRIDE=50\n... PRINT\n\
            m: METAD ARG=phi PACE=500 SIGMA=0.3\nprint arg=phi file={second} stride=7\n\nPRINT ARG={phi\n m.bias} FILE=third\n\
            EXTERNAL ARG=phi FILE=grid LABEL=e\nDUMPATOMS FILE=a.xyz ATOMS=1 STRIDE=9\n";
        let expected = [("COLVAR", 50), ("HILLS", 500), ("second", 7), ("third", 1), ("a.xyz", 9)];
        assert_eq!(files(text), expected.map(|(file, stride)| (file.to_owned(), Some(stride))));
        assert_eq!(
            files("PBMETAD ARG=phi,psi PACE=5 LABEL=x"),
            [("HILLS.phi".into(), Some(5)), ("HILLS.psi".into(), Some(5))]
        );
        assert_eq!(files("PRINT FILE=a UPDATE_FROM=10"), [("a".into(), None)]);
        assert_eq!(files("PRINT ARG=phi"), []);
    }

    #[test]
    fn included_files_count_and_actions_after_the_end_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("plumed.dat", "INCLUDE FILE=bias.dat\nPRINT FILE=COLVAR\nENDPLUMED\nPRINT FILE=never\n");
        write(
            "bias.dat",
            "UNITS TIME=fs\nopes: OPES_METAD_EXPLORE ARG=x PACE=10 SIGMA=0.1 BARRIER=1 STATE_WFILE=S NO_ZED\n",
        );
        let input = Input::read(folder.path(), "plumed.dat").unwrap();
        let names: Vec<String> = input.appended().into_iter().map(|appended| appended.file).collect();
        assert_eq!(names, ["KERNELS", "COLVAR"]);
        assert_eq!(input.time_unit_ps(), Some(0.001));
        let opes = &input.opes()[0];
        assert_eq!((opes.state.as_deref(), opes.read.as_deref(), opes.pace), (Some("S"), None, Some(10)));
        assert!(!opes.is_adaptive && !opes.normalizes && opes.merges_again && opes.writes_at_checkpoints);
        write("plumed.dat", "INCLUDE FILE=none.dat\n");
        assert!(Input::read(folder.path(), "plumed.dat").is_err());
    }

    #[test]
    fn only_inputs_that_cannot_restart_have_obstacles() {
        let count = |text: &str| plumed_obstacles(text).len();
        assert_eq!(
            count("OPES_METAD ARG=x PACE=5 STATE_WFILE=S STATE_RFILE=S\nMETAD ARG=x GRID_WFILE=g\nPRINT FILE=C"),
            0
        );
        assert_eq!(count("OPES_METAD ARG=x PACE=5\nMETAD ARG=x RESTART=YES"), 0);
        assert_eq!(count("OPES_METAD ARG=x STATE_RFILE=S\nOPES_METAD ARG=x STATE_RFILE=S STATE_WFILE=T"), 2);
        assert_eq!(count("METAD ARG=x GRID_RFILE=g\nPRINT FILE=C RESTART=NO"), 2);
    }

    #[test]
    fn a_restart_in_the_input_is_detected() {
        assert!(input("RESTART\n").restarts() && input("METAD ARG=x RESTART=YES").restarts());
        assert!(!input("RESTART NO\n").restarts() && !input("METAD ARG=x").restarts());
    }
}
