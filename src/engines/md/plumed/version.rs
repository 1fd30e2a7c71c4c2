//! Which version of PLUMED biased a simulation, and has it known problems?
use super::input::Input;
use crate::engines::text::LineReader;
use std::fmt;
use std::path::Path;

/// PLUMED's output with GROMACS 2025; a patched GROMACS writes it into the log of `mdrun`.
const OUTPUT: &str = "PLUMED.OUT";
const MARK: &str = "PLUMED: Version:";

/// A version, as PLUMED prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version(String);

/// The version of PLUMED that biased the simulation `name` in `folder`, as it was printed.
pub fn plumed_version(folder: &Path, name: &str) -> Option<String> {
    Version::read(folder, name).map(|version| version.to_string())
}

/// A warning if the version of PLUMED is slow with the input `file`.
pub fn version_warning(folder: &Path, name: &str, file: &str) -> Option<String> {
    Version::read(folder, name)?.warning(folder, file)
}

/// The last version in the output: it is appended to at restarts.
fn last_version(lines: impl Iterator<Item = String>) -> Option<Version> {
    let versions = lines.filter_map(|line| line.split_once(MARK)?.1.split_whitespace().next().map(str::to_owned));
    versions.last().map(Version)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Version {
    fn read(folder: &Path, name: &str) -> Option<Self> {
        let files = [folder.join(OUTPUT), folder.join(format!("{name}.log"))];
        files.iter().find_map(|file| last_version(LineReader::open(file).ok()?))
    }

    /// Whether STATE is written at every step after the first checkpoint: before 2.9.5 and 2.10.1 (PLUMED's change log).
    fn writes_at_every_step(&self) -> bool {
        let mut numbers = self.0.split(['.', '-', '+', '_']).map(|word| word.parse::<u32>().ok());
        match (numbers.next().flatten(), numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor), patch) => {
                (major, minor, patch.unwrap_or(0)) < (2, 9, 5) || {
                    (major, minor) == (2, 10) && patch.unwrap_or(0) < 1
                }
            }
            _ => false,
        }
    }

    fn warning(&self, folder: &Path, file: &str) -> Option<String> {
        let input = Input::read(folder, file).ok()?;
        let at_checkpoints =
            input.opes().into_iter().find(|opes| opes.state.is_some() && opes.writes_at_checkpoints)?;
        self.writes_at_every_step().then(|| {
            let state = at_checkpoints.state.unwrap_or_default();
            format!(
                "PLUMED {self} writes {state} at every step, which slows mdrun down: use PLUMED 2.9.5, 2.10.1 or later, or set STATE_WSTRIDE"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn old_versions_write_a_state_at_every_step() {
        let is_slow = |version: &str| Version(version.into()).writes_at_every_step();
        assert!(["2.8.3", "2.9.0", "2.9.4", "2.10.0", "2.9", "2.10.0-dev"].iter().all(|version| is_slow(version)));
        assert!(["2.9.5", "2.10.1", "2.11.0-dev", "3.0.0", "unknown"].iter().all(|version| !is_slow(version)));
    }

    #[test]
    fn the_version_is_found_in_both_outputs() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(plumed_version(folder.path(), "run"), None);
        write("run.log", "x\nPLUMED: Version: 2.9.2 (git: Unknown) compiled on\nPLUMED: Version: 2.9.3 (git)\n");
        assert_eq!(plumed_version(folder.path(), "run").unwrap(), "2.9.3");
        write("PLUMED.OUT", "PLUMED: PLUMED is starting\nPLUMED: Version: 2.9.4 (git: Unknown)\n");
        let warning = || version_warning(folder.path(), "run", "plumed.dat");
        write("plumed.dat", "OPES_METAD ARG=x PACE=5 STATE_WFILE=S STATE_RFILE=S\n");
        assert!(warning().unwrap().starts_with("PLUMED 2.9.4 writes S at every step"));
        write("plumed.dat", "OPES_METAD ARG=x PACE=5 STATE_WFILE=S STATE_RFILE=S STATE_WSTRIDE=500\n");
        assert_eq!(warning(), None);
    }
}
