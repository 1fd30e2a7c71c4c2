//! Which PLUMED was it, and what is known of that one?
use super::input::Input;
use crate::engines::text::Lines;
use std::fmt;
use std::path::Path;

/// Where GROMACS 2025 has PLUMED write; with a patched one it is the log of `mdrun`.
const OUTPUT: &str = "PLUMED.OUT";
const MARK: &str = "PLUMED: Version:";

/// A version, as PLUMED says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

/// The version of the PLUMED that wrote in `folder` for the simulation `name`.
pub fn of(folder: &Path, name: &str) -> Option<Version> {
    let files = [folder.join(OUTPUT), folder.join(format!("{name}.log"))];
    files.iter().find_map(|file| find(Lines::open(file).ok()?))
}

/// The last one that is named: a log goes on over restarts.
fn find(lines: impl Iterator<Item = String>) -> Option<Version> {
    let versions = lines.filter_map(|line| line.split_once(MARK)?.1.split_whitespace().next().map(str::to_owned));
    versions.last().map(Version)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Version {
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

    /// What is to be said of it.
    pub fn warning(&self, folder: &Path, file: &str) -> Option<String> {
        let input = Input::read(folder, file).ok()?;
        let at_checkpoints =
            input.opes().into_iter().find(|opes| opes.state.is_some() && opes.writes_at_checkpoints)?;
        self.writes_at_every_step().then(|| {
            let state = at_checkpoints.state.unwrap_or_default();
            format!(
                "PLUMED {self} writes {state} at every step, which makes mdrun slow: use PLUMED 2.9.5, 2.10.1 or later, or set STATE_WSTRIDE"
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
    fn the_version_is_found_where_plumed_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(of(folder.path(), "run"), None);
        write("run.log", "x\nPLUMED: Version: 2.9.2 (git: Unknown) compiled on\nPLUMED: Version: 2.9.3 (git)\n");
        assert_eq!(of(folder.path(), "run").unwrap().to_string(), "2.9.3");
        write("PLUMED.OUT", "PLUMED: PLUMED is starting\nPLUMED: Version: 2.9.4 (git: Unknown)\n");
        let version = of(folder.path(), "run").unwrap();
        write("plumed.dat", "OPES_METAD ARG=x PACE=5 STATE_WFILE=S STATE_RFILE=S\n");
        assert!(
            version.warning(folder.path(), "plumed.dat").unwrap().starts_with("PLUMED 2.9.4 writes S at every step")
        );
        write("plumed.dat", "OPES_METAD ARG=x PACE=5 STATE_WFILE=S STATE_RFILE=S STATE_WSTRIDE=500\n");
        assert_eq!(version.warning(folder.path(), "plumed.dat"), None);
    }
}
